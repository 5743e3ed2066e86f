"""How long clips are once a build has trimmed them, by what was measured: no audio is read."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

LEAD_S, TAIL_S = 0.15, 0.2
"""Room tone that a build keeps before and after the speech, in seconds, unless a recipe says otherwise."""


@dataclass(frozen=True, slots=True)
class Trimming:
    """What the stage ``trim`` leaves of clips, and what is too short then.

    Attributes
    ----------
    lead_s, tail_s
        Room tone that is kept before and after the speech, in seconds.
    shortest_s
        Clips that are shorter once they are trimmed are rejected, in seconds.
    """

    lead_s: float
    tail_s: float
    shortest_s: float

    def too_short(self, clips: pd.DataFrame) -> dict[str, str]:
        """Return the clips that are long enough as they are, and too short once they are trimmed, with the reason.

        The speech is taken as long as its energy says; `trim` itself widens it by the weak sounds at its ends.
        """
        names = ("duration_s", "speech_span_s", "lead_silence_s", "tail_silence_s")
        if not set(names) <= set(clips):
            return {}
        seconds, speech, lead, tail = (clips[name].to_numpy(float) for name in names)
        trimmed = speech + np.minimum(lead, self.lead_s) + np.minimum(tail, self.tail_s)
        short = (trimmed < self.shortest_s) & (seconds >= self.shortest_s)  # NaN is not
        return {
            name: f"{left:.2f} s once its silence is trimmed (limit {self.shortest_s:g} s)"
            for name, left in zip(clips["id"][short], trimmed[short], strict=True)
        }
