import csv
import gzip
import io
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.layouts.corpus import put
from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip, Finding, Severity
from ttsprep.corpora.metadata import LINE_LIMIT, TableRow, checked, json_rows, lines, split_rows, transcript
from ttsprep.corpora.tables.rows import quoted_rows

ODD = [
    '"she said',
    '"all of it"',
    "null",
    "NA",
    "nan",
    "007",
    "1e5",
    "  spaces kept  ",
    "tab\tinside",
    "line\u2028separator\u2029and\x85more\x0b\x0c\x1c",
    "nul\0inside",
    "bidi \u202eabc\u202c",
    "zero\u200bwidth\ufeff",
    "lone\rreturn",
    "=SUM(A1)",
    "+1",
    "-1",
    "@cmd",
    "\tTAB first",
    "<script>alert(1)</script>",
    "e\u0301 not composed",
    "emoji 🎙️",
]
TEXT = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), min_size=1).filter(
    lambda t: not t.endswith("\r") and "|" not in t
)
PLAIN = "in being comparatively modern " * 200
"""Enough that a few control characters do not make it something other than text."""


def split(items: Iterable[Clip | Finding]) -> tuple[list[Clip], list[Finding]]:
    """Return clips and findings apart."""
    everything = list(items)
    return [i for i in everything if isinstance(i, Clip)], [i for i in everything if isinstance(i, Finding)]


def rows_of(path: Path, separator: str = "|") -> list[list[str]]:
    found = list(split_rows(path, separator))
    assert all(isinstance(r, TableRow) for r in found)
    return [r.cells for r in found if isinstance(r, TableRow)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_odd_texts_are_kept_exactly(tmp_path: Path, end: str, bom: str, encoding: str) -> None:
    mark = bom or ("" if encoding == "utf-8" else "\ufeff")
    content = mark + "".join(f"id{i}|{t}{end}" for i, t in enumerate(ODD))
    path = put(tmp_path, "metadata.csv", content.encode(encoding))
    assert rows_of(path) == [[f"id{i}", t] for i, t in enumerate(ODD)]


@given(st.lists(TEXT, min_size=1, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_any_text_comes_back_from_a_table_exactly(texts: list[str], end: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = put(Path(folder), "metadata.csv", f"i|{PLAIN}\n" + "".join(f"i|{t}{end}" for t in texts))
        assert rows_of(path) == [["i", t] for t in (PLAIN, *texts)]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8))
def test_any_text_comes_back_from_csv_exactly(texts: list[str]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([["file_name", PLAIN], *([f"{i}.x", t] for i, t in enumerate(texts))])
    with tempfile.TemporaryDirectory() as folder:
        found = list(quoted_rows(put(Path(folder), "metadata.csv", buffer.getvalue())))
    # A text of many lines is told from a quote that was never closed by its number of lines.
    if all(t.count("\n") < 20 for t in texts):
        cells = [r.cells for r in found if isinstance(r, TableRow) and not r.problem]
        assert cells == [["file_name", PLAIN], *([f"{i}.x", t] for i, t in enumerate(texts))]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=8), st.booleans())
def test_any_text_comes_back_from_json_lines_exactly(texts: list[str], escaped: bool) -> None:
    content = "".join(json.dumps({"text": t}, ensure_ascii=escaped) + "\n" for t in texts)
    with tempfile.TemporaryDirectory() as folder:
        found = list(json_rows(put(Path(folder), "manifest.json", content)))
    assert [r[1]["text"] for r in found if not isinstance(r, Finding)] == texts


def test_lines_are_numbered_by_the_file_and_blank_ones_skipped(tmp_path: Path) -> None:
    path = put(tmp_path, "m.txt", "a\n\n  \nb\n\nc")
    assert list(lines(path)) == [(1, "a"), (4, "b"), (6, "c")]


def test_a_line_of_a_megabyte_is_kept(tmp_path: Path) -> None:
    text = "x" * 1_000_000
    assert rows_of(put(tmp_path, "m.txt", f"a|{text}\nb|y\n")) == [["a", text], ["b", "y"]]


def test_a_longer_line_is_found_and_the_next_one_read(tmp_path: Path) -> None:
    for encoding in ("utf-8", "utf-16"):
        path = put(tmp_path, "m.txt", f"a|1\nb|{'x' * 3 * LINE_LIMIT}\nc|3\n".encode(encoding))
        found = list(split_rows(path, "|"))
        assert [r.cells[0] for r in found if isinstance(r, TableRow)] == ["a", "c"]
        (finding,) = (f for f in found if isinstance(f, Finding))
        assert finding.code == "metadata-malformed"
        assert finding.message.startswith("m.txt line 2: is longer than 1,048,576")
        assert found[-1] == TableRow(3, ["c", "3"])


def test_certain_latin_1_is_decoded_with_one_note(tmp_path: Path) -> None:
    path = put(tmp_path, "metadata.csv", "a|plain\nb|schön\nc|Gruß\n".encode("latin-1"))
    found = list(split_rows(path, "|"))
    assert [r.cells[1] for r in found if isinstance(r, TableRow)] == ["plain", "schön", "Gruß"]
    (note,) = (f for f in found if isinstance(f, Finding))
    assert (note.clip, note.code, note.severity) == ("", "text-encoding", Severity.NOTE)
    assert "metadata.csv line 2" in note.message


def test_an_uncertain_text_is_an_error_on_its_clip_with_the_line(tmp_path: Path) -> None:
    path = put(tmp_path, "metadata.csv", b"a|ok\nb|" + "Привет".encode("cp1251") + b"\n")
    rows = [r for r in split_rows(path, "|") if isinstance(r, TableRow)]
    (clip,), (finding,) = split(checked(path.name, 2, Clip("b", "b.wav", rows[1].cells[1])))
    assert (finding.clip, finding.code, finding.severity) == ("b", "text-encoding", Severity.ERROR)
    assert "metadata.csv line 2" in finding.message
    assert clip.text == "\ufffd" * 6
    clip.text.encode()


def test_a_lone_surrogate_of_json_is_found(tmp_path: Path) -> None:
    (item,) = json_rows(put(tmp_path, "m.json", '{"text": "a\\ud800b"}\n'))
    assert not isinstance(item, Finding)
    (clip,), (finding,) = split(checked("m.json", 1, Clip("a", "a.wav", item[1]["text"], "sp\udcff")))
    assert finding.code == "text-encoding"
    assert clip.text == "a\ufffdb"
    assert clip.speaker == "sp\\udcff"


@pytest.mark.parametrize(
    ("clip", "what"),
    [
        (Clip("a", "a\0.wav", "x"), "NUL"),
        (Clip("", "", "x"), "no audio file"),
        (Clip("a", "", "x"), "no audio file"),
    ],
)
def test_a_row_that_can_name_no_file_is_no_clip(clip: Clip, what: str) -> None:
    clips, (finding,) = split(checked("m.csv", 7, clip))
    assert clips == []
    assert finding.code == "metadata-malformed"
    assert finding.message.startswith("m.csv line 7: ")
    assert what in finding.message


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"\xff\xfe", "is empty"),
        (b"RIFF\0\0\0\0WAVE" + bytes(100), "is not a text file"),
        (b"a|b\rc|d\re|f\r", "lone carriage return"),
    ],
)
def test_files_that_are_no_tables_are_refused(tmp_path: Path, content: bytes, what: str) -> None:
    with pytest.raises(CorpusError, match=what) as error:
        list(lines(put(tmp_path, "metadata.csv", content)))
    assert "metadata.csv" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_fifo_a_folder_and_a_missing_file_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    for name in ("fifo", "folder", "missing"):
        with pytest.raises(CorpusError, match="cannot be read"):
            list(lines(tmp_path / name))
        with pytest.raises(CorpusError, match="cannot be read"):
            transcript(tmp_path / name, name)


def test_gzip_is_read_and_a_damaged_one_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b'{"id": "a"}\n' * 1000)
    assert len(list(json_rows(put(tmp_path, "a.jsonl.gz", whole)))) == 1000
    for damaged in (whole[: len(whole) // 2], b"no gzip at all\n", whole[:20] + b"\xff\xff" + whole[22:]):
        with pytest.raises(CorpusError, match="damaged gzip"):
            list(json_rows(put(tmp_path, "b.jsonl.gz", damaged)))


def test_csv_quoting_is_honoured(tmp_path: Path) -> None:
    content = 'file_name,text\r\na.wav,"one, two"\r\nb.wav,"he said ""hi"""\r\n'
    content += 'c.wav,"two\r\nlines"\r\nd.wav,5" nail\r\n'
    found = list(quoted_rows(put(tmp_path, "metadata.csv", content)))
    assert found == [
        TableRow(1, ["file_name", "text"]),
        TableRow(2, ["a.wav", "one, two"]),
        TableRow(3, ["b.wav", 'he said "hi"']),
        TableRow(4, ["c.wav", "two\r\nlines"]),
        TableRow(6, ["d.wav", '5" nail']),
    ]


@pytest.mark.parametrize("close", ["", 'z.wav,ends with a quote"\n', 'z.wav,"quoted"\n'])
def test_a_stray_quote_swallows_no_row(tmp_path: Path, close: str) -> None:
    content = 'file_name,text\na.wav,"stray\n' + "".join(f"{i}.wav,text {i}\n" for i in range(50)) + close
    found = [r for r in quoted_rows(put(tmp_path, "metadata.csv", content)) if isinstance(r, TableRow)]
    assert found[1].cells == ["a.wav", '"stray']
    assert "never closed" in found[1].problem
    assert [r.cells for r in found[2:52]] == [[f"{i}.wav", f"text {i}"] for i in range(50)]
    assert not any(r.problem for r in found[2:])
    assert len(found) == 52 + bool(close)


def test_text_after_a_closing_quote_is_found_and_kept(tmp_path: Path) -> None:
    (_, row) = quoted_rows(put(tmp_path, "metadata.csv", 'file_name,text\na.wav,"Hello" she said\n'))
    assert isinstance(row, TableRow)
    assert row.cells == ["a.wav", '"Hello" she said']
    assert "after a closing quote" in row.problem


@pytest.mark.parametrize("line", ["{", '{"a": 007}', "[1]", "null", "[" * 100_000, "5", '{"a": ' + "9" * 5000 + "}"])
def test_a_line_that_is_no_json_object_is_found_with_its_number(tmp_path: Path, line: str) -> None:
    before, finding, after = json_rows(put(tmp_path, "m.json", f'{{"a": 1}}\n{line}\n{{"a": 2}}\n'))
    assert isinstance(finding, Finding)
    assert finding.code == "metadata-malformed"
    assert finding.message.startswith("m.json line 2: ")
    assert (before, after) == ((1, {"a": 1}), (3, {"a": 2}))


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"One line.\n", "One line."),
        (b"\xef\xbb\xbfWith a mark\r\n\r\n", "With a mark"),
        ("Шире".encode("utf-16"), "Шире"),
        ("schön".encode("latin-1"), "schön"),
        (b" two\nlines \n", " two\nlines "),
        (b"", ""),
    ],
)
def test_a_transcript_is_kept_but_for_the_line_end(tmp_path: Path, content: bytes, text: str) -> None:
    assert transcript(put(tmp_path, "a.txt", content), "a.txt") == text


@pytest.mark.parametrize("content", [b"x" * (LINE_LIMIT + 1), bytes(100)])
def test_what_cannot_be_a_transcript_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(CorpusError, match=r"a\.txt"):
        transcript(put(tmp_path, "a.txt", content), "a.txt")
