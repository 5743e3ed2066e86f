"""What a person reviews: the clips of an audit, their findings, and what has been decided."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ttsprep.audit.decisions import DECISION_WORDS, Decision, read_decisions
from ttsprep.audit.results import AuditFolder
from ttsprep.core.errors import UsageError
from ttsprep.core.types import Clip, Severity
from ttsprep.report.clip.audio import clip_of
from ttsprep.report.format import original_of
from ttsprep.report.review.decisions_file import UNDECIDED, Change, DecisionsFile

_PROPOSED = "proposed-decisions.csv"
REASONS = (
    "wrong text",
    "wrong speaker",
    "noise",
    "distorted",
    "cut off",
    "mispronounced",
    "breath, cough or click",
    "another room or microphone",
    "other sound or music",
)
"""What the keys 1 to 9 give as the reason."""
COLUMNS = (
    *("id", "path", "text", "speaker", "language", "start_s", "end_s", "sha256", "duration_s"),
    *("asr_text", "doubted_word", "doubted_place"),
)
"""What a review needs of ``clips.parquet``."""
MOST_WORDS = 400
"""Of a text that are compared with what was heard."""
MOST_TEXT = 20_000
"""Characters of a text or a reason."""


@dataclass(frozen=True)
class Session:
    """One reviewer, one audit, one file of decisions.

    Attributes
    ----------
    audit
        The audit.
    root
        Where its corpus is.
    decisions
        Where decisions are saved.
    reviewer
        Who reviews; goes into every decision.
    """

    audit: AuditFolder
    root: Path
    decisions: DecisionsFile
    reviewer: str

    @cached_property
    def ids(self) -> list[str]:
        """Ids of the clips, in the order of the corpus."""
        return list(self.audit.clips["id"].to_pylist())

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.ids)}

    @cached_property
    def _findings(self) -> dict[int, list[int]]:
        """Rows of the findings of each clip, the worst first."""
        rows: dict[int, list[int]] = {}
        severities = self.audit.findings["severity"].to_pylist()
        for row, name in enumerate(self.audit.findings["clip"].to_pylist()):
            if name in self._place:
                rows.setdefault(self._place[name], []).append(row)
        for own in rows.values():
            own.sort(key=lambda row: -Severity(severities[row]).rank)
        return rows

    def row(self, number: int) -> dict[str, Any]:
        """Return a row of ``clips.parquet``."""
        values: dict[str, Any] = self.audit.clips.slice(number, 1).to_pylist()[0]
        return values

    def clip(self, number: int) -> Clip:
        """Return a clip, with its path as the system knows it."""
        return clip_of(self.row(number), self.root)

    def document(self) -> dict[str, Any]:
        """Return what the page needs of all clips: by column, and findings as code, rank and distance to the limit."""
        clips, findings = self.audit.clips, self.audit.findings
        codes = list(self.audit.summary["codes"])
        code_place = {code: place for place, code in enumerate(codes)}
        columns = [findings[name].to_pylist() for name in ("code", "severity", "value", "limit")]
        details = [
            (code_place[code], Severity(severity).rank, _distance(value, limit))
            for code, severity, value, limit in zip(*columns, strict=True)
        ]
        verdicts = list(dict.fromkeys(self.audit.verdicts["verdict"].to_pylist()))
        of_clip = dict(zip(*(self.audit.verdicts[name].to_pylist() for name in ("id", "verdict")), strict=True))
        return {
            "corpus": self.audit.summary["corpus"],
            "file": str(self.decisions.path),
            "reviewer": self.reviewer,
            "reasons": REASONS,
            "codes": codes,
            "verdicts": verdicts,
            "id": self.ids,
            "text": clips["text"].to_pylist(),
            "speaker": clips["speaker"].to_pylist(),
            "seconds": [None if second is None else round(second, 2) for second in clips["duration_s"].to_pylist()],
            "verdict": [verdicts.index(of_clip[name]) for name in self.ids],
            "findings": [[details[row] for row in self._findings.get(place, ())] for place in range(len(self.ids))],
            "proposed": self._proposed(),
            "decisions": self.decided(),
        }

    def _proposed(self) -> dict[int, str]:
        """Return the texts that an audit with a recogniser proposes for clips that say the text of another."""
        path = self.audit.folder / _PROPOSED
        proposed = read_decisions(path, self.ids) if path.is_file() else {}
        return {self._place[name]: decision.text for name, decision in proposed.items() if decision.text}

    def decided(self) -> dict[int, dict[str, Any]]:
        """Return all decisions, as the page knows them."""
        return {self._place[name]: to_json(decision) for name, decision in self.decisions.read().items()}

    def details(self, number: int) -> dict[str, Any]:
        """Return all that is known of a clip: findings, verdict, and its text against what a recogniser heard."""
        from ttsprep.text.diff import diff_words

        row = self.row(number)
        columns = self.audit.findings.select(["code", "severity", "message", "start", "end"])
        findings = [columns.slice(place, 1).to_pylist()[0] for place in self._findings.get(number, ())]
        for finding in findings:
            finding["twin"] = self._place.get(original_of(finding["message"]))
        verdict = self.audit.verdicts.slice(number, 1).to_pylist()[0]
        text, asr_text = row["text"] or "", row.get("asr_text") or ""
        doubted = row.get("doubted_place") if row.get("doubted_word") else None
        mark = -1 if doubted is None or math.isnan(doubted) else int(doubted)
        spans = diff_words(text, asr_text, mark=mark, longest=MOST_WORDS) if asr_text.strip() else []
        return {
            "path": row["path"],
            "piece": [row["start_s"], row["end_s"]] if row["start_s"] or row["end_s"] is not None else None,
            "findings": findings,
            "because": verdict["reason"],
            "words": [
                {
                    "written": span.written,
                    "hypothesis": "" if span.same else span.hypothesis,
                    "same": span.same,
                    "mark": span.marked,
                }
                for span in spans
            ],
        }

    def save(self, changes: list[Mapping[str, Any]]) -> None:
        """Save decisions that a page sends: ``clip``, its number; ``seen`` and ``new``, as `to_json` writes them.

        Raises
        ------
        UsageError
            If one makes no sense.
        TtsprepError
            As `DecisionsFile.save`.
        """
        self.decisions.save([self._change(change) for change in changes])

    def _change(self, change: Mapping[str, Any]) -> Change:
        number = change.get("clip")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < len(self.ids):
            raise UsageError(f"there is no clip {number!r}")
        return Change(self.ids[number], _from_json(change.get("seen")), _from_json(change.get("new")))

    def numbered(self, decisions: Mapping[str, Decision]) -> dict[int, dict[str, Any] | None]:
        """Return decisions as a page knows them; None for a clip that is undecided."""
        return {
            self._place[name]: None if decision == UNDECIDED else to_json(decision)
            for name, decision in decisions.items()
        }


def _distance(value: float | None, limit: float | None) -> float | None:
    """Return how far a value is from its limit, as a share of the limit; None where that is not known."""
    if value is None or limit is None or not (math.isfinite(value) and math.isfinite(limit)):
        return None
    return round(abs(value - limit) / max(abs(limit), 1e-9), 4)


def to_json(decision: Decision) -> dict[str, Any]:
    """Return a decision as the page knows it."""
    return {
        "decision": DECISION_WORDS[decision.keep],
        "text": decision.text,
        "reason": decision.reason,
        "start": decision.start,
        "end": decision.end,
        "reviewer": decision.reviewer,
    }


def _from_json(value: object) -> Decision:
    """Return the decision that a page sends; None is no decision.

    Raises
    ------
    UsageError
        If it is none.
    """
    if value is None:
        return UNDECIDED
    if not isinstance(value, dict) or set(value) != set(to_json(UNDECIDED)):
        raise UsageError("a decision has decision, text, reason, start, end and reviewer")
    texts = [value["decision"], value["reason"], value["reviewer"], value["text"] or ""]
    if not all(isinstance(text, str) and len(text) <= MOST_TEXT and "\0" not in text for text in texts):
        raise UsageError(f"a text has at most {MOST_TEXT:,} characters")
    keep = {name: keep for keep, name in DECISION_WORDS.items()}.get(value["decision"], ...)
    start, end = (_second(value[name]) for name in ("start", "end"))
    if keep is ... or (end is not None and end <= (start or 0.0)):
        raise UsageError("the decision is keep, reject or empty, and its end is after its start")
    return Decision(keep, value["text"] or None, value["reason"].strip(), start, end, value["reviewer"].strip())


def _second(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise UsageError("start and end are in seconds into the clip")
    return round(float(value), 3)
