"""Whisper as a scorer: the encoder on as little audio as there is, the decoder on a transcript that is given.

Radford et al., "Robust speech recognition via large-scale weak supervision" (2022); the package openai-whisper.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ttsprep.core.errors import UsageError
from ttsprep.core.types import Samples
from ttsprep.core.untrusted import refuse_bomb
from ttsprep.core.workers.batching import in_groups
from ttsprep.models.base import RATE, ModelInput, find_weights, folders
from ttsprep.models.whisper_decoder import AT_ONCE, decode_pass, hear, logits, vocabulary

POSITION_S = 0.02
"""One position of the encoder, in seconds."""
TAIL_S = 0.5
"""Silence after each clip, in seconds: Whisper learned to end where silence follows."""
BUCKET_S = 0.5
"""Clips are padded to a multiple of this, in seconds, so that a score does not depend on its neighbours."""
TOKENS_PER_S = 12.0
"""More are not spoken."""
PAUSES_S = 8.0
"""A text has a token for every second beyond this: Whisper likes to stop after a sentence, where a pause follows."""
LOOP_TIMES, LOOP_TOKENS = 3, 12
"""A text that ends in the same, at least so often and in so many tokens, goes on for ever."""
TOGETHER_S = 240.0
"""Padded audio that goes through the model at once, in seconds; less where memory runs out."""
_WINDOW_S = 30.0
"""The window of the encoder, in seconds."""
LONGEST_S = _WINDOW_S - TAIL_S
"""The longest clip that is scored or transcribed, in seconds."""

OTHER_NAMES = {"cmn": "zh", "nb": "no", "iw": "he", "fil": "tl", "in": "id"}
"""Languages that Whisper calls otherwise."""

_Item = TypeVar("_Item")
_Floats = npt.NDArray[np.float32]


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
    no_speech
        How likely the model finds it that nothing is said: what it would write in the very first place.
    languages
        How likely each language that the model knows is spoken, in the same place; {} if it knows one only.
    """

    log_p: _Floats
    best: _Floats
    attention: _Floats
    no_speech: float = float("nan")
    languages: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
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
        sizes = [bucket(len(samples)) for samples in clips]
        return self._grouped(lambda places: self._encode([clips[i] for i in places], sizes[places[0]]), sizes)

    def _grouped(self, work: Callable[[Sequence[int]], Sequence[_Item]], sizes: Sequence[int]) -> list[_Item]:
        """Return what `work` makes of the places of clips of one size (in samples), in the order of the clips."""
        groups: dict[int, _Item] = {}
        for size in sorted(set(sizes)):
            places = [i for i, other in enumerate(sizes) if other == size]
            at_once = max(1, min(len(places), int(TOGETHER_S * RATE) // size))
            groups.update(zip(places, in_groups(work, places, at_once), strict=True))
        return [groups[i] for i in range(len(sizes))]

    def _encode(self, clips: Sequence[Samples], size: int) -> Sequence[Any]:
        import torch

        mels = torch.stack([self._mel(samples, size) for samples in clips])
        with torch.inference_mode():
            return list(self._encoder(mels.to(self.model.device, self._dtype)))

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
        """Make the decoder write a transcript, given as tokens, for each clip, in one pass a length."""
        return self._grouped(
            lambda places: self._force([encoded[i] for i in places], [texts[i] for i in places]),
            [round(len(one) * POSITION_S * RATE) for one in encoded],
        )

    def _force(self, encoded: Sequence[Any], texts: Sequence[Sequence[int]]) -> list[Forced]:
        import torch

        decoder, device = self.model.decoder, self.model.device
        start = [*self.tokenizer.sot_sequence_including_notimestamps]
        end = self.tokenizer.eot
        longest = max(map(len, texts))
        rows = [[*start, *text, *[end] * (longest - len(text))] for text in texts]
        first = len(start) - 1  # the place that foretells the first token of the text
        with torch.inference_mode():
            tokens = torch.tensor(rows, device=device)
            states, attention = decode_pass(decoder, tokens, hear(decoder, encoded), self.heads)
            asked = torch.cat([states[i, first : first + len(text) + 1] for i, text in enumerate(texts)])
            wanted = torch.tensor([token for text in texts for token in (*text, end)], device=device)
            pieces = (slice(i, i + AT_ONCE) for i in range(0, len(asked), AT_ONCE))
            chances = torch.cat([self._chances(asked[piece], wanted[piece]) for piece in pieces], 1).cpu().numpy()
            attention = attention[:, first:].cpu().numpy()
            opening = logits(decoder, states[:, 0])
            silent = opening.softmax(-1)[:, self.tokenizer.no_speech].tolist()
            languages = self._languages_of(opening)
        ends = np.cumsum([len(text) + 1 for text in texts])
        pairs = np.split(chances, ends[:-1], axis=1)
        return [
            Forced(log_p, best, one[: len(log_p)], *language)
            for (log_p, best), one, *language in zip(pairs, attention, silent, languages, strict=True)
        ]

    def _languages_of(self, opening: Any) -> list[dict[str, float]]:
        if not self.model.is_multilingual:
            return [{}] * len(opening)
        chances = opening[:, list(self.tokenizer.all_language_tokens)].softmax(-1).tolist()
        return [dict(zip(self.tokenizer.all_language_codes, row, strict=True)) for row in chances]

    def _chances(self, states: Any, wanted: Any) -> Any:
        """Return the log-probability of tokens, and of the likeliest one, after states of the decoder."""
        import torch

        fits = logits(self.model.decoder, states).masked_fill_(self.unspoken, -torch.inf)
        wished = fits.gather(-1, self.fold[wanted]).logsumexp(-1)
        best = fits.amax(-1)
        total = best + fits.sub_(best[:, None]).exp_().sum(-1).log()
        return torch.stack([wished - total, best - total])

    def write(self, encoded: Sequence[Any], seconds: Sequence[float], *, never: Any = None) -> list[list[int]]:
        """Decode clips freely and greedily, many at once.

        Parameters
        ----------
        encoded, seconds
            Clips from `encode`, and how long each is: a text has at most `TOKENS_PER_S` tokens a second.
        never
            bool of shape (vocabulary,): tokens that are not written. Without it these are `digits`, and a text does
            not end before it is as long as the clip asks for: it is to be compared, not to be used.

        Returns
        -------
        list of list of int
            The tokens of each clip, without the end.
        """
        longest = max((len(one) * POSITION_S for one in encoded), default=1.0)
        pairs = list(zip(encoded, seconds, strict=True))
        work = partial(self._write, never=never)
        return list(in_groups(work, pairs, max(1, min(len(pairs), int(TOGETHER_S / longest)))))

    def _write(self, clips: Sequence[tuple[Any, float]], never: Any) -> list[list[int]]:
        import torch

        encoded, seconds = zip(*clips, strict=True)
        decoder, end = self.model.decoder, self.tokenizer.eot
        start = self.tokenizer.sot_sequence_including_notimestamps
        longest = [min(self.longest, round(duration * TOKENS_PER_S) + 8) for duration in seconds]
        fewest = [duration - PAUSES_S if never is None else 0.0 for duration in seconds]
        never = self.digits if never is None else never
        written: list[list[int]] = [[] for _ in encoded]
        open_ = list(range(len(encoded)))
        with torch.inference_mode():
            audio = hear(decoder, encoded)
            given = torch.tensor(start, device=self.model.device).repeat(len(encoded), 1)
            while open_:
                fits = logits(decoder, decode_pass(decoder, given, audio)[0][:, -1]).masked_fill_(never, -torch.inf)
                early = [len(written[i]) < fewest[i] for i in open_]
                fits[torch.tensor(early, device=fits.device), end] = -torch.inf
                given = fits[:, : end + 1].argmax(-1, keepdim=True)
                for i, token in zip(open_, given[:, 0].tolist(), strict=True):
                    written[i].append(token)
                going = [
                    k
                    for k, i in enumerate(open_)
                    if written[i][-1] != end and len(written[i]) < longest[i] and not loops(written[i])
                ]
                if len(going) < len(open_):
                    open_ = [open_[k] for k in going]
                    rows = torch.tensor(going, dtype=torch.int64, device=self.model.device)
                    audio.keep(rows)
                    given = given[rows]
        return [[token for token in row if token != end] for row in written]

    def text(self, tokens: Sequence[int]) -> str:
        """Return tokens as text, without blanks around it."""
        return str(self.tokenizer.decode(list(tokens))).strip()


def loops(tokens: list[int]) -> bool:
    """Say whether a text ends in the same phrase again and again, as it does where a model finds no end."""
    return any(
        tokens[-times * size :] == tokens[-size:] * times
        for size in range(1, len(tokens) // LOOP_TIMES + 1)
        for times in (max(LOOP_TIMES, -(-LOOP_TOKENS // size)),)
    )


def bucket(samples: int) -> int:
    """Return to how many samples a clip of `samples` is padded."""
    step = round(BUCKET_S * RATE)
    return min(-(-(samples + round(TAIL_S * RATE)) // step) * step, round(_WINDOW_S * RATE))


def weights(name: str) -> Path:
    """Return the checkpoint of a model by path or name; openai-whisper is imported only where it is not here.

    Raises
    ------
    UsageError
        If it is not on this machine; says what to download.
    """
    suffixes = (".pt", f"-{name}.pt")
    try:
        return find_weights(name, suffixes, where_from="")
    except UsageError:
        from whisper import _MODELS as PUBLISHED

    if name in PUBLISHED:
        where = f"fetch {PUBLISHED[name]} into {folders()[-1]}"
    else:
        where = f"give the path of an openai-whisper checkpoint, or one of {', '.join(sorted(PUBLISHED))}"
    return find_weights(name, suffixes, where_from=where)


@cache
def load_whisper(path: str, language: str) -> Scorer:
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
    masks = (torch.from_numpy(array).to(model.device) for array in vocabulary(tokenizer, model.dims.n_vocab))
    heads = tuple((int(layer), int(head)) for layer, head in model.alignment_heads.indices().T)
    return Scorer(model, tokenizer, heads, *masks)


def scorers(path: str, clips: Sequence[ModelInput], language: str = "") -> Iterator[tuple[list[int], Scorer | str]]:
    """Yield the places of the clips of each language, with a scorer for it, or why there is none.

    Parameters
    ----------
    path
        Of the weights.
    clips
        In any languages.
    language
        Of all clips; that of each clip if it is empty.

    Raises
    ------
    UsageError
        If the file is no checkpoint of openai-whisper; a language that it does not know raises nothing.
    """
    loaded(path)
    places: dict[str, list[int]] = {}
    for i, clip in enumerate(clips):
        places.setdefault(language or clip.clip.language, []).append(i)
    for name, own in places.items():
        try:
            scorer = load_whisper(path, name)
        except UsageError as error:
            yield own, str(error)
        else:
            yield own, scorer


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

    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        torch.set_num_threads(1)  # a process for each core is faster than a thread for each
    try:
        refuse_bomb(Path(path))
        model = whisper.load_model(path, device=device)
    except (RuntimeError, KeyError, TypeError, OSError, ValueError, pickle.UnpicklingError) as error:
        why = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
        raise UsageError(f"{path} is no openai-whisper checkpoint{why}: give the .pt file of a Whisper model") from None
    dims = model.dims
    sizes = {4: "tiny", 6: "base", 12: "small", 24: "medium", 32: "large-v3" if dims.n_mels == 128 else "large-v2"}
    name = "turbo" if dims.n_text_layer != dims.n_audio_layer else sizes.get(dims.n_text_layer, "")
    name += "" if model.is_multilingual else ".en"
    if name in HEADS:
        model.set_alignment_heads(HEADS[name])
    return halved(model) if device == "cuda" else model


def halved(model: Any) -> Any:
    """Return a model with weights of half the size, but for the norms: `whisper.model.LayerNorm` sums in float32."""
    import torch

    model.half()
    for module in model.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.float()
    return model
