"""What a build did with a clip of its source."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from ttsprep.build.provenance import read_rejected
from ttsprep.core.errors import UsageError
from ttsprep.core.files import clean
from ttsprep.core.tables import read_table
from ttsprep.corpora.layouts.ttsprep_build import DOCUMENT


@dataclass(frozen=True, slots=True)
class BuildOutcome:
    """Whether a build kept a clip, and why.

    Attributes
    ----------
    build
        The build.
    kept
        Whether it is in there.
    reason
        Why not, or what was done to it.
    path
        Of its audio in the build; "" if it is not there.
    text
        As the build has it; "" if it is not there.
    """

    build: str
    kept: bool
    reason: str
    path: str = ""
    text: str = ""


def build_outcome(build: Path, name: str) -> BuildOutcome:
    """Return what a finished build did with the clip `name` of its source.

    Raises
    ------
    UsageError
        If `build` is no finished build.
    """
    shown = clean(str(build))
    provenance = read_table(build / "provenance.parquet")
    if provenance is None or not (build / DOCUMENT).is_file():
        raise UsageError(f"{build} is no finished build: give the folder that ttsprep build wrote")
    rows = provenance.filter(pc.equal(provenance["source_id"], name)).to_pylist()
    if rows:
        return BuildOutcome(shown, True, _done(rows[0]), rows[0]["path"], rows[0]["normalised"] or "")
    rejected = [item for item in read_rejected(build / "rejected.csv") if item.id == name]
    if rejected:
        codes = ", ".join(rejected[0].codes)
        reason = f"{rejected[0].stage}: {f'{codes}: ' if codes else ''}{rejected[0].reason}"
        return BuildOutcome(shown, False, reason)
    return BuildOutcome(shown, False, "it is neither kept nor rejected there: the build is of another corpus, or older")


def _done(row: dict[str, Any]) -> str:
    """Say in one line what the stages did."""
    parts = [f"{row['sample_rate']:,} Hz"] if row["sample_rate"] != row["source_rate"] else []
    parts += [f"{row['gain_db']:+.1f} dB".replace("-", "−")] if row["gain_db"] else []
    for end, seconds in (("start", row["lead_removed_s"]), ("end", row["tail_removed_s"])):
        parts += [f"{seconds:.2f} s cut at the {end}"] if seconds else []
    parts += ["text rewritten"] if row["normalised"] != row["text"] else []
    return ", ".join(parts) or "as it was, but for its encoding"
