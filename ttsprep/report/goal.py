"""What a corpus is judged for, and its groups, in sentences: the same on a terminal and on the page."""

from collections.abc import Mapping
from typing import Any

from ttsprep.report.format import count, hours

_LEAST = 0.02
"""Of the clips that a rate has to lose against the next lower one to be worth a choice."""


def goal_line(summary: Mapping[str, Any]) -> str:
    """Say at which sample rate the corpus is judged, who asks for it, and how to ask for another."""
    goal = summary["goal"]
    if not goal["rate"]:
        return "judged for no sample rate: no clip can be read"
    who = f"as {goal['asked']} asks" if goal["asked"] else "which the corpus fills: --for, --rate"
    return f"judged for training at {goal['rate']:,} Hz, {who}"


def rate_choices(summary: Mapping[str, Any]) -> str:
    """Say which rates there are to choose from, and what of the corpus fills each; "" where there is no choice."""
    choices: list[Mapping[str, Any]] = []
    for one in summary["goal"]["choices"]:
        if not choices or one["clips"] - choices[-1]["clips"] >= _LEAST * summary["clips"]:
            choices.append(one)
    if len(choices) < 2:
        return ""
    return "; ".join(f"{one['rate']:,} Hz: {count(one['clips'], 'clip')}, {hours(one['hours'])}" for one in choices)


def group_lines(summary: Mapping[str, Any]) -> list[str]:
    """Describe the measures in which the corpus is two groups: one sentence each."""
    lines: list[str] = []
    if not summary["groups"]:
        return lines
    from ttsprep.report.data import quantities  # loads every check

    for one in summary["groups"]:
        quantity = next((q for q in quantities() if q.column == one["measure"]), None)

        def heap(name: str, one: Mapping[str, Any] = one, quantity: Any = quantity) -> str:
            group, value = one[name], one[name]["median"]
            shown = quantity.show(value * quantity.scale) if quantity else f"{value:.1f} {one['unit']}"
            return f"{count(group['clips'], 'clip')} ({hours(group['hours'])}) at {shown}"

        lines.append(f"two groups by {one['name']}: {heap('high')}, {heap('low')}")
    return lines
