"""Everything that an audit, a build and a model know of one clip."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from ttsprep.audit.percentiles import Measure, measures
from ttsprep.audit.results import BUILD, SOURCE, AuditFolder, find_clip, root_of
from ttsprep.audit.select import FIXED_BY
from ttsprep.audit.verdict import Verdict
from ttsprep.checks.base import Code, catalogue
from ttsprep.core.errors import UsageError
from ttsprep.core.files import clean, safe_name
from ttsprep.core.output_folder import claim_page
from ttsprep.core.types import Clip, Severity
from ttsprep.corpora.layouts.ttsprep_build import DOCUMENT
from ttsprep.report.clip.audio import ClipAudio, clip_of, load_clip_audio
from ttsprep.report.clip.build_outcome import BuildOutcome, build_outcome
from ttsprep.text.diff import DiffSpan, diff_words

if TYPE_CHECKING:
    from ttsprep.models.word_scores import WordScores

PAGES = "explain"
"""Folder of the pages, in that of the audit."""


@dataclass(frozen=True, slots=True)
class ClipFinding:
    """A finding of a clip, with its entry in the catalogue.

    Attributes
    ----------
    code, severity, message, value, limit, start, end
        As in ``findings.parquet``; None where there is none.
    entry
        Of the catalogue; None for a code of a plug-in that is not installed.
    stage
        Stage of a build that fixes it; "" if none does.
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
class ClipReport:
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
    verdict, reason
        What becomes of it, and why.
    root
        Where the corpus is; None if that is not known.
    audio
        The clip as it is now.
    words
        Word by word; None if no model was asked.
    outcome
        What a build did with it; None if none is known.
    """

    audit: AuditFolder
    row: dict[str, Any]
    clip: Clip
    findings: tuple[ClipFinding, ...]
    measures: tuple[Measure, ...]
    verdict: Verdict
    reason: str
    root: Path | None
    audio: ClipAudio
    words: "WordScores | None" = None
    outcome: BuildOutcome | None = None

    @property
    def transcription(self) -> str:
        """What a model transcribed, now or in the audit; "" if none did."""
        return (self.words.asr_text if self.words is not None else "") or self.row.get("asr_text") or ""

    @property
    def diff(self) -> list[DiffSpan]:
        """The text against the transcription; empty without one."""
        return diff_words(self.clip.text, self.transcription) if self.transcription else []

    @property
    def audio_note(self) -> str:
        """How the audio differs from what was audited, in a sentence; "" if it does not."""
        if self.audio.decoded is None:
            as_before = self.root is not None and self.row["status"] not in {"ok", None}
            return "" if as_before else self.audio.fault
        if self.audio.changed:
            return "the file has changed since the audit: the measures are those of the old file"
        whole = self.audio.decoded.complete
        return (
            ""
            if whole
            else f"the file is too long to be read whole: only its first {self.audio.seconds:.0f} s are shown"
        )

    def document(self) -> dict[str, Any]:
        """Return all of it for programs."""
        names = ("id", "given_id", "path", "text", "speaker", "language", "start_s", "end_s", "sha256", "status")
        return {
            "audit": clean(str(self.audit.folder)),
            "corpus": None if self.root is None else clean(str(self.root)),
            "clip": {name: self.row.get(name) for name in (*names, "status_reason", "subtype")},
            "verdict": self.verdict.value,
            "verdict_reason": self.reason,
            "findings": [_finding(finding) for finding in self.findings],
            "measures": {measure.name: _measure(measure) for measure in self.measures},
            "audio": {"readable": self.audio.decoded is not None, "remark": self.audio_note or None},
            "speech": [list(stretch) for stretch in self.audio.speech],
            "asr_text": self.transcription or None,
            "words": None if self.words is None else _words(self.words),
            "build": None if self.outcome is None else asdict(self.outcome),
        }


def _finding(finding: ClipFinding) -> dict[str, Any]:
    fields = {
        name: getattr(finding, name) for name in ("code", "severity", "message", "value", "limit", "start", "end")
    }
    entry = finding.entry
    about = {name: getattr(entry, name) for name in ("summary", "measured", "impact", "fix")} if entry else {}
    return fields | {"fixed_by": finding.stage or None} | about


def _measure(measure: Measure) -> dict[str, Any]:
    corpus = None if measure.distribution is None else asdict(measure.distribution)
    fields = {name: getattr(measure, name) for name in ("value", "unit", "area", "meaning")}
    return fields | {"corpus": corpus, "finding": measure.severity or None}


def _words(scores: "WordScores") -> dict[str, Any]:
    numbers = {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in scores.measures.items()
    }
    words = [asdict(word) | {"doubted": word.doubted} for word in scores.words]
    return {"model": scores.model, "words": words, "measures": numbers, "missing": scores.missing or None}


def load_clip(audit: AuditFolder, name: str, *, corpus: Path | None = None, codes: Sequence[str] = ()) -> ClipReport:
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
    findings = _findings(audit, row["id"])
    root, fault = root_of(audit, corpus)
    clip = clip_of(row, root)
    sound = ClipAudio(None, fault=fault) if root is None else load_clip_audio(root, clip, _digest(row))
    decision = audit.verdicts.filter(pc.equal(audit.verdicts["id"], row["id"])).to_pylist()[0]
    becomes, because = Verdict(decision["verdict"]), _because(decision)
    judged = _judged(measures(audit.clips, place), findings)
    done = build_outcome(audit.build, row["id"]) if audit.build and (audit.build / DOCUMENT).is_file() else None
    return ClipReport(audit, row, clip, tuple(findings), tuple(judged), becomes, because, root, sound, outcome=done)


def _because(decision: Mapping[str, Any]) -> str:
    """Say in a few words why a verdict is as it is."""
    codes: str = decision["codes"]
    return (
        f"because of {', '.join(codes.split())}"
        if decision["verdict"] == Verdict.DROP and codes
        else decision["reason"]
    )


def _digest(row: Mapping[str, Any]) -> str | None:
    """Return the digest of the file as it was audited; "" if it was missing, None if it is not known."""
    return row["sha256"] or ("" if row["status"] == "audio-missing" else None)


def _findings(audit: AuditFolder, name: str) -> list[ClipFinding]:
    findings, table = [], audit.findings
    for row in table.filter(pc.equal(table["clip"], name)).to_pylist():
        entry = catalogue()[row["code"]][0] if row["code"] in catalogue() else None
        value, limit, start, end = (_known(row[name]) for name in ("value", "limit", "start", "end"))
        severity = Severity(row["severity"])
        stage = FIXED_BY.get(row["code"], "") if audit.summary["codes"][row["code"]]["fixable"] else ""
        findings.append(ClipFinding(row["code"], severity, row["message"], value, limit, start, end, entry, stage))
    return sorted(findings, key=lambda one: (-one.severity.rank, one.code))


def _known(number: float | None) -> float | None:
    """Return a number, or None where there is none: tables have it as null, or as NaN."""
    return None if number is None or math.isnan(number) else number


def _judged(known: Sequence[Measure], findings: Sequence[ClipFinding]) -> list[Measure]:
    """Mark the measures that findings have as their value, each with the worst of those."""
    severities: dict[str, str] = {}
    for finding in findings:  # the worst first
        check = catalogue()[finding.code][1] if finding.entry else None
        own = [m for m in known if check is not None and m.name in check.measures] or known
        for measure in own:
            if finding.value is not None and isinstance(measure.value, float) and _same(finding.value, measure.value):
                severities.setdefault(measure.name, finding.severity)
                break
    return [replace(measure, severity=severities.get(measure.name, "")) for measure in known]


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-3, abs_tol=1e-9)


def with_words(report: ClipReport, path: str) -> ClipReport:
    """Return the same with what a model makes of every word.

    Parameters
    ----------
    report
        Of the clip.
    path
        Of the weights, from `ttsprep.models.word_scores.require_model`.
    """
    from ttsprep.audit.model_pass import decode_clips, similar_length_texts
    from ttsprep.models.base import ModelInput
    from ttsprep.models.word_scores import WordScores, score_words

    if report.root is None or report.audio.decoded is None:
        return replace(report, words=WordScores(path.rpartition("/")[2], missing="there is no audio to listen to"))
    table = report.audit.clips.select(["text", "language"])
    others = [Clip("", "", row["text"] or "", language=row["language"] or "") for row in table.to_pylist()]
    near = similar_length_texts([report.clip, *others])[0]
    model_input = ModelInput(report.clip, decode_clips(report.root, report.clip), near)
    return replace(report, words=score_words(path, model_input))


def page_path(report: ClipReport, given: Path | None) -> Path:
    """Return where the page of a clip goes: as given, else beside the audit, and never into the corpus.

    Nothing is put into a build, which would no longer be as it was finished: its pages go beside it.

    Raises
    ------
    UsageError, OutputError
        If the one given is a folder, or lies in the corpus.
    """
    if given is None:
        folder = report.audit.folder
        pages = folder / PAGES
        if (build := folder.parent / BUILD).is_file():
            beside = build.parent.resolve()
            pages = beside.with_name(f"{beside.name}.{PAGES}") / ("" if folder.name == SOURCE else folder.name)
        given = pages / f"{safe_name(report.row['id'])}.html"
    elif given.is_dir():
        raise UsageError(f"{given} is a folder: --html takes the name of the page")
    sources = [] if report.root is None else [report.root]
    if given.parent.resolve() != (report.audit.folder / PAGES).resolve():
        sources.append(report.audit.build or report.audit.folder)
    claim_page("explain", given, sources)
    return given
