"""Everything known of one clip of an audit, put together for people and programs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from ttsprep.audit.percentiles import Measure, measures
from ttsprep.audit.results import BUILD, SOURCE, AuditFolder, find_clip, root_of
from ttsprep.audit.verdict import FIXED_BY, Verdict, verdict
from ttsprep.checks.base import Code, catalogue
from ttsprep.core.errors import UsageError
from ttsprep.core.files import safe_name
from ttsprep.core.output_folder import claim_file
from ttsprep.core.tables import clean
from ttsprep.core.types import Clip, Severity
from ttsprep.corpora.layouts.ttsprep_build import DOCUMENT
from ttsprep.models.base import all_models
from ttsprep.report.clip.audio import Sound, clip_of, listen_to
from ttsprep.report.clip.build_outcome import Fate, fate
from ttsprep.text.diff import DiffSpan, diff_words

if TYPE_CHECKING:
    from ttsprep.models.word_scores import WordScores

PAGES = "explain"
"""Folder of the pages, in that of the audit."""
PAGE_MARK = '<meta name="generator" content="ttsprep explain">'
"""Tells a page, which may be written anew, from any other file."""


@dataclass(frozen=True, slots=True)
class Found:
    """A finding with what the catalogue says of it.

    Attributes
    ----------
    code, severity, message, value, limit, start, end
        As in ``findings.parquet``; None where there is none.
    entry
        What it is, how it is measured, why it hurts, and the fix; None for a code of a plug-in that is not here.
    stage
        Of a build, that fixes it; "" if none does.
    """

    code: str
    severity: Severity
    message: str
    value: float | None
    limit: float | None
    start: float | None
    end: float | None
    entry: Code | None
    stage: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything known of a clip.

    Attributes
    ----------
    audit
        Where it is from.
    row
        Of ``clips.parquet``, by column.
    clip
        With its path as the system knows it.
    findings
        The worst first.
    measures
        By area.
    verdict
        What becomes of it.
    root
        Where the corpus is; None if that is not known.
    sound
        The clip as it is now.
    heard
        Word by word; None if no model was asked.
    fate
        What a build did with it; None if none is known.
    """

    audit: AuditFolder
    row: dict[str, Any]
    clip: Clip
    findings: tuple[Found, ...]
    measures: tuple[Measure, ...]
    verdict: Verdict
    root: Path | None
    sound: Sound
    heard: "WordScores | None" = None
    fate: Fate | None = None

    @property
    def said(self) -> str:
        """What a model heard: now, or in the audit; "" if none wrote anything down."""
        if self.heard is not None and self.heard.said:
            return self.heard.said
        return self.row.get("said") or ""

    @property
    def passages(self) -> list[DiffSpan]:
        """What is written against what was heard; empty if nothing was."""
        return diff_words(self.clip.text, self.said) if self.said else []

    @property
    def missing(self) -> str:
        """What is to be known of the audio as it is now, in a sentence; "" if it is as it was audited."""
        if self.sound.decoded is None:
            as_before = self.root is not None and self.row["status"] not in {"ok", None}
            return "" if as_before else self.sound.fault
        if self.sound.changed:
            return "the file is not the one that was audited: what was measured is of the old one"
        whole = self.sound.decoded.complete
        return "" if whole else f"it is too long to be read: only its first {self.sound.seconds:.0f} s are shown"

    def document(self) -> dict[str, Any]:
        """Return all of it for programs."""
        names = ("id", "given_id", "path", "text", "speaker", "language", "start_s", "end_s", "sha256", "status")
        return {
            "audit": clean(str(self.audit.folder)),
            "corpus": None if self.root is None else clean(str(self.root)),
            "clip": {name: self.row.get(name) for name in (*names, "status_reason", "subtype")},
            "verdict": self.verdict.value,
            "findings": [_finding(found) for found in self.findings],
            "measures": {measure.name: _measure(measure) for measure in self.measures},
            "audio": {"readable": self.sound.decoded is not None, "remark": self.missing or None},
            "speech": [list(stretch) for stretch in self.sound.speech],
            "said": self.said or None,
            "words": None if self.heard is None else _words(self.heard),
            "build": None if self.fate is None else asdict(self.fate),
        }


def _finding(found: Found) -> dict[str, Any]:
    fields = {name: getattr(found, name) for name in ("code", "severity", "message", "value", "limit", "start", "end")}
    entry = found.entry
    about = {name: getattr(entry, name) for name in ("summary", "measured", "impact", "fix")} if entry else {}
    return fields | {"fixed_by": found.stage or None} | about


def _measure(measure: Measure) -> dict[str, Any]:
    corpus = None if measure.standing is None else asdict(measure.standing)
    fields = {name: getattr(measure, name) for name in ("value", "unit", "area", "meaning")}
    return fields | {"corpus": corpus, "finding": measure.severity or None}


def _words(heard: "WordScores") -> dict[str, Any]:
    numbers = {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in heard.measures.items()
    }
    words = [asdict(word) | {"doubted": word.doubted} for word in heard.words]
    return {"model": heard.model, "words": words, "measures": numbers, "missing": heard.missing or None}


def gather(audit: AuditFolder, name: str, *, corpus: Path | None = None, codes: Sequence[str] = ()) -> Dossier:
    """Put together what is known of a clip without asking any model.

    Parameters
    ----------
    audit
        From `open_audit`.
    name
        Of the clip, as `find_clip` takes it.
    corpus
        Where the corpus is now, if not where it was audited.
    codes
        As for `find_clip`.

    Raises
    ------
    UsageError
        If there is no such clip, or no such corpus.
    """
    place = find_clip(audit, name, codes=tuple(codes))
    row = {column: audit.clips.column(column)[place].as_py() for column in audit.clips.column_names}
    findings = _findings(audit.findings, row["id"])
    root, fault = root_of(audit, corpus)
    clip = clip_of(row, root)
    sound = Sound(None, fault=fault) if root is None else listen_to(root, clip, _digest(row))
    becomes = verdict(((found.code, found.severity) for found in findings), readable=row["status"] in {"ok", None})
    judged = _judged(measures(audit.clips, place), findings)
    done = fate(audit.build, row["id"]) if audit.build and (audit.build / DOCUMENT).is_file() else None
    return Dossier(audit, row, clip, tuple(findings), tuple(judged), becomes, root, sound, fate=done)


def _digest(row: Mapping[str, Any]) -> str | None:
    """Return the digest of the file as it was audited; "" if it was missing, None if it is not known."""
    return row["sha256"] or ("" if row["status"] == "audio-missing" else None)


def _findings(table: pa.Table, name: str) -> list[Found]:
    found = []
    for row in table.filter(pc.equal(table["clip"], name)).to_pylist():
        entry = catalogue()[row["code"]][0] if row["code"] in catalogue() else None
        value, limit, start, end = (_known(row[name]) for name in ("value", "limit", "start", "end"))
        severity, stage = Severity(row["severity"]), FIXED_BY.get(row["code"], "")
        found.append(Found(row["code"], severity, row["message"], value, limit, start, end, entry, stage))
    return sorted(found, key=lambda one: (-one.severity.rank, one.code))


def _known(number: float | None) -> float | None:
    """Return a number, or None where there is none: tables have it as null, or as NaN."""
    return None if number is None or math.isnan(number) else number


def _judged(known: Sequence[Measure], findings: Sequence[Found]) -> list[Measure]:
    """Mark the measures that findings have as their value, each with the worst of those."""
    severities: dict[str, str] = {}
    for found in findings:  # the worst first
        check = catalogue()[found.code][1] if found.entry else None
        own = [m for m in known if check is not None and m.name in check.measures] or known
        for measure in own:
            if found.value is not None and isinstance(measure.value, float) and _same(found.value, measure.value):
                severities.setdefault(measure.name, found.severity)
                break
    return [replace(measure, severity=severities.get(measure.name, "")) for measure in known]


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-3, abs_tol=1e-9)


def with_words(dossier: Dossier, path: str) -> Dossier:
    """Return the same with what a model makes of every word.

    Parameters
    ----------
    dossier
        Of the clip.
    path
        Of the weights, from `ttsprep.models.word_scores.require_model`.
    """
    from ttsprep.audit.listen import decode, like
    from ttsprep.models.base import ModelInput
    from ttsprep.models.word_scores import WordScores, score_words

    if dossier.root is None or dossier.sound.decoded is None:
        return replace(dossier, heard=WordScores(path.rpartition("/")[2], missing="there is no audio to listen to"))
    table = dossier.audit.clips.select(["text", "language"])
    others = [Clip("", "", row["text"] or "", language=row["language"] or "") for row in table.to_pylist()]
    near = like([dossier.clip, *others])[0]
    heard = ModelInput(dossier.clip, decode(dossier.root, dossier.clip), near)
    return replace(dossier, heard=score_words(path, heard))


def page_path(dossier: Dossier, given: Path | None) -> Path:
    """Return where the page of a clip goes: as given, else beside the audit, and never into the corpus.

    Nothing is put into a build, which would no longer be as it was finished: its pages go beside it.

    Raises
    ------
    UsageError, OutputError
        If the one given is a folder, or lies in the corpus.
    """
    if given is None:
        folder = dossier.audit.folder
        pages = folder / PAGES
        if (build := folder.parent / BUILD).is_file():
            beside = build.parent.resolve()
            pages = beside.with_name(f"{beside.name}.{PAGES}") / ("" if folder.name == SOURCE else folder.name)
        given = pages / f"{safe_name(dossier.row['id'])}.html"
    elif given.is_dir():
        raise UsageError(f"{given} is a folder: --html takes the name of the page")
    sources = [] if dossier.root is None else [dossier.root]
    if given.parent.resolve() != (dossier.audit.folder / PAGES).resolve():
        sources.append(dossier.audit.build or dossier.audit.folder)
    claim_file("explain", given, sources, ours=_is_page)
    return given


def _is_page(path: Path) -> bool:
    with path.open("rb") as file:
        return PAGE_MARK.encode() in file.read(4096)


def becomes(dossier: "Dossier") -> str:
    """Say in a few words why a clip is usable, fixable or to drop."""
    if dossier.verdict == "usable":
        return "no error, nothing to fix" if dossier.findings else "nothing was found"
    if dossier.verdict == "fixable":
        stages = dict.fromkeys(found.stage for found in dossier.findings if found.stage and found.severity != "note")
        return f"a build fixes it: {', '.join(stages)}"
    codes = [found.code for found in dossier.findings if found.severity == "error" and not found.stage]
    return f"for {', '.join(dict.fromkeys(codes))}" if codes else "its audio could not be decoded"


def audio_of(row: Mapping[str, Any]) -> str:
    """Say in one line what the file is, or why it could not be read."""
    if row["status"] != "ok":
        return f"{row['status']}: {row['status_reason']}"
    channels = {1: "mono", 2: "stereo"}.get(row["channels"], f"{row['channels']} channels")
    return f"{row['duration_s']:.2f} s, {row['sample_rate']:,} Hz, {channels}, {row['subtype']}"


def place(found: "Found") -> str:
    """Say where in the clip a finding is, and its value against the limit where the message does not hold them."""
    if found.start is None:
        return ""
    if found.end is None or found.end - found.start < 0.005:
        return f"at {found.start:.2f} s"
    return f"{found.start:.2f} to {found.end:.2f} s"


def rank(measure: "Measure") -> str:
    """Write the percentile of a measure; "" where all clips have the same."""
    known = measure.standing
    if known is None or known.low == known.high:
        return ""
    return (
        f"{min(max(known.percentile, 0.1), 99.9):.1f} %"
        if not 1 <= known.percentile <= 99
        else f"{known.percentile:.0f} %"
    )


def nats(score: float) -> str:
    """Say how far a word is behind the likeliest one."""
    return f"{abs(score):.1f} nats behind"


def piece(row: Mapping[str, Any]) -> str:
    """Say which piece of its file a clip is; "" if it is all of it."""
    if not row["start_s"] and row["end_s"] is None:
        return ""
    end = "its end" if row["end_s"] is None else f"{row['end_s']:g} s"
    return f"from {row['start_s'] or 0:g} s to {end}"


def facts(dossier: Dossier) -> dict[str, str]:
    """Name what a clip is: its file, its speaker, its language."""
    row = dossier.row
    known = {
        "file": ", ".join(filter(None, (row["path"], piece(row)))),
        "audio": audio_of(row),
        "speaker": row["speaker"] or "",
        "language": row["language"] or "",
        "called": f"{row['given_id']} in the corpus, where that is taken" if row["given_id"] != row["id"] else "",
    }
    return {name: value for name, value in known.items() if value}


def unmeasured(measures: Iterable[Measure]) -> list[str]:
    """Say which measures a clip does not have, and why."""
    known = list(measures)
    empty = [measure for measure in known if measure.value is None and measure.unit]  # an empty text says something
    there = {measure.model for measure in known if measure.value is not None}
    deaf = sorted({measure.model for measure in empty} & all_models().keys() - there)
    names = [measure.name for measure in empty if not measure.model or measure.model in there]
    sentences = [f"Nothing to measure: {', '.join(names)}."] if names else []
    if deaf:
        sentences.append(f"Nobody has listened: ttsprep audit {' '.join(f'--listen {name}' for name in deaf)} does.")
    return sentences
