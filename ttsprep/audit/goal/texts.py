"""Which findings about a text the stages of a build leave: some damage cannot be undone, some signs have no reading."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from ttsprep.checks.base import Check
from ttsprep.core.signal import Signal
from ttsprep.core.types import Audio, Clip

Writing = Callable[[Sequence[Clip]], list[Clip]]
"""Returns clips with their texts as a build writes them."""


def unfixed_texts(
    clips: pd.DataFrame, judges: Sequence[Check], codes: frozenset[str], written: Writing
) -> dict[str, tuple[tuple[str, str], ...]]:
    """Return what is still found in the texts of a build.

    Parameters
    ----------
    clips
        The table of an audit.
    judges
        Checks with their thresholds.
    codes
        That a stage for texts fixes, as a rule.
    written
        What that stage makes of the texts.

    Returns
    -------
    dict
        Id of the clip -> code and severity of each finding that is left.
    """
    symbols: dict[str, set[tuple[str, str]]] = {}
    silence = Signal(Audio(np.zeros((0, 1), np.float32), 16_000))
    for check in judges:
        texts = [name for name in check.measures if name in check.strings and name in clips]
        if check.audio or not texts or codes.isdisjoint(code.code for code in check.codes):
            continue
        open_ = clips[(clips[texts].fillna("") != "").any(axis=1)]
        result = written(clips_of(open_))
        measured = [check.measure(clip, silence) for clip in result]
        table = open_[["id", "language"]].assign(text=[clip.text for clip in result])
        table = table.assign(**{name: [row[name] for row in measured] for name in check.measures})
        for finding in check.judge(table):
            if finding.clip and finding.code in codes:
                symbols.setdefault(finding.clip, set()).add((finding.code, finding.severity.value))
    return {clip: tuple(sorted(pairs)) for clip, pairs in symbols.items()}


def clips_of(table: pd.DataFrame) -> list[Clip]:
    """Return the clips of the table of an audit, without their place in a longer recording."""
    return [Clip(*row) for row in table[["id", "path", "text", "speaker", "language"]].itertuples(index=False)]
