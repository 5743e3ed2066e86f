"""Recipes: every mistake is named with its place and the nearest spelling."""

import re
from pathlib import Path

import pytest

from ttsprep.build.config import Recipe, load, parse, shipped
from ttsprep.checks.base import all_checks, catalogue
from ttsprep.core.errors import UsageError


def refused(text: str, *words: str) -> None:
    """See that a recipe is refused in one line that names its file and each of `words`."""
    with pytest.raises(UsageError) as caught:
        parse(text, "my.toml")
    message = str(caught.value)
    assert message.startswith("my.toml: ")
    assert "\n" not in message
    for word in words:
        assert word in message


KINDS = {
    *("about", "layout", "columns", "follow_links", "pipeline", "export", "source", "segment", "transcribe", "select"),
    *("split", "gate", "stages", "exports", "checks", "checks.length", "checks.length.short_error_s", "split.valid"),
    *("split.seed", "split.by", "select.keep_hours", "select.best_take", "select.keep", "gate.errors", "stages.trim"),
    *("stages.trim.lead_s", "exports.nemo", "source.downloads", "segment.align", "transcribe.least_log_p"),
}
VALUES = ("3", "-5", "1.5", '"x"', "true", "[]", "[3]", "[{ a = 1 }]", "{ a = 1 }", "1979-05-27", "inf")


@pytest.mark.parametrize("key", sorted(KINDS))
def test_a_value_of_another_kind_is_named_in_plain_words(key: str) -> None:
    messages = []
    for value in VALUES:
        try:
            parse(f"{key} = {value}\n", "my.toml")
        except UsageError as error:
            messages.append(str(error))
    assert len(messages) >= 5
    for message in messages:
        assert message.startswith("my.toml: ")
        assert not re.search("Input|a valid|instance|dictionary|string|integer|tuple|permitted|Value error", message)


def test_a_table_of_another_kind_says_what_it_is() -> None:
    refused("gate = 3", "[gate] is a table, not 3")
    refused("checks.length = true", "[checks.length] is a table, not true")
    refused("gate.errors = []", "gate.errors is a number or a text in quotes, not []")
    refused('split.valid = "0.1"', "split.valid is a number, not '0.1'")
    refused("split.seed = true", "split.seed is a whole number, not true")
    refused('select.best_take = "yes"', "select.best_take is true or false, not 'yes'")
    refused("select.strictnes = 1", "select.strictnes: there is no such key")
    refused("segment.shortest_s = 9.0", "segment: longest_s has to be twice shortest_s")


def test_an_empty_recipe_is_all_defaults() -> None:
    recipe = parse("", "my.toml")
    assert recipe == Recipe()
    assert recipe.enabled_codes() == frozenset(catalogue())
    assert recipe.configured_checks() == [check() for check in all_checks().values()]


@pytest.mark.parametrize("name", sorted(shipped()))
def test_shipped_recipes_load(name: str) -> None:
    recipe = load(name)
    assert recipe.enabled_codes() <= frozenset(catalogue())
    assert len(recipe.configured_checks()) == len(all_checks())


def test_there_are_shipped_recipes() -> None:
    assert "generic" in shipped()


def test_every_key_is_read() -> None:
    text = """
layout = "ljspeech"
language = "ru"
[checks]
only = ["clipping", "hum", "noisy"]
ignore = ["hum"]
[checks.hum]
warning_db = -20
[checks.silence]
lead_s = 2.5
"""
    recipe = parse(text, "my.toml")
    assert (recipe.layout, recipe.language) == ("ljspeech", "ru")
    assert recipe.enabled_codes() == {"clipping", "noisy"}
    judges = {judge.name: judge for judge in recipe.configured_checks()}
    assert judges["hum"].warning_db == -20
    assert judges["silence"].lead_s == 2.5
    defaults = {name: check() for name, check in all_checks().items()}
    assert judges["hum"].note_db == defaults["hum"].note_db
    assert all(judges[name] == defaults[name] for name in defaults if name not in {"hum", "silence"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('langauge = "ru"', ["'langauge'", "'language'"]),
        ("[check.hum]\nwarning_db = 1", ["'check'", "'checks'"]),
        ("[checks.humm]\nwarning_db = -20", ["[checks.humm]", "'hum'"]),
        ("[checks.hum]\nwarning_bd = -20", ["[checks.hum]", "'warning_bd'", "'warning_db'"]),
        ("[checks.files]\nx = 1", ["[checks.files]", "'x'", "it has none"]),
        ("[checks.hum]\nname = 1", ["[checks.hum]", "'name'"]),
        ('[checks]\nonly = ["cliping"]', ["'cliping'", "'clipping'"]),
        ('[checks]\nignore = ["dc_offset"]', ["'dc_offset'", "'dc-offset'"]),
        ('[checks]\nignroe = ["hum"]', ["'ignroe'", "'ignore'"]),
    ],
)
def test_what_does_not_exist_is_named_with_the_nearest(text: str, words: list[str]) -> None:
    refused(text, *words)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("layout = 3", "layout"),
        ('[checks]\nonly = "clipping"', "checks.only"),
        ("[checks]\nonly = [1]", "checks.only"),
        ("checks = 1", "checks"),
        ("[checks]\nhum = 1", "hum"),
        ('[checks.hum]\nwarning_db = "loud"', "warning_db"),
        ("[checks.hum]\nwarning_db = [1]", "warning_db"),
        ("[checks.hum]\nwarning_db = true", "warning_db"),
        ("[checks.drift]\nsegments = 7.5", "segments"),
    ],
)
def test_a_wrong_type_is_named_with_its_key(text: str, place: str) -> None:
    refused(text, place)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[choose]\nkeep_hours = 1", "[choose] is called [select] now"),
        ('ignore = ["hum"]', "ignore = [...] stands in the table [checks] now"),
        ('select = ["hum"]', "select = [...] is called only = [...] now, in the table [checks]"),
    ],
)
def test_a_key_of_an_older_recipe_says_where_it_stands_now(text: str, line: str) -> None:
    with pytest.raises(UsageError, match=f"^my.toml: {re.escape(line)}$"):
        parse(text, "my.toml")


@pytest.mark.parametrize("text", ['layout = "x', "layout", "[checks.hum\n", "layout = 'a'\nlayout = 'b'"])
def test_what_is_no_toml_is_named_with_its_place(text: str) -> None:
    refused(text, "(at ")


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "strict.toml"
    file.write_text("[checks.length]\nlong_warning_s = 10.0\n", encoding="utf-8")
    assert load(str(file)).checks.thresholds == {"length": {"long_warning_s": 10.0}}
    without_suffix = tmp_path / "strict"
    file.rename(without_suffix)
    assert load(str(without_suffix)).checks.thresholds == {"length": {"long_warning_s": 10.0}}


def test_errors_name_the_file(tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text("layout = [", encoding="utf-8")
    with pytest.raises(UsageError, match=r"broken\.toml"):
        load(str(file))
    file.write_bytes(b"layout = '\xff'")
    with pytest.raises(UsageError, match=r"broken\.toml"):
        load(str(file))
    with pytest.raises(UsageError, match=r"missing\.toml"):
        load(str(tmp_path / "missing.toml"))
    folder = tmp_path / "folder.toml"
    folder.mkdir()
    with pytest.raises(UsageError, match=r"folder\.toml"):
        load(str(folder))


def test_a_name_that_does_not_exist_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'genric'.*'generic'"):
        load("genric")


def test_a_recipe_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Recipe().layout = "x"


@pytest.mark.parametrize("count", [0, -3])
def test_a_count_below_one_is_refused(count: int) -> None:
    with pytest.raises(UsageError, match=r"mine: \[checks.drift\]: segments is a count from 1 on"):
        parse(f"[checks.drift]\nsegments = {count}\n", "mine")
