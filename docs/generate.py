"""Writes the pages of the docs that follow from the code: one for each check, and the columns of the tables."""

import sys
from collections.abc import Mapping
from pathlib import Path

from ttsprep.audit.verdict import VERDICTS
from ttsprep.build.provenance import ENTRIES, PROVENANCE, REJECTED
from ttsprep.checks.base import Check, all_checks
from ttsprep.checks.describe import severity_reasons, summary, thresholds
from ttsprep.core.tables import FINDINGS, MANIFEST, MEASURED

MEANINGS = {
    "id": "name of the clip, unique: `~2`, `~3` … are appended where the corpus repeats one",
    "path": "audio file, relative to the corpus",
    "text": "transcript, exactly as the corpus has it",
    "speaker": "empty where the corpus does not say",
    "language": "as the corpus says, else as `--language` says",
    "start_s": "where the clip starts in its file [s]",
    "end_s": "where it ends; nothing if that is the end of the file [s]",
    "given_id": "the name in the corpus",
    "sha256": "digest of the file",
    "sample_rate": "of the file [Hz]",
    "channels": "of the file [count]",
    "subtype": "encoding as libsndfile names it: `PCM_16`, `VORBIS` …",
    "frames": "samples of one channel [count]",
    "duration_s": "of the clip [s]",
    "status": "`ok`, or the code of the finding that says why it was not measured",
    "status_reason": "what was seen, where it was not measured",
    "fingerprint": "stands for everything its measures depend on; the same one is not measured again",
    "clip": "`id` of the clip; empty for a finding about the whole corpus",
    "code": "as in `ttsprep checks`",
    "severity": "`error`, `warning` or `note`",
    "message": "what was seen, and the limit",
    "value": "the measure that was judged, where there is one",
    "limit": "what it was held against",
    "verdict": "`usable` as it is, `fixable` by a stage of a build, or `to drop`",
    "codes": "why it is dropped, or what a build fixes, separated by blanks",
    "reason": "the same in a sentence",
    "start": "where in the clip it starts [s]",
    "end": "where in the clip it ends [s]",
}

OF_A_BUILD = {
    "id": "name of the clip and of its file: safe for every file system",
    "path": "audio file, relative to the build",
    "text": "transcript, exactly as the source has it, or as a decision gives it",
    "normalised": "as it is read aloud: numbers and abbreviations in words",
    "asr_log_p": "of a text that a model wrote: how sure it was, as mean log-probability; null for others [nats]",
    "reference": "id of the clip that stands for the voice of the speaker; empty where all last more than 30 s",
    "speaker": "empty where the source does not say",
    "language": "as the source says, else as the recipe says",
    "split": "`train`, `valid` or `test`",
    "sample_rate": "of the file [Hz]",
    "channels": "of the file [count]",
    "subtype": "encoding of the file as libsndfile names it",
    "frames": "samples of one channel [count]",
    "sha256": "digest of the file",
    "source_id": "`id` in `source/clips.parquet`",
    "source_path": "audio file of the source, relative to it",
    "source_sha256": "digest of that file",
    "source_start_s": "where the clip starts in that file [s]",
    "source_end_s": "where it ends; nothing if that is the end of the file [s]",
    "source_rate": "of that file [Hz]",
    "source_channels": "of that file [count]",
    "source_subtype": "encoding of that file",
    "source_frames": "samples of one channel of the clip in that file [count]",
    "operations": "JSON list of the stages in order: name, version, parameters, and what each did",
    "gain_db": "by which the level was changed [dB]",
    "lead_removed_s": "trimmed from the start [s]",
    "tail_removed_s": "trimmed from the end [s]",
    "status": "`ok`",
    "status_reason": "empty",
    "status_stage": "empty",
    "fingerprint": "stands for the source, the stages and their parameters; the same one is not built again",
}
REJECTIONS = {
    "id": "`id` in `source/clips.parquet`; of `segment` the name of the recording that was cut",
    "stage": "where it was left out: `read`, `segment`, `select`, `decisions`, `best-take`, `keep-hours`, "
    "a stage, `result`, `split` or `export NAME`",
    "codes": "findings that are the cause, the worst first, separated by blanks; may be empty",
    "reason": "what was seen, and the limit",
}
DOCUMENT = {
    "ttsprep": "version that made the build",
    "source": "`corpus`, `layout`, `clips`, `hours`, `languages`, `speakers` of what was read",
    "result": "`clips`, `hours`, `speakers`, `sample_rates`, and the clips of each of the `splits`",
    "rejected": "`clips` and `hours` that were left out, how many of them `late` (only once they were built), and how "
    "often for each of the `reasons`",
    "findings": "for each code the clips with an error or a warning `before` and `after`",
    "kept_for_coverage": "clips that were kept only for the phones and diphones that they hold",
    "lost_sounds": "phones and diphones of the source that no built clip holds, and the rejected clips that do",
    "out_of_vocabulary": "characters that the trainer does not know, and the clips that have them",
    "recipe": "every key of the recipe",
}


def check_page(check: type[Check]) -> str:
    """Return the page of a check: its codes, what it measures, its thresholds."""
    parts = [f"# {check.name}", summary(check)]
    for code in check.codes:
        parts += [
            f"## `{code.code}`",
            code.summary,
            f"**How it is measured.** {code.measured}",
            f"**Why it hurts.** {code.impact}",
            f"**Why this severity.** {severity_reasons()[code.code]}",
            f"**The fix.** {code.fix}",
        ]
    if check.measures:
        rows = [f"| `{name}` | {meaning} |" for name, meaning in check.measures.items()]
        parts += ["## Columns in `clips.parquet`", "\n".join(["| column | what it is |", "|---|---|", *rows])]
    if limits := thresholds(check()):
        rows = [f"| `{limit.name}` | {limit.value:g} | {limit.meaning} |" for limit in limits]
        parts += [
            "## Thresholds",
            f"Keys of `[checks.{check.name}]` in a [recipe](../recipes.md); a change needs no new measuring.",
            "\n".join(["| key | default | what it decides |", "|---|---|---|", *rows]),
        ]
    return "\n\n".join(parts) + "\n"


def index_page(checks: Mapping[str, type[Check]]) -> str:
    """Return the list of all codes, with links to their pages."""
    rows = [
        f"| `{code.code}` | {code.summary} | [{name}]({name}.md) |"
        for name, check in checks.items()
        for code in check.codes
    ]
    head = ["| code | what it is | check |", "|---|---|---|"]
    return "\n".join(["# What is found", "", *head, *rows]) + "\n"


def tables_page(checks: Mapping[str, type[Check]]) -> str:
    """Return the page that says what the columns of the tables are."""
    head = "| column | type | what it is |\n|---|---|---|\n"

    def rows(columns: Mapping[str, str], kinds: Mapping[str, str]) -> str:
        return head + "\n".join(f"| `{name}` | {kinds[name]} | {what} |" for name, what in columns.items())

    def known(*schemas: "object", meanings: Mapping[str, str] = MEANINGS) -> str:
        kinds = {field.name: str(field.type) for schema in schemas for field in schema}  # type: ignore[attr-defined]
        return rows({name: meanings[name] for name in kinds}, kinds)

    parts = [
        "# The tables of an audit",
        "Parquet, with a schema version in the metadata of the file. Every clip of the corpus is a row of "
        "`clips.parquet`, also those that could not be read; what was not measured is null.",
        "## `clips.parquet`",
        known(MANIFEST, MEASURED),
    ]
    for name, check in checks.items():
        if check.measures:
            kinds = {column: "string" if column in check.strings else "float" for column in check.measures}
            parts += [f"### [{name}](checks/{name}.md)", rows(check.measures, kinds)]
    parts += [
        "## `findings.parquet`",
        known(FINDINGS),
        "## `verdicts.parquet`",
        "What becomes of each clip: a build of the same corpus with the same options keeps what is usable or fixable.",
        known(VERDICTS),
        "# The tables of a build",
        "A build has the tables of two audits, of the source in `source/` and of the result in `audit/`, and its own. "
        "In the result the text of a clip is the normalised one. `build.json` is written last: where it is, the build "
        "is finished.",
        "## `clips.parquet`",
        "One row a clip that was built, as every export sees it.",
        known(ENTRIES, meanings=OF_A_BUILD),
        "## `provenance.parquet`",
        "Where each of them comes from, and what was done to it.",
        known(PROVENANCE, meanings=OF_A_BUILD),
        "## `rejected.csv`",
        "What is not in the build, and why: UTF-8, with a header. A cell that a spreadsheet would take for a formula "
        "has an apostrophe before it.",
        rows({name: REJECTIONS[name] for name in REJECTED}, dict.fromkeys(REJECTED, "text")),
        "## `build.json`",
        "| key | what it is |\n|---|---|\n" + "\n".join(f"| `{key}` | {what} |" for key, what in DOCUMENT.items()),
    ]
    return "\n\n".join(parts) + "\n"


def pages() -> dict[str, str]:
    """Return every generated page by its path under ``docs/``."""
    checks = {name: check for name, check in all_checks().items() if check.__module__.startswith("ttsprep.")}
    return {
        **{f"checks/{name}.md": check_page(check) for name, check in checks.items()},
        "checks/README.md": index_page(checks),
        "tables.md": tables_page(checks),
    }


def main() -> None:
    """Write the pages into the folder that is given, and remove those of checks that are gone."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python docs/generate.py docs")
    docs = Path(sys.argv[1])
    made = pages()
    (docs / "checks").mkdir(parents=True, exist_ok=True)
    for page in (docs / "checks").glob("*.md"):
        if f"checks/{page.name}" not in made:
            page.unlink()
    for name, text in made.items():
        (docs / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
