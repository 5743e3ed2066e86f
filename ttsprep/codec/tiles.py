"""Coding in pieces of one fixed shape, so that how a clip is fed cannot change its codes.

A matrix product may round differently when its shape changes: the same clip coded alone, in a batch, or in
chunks would then differ in a few codes. Here every product has the same shape always: a clip is cut at
multiples of `TILE` frames, each tile is computed with the context its receptive field needs, and frames
outside the clip are masked at every layer, which is exactly what padding means there.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from ttsprep.codec.model import CodecModel

TILE = 128
"""Code frames computed at a time; context comes on top."""


def _mask(start: int, size: int, frames: int) -> Tensor:
    place = torch.arange(start, start + size)
    return ((place >= 0) & (place < frames)).float()[None, :, None]


def _window(signal: Tensor, start: int, size: int) -> Tensor:
    """Cut ``[start, start + size)`` out of the last axis but feature axes, zeros where there is nothing."""
    out = signal.new_zeros(size, *signal.shape[1:])
    low, high = max(0, start), min(len(signal), start + size)
    if high > low:
        out[low - start : high - start] = signal[low:high]
    return out


@torch.inference_mode()
def encode_tile(
    model: CodecModel, samples: Tensor, first: int, frames: int, depth: int, *, beam: int = 1, origin: int = 0
) -> Tensor:
    """Return the codes ``(depth, up to TILE)`` of the tile that begins at frame `first`.

    Parameters
    ----------
    model
        In evaluation mode.
    samples
        The clip at unit speech level; only what the tile and its context cover need be right.
    first
        A multiple of `TILE`.
    frames
        Of the whole clip.
    depth, beam
        Codebooks, and choices kept from one to the next.
    origin
        The frame at which `samples` begins, where the start of the clip is no longer held.
    """
    context, size = model.encoder.context, model.config.frame
    total = TILE + 2 * context
    window = _window(samples, (first - context - origin) * size, total * size)
    latents = model.encoder(window[None], _mask(first - context, total, frames))
    codes = model.quantiser.encode(latents[:, context : context + TILE].contiguous(), depth, beam)
    return codes[0, :, : min(TILE, frames - first)]


@torch.inference_mode()
def decode_tile(model: CodecModel, codes: Tensor, first: int) -> Tensor:
    """Return the samples of the tile that begins at frame `first` of codes ``(depth, frames)``."""
    context, size = model.decoder.context, model.config.frame
    total = TILE + 2 * context
    frames = codes.shape[1]
    part = _window(codes.t(), first - context, total).t().contiguous()
    mask = _mask(first - context, total, frames)
    latents = model.quantiser.decode(part[None]) * mask
    samples: Tensor = model.decoder(latents, mask)[0, context * size : (context + TILE) * size]
    return samples[: min(TILE, frames - first) * size]


def encode(model: CodecModel, samples: Tensor, depth: int, beam: int = 1) -> Tensor:
    """Return codes ``(depth, frames)`` of a whole clip at unit speech level."""
    frames = -(-len(samples) // model.config.frame)
    parts = [encode_tile(model, samples, first, frames, depth, beam=beam) for first in range(0, frames, TILE)]
    return torch.cat(parts, 1) if parts else torch.zeros(depth, 0, dtype=torch.int64)


def decode(model: CodecModel, codes: Tensor) -> Tensor:
    """Return samples at unit speech level of codes ``(depth, frames)``."""
    parts = [decode_tile(model, codes, first) for first in range(0, codes.shape[1], TILE)]
    return torch.cat(parts) if parts else torch.zeros(0)


def encode_stream(model: CodecModel, chunks: Iterator[Tensor], depth: int, beam: int = 1) -> Iterator[Tensor]:
    """Code a clip that arrives in chunks of any size; memory stays bounded.

    Parameters
    ----------
    model
        In evaluation mode.
    chunks
        Samples at unit speech level.
    depth, beam
        Codebooks, and choices kept from one to the next.

    Yields
    ------
    Tensor
        Codes ``(depth, frames)``; joined they equal those of `encode`, bit for bit.
    """
    context, size = model.encoder.context, model.config.frame
    held = torch.zeros(0)
    origin, first, ended = 0, 0, False  # frame at which `held` begins; the next tile
    while not ended:
        chunk = next(chunks, None)
        ended = chunk is None
        if chunk is not None:
            held = torch.cat([held, chunk])
        known = origin * size + len(held)
        frames = -(-known // size)
        while (first + TILE + context) * size < known or (ended and first < frames):
            # While more is to come, the clip is at least as long as this tile sees.
            yield encode_tile(model, held, first, frames, depth, beam=beam, origin=origin)
            first += TILE
            drop = max(0, first - context) - origin
            held, origin = held[drop * size :], origin + drop
