"""Brings what `ttsprep encode` found of a corpus into its audit: distances of clips, use of the codebooks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from ttsprep.core.errors import CorpusError
from ttsprep.core.tables import read_table
from ttsprep.core.untrusted import read_json

COLUMN = "codec_distance_db"


def read_codes(folder: Path, clips: Sequence[str]) -> tuple[list[float | None], dict[str, Any]]:
    """Return the distance of each clip, and how the codebooks are used.

    Parameters
    ----------
    folder
        What ``ttsprep encode`` wrote for this corpus.
    clips
        Ids of the corpus.

    Returns
    -------
    distances, dict
        None for a clip without codes. The dict has ``codec``, ``kbits_per_s``, ``clips`` and ``codebooks``
        (``used``, ``perplexity``, ``bits`` of each).

    Raises
    ------
    CorpusError
        If `folder` holds no finished codes, or none of this corpus.
    """
    try:
        about = read_json(folder / "codes.summary.json")
        rows = read_table(folder / "quality.parquet")
        if rows is None:
            raise ValueError("quality.parquet")
        by_clip = dict(zip(rows["id"].to_pylist(), rows["distance_db"].to_pylist(), strict=True))
        use = {
            "codec": str(about["spec"]["codec"]),
            "kbits_per_s": float(about["kbits_per_s"]),
            "codebooks": [
                {key: float(book[key]) for key in ("used", "perplexity", "bits")} for book in about["codebooks"]
            ],
        }
    except OSError:
        raise CorpusError(
            f"{folder} holds no finished codes: make them with ttsprep encode CORPUS --out {folder}"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise CorpusError(f"the codes in {folder} are damaged ({error}): make them again with ttsprep encode") from None
    distances = [by_clip.get(name) for name in clips]
    if all(distance is None for distance in distances):
        raise CorpusError(f"{folder} has codes of another corpus: none of its clips is in this one")
    return distances, use | {"clips": sum(distance is not None for distance in distances)}


def with_column(table: pa.Table, name: str, values: Sequence[float | str | None]) -> pa.Table:
    """Return the table of an audit with the values of a column that it has."""
    place = table.schema.get_field_index(name)
    field = table.schema.field(place)
    return table.set_column(place, field, pa.chunked_array([pa.array(values, field.type, from_pandas=True)]))
