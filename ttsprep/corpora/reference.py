"""One clip of each speaker that stands for the voice, as models that imitate a voice take it."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

FROM_S, TO_S = 5.0, 10.0
"""Seconds that a reference has at best: long enough for a voice, short enough for a prompt."""
ACCEPTED_S = 30.0
"""Seconds that a reference has at most."""
_SEMITONES, _DB = 0.7, 1.0
"""Differences of pitch and of level that count alike: what a listener would not notice."""


def choose_references(clips: "pd.DataFrame") -> dict[str, str]:
    """Return the id of a clip for each speaker: of 5 to 10 s, clean, of the usual pitch and level.

    Of the clips within these lengths, or else those that come nearest, the noisiest quarter is left out; of the rest
    the clip is chosen whose median F0 and loudness lie nearest to the medians of the speaker. A speaker whose clips
    all last more than 30 s has none.

    Parameters
    ----------
    clips
        ``id, speaker, duration_s, snr_db, f0_median_hz, loudness_lufs``, as an audit measures them; NaN where it
        cannot.
    """
    chosen = {}
    for speaker, own in clips[clips["duration_s"] <= ACCEPTED_S].sort_values("id").groupby("speaker"):
        away = (own["duration_s"] - own["duration_s"].clip(FROM_S, TO_S)).abs()
        fitting = own[away == away.min()]
        clean = fitting[fitting["snr_db"] >= fitting["snr_db"].quantile(0.25)]
        rest = fitting if clean.empty else clean
        pitch = 12 * np.abs(np.log2(rest["f0_median_hz"] / own["f0_median_hz"].median())) / _SEMITONES
        level = np.abs(rest["loudness_lufs"] - own["loudness_lufs"].median()) / _DB
        unlike = (pitch + level).fillna(np.inf).to_numpy()
        chosen[str(speaker)] = str(rest["id"].iloc[int(unlike.argmin())])
    return chosen
