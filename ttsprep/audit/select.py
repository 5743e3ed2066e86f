"""Which clips a build keeps: by findings, by hours, by what only they hold, and by what a person decided.

This is the one place where findings turn into a decision: the verdict of an audit, the plan of a dry run and the
clips of a build are three readings of it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from ttsprep.audit.decisions import Decision
from ttsprep.audit.goal.trim import Trimming
from ttsprep.audit.sounds.held import Sounds
from ttsprep.core.audio import READ_SECONDS
from ttsprep.core.config import Section
from ttsprep.core.dsp import robust_spread
from ttsprep.core.types import Severity
from ttsprep.text.characters import letters

MOST_WARNINGS = {"lenient": inf, "normal": 2, "strict": 0}
FIXED_BY = {
    "channel-dead": "mono",
    "channels-mixed": "mono",
    "channels-out-of-phase": "mono",
    "dc-offset": "dc-block",
    "leading-silence": "trim",
    "loudness-outlier": "loudness",
    "sample-rate-mixed": "resample",
    "subtype-mixed": "format",
    "text-empty": "transcribe",
    "text-encoding": "normalise",
    "text-too-long": "segment",
    "text-unspeakable": "normalise",
    "too-long": "segment",
    "too-quiet": "loudness",
    "trailing-silence": "trim",
}
"""Codes that a stage of a build removes without harm to the speech; the others need new recordings or texts."""

SAME_SNR_DB = 3.0
"""Takes whose signal to noise differs by less are told apart by rate and level."""
NO_TEXTS, PHONEMES = "text-missing", "text-phonemes"
"""Findings of a corpus without texts in letters, of which no clip can be built unless a model writes them down."""


class Select(Section):
    """Which clips are built.

    Attributes
    ----------
    strictness
        ``lenient`` rejects what no stage can fix, ``normal`` also clips with three warnings or more, ``strict``
        every clip with a warning that no stage fixes.
    reject, keep
        Codes that always reject a clip, and codes that never do.
    keep_hours
        At most this much, the worst clips being left out first; 0 for no limit.
    keep_coverage
        A clip with too many warnings is kept if it holds a phone that no other has; of the clips beyond
        `keep_hours` those go last that hold a phone or diphone alone.
    best_take
        Of several takes of one text by one speaker only the best is kept: by warnings, notes, signal to noise, and
        how near its rate and its level are to those of the corpus.
    """

    strictness: Literal["lenient", "normal", "strict"] = "normal"
    reject: tuple[str, ...] = ("duplicate-audio",)
    keep: tuple[str, ...] = ()
    keep_hours: float = Field(default=0.0, ge=0)
    keep_coverage: bool = True
    best_take: bool = False


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a clip is not in the build.

    Attributes
    ----------
    id
        Of the clip, in the source.
    stage
        Where it was left out: ``read``, ``segment``, ``transcribe``, ``select``, ``decisions``, ``best-take``,
        ``keep-hours``, a
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
class Terms:
    """All that decides about clips beside their findings.

    Attributes
    ----------
    rules
        How strictly.
    stages
        Of the build that is still to come: what they fix rejects no clip.
    least_rate
        Clips of a lower sample rate, in Hz, are rejected; 0 for none.
    longest_s
        Clips above this are rejected, in seconds, unless they are cut: no stage reads more of a file.
    decisions
        Of a person, by id; they come before everything but an unreadable file.
    low_confidence
        Clips whose text is not to be trusted, by id: rejected, unless a person keeps them.
    unfixed
        Code and severity of what a stage to come does not fix in a clip, by id, though it fixes that code as a rule.
    trimming
        What the stage ``trim`` is going to leave of clips; None where there is no such stage.
    unused
        Returns of the clips that are kept those that no part of the build may hold, with the reason, until there is
        none; None where every clip has a part.
    where
        Stage that the rejections name.
    """

    rules: Select = field(default_factory=Select)
    stages: frozenset[str] = frozenset()
    least_rate: int = 0
    longest_s: float = READ_SECONDS
    decisions: Mapping[str, Decision] = field(default_factory=dict)
    low_confidence: Mapping[str, Rejection] = field(default_factory=dict)
    unfixed: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    trimming: Trimming | None = None
    unused: Callable[[Sequence[str]], Mapping[str, str]] | None = None
    where: str = "select"

    @property
    def spared(self) -> frozenset[str]:
        """Codes that never reject a clip."""
        return frozenset(self.rules.keep) - frozenset(self.rules.reject)

    def fixes(self, code: str) -> str:
        """Return the stage to come that fixes a code; "" if none does, or the rules reject it all the same."""
        stage = FIXED_BY.get(code, "")
        return stage if stage in self.stages and code not in self.rules.reject else ""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a build keeps.

    Attributes
    ----------
    kept
        Ids, in the order of the corpus.
    rejected
        The others, in the order of the corpus.
    kept_for_coverage
        Ids that were kept only for what they hold: id -> the phones and diphones.
    lost
        Phones and diphones of the corpus that no kept clip holds -> the rejected clips that hold them.
    fixed
        Errors and warnings that a stage to come fixes: id, kept or rejected -> their codes.
    """

    kept: list[str]
    rejected: list[Rejection]
    kept_for_coverage: dict[str, list[str]] = field(default_factory=dict)
    lost: dict[str, list[str]] = field(default_factory=dict)
    fixed: dict[str, tuple[str, ...]] = field(default_factory=dict)


def select(clips: pd.DataFrame, findings: pd.DataFrame, terms: Terms) -> Selection:
    """Select the clips that a build keeps.

    Parameters
    ----------
    clips, findings
        The tables of an audit.
    terms
        All else that decides.
    """
    judge, sounds = _Judge(clips, findings, terms), Sounds(clips)
    out, held = _rejected(clips, judge, sounds, terms)
    ids = clips["id"].tolist()
    kept = [name for name in ids if name not in out]
    rejected = [out[name] for name in ids if name in out]
    return Selection(kept, rejected, held, sounds.lost(kept, [r.id for r in rejected]), judge.fixed)


def kept_by_option(clips: pd.DataFrame, findings: pd.DataFrame, options: Mapping[str, Terms]) -> dict[str, set[str]]:
    """Return the clips that a build would keep on each of several terms, by their name."""
    sounds, ids = Sounds(clips), set(clips["id"])
    return {
        name: ids - _rejected(clips, _Judge(clips, findings, terms), sounds, terms)[0].keys()
        for name, terms in options.items()
    }


def _rejected(
    clips: pd.DataFrame, judge: "_Judge", sounds: "Sounds", terms: Terms
) -> tuple[dict[str, Rejection], dict[str, list[str]]]:
    """Return what is rejected, by id, and what is kept for its sounds alone."""
    hard: dict[str, Rejection] = {}
    soft: dict[str, Rejection] = {}
    ids = clips["id"].tolist()
    seconds = clips["duration_s"].fillna(0.0) if "duration_s" in clips else pd.Series(0.0, clips.index)
    longest = inf if "segment" in terms.stages else terms.longest_s
    rates = clips["sample_rate"] if "sample_rate" in clips else pd.Series(inf, clips.index)
    short = terms.trimming.too_short(clips) if terms.trimming and "too-short" not in terms.spared else {}
    mute = _mute(clips, terms.stages)
    states = zip(ids, clips["status"], clips["status_reason"], rates, seconds, strict=True)
    for name, status, why, rate, long in states:
        decided = terms.decisions.get(name)
        if status != "ok":
            hard[name] = Rejection(name, terms.where, (status,), why)
        elif rate < terms.least_rate:
            hard[name] = Rejection(name, terms.where, ("narrowband",), _too_low(int(rate), terms.least_rate))
        elif long > longest:
            cut = f"{long:.0f} s are more than the {longest:g} s that can be read at once: --recipe longform cuts it"
            hard[name] = Rejection(name, terms.where, ("too-long",), cut)
        elif judge.no_texts:
            hard[name] = Rejection(name, terms.where, *judge.no_texts)
        elif decided and decided.keep is not None:
            if not decided.keep or name in mute:
                hard[name] = _decided_against(name, decided, mute.get(name, ""), terms.where)
        elif name in terms.low_confidence:
            hard[name] = terms.low_confidence[name]
        elif reason := judge.fatal(name):
            hard[name] = Rejection(name, terms.where, *reason)
        elif name in mute:
            hard[name] = Rejection(name, terms.where, ("no-speech",), mute[name])
        elif name in short:
            hard[name] = Rejection(name, terms.where, ("too-short",), short[name])
        elif reason := judge.doubtful(name):
            soft[name] = Rejection(name, terms.where, *reason)
    rules = terms.rules
    good = [name for name in ids if name not in hard and name not in soft]
    held = sounds.carriers(good, sorted(soft, key=judge.quality_rank)) if rules.keep_coverage else {}
    out = {**hard, **{name: why for name, why in soft.items() if name not in held}}
    if rules.best_take:
        out |= _other_takes(clips, [name for name in ids if name not in out], judge, terms)
    if rules.keep_hours:
        good = [name for name in ids if name not in out]
        sole = sounds.sole(good) if rules.keep_coverage else frozenset()
        wanted = {name for name in good if (decided := terms.decisions.get(name)) and decided.keep}
        order = sorted(good, key=lambda name: (name not in wanted, name not in sole, judge.quality_rank(name)))
        beyond = _beyond(clips, order, judge, rules.keep_hours)
        out |= {name: why for name, why in beyond.items() if name not in wanted}
    while terms.unused and (unused := terms.unused([name for name in ids if name not in out])):
        out |= {name: Rejection(name, "split", (), why) for name, why in unused.items()}
    return out, {name: reasons for name, reasons in held.items() if name not in out}


def _other_takes(clips: pd.DataFrame, good: Sequence[str], judge: "_Judge", terms: Terms) -> dict[str, Rejection]:
    """Reject all takes of a text but the best, and those that a person keeps."""
    takes: dict[tuple[str, str], list[str]] = {}
    left = clips[clips["id"].isin(set(good))]
    for name, speaker, text in zip(left["id"], left["speaker"], left["text"], strict=True):
        if key := letters(text):
            takes.setdefault((speaker, key), []).append(name)
    far = _distances(left)
    wanted = {name for name, decision in terms.decisions.items() if decision.keep}

    def rank(name: str) -> tuple[object, ...]:
        warnings, notes, snr, _ = judge.quality_rank(name)
        return name not in wanted, warnings, notes, round(snr / SAME_SNR_DB), far[name], name

    out = {}
    for names in takes.values():
        best = min(names, key=rank)
        for name in set(names) - wanted - {best}:
            reason = (
                f"another take of the text of {best}, which is better: {judge.words(best)}, not {judge.words(name)}"
            )
            out[name] = Rejection(name, "best-take", (), reason)
    return out


def _distances(clips: pd.DataFrame) -> dict[str, float]:
    """Return how far rate and level of each clip are from the medians, in spreads of the corpus."""
    far = np.zeros(len(clips))
    for column in ("phones_per_s", "loudness_lufs"):
        if column in clips:
            values = clips[column].to_numpy(float)
            off = np.abs(values - np.nanmedian(values)) if np.isfinite(values).any() else np.zeros(len(values))
            spread = robust_spread(values)
            far += np.nan_to_num(off / spread) if spread > 0 else 0.0
    return dict(zip(clips["id"], far.tolist(), strict=True))


def _decided_against(name: str, decided: Decision, mute: str, where: str) -> Rejection:
    """Reject a clip as it was decided, or in spite of that where there is nothing in it."""
    if decided.keep:
        return Rejection(name, where, ("no-speech",), f"decided to keep, but {mute}")
    return Rejection(name, "decisions", (), f"decided: {decided.reason}" if decided.reason else "decided")


def _mute(clips: pd.DataFrame, stages: frozenset[str]) -> dict[str, str]:
    """Return the clips in which a stage to come finds nothing to work on, with the reason."""
    reasons: dict[str, str] = {}
    for stage, column, least in (("loudness", "loudness_lufs", -inf), ("trim", "speech_s", 0.0)):
        if stage in stages and column in clips:
            nothing = clips["id"][~(clips[column] > least)]
            reasons |= dict.fromkeys(nothing, f"nothing is to be heard in it, and the stage {stage} needs speech")
    return reasons


def _too_low(rate: int, least: int) -> str:
    return (
        f"its {rate} Hz are less than the {least} Hz asked for, and nothing above {rate / 2000:g} kHz is in it: "
        "lower sample_rate, or set upsample = true in [stages.resample]"
    )


class _Judge:
    """What the findings say of each clip."""

    def __init__(self, clips: pd.DataFrame, findings: pd.DataFrame, terms: Terms) -> None:
        self._rules = terms.rules
        spared = terms.spared
        self._findings: dict[str, list[tuple[int, str, str]]] = {}
        self.no_texts: tuple[tuple[str, ...], str] | None = None
        fixed: dict[str, dict[str, None]] = {}
        ranks = {severity.value: severity.rank for severity in Severity}
        columns = findings[["clip", "code", "severity", "message"]]
        for clip, code, severity, message in columns.itertuples(index=False):
            if code == PHONEMES or (code == NO_TEXTS and "transcribe" not in terms.stages):
                self.no_texts = (code,), message
            if clip and terms.fixes(code) and (code, severity) not in terms.unfixed.get(clip, ()):
                if severity != Severity.NOTE:
                    fixed.setdefault(clip, {})[code] = None
            elif clip and code not in spared:
                self._findings.setdefault(clip, []).append((ranks[severity], code, message))
        self.fixed = {clip: tuple(codes) for clip, codes in fixed.items()}
        snr = clips["snr_db"] if "snr_db" in clips else pd.Series(0.0, clips.index)
        self._snr = dict(zip(clips["id"], snr.fillna(0.0), strict=True))

    def fatal(self, name: str) -> tuple[tuple[str, ...], str] | None:
        return self._because(name, lambda rank, code: rank == Severity.ERROR.rank or code in self._rules.reject)

    def doubtful(self, name: str) -> tuple[tuple[str, ...], str] | None:
        codes = {code for rank, code, _ in self._findings.get(name, ()) if rank == Severity.WARNING.rank}
        if len(codes) <= MOST_WARNINGS[self._rules.strictness]:
            return None
        return self._because(name, lambda rank, _: rank == Severity.WARNING.rank)

    def _because(self, name: str, counts: Callable[[int, str], bool]) -> tuple[tuple[str, ...], str] | None:
        reasons = [item for item in self._findings.get(name, ()) if counts(item[0], item[1])]
        if not reasons:
            return None
        reasons.sort(key=lambda item: (-item[0], item[1]))
        return tuple(dict.fromkeys(code for _, code, _ in reasons)), "; ".join(message for *_, message in reasons)

    def quality_rank(self, name: str) -> tuple[int, int, float, str]:
        """Order clips from the best to the worst."""
        ranks = Counter(rank for rank, *_ in self._findings.get(name, ()))
        return ranks[Severity.WARNING.rank], ranks[Severity.NOTE.rank], -self._snr[name], name

    def words(self, name: str) -> str:
        warnings, notes, snr, _ = self.quality_rank(name)
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
