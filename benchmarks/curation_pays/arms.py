"""The arms of the comparison: a clean corpus, the same with planted defects, and what ways of curation keep of that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile as sf

import ttsprep
from benchmarks.curation_pays.features import RATE, clip_samples
from ttsprep.audit.defects.inject import Defect, Random, Take, rms
from ttsprep.audit.defects.inject_files import DEFECTS
from ttsprep.core import audio
from ttsprep.core.files import inside
from ttsprep.core.signal import Signal
from ttsprep.corpora.corpus import Corpus
from ttsprep.models.base import ModelInput
from ttsprep.models.mos import Mos

ARMS = {
    "A": "the clean corpus",
    "B": "the same, a share of its clips spoiled",
    "P": "what ttsprep build keeps of B, by its defaults",
    "C": "what ttsprep build keeps of B with --listen none: no text is compared with its speech",
    "L": "what ttsprep build keeps of B with --listen asr",
    "D": "as many clips of B as C has, at random",
    "O": "B without exactly the spoiled clips",
    "E": "clips of B by length, 1.5 IQR of the rate, and DNSMOS of at least 3",
}
_LISTENS: dict[str, tuple[str, ...]] = {"P": (), "C": ("none",), "L": ("asr",)}
PLANTED = (
    ("rate-outlier", "text of a clip of another length"),
    ("rate-outlier", "half of the text missing"),
    ("cut-end", "the last 30 % cut off"),
    ("pitch-outlier", "played 8 semitones down"),
    ("voice-outlier", "a smaller head: played 4 semitones up"),
    ("noisy", "white noise at 10 dB SNR"),
    ("reverberant", "RT60 1.0 s, tail 0 dB under the direct sound"),
    ("clipping", "2 % of samples clipped at full scale"),
    ("leading-silence", "3 s before"),
    ("loudness-outlier", "-18 dB"),
)
"""Code and name of defects of ttsprep's own maker; each spoils as many clips as every other."""


def _like_text(take: Take, other: Take, _random: Random) -> Take:
    return replace(take, text=other.text)


def _second_voice(take: Take, other: Take, _random: Random) -> Take:
    over = np.resize(other.samples, len(take.samples)) * np.float32(rms(take.samples) / max(rms(other.samples), 1e-4))
    return replace(take, samples=np.asarray((take.samples + over) / 2, np.float32))


OWN = (
    Defect("transcript", "text of a clip of like length", True, _like_text, words=4),
    Defect("second-voice", "another clip under it, as loud", True, _second_voice),
)
"""What the issue names and the maker has not: a wrong text that fits in length, and two voices at once."""


@dataclass(frozen=True, slots=True)
class Arm:
    """Clips to train on: all of a corpus, or those with some ids."""

    corpus: Corpus
    ids: frozenset[str]

    @property
    def places(self) -> list[int]:
        """Places of its clips in the corpus."""
        return [i for i, name in enumerate(self.corpus.ids) if name in self.ids]


def held_out(corpus: Corpus, count: int, seed: int = 0) -> list[int]:
    """Return places of sentences that no arm is trained on: of 4 words at least."""
    fit = [i for i, clip in enumerate(corpus.clips) if len(clip.text.split()) >= 4]
    return sorted(np.random.default_rng([seed, 1]).permutation(fit)[:count].tolist())


def defects(kinds: Sequence[str]) -> list[Defect]:
    """Return what is planted: all that is known of some codes and names, or the mixture of the comparison."""
    known = {(defect.code, defect.name): defect for defect in (*DEFECTS, *OWN) if not defect.beside}
    if unknown := set(kinds) - {one for key in known for one in key}:
        raise SystemExit(f"--defects: no code or name of a defect is {', '.join(map(repr, sorted(unknown)))}")
    if kinds:
        return [defect for key, defect in known.items() if set(key) & set(kinds)]
    return [*(known[key] for key in PLANTED), *OWN]


@dataclass(frozen=True, slots=True)
class Damage:
    """What is done to a clean corpus: the share of its clips that is spoiled, by which defects, and the seed.

    Attributes
    ----------
    kinds
        Codes and names; empty: the mixture of the comparison.
    """

    share: float = 0.3
    kinds: tuple[str, ...] = ()
    seed: int = 0


def spoil(corpus: Corpus, places: Sequence[int], damage: Damage, folder: Path) -> None:
    """Write the clips at `places` as a corpus of the LJSpeech layout with some of them spoiled.

    Every kind of defect is planted as often as any other; ``planted.csv`` beside the corpus says where.
    """
    (folder / "wavs").mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng([damage.seed, 2])
    order = random.permutation(np.asarray(places)).tolist()
    kinds = defects(damage.kinds)
    todo = [kinds[i % len(kinds)] for i in range(round(damage.share * len(places)))]
    chosen: dict[int, Defect] = {}
    for i in order:
        fitting = [defect for defect in todo if defect.words <= len(corpus.clips[i].text.split())]
        if fitting:
            chosen[i] = fitting[0]
            todo.remove(fitting[0])
    lines = []
    for i in places:
        take = _take(corpus, i)
        if defect := chosen.get(i):
            like = defect.code in ("transcript", "second-voice")
            take = defect.plant(take, _take(corpus, _other(corpus, places, i, random, like=like)), random)
        file = folder / "wavs" / f"{corpus.ids[i]}.wav"
        sf.write(file, take.samples, take.rate, subtype=take.subtype)
        if defect and defect.spoil:
            defect.spoil(file)
        lines.append(f"{corpus.ids[i]}|{take.text}\n")
    planted = pd.DataFrame([(corpus.ids[i], defect.code, defect.name) for i, defect in sorted(chosen.items())])
    planted.columns = pd.Index(["id", "code", "defect"])
    planted.to_csv(folder.with_name("planted.csv"), index=False)
    (folder / "metadata.csv").write_text("".join(lines), encoding="utf-8")  # last: a folder without it is not finished


class Arms:
    """Makes arms when they are asked for; what lies in the folder of the work already is taken from there.

    Parameters
    ----------
    source
        A clean corpus.
    work
        Folder for the spoiled corpus and its builds.
    damage
        Of the spoiled corpus.
    held
        Sentences held out.
    """

    def __init__(self, source: Path, work: Path, damage: Damage, held: int) -> None:
        self.clean = ttsprep.read_corpus(source)
        self.held = held_out(self.clean, held)
        self._work, self._damage = work, damage

    def make(self, name: str) -> Arm:
        """Return an arm by its letter."""
        if name == "A":
            return Arm(self.clean, frozenset(self.clean.ids[i] for i in self._places))
        if name in _LISTENS:
            return self._built(name)
        spoiled = self._spoiled
        ids = frozenset(spoiled.ids)
        if name == "O":
            ids -= frozenset(pd.read_csv(self._work / "planted.csv")["id"])
        elif name == "D":
            size = len(self.make("C").ids)
            ids = frozenset(np.random.default_rng([self._damage.seed, 3]).permutation(sorted(ids))[:size].tolist())
        elif name == "E":
            ids = frozenset(_usual(spoiled))
        return Arm(spoiled, ids)

    @property
    def _places(self) -> list[int]:
        return [i for i in range(len(self.clean.clips)) if i not in set(self.held)]

    @cached_property
    def _spoiled(self) -> Corpus:
        folder = self._work / "spoiled"
        if not (folder / "metadata.csv").exists():
            spoil(self.clean, self._places, self._damage, folder)
        return ttsprep.read_corpus(folder, language=self.clean.clips[0].language)

    def _built(self, name: str) -> Arm:
        out = self._work / f"built-{name}"
        if not (out / "build.json").exists():
            ttsprep.build(self._spoiled.root, out, jobs=1, listen=_LISTENS[name], language=self.clean.clips[0].language)
        corpus = ttsprep.read_corpus(out)
        return Arm(corpus, frozenset(corpus.ids))


def _usual(corpus: Corpus) -> list[str]:
    """Return the clips that filters of papers keep: 1 to 20 s, letters a second within 1.5 IQR, DNSMOS 3."""
    rows = []
    for i, clip in enumerate(corpus.clips):
        samples = clip_samples(corpus, i)
        if samples is not None:
            (mos,) = Mos().measure([ModelInput(clip, samples)])
            seconds = len(samples) / RATE
            rows.append((corpus.ids[i], seconds, len(clip.text) / seconds, mos["mos_ovrl"]))
    table = pd.DataFrame(rows, columns=["id", "seconds", "pace", "mos"])
    low, high = table["pace"].quantile([0.25, 0.75])
    inside_fences = table["pace"].between(low - 1.5 * (high - low), high + 1.5 * (high - low))
    keep = inside_fences & table["seconds"].between(1, 20) & (table["mos"] >= 3)
    return table.loc[keep, "id"].tolist()


def _take(corpus: Corpus, place: int) -> Take:
    clip = corpus.clips[place]
    decoded = audio.read(inside(corpus.root, clip.path), start=clip.start, end=clip.end)
    return Take(Signal(decoded).samples, decoded.rate, clip.text)


def _other(corpus: Corpus, places: Sequence[int], place: int, random: Random, *, like: bool) -> int:
    """Return another clip whose text is of like length, or is not."""
    length = len(corpus.clips[place].text)
    others: list[int] = [i for i in random.permutation(np.asarray(places)).tolist() if i != place]
    ratios = {i: (len(corpus.clips[i].text) + 1) / (length + 1) for i in others}
    fit = [i for i in others if (0.95 < ratios[i] < 1.05 if like else not 0.6 <= ratios[i] <= 1.6)]
    return (fit or others)[0]
