"""TileCodes in pieces of one fixed shape, so that how a clip is fed cannot change its codes.

A matrix product may round differently when its shape changes: the same clip coded alone, in a batch, or in
chunks would then differ in a few codes. Here every product has the same shape always: a clip is cut at
multiples of `TILE` frames, each tile is computed with the context its receptive field needs, and frames
outside the clip are masked at every layer, which is exactly what padding means there. On a CPU tiles are
computed one by one; elsewhere many at once, in batches that are filled up to one fixed size.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ttsprep.codec.network import CodecModel
from ttsprep.codec.quantisers.base import normalise
from ttsprep.core.workers.batching import in_groups

TILE = 128
"""Code frames computed at a time; context comes on top."""
_STEP = 16
"""What the size of the last tile of a clip is a multiple of."""


@dataclass(frozen=True, slots=True)
class TileCodes:
    """Codes ``(num_codebooks, frames)``, and how much of the latents they miss.

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
class Tile:
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
        return min(TILE, -(-(self.frames - self.first) // _STEP) * _STEP)

    def window(self, size: int, context: tuple[int, int], hop_length: int) -> tuple[Tensor, Tensor]:
        """Return samples and mask of `size` frames of `hop_length` samples with their context before and after."""
        start, total = self.first - context[0], size + sum(context)
        cut = _window(self.samples, (start - self.origin) * hop_length, total * hop_length)
        return cut.div_(self.scale), _mask(start, total, self.frames)


def _mask(start: int, size: int, frames: int) -> Tensor:
    place = torch.arange(start, start + size)
    return ((place >= 0) & (place < frames)).float()[:, None]


def _window(signal: Tensor, start: int, size: int) -> Tensor:
    """Cut ``[start, start + size)`` out of the first axis, zeros where there is nothing."""
    return _copy(signal.new_zeros(size, *signal.shape[1:]), signal, start)


def _copy(out: Tensor, signal: Tensor, start: int) -> Tensor:
    low, high = max(0, start), min(len(signal), start + len(out))
    if high > low:
        out[low - start : high - start] = signal[low:high]
    return out


@torch.inference_mode()
def encode_tiles(
    model: CodecModel, pieces: Sequence[Tile], num_codebooks: int, beam: int = 1, *, rows: int = 0
) -> list[TileCodes]:
    """Code tiles of any clips by a model in evaluation mode.

    With `rows`, in one batch of so many, empty ones behind the tiles: rounding may depend on the size of a batch. 0
    computes tiles one by one.
    """
    context, hop_length = model.config.encoder_context, model.config.hop_length
    if not rows:
        parts = []
        for piece in pieces:
            window, mask = piece.window(piece.size, context, hop_length)
            parts.append(_encode(model, window[None], mask[None], num_codebooks, beam))
        done = [(codes[0], missed[0], energy[0]) for codes, missed, energy in parts]
    else:
        samples, masks = _batch(pieces, max(rows, len(pieces)), context, hop_length, model.encoder.leave.weight.device)
        codes, missed, energy = _encode(model, samples, masks, num_codebooks, beam)
        inside = masks[:, context[0] : context[0] + TILE, 0]
        sums = (torch.stack([missed, energy]) * inside).cpu()
        done = list(zip(codes.cpu(), *sums, strict=True))[: len(pieces)]
    out = []
    for piece, (codes, missed, energy) in zip(pieces, done, strict=True):
        n = min(TILE, piece.frames - piece.first)
        out.append(TileCodes(codes[:, :n], float(missed[:n].sum()), float(energy[:n].sum())))
    return out


def _batch(
    pieces: Sequence[Tile], rows: int, context: tuple[int, int], hop_length: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return samples and masks of tiles on a device; of a GPU, copied from pinned memory while the host goes on."""
    total = TILE + sum(context)
    pinned = device.type == "cuda" and torch.cuda.is_available()
    held = torch.zeros(rows, total * hop_length, pin_memory=pinned)
    places = torch.zeros(2, rows, dtype=torch.int64, pin_memory=pinned)
    scales = torch.ones(rows, 1, pin_memory=pinned)
    for row, piece in enumerate(pieces):
        start = piece.first - context[0]
        _copy(held[row], piece.samples, (start - piece.origin) * hop_length)
        places[0, row], places[1, row], scales[row] = start, piece.frames, piece.scale
    samples = held.to(device, non_blocking=True) / scales.to(device, non_blocking=True)
    starts, frames = places.to(device, non_blocking=True)[..., None]
    place = starts + torch.arange(total, device=device)
    return samples, ((place >= 0) & (place < frames)).float()[..., None]


def _encode(
    model: CodecModel, windows: Tensor, masks: Tensor, num_codebooks: int, beam: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return codes ``(pieces, num_codebooks, size)``, and squares ``(pieces, size)`` of what is missed and of all."""
    before, after = model.config.encoder_context
    latents = model.encoder(windows, masks)
    latents = latents[:, before : latents.shape[1] - after].contiguous()
    codes = model.quantiser.encode(latents, num_codebooks, beam)
    wanted = normalise(latents.float(), model.config.quantiser.normalise)
    missed = wanted - model.quantiser.decode(codes)
    return codes, missed.square().sum(-1), wanted.square().sum(-1)


@torch.inference_mode()
def decode_tile(model: CodecModel, codes: Tensor, first: int) -> Tensor:
    """Return the samples of the tile that begins at frame `first` of codes ``(num_codebooks, frames)``."""
    (before, after), size = model.config.decoder_context, model.config.hop_length
    total = before + TILE + after
    frames = codes.shape[1]
    device = model.encoder.leave.weight.device
    part = _window(codes.t(), first - before, total).t().contiguous().to(device)
    mask = _mask(first - before, total, frames)[None].to(device)
    latents = model.quantiser.decode(part[None]) * mask
    samples: Tensor = model.decoder(latents, mask)[0, before * size : (before + TILE) * size]
    return samples[: min(TILE, frames - first) * size].cpu()


def cut(samples: Tensor, scale: float, hop_length: int) -> list[Tile]:
    """Return the tiles of a whole clip."""
    frames = -(-len(samples) // hop_length)
    return [Tile(samples, first, frames, scale) for first in range(0, frames, TILE)]


def join(parts: Sequence[TileCodes], num_codebooks: int) -> TileCodes:
    """Return the coding of a clip from those of its tiles."""
    codes = torch.cat([part.codes for part in parts], 1) if parts else torch.zeros(num_codebooks, 0, dtype=torch.int64)
    return TileCodes(codes, sum(part.missed for part in parts), sum(part.energy for part in parts))


def encode_tiled(
    model: CodecModel,
    clips: Sequence[tuple[Tensor, float]],
    num_codebooks: int,
    beam: int = 1,
    *,
    at_once: int = 1,
    on_oom: Callable[[int], None] = lambda _: None,
) -> list[TileCodes]:
    """Code whole clips, given as samples and the scale that each is divided by.

    `at_once` tiles are computed together where the model is not on a CPU, always so many; half where memory runs out:
    then `on_oom` is called.
    """
    fills = model.encoder.leave.weight.device.type != "cpu"

    def less(now: int) -> None:
        nonlocal at_once
        at_once = now
        on_oom(now)

    def work(group: Sequence[Tile]) -> list[TileCodes]:
        return encode_tiles(model, group, num_codebooks, beam, rows=at_once if fills else 0)

    tiles = [cut(samples, scale, model.config.hop_length) for samples, scale in clips]
    flat = [piece for pieces in tiles for piece in pieces]
    coded = in_groups(work, flat, at_once, less)
    return [join([next(coded) for _ in pieces], num_codebooks) for pieces in tiles]


def decode_tiled(model: CodecModel, codes: Tensor) -> Tensor:
    """Return samples at unit speech level of codes ``(num_codebooks, frames)``."""
    parts = [decode_tile(model, codes, first) for first in range(0, codes.shape[1], TILE)]
    return torch.cat(parts) if parts else torch.zeros(0)


def encode_stream(
    model: CodecModel, chunks: Iterator[Tensor], scale: float, num_codebooks: int, beam: int = 1, *, rows: int = 0
) -> Iterator[TileCodes]:
    """Code a clip that arrives in chunks of any size, in bounded memory; `scale` is that of the whole clip.

    What it yields is of consecutive tiles; joined it equals that of `encode_tiled`, bit for bit.
    """
    (before, after), size = model.config.encoder_context, model.config.hop_length
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
            yield from encode_tiles(model, [Tile(held, first, frames, scale, origin)], num_codebooks, beam, rows=rows)
            first += TILE
            drop = max(0, first - before) - origin
            held, origin = held[drop * size :], origin + drop
