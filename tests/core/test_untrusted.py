"""The one way in: whatever comes becomes a bounded value, or an error that says what is wrong."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsprep.core.untrusted import (
    UntrustedError,
    open_regular,
    parse_count,
    parse_json,
    read_json,
    read_text,
    toml_table,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**200), 10**200) | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@given(VALUES)
def test_json_is_what_the_standard_library_reads(value: Any) -> None:
    assert parse_json(json.dumps(value)) == parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_json_of_anything_is_a_value_or_an_error(data: bytes | str) -> None:
    try:
        parse_json(data)
    except UntrustedError as error:
        assert str(error)


@given(st.text(max_size=200))
def test_toml_of_anything_is_a_table_or_an_error(text: str) -> None:
    try:
        assert isinstance(toml_table(text), dict)
    except UntrustedError as error:
        assert str(error)


@pytest.mark.parametrize("text", ["[" * 65 + "]" * 65, '{"a":' * 99999, "[" * 10**6, f'{{"a": "[[[", "b": {"[" * 65}'])
def test_deep_json_is_refused(text: str) -> None:
    with pytest.raises(UntrustedError, match="64 arrays"):
        parse_json(text)


def test_brackets_in_a_string_are_not_deep() -> None:
    assert parse_json(json.dumps(["[" * 5000])) == ["[" * 5000]


@pytest.mark.parametrize("digits", [301, 5000, 100_000])
def test_numbers_of_many_digits_are_refused(digits: int) -> None:
    for text in ("9" * digits, f'{{"a": [{"9" * digits}]}}'):
        with pytest.raises(UntrustedError, match="300 digits"):
            parse_json(text)
    with pytest.raises(UntrustedError):
        toml_table(f"a = {'9' * digits}")
    assert parse_count("9" * digits) is None


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("12", 12), ("", None), ("-1", None), ("1.5", None), ("²", None)]
)
def test_counts(text: str, number: int | None) -> None:
    assert parse_count(text) == number


def test_only_regular_files_of_bounded_size_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name in ("fifo", "endless"):
        with pytest.raises(OSError, match="not a regular file"):
            open_regular(tmp_path / name)
    (tmp_path / "large").write_text("x" * 101, encoding="utf-8")
    with pytest.raises(UntrustedError, match="more than 100 bytes"):
        read_text(tmp_path / "large", 100)
    (tmp_path / "list.json").write_text("[1]", encoding="utf-8")
    with pytest.raises(UntrustedError, match="no JSON object"):
        read_json(tmp_path / "list.json")
