"""The recipe that is printed for a person to fill in says all there is, and nothing else."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

from ttsprep.audit.config import CheckSettings
from ttsprep.build.config import Recipe, Segment, Select, Split, Transcribe, parse
from ttsprep.build.config_template import WIDTH, _toml, template
from ttsprep.build.stages.base import all_stages
from ttsprep.checks.base import all_checks
from ttsprep.core.config import Section
from ttsprep.corpora.exports.base import all_exports
from ttsprep.corpora.spec import Download, Source


def uncommented() -> str:
    return re.sub(r"^# ", "", template(), flags=re.MULTILINE)


def test_as_printed_it_is_an_empty_recipe() -> None:
    assert tomllib.loads(template()) == {}
    assert parse(template(), "template") == Recipe()


def test_uncommented_it_says_every_default() -> None:
    recipe = parse(uncommented(), "template")
    default = Recipe()
    assert (
        recipe.model_copy(
            update={"segment": None, "transcribe": None, "checks": default.checks, "stages": {}, "exports": {}}
        )
        == default
    )
    assert recipe.segment == Segment()
    assert recipe.transcribe == Transcribe()
    assert recipe.configured_checks() == default.configured_checks()
    assert recipe.configured_stages() == default.configured_stages()
    stages = [name for name in all_stages() if name != "format"]
    every = {"pipeline": (*stages, "format"), "export": tuple(all_exports())}
    assert recipe.model_copy(update=every).configured_stages() == default.model_copy(update=every).configured_stages()
    assert recipe.model_copy(update=every).configured_exports() == default.model_copy(update=every).configured_exports()


def test_every_key_is_there() -> None:
    document = tomllib.loads(uncommented())
    assert set(document) == set(Recipe.model_fields)
    sections = {"source": Source, "segment": Segment, "transcribe": Transcribe, "select": Select, "split": Split}
    for name, section in sections.items():
        assert issubclass(section, Section)
        assert set(document[name]) == set(section.model_fields) - {"downloads"}
    checks = document["checks"]
    assert {key: checks.pop(key) for key in CheckSettings.model_fields} == {"only": [], "ignore": []}
    for table, parts in {"checks": all_checks(), "stages": all_stages(), "exports": all_exports()}.items():
        expected = {name: {field.name for field in fields(part)} for name, part in parts.items() if fields(part)}
        assert {name: set(keys) for name, keys in document[table].items()} == expected
    assert {key for key in Download.model_fields if f"##   {key} = " in template()} == set(Download.model_fields)


def test_every_key_is_explained() -> None:
    explained = False
    for line in template().splitlines():
        if line.startswith("# ") and not line.startswith("# ["):
            assert explained, f"what is {line}?"
        else:
            explained = line.startswith("## ")
        assert len(line) <= WIDTH + 60
        assert not re.search(r"`|\s$", line)


def test_the_page_on_recipes_has_every_key_and_its_default() -> None:
    page = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
    for section in (Recipe(), Source(), Segment(), Transcribe(), Select(), Split()):
        for key, value in section:
            if isinstance(value, Section | dict) or key in {"segment", "transcribe", "downloads"}:
                assert f"[{key}" in page or f".{key}]" in page
                continue
            (line,) = [
                line for line in page.splitlines() if line.startswith("| `") and f"`{key}`" in line.split(" | ")[0]
            ]
            default = ", ".join(value) if key == "pipeline" else _toml(value)
            assert f"`{default}`" in line
    for key in Download.model_fields:
        assert f"`{key}`" in page


def test_it_is_the_same_every_time() -> None:
    assert template() == template()
