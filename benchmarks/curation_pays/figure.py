"""Draw the figures of docs/proof.md from the results of the arms: python -m benchmarks.curation_pays.figure."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import pandas as pd

from benchmarks.curation_pays.compare import Scores

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
SHARES = (10, 30, 50)
LINES = {
    "B": ("raw", "the corpus as it is"),
    "D": ("random", "at random"),
    "C": ("build", "build --listen none"),
    "P": ("phones", "ttsprep build"),
    "O": ("oracle", "perfect choice"),
}
TITLE = "A voice gets worse with the share of spoiled clips; after a build it hardly does"
NOTE = (
    "LJSpeech, 345 clips, twelve kinds of defects; three seeds at 30 %, else one. Perfect choice: exactly the spoiled",
    "clips are left out; bars: 95 % of the difference from it. At random: as many clips as a build keeps (30 %).",
)
STYLE = """
svg { font: 14px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; --back: #fff; --ink: #1f2328; --faint: #656d76;
  --rule: #d8dee4; --raw: #c8324a; --random: #7d6a4f; --build: #3d8fd9; --phones: #1b4f9c; --oracle: #2a7d46; }
@media (prefers-color-scheme: dark) { svg { --back: #0d1117; --ink: #e6edf3; --faint: #9198a1; --rule: #30363d;
  --raw: #ff7b86; --random: #c9b18c; --build: #79c0ff; --phones: #5b8ff5; --oracle: #56d07c; } }
.back { fill: var(--back); } text { fill: var(--ink); } .faint { fill: var(--faint); font-size: 12px; }
.title { font-size: 18px; font-weight: 600; } .label { font-weight: 600; }
.rule { stroke: var(--rule); } .floor { stroke: var(--faint); stroke-dasharray: 2 4; }
.line { fill: none; stroke-width: 2.5; } .bar { stroke-width: 1.5; } .oracle.line { stroke-dasharray: 6 4; }
"""
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 430, 56, 620, 84, 344


def results(share: int) -> Scores:
    """Return the scores of every arm that has been trained with every seed of a share."""
    table = pd.concat(map(pd.read_csv, sorted((HERE / "results").glob(f"ljspeech-{share}-?-400.csv"))))
    seeds = table.groupby("arm")["seed"].transform("nunique")
    return Scores(table[seeds == table["seed"].nunique()])


def clean(measure: str) -> tuple[float, float]:
    """Return a measure of the voice of the clean corpus, and of the codec alone."""
    table = pd.concat(map(pd.read_csv, sorted((HERE / "results").glob("ljspeech-20-?-each-400.csv"))))
    scores = Scores(table[table["arm"].isin(["A", "nano16"])])
    return scores.value(measure, "A").value, scores.value(measure, "nano16").value


def figure(measure: str, subtitle: str, top: float, step: float, unit: str) -> str:
    """Return the SVG of a measure against the share of clips that are spoiled."""

    def x(share: float) -> float:
        return LEFT + (RIGHT - LEFT) * share / max(SHARES)

    def y(value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * value / top

    def scaled(value: float) -> str:
        return f"{100 * value:.0f} %" if unit == "%" else f"{value:.2f}"

    start, floor = clean(measure)
    parts = [
        f'<rect class="back" width="{WIDTH}" height="{HEIGHT}" rx="8"/>',
        _text(20, 34, TITLE, "title"),
        _text(20, 58, subtitle, "faint"),
    ]
    for tick in range(round(top / step) + 1):
        at = y(tick * step)
        parts.append(f'<path class="rule" d="M{LEFT} {at:.1f}H{RIGHT}"/>')
        parts.append(_text(LEFT - 8, at + 4, scaled(tick * step), "faint", "end"))
    for share in (0, *SHARES):
        parts.append(_text(x(share), BOTTOM + 20, f"{share} %", "faint", "middle"))
    parts.append(_text((LEFT + RIGHT) / 2, BOTTOM + 38, "of the clips are spoiled", "faint", "middle"))
    parts.append(f'<path class="floor" d="M{LEFT} {y(floor):.1f}H{RIGHT}"/>')
    parts.append(_text(RIGHT, y(floor) + 16, f"the recordings through the codec {scaled(floor)}", "faint", "end"))
    scores = {share: results(share) for share in SHARES}
    ends: list[tuple[float, str, str]] = []
    for place, (arm, (kind, label)) in enumerate(LINES.items()):
        at = {share: one.value(measure, arm).value for share, one in scores.items() if arm in one.arms}
        aside = 5 * (place - 2)
        points = [(x(share) + aside, y(value)) for share, value in at.items()]
        if len(at) == len(SHARES):
            parts.append(_line([(x(0), y(start)), *points], kind))
        for (share, value), (middle, height) in zip(at.items(), points, strict=True):
            if arm != "O":
                less = scores[share].difference(measure, arm, "O")
                low, high = (y(value + end - less.value) for end in (less.low, less.high))
                parts.append(f'<path class="bar" stroke="var(--{kind})" d="M{middle} {low:.1f}V{high:.1f}"/>')
            parts.append(f'<circle cx="{middle}" cy="{height:.1f}" r="4" fill="var(--{kind})"/>')
        share, value = max(at.items())
        if share == max(SHARES):
            ends.append((y(value), kind, f"{label} {scaled(value)}"))
        else:
            parts.append(_text(x(share) - 14, y(value) - 14, f"{label} {scaled(value)}", "label", "end", kind))
    parts += [_text(RIGHT + 24, at + 5, label, "label", colour=kind) for at, kind, label in _apart(ends)]
    parts.append(f'<circle cx="{x(0)}" cy="{y(start):.1f}" r="4" fill="var(--ink)"/>')
    parts.append(_text(x(0) + 8, y(start) + 20, f"clean {scaled(start)}", "label"))
    parts += [_text(20, HEIGHT - 26 + 16 * row, line, "faint") for row, line in enumerate(NOTE)]
    body = "\n".join(parts)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'{head} role="img">\n<title>{TITLE}</title>\n<style>{STYLE}</style>\n{body}\n</svg>\n'


def _text(x: float, y: float, text: str, kind: str, anchor: str = "start", colour: str = "") -> str:
    style = f' style="fill: var(--{colour})"' if colour else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}"{style}>{escape(text)}</text>'


def _line(points: Sequence[tuple[float, float]], kind: str) -> str:
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path class="line {kind}" stroke="var(--{kind})" d="M{path}"/>'


def _apart(ends: Sequence[tuple[float, str, str]], least: float = 19) -> list[tuple[float, str, str]]:
    """Return labels from the top down, none nearer to the one above than `least`."""
    placed: list[tuple[float, str, str]] = []
    for at, kind, label in sorted(ends):
        placed.append((max(at, placed[-1][0] + least) if placed else at, kind, label))
    return placed


def figures() -> dict[str, str]:
    """Return the figures of the page, by the names of their files."""
    held = "in 40 sentences that no voice has read"
    nats = f"Nats a word: the negative log-probability of the right text {held}"
    return {
        "proof-words.svg": figure("WER", f"Words that Whisper tiny hears wrongly {held}", 0.3, 0.05, "%"),
        "proof-nats.svg": figure("nats", nats, 1.2, 0.2, ""),
    }


if __name__ == "__main__":
    for name, drawing in figures().items():
        (DOCS / name).write_text(drawing, encoding="utf-8")
