"""Spreadsheets, as Excel and LibreOffice save them."""

import sys
from pathlib import Path
from typing import Any

import pytest

from corpora.layouts.corpus import audio, put
from ttsprep.core.errors import CorpusError, MissingExtraError
from ttsprep.corpora.corpus import read_corpus
from ttsprep.corpora.tables.records import sheet_rows

openpyxl = pytest.importorskip("openpyxl", reason="the extra xlsx is not installed")
TEXTS = ["The weather is nice.", "He bought a book, yesterday.", 'She said "no".', "The train is leaving soon."]


def saved(path: Path, *sheets: list[list[Any]]) -> Path:
    """Write a spreadsheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets, 1):
        sheet = book.create_sheet(f"Sheet{number}")
        for row in rows:
            sheet.append(row)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def test_a_sheet_with_a_title_line(tmp_path: Path) -> None:
    audio(tmp_path, *(f"wavs/{n}.wav" for n in range(4)))
    rows = [["File name", "Text", "Seconds"], *([f"{n}.wav", text, 0.1] for n, text in enumerate(TEXTS))]
    saved(tmp_path / "list.xlsx", rows)
    found = read_corpus(tmp_path)
    assert [(clip.path, clip.text) for clip in found.clips] == [(f"wavs/{n}.wav", t) for n, t in enumerate(TEXTS)]
    assert (found.layout, found.findings) == ("table", [])


def test_numbers_empty_rows_and_columns_and_names_that_lost_their_zeros(tmp_path: Path) -> None:
    audio(tmp_path, *(f"wavs/00{n}.wav" for n in range(4)))
    rows = [[float(n), text, None, None] for n, text in enumerate(TEXTS)]
    saved(tmp_path / "list.xlsx", [], [rows[0], [None] * 4, *rows[1:]])
    found = read_corpus(tmp_path)
    assert [(clip.path, clip.text) for clip in found.clips] == [(f"wavs/00{n}.wav", t) for n, t in enumerate(TEXTS)]
    assert [finding.code for finding in found.findings] == ["audio-matched"]


def test_sheets_with_the_same_columns_are_all_read_and_others_named(tmp_path: Path) -> None:
    audio(tmp_path, *(f"{n}.wav" for n in range(4)))
    title = ["path", "text"]
    halves = [[title, *([f"{n}.wav", TEXTS[n]] for n in half)] for half in ((0, 1), (2, 3))]
    saved(tmp_path / "list.xlsx", *halves, [["recorded by Ann"]])
    found = read_corpus(tmp_path)
    assert [clip.text for clip in found.clips] == TEXTS
    assert [finding.message for finding in found.findings] == [
        "list.xlsx: the sheet 'Sheet3' has other columns than the first and is left aside"
    ]


def test_what_is_no_spreadsheet_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CorpusError, match="cannot be read as a spreadsheet"):
        sheet_rows(put(tmp_path, "a.xlsx", b"PK\x03\x04 and no more"))
    with pytest.raises(CorpusError, match="is empty"):
        sheet_rows(saved(tmp_path / "b.xlsx", [], []))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ttsprep\[xlsx\]', or save it as CSV"):
        sheet_rows(tmp_path / "b.xlsx")
