"""Cutting long recordings: in the silences only, with the right text, and nothing lost in silence."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from recorder import Recorder

from build.longform.chapter import Chapter, chapter, room
from ttsprep.audit.defects.demo import make
from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.build.config import Segment
from ttsprep.build.longform.cut import Segments, SegmentStep, cut_recordings
from ttsprep.build.longform.divide import CutPiece
from ttsprep.core.audio import read
from ttsprep.core.store.store import Store
from ttsprep.core.types import Clip

RULES = Segment()


@pytest.fixture(scope="module")
def made(spoken_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Chapter:
    return chapter(spoken_once, tmp_path_factory.mktemp("chapter"))


@pytest.fixture(scope="module")
def long_made(tmp_path_factory: pytest.TempPathFactory) -> Chapter:
    folder = tmp_path_factory.mktemp("long")
    make(folder / "spoken", SENTENCES[:45], planted=())
    return chapter(folder / "spoken", folder)


def clip_of(made: Chapter, text: str = "") -> Clip:
    return Clip("chapter", "chapter.wav", text, "anna", "en-us")


def cuts_of(made: Chapter, clip: Clip, rules: Segment = RULES) -> Segments:
    return segments(SegmentStep(str(made.path.parent), rules), clip)


def segments(step: SegmentStep, clip: Clip) -> Segments:
    (row,) = step.rows([clip])
    return Segments.of(row)


def pieces_of(cuts: Segments) -> tuple[CutPiece, ...]:
    assert cuts.pieces is not None
    return cuts.pieces


def sentences_in(made: Chapter, piece: CutPiece) -> list[int]:
    return [i for i, (a, b) in enumerate(made.spans) if piece.start < (a + b) / 2 < piece.end]


def test_speech_without_a_text_is_cut_in_silences_and_all_kept(made: Chapter) -> None:
    cuts = cuts_of(made, clip_of(made))
    pieces = pieces_of(cuts)
    assert cuts.skipped == ()
    assert all(3.0 <= piece.end - piece.start <= 15.0 for piece in pieces)
    samples, rate = sf.read(made.path, dtype="float32")
    outside = np.ones(len(samples), bool)
    for piece in pieces:
        outside[round(piece.start * rate) : round(piece.end * rate)] = False
        for edge in (piece.start, piece.end):
            around = samples[max(0, round((edge - 0.02) * rate)) : round((edge + 0.02) * rate)]
            assert np.sqrt(np.mean(around**2)) < 10 ** (-60 / 20)
    assert np.abs(samples[outside]).max(initial=0.0) < 10 ** (-45 / 20)


def test_each_piece_has_the_text_that_is_said_in_it(made: Chapter) -> None:
    cuts = cuts_of(made, clip_of(made, made.text))
    pieces = pieces_of(cuts)
    kept = 0.0
    for piece in pieces:
        inside = sentences_in(made, piece)
        kept += piece.end - piece.start
        # sentences may be cut at their commas: then the text is the end of one and the beginning of another
        said = " ".join(made.sentences[i] for i in inside)
        if abs(piece.start - made.gaps[inside[0] - 1][1]) < 0.6 and abs(piece.end - made.gaps[inside[-1]][0]) < 0.6:
            assert piece.text == said
    assert kept > 0.6 * made.gaps[-1][1]
    told = " ".join(piece.text for piece in pieces)
    assert len(told.split()) <= len(made.text.split())


def test_a_text_of_something_else_is_refused(made: Chapter) -> None:
    cuts = cuts_of(made, clip_of(made, "A short note."))
    assert pieces_of(cuts) == ()
    (skipped,) = cuts.skipped
    assert skipped.reason.startswith("the text cannot be placed")
    assert (skipped.start, skipped.end) == pytest.approx((0.0, sf.info(made.path).duration))


def test_what_is_refused_and_what_is_cut_is_all_there_is(made: Chapter) -> None:
    cuts = cuts_of(made, clip_of(made, made.text))
    spans = sorted([(p.start, p.end) for p in pieces_of(cuts)] + [(r.start, r.end) for r in cuts.skipped if r.end])
    assert spans[0][0] < made.spans[0][0]
    assert spans[-1][1] > made.spans[-1][1] - 0.1
    assert all(-1e-6 < after[0] - before[1] < 1.5 for before, after in pairwise(spans))


def test_a_sentence_that_is_not_in_the_text_of_a_long_recording_gets_no_other(long_made: Chapter) -> None:
    said = [*long_made.sentences]
    said[20] = "Nobody ever said this sentence in this book, nor will they."
    clip = clip_of(long_made, " ".join(said))
    pieces = pieces_of(cuts_of(long_made, clip))
    start, end = long_made.spans[20]
    assert [piece.text for piece in pieces if piece.start < (start + end) / 2 < piece.end] == []
    assert len(pieces) > 20


def test_a_text_in_another_order_is_refused_as_a_whole(long_made: Chapter) -> None:
    shuffled = np.random.default_rng(1).permutation(long_made.text.split())
    cuts = cuts_of(long_made, clip_of(long_made, " ".join(shuffled)))
    assert pieces_of(cuts) == ()
    assert [skipped.reason.partition(":")[0] for skipped in cuts.skipped] == ["the text cannot be placed"]


def test_pieces_are_exact_to_the_sample(made: Chapter) -> None:
    clips, _ = cut_recordings(clip_of(made), cuts_of(made, clip_of(made)))
    whole, rate = sf.read(made.path, dtype="float32")
    assert [clip.id for clip in clips[:2]] == ["chapter_0001", "chapter_0002"]
    assert {(clip.path, clip.speaker, clip.language) for clip in clips} == {("chapter.wav", "anna", "en-us")}
    for clip in clips:
        assert clip.end is not None
        decoded = read(made.path, start=clip.start, end=clip.end).samples[:, 0]
        np.testing.assert_array_equal(decoded, whole[round(clip.start * rate) : round(clip.end * rate)])
    assert sum(round(c.end * rate) - round(c.start * rate) for c in clips if c.end) <= len(whole)


def test_a_part_of_a_file_is_cut_in_its_own_seconds(made: Chapter) -> None:
    start = made.gaps[3][0] + 0.3
    pieces = pieces_of(cuts_of(made, replace(clip_of(made), start=start)))
    whole = pieces_of(cuts_of(made, clip_of(made)))
    assert pieces[0].start >= start
    assert pieces[-1].end == pytest.approx(whole[-1].end, abs=0.1)


@pytest.mark.parametrize("limits", [(0.0, 4.0), (2.0, 16.5)])
def test_what_is_no_longer_than_allowed_stays_as_it_is(limits: tuple[float, float], made: Chapter) -> None:
    clip = replace(clip_of(made, "Some words."), start=limits[0], end=limits[1])
    assert cut_recordings(clip, cuts_of(made, clip)) == ([clip], [])


def test_a_short_file_stays_as_it_is(tmp_path: Path) -> None:
    sf.write(tmp_path / "a.wav", room(2.0, 16_000), 16_000)
    clip = Clip("a", "a.wav", "Hello.")
    assert cut_recordings(clip, segments(SegmentStep(str(tmp_path), RULES), clip)) == ([clip], [])


@pytest.mark.parametrize("path", ["missing.wav", "../outside.wav", "text.wav"])
def test_what_cannot_be_read_is_left_to_the_audit(path: str, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no audio")
    clip = Clip("a", path, "Hello.")
    assert cut_recordings(clip, segments(SegmentStep(str(tmp_path), RULES), clip)) == ([clip], [])


def test_silence_and_steady_noise_are_refused(tmp_path: Path) -> None:
    sf.write(tmp_path / "silent.wav", np.zeros(20 * 16_000), 16_000)
    sf.write(tmp_path / "noise.wav", 1_000 * room(40.0, 16_000), 16_000, subtype="FLOAT")
    for name in ("silent", "noise"):
        cuts = segments(SegmentStep(str(tmp_path), RULES), Clip(name, f"{name}.wav", ""))
        assert pieces_of(cuts) == ()
        assert cuts.skipped


def test_longer_pauses_can_be_asked_for(made: Chapter) -> None:
    cuts = cuts_of(made, clip_of(made), Segment(pause_s=0.7))
    edges = {piece.end for piece in pieces_of(cuts)}
    assert all(any(a - 0.2 <= edge <= b + 0.2 for a, b in made.gaps) for edge in edges)


def test_workers_cut_the_same_and_what_is_known_is_not_cut_again(made: Chapter, tmp_path: Path) -> None:
    clips = [clip_of(made), clip_of(made, made.text), replace(clip_of(made), path="missing.wav")]
    step, progress = SegmentStep(str(made.path.parent), RULES), Recorder()
    expected = [segments(step, clip) for clip in clips]
    for _ in range(2):
        rows = Store(tmp_path).map(step, clips, 1, progress).table().to_pylist()
        assert [Segments.of(row) for row in rows] == expected
    assert progress.stages == [("cutting", 3, 3), ("cutting", 3, 1)]  # a file that is missing is looked for again
    other = {SegmentStep("", rules).key(clips[0], "0") for rules in (RULES, Segment(pause_s=0.3))}
    assert len(other) == 2


def test_a_lost_clip_is_refused_by_name() -> None:
    clip = Clip("a", "a.wav", "Hello.", start=1.0)
    pieces, (skipped,) = cut_recordings(clip, Segments.of(SegmentStep("", RULES).failed(clip, "killed")))
    assert pieces == []
    assert (skipped.start, skipped.end, skipped.reason) == (1.0, None, "cutting it failed twice: killed")
