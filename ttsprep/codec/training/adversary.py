"""Discriminators on spectra at several resolutions and on folded samples, and the two games played with them.

A spectrum is cut into overlapping patches of frequency at once, so most of the work happens on few
positions: about a tenth of the cost of the usual multi-scale STFT discriminators.
"""

from contextlib import nullcontext
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttsprep.codec.device import autocast_dtype, to_device
from ttsprep.codec.training.config import TrainConfig
from ttsprep.codec.training.losses import FLOOR, spectrum

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
    autocast_dtype
        The type that convolutions are computed in, where not in float32; spectra are float32 always.
    """

    autocast_dtype: torch.dtype | None = None

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
        with nullcontext() if self.autocast_dtype is None else torch.autocast(samples.device.type, self.autocast_dtype):
            judged = [scale(image) for scale, image in zip(self.scales, images, strict=True)]
            return judged + [period(samples) for period in self.periods]


def split_real_fake(judged: Verdicts) -> tuple[Verdicts, Verdicts]:
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


class OnePeriod(nn.Module):
    """Discriminate samples folded at one period: four layers that step by three, one more, and the verdict.

    `width` are the channels of the first layer; the others have 4, 16, 32 and 32 times as many (32 in the paper).
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


RAMP = 500
"""Steps over which the codec begins to feel the discriminator."""


class AdversarialTraining:
    """A discriminator that learns beside the codec."""

    def __init__(self, train: TrainConfig, device: torch.device) -> None:
        t = train.discriminator
        self.device = device
        self.discriminator = Discriminator(t.spectra, t.width, t.periods, t.period_width)
        self.discriminator.autocast_dtype = autocast_dtype(train, device)
        self.discriminator.to(device)
        fused = device.type == "cuda" or None
        self.optimiser = torch.optim.AdamW(self.discriminator.parameters(), lr=5e-4, betas=(0.5, 0.9), fused=fused)

    def step(
        self, train: TrainConfig, output: Tensor, target: Tensor, step: int, rate: float, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Let the discriminator learn from ``(batch, samples)``; return what the codec minimises, and its terms.

        `step` and `rate` are those of the codec; `generator` chooses what the discriminator sees.
        """
        t, batch = train.discriminator, train.batch
        start = int(torch.randint(0, batch, (1,), generator=generator))
        rows = to_device((torch.arange(min(t.batch, batch)) + start) % batch, self.device)
        fake = output[rows].detach().requires_grad_()
        real, decoded = split_real_fake(self.discriminator(torch.cat([target[rows], fake])))
        loss = discriminator_loss(real, decoded)
        parameters = list(self.discriminator.parameters())
        # The gradient of each side goes only where it belongs.
        gradients = torch.autograd.grad(loss, parameters, retain_graph=True)
        adversarial, features = generator_losses(real, decoded)
        ramp = min(1.0, (step - (t.from_step or 0) + 1) / RAMP)
        wanted = ramp * (t.adversarial * adversarial + t.features * features)
        (pull,) = torch.autograd.grad(wanted, fake)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        for group in self.optimiser.param_groups:
            group["lr"] = 0.5 * rate
        self.optimiser.step()
        # A linear stand-in with the same gradient with respect to the output.
        linear = (output[rows] * pull).sum()
        return linear - linear.detach(), {"discriminator": loss, "adversarial": adversarial, "features": features}

    def state(self) -> dict[str, Any]:
        """Return what is needed to go on exactly."""
        return {
            "discriminator": self.discriminator.state_dict(),
            "discriminator_optimiser": self.optimiser.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned, on whatever device."""
        self.discriminator.load_state_dict(state["discriminator"])
        load_optimiser(self.optimiser, state["discriminator_optimiser"])


def load_optimiser(optimiser: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Load the state of an optimiser, which may come from another device, and keep to the kernels of this one."""
    groups = [
        {**theirs, "fused": ours["fused"]}
        for theirs, ours in zip(state["param_groups"], optimiser.param_groups, strict=True)
    ]
    optimiser.load_state_dict({**state, "param_groups": groups})
