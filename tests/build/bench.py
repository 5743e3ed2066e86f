"""A corpus and its build, for a test to change and build again."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from ttsprep.build.config import Recipe
from ttsprep.build.pipeline import Built
from ttsprep.build.pipeline import build as build_without_report
from ttsprep.report.page import build_report

build = partial(build_without_report, report=build_report)


@dataclass
class Made:
    """A corpus, its build, and the tables of that."""

    corpus: Path
    built: Built

    @property
    def out(self) -> Path:
        return self.built.out

    def table(self, name: str) -> pd.DataFrame:
        return pq.read_table(self.out / name).to_pandas()

    def provenance(self) -> pd.DataFrame:
        return self.table("provenance.parquet").set_index("source_id", drop=False)


class Bench:
    """A copy of a corpus and of its build, for a test to change and build again."""

    def __init__(self, folder: Path, made: Made) -> None:
        self.corpus, self.out = folder / "corpus", folder / "out"
        shutil.copytree(made.corpus, self.corpus)
        shutil.copytree(made.out, self.out)
        self.wavs = sorted(path.name for path in (self.out / "wavs").iterdir())

    def build(self, **recipe: object) -> Built:
        return build(self.corpus, self.out, Recipe(**recipe), jobs=1)

    def lines(self, change: Callable[[list[str]], list[str]]) -> None:
        path = self.corpus / "metadata.csv"
        changed = change(path.read_text(encoding="utf-8").splitlines())
        path.write_text("".join(f"{line}\n" for line in changed), encoding="utf-8")

    def changed(self, since: dict[str, tuple[int, ...]]) -> set[str]:
        now = self.stamps()
        return {name for name in now.keys() | since.keys() if now.get(name) != since.get(name)}

    def stamps(self) -> dict[str, tuple[int, ...]]:
        return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in (self.out / "wavs").iterdir()}


def contents(out: Path) -> dict[str, bytes]:
    """Return every visible file of a build."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
