"""What a corpus is judged for, and its groups, in sentences: the same on a terminal and on the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from ttsprep.report.format import count, hours

_LEAST = 0.02
"""Of the clips that a rate has to lose against the next lower one to be worth a choice."""


def goal_line(summary: Mapping[str, Any]) -> str:
    """Say at which sample rate the corpus is judged, who asks for it, and how to ask for another."""
    goal = summary["goal"]
    if not goal["rate"]:
        return "judged for no sample rate: no clip can be read"
    who = f"as {goal['asked']} asks" if goal["asked"] else "which the corpus fills (--rate or --for sets another)"
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


def described_groups(summary: Mapping[str, Any]) -> list[dict[str, str]]:
    """Describe each measure with two groups: ``start``, ``high``, ``low`` and ``choice`` of a sentence."""
    return [
        {
            "start": f"two groups by {one['name']}:",
            "high": _heap(one, "high"),
            "low": _heap(one, "low"),
            "choice": _choice(one, summary["goal"]["choices"]),
        }
        for one in summary["groups"]
    ]


def group_lines(summary: Mapping[str, Any]) -> list[str]:
    """Describe the groups and what there is to choose: one line each."""
    return [f"{one['start']} {one['high']}, {one['low']}; {one['choice']}" for one in described_groups(summary)]


def _heap(one: Mapping[str, Any], name: str) -> str:
    group, value = one[name], one[name]["median"]
    from ttsprep.report.data import quantities  # loads every check

    quantity = next((q for q in quantities() if q.column == one["measure"]), None)
    shown = quantity.show(value * quantity.scale) if quantity else f"{value:.1f} {one['unit']}"
    return f"{count(group['clips'], 'clip')} ({hours(group['hours'])}) at {shown}"


def _choice(one: Mapping[str, Any], rates: Sequence[Mapping[str, Any]]) -> str:
    """Say what can be trained on, in hours: the rates for groups of bandwidth, else both groups or the larger."""
    low, high = one["low"]["hours"], one["high"]["hours"]
    if one["measure"] == "bandwidth_hz":
        above = [rate for rate in rates if rate["clips"] <= one["high"]["clips"]]
        below = [rate for rate in rates if rate["clips"] > one["high"]["clips"]]
        both = [above[-1]] if above else []
        both += [below[0]] if below else []
        if len(both) == 2:
            return "choose " + ", or ".join(f"--rate {rate['rate']} with {hours(rate['hours'])}" for rate in both)
    return f"choose both with {hours(low + high)}, or the larger alone with {hours(max(low, high))}"
