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
    read_safetensors,
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


def test_safetensors_are_as_large_as_their_header_says(tmp_path: Path) -> None:
    def file(header: str, numbers: int, *, claimed: int | None = None) -> Path:
        length = len(header) if claimed is None else claimed
        path = tmp_path / "model.safetensors"
        path.write_bytes(length.to_bytes(8, "little") + header.encode() + bytes(numbers))
        return path

    tensors = '{"__metadata__": {"a": "b"}, "x": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}'
    assert read_safetensors(file(tensors, 4)) == (tmp_path / "model.safetensors").read_bytes()
    assert len(read_safetensors(file("{}", 0))) == 10
    for header, numbers in ((tensors, 3), (tensors, 5), ("{}", 1), (tensors.replace("4]}}", "99]}}"), 4)):
        with pytest.raises(UntrustedError, match="not those of its header"):
            read_safetensors(file(header, numbers))
    for header in ("[]", "{]", '{"x": 3}', '{"x": {"data_offsets": [1]}}', "[" * 100):
        with pytest.raises(UntrustedError, match="names no tensors"):
            read_safetensors(file(header, 4))
    with pytest.raises(UntrustedError, match="claims 1,000,000 bytes"):
        read_safetensors(file(tensors, 4, claimed=10**6))
    with pytest.raises(UntrustedError, match="limit 10"):
        read_safetensors(file(tensors, 4), 10)
