"""Which clips of a corpus are built: by findings, by hours, by what only they hold, and by what a person decided."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

import numpy as np
import pandas as pd

from ttsprep.audit.decisions import Decision
from ttsprep.audit.verdict import FIXED_BY
from ttsprep.build.config import Select
from ttsprep.core.types import Severity
from ttsprep.text.phonemes import phones

MOST_WARNINGS = {"lenient": inf, "normal": 2, "strict": 0}
AFTER_NORMALISING = frozenset({"text-encoding", "text-unspeakable"})
"""Codes that the stage ``normalise`` may fix: judged on its result."""

Sound = tuple[str, ...]
"""A phone or a diphone of a language."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a clip is not in the build.

    Attributes
    ----------
    id
        Of the clip, in the source.
    stage
        Where it was left out: ``read``, ``segment``, ``transcribe``, ``select``, ``decisions``, ``keep-hours``, a
        stage, ``result``, ``split`` or ``export NAME``.
    codes
        Findings that are the cause, worst first.
    reason
        In a sentence.
    """

    id: str
    stage: str
    codes: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen.

    Attributes
    ----------
    kept
        Ids, in the order of the corpus.
    rejected
        The others, in the order of the corpus.
    carriers
        Ids that were kept only for what they hold: id -> the phones and diphones.
    lost
        Phones and diphones of the corpus that no kept clip holds -> the rejected clips that hold them.
    """

    kept: list[str]
    rejected: list[Rejection]
    carriers: dict[str, list[str]] = field(default_factory=dict)
    lost: dict[str, list[str]] = field(default_factory=dict)


def choose(
    clips: pd.DataFrame,
    findings: pd.DataFrame,
    rules: Select,
    *,
    stages: Collection[str] = (),
    decisions: Mapping[str, Decision] | None = None,
    doubted: Mapping[str, Rejection] | None = None,
    where: str = "select",
) -> Choice:
    """Choose clips.

    Parameters
    ----------
    clips, findings
        The tables of an audit.
    rules
        How strictly.
    stages
        Of the pipeline that is still to come: what they fix rejects no clip.
    decisions
        By id; they come before everything but an unreadable file.
    doubted
        Clips that were rejected before, by id, unless a person keeps them.
    where
        Goes into the rejections.
    """
    decisions, doubted = decisions or {}, doubted or {}
    judge = _Judge(clips, findings, rules, stages)
    hard: dict[str, Rejection] = {}
    soft: dict[str, Rejection] = {}
    for name, status, why in clips[["id", "status", "status_reason"]].itertuples(index=False):
        said = decisions.get(name)
        if status != "ok":
            hard[name] = Rejection(name, where, (status,), why)
        elif said and said.keep is not None:
            if not said.keep:
                hard[name] = Rejection(name, "decisions", (), f"decided: {said.reason}" if said.reason else "decided")
        elif name in doubted:
            hard[name] = doubted[name]
        elif reason := judge.fatal(name):
            hard[name] = Rejection(name, where, *reason)
        elif reason := judge.doubtful(name):
            soft[name] = Rejection(name, where, *reason)
    ids = clips["id"].tolist()
    sounds = _Sounds(clips)
    good = [name for name in ids if name not in hard and name not in soft]
    carriers = sounds.carriers(good, sorted(soft, key=judge.badness)) if rules.keep_coverage else {}
    out = {**hard, **{name: why for name, why in soft.items() if name not in carriers}}
    if rules.keep_hours:
        good = [name for name in ids if name not in out]
        sole = sounds.sole(good) if rules.keep_coverage else frozenset()
        wanted = {name for name in good if (said := decisions.get(name)) and said.keep}
        order = sorted(good, key=lambda name: (name not in wanted, name not in sole, judge.badness(name)))
        beyond = _beyond(clips, order, judge, rules.keep_hours)
        out |= {name: why for name, why in beyond.items() if name not in wanted}
    kept = [name for name in ids if name not in out]
    rejected = [out[name] for name in ids if name in out]
    carriers = {name: held for name, held in carriers.items() if name not in out}
    return Choice(kept, rejected, carriers, sounds.lost(kept, [r.id for r in rejected]))


def without(findings: pd.DataFrame, code: str, clips: Collection[str]) -> pd.DataFrame:
    """Return findings but those of a `code` on some `clips`."""
    return findings[(findings["code"] != code) | ~findings["clip"].isin(clips)]


class _Judge:
    """What the findings say of each clip."""

    def __init__(self, clips: pd.DataFrame, findings: pd.DataFrame, rules: Select, stages: Collection[str]) -> None:
        fixed = {code for code, stage in FIXED_BY.items() if stage in stages}
        later = AFTER_NORMALISING if "normalise" in stages else frozenset()
        spared = fixed | later | set(rules.keep) - set(rules.reject)
        self._rules = rules
        self._found: dict[str, list[tuple[int, str, str]]] = {}
        ranks = {severity.value: severity.rank for severity in Severity}
        columns = findings[["clip", "code", "severity", "message"]]
        for clip, code, severity, message in columns.itertuples(index=False):
            if clip and (code not in spared or code in rules.reject):
                self._found.setdefault(clip, []).append((ranks[severity], code, message))
        snr = clips["snr_db"] if "snr_db" in clips else pd.Series(0.0, clips.index)
        self._snr = dict(zip(clips["id"], snr.fillna(0.0), strict=True))

    def fatal(self, name: str) -> tuple[tuple[str, ...], str] | None:
        return self._because(name, lambda rank, code: rank == Severity.ERROR.rank or code in self._rules.reject)

    def doubtful(self, name: str) -> tuple[tuple[str, ...], str] | None:
        codes = {code for rank, code, _ in self._found.get(name, ()) if rank == Severity.WARNING.rank}
        if len(codes) <= MOST_WARNINGS[self._rules.strictness]:
            return None
        return self._because(name, lambda rank, _: rank == Severity.WARNING.rank)

    def _because(self, name: str, counts: Callable[[int, str], bool]) -> tuple[tuple[str, ...], str] | None:
        found = [item for item in self._found.get(name, ()) if counts(item[0], item[1])]
        if not found:
            return None
        found.sort(key=lambda item: (-item[0], item[1]))
        return tuple(dict.fromkeys(code for _, code, _ in found)), "; ".join(message for *_, message in found)

    def badness(self, name: str) -> tuple[int, int, float, str]:
        """Order clips from the best to the worst."""
        ranks = Counter(rank for rank, *_ in self._found.get(name, ()))
        return ranks[Severity.WARNING.rank], ranks[Severity.NOTE.rank], -self._snr[name], name

    def words(self, name: str) -> str:
        warnings, notes, snr, _ = self.badness(name)
        return f"{warnings} warnings, {notes} notes, SNR {-snr:.0f} dB"


def _beyond(clips: pd.DataFrame, order: Sequence[str], judge: _Judge, most: float) -> dict[str, Rejection]:
    """Leave out what is beyond the first `most` hours of `order`."""
    hours = dict(zip(clips["id"], clips["duration_s"].fillna(0.0) / 3600, strict=True))
    total = np.cumsum([hours[name] for name in order])
    return {
        name: Rejection(name, "keep-hours", (), f"beyond the best {most:g} hours: {judge.words(name)}")
        for name, so_far in zip(order, total, strict=True)
        if so_far > most
    }


class _Sounds:
    """The phones and diphones of each clip."""

    def __init__(self, clips: pd.DataFrame) -> None:
        phonemes = clips["phonemes"].fillna("") if "phonemes" in clips else pd.Series("", clips.index)
        self._lines = dict(zip(clips["id"], zip(clips["language"], phonemes, strict=True), strict=True))

    def of(self, names: Collection[str]) -> Iterator[tuple[str, set[Sound]]]:
        for name in names:
            language, line = self._lines[name]
            own = phones(line)
            yield name, {(language, phone) for phone in own} | {(language, *pair) for pair in pairwise(own)}

    def _held(self, names: Collection[str]) -> set[Sound]:
        held: set[Sound] = set()
        for _, sounds in self.of(names):
            held |= sounds
        return held

    def carriers(self, kept: Collection[str], doubtful: Sequence[str]) -> dict[str, list[str]]:
        """Return which doubtful clips hold a phone that no other has, best first, and all that they bring."""
        if not doubtful:
            return {}
        held = self._held(kept)
        result = {}
        for name, sounds in self.of(doubtful):
            news = sounds - held
            if any(len(sound) == 2 for sound in news):
                held |= sounds
                result[name] = sorted(" ".join(sound[1:]) for sound in news)
        return result

    def sole(self, names: Collection[str]) -> frozenset[str]:
        """Return the clips that hold a phone or diphone which no other clip holds."""
        holder: dict[Sound, str] = {}
        for name, sounds in self.of(names):
            for sound in sounds:
                holder[sound] = "" if sound in holder else name
        return frozenset(holder.values()) - {""}

    def lost(self, kept: Collection[str], rejected: Collection[str]) -> dict[str, list[str]]:
        if not rejected:
            return {}
        held = self._held(kept)
        lost: dict[str, list[str]] = {}
        for name, sounds in self.of(rejected):
            for sound in sorted(sounds - held):
                lost.setdefault(" ".join(sound[1:]), []).append(name)
        return dict(sorted(lost.items(), key=lambda item: (item[0].count(" "), item[0])))
