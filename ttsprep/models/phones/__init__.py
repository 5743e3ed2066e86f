"""What the phones of a corpus sound like, learned from the corpus alone: which texts its speech does not fit."""

import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from itertools import islice
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import scipy.fft
from threadpoolctl import threadpool_limits

from ttsprep.core.dsp import Array
from ttsprep.core.errors import AudioError, UsageError
from ttsprep.core.files import atomic_file, digest
from ttsprep.core.signal import Signal
from ttsprep.core.store.step import make_key
from ttsprep.core.types import Audio, Measures
from ttsprep.core.untrusted import UntrustedError, parse_json, refuse_bomb
from ttsprep.models.base import RATE, ClipSource, ModelInput, SpeechModel
from ttsprep.models.phones.hmm import SILENCE, Indices, SoundModels, SpeechRun, learn, paths, slopes
from ttsprep.text.phonemes import WORD, is_readable, phonemize

_HOP_S = 0.02
MELS, PHONE_CEPSTRA = 26, 13
_OTHERS = 3
"""Texts of other clips that each text is compared with."""
_RUN = 6
"""Phones in a row whose fit is measured: about half a second."""
_LONGEST_S = 60.0
_MARGIN = 2
"""Frames that are kept before and after speech: silence at the ends would be taken for phones at the flat start."""
_MOST_CLIPS = 250
"""Of a language, that are learned from: half an hour."""
_FEWEST_PHONES = 1_000
"""Of a language; from fewer, nothing is learned."""
_FEWEST_OF_PHONE = 20
"""A rarer phone is taken for the one that it begins with."""


def cepstra(signal: Signal) -> Array:
    """Return cepstra without their mean over speech, and slopes, every 10 ms; shape (frames, 2 x `PHONE_CEPSTRA`)."""
    logs = np.log(np.maximum(signal.power @ _mel(signal.rate, signal.frame_size), 1e-9))
    values = scipy.fft.dct(logs, axis=1, norm="ortho")[:, :PHONE_CEPSTRA]
    values -= values[signal.speech].mean(axis=0) if signal.speech.any() else values.mean(axis=0)
    return np.concatenate((values, 3 * slopes(values)), axis=1).astype(np.float32)


@cache
def _mel(rate: int, size: int) -> Array:
    import librosa

    return np.asarray(librosa.filters.mel(sr=rate, n_fft=size, n_mels=MELS, fmin=80, norm=None).T)


@dataclass(frozen=True, slots=True)
class PhoneSounds:
    """The sounds of the phones of a language.

    Attributes
    ----------
    names
        Of phones, in the order of their units from 1 on.
    sounds
        Of the units; 0 is silence.
    """

    names: tuple[str, ...]
    sounds: SoundModels

    def units(self, phonemes: str) -> Indices:
        """Return the units of phonemes, with a silence at both ends and between words; unknown phones are left out."""
        return _units(phonemes, {name: unit for unit, name in enumerate(self.names, 1)})


def _units(phonemes: str, units: dict[str, int]) -> Indices:
    result = [SILENCE]
    for word in phonemes.split(f" {WORD} "):
        result += [unit for phone in word.split() if (unit := _unit(phone, units))]
        if result[-1] != SILENCE:
            result.append(SILENCE)
    return np.array(result, np.int64)


def _unit(phone: str, units: dict[str, int]) -> int:
    return next((units[phone[:end]] for end in range(len(phone), 0, -1) if phone[:end] in units), 0)


@dataclass(frozen=True, slots=True)
class _Speech:
    """Features of a clip from its first speech to its last, where that begins, and those of frames without speech."""

    features: Array
    start_s: float
    quiet: Array

    @classmethod
    def of(cls, clip: ModelInput) -> "_Speech":
        signal = Signal(Audio(clip.samples[:, None], RATE))
        values, speech = cepstra(signal)[::2], signal.speech[::2]
        at = np.flatnonzero(speech)
        first, last = (max(0, int(at[0]) - _MARGIN), int(at[-1]) + _MARGIN + 1) if len(at) else (0, len(values))
        return cls(values[first:last], first * _HOP_S, values[~speech][::3])

    def has_room(self, units: Indices) -> bool:
        """Whether units that are more than silence have a frame each."""
        return len(self.features) > len(units) > 2


@dataclass(frozen=True)
class Phones(SpeechModel):
    """A hidden Markov model with a Gaussian for each phone, learned from the corpus that it measures.

    Attributes
    ----------
    state
        Digest of what was learned; `model` is its file.
    """

    name = "phones"
    version = 2
    batch = 32

    state: str = ""

    def digest(self) -> str:  # noqa: D102
        return self.state

    def fitted(self, source: ClipSource, folder: Path) -> "SpeechModel":  # noqa: D102
        samples = {language: source.sample(language, _MOST_CLIPS) for language in source.languages}
        used = [source.key(i) for places in samples.values() for i in places]
        stamp = make_key(self.name, str(self.version), *used)
        path = folder / ".listened-phones.npz"
        if _stamp(path) != stamp:
            with threadpool_limits(1):  # threads for small products cost more than they do
                learned = {language: _learned(source, language, places) for language, places in samples.items()}
            _save(path, stamp, {language: sounds for language, sounds in learned.items() if sounds})
        return replace(self, model=str(path), state=digest(path))

    def measure(self, batch: Sequence[ModelInput]) -> list[Measures]:  # noqa: D102
        known = _load(self.model, self.state)
        result: list[Measures] = [{"not_compared": _why_not(one, known)} for one in batch]
        for language, sounds in known.items():
            places = [i for i, one in enumerate(batch) if one.clip.language == language and result[i] == _COMPARED]
            for i, row in zip(places, _rows(sounds, [batch[i] for i in places], language), strict=True):
                result[i] = row
        return result


_COMPARED: Measures = {"not_compared": ""}


def _why_not(one: ModelInput, known: Mapping[str, PhoneSounds]) -> str:
    """Return why a clip is not compared with its text; "" if it is."""
    if not one.clip.text:
        return "no text"
    if one.clip.language not in known:
        return f"under {_FEWEST_PHONES:,} phones of {one.clip.language or 'no language'} to learn from"
    if len(one.samples) > _LONGEST_S * RATE:
        return f"over {_LONGEST_S:g} s"
    return "" if is_readable(one.clip.text, one.clip.language) else "letters that eSpeak NG cannot read"


def _learned(source: ClipSource, language: str, places: Sequence[int]) -> PhoneSounds | None:
    """Learn from clips of a language; nothing from too few, or where eSpeak NG does not know it."""
    texts = [source.clips[i].text for i in places]
    try:
        spoken = phonemize(texts, language)
    except UsageError:
        return None
    counts = Counter(phone for line in spoken for phone in line.split() if phone != WORD)
    if counts.total() < _FEWEST_PHONES:
        return None
    names = tuple(sorted(phone for phone, count in counts.items() if count >= _FEWEST_OF_PHONE))
    units = {name: unit for unit, name in enumerate(names, 1)}
    stretches, silences = [], []
    for i, line in zip(places, spoken, strict=True):
        try:
            speech = _Speech.of(source.read(i))
        except AudioError:
            continue  # measuring names it
        text = _units(line, units)
        stretches += [SpeechRun(speech.features, text)] if speech.has_room(text) else []
        silences.append(speech.quiet)
    return PhoneSounds(names, learn(stretches, np.concatenate(silences), len(names) + 1)) if stretches else None


def _rows(known: PhoneSounds, batch: Sequence[ModelInput], language: str) -> list[Measures]:
    """Return how the text of each clip, and those of others, fit its speech."""
    texts = [(one.clip.text, *one.others) for one in batch]
    spoken = iter(phonemize([text for group in texts for text in group], language))
    units = [[known.units(line) for line in _unlike([next(spoken) for _ in group])] for group in texts]
    clips = [_Speech.of(one) for one in batch]
    pairs = [(clip, text) for clip, group in zip(clips, units, strict=True) for text in group if clip.has_room(text)]
    way = iter(paths(known.sounds, [SpeechRun(clip.features, text) for clip, text in pairs]))
    rows: list[Measures] = []
    for clip, group in zip(clips, units, strict=True):
        likelihoods = known.sounds.likelihoods(clip.features)
        own, *others = [_fit(likelihoods, text, next(way)) if clip.has_room(text) else None for text in group]
        rows.append(_row(clip.start_s, own, [other.log_p for other in others if other]))
    return rows


def _row(start_s: float, own: "_Fit | None", others: Sequence[float]) -> Measures:
    if not own:
        return {"not_compared": "no phones in the text, or more than there is time for"}
    row: Measures = {"phone_fit_nats": own.log_p, "phone_fit_worst_nats": own.worst}
    row["phone_fit_worst_s"] = start_s + own.worst_s
    if others:
        return row | {"text_lead_nats": own.log_p - float(np.median(others))}
    return row | {"not_compared": "no text of another clip is unlike it"}


def _unlike(lines: Sequence[str]) -> list[str]:
    """Return the first of some phonemes, and `_OTHERS` that share less than half of their words with it."""
    own = set(lines[0].split(f" {WORD} "))
    unlike = (line for line in lines[1:] if line and 2 * len(own.intersection(line.split(f" {WORD} "))) < len(own))
    return [lines[0], *islice(unlike, _OTHERS)]


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well phones fit: log likelihood a frame over that of the best phone for each frame; of the worst run."""

    log_p: float
    worst: float
    worst_s: float


def _fit(likelihoods: Array, units: Indices, places: Indices) -> _Fit:
    behind = likelihoods[np.arange(len(places)), units[places]] - likelihoods.max(axis=1)
    spoken = np.flatnonzero(units != SILENCE)
    sums = np.bincount(places, behind, len(units))[spoken]
    frames = np.bincount(places, minlength=len(units))
    run = np.ones(min(_RUN, len(spoken)))
    fit = np.convolve(sums, run, "valid") / np.convolve(frames[spoken], run, "valid")
    worst = int(fit.argmin())
    return _Fit(float(behind.mean()), float(fit[worst]), float(frames[: spoken[worst]].sum() * _HOP_S))


def _save(path: Path, stamp: str, learned: dict[str, PhoneSounds]) -> None:
    about = {"stamp": stamp, "languages": {language: one.names for language, one in learned.items()}}
    arrays: dict[str, npt.NDArray[np.float32]] = {}
    for number, one in enumerate(learned.values()):
        arrays |= {f"means{number}": one.sounds.means, f"variances{number}": one.sounds.variances}
        arrays |= {f"weights{number}": one.sounds.weights}
    text = np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), np.uint8)
    with atomic_file(path) as file:
        np.savez(file, allow_pickle=False, about=text, **arrays)


def _stamp(path: Path) -> str:
    """Return what a file was learned from; "" if there is none, or it is damaged anywhere."""
    try:
        return _read(path)[0]
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, zlib.error, UntrustedError):
        return ""


def _read(path: Path) -> tuple[str, dict[str, PhoneSounds]]:
    """Return what a file was learned from, and what was learned, by language."""
    refuse_bomb(path)
    with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as kept:  # from a path it leaves a bad file open
        about = parse_json(kept["about"].tobytes())
        sounds = {
            language: PhoneSounds(
                tuple(names), SoundModels(*(kept[f"{part}{number}"] for part in ("means", "variances", "weights")))
            )
            for number, (language, names) in enumerate(about["languages"].items())
        }
        return str(about["stamp"]), sounds


@cache
def _load(path: str, state: str) -> dict[str, PhoneSounds]:
    del state  # a file of other content is another model
    return _read(Path(path))[1]
