"""Coding in pieces of one fixed shape, so that how a clip is fed cannot change its codes.

A matrix product may round differently when its shape changes: the same clip coded alone, in a batch, or in
chunks would then differ in a few codes. Here every product has the same shape always: a clip is cut at
multiples of `TILE` frames, each tile is computed with the context its receptive field needs, and frames
outside the clip are masked at every layer, which is exactly what padding means there. On a CPU tiles are
computed one by one, elsewhere many at once.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ttsprep.codec.memory import in_groups
from ttsprep.codec.model import CodecModel
from ttsprep.codec.quantisers.base import normalised

TILE = 128
"""Code frames computed at a time; context comes on top."""
STEP = 16
"""What the size of the last tile of a clip is a multiple of."""


@dataclass(frozen=True, slots=True)
class Coding:
    """Codes ``(depth, frames)``, and how much of the latents they miss.

    Attributes
    ----------
    codes
        int64, on the CPU.
    missed, energy
        Sums of squares: latents less what the codes stand for, and latents.
    """

    codes: Tensor
    missed: float
    energy: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A tile of a clip at unit speech level.

    Attributes
    ----------
    samples
        Of the clip; only what the tile and its context cover need be there.
    first, frames
        Frame at which the tile begins, a multiple of `TILE`, and frames of the whole clip.
    scale
        What `samples` is divided by.
    origin
        The frame at which `samples` begins, where the start of the clip is no longer held.
    """

    samples: Tensor
    first: int
    frames: int
    scale: float = 1.0
    origin: int = 0

    @property
    def size(self) -> int:
        """Frames to compute, which depends on nothing but the place of the tile in its clip."""
        return min(TILE, -(-(self.frames - self.first) // STEP) * STEP)

    def window(self, size: int, before: int, after: int, frame: int) -> tuple[Tensor, Tensor]:
        """Return samples and mask of `size` frames of `frame` samples with their context."""
        start, total = self.first - before, before + size + after
        cut = _window(self.samples, (start - self.origin) * frame, total * frame)
        return cut.div_(self.scale), _mask(start, total, self.frames)


def _mask(start: int, size: int, frames: int) -> Tensor:
    place = torch.arange(start, start + size)
    return ((place >= 0) & (place < frames)).float()[:, None]


def _window(signal: Tensor, start: int, size: int) -> Tensor:
    """Cut ``[start, start + size)`` out of the first axis, zeros where there is nothing."""
    out = signal.new_zeros(size, *signal.shape[1:])
    low, high = max(0, start), min(len(signal), start + size)
    if high > low:
        out[low - start : high - start] = signal[low:high]
    return out


@torch.inference_mode()
def encode_tiles(
    model: CodecModel, pieces: Sequence[Piece], depth: int, beam: int = 1, *, together: bool | None = None
) -> list[Coding]:
    """Code tiles.

    Parameters
    ----------
    model
        In evaluation mode.
    pieces
        Of any clips.
    depth, beam
        Codebooks, and choices kept from one to the next.
    together
        All in one batch, which may round differently with its size; None does so where the model is not on a CPU.
    """
    context, frame = model.config.encoder_context, model.config.frame
    device = model.encoder.leave.weight.device
    if not (device.type != "cpu" if together is None else together):
        windows = [piece.window(piece.size, *context, frame) for piece in pieces]
        parts = [_encode(model, w[None], m[None], depth, beam) for w, m in windows]
    else:  # all of one size, for one batch
        windows = [piece.window(TILE, *context, frame) for piece in pieces]
        samples, masks = (torch.stack(part).to(device) for part in zip(*windows, strict=True))
        done = [part.cpu() for part in _encode(model, samples, masks, depth, beam)]
        parts = [(codes[None], missed[None], energy[None]) for codes, missed, energy in zip(*done, strict=True)]
    out = []
    for piece, (codes, missed, energy) in zip(pieces, parts, strict=True):
        n = min(TILE, piece.frames - piece.first)
        out.append(Coding(codes[0, :, :n], float(missed[0, :n].sum()), float(energy[0, :n].sum())))
    return out


def _encode(model: CodecModel, windows: Tensor, masks: Tensor, depth: int, beam: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return codes ``(pieces, depth, size)``, and squares ``(pieces, size)`` of what is missed and of all."""
    before, after = model.config.encoder_context
    latents = model.encoder(windows, masks)
    latents = latents[:, before : latents.shape[1] - after].contiguous()
    codes = model.quantiser.encode(latents, depth, beam)
    wanted = normalised(latents.float(), model.config.quantiser.normalise)
    missed = wanted - model.quantiser.decode(codes)
    return codes, missed.square().sum(-1), wanted.square().sum(-1)


@torch.inference_mode()
def decode_tile(model: CodecModel, codes: Tensor, first: int) -> Tensor:
    """Return the samples of the tile that begins at frame `first` of codes ``(depth, frames)``."""
    (before, after), size = model.config.decoder_context, model.config.frame
    total = before + TILE + after
    frames = codes.shape[1]
    device = model.encoder.leave.weight.device
    part = _window(codes.t(), first - before, total).t().contiguous().to(device)
    mask = _mask(first - before, total, frames)[None].to(device)
    latents = model.quantiser.decode(part[None]) * mask
    samples: Tensor = model.decoder(latents, mask)[0, before * size : (before + TILE) * size]
    return samples[: min(TILE, frames - first) * size].cpu()


def cut(samples: Tensor, scale: float, frame: int) -> list[Piece]:
    """Return the tiles of a whole clip."""
    frames = -(-len(samples) // frame)
    return [Piece(samples, first, frames, scale) for first in range(0, frames, TILE)]


def join(parts: Sequence[Coding], depth: int) -> Coding:
    """Return the coding of a clip from those of its tiles."""
    codes = torch.cat([part.codes for part in parts], 1) if parts else torch.zeros(depth, 0, dtype=torch.int64)
    return Coding(codes, sum(part.missed for part in parts), sum(part.energy for part in parts))


def encode(
    model: CodecModel,
    clips: Sequence[tuple[Tensor, float]],
    depth: int,
    beam: int = 1,
    *,
    at_once: int = 1,
    on_less: Callable[[int], None] = lambda _: None,
) -> list[Coding]:
    """Code whole clips.

    Parameters
    ----------
    model
        In evaluation mode.
    clips
        Samples, and the scale each is divided by.
    depth, beam
        As for `encode_tiles`.
    at_once
        Tiles computed together; fewer where memory runs out.
    on_less
        Told how many, then.
    """
    tiles = [cut(samples, scale, model.config.frame) for samples, scale in clips]
    flat = [piece for pieces in tiles for piece in pieces]
    coded = iter(in_groups(lambda group: encode_tiles(model, group, depth, beam), flat, at_once, on_less))
    return [join([next(coded) for _ in pieces], depth) for pieces in tiles]


def decode(model: CodecModel, codes: Tensor) -> Tensor:
    """Return samples at unit speech level of codes ``(depth, frames)``."""
    parts = [decode_tile(model, codes, first) for first in range(0, codes.shape[1], TILE)]
    return torch.cat(parts) if parts else torch.zeros(0)


def encode_stream(
    model: CodecModel, chunks: Iterator[Tensor], scale: float, depth: int, beam: int = 1
) -> Iterator[Coding]:
    """Code a clip that arrives in chunks of any size; memory stays bounded.

    Parameters
    ----------
    model
        In evaluation mode.
    chunks
        Samples.
    scale
        Of the whole clip: what the samples are divided by.
    depth, beam
        As for `encode_tiles`.

    Yields
    ------
    Coding
        Of consecutive tiles; joined they equal that of `encode`, bit for bit.
    """
    (before, after), size = model.config.encoder_context, model.config.frame
    held = torch.zeros(0)
    origin, first, ended = 0, 0, False  # frame at which `held` begins; the next tile
    while not ended:
        chunk = next(chunks, None)
        ended = chunk is None
        if chunk is not None:
            held = torch.cat([held, chunk])
        known = origin * size + len(held)
        frames = -(-known // size)
        while (first + TILE + after) * size < known or (ended and first < frames):
            # While more is to come, the clip is at least as long as this tile sees.
            yield from encode_tiles(model, [Piece(held, first, frames, scale, origin)], depth, beam)
            first += TILE
            drop = max(0, first - before) - origin
            held, origin = held[drop * size :], origin + drop
