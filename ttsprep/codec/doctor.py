"""Is this checkpoint healthy? Every codebook is looked at on real speech; the verdict names the cause."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ttsprep.codec.api import Codec
from ttsprep.codec.level import speech_level
from ttsprep.codec.losses import spectrum
from ttsprep.codec.quantisers.rvq_ema import ResidualEma
from ttsprep.errors import CorpusError
from ttsprep.types import Samples, Severity


@dataclass(frozen=True, slots=True)
class Book:
    """One codebook.

    Attributes
    ----------
    updates
        Training steps it had.
    used
        Share of its codes that occur.
    perplexity
        As many codes, used equally, would say as much.
    reach
        Largest coordinate of its codes relative to the largest of what it was given to quantise; NaN for
        kinds whose codes are not vectors of the latent space.
    left
        Share of the energy of the latents that is left after it.
    """

    updates: int
    used: float
    perplexity: float
    reach: float
    left: float


@dataclass(frozen=True, slots=True)
class Symptom:
    """Something wrong, and why it is thought to be so."""

    cause: str
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Health:
    """What was found.

    Attributes
    ----------
    books
        One for each trained codebook.
    level
        RMS of the decoded speech over RMS of the original.
    treble_db
        Energy in the upper half of the band, decoded over original.
    symptoms
        Empty for a healthy checkpoint.
    """

    books: list[Book]
    level: float
    treble_db: float
    symptoms: list[Symptom]


def examine(codec: Codec, clips: Sequence[Samples]) -> Health:
    """Examine a codec on speech.

    Parameters
    ----------
    codec
        Loaded from its checkpoint: what is wrong with the file itself has been refused by then.
    clips
        Speech at its sample rate; a minute or more, the more the truer the perplexities.

    Returns
    -------
    Health
    """
    if not clips or sum(map(len, clips)) < codec.sample_rate:
        raise CorpusError("at least a second of speech is needed to examine a codec")
    if codec.depth == 0:
        message = "no codebook was trained: the run never got past its warm-up"
        return Health([], float("nan"), float("nan"), [Symptom("untrained", Severity.ERROR, message)])
    coded = codec.encode(clips)
    decoded = codec.decode(coded)
    energy_in = sum(float(np.square(c, dtype=np.float64).sum()) for c in clips)
    energy_out = sum(float(np.square(c, dtype=np.float64).sum()) for c in decoded)
    level = (energy_out / (energy_in + 1e-20)) ** 0.5
    treble = _treble_db(decoded) - _treble_db(clips)
    codes = torch.from_numpy(np.concatenate([c.codes for c in coded], 1).astype(np.int64))
    books = _books(codec, codes, _latents(codec, clips))
    return Health(books, level, treble, list(_symptoms(codec, books, level, treble, codes.shape[1])))


@torch.inference_mode()
def _latents(codec: Codec, clips: Sequence[Samples]) -> Tensor:
    size = codec.config.frame
    out = []
    for clip in clips:
        whole = torch.from_numpy(clip / np.float32(speech_level(clip, codec.sample_rate)))
        if len(whole) >= size:
            out.append(codec.model.encoder(whole[None, : len(whole) // size * size])[0])
    return torch.cat(out)


def _treble_db(clips: Sequence[Samples]) -> float:
    total = torch.zeros(257)
    for clip in clips:
        if len(clip) >= 512:
            total += spectrum(torch.from_numpy(clip)[None], 512).square().sum(-1).sum((0, 2))
    return float(10 * (total[128:].sum() / (total.sum() + 1e-20) + 1e-9).log10())


@torch.inference_mode()
def _books(codec: Codec, codes: Tensor, latents: Tensor) -> list[Book]:
    quantiser = codec.model.quantiser
    whole = quantiser.encode(latents[None])
    energy = float(latents.square().sum()) + 1e-20
    out = []
    for stage in range(codec.depth):
        share = torch.bincount(codes[stage], minlength=codec.cardinality).double()
        used = float((share > 0).double().mean())
        share = share[share > 0] / share.sum()
        rest = latents - quantiser.decode(whole[:, : stage + 1])[0]
        reach = float("nan")
        if isinstance(quantiser, ResidualEma):
            before = latents - quantiser.decode(whole[:, :stage])[0] if stage else latents
            reach = float(quantiser.codes(stage).abs().max() / (before.abs().max() + 1e-20))
        out.append(
            Book(
                updates=codec.checkpoint.updates_per_quantiser[stage],
                used=used,
                perplexity=float(torch.exp(-(share * share.log()).sum())),
                reach=reach,
                left=float(rest.square().sum()) / energy,
            )
        )
    return out


def _symptoms(codec: Codec, books: list[Book], level: float, treble: float, frames: int) -> list[Symptom]:
    out = []

    def found(cause: str, severity: Severity, message: str) -> None:
        out.append(Symptom(cause, severity, message))

    trained, total = codec.depth, codec.config.quantiser.depth
    if trained < total:
        found("depth", Severity.NOTE, f"{trained} of {total} codebooks were trained; only those are used")
    possible = min(codec.cardinality, frames)
    for number, book in enumerate(books):
        if book.perplexity < min(10.0, 0.1 * possible):
            found(
                "collapsed-book",
                Severity.ERROR,
                f"codebook {number} has perplexity {book.perplexity:.1f} over {frames} frames: a handful of "
                "codes win everything. It was not started from data, or dead codes never came back",
            )
        if book.reach > 4:
            found(
                "exploded-book",
                Severity.ERROR,
                f"codebook {number} reaches {book.reach:.1f} times as far as what it quantises: codes were "
                "revived by replacing their sum and not their usage",
            )
    if not 0.8 <= level <= 1.2:
        found(
            "level",
            Severity.ERROR,
            f"decoded speech has {level:.2f} times the level of the original (0.8-1.2 expected): "
            "a loss that does not see level, or a learned gain behind the quantiser",
        )
    if treble < -15:
        found(
            "narrow",
            Severity.ERROR,
            f"the upper half of the band comes back {-treble:.0f} dB too weak: trained on speech of a lower "
            "sample rate than it says",
        )
    return out
