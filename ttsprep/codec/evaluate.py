"""How good a codec is on speech it has never heard: every metric, at every depth."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ttsprep.codec.baselines import baseline
from ttsprep.codec.coder import Coder
from ttsprep.codec.metrics import aligned, delay, measure
from ttsprep.errors import MissingExtraError
from ttsprep.types import Samples


@dataclass(frozen=True, slots=True)
class Row:
    """One clip at one depth."""

    clip: str
    depth: int
    values: dict[str, float]


def evaluate(codec: Coder, clips: Iterable[tuple[str, Samples]], depths: Sequence[int], *, beam: int = 1) -> list[Row]:
    """Measure a codec.

    Parameters
    ----------
    codec
        What to measure.
    clips
        Names and samples at the sample rate of the codec.
    depths
        Numbers of codebooks.
    beam
        As in `Codec.encode`.

    Returns
    -------
    list of Row
    """
    rows = []
    for name, samples in clips:
        for depth in depths:
            (decoded,) = codec.decode(codec.encode([samples], depth=depth, beam=beam))
            rows.append(Row(name, depth, measure(samples, decoded, codec.sample_rate)))
    return rows


def compare(code: Callable[[Samples, int], Samples], clips: Iterable[tuple[str, Samples]], rate: int) -> list[Row]:
    """Measure another codec, after its delay was taken out, which favours it.

    Parameters
    ----------
    code
        Codes and decodes samples at a rate.
    clips
        As for `evaluate`.
    rate
        Of the clips.

    Returns
    -------
    list of Row
        Of depth 0.
    """
    rows = []
    for name, samples in clips:
        decoded = code(samples, rate)
        pair = aligned(samples, decoded, delay(samples, decoded, rate // 10))
        rows.append(Row(name, 0, measure(*pair, rate)))
    return rows


def beside(names: Sequence[str], clips: Sequence[tuple[str, Samples]], rate: int, lyra: Path | None) -> list[str]:
    """Measure other codecs on the same clips; return a titled table of each, or what to install for it.

    Parameters
    ----------
    names
        As `ttsprep.codec.baselines.baseline` knows them.
    clips, rate
        As for `compare`.
    lyra
        Folder with the models of Lyra v2.
    """
    parts = []
    for name in names:
        try:
            codecs = baseline(name, lyra)
        except MissingExtraError as error:
            parts.append(f"{name}: n/a ({error})")
            continue
        parts += [f"{title}\n\n{table(compare(code, clips, rate))}" for title, code in codecs]
    return parts


def table(rows: list[Row]) -> str:
    """Return the mean over clips of every metric at every depth, as a Markdown table.

    Parameters
    ----------
    rows
        From `evaluate`.

    Returns
    -------
    str
    """
    names = list(rows[0].values) if rows else []
    lines = ["| depth | clips | " + " | ".join(names) + " |", "|" + "---|" * (len(names) + 2)]
    for depth in sorted({row.depth for row in rows}):
        mine = [row.values for row in rows if row.depth == depth]
        cells = []
        for name in names:
            known = [values[name] for values in mine if not math.isnan(values[name])]
            cells.append(f"{np.mean(known):.3f}" if known else "n/a")
        lines.append(f"| {depth} | {len(mine)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
