"""The whole product, in this process or in one of its own."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
from commands import ttsprep

from ttsprep.audit.pipeline import Audit, Extras, audit
from ttsprep.build.config import Recipe
from ttsprep.build.options import audit_models
from ttsprep.report.page import audit_report

TABLES = ("clips.parquet", "findings.parquet")


def audited(corpus: Path, *, jobs: int = 2, **recipe: Any) -> Audit:
    """Audit in this process as the command does, into a folder beside the corpus."""
    extras = Extras(audit_models(()))
    return audit(corpus, out_of(corpus), Recipe(**recipe), jobs=jobs, extras=extras, report=audit_report)


def out_of(corpus: Path) -> Path:
    return corpus.with_name(f"{corpus.name}.audit")


def audited_by_command(corpus: Path, *arguments: object, **options: Any) -> dict[str, Any]:
    """Run ``ttsprep audit --json`` and return its document."""
    done = ttsprep("audit", corpus, "--out", out_of(corpus), "--json", "--jobs", 1, *arguments, **options)
    assert done.returncode in {0, 1}, done.stderr
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr
    return dict(json.loads(done.stdout))


def codes_of(result: Audit, clip: str) -> set[str]:
    return set(result.findings.code[result.findings["clip"] == clip])


def row_of(result: Audit, clip: str) -> pd.Series:
    (row,) = [row for _, row in result.clips[result.clips.id == clip].iterrows()]
    return row


def tables(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in TABLES}


def hashes(folder: Path) -> dict[str, str]:
    """Content, mode and modification time of everything under a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path)] = f"{content} {status.st_mode} {status.st_mtime_ns}"
    return found


def results(folder: Path) -> dict[str, str]:
    """Content of what a command made for people and programs: hidden files remember this machine."""
    visible = [path for path in sorted(folder.rglob("*")) if path.is_file() and not is_hidden(path, folder)]
    return {str(path.relative_to(folder)): hashlib.sha256(_portable(path)).hexdigest() for path in visible}


def _portable(path: Path) -> bytes:
    """Return the bytes of a file, of a page without the way from there to the recordings that it plays."""
    data = path.read_bytes()
    return re.sub(rb'"root":"[^"]*"', b'"root":""', data) if path.name == "report.html" else data


def is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def leftovers(out: Path) -> list[str]:
    """What a finished audit must not leave."""
    kept = {
        "clips.parquet",
        "findings.parquet",
        "verdicts.parquet",
        "summary.json",
        "report.html",
        "run.json",
        ".listened-phones.npz",
        ".listened-phones.parquet",
        ".cache.parquet",
        ".corpus.json",
        ".unchanged.json",
        ".ttsprep-audit",
    }
    return sorted({path.name for path in out.iterdir()} - kept)
