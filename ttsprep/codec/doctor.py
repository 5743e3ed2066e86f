"""Is this checkpoint healthy? Every codebook is looked at on real speech; the verdict names the cause."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ttsprep.codec.codebook_stats import entropy
from ttsprep.codec.codec import Codec, speech_level
from ttsprep.codec.quantisers.base import normalise
from ttsprep.codec.quantisers.rvq import ResidualEma
from ttsprep.codec.training.losses import spectrum
from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Samples, Severity


@dataclass(frozen=True, slots=True)
class CodebookHealth:
    """One codebook; what only speech can show is NaN without it.

    Attributes
    ----------
    updates
        Training steps it had.
    used
        Share of its codes that occur.
    perplexity
        As many codes, used equally, would say as much.
    range, norm
        Largest coordinate of its codes, and their mean length; NaN for kinds whose codes are not vectors of the
        latent space.
    reach
        `range` relative to the largest coordinate of what it was given to quantise.
    left
        Share of the energy of the latents that is left after it.
    """

    updates: int
    used: float
    perplexity: float
    range: float
    norm: float
    reach: float
    left: float


@dataclass(frozen=True, slots=True)
class Issue:
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
    drift_db
        How far the output projection has drifted from the level it was calibrated to: decoded latents that were not
        quantised, over the original, without `output_gain`.
    treble_db
        Energy in the upper half of the band, decoded over original.
    issues
        Empty for a healthy checkpoint.
    """

    books: list[CodebookHealth]
    level: float
    drift_db: float
    treble_db: float
    issues: list[Issue]


def health_check(codec: Codec, clips: Sequence[Samples] | None) -> Health:
    """Examine a codec, on speech if there is any.

    Parameters
    ----------
    codec
        Loaded from its checkpoint: what is wrong with the file itself has been refused by then.
    clips
        Speech at its sample rate; a minute or more, the more the truer the perplexities. None: only the weights are
        looked at.

    Returns
    -------
    Health
    """
    torch.set_num_threads(1)
    if clips is not None and sum(map(len, clips)) < codec.sample_rate:
        raise CorpusError("at least a second of speech is needed to health_check a codec")
    nan = float("nan")
    if codec.num_codebooks == 0:
        message = "no codebook was trained: the run never got past its warm-up"
        return Health([], nan, nan, nan, [Issue("untrained", Severity.ERROR, message)])
    if clips is None:
        books = _books(codec, None, None)
        return Health(books, nan, nan, nan, list(_issues(codec, books, nan, nan, nan, 0)))
    coded = codec.encode(clips)
    decoded = codec.decode(coded)
    energy_in = sum(float(np.square(c, dtype=np.float64).sum()) for c in clips)
    energy_out = sum(float(np.square(c, dtype=np.float64).sum()) for c in decoded)
    level = (energy_out / (energy_in + 1e-20)) ** 0.5
    treble = _treble_db(decoded) - _treble_db(clips)
    codes = torch.from_numpy(np.concatenate([c.codes for c in coded], 1).astype(np.int64))
    latents, drift = _latents(codec, clips)
    books = _books(codec, codes, latents)
    issues = _issues(codec, books, level, drift, treble, codes.shape[1])
    return Health(books, level, drift, treble, list(issues))


@torch.inference_mode()
def _latents(codec: Codec, clips: Sequence[Samples]) -> tuple[Tensor, float]:
    """Return latents ``(frames, dim)``, and the level in dB of what they decode to unquantised, over the original."""
    size, model, out = codec.config.hop_length, codec.model, []
    energy_in = energy_out = 0.0
    for clip in clips:
        whole = torch.from_numpy(clip / np.float32(speech_level(clip, codec.sample_rate)))
        if len(whole) >= size:
            samples = whole[None, : len(whole) // size * size]
            latents = model.encoder(samples)
            bare = model.quantiser(latents, torch.zeros(1, dtype=torch.int64), torch.Generator()).latents
            energy_in += float(samples.square().sum())
            energy_out += float(model.decoder(bare).square().sum())
            out.append(latents[0])
    return torch.cat(out), 10 * math.log10((energy_out + 1e-20) / (energy_in + 1e-20))


def _treble_db(clips: Sequence[Samples]) -> float:
    total = torch.zeros(257)
    for clip in clips:
        if len(clip) >= 512:
            total += spectrum(torch.from_numpy(clip)[None], 512).square().sum(-1).sum((0, 2))
    return float(10 * (total[128:].sum() / (total.sum() + 1e-20) + 1e-9).log10())


@torch.inference_mode()
def _books(codec: Codec, codes: Tensor | None, latents: Tensor | None) -> list[CodebookHealth]:
    quantiser, nan, out = codec.model.quantiser, float("nan"), []
    if latents is not None:
        latents = normalise(latents, codec.config.quantiser.normalise)
        whole = quantiser.encode(latents[None])
    for stage in range(codec.num_codebooks):
        used = perplexity = spread = norm = reach = left = nan
        if isinstance(quantiser, ResidualEma):
            vectors = quantiser.codes(stage)
            spread, norm = float(vectors.abs().max()), float(vectors.norm(dim=1).mean())
        if codes is not None and latents is not None:
            counts = torch.bincount(codes[stage], minlength=codec.codebook_size).numpy()
            used, perplexity = float((counts > 0).mean()), 2 ** entropy(counts)
            before = latents - quantiser.decode(whole[:, :stage])[0] if stage else latents
            reach = spread / (float(before.abs().max()) + 1e-20)
            rest = latents - quantiser.decode(whole[:, : stage + 1])[0]
            left = float(rest.square().sum() / (latents.square().sum() + 1e-20))
        updates = codec.checkpoint.updates_per_quantiser[stage]
        out.append(CodebookHealth(updates, used, perplexity, spread, norm, reach, left))
    return out


def _issues(
    codec: Codec, books: list[CodebookHealth], level: float, drift: float, treble: float, frames: int
) -> list[Issue]:
    out = []

    def add(cause: str, severity: Severity, message: str) -> None:
        out.append(Issue(cause, severity, message))

    trained, total = codec.num_codebooks, codec.config.quantiser.num_codebooks
    if trained < total:
        add("codebooks", Severity.NOTE, f"{trained} of {total} codebooks were trained; only those are used")
    possible = min(codec.codebook_size, frames)
    for number, book in enumerate(books):
        if book.perplexity < min(10.0, 0.1 * possible):
            add(
                "collapsed-book",
                Severity.ERROR,
                f"codebook {number} has perplexity {book.perplexity:.1f} over {frames} frames: a handful of "
                "codes win everything. It was not started from data, or dead codes never came back",
            )
        if book.reach > 4:
            add(
                "exploded-book",
                Severity.ERROR,
                f"codebook {number} reaches {book.reach:.1f} times as far as what it quantises: codes were "
                "revived by replacing their sum and not their usage",
            )
    if level < 0.8 or level > 1.2:
        where = "its output projection has drifted" if abs(drift) > 2 else "it is lost in the quantiser"
        add(
            "level",
            Severity.ERROR,
            f"decoded speech has {level:.2f} times the level of the original (0.8-1.2 expected), {drift:+.1f} dB "
            f"without the quantiser: {where}. A loss that does not see level, or a learned gain behind the quantiser",
        )
    if treble < -15:
        add(
            "narrow",
            Severity.ERROR,
            f"the upper half of the band comes back {-treble:.0f} dB too weak: trained on speech of a lower "
            "sample rate than it says",
        )
    return out
