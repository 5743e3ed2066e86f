"""The clip that stands for a voice: of a fitting length, clean, of the usual pitch and level."""

import numpy as np
import pandas as pd

from ttsprep.corpora.reference import choose_references


def clips(*rows: tuple[float, float, float, float], speaker: str = "anna") -> pd.DataFrame:
    columns = ["duration_s", "snr_db", "f0_median_hz", "loudness_lufs"]
    table = pd.DataFrame(rows, columns=columns, dtype=float)
    return table.assign(id=[f"{speaker}{number}" for number in range(len(rows))], speaker=speaker)


USUAL = (7.0, 40.0, 200.0, -23.0)


def test_the_usual_clip_is_chosen_among_unusual_ones() -> None:
    away = [
        (3.0, 60.0, 200.0, -23.0),
        (14.0, 60.0, 200.0, -23.0),
        (7.0, 20.0, 200.0, -23.0),
        (7.0, 45.0, 260.0, -23.0),
        (7.0, 45.0, 200.0, -17.0),
    ]
    for place in range(len(away) + 1):
        table = clips(*away[:place], USUAL, *away[place:])
        assert choose_references(table) == {"anna": f"anna{place}"}


def test_each_voice_has_its_own() -> None:
    deep = tuple((7.0, 40.0, hz, -30.0) for hz in (100.0, 110.0, 130.0))
    table = pd.concat([clips(USUAL), clips(*deep, speaker="bob")])
    assert choose_references(table) == {"anna": "anna0", "bob": "bob1"}


def test_without_a_clip_of_that_length_the_nearest_serves_up_to_thirty_seconds() -> None:
    lengths = ((2.0, 40.0, 200.0, -23.0), (4.0, 40.0, 200.0, -23.0), (31.0, 40.0, 200.0, -23.0))
    assert choose_references(clips(*lengths)) == {"anna": "anna1"}
    assert choose_references(clips(lengths[2])) == {}
    assert choose_references(clips()) == {}


def test_what_could_not_be_measured_is_the_last_choice() -> None:
    unknown = (7.0, np.nan, np.nan, -23.0)
    assert choose_references(clips(unknown, USUAL)) == {"anna": "anna1"}
    assert choose_references(clips(unknown)) == {"anna": "anna0"}
