"""Brings what `ttsprep encode` found of a corpus into its audit: distances of clips, use of the codebooks."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ttsprep.errors import CorpusError

COLUMN = "codec_distance_db"


def with_codes(table: pa.Table, folder: Path | None) -> tuple[pa.Table, dict[str, Any]]:
    """Return the table of an audit with the distance of each clip, and how the codebooks are used.

    Parameters
    ----------
    table
        Of the clips; has the column ``codec_distance_db``.
    folder
        What ``ttsprep encode`` wrote for this corpus; None leaves the table as it is.

    Returns
    -------
    table, dict
        The dict has ``codec``, ``kbits_per_s``, ``clips`` and ``codebooks`` (``used``, ``perplexity``, ``bits``
        of each); it is empty without a folder.

    Raises
    ------
    CorpusError
        If `folder` holds no finished codes, or none of this corpus.
    """
    if folder is None:
        return table, {}
    try:
        about = json.loads((folder / "codes.summary.json").read_text(encoding="utf-8"))
        with (folder / "quality.parquet").open("rb") as file:
            rows = pq.read_table(file, columns=["id", "distance_db"])
        found = dict(zip(rows["id"].to_pylist(), rows["distance_db"].to_pylist(), strict=True))
        use = {
            "codec": str(about["meaning"]["codec"]),
            "kbits_per_s": float(about["kbits_per_s"]),
            "codebooks": [
                {key: float(book[key]) for key in ("used", "perplexity", "bits")} for book in about["codebooks"]
            ],
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorpusError(
            f"{folder} holds no finished codes ({error}): make them with ttsprep encode CORPUS --out {folder}"
        ) from None
    distances = [found.get(name) for name in table["id"].to_pylist()]
    if not any(distance is not None for distance in distances):
        raise CorpusError(f"{folder} has codes of another corpus: none of its clips is in this one")
    place = table.schema.get_field_index(COLUMN)
    field = table.schema.field(place)
    column = pa.chunked_array([pa.array(distances, field.type, from_pandas=True)])
    return table.set_column(place, field, column), use | {"clips": sum(d is not None for d in distances)}
