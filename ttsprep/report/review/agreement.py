"""Two reviewers of the same clips: how far they agree, and one file of both."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain

from ttsprep.audit.decisions import DECISION_WORDS, Decision


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two sets of decisions, merged.

    Attributes
    ----------
    merged
        What either decided; where they disagree, nothing is decided, and the reason says what each wants.
    both
        Clips that both kept or rejected.
    alike
        Of those, the clips that both decided alike.
    disputed
        Clips whose decision, text or piece differ.
    kappa
        Cohen's kappa of keep and reject over `both`; None where both always decide the same way, or `both` is 0.
    """

    merged: dict[str, Decision]
    both: int
    alike: int
    disputed: tuple[str, ...]
    kappa: float | None


def merge(first: Mapping[str, Decision], second: Mapping[str, Decision], names: tuple[str, str]) -> Agreement:
    """Merge the decisions of two reviewers.

    Parameters
    ----------
    first, second
        Decisions by clip.
    names
        Of the reviewers, where their decisions have none.
    """
    merged: dict[str, Decision] = {}
    disputed: list[str] = []
    pairs: list[tuple[bool, bool]] = []
    for clip in dict.fromkeys(chain(first, second)):
        one, other = first.get(clip), second.get(clip)
        if one is None or other is None:
            merged[clip] = one or other or Decision()
            continue
        if one.keep is not None and other.keep is not None:
            pairs.append((one.keep, other.keep))
        merged[clip] = _merge(one, other, names)
        if merged[clip].reason.startswith(DISPUTED):
            disputed.append(clip)
    alike = sum(a == b for a, b in pairs)
    return Agreement(merged, len(pairs), alike, tuple(disputed), cohens_kappa(pairs))


DISPUTED = "reviewers disagree: "
"""How the reason of a clip begins that has to be decided again."""


def _merge(one: Decision, other: Decision, names: tuple[str, str]) -> Decision:
    """Take from each what the other leaves open; decide nothing where they differ."""
    whos = tuple(decision.reviewer or name for decision, name in zip((one, other), names, strict=True))
    who = ", ".join(dict.fromkeys(whos))
    parts = {}
    for part, none in (("keep", None), ("text", None), ("start", None), ("end", None)):
        values = [value for value in (getattr(one, part), getattr(other, part)) if value is not none]
        if len(set(values)) > 1:
            words = "; ".join(f"{name} {_words(decision)}" for name, decision in zip(whos, (one, other), strict=True))
            return Decision(reason=f"{DISPUTED}{words}", reviewer=who)
        parts[part] = values[0] if values else none
    reason = "; ".join(dict.fromkeys(filter(None, (one.reason, other.reason))))
    return replace(one, **parts, reason=reason, reviewer=who)


def _words(decision: Decision) -> str:
    """Write a decision in one line."""
    parts = [DECISION_WORDS[decision.keep] or "undecided"]
    parts += [f'text "{decision.text}"'] if decision.text is not None else []
    if decision.start is not None or decision.end is not None:
        last = "the end" if decision.end is None else f"{decision.end:.2f} s"
        parts.append(f"from {decision.start or 0.0:.2f} s to {last}")
    return ", ".join(parts) + (f" ({decision.reason})" if decision.reason else "")


def cohens_kappa(pairs: list[tuple[bool, bool]]) -> float | None:
    """Return the agreement of two raters beyond chance (Cohen 1960); None where chance alone gives it all.

    Examples
    --------
    >>> cohens_kappa([(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15)
    0.4
    """
    if not pairs:
        return None
    size = len(pairs)
    observed = sum(a == b for a, b in pairs) / size
    kept = [sum(pair[rater] for pair in pairs) / size for rater in (0, 1)]
    expected = kept[0] * kept[1] + (1 - kept[0]) * (1 - kept[1])
    return None if expected == 1 else round((observed - expected) / (1 - expected), 6)
