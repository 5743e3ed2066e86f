"""How far decoded speech is from the original, in numbers that others use too.

PESQ and STOI need the packages ``pesq`` and ``pystoi``; without them their value is NaN.
"""

import warnings
from functools import cache

import numpy as np
import torch
from scipy.signal import correlate

from ttsprep.codec.training.losses import mel_bank, spectrum
from ttsprep.core.types import Samples

PESQ_RATE = 16000
"""The rate that wide-band PESQ is defined at; faster speech is brought to it."""


def pesq_wb(original: Samples, decoded: Samples, rate: int) -> float:
    """Return PESQ-WB (1 to 4.6) of the band up to 8 kHz; NaN where it cannot be computed or is not installed."""
    try:
        from pesq import NoUtterancesError, pesq  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        return float("nan")
    if rate < PESQ_RATE:
        return float("nan")
    if rate > PESQ_RATE:
        import soxr

        original, decoded = (soxr.resample(x, rate, PESQ_RATE, quality="HQ") for x in (original, decoded))
    try:
        return float(pesq(PESQ_RATE, original, decoded, "wb"))
    except NoUtterancesError:
        return float("nan")


def stoi(original: Samples, decoded: Samples, rate: int) -> float:
    """Return STOI (0 to 1); NaN where it is not installed, or the clip has too little speech."""
    try:
        from pystoi import stoi as measure  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            return float(measure(original, decoded, rate))
        except RuntimeWarning:
            return float("nan")


def si_sdr(original: Samples, decoded: Samples) -> float:
    """Return the scale-invariant signal to distortion ratio in dB."""
    a, b = original.astype(np.float64), decoded.astype(np.float64)
    a, b = a - a.mean(), b - b.mean()
    wanted = a * (a @ b) / (a @ a + 1e-20)
    return float(10 * np.log10((wanted @ wanted + 1e-20) / (np.square(b - wanted).sum() + 1e-20)))


def delay(original: Samples, decoded: Samples, limit: int) -> int:
    """Return by how many samples the decoded speech is late, at most `limit` either way."""
    n = min(len(original), len(decoded))
    matched = correlate(decoded[:n], original[:n], method="fft")
    centre = n - 1
    near = matched[max(0, centre - limit) : centre + limit + 1]
    return int(np.argmax(near)) - min(limit, centre)


def aligned(original: Samples, decoded: Samples, late: int) -> tuple[Samples, Samples]:
    """Cut both so that a decoded clip that is `late` samples late stands beside its original."""
    if late > 0:
        decoded = decoded[late:]
    elif late < 0:
        original = original[-late:]
    n = min(len(original), len(decoded))
    return original[:n], decoded[:n]


@cache
def _filters(rate: int) -> torch.Tensor:
    return mel_bank(1024, rate, 80)


def distances(original: Samples, decoded: Samples, rate: int) -> tuple[float, float]:
    """Return the mean log-mel distance in dB and the mean log-STFT distance in dB, floored 80 dB down."""
    a = spectrum(torch.from_numpy(original)[None], 1024).square().sum(-1)[0]
    b = spectrum(torch.from_numpy(decoded)[None], 1024).square().sum(-1)[0]
    floor = float(a.max()) * 1e-8 + 1e-12
    mel_a, mel_b = a.T @ _filters(rate), b.T @ _filters(rate)
    mel = 10 * ((mel_a + floor).log10() - (mel_b + floor).log10()).abs().mean()
    stft = 10 * ((a + floor).log10() - (b + floor).log10()).abs().mean()
    return float(mel), float(stft)


def measure_distortion(original: Samples, decoded: Samples, rate: int) -> dict[str, float]:
    """Return every metric of one clip.

    Parameters
    ----------
    original, decoded
        Mono, of one length.
    rate
        Sample rate.

    Returns
    -------
    dict
        ``pesq_wb, stoi, si_sdr_db`` (as it is), ``si_sdr_aligned_db``, ``delay`` (samples), ``rms_ratio``,
        ``mel_db, stft_db``.
    """
    late = delay(original, decoded, rate // 20)
    mel, stft = distances(original, decoded, rate)
    power = float(np.square(original, dtype=np.float64).mean())
    return {
        "pesq_wb": pesq_wb(original, decoded, rate),
        "stoi": stoi(original, decoded, rate),
        "si_sdr_db": si_sdr(original, decoded),
        "si_sdr_aligned_db": si_sdr(*aligned(original, decoded, late)),
        "delay": float(late),
        "rms_ratio": float(np.sqrt(np.square(decoded, dtype=np.float64).mean() / (power + 1e-20))),
        "mel_db": mel,
        "stft_db": stft,
    }
