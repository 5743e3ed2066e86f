"""Transcripts that are not what is said, judged from the table."""

import numpy as np
import pandas as pd

from ttsprep.checks.transcript import Transcript, reassigned
from ttsprep.core.types import Severity

TEXTS = ("the quick brown fox jumps", "over the lazy sleeping dogs", "pack my box with jugs")


def table(**columns: list[object]) -> pd.DataFrame:
    count = len(TEXTS)
    filled = {name: [""] * count if name in Transcript.strings else [np.nan] * count for name in Transcript.measures}
    return pd.DataFrame({"id": list("abc"), "text": TEXTS, "duration_s": 2.0} | filled | columns)


def test_clips_that_nobody_heard_are_not_judged() -> None:
    assert list(Transcript().judge(table())) == []


def test_one_wrong_word_is_a_warning_that_names_it() -> None:
    corpus = table(
        mismatch_nats=[0.0, 7.0, 2.0],
        text_log_p=[-0.1, -1.0, -0.2],
        decoy_log_p=[np.nan, -6.0, np.nan],
        words_not_said=[0.0, 1.0, 0.0],
        unwritten_places=[0.0, 0.0, 0.0],
        doubted_word=["", "lazy", ""],
        asr_text=["", "over the crazy sleeping dogs", ""],
    )
    (finding,) = Transcript().judge(corpus)
    assert (finding.clip, finding.severity, finding.value, finding.limit) == (
        "b",
        Severity.WARNING,
        7.0,
        Transcript.mismatch_nats,
    )
    assert "'lazy'" in finding.message
    assert "crazy" in finding.message
    assert list(Transcript(mismatch_nats=8.0).judge(corpus)) == []


def test_texts_that_were_swapped_are_errors_that_name_each_other() -> None:
    corpus = table(
        mismatch_nats=[9.0, 9.0, 9.0],
        text_log_p=[-6.0, -6.0, -1.0],
        decoy_log_p=[-6.0, -7.0, -6.0],
        words_not_said=[5.0, 5.0, 1.0],
        unwritten_places=[0.0, 1.0, 0.0],
        asr_text=["over a lazy sleeping dog", "The quick brown fox jumps.", "pack my box with mugs"],
    )
    assert reassigned(corpus) == {"a": "b", "b": "a"}
    a, b, c = Transcript().judge(corpus)
    assert (a.severity, b.severity, c.severity) == (Severity.ERROR, Severity.ERROR, Severity.WARNING)
    assert "the text of b: they look swapped" in a.message
    assert "swapped" not in c.message


def test_a_text_that_moved_down_a_line_is_named_without_a_swap() -> None:
    said = ["over the lazy sleeping dogs", "pack my box with jugs", "something else entirely"]
    corpus = table(mismatch_nats=[9.0] * 3, words_not_said=[1.0] * 3, unwritten_places=[0.0] * 3, asr_text=said)
    assert reassigned(corpus) == {"a": "b", "b": "c"}
    assert not any("swapped" in finding.message for finding in Transcript().judge(corpus))


def spoken(nats: list[float]) -> pd.DataFrame:
    """Return a corpus that was listened to, of texts of two to nine words."""
    count = len(nats)
    columns = {name: [""] * count if name in Transcript.strings else [0.0] * count for name in Transcript.measures}
    texts = [" ".join(["word"] * (2 + i % 8)) for i in range(count)]
    ids = [str(i) for i in range(count)]
    return pd.DataFrame({"id": ids, "text": texts, "duration_s": 2.0} | columns | {"mismatch_nats": nats})


def test_where_every_clip_is_hard_to_understand_only_the_worst_are_named() -> None:
    usual = np.random.default_rng(0).normal(12, 2, 200).tolist()
    usual[70] = 60.0
    assert [finding.clip for finding in Transcript().judge(spoken(usual))] == ["70"]
    easy = np.zeros(200)
    easy[[3, 50]] = 7.0
    findings = list(Transcript().judge(spoken(easy.tolist())))
    assert [(finding.clip, finding.limit) for finding in findings] == [("3", 5.5), ("50", 5.5)]


def test_longer_texts_may_have_a_worse_word() -> None:
    corpus = spoken([0.0] * 200)
    words = corpus.text.str.count(" ") + 1
    corpus["mismatch_nats"] = np.where(words > 5, 9.0, 1.0) + np.random.default_rng(0).normal(0, 0.5, 200)
    assert list(Transcript().judge(corpus)) == []
    corpus.loc[words.idxmin(), "mismatch_nats"] = 9.0
    assert [finding.clip for finding in Transcript().judge(corpus)] == [corpus.id[words.idxmin()]]


def test_letters_without_time_and_speech_without_letters_speak_against_a_text() -> None:
    corpus = spoken([0.0] * 60)
    corpus.loc[5, "squeezed_letters"] = 25.0
    corpus.loc[9, "stretched_s"] = 2.0
    cut, more = Transcript().judge(corpus)
    assert (cut.clip, more.clip) == ("5", "9")
    assert "no time for all of the text" in cut.message
    assert "2.0 s of speech seem to have no text" in more.message
    corpus["squeezed_letters"] = 25.0  # of all: they speak fast, or the text has letters that nobody says
    assert [finding.clip for finding in Transcript().judge(corpus)] == ["9"]


def test_clips_that_were_not_judged_are_counted_with_the_reason() -> None:
    corpus = spoken([0.0] * 10)
    corpus.loc[[1, 2, 3, 4], "mismatch_nats"] = np.nan
    corpus.loc[1, "duration_s"] = 40.0
    corpus.loc[2, "text"] = "19, 20"
    (note,) = Transcript().judge(corpus)
    assert (note.clip, note.code, note.severity, note.value) == ("", "transcript-unheard", Severity.NOTE, 4.0)
    assert "4 of 10 clips" in note.message
    assert "1 are longer than 29.5 s, 1 have no words, 2 cannot be read" in note.message
