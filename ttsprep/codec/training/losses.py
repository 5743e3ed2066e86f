"""How far decoded speech is from the original: spectra at several resolutions, all anchored to level."""

from functools import cache

import torch
from torch import Tensor

from ttsprep.codec.training.config import STFT_SIZES, LossConfig
from ttsprep.core.dsp import mel_filters

FLOOR = 1e-5
"""Power under which a bin of a unit-level signal does not count."""


@cache
def _window(size: int, device: torch.device) -> Tensor:
    hann = torch.hann_window(size)
    return (hann / hann.square().sum().sqrt()).to(device)


@cache
def _filters(size: int, rate: int, device: torch.device) -> Tensor:
    return mel_bank(size, rate, max(10, size * 80 // 1024)).to(device)


def mel_bank(size: int, rate: int, bands: int) -> Tensor:
    """Return triangular mel filters ``(size // 2 + 1, bands)``, each summing to 1."""
    return torch.from_numpy(mel_filters(rate, size, bands).T.copy())


def spectrum(samples: Tensor, size: int) -> Tensor:
    """Return ``(batch, bins, frames, 2)``, scaled so that white noise of RMS 1 has power 1 in every bin.

    The same bits as `torch.stft` of the centred frames, and the same gradients; but those of its padding and
    framing are added up in no fixed order on a GPU, and these are.
    """
    side, hop = size // 2, size // 4
    if samples.shape[1] <= side:
        raise ValueError(f"{samples.shape[1]} samples have no spectrum of {size}")
    samples = samples.view_as(samples)  # one gradient for each size, so they are added up as those of torch.stft
    first, last = samples[:, 1 : side + 1].flip(1), samples[:, -side - 1 : -1].flip(1)
    padded = torch.cat([first, samples, last], 1)
    count = padded.shape[1] // hop
    steps = torch.unflatten(padded[:, : count * hop], 1, (count, hop))
    frames = torch.cat([steps[:, i : count - 3 + i] for i in range(4)], -1)
    spectra = torch.fft.rfft(frames * _window(size, samples.device))
    return torch.view_as_real(spectra.transpose(1, 2))


def reconstruction(output: Tensor, target: Tensor, rate: int, weights: LossConfig) -> dict[str, Tensor]:
    """Return the terms of the loss, unweighted, and their weighted sum as ``total``.

    Parameters
    ----------
    output, target
        ``(batch, samples)`` at unit speech level.
    rate
        Sample rate.
    weights
        Of the terms, and the windows of the mel term; the other terms have `STFT_SIZES`.

    Returns
    -------
    dict
        ``complex``: distance of compressed complex spectra; ``magnitude``: of compressed magnitudes;
        ``mel``: of log mel spectra; ``energy``: of log10 energy in 50 ms; ``total``.
    """
    zero = output.new_zeros(())
    complex_, magnitude, mels = zero, zero, zero
    for size in sorted({*STFT_SIZES, *weights.mel_sizes}):
        with torch.no_grad():
            wanted = spectrum(target, size)
            wanted_power = wanted.square().sum(-1)
        got = spectrum(output, size)
        power = got.square().sum(-1)
        if size in STFT_SIZES:
            with torch.no_grad():
                wanted_gain = (wanted_power + FLOOR).pow(-0.35)
                wanted_size = wanted_gain * (wanted_power + FLOOR).sqrt()
            gain = (power + FLOOR).pow(-0.35)
            apart = got * gain[..., None] - wanted * wanted_gain[..., None]
            complex_ = complex_ + (apart.square().sum(-1) + 1e-4).sqrt().mean()
            magnitude = magnitude + (gain * (power + FLOOR).sqrt() - wanted_size).abs().mean()
        if size in weights.mel_sizes:
            filters = _filters(size, rate, output.device)
            mel = (power.transpose(1, 2) @ filters + FLOOR).log()
            wanted_mel = (wanted_power.transpose(1, 2) @ filters + FLOOR).log()
            mels = mels + (mel - wanted_mel).abs().mean()
    terms = {
        "complex": complex_ / len(STFT_SIZES),
        "magnitude": magnitude / len(STFT_SIZES),
        "mel": mels / max(1, len(weights.mel_sizes)),
        "energy": (log_energy(output, rate) - log_energy(target, rate)).abs().mean(),
    }
    terms["total"] = (
        weights.complex * terms["complex"]
        + weights.magnitude * terms["magnitude"]
        + weights.mel * terms["mel"]
        + weights.energy * terms["energy"]
    )
    return terms


def log_energy(samples: Tensor, rate: int) -> Tensor:
    """Return log10 of the energy of each 50 ms, with a floor 50 dB down."""
    size = rate // 20
    whole = samples.shape[1] // size * size
    pieces = torch.unflatten(samples[:, :whole], 1, (-1, size))
    return (pieces.square().mean(-1) + FLOOR).log10()


_SPEECH_DB = 79.0
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
    share = share * 10 ** (_SPEECH_DB / 10) / (size // 2)
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


def _loudness(power: Tensor, threshold: Tensor) -> Tensor:
    """Return Zwicker's loudness of band powers."""
    base = (threshold / 0.5).pow(0.23)
    return 0.5 * base * ((0.5 + 0.5 * power / threshold).pow(0.23) - 1).clamp(min=0)


def disturbance(output: Tensor, target: Tensor, rate: int) -> Tensor:
    """Return the audible difference of ``(batch, samples)`` at unit speech level, a scalar: 0 where none is heard."""
    _, threshold, width = _bands_on(512, rate, output.device)
    with torch.no_grad():
        wanted_power = band_power(target, rate)
        wanted = _loudness(wanted_power, threshold)
        # Frames far under the level of speech weigh less.
        audible = wanted_power.sum(-1)
        weight = ((audible + 1e5) / 1e7).pow(-0.04) * (audible > 1e4)
    power = band_power(output, rate)
    loudness = _loudness(power, threshold)
    apart = (loudness - wanted).abs()
    apart = (apart - 0.25 * torch.minimum(loudness, wanted)).clamp(min=0)
    total = width.sum()
    even = ((apart.square() * width).sum(-1) / total + 1e-4).sqrt() * total.sqrt()
    added = ((power + 50) / (wanted_power + 50)).clamp(max=1e4).pow(1.2)
    added = torch.where(added < 3, torch.zeros_like(added), added.clamp(max=12))
    uneven = (apart * added * width).sum(-1)
    # P.862 weighs what was added by 0.0309, after bringing both to one level. Here the level must stay tied
    # to the original, and at that weight softer would always be better.
    even, uneven = even * weight, uneven * weight
    return (0.1 * even + 0.01 * uneven).mean()
