"""How far apart two sounds are to the ear: loudness in critical bands, after Zwicker and ITU-T P.862.

Louder and softer count differently: what a codec *adds* in a quiet band is heard more than what it leaves
out, and small differences beside loud sound are not heard at all. It is a proxy of PESQ (same psychoacoustics
without its time alignment and filtering), made to be differentiated; so PESQ alone must not judge what it
trained.
"""

from functools import cache

import torch
from torch import Tensor

from ttsprep.codec.losses import spectrum

SPEECH_DB = 79.0
"""Sound pressure level that a signal of RMS 1 stands for."""


@cache
def _bands(size: int, rate: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return a matrix from bins to half-Bark bands, the hearing threshold and the width of each band."""
    hz = torch.linspace(0, rate / 2, size // 2 + 1, dtype=torch.float64)
    bark = 13 * torch.atan(0.00076 * hz) + 3.5 * torch.atan((hz / 7500) ** 2)
    low, high = 0.5, float(bark[-1])
    count = int((high - low) * 2)
    edges = torch.linspace(low, high, count + 1, dtype=torch.float64)
    width = bark[1:] - bark[:-1]
    lower = bark - torch.cat([width[:1], width]) / 2
    upper = bark + torch.cat([width, width[-1:]]) / 2
    overlap = torch.minimum(upper[:, None], edges[1:]) - torch.maximum(lower[:, None], edges[:-1])
    share = overlap.clamp(min=0) / (upper - lower)[:, None]
    share[hz < 100] = 0
    kept = share.sum(0) > 1e-6
    share, edges_kept = share[:, kept], (edges[1:] - edges[:-1])[kept]
    centre = (share * hz[:, None]).sum(0) / share.sum(0) / 1000
    threshold_db = 3.64 * centre**-0.8 - 6.5 * torch.exp(-0.6 * (centre - 3.3) ** 2) + 1e-3 * centre**4
    share = share * 10 ** (SPEECH_DB / 10) / (size // 2)
    return share.float(), (10 ** (threshold_db / 10)).float(), edges_kept.float()


@cache
def _bands_on(size: int, rate: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    share, threshold, width = _bands(size, rate)
    return share.to(device), threshold.to(device), width.to(device)


def band_power(samples: Tensor, rate: int, size: int = 512) -> Tensor:
    """Return the power of each band, ``(batch, frames, bands)``; 1 is the nominal threshold of hearing."""
    share, _, _ = _bands_on(size, rate, samples.device)
    power = spectrum(samples, size).square().sum(-1).transpose(1, 2)
    return power @ share


def loudness(power: Tensor, threshold: Tensor) -> Tensor:
    """Return Zwicker's loudness of band powers."""
    base = (threshold / 0.5).pow(0.23)
    return 0.5 * base * ((0.5 + 0.5 * power / threshold).pow(0.23) - 1).clamp(min=0)


def disturbance(output: Tensor, target: Tensor, rate: int) -> Tensor:
    """Return the audible difference, 0 for none.

    Parameters
    ----------
    output, target
        ``(batch, samples)`` at unit speech level.
    rate
        Sample rate.

    Returns
    -------
    Tensor
        Scalar, 0 where no difference is heard.
    """
    _, threshold, width = _bands_on(512, rate, output.device)
    with torch.no_grad():
        wanted_power = band_power(target, rate)
        wanted = loudness(wanted_power, threshold)
        # Frames far under the level of speech weigh less.
        audible = wanted_power.sum(-1)
        weight = ((audible + 1e5) / 1e7).pow(-0.04) * (audible > 1e4)
    power = band_power(output, rate)
    heard = loudness(power, threshold)
    apart = (heard - wanted).abs()
    apart = (apart - 0.25 * torch.minimum(heard, wanted)).clamp(min=0)
    total = width.sum()
    even = ((apart.square() * width).sum(-1) / total + 1e-4).sqrt() * total.sqrt()
    added = ((power + 50) / (wanted_power + 50)).clamp(max=1e4).pow(1.2)
    added = torch.where(added < 3, torch.zeros_like(added), added.clamp(max=12))
    uneven = (apart * added * width).sum(-1)
    # P.862 weighs what was added by 0.0309, after bringing both to one level. Here the level must stay tied
    # to the original, and at that weight softer would always be better.
    even, uneven = even * weight, uneven * weight
    return (0.1 * even + 0.01 * uneven).mean()
