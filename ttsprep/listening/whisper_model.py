"""Whisper as a scorer: the encoder on as little audio as there is, the decoder on a transcript that is given.

Radford et al., "Robust speech recognition via large-scale weak supervision" (2022); the package openai-whisper.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ttsprep.errors import UsageError
from ttsprep.listening.base import RATE
from ttsprep.listening.weights import find_weights, folders
from ttsprep.types import Samples

FRAME_S = 0.02
"""One position of the encoder, in seconds."""
TAIL_S = 0.5
"""Silence after each clip, in seconds: Whisper learned to end where silence follows."""
BUCKET_S = 1.0
"""Clips are padded to a multiple of this, in seconds, so that a score does not depend on its neighbours."""
TOKENS_PER_S = 12.0
"""More are not spoken."""
WINDOW_S = 30.0
"""The longest that Whisper hears at once, in seconds."""

OTHER_NAMES = {"cmn": "zh", "nb": "no", "iw": "he", "fil": "tl", "in": "id"}
"""Languages that Whisper calls otherwise."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Forced:
    """What the decoder says of one transcript that it was made to write.

    Attributes
    ----------
    log_p
        float32 of shape (tokens + 1,): natural log of the probability of each token, and last of the end, among
        tokens that are words or the end: digits, symbols and punctuation are left out, as a corpus may spell
        them or not. Upper and lower case count as one.
    best
        float32 of shape (tokens + 1,): that of the likeliest such token in its place.
    attention
        float32 of shape (tokens + 1, frames): where each was heard; rows sum to about 1.
    """

    log_p: Floats
    best: Floats
    attention: Floats


@dataclass(frozen=True)
class Scorer:
    """A loaded model with what scoring needs of it.

    Attributes
    ----------
    model
        A `whisper.model.Whisper` on its device.
    tokenizer
        Of Whisper, for the language and for transcribing.
    heads
        Layers and heads of the cross-attention that follow the audio in time.
    unspoken
        bool of shape (vocabulary,): tokens that are no words, and not the end.
    digits
        bool of shape (vocabulary,): tokens with a digit, which free writing spells out instead.
    fold
        int of shape (vocabulary, variants): tokens that differ from each only in case or a blank before it.
    """

    model: Any
    tokenizer: Any
    heads: tuple[tuple[int, int], ...]
    unspoken: Any
    digits: Any
    fold: Any

    @property
    def longest(self) -> int:
        """Tokens of the longest text that the decoder can write."""
        return int(self.model.dims.n_text_ctx) - len(self.tokenizer.sot_sequence_including_notimestamps) - 1

    def encode(self, clips: Sequence[Samples]) -> list[Any]:
        """Return what the encoder makes of each clip: tensors of shape (frames, width) at 50 frames a second.

        Clips of the same bucket go through together; the positional embedding is cut to their length, so that
        4 s of speech do not cost 30.
        """
        import torch

        buckets: dict[int, list[int]] = {}
        for i, samples in enumerate(clips):
            buckets.setdefault(bucket(len(samples)), []).append(i)
        found: list[Any] = [None] * len(clips)
        for size, places in buckets.items():
            mels = torch.stack([self._mel(clips[i], size) for i in places])
            with torch.inference_mode():
                encoded = self._encoder(mels.to(self.model.device, self._dtype))
            for i, one in zip(places, encoded, strict=True):
                found[i] = one
        return found

    @property
    def _dtype(self) -> Any:
        import torch

        return torch.float16 if self.model.device.type == "cuda" else torch.float32

    def _mel(self, samples: Samples, size: int) -> Any:
        import torch
        from whisper.audio import log_mel_spectrogram

        padded = np.zeros(size, np.float32)
        padded[: len(samples)] = samples
        return log_mel_spectrogram(torch.from_numpy(padded), self.model.dims.n_mels)

    def _encoder(self, mels: Any) -> Any:
        """Do as `AudioEncoder.forward`, which insists on 30 s."""
        from torch.nn import functional

        encoder = self.model.encoder
        x = functional.gelu(encoder.conv1(mels))
        x = functional.gelu(encoder.conv2(x)).permute(0, 2, 1)
        x = (x + encoder.positional_embedding[: x.shape[1]]).to(x.dtype)
        for block in encoder.blocks:
            x = block(x)
        return encoder.ln_post(x)

    def force(self, encoded: Sequence[Any], texts: Sequence[Sequence[int]]) -> list[Forced]:
        """Make the decoder write a transcript, given as tokens, for each clip, in one pass a bucket."""
        buckets: dict[int, list[int]] = {}
        for i, one in enumerate(encoded):
            buckets.setdefault(len(one), []).append(i)
        found: dict[int, Forced] = {}
        for places in buckets.values():
            rows = self._force([encoded[i] for i in places], [texts[i] for i in places])
            found.update(zip(places, rows, strict=True))
        return [found[i] for i in range(len(encoded))]

    def _force(self, encoded: Sequence[Any], texts: Sequence[Sequence[int]]) -> list[Forced]:
        import torch

        start = [*self.tokenizer.sot_sequence_including_notimestamps]
        end = self.tokenizer.eot
        longest = max(map(len, texts))
        rows = [[*start, *text, *[end] * (longest - len(text) + 1)] for text in texts]
        tokens = torch.tensor(rows, device=self.model.device)
        first = len(start) - 1  # the place that foretells the first token of the text
        with torch.inference_mode(), self._watch() as attentions:
            logits = self.model.decoder(tokens[:, :-1], torch.stack(list(encoded)))[:, first:]
            logits.masked_fill_(self.unspoken, -torch.inf)
            total = logits.logsumexp(-1)
            best = logits.amax(-1) - total
            wanted = tokens[:, first + 1 :]
            log_p = logits.gather(-1, self.fold[wanted]).logsumexp(-1) - total
            weights = torch.stack([attentions[layer][:, head, first:] for layer, head in self.heads])
            weights = weights.float().softmax(-1).mean(0)
        numbers = [array.float().cpu().numpy() for array in (log_p, best, weights)]
        return [Forced(*(array[i, : len(text) + 1] for array in numbers)) for i, text in enumerate(texts)]

    def languages(self, encoded: Sequence[Any]) -> list[dict[str, float]]:
        """Return how likely each language that the model knows is spoken in each clip; {} if it knows one only."""
        import torch

        if not self.model.is_multilingual:
            return [{} for _ in encoded]
        start = torch.tensor([[self.tokenizer.sot]], device=self.model.device)
        places = list(self.tokenizer.all_language_tokens)
        rows = []
        with torch.inference_mode():
            for one in encoded:
                chances = self.model.decoder(start, one[None])[0, 0, places].float().softmax(-1).tolist()
                rows.append(dict(zip(self.tokenizer.all_language_codes, chances, strict=True)))
        return rows

    def write(self, encoded: Sequence[Any], seconds: Sequence[float]) -> list[str]:
        """Decode clips freely and greedily; a text has at most `TOKENS_PER_S` tokens a second."""
        buckets: dict[int, list[int]] = {}
        for i, one in enumerate(encoded):
            buckets.setdefault(len(one), []).append(i)
        found: dict[int, str] = {}
        for places in buckets.values():
            longest = round(max(seconds[i] for i in places) * TOKENS_PER_S) + 8
            rows = self._write([encoded[i] for i in places], longest)
            found.update(zip(places, rows, strict=True))
        return [found[i] for i in range(len(encoded))]

    def _write(self, encoded: Sequence[Any], longest: int) -> list[str]:
        import torch

        end = self.tokenizer.eot
        audio = torch.stack(list(encoded))
        start = torch.tensor(self.tokenizer.sot_sequence_including_notimestamps, device=audio.device)
        given = start.repeat(len(audio), 1)
        cache, hooks = self.model.install_kv_cache_hooks()
        written: list[Any] = []
        done = torch.zeros(len(audio), dtype=torch.bool, device=audio.device)
        try:
            with torch.inference_mode():
                for _ in range(min(longest, self.model.dims.n_text_ctx - len(start))):
                    logits = self.model.decoder(given, audio, kv_cache=cache)[:, -1]
                    logits.masked_fill_(self.digits, -torch.inf)
                    given = logits[:, : end + 1].argmax(-1, keepdim=True)
                    given[done] = end
                    done |= given[:, 0] == end
                    if done.all():
                        break
                    written.append(given)
        finally:
            for hook in hooks:
                hook.remove()
        rows = torch.cat(written, 1).tolist() if written else [[]] * len(audio)
        return [self.tokenizer.decode([token for token in row if token != end]).strip() for row in rows]

    @contextmanager
    def _watch(self) -> Iterator[dict[int, Any]]:
        """Keep the cross-attention of the layers that have heads to read."""
        from whisper.model import disable_sdpa

        seen: dict[int, Any] = {}
        hooks = [
            self.model.decoder.blocks[layer].cross_attn.register_forward_hook(
                lambda _module, _in, out, layer=layer: seen.update({layer: out[1]})
            )
            for layer in {layer for layer, _ in self.heads}
        ]
        try:
            with disable_sdpa():
                yield seen
        finally:
            for hook in hooks:
                hook.remove()


def bucket(samples: int) -> int:
    """Return to how many samples a clip of `samples` is padded."""
    step = round(BUCKET_S * RATE)
    return min(-(-(samples + round(TAIL_S * RATE)) // step) * step, round(WINDOW_S * RATE))


def weights(name: str) -> Path:
    """Return the checkpoint of a model by path or name.

    Raises
    ------
    UsageError
        If it is not on this machine; says what to fetch.
    """
    from whisper import _MODELS as PUBLISHED

    if name in PUBLISHED:
        where = f"fetch {PUBLISHED[name]} into {folders()[-1]}"
    else:
        where = f"give the path of an openai-whisper checkpoint, or one of {', '.join(sorted(PUBLISHED))}"
    return find_weights(name, (".pt", f"-{name}.pt"), where_from=where)


@cache
def load(path: str, language: str) -> Scorer:
    """Return a model for a language; the weights are loaded once in a process.

    Raises
    ------
    UsageError
        If the model does not know the language.
    """
    import torch
    from whisper.tokenizer import LANGUAGES, get_tokenizer

    model = loaded(path)
    code = language.replace("_", "-").split("-")[0].lower()
    code = OTHER_NAMES.get(code, code)
    if code not in LANGUAGES or (code != "en" and not model.is_multilingual):
        known = ", ".join(sorted(LANGUAGES)) if model.is_multilingual else "en"
        raise UsageError(f"{path} knows no language {language!r}; it knows {known}")
    tokenizer = get_tokenizer(
        model.is_multilingual, num_languages=model.num_languages, language=code, task="transcribe"
    )
    masks = (torch.from_numpy(array).to(model.device) for array in _vocabulary(tokenizer, model.dims.n_vocab))
    heads = tuple((int(layer), int(head)) for layer, head in model.alignment_heads.indices().T)
    return Scorer(model, tokenizer, heads, *masks)


@cache
def loaded(path: str) -> Any:
    """Return the model of a checkpoint, on a GPU if there is one, loaded once in a process.

    Raises
    ------
    UsageError
        If it is no checkpoint of openai-whisper.
    """
    import pickle

    import torch
    import whisper
    from whisper import _ALIGNMENT_HEADS as HEADS

    if torch.cuda.is_available():
        device = "cuda"
    else:
        device = "cpu"
        torch.set_num_threads(1)  # a process for each core is faster than a thread for each
    try:
        model = whisper.load_model(path, device=device)
    except (RuntimeError, KeyError, TypeError, OSError, ValueError, pickle.UnpicklingError) as error:
        raise UsageError(f"{path} is no openai-whisper checkpoint: {str(error).splitlines()[0]}") from None
    dims = model.dims
    sizes = {4: "tiny", 6: "base", 12: "small", 24: "medium", 32: "large-v3" if dims.n_mels == 128 else "large-v2"}
    name = "turbo" if dims.n_text_layer != dims.n_audio_layer else sizes.get(dims.n_text_layer, "")
    name += "" if model.is_multilingual else ".en"
    if name in HEADS:
        model.set_alignment_heads(HEADS[name])
    return model.half() if device == "cuda" else model


def _vocabulary(tokenizer: Any, size: int) -> tuple[npt.NDArray[Any], ...]:
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
