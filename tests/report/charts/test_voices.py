"""The voices of a corpus on a plane."""

import numpy as np
import pandas as pd
from checks.test_speaker import clips

from ttsprep.checks.speaker import SpeakerCheck
from ttsprep.report.charts.voices import VoiceMap, place_voices


def drawn(*parts: pd.DataFrame) -> VoiceMap:
    table = pd.concat(parts, ignore_index=True)
    found = place_voices(table.assign(id=[f"c{i}" for i in range(len(table))]), SpeakerCheck())
    assert found is not None
    return found


def test_of_one_voice_the_middle_is_the_voice_and_odd_clips_of_one_other_lie_together() -> None:
    found = drawn(clips(1, 100), clips(2, 3, seconds=[5.0] * 3), clips(3, 3, seconds=[5.0] * 3))
    points = found.points
    assert found.voices == 1
    distance = np.hypot(points.x, points.y)
    assert (distance[:100] < 1).all()
    assert (distance[100:] > 1).all()
    assert ((points.limits > 1) == (distance > 1)).all()
    one, other = (points.iloc[rows][["x", "y"]].to_numpy() for rows in (slice(100, 103), slice(103, 106)))
    apart = np.linalg.norm(one.mean(axis=0) - other.mean(axis=0))
    assert max(np.ptp(one, axis=0).max(), np.ptp(other, axis=0).max()) < 0.5 * apart


def test_speakers_lie_apart_and_a_wrong_name_lies_with_its_voice() -> None:
    ann, bob, cat = (clips(n, 20, name) for n, name in ((1, "ann"), (2, "bob"), (3, "cat")))
    found = drawn(ann, bob, cat, clips(2, 1, "ann", seconds=[6.0]))
    assert found.voices == 3
    assert found.share > 0.95  # three points make a plane
    at = found.points[["x", "y"]].to_numpy()
    middles = np.stack([np.median(at[i : i + 20], axis=0) for i in (0, 20, 40)])
    nearest = np.linalg.norm(at[:, None] - middles, axis=2).argmin(axis=1)
    assert nearest.tolist() == [0] * 20 + [1] * 20 + [2] * 20 + [1]


def test_two_hundred_and_fifty_speakers_have_a_place_with_and_without_their_names() -> None:
    one_each = [clips(n, 1, f"s{n:03d}", seconds=[5.0]) for n in range(250)]
    for parts in (one_each, [part.assign(speaker="") for part in one_each]):
        found = drawn(*parts)
        assert found.voices == 250
        assert np.isfinite(found.points[["x", "y"]].to_numpy()).all()
        assert found.points[["x", "y"]].abs().max().max() == 1
        assert 0 < found.share < 1


def test_the_same_table_gives_the_same_map_in_any_order() -> None:
    parts = pd.concat([clips(1, 40, "ann"), clips(2, 40, "bob")], ignore_index=True)
    table = parts.assign(id=[f"c{i}" for i in range(80)])
    maps = [place_voices(one, SpeakerCheck()) for one in (table, table, table[::-1])]
    first, again, backwards = (found.points.set_index("id").loc[table.id, ["x", "y"]] for found in maps if found)
    assert first.equals(again)
    np.testing.assert_allclose(first, backwards, atol=1e-9)


def test_without_enough_voices_there_is_no_map() -> None:
    few = clips(1, 5).assign(id=list("abcde"))
    assert place_voices(few, SpeakerCheck()) is None
    assert place_voices(clips(1, 30).assign(id="x", voice_print=""), SpeakerCheck()) is None
