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
