"""Stop a run that is collapsing, and say why."""

import math
from dataclasses import dataclass

from ttsprep.codec.errors import CollapseError


@dataclass(slots=True)
class Guard:
    """Watches level and codebooks.

    Attributes
    ----------
    rms_from, low, high, patience
        From this step on the smoothed ratio of output to input level must stay within these bounds; outside
        for longer than `patience` steps is a collapse.
    perplexity_from, perplexity
        From this step on the first codebook must have at least this perplexity.
    """

    rms_from: int = 2000
    low: float = 0.8
    high: float = 1.2
    patience: int = 300
    perplexity_from: int = 5000
    perplexity: float = 10.0
    smooth: float = 1.0
    outside: int = 0

    def look(self, step: int, loss: float, rms: float, perplexity: float | None) -> None:
        """Raise `CollapseError` where this step shows a collapse."""
        if not math.isfinite(loss):
            raise CollapseError(f"step {step}: the loss is {loss}; lower the learning rate and resume")
        self.smooth += 0.02 * (rms - self.smooth)
        if step >= self.rms_from:
            self.outside = 0 if self.low <= self.smooth <= self.high else self.outside + 1
            if self.outside > self.patience:
                raise CollapseError(
                    f"step {step}: the output has {self.smooth:.2f} times the level of the input "
                    f"(allowed {self.low}-{self.high}): amplitude collapse"
                )
        if perplexity is not None and step >= self.perplexity_from and perplexity < self.perplexity:
            raise CollapseError(
                f"step {step}: codebook 0 has perplexity {perplexity:.1f} "
                f"(at least {self.perplexity:.0f} expected): codebook collapse"
            )
