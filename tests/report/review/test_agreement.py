"""Two reviewers: how far they agree, and what is left to decide."""

import pytest

from ttsprep.audit.decisions import Decision
from ttsprep.report.review.agreement import cohens_kappa, merge

KEEP, DROP = Decision(True), Decision(False)


@pytest.mark.parametrize(
    ("counts", "kappa"),
    [
        ((20, 5, 10, 15), 0.4),  # the example of Cohen's kappa on Wikipedia
        ((45, 15, 25, 15), 0.130435),
        ((25, 35, 5, 35), 0.259259),
        ((10, 0, 0, 10), 1.0),
        ((0, 10, 10, 0), -1.0),
        ((10, 0, 0, 0), None),
        ((0, 0, 0, 0), None),
    ],
)
def test_kappa(counts: tuple[int, ...], kappa: float | None) -> None:
    answers = [(True, True), (True, False), (False, True), (False, False)]
    pairs = [pair for pair, count in zip(answers, counts, strict=True) for _ in range(count)]
    assert cohens_kappa(pairs) == kappa


def test_what_they_agree_on_is_decided_and_the_rest_is_not() -> None:
    first = {
        "a": Decision(True, reviewer="Ada"),
        "b": Decision(True, reviewer="Ada"),
        "c": Decision(None, "new text"),
        "d": DROP,
        "f": Decision(True, "one"),
        "g": Decision(True, start=0.5),
    }
    second = {
        "a": Decision(True, reason="fine", reviewer="Bob"),
        "b": Decision(False, reason="noise", reviewer="Bob"),
        "c": KEEP,
        "e": KEEP,
        "f": Decision(True, "two"),
        "g": Decision(True, start=0.5, end=2.0),
    }
    result = merge(first, second, ("first", "second"))
    assert (result.both, result.alike, result.disputed) == (4, 3, ("b", "f"))
    assert result.merged["a"] == Decision(True, None, "fine", reviewer="Ada, Bob")
    assert result.merged["b"] == Decision(
        None, None, "reviewers disagree: Ada keep; Bob reject (noise)", reviewer="Ada, Bob"
    )
    assert result.merged["c"] == Decision(True, "new text", reviewer="first, second")
    assert (result.merged["d"], result.merged["e"]) == (DROP, KEEP)
    assert result.merged["f"].keep is None
    assert 'text "one"; second keep, text "two"' in result.merged["f"].reason
    assert result.merged["g"] == Decision(True, start=0.5, end=2.0, reviewer="first, second")
