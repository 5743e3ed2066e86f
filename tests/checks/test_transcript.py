"""Transcripts that are not what is said, judged from the table."""

import numpy as np
import pandas as pd

from ttsprep.checks.transcript import Transcript, reassigned
from ttsprep.types import Severity

TEXTS = ("the quick brown fox jumps", "over the lazy sleeping dogs", "pack my box with jugs")


def table(**columns: list[object]) -> pd.DataFrame:
    count = len(TEXTS)
    filled = {name: [""] * count if name in Transcript.strings else [np.nan] * count for name in Transcript.measures}
    return pd.DataFrame({"id": list("abc"), "text": TEXTS} | filled | columns)


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
        said=["", "over the crazy sleeping dogs", ""],
    )
    (finding,) = Transcript().judge(corpus)
    assert (finding.clip, finding.severity, finding.value, finding.limit) == ("b", Severity.WARNING, 7.0, 5.0)
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
        said=["over a lazy sleeping dog", "The quick brown fox jumps.", "pack my box with mugs"],
    )
    assert reassigned(corpus) == {"a": "b", "b": "a"}
    a, b, c = Transcript().judge(corpus)
    assert (a.severity, b.severity, c.severity) == (Severity.ERROR, Severity.ERROR, Severity.WARNING)
    assert "the text of b: they look swapped" in a.message
    assert "swapped" not in c.message


def test_a_text_that_moved_down_a_line_is_named_without_a_swap() -> None:
    said = ["over the lazy sleeping dogs", "pack my box with jugs", "something else entirely"]
    corpus = table(mismatch_nats=[9.0] * 3, words_not_said=[1.0] * 3, unwritten_places=[0.0] * 3, said=said)
    assert reassigned(corpus) == {"a": "b", "b": "c"}
    assert not any("swapped" in finding.message for finding in Transcript().judge(corpus))
