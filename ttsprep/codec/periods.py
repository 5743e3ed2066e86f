"""The multi-period discriminator of HiFi-GAN (Kong, Kim and Bae, 2020): samples folded at prime periods.

Every p-th sample stands in one column, and convolutions run down the columns: what repeats with the pitch, and
a decoder gets wrong, is seen where a spectrum averages over it.
"""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

PERIODS = (2, 3, 5, 7, 11)


class OnePeriod(nn.Module):
    """Judge samples folded at one period: four layers that step by three, one more, and the verdict.

    Parameters
    ----------
    period
        Samples in a row.
    width
        Channels of the first layer; the others have 4, 16, 32 and 32 times as many (32 in the paper).
    """

    def __init__(self, period: int, width: int = 32) -> None:
        super().__init__()
        self.period = period
        norm = nn.utils.parametrizations.weight_norm
        widths = [1, *(width * times for times in (1, 4, 16, 32))]
        self.layers = nn.ModuleList(
            norm(nn.Conv2d(narrow, wide, (5, 1), (3, 1), (2, 0))) for narrow, wide in pairwise(widths)
        )
        self.layers.append(norm(nn.Conv2d(widths[-1], widths[-1], (5, 1), 1, (2, 0))))
        self.verdict = norm(nn.Conv2d(widths[-1], 1, (3, 1), 1, (1, 0)))

    def forward(self, samples: Tensor) -> list[Tensor]:
        """Judge ``(batch, samples)``; what is missing of the last row is zeros."""
        missing = -samples.shape[1] % self.period
        x = F.pad(samples, (0, missing)).view(len(samples), 1, -1, self.period)
        out = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
            out.append(x)
        return [*out, self.verdict(x)]
