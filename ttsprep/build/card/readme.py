"""``README.md``: the card of a dataset, with the front matter that Hugging Face reads."""

import json
from collections.abc import Mapping
from typing import Any

from ttsprep.build.config import Recipe
from ttsprep.checks.base import catalogue

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LICENCES = frozenset({
    *("apache-2.0", "bsd", "cc", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-nc-3.0", "cc-by-nc-4.0"),
    *("cc-by-nc-nd-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc0-1.0"),
    *("gpl-3.0", "mit", "odc-by", "odbl", "pddl"),
})
"""Identifiers of Hugging Face, of those that corpora of speech have."""
_SPLITS = {"train": "train", "valid": "validation", "test": "test"}


def readme(document: Mapping[str, Any], recipe: Recipe, record_again: int) -> str:
    """Return the card of a build.

    Parameters
    ----------
    document
        What ``build.json`` says.
    recipe
        That it was built with.
    record_again
        Rows of ``re-record.csv``.
    """
    source, result, rejected = (document[key] for key in ("source", "result", "rejected"))
    licence = recipe.source.licence or "not stated: give it with --licence before this is published"
    rates = ", ".join(f"{rate:,} Hz" for rate in result["sample_rates"])
    speakers = f", {result['speakers']:,} speakers" if result["speakers"] else ""
    lines = [
        "---",
        *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front_matter(document, recipe).items()),
        "---",
        "",
        f"# {_plain(source['corpus'])}",
        "",
        f"Speech with its text: {_size(result)}{speakers}, {rates}. "
        f"Languages: {', '.join(source['languages']) or 'not stated'}. Licence: {licence}.",
        "",
        "| part | clips |",
        "|---|---|",
        *(f"| {name} | {number:,} |" for name, number in result["splits"].items()),
        "",
        "`metadata.csv` has a line for each clip: id, text as it was given, text as it is read aloud. The audio is in "
        "`wavs/`. `clips.parquet` has the same with speaker, language, part and the digest of each file.",
        "",
        "## How it was made",
        f"ttsprep {document['ttsprep']} read {_size(source)} and processed "
        f"those that it kept: {', '.join(recipe.pipeline)}. `build.json` has every parameter.",
        "",
        "## What was left out",
        *_left_out(rejected, record_again),
        "",
        "## Where every clip comes from",
        "`provenance.parquet` names for each clip the file of the source, its digest, the piece of it, and each stage "
        "with its parameters and what it changed. `source/` and `audit/` hold the audits before and after.",
        "",
    ]
    return "\n".join(lines)


def front_matter(document: Mapping[str, Any], recipe: Recipe) -> dict[str, Any]:
    """Return the keys that Hugging Face reads; their values are written as JSON, which is YAML as well."""
    result, source = document["result"], document["source"]
    rates = result["sample_rates"]
    audio: dict[str, Any] = {"sampling_rate": rates[0]} if len(rates) == 1 else {}
    matter: dict[str, Any] = {
        "pretty_name": _plain(source["corpus"]),
        "language": sorted({tag.replace("_", "-").split("-")[0].lower() for tag in source["languages"]}),
        **_licence(recipe.source.licence),
        "task_categories": ["text-to-speech"],
        "size_categories": [next((name for most, name in _SIZES if result["clips"] < most), "1M<n<10M")],
        "tags": ["audio", "speech"],
        "dataset_info": {
            "features": [{"name": "audio", "dtype": {"audio": audio}}, {"name": "text", "dtype": "string"}],
            "splits": [{"name": _SPLITS[name], "num_examples": number} for name, number in result["splits"].items()],
        },
    }
    if "parquet" in recipe.export:
        files = [
            {"split": _SPLITS[name], "path": f"exports/parquet/data/{_SPLITS[name]}-*.parquet"}
            for name in result["splits"]
        ]
        matter["configs"] = [{"config_name": "default", "data_files": files}]
    return matter


def _licence(given: str) -> dict[str, str]:
    """Return the licence as Hugging Face has it: an identifier, or another with its name."""
    plain = given.strip().lower().replace(" ", "-")
    if not plain:
        return {"license": "unknown"}
    return {"license": plain} if plain in _LICENCES else {"license": "other", "license_name": given.strip()}


def _left_out(rejected: Mapping[str, Any], record_again: int) -> list[str]:
    if not rejected["clips"]:
        return ["Nothing."]
    codes = catalogue()
    rows = [
        f"| `{code}` | {number:,} | {codes[code][0].summary if code in codes else ''} |"
        for code, number in rejected["reasons"].items()
    ]
    number = "1 sentence that is" if record_again == 1 else f"{record_again:,} sentences that are"
    again = f" In `re-record.csv`: {number} missing for its recording." if record_again else ""
    return [
        f"{_size(rejected)}; each with its reason in `rejected.csv`.{again}",
        "",
        "| reason | clips | what it is |",
        "|---|---|---|",
        *rows,
    ]


def _size(numbers: Mapping[str, Any]) -> str:
    long = numbers["hours"] >= 1
    time = f"{numbers['hours']:.1f} hours" if long else f"{60 * numbers['hours']:.1f} minutes"
    return f"{numbers['clips']:,} clip{'' if numbers['clips'] == 1 else 's'}, {time}"


def _plain(name: str) -> str:
    """Return a name on one line, without marks that a page would act on."""
    return "".join(char if char.isalnum() or char in " ._-" else "_" for char in name).strip() or "corpus"
