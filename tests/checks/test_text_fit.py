"""Whether the speech fits the text, by the phones of the corpus: the judgement."""

import numpy as np
import pandas as pd

from ttsprep.checks.text_fit import TextFit as Check
from ttsprep.core.types import Severity


def corpus(leads: list[float], worst: list[float] | None = None, language: str = "en-us") -> pd.DataFrame:
    count = len(leads)
    spread = np.linspace(-0.5, 0.5, count)
    return pd.DataFrame({
        "id": [f"{language}-{i}" for i in range(count)],
        "language": language,
        "text": "a text",
        "phones": 40.0,
        "text_lead_nats": leads,
        "phone_fit_worst_nats": worst or list(-3 + spread),
        "phone_fit_worst_s": 1.5,
        "phones_per_s": 10.0,
        **{f"text_{end}_{name}": 0.0 for end in ("start", "end") for name in ("nats", "unspoken", "extra_s")},
        "not_compared": "",
    })


def test_a_text_without_a_lead_is_an_error_and_a_bad_part_a_warning() -> None:
    worst = list(-3 + np.linspace(-0.5, 0.5, 30))
    worst[7] = -12.0
    found = list(Check().judge(corpus([3.0] * 28 + [1.0, 1.1], worst)))
    assert [(one.clip, one.code, one.severity) for one in found] == [
        ("en-us-7", "text-misfit-part", Severity.WARNING),
        ("en-us-28", "text-misfit", Severity.ERROR),
    ]
    assert "1.5 s" in found[0].message


def test_what_does_not_match_at_an_end_is_named_by_its_seconds() -> None:
    clips = corpus([3.0] * 28 + [1.0, 3.0])
    clips.loc[3, ["text_end_nats", "text_end_unspoken", "phone_fit_worst_nats"]] = 90.0, 12.0, -30.0
    clips.loc[4, ["text_start_nats", "text_start_extra_s"]] = 41.0, 0.4
    clips.loc[5, ["text_end_nats", "text_end_extra_s", "text_end_unspoken"]] = 90.0, 0.7, 7.0  # a word said otherwise
    clips.loc[6, ["text_end_nats", "text_end_extra_s"]] = 39.0, 2.0
    clips.loc[28, ["text_end_nats", "text_end_extra_s"]] = 200.0, 3.0
    assert [(one.clip, one.code, one.severity, one.message) for one in Check().judge(clips)] == [
        ("en-us-4", "text-misfit-end", "warning", "about 0.4 s of speech at the start are not in the text"),
        ("en-us-3", "text-misfit-end", "error", "words of about 1.2 s at the end of the text are not spoken"),
        (
            "en-us-28", "text-misfit", "error",
            "other texts fit the speech as well: lead 1.00 nats a frame (limit 1.05); "
            "or about 3.0 s of speech at the end are not in the text",
        ),
    ]  # fmt: skip


def test_each_language_has_its_own_limit() -> None:
    found = list(
        Check().judge(pd.concat([corpus([6.0] * 29 + [2.0]), corpus([2.0] * 30, language="fr-fr")], ignore_index=True))
    )
    assert [one.clip for one in found] == ["en-us-29"]


def test_where_no_text_leads_one_line_says_so() -> None:
    (finding,) = Check().judge(corpus([0.1, -0.1, 0.2] * 10))
    assert (finding.clip, finding.code) == ("", "text-misfit-unknown")


def test_what_is_left_out_is_counted_with_the_reason() -> None:
    short = corpus([3.0] * 29 + [0.0]).assign(phones=[40.0] * 29 + [19.0])
    lost = corpus([float("nan")] * 3, language="fr-fr").assign(not_compared="over 60 s")
    silent = corpus([float("nan")] * 2, language="it").assign(text="", not_compared=None)
    together = pd.concat([short, lost, silent], ignore_index=True)
    assert list(Check().judge(together)) == []
    assert list(Check().not_judged(together)) == [
        ("text-misfit", 3, "over 60 s"),
        ("text-misfit", 1, "texts of under 20 phones"),
    ]
    few = corpus([3.0] * 18 + [0.0])
    assert list(Check().judge(few)) == []
    assert list(Check().not_judged(few)) == [("text-misfit", 19, "under 20 clips of en-us")]


def test_an_audit_without_the_model_says_nothing() -> None:
    assert list(Check().judge(corpus([float("nan")] * 30))) == []
