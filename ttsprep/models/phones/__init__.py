"""What the phones of a corpus sound like, learned from the corpus alone: which texts its speech does not fit."""

import json
import zlib
from collections import Counter
from collections.abc import Sequence
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
from ttsprep.core.untrusted import UntrustedError, parse_json
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


@dataclass(frozen=True)
class Phones(SpeechModel):
    """A hidden Markov model with a Gaussian for each phone, learned from the corpus that it measures.

    Attributes
    ----------
    state
        Digest of what was learned; `model` is its file.
    """

    name = "phones"
    batch = 32

    state: str = ""

    def digest(self) -> str:  # noqa: D102
        return self.state

    def fitted(self, source: ClipSource, folder: Path) -> "SpeechModel":  # noqa: D102
        samples = {language: source.sample(language, _MOST_CLIPS) for language in source.languages}
        used = [source.key(i) for places in samples.values() for i in places]
        stamp = make_key(self.name, str(self.version), *used)
        path = folder / ".listened-phones.npz"
        if not path.is_file() or _stamp(path) != stamp:
            with threadpool_limits(1):  # threads for small products cost more than they do
                learned = {language: _learned(source, language, places) for language, places in samples.items()}
            _save(path, stamp, {language: sounds for language, sounds in learned.items() if sounds})
        return replace(self, model=str(path), state=digest(path))

    def measure(self, batch: Sequence[ModelInput]) -> list[Measures]:  # noqa: D102
        result: list[Measures] = [{} for _ in batch]
        known = _load(self.model, self.state)
        for language in sorted({clip.clip.language for clip in batch} & known.keys()):
            places = [i for i, one in enumerate(batch) if one.clip.language == language and _fits(one)]
            for i, row in zip(places, _rows(known[language], [batch[i] for i in places], language), strict=True):
                result[i] = row
        return result


def _fits(one: ModelInput) -> bool:
    return len(one.samples) <= _LONGEST_S * RATE and is_readable(one.clip.text, one.clip.language)


def _signal(one: ModelInput) -> Signal:
    return Signal(Audio(one.samples[:, None], RATE))


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
            signal = _signal(source.read(i))
        except AudioError:
            continue  # measuring names it
        values = cepstra(signal)[::2]
        stretches.append(SpeechRun(values, _units(line, units)))
        silences.append(values[~signal.speech[::2]][::3])
    fit = [one for one in stretches if len(one.features) > len(one.units) > 2]
    return PhoneSounds(names, learn(fit, np.concatenate(silences), len(names) + 1)) if fit else None


def _rows(known: PhoneSounds, batch: Sequence[ModelInput], language: str) -> list[Measures]:
    texts = [(one.clip.text, *one.others) for one in batch]
    spoken = iter(phonemize([text for group in texts for text in group], language))
    units = [[known.units(line) for line in _unlike([next(spoken) for _ in group])] for group in texts]
    values = [cepstra(_signal(one))[::2] for one in batch]
    stretches = [
        SpeechRun(value, unit)
        for value, group in zip(values, units, strict=True)
        for unit in group
        if len(value) > len(unit) > 2
    ]
    way = iter(paths(known.sounds, stretches))
    rows: list[Measures] = []
    for value, group in zip(values, units, strict=True):
        likelihoods = known.sounds.likelihoods(value)
        scored = [_fit(likelihoods, unit, next(way)) if len(value) > len(unit) > 2 else None for unit in group]
        others = [one.log_p for one in scored[1:] if one]
        row: Measures = {}
        if own := scored[0]:
            row = {"phone_fit_nats": own.log_p, "phone_fit_worst_nats": own.worst, "phone_fit_worst_s": own.worst_s}
            if others:
                row["text_lead_nats"] = own.log_p - float(np.median(others))
        rows.append(row)
    return rows


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
    try:
        with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as kept:  # from a path it leaves a bad file open
            return str(parse_json(kept["about"].tobytes())["stamp"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, zlib.error, UntrustedError):
        return ""  # damaged: learned again


@cache
def _load(path: str, state: str) -> dict[str, PhoneSounds]:
    del state  # a file of other content is another model
    with np.load(path, allow_pickle=False) as kept:
        names = parse_json(kept["about"].tobytes())["languages"]
        return {
            language: PhoneSounds(
                tuple(own),
                SoundModels(kept[f"means{number}"], kept[f"variances{number}"], kept[f"weights{number}"]),
            )
            for number, (language, own) in enumerate(names.items())
        }
