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
from threadpoolctl import threadpool_limits

from ttsprep.core.dsp import Array
from ttsprep.core.errors import AudioError, UsageError
from ttsprep.core.files import atomic_file, digest
from ttsprep.core.store.step import make_key
from ttsprep.core.types import Measures
from ttsprep.core.untrusted import UntrustedError, parse_json, refuse_bomb
from ttsprep.models.base import ClipSource, ModelInput, SpeechModel
from ttsprep.models.phones.features import FEATURES_HOP_S, LONGEST_COMPARED_S, SpeechFeatures
from ttsprep.models.phones.hmm import SILENCE, Indices, SoundModels, SpeechRun, Tail, learn, paths, tails, totals
from ttsprep.text.phonemes import WORD, is_readable, phonemize
from ttsprep.text.repair import fix_mojibake

_OTHERS = 3
"""Texts of other clips that each text is compared with."""
_RUN = 6
"""Phones in a row whose fit is measured: about half a second."""
_MOST_CLIPS = 250
"""Of a language, that are learned from: half an hour."""
_LOSS_CLIPS = 50
"""Clips that the usual loss is taken from."""
_FOREIGN = 3.0
"""Loss of a frame that no word of the text has, in usual ones."""
_FEWEST_PHONES = 1_000
"""Of a language; from fewer, nothing is learned."""
_FEWEST_OF_PHONE = 20
"""A rarer phone is taken for the one that it begins with."""


@dataclass(frozen=True, slots=True)
class PhoneSounds:
    """The sounds of the phones of a language.

    Attributes
    ----------
    names
        Of phones, in the order of their units from 1 on.
    sounds
        Of the units; 0 is silence.
    loss
        How far a frame is behind the best phone for it on the path of its own text: the median of clips, in nats.
    """

    names: tuple[str, ...]
    sounds: SoundModels
    loss: float

    def likelihoods(self, speech: SpeechFeatures) -> Array:
        """Return the log likelihood of each frame for each unit, behind that of the best; shape (frames, units)."""
        result = self.sounds.likelihoods(speech.features)
        result -= result.max(axis=1, keepdims=True)
        return result

    def units(self, phonemes: str) -> Indices:
        """Return the units of phonemes, with a silence at both ends and between words; unknown phones are left out."""
        return _units(phonemes, {name: unit for unit, name in enumerate(self.names, 1)})


def _units(phonemes: str, units: dict[str, int]) -> Indices:
    result = [SILENCE]
    known = {phone: _unit(phone, units) for phone in set(phonemes.split())}
    for word in phonemes.split(f" {WORD} "):
        result += [unit for phone in word.split() if (unit := known[phone])]
        if result[-1] != SILENCE:
            result.append(SILENCE)
    return np.array(result, np.int64)


def _unit(phone: str, units: dict[str, int]) -> int:
    return next((units[phone[:end]] for end in range(len(phone), 0, -1) if phone[:end] in units), 0)


def _has_room(speech: SpeechFeatures, units: Indices) -> bool:
    """Whether units that are more than silence have a frame each."""
    return len(speech.features) > len(units) > 2


@dataclass(frozen=True)
class Phones(SpeechModel):
    """A hidden Markov model with a Gaussian for each phone, learned from the corpus that it measures.

    Attributes
    ----------
    state
        Digest of what was learned; `model` is its file.
    """

    name = "phones"
    version = 5
    batch = 32
    needs_text = takes_cepstra = True

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
    if one.clip.language not in known:
        return f"under {_FEWEST_PHONES:,} phones of {one.clip.language or 'no language'} to learn from"
    if not one.cepstra:
        return f"over {LONGEST_COMPARED_S:g} s"
    return "" if is_readable(one.clip.text, one.clip.language) else "letters that eSpeak NG cannot read"


def _learned(source: ClipSource, language: str, places: Sequence[int]) -> PhoneSounds | None:
    """Learn from clips of a language; nothing from too few, or where eSpeak NG does not know it."""
    texts = [source.clips[i].text for i in places]
    try:
        spoken = _phonemes(texts, language)
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
            speech = SpeechFeatures.unpack(source.cepstra(i))
        except AudioError:
            continue  # measuring names it
        text = _units(line, units)
        stretches += [SpeechRun(speech.features, text)] if _has_room(speech, text) else []
        silences.append(speech.quiet)
    if not stretches:
        return None
    sounds = learn(stretches, np.concatenate(silences), len(names) + 1)
    return PhoneSounds(names, sounds, _usual_loss(sounds, stretches[:: max(1, len(stretches) // _LOSS_CLIPS)]))


def _usual_loss(sounds: SoundModels, stretches: Sequence[SpeechRun]) -> float:
    """Return the median loss a frame on the path of the text; see `PhoneSounds.loss`."""
    fits = [(sounds.likelihoods(one.features), one.units) for one in stretches]
    ways = zip(fits, paths(fits), strict=True)
    behind = [
        likelihoods.max(axis=1) - likelihoods[np.arange(len(way)), units[way]] for (likelihoods, units), way in ways
    ]
    return float(np.median([one.mean() for one in behind]))


def _phonemes(texts: Sequence[str], language: str) -> list[str]:
    """Return the phonemes of texts without the damage that a build repairs."""
    return phonemize([fix_mojibake(text, language)[0] for text in texts], language)


def _rows(known: PhoneSounds, batch: Sequence[ModelInput], language: str) -> list[Measures]:
    """Return how the text of each clip, and those of others, fit its speech."""
    texts = [(one.clip.text, *one.others) for one in batch]
    spoken = iter(_phonemes([text for group in texts for text in group], language))
    units = [[known.units(line) for line in _unlike([next(spoken) for _ in group])] for group in texts]
    clips = [SpeechFeatures.unpack(one.cepstra) for one in batch]
    own: list[tuple[Array, Indices] | None] = []
    others: list[list[tuple[Array, Indices]]] = []
    for clip, (text, *unlike) in zip(clips, units, strict=True):
        likelihoods = known.likelihoods(clip)
        own.append((likelihoods, text) if _has_room(clip, text) else None)
        others.append([(likelihoods, other) for other in unlike if own[-1] and _has_room(clip, other)])
    compared = [fit for fit in own if fit]
    way = iter(paths(compared))
    end = iter(tails(compared, _FOREIGN * known.loss))
    start = iter(tails([(likelihoods[::-1], text[::-1]) for likelihoods, text in compared], _FOREIGN * known.loss))
    total = iter(totals([fit for fits in others for fit in fits]))
    rows: list[Measures] = []
    for clip, fit, fits in zip(clips, own, others, strict=True):
        if fit:
            log_p = [next(total) / len(likelihoods) for likelihoods, _ in fits]
            edges = _edges("start", next(start)) | _edges("end", next(end))
            rows.append(_row(clip.start_s, _fit(*fit, next(way)), log_p) | edges)
        else:
            rows.append({"not_compared": "no phones in the text, or more than there is time for"})
    return rows


def _row(start_s: float, own: "_Fit", others: Sequence[float]) -> Measures:
    row: Measures = {"phone_fit_nats": own.log_p, "phone_fit_worst_nats": own.worst}
    row["phone_fit_worst_s"] = start_s + own.worst_s
    if others:
        return row | {"text_lead_nats": own.log_p - float(np.median(others))}
    return row | {"not_compared": "no text of another clip is unlike it"}


def _edges(which: str, tail: Tail) -> Measures:
    return {
        f"text_{which}_nats": tail.gain,
        f"text_{which}_unspoken": float(tail.units),
        f"text_{which}_extra_s": tail.frames * FEATURES_HOP_S,
    }


def _unlike(lines: Sequence[str]) -> list[str]:
    """Return the first of some phonemes, and `_OTHERS` that share less than half of their words with it."""
    own = set(lines[0].split(f" {WORD} "))
    unlike = (line for line in lines[1:] if line and 2 * len(own.intersection(line.split(f" {WORD} "))) < len(own))
    return [lines[0], *islice(unlike, _OTHERS)]


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well phones fit: log likelihood a frame, of all and of the worst run of phones."""

    log_p: float
    worst: float
    worst_s: float


def _fit(likelihoods: Array, units: Indices, places: Indices) -> _Fit:
    behind = likelihoods[np.arange(len(places)), units[places]]
    spoken = np.flatnonzero(units != SILENCE)
    sums = np.bincount(places, behind, len(units))[spoken]
    frames = np.bincount(places, minlength=len(units))
    run = np.ones(min(_RUN, len(spoken)))
    fit = np.convolve(sums, run, "valid") / np.convolve(frames[spoken], run, "valid")
    worst = int(fit.argmin())
    return _Fit(float(behind.mean()), float(fit[worst]), float(frames[: spoken[worst]].sum() * FEATURES_HOP_S))


def _save(path: Path, stamp: str, learned: dict[str, PhoneSounds]) -> None:
    about = {"stamp": stamp, "languages": {language: [one.names, one.loss] for language, one in learned.items()}}
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
                tuple(names),
                SoundModels(*(kept[f"{part}{number}"] for part in ("means", "variances", "weights"))),
                loss,
            )
            for number, (language, (names, loss)) in enumerate(about["languages"].items())
        }
        return str(about["stamp"]), sounds


@cache
def _load(path: str, state: str) -> dict[str, PhoneSounds]:
    del state  # a file of other content is another model
    return _read(Path(path))[1]
