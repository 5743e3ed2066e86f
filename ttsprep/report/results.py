"""Results as Python code and notebooks use them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ttsprep.audit.config import AuditConfig
from ttsprep.audit.pipeline import AUDIT_KIND, Audit, Audited
from ttsprep.build.pipeline import Built
from ttsprep.build.provenance import rejected_frame
from ttsprep.core.files import atomic_write
from ttsprep.core.output_folder import open_output
from ttsprep.core.tables import read_parquet
from ttsprep.corpora.corpus import read_corpus
from ttsprep.report.format import hours
from ttsprep.report.page import audit_report


@dataclass(frozen=True, slots=True)
class AuditResult:
    """A finished audit.

    Attributes
    ----------
    audit
        What `ttsprep.audit.pipeline.audit` returned.
    source
        The corpus, as it was read.
    config
        How it was read and judged.
    """

    audit: Audit
    source: Path
    config: AuditConfig

    @property
    def out(self) -> Path:
        """Folder of the results."""
        return self.audit.out

    @property
    def clips(self) -> pd.DataFrame:
        """A row for each clip with all its measures, as ``clips.parquet`` has it."""
        return self.audit.clips

    @property
    def findings(self) -> pd.DataFrame:
        """A row for each finding, as ``findings.parquet`` has it."""
        return self.audit.findings

    @property
    def summary(self) -> dict[str, Any]:
        """Clips and hours by verdict and by code, as ``summary.json`` has it."""
        return self.audit.summary

    def write_report(self) -> Path:
        """Write ``report.html`` into the folder of the results, and return its path.

        Raises
        ------
        TtsprepError
            If the corpus is gone or the file cannot be written.
        """
        corpus = read_corpus(self.source, self.config.layout, self.config.language, self.config.reading())
        path = self.out / "report.html"
        with open_output(AUDIT_KIND, self.out, [corpus.root]):
            atomic_write(path, audit_report(Audited.of(corpus, self.audit)).encode())
        return path

    def _repr_html_(self) -> str:
        """Return the verdict and the findings as a notebook shows them."""
        verdicts = {name: (row["clips"], hours(row["hours"])) for name, row in self.summary["verdicts"].items()}
        codes = {name: (row["severity"], row["clips"]) for name, row in self.summary["codes"].items()}
        head = pd.DataFrame.from_dict(verdicts, orient="index", columns=["clips", "duration"])
        table = pd.DataFrame.from_dict(codes, orient="index", columns=["severity", "clips"])
        return head.to_html(escape=True) + (table.to_html(escape=True) if len(table) else "")


@dataclass(frozen=True, slots=True)
class BuildResult:
    """A finished build.

    Attributes
    ----------
    built
        What `ttsprep.build.pipeline.build` returned.
    """

    built: Built

    @property
    def out(self) -> Path:
        """Folder of the build."""
        return self.built.out

    @property
    def summary(self) -> dict[str, Any]:
        """What ``build.json`` says."""
        return self.built.document

    @property
    def clips(self) -> pd.DataFrame:
        """A row for each clip of the build, as ``clips.parquet`` has it."""
        with (self.out / "clips.parquet").open("rb") as file:
            table: pd.DataFrame = read_parquet(file).to_pandas()
        return table

    @property
    def rejected(self) -> pd.DataFrame:
        """What is not in the build and why, as ``rejected.csv`` has it."""
        return rejected_frame(self.built.rejected)

    @property
    def report(self) -> Path:
        """Path of ``report.html``."""
        return self.out / "report.html"
