"""A recipe with every key, its default and its meaning, made from the code so that it is never out of date."""

import inspect
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from pydantic import BaseModel

from ttsprep.audit.config import CheckSettings
from ttsprep.build.config import Recipe, Segment, Transcribe
from ttsprep.build.stages.base import all_stages
from ttsprep.checks.base import all_checks
from ttsprep.checks.describe import attributes
from ttsprep.core.config import Section
from ttsprep.corpora.corpus import all_layouts
from ttsprep.corpora.exports.base import all_exports
from ttsprep.corpora.spec import Download

WIDTH = 110
_HEAD = """
A recipe says what a corpus is, how strictly it is judged, and what is built from it.
Every key is here with its default and can be left out. To change one, remove the "# " before it and, further
down, before the [table] that it is in. Lines with "##" explain.
"""
_OWN = {"segment", "transcribe", "checks", "stages", "exports", "gate"}
"""Keys of a recipe that have a part of their own here."""


def template() -> str:
    """Return the text of a recipe in which every key is commented out, with its default.

    It means the same as an empty recipe. Without the single ``#`` it is a recipe that says every default, and
    that cuts long recordings and writes down clips without a text, as those tables alone ask for it.
    """
    lines = [f"## {line}" for line in _HEAD.strip().splitlines()]
    plain = {name: value for name, value in Recipe() if not isinstance(value, Section) and name not in _OWN}
    meanings = attributes(_doc(Recipe))
    for key, known in (("layout", all_layouts()), ("pipeline", all_stages()), ("export", all_exports())):
        meanings[key] += f" Known: {', '.join(known)}."
    lines += ["", *_keys(plain, meanings)]
    for name, value in Recipe():
        if isinstance(value, Section) and name not in _OWN:
            lines += ["", *_table(name, value)]
    lines += ["", *_explained(meanings["gate"]), "# [gate]"]
    lines += ["", *_download(), "", *_table("segment", Segment()), "", *_table("transcribe", Transcribe())]
    for table, kind, parts in (
        ("checks", "Thresholds of the checks", all_checks()),
        ("stages", "Parameters of the stages", all_stages()),
        ("exports", "Options of the exports", all_exports()),
    ):
        lines += ["", f"## {kind}."]
        if table == "checks":
            lines += ["", *_table("checks", CheckSettings())]
        for name, part in parts.items():
            options = {field.name: getattr(part(), field.name) for field in fields(part)}  # type: ignore[arg-type]
            if options:
                lines += ["", *_part(f"{table}.{name}", part, options)]
    return "\n".join(lines) + "\n"


def _doc(what: type) -> str:
    return inspect.getdoc(what) or ""


def _table(name: str, section: BaseModel) -> Iterator[str]:
    known = {key: value for key, value in section if key != "downloads"}
    yield from _part(name, type(section), known)


def _part(name: str, kind: type, options: Mapping[str, Any]) -> Iterator[str]:
    summary = " ".join(_doc(kind).split("\n\n")[0].split())
    yield from _explained(summary)
    yield f"# [{name}]"
    yield from _keys(options, attributes(_doc(kind)))


def _keys(options: Mapping[str, Any], meanings: Mapping[str, str]) -> Iterator[str]:
    """Yield each key with its default, after what it means; keys that mean one thing together stay together."""
    previous = ""
    for key, value in options.items():
        meaning = meanings.get(key, "")
        if meaning and meaning != previous:
            yield from _explained(meaning)
        previous = meaning
        yield f"# {key} = {_toml(value)}"


def _explained(text: str) -> Iterator[str]:
    plain = text.replace("`", "")
    yield from textwrap.wrap(plain, WIDTH, initial_indent="## ", subsequent_indent="## ", break_on_hyphens=False)


def _download() -> Iterator[str]:
    """Yield an example: a recipe may have several, and none is the default."""
    yield from _explained(f"{_doc(Download).splitlines()[0]} Any number of such tables:")
    yield "##   [[source.downloads]]"
    example = Download(url="https://example.org/corpus.tar.gz")
    for key, meaning in attributes(_doc(Download)).items():
        yield f"##   {key} = {_toml(getattr(example, key))}  # {meaning}"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value)
