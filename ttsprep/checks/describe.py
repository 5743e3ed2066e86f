"""What a check says of itself: its thresholds with their meaning, read from its docstring."""

import inspect
import re
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources

from ttsprep.checks.base import Check
from ttsprep.core.untrusted import toml_table


@dataclass(frozen=True, slots=True)
class Threshold:
    """A key of ``[checks.NAME]`` in a recipe.

    Attributes
    ----------
    name, value
        The key, and what it is set to.
    meaning
        What it decides, with its unit.
    """

    name: str
    value: int | float
    meaning: str


def summary(check: type[Check]) -> str:
    """Return the first paragraph of the docstring of a check, in one line."""
    return " ".join((inspect.getdoc(check) or "").split("\n\n")[0].split())


def thresholds(judge: Check) -> list[Threshold]:
    """Return the thresholds of a check as they are set, in the order of its fields."""
    meanings = attributes(inspect.getdoc(type(judge)) or "")
    return [
        Threshold(field.name, getattr(judge, field.name), meanings.get(field.name, "").replace("``", ""))
        for field in fields(judge)  # type: ignore[arg-type]
    ]


@cache
def severity_reasons() -> dict[str, str]:
    """Return why the severity of each of our findings is what it is, and whether a trained model has shown it."""
    text = resources.files("ttsprep.checks").joinpath("severities.toml").read_text(encoding="utf-8")
    table = toml_table(text)
    reasons = {code: _sentence(reason) for code, reason in table["certain"].items()}
    for code, reason in table["judged"].items():
        reasons[code] = " ".join([_sentence(reason), *(_cost(*row) for row in table["cost"].get(code, {}).items())])
        if code not in table["cost"]:
            reasons[code] += " Not measured on a trained model."
    return reasons


def _cost(planted: str, nats: tuple[float, float, float]) -> str:
    """Return what a row of docs/proof.md says."""
    value, low, high = nats
    amount = f"{value:.2f} nats a word ({low:.2f} to {high:.2f})" if low > 0 else "nothing that 40 sentences could show"
    return f"On 20 % of the clips ({planted}) it cost a small voice {amount}: docs/proof.md."


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def attributes(text: str) -> dict[str, str]:
    """Return the entries of the section ``Attributes`` of a numpydoc docstring."""
    _, _, section = text.partition("Attributes\n----------\n")
    section = re.split(r"\n[^\n]+\n-{3,}\n", section)[0]
    values: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.split(":")[0].split(",")]
            values |= dict.fromkeys(names, "")
        elif line.strip():
            values |= {name: f"{values[name]} {line.strip()}".strip() for name in names}
    return values
