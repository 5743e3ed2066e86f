"""How far decoded speech is from the original: spectra at several resolutions, all anchored to level."""

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

SIZES = (128, 256, 512, 1024)
FLOOR = 1e-5
"""Power under which a bin of a unit-level signal does not count."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of the terms of `reconstruction`."""

    complex: float = 15.0
    magnitude: float = 30.0
    mel: float = 3.0
    energy: float = 2.0


@cache
def _window(size: int, device: torch.device) -> Tensor:
    hann = torch.hann_window(size)
    return (hann / hann.square().sum().sqrt()).to(device)


@cache
def _filters(size: int, rate: int, device: torch.device) -> Tensor:
    return mel_filters(size, rate, max(10, size * 80 // 1024)).to(device)


@cache
def mel_filters(size: int, rate: int, bands: int) -> Tensor:
    """Return triangular mel filters ``(size // 2 + 1, bands)``, each summing to 1."""
    top = 2595 * torch.log10(torch.tensor(1 + rate / 2 / 700, dtype=torch.float64))
    edges = 700 * (10 ** (torch.linspace(0, float(top), bands + 2, dtype=torch.float64) / 2595) - 1)
    bins = torch.linspace(0, rate / 2, size // 2 + 1, dtype=torch.float64)[:, None]
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = torch.minimum(rise, fall).clamp(min=0)
    narrow = filters.sum(0) == 0  # a band between two bins: take the nearest
    centre = ((edges[1:-1] / (rate / 2)) * (size // 2)).round().long()
    filters[centre[narrow], narrow.nonzero()[:, 0]] = 1
    return (filters / filters.sum(0)).float()


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


def reconstruction(
    output: Tensor, target: Tensor, rate: int, weights: Weights, mel_sizes: tuple[int, ...] = SIZES
) -> dict[str, Tensor]:
    """Return the terms of the loss, unweighted, and their weighted sum as ``total``.

    Parameters
    ----------
    output, target
        ``(batch, samples)`` at unit speech level.
    rate
        Sample rate.
    weights
        Of the terms.
    mel_sizes
        Windows of the mel term, in samples; the other terms have `SIZES`.

    Returns
    -------
    dict
        ``complex``: distance of compressed complex spectra; ``magnitude``: of compressed magnitudes;
        ``mel``: of log mel spectra; ``energy``: of log10 energy in 50 ms; ``total``.
    """
    zero = output.new_zeros(())
    complex_, magnitude, mels = zero, zero, zero
    for size in sorted({*SIZES, *mel_sizes}):
        with torch.no_grad():
            wanted = spectrum(target, size)
            wanted_power = wanted.square().sum(-1)
        got = spectrum(output, size)
        power = got.square().sum(-1)
        if size in SIZES:
            with torch.no_grad():
                wanted_gain = (wanted_power + FLOOR).pow(-0.35)
                wanted_size = wanted_gain * (wanted_power + FLOOR).sqrt()
            gain = (power + FLOOR).pow(-0.35)
            apart = got * gain[..., None] - wanted * wanted_gain[..., None]
            complex_ = complex_ + (apart.square().sum(-1) + 1e-4).sqrt().mean()
            magnitude = magnitude + (gain * (power + FLOOR).sqrt() - wanted_size).abs().mean()
        if size in mel_sizes:
            filters = _filters(size, rate, output.device)
            mel = (power.transpose(1, 2) @ filters + FLOOR).log()
            wanted_mel = (wanted_power.transpose(1, 2) @ filters + FLOOR).log()
            mels = mels + (mel - wanted_mel).abs().mean()
    terms = {
        "complex": complex_ / len(SIZES),
        "magnitude": magnitude / len(SIZES),
        "mel": mels / max(1, len(mel_sizes)),
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
