"""``croissant.json``: the dataset for machines, as JSON-LD of Croissant 1.0 (MLCommons 2024)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ttsprep.build.config import Recipe
from ttsprep.core.files import digest
from ttsprep.core.package import __version__

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataBiases": "cr:dataBiases",
    "dataCollection": "cr:dataCollection",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "personalSensitiveInformation": "cr:personalSensitiveInformation",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TABLES = {
    "clips": (
        "A row for each clip",
        {
            "id": ("sc:Text", "name of the clip"),
            "path": ("sc:Text", "its audio file, relative to the dataset"),
            "text": ("sc:Text", "transcript, as the source has it"),
            "normalised": ("sc:Text", "transcript, as it is read aloud"),
            "speaker": ("sc:Text", "empty where the source does not say"),
            "language": ("sc:Text", "tag of the language"),
            "split": ("sc:Text", "train, valid or test"),
            "sample_rate": ("sc:Integer", "of the audio file, in Hz"),
            "frames": ("sc:Integer", "samples of one channel"),
            "sha256": ("sc:Text", "digest of the audio file"),
        },
    ),
    "provenance": (
        "Where each clip comes from",
        {
            "id": ("sc:Text", "name of the clip"),
            "source_path": ("sc:Text", "audio file of the source, relative to it"),
            "source_sha256": ("sc:Text", "digest of that file"),
            "operations": ("sc:Text", "stages of the build in JSON: parameters, and what each changed"),
        },
    ),
}
"""Tables of a build -> what they are, and of their columns the type and the meaning."""


def croissant(document: Mapping[str, Any], recipe: Recipe, out: Path) -> dict[str, Any]:
    """Return the metadata of a build whose tables are written.

    Parameters
    ----------
    document
        What ``build.json`` says.
    recipe
        That it was built with.
    out
        The build.
    """
    source, result, rejected = (document[key] for key in ("source", "result", "rejected"))
    about = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": source["corpus"],
        "description": f"Speech with its text: {result['clips']:,} clips, {60 * result['hours']:.1f} minutes; "
        f"{rejected['clips']:,} clips of the source were left out.",
        "inLanguage": source["languages"],
        "version": "1.0.0",
        "creator": {"@type": "sc:Organization", "name": source["corpus"]},
        "rai:dataCollection": f"Built by ttsprep {__version__} with the stages {', '.join(recipe.pipeline)}.",
        "distribution": [_file(out, name, what) for name, (what, _) in _TABLES.items()],
        "recordSet": [_records(name, what, columns) for name, (what, columns) in _TABLES.items()],
    }
    about |= {"license": recipe.source.licence} if recipe.source.licence else {}
    return about | ({"url": recipe.source.page} if recipe.source.page else {})


def _file(out: Path, name: str, what: str) -> dict[str, Any]:
    path = out / f"{name}.parquet"
    return {
        "@type": "cr:FileObject",
        "@id": path.name,
        "name": path.name,
        "description": what,
        "contentUrl": path.name,
        "encodingFormat": "application/x-parquet",
        "sha256": digest(path),
    }


def _records(name: str, what: str, columns: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{column}",
            "name": column,
            "description": meaning,
            "dataType": kind,
            "source": {"fileObject": {"@id": f"{name}.parquet"}, "extract": {"column": column}},
        }
        for column, (kind, meaning) in columns.items()
    ]
    return {"@type": "cr:RecordSet", "@id": name, "name": name, "description": what, "field": fields}
