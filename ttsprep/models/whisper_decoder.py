"""Whisper's decoder on clips of different lengths at once: over texts that are given, and a step at a time.

The same sums as `whisper.model.TextDecoder.forward`. What is spared: keys and values of the audio are made once, the
attention is only kept where it follows the audio, and only the places that are asked for meet the vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

AT_ONCE = 256
"""Places whose chances are kept at once: so many by the vocabulary are 50 MB."""


@dataclass
class _Audio:
    """What the decoder hears.

    Attributes
    ----------
    keys, values
        Of each layer, of shape (clips, heads, frames, width).
    mask
        bool of shape (clips, 1, 1, frames): which frames are there; None if all are.
    past
        Keys and values of the tokens so far, of each layer; empty before the first.
    """

    keys: list[Any]
    values: list[Any]
    mask: Any
    past: list[tuple[Any, Any]] = field(default_factory=list)

    def keep(self, rows: Any) -> None:
        """Go on with some of the clips."""
        self.keys, self.values = ([layer[rows] for layer in layers] for layers in (self.keys, self.values))
        self.mask = None if self.mask is None else self.mask[rows]
        self.past = [(keys[rows], values[rows]) for keys, values in self.past]


def hear(decoder: Any, encoded: Sequence[Any]) -> _Audio:
    """Return keys and values of clips, each a tensor of shape (frames, width); shorter ones are padded and masked."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    audio = pad_sequence(list(encoded), batch_first=True)
    mask = None
    if len({len(one) for one in encoded}) > 1:
        frames = torch.tensor([len(one) for one in encoded], device=audio.device)
        mask = (torch.arange(audio.shape[1], device=audio.device) < frames[:, None])[:, None, None]
    layers = [block.cross_attn for block in decoder.blocks]
    return _Audio([_heads(a, a.key(audio)) for a in layers], [_heads(a, a.value(audio)) for a in layers], mask)


def decode_pass(decoder: Any, tokens: Any, audio: _Audio, heads: Sequence[tuple[int, int]] = ()) -> tuple[Any, Any]:
    """Return the state after each token, and how some heads attend to the audio.

    Parameters
    ----------
    decoder
        A `whisper.model.TextDecoder`.
    tokens
        int of shape (clips, tokens): all of a text, or one more; `audio.past` grows by them.
    audio
        Of `hear`.
    heads
        Layers and heads to look at.

    Returns
    -------
    tuple
        Tensors of shape (clips, tokens, width) and (clips, tokens, frames): the mean over `heads` of the attention,
        0 where there are none.
    """
    from torch.nn.functional import scaled_dot_product_attention as attend

    at = audio.past[0][0].shape[2] if audio.past else 0
    x = decoder.token_embedding(tokens) + decoder.positional_embedding[at : at + tokens.shape[1]]
    seen = 0.0
    past, audio.past = audio.past, []
    for layer, block in enumerate(decoder.blocks):
        own, cross = block.attn, block.cross_attn
        normal = block.attn_ln(x)
        query, keys, values = (_heads(own, made(normal)) for made in (own.query, own.key, own.value))
        if past:
            keys, values = (_joined(before, now) for before, now in zip(past[layer], (keys, values), strict=True))
        audio.past.append((keys, values))
        x = x + own.out(_merged(attend(query, keys, values, is_causal=tokens.shape[1] > 1)))
        query = _heads(cross, cross.query(block.cross_attn_ln(x)))
        for head in (head for place, head in heads if place == layer):
            seen = seen + _attention(query[:, head], audio.keys[layer][:, head], audio.mask)
        x = x + cross.out(_merged(attend(query, audio.keys[layer], audio.values[layer], attn_mask=audio.mask)))
        x = x + block.mlp(block.mlp_ln(x))
    return decoder.ln(x), seen / max(1, len(heads))


def logits(decoder: Any, states: Any) -> Any:
    """Return how the vocabulary fits after states of shape (..., width), before the softmax, as float32."""
    return (states @ decoder.token_embedding.weight.T).float()


def _heads(attention: Any, x: Any) -> Any:
    return x.unflatten(-1, (attention.n_head, -1)).transpose(1, 2)


def _merged(x: Any) -> Any:
    return x.transpose(1, 2).flatten(2)


def _joined(before: Any, now: Any) -> Any:
    import torch

    return torch.cat([before, now], 2)


def _attention(query: Any, keys: Any, mask: Any) -> Any:
    fit = (query @ keys.transpose(-1, -2)).float() * query.shape[-1] ** -0.5
    if mask is not None:
        fit = fit.masked_fill(~mask[:, 0], float("-inf"))
    return fit.softmax(-1)


def vocabulary(tokenizer: Any, size: int) -> tuple[npt.NDArray[Any], ...]:
    """Return which tokens are no words, which have a digit, and which differ only in case."""
    unspoken, digits = np.ones(size, bool), np.zeros(size, bool)
    alike: dict[bytes, list[int]] = {}
    for token in range(tokenizer.eot):
        piece = tokenizer.encoding.decode_single_token_bytes(token)
        unspoken[token] = _is_unspoken(piece)
        digits[token] = any(character in b"0123456789" for character in piece)
        alike.setdefault(piece.lower(), []).append(token)
    unspoken[tokenizer.eot] = False
    fold = np.full((size, max(map(len, alike.values()))), tokenizer.sot)  # which is unspoken: adds nothing
    fold[:, 0] = np.arange(size)
    for tokens in alike.values():
        fold[tokens, : len(tokens)] = tokens
    return unspoken, digits, fold


def _is_unspoken(piece: bytes) -> bool:
    try:
        text = piece.decode()
    except UnicodeDecodeError:
        return False  # a part of a character
    return not any(character.isalpha() for character in text) and "'" not in text
