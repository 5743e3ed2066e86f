"""Discriminators on spectra at several resolutions and on folded samples, and the two games played with them.

A spectrum is cut into overlapping patches of frequency at once, so most of the work happens on few
positions: about a tenth of the cost of the usual multi-scale STFT discriminators.
"""

from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttsprep.codec.losses import FLOOR, spectrum
from ttsprep.codec.periods import OnePeriod

Verdicts = list[list[Tensor]]
"""For each discriminator its features, and last what it thinks of each place."""


class _OneScale(nn.Module):
    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.size = size
        norm = nn.utils.parametrizations.weight_norm
        self.patches = norm(nn.Conv2d(3, width, (16, 3), (8, 1), (4, 1)))
        self.place = nn.Parameter(torch.zeros(width, size // 16, 1))
        self.layers = nn.ModuleList([
            norm(nn.Conv2d(width, width, (3, 5), (2, 1), (1, 2))),
            norm(nn.Conv2d(width, 2 * width, (3, 3), (2, 1), (1, 1))),
        ])
        self.verdict = norm(nn.Conv2d(2 * width, 1, 3, 1, 1))

    def image(self, samples: Tensor) -> Tensor:
        """Return the spectrum as an image: real and imaginary parts with compressed magnitudes, log power."""
        spectra = spectrum(samples, self.size)[:, 1:]
        power = spectra.square().sum(-1, keepdim=True) + FLOOR
        image = torch.cat([spectra * power.pow(-0.35), 0.2 * power.log() + 1], -1)
        return image.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)

    def forward(self, image: Tensor) -> list[Tensor]:
        x = F.leaky_relu(self.patches(image) + self.place, 0.1)
        out = [x]
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.1)
            out.append(x)
        return [*out, self.verdict(x)]


class Discriminator(nn.Module):
    """Tell decoded speech from real speech; `forward` gives, per scale, the features and last the verdict.

    Parameters
    ----------
    sizes, width
        Windows of the spectra, in samples, and channels of what looks at them.
    periods, period_width
        Periods at which the samples are folded, and channels of the first layer of what looks at those.

    Attributes
    ----------
    low
        The type that convolutions are computed in, where not in float32; spectra are float32 always.
    """

    low: torch.dtype | None = None

    def __init__(
        self,
        sizes: tuple[int, ...] = (256, 1024),
        width: int = 32,
        periods: tuple[int, ...] = (),
        period_width: int = 32,
    ) -> None:
        super().__init__()
        self.scales = nn.ModuleList(_OneScale(size, width) for size in sizes)
        self.periods = nn.ModuleList(OnePeriod(period, period_width) for period in periods)

    def forward(self, samples: Tensor) -> Verdicts:
        """Judge ``(batch, samples)``."""
        images = [scale.image(samples) for scale in self.scales if isinstance(scale, _OneScale)]
        with nullcontext() if self.low is None else torch.autocast(samples.device.type, self.low):
            judged = [scale(image) for scale, image in zip(self.scales, images, strict=True)]
            return judged + [period(samples) for period in self.periods]


def halves(judged: Verdicts) -> tuple[Verdicts, Verdicts]:
    """Part what was judged as one batch of real samples followed by as many decoded ones."""
    real, fake = [], []
    for scale in judged:
        pairs = [layer.float().chunk(2) for layer in scale]
        real.append([a for a, _ in pairs])
        fake.append([b for _, b in pairs])
    return real, fake


def discriminator_loss(real: Verdicts, fake: Verdicts) -> Tensor:
    """Hinge: real above 1, decoded below -1."""
    total = real[0][-1].new_zeros(())
    for a, b in zip(real, fake, strict=True):
        total = total + F.relu(1 - a[-1]).mean() + F.relu(1 + b[-1]).mean()
    return total / len(real)


def generator_losses(real: Verdicts, fake: Verdicts) -> tuple[Tensor, Tensor]:
    """Return the adversarial term and the distance of the features, relative to the size of the real ones."""
    adversarial = features = real[0][-1].new_zeros(())
    count = 0
    for a, b in zip(real, fake, strict=True):
        adversarial = adversarial - b[-1].mean()
        for x, y in zip(a[:-1], b[:-1], strict=True):
            wanted = x.detach()
            features = features + (y - wanted).abs().mean() / (wanted.abs().mean() + 1e-4)
            count += 1
    return adversarial / len(real), features / count
