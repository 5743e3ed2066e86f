"""A person's decisions are understood exactly, or refused with the line that is wrong."""

from pathlib import Path

import pytest

from ttsprep.audit.decisions import Decision, read_decisions, refuse_missing, write_decisions
from ttsprep.core.errors import UsageError
from ttsprep.core.types import Clip

KNOWN = [f"demo-{i:03d}" for i in range(1, 15)] + ["a,b", 'say "hi"', "é", "=1+1", "two\nlines"]


@pytest.fixture
def decide(tmp_path: Path):
    def decided(content: str | bytes) -> dict[str, Decision]:
        path = tmp_path / "decisions.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_decisions(path, KNOWN)

    return decided


def test_keep_reject_and_texts(decide) -> None:
    found = decide(
        "id,decision,text,reason\n"
        "demo-001,keep,,\n"
        "demo-002,reject,,a cough\n"
        "demo-003,,What was said.,heard it\n"
        "demo-004, KEEP ,Both., twice \n"
    )
    assert found == {
        "demo-001": Decision(True, None, ""),
        "demo-002": Decision(False, None, "a cough"),
        "demo-003": Decision(None, "What was said.", "heard it"),
        "demo-004": Decision(True, "Both.", "twice"),
    }


def test_only_an_id_is_needed_and_columns_come_in_any_order(decide) -> None:
    assert decide("id\ndemo-001\n") == {"demo-001": Decision(None, None, "")}
    assert decide("reason,id\nnoise,demo-001\n") == {"demo-001": Decision(None, None, "noise")}
    assert decide("id,decision\n") == {}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_a_spreadsheet_writes(decide, end: str) -> None:
    lines = ["id,decision,text", '"a,b",keep,"It said ""no"", twice"', '"say ""hi""",reject,', "é,keep,ça", ""]
    found = decide("\ufeff" + end.join(lines))
    assert list(found) == ["a,b", 'say "hi"', "é"]
    assert found["a,b"].text == 'It said "no", twice'
    assert found["é"].text == "ça"


def test_a_text_is_taken_exactly(decide) -> None:
    found = decide('id,text\ndemo-001,"  one\n\ttwo  "\n"two\nlines", x \n=1+1,=2\n')
    assert found["demo-001"].text == "  one\n\ttwo  "
    assert found["two\nlines"].text == " x "
    assert found["=1+1"].text == "=2"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", ["no column id", "id,decision"]),
        ("decision\nkeep\n", ["no column id"]),
        ("id,decison\ndemo-001,keep\n", ["'decison'", "did you mean 'decision'"]),
        ("id;decision\ndemo-001;keep\n", ["'id;decision'", "decision"]),
        ("id,decision,decision\ndemo-001,keep,reject\n", ["'decision'", "twice"]),
        ("id,id\ndemo-001,demo-002\n", ["'id'", "twice"]),
        ("id,decision\ndemo-001,maybe\n", ["line 2", "'maybe'", "keep", "reject"]),
        ("id,decision\ndemo-001,keep\ndemo-0O3,keep\n", ["line 3", "'demo-0O3'", "did you mean", "'demo-003'"]),
        ("id,decision\ndemo-001,keep\ndemo-001,keep\n", ["line 3", "'demo-001'", "twice"]),
        ("id,decision\ndemo-001\n", ["line 2", "cells"]),
        ("id,decision\ndemo-001,keep,more\n", ["line 2", "cells"]),
        ('id,text\n"demo-001,keep\n', ["decisions.csv", "line"]),
        ("id,text\ndemo-001,bad\rbreak\n", ["decisions.csv", "line 3", "cells"]),
        ('id,text\n"demo-001"x,keep\n', ["after line 1"]),
        ("id,start\ndemo-001,soon\n", ["line 2", "start", "seconds", "'soon'"]),
        ("id,end\ndemo-001,-1\n", ["line 2", "end", "'-1'"]),
        ("id,end\ndemo-001,nan\n", ["line 2", "end", "'nan'"]),
        ("id,start\ndemo-001,inf\n", ["line 2", "start", "'inf'"]),
        ("id,start,end\ndemo-001,1.5,1.5\n", ["line 2", "end", "1.5 s", "not after"]),
        ("id,text\ndemo-001,café\n".encode("latin-1"), ["not UTF-8", "byte 20", "save it as UTF-8"]),
        ("id,text\ndemo-001,x\n".encode("utf-16"), ["not UTF-8"]),
    ],
)
def test_what_makes_no_sense_is_refused_by_line(decide, content: str | bytes, words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        decide(content)
    assert "decisions.csv" in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path, words in ((tmp_path, "not a regular file"), (tmp_path / "none.csv", "No such file")):
        with pytest.raises(UsageError, match=words):
            read_decisions(path, KNOWN)


def test_an_unknown_id_is_not_answered_with_the_whole_corpus(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text("id,decision\nzebra,keep\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_decisions(path, [f"LJ{i:06d}" for i in range(5_000)])
    assert len(str(caught.value)) < 300 + len(str(path))
    assert "none is alike" in str(caught.value)


def test_decisions_that_are_not_there_are_refused_first(tmp_path: Path) -> None:
    refuse_missing(None)
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(UsageError, match="there is no file"):
            refuse_missing(path)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    decisions = {
        "demo-001": Decision(True, reviewer="Ada"),
        "demo-002": Decision(False, None, 'a "cough", twice'),
        "two\nlines": Decision(None, " as it\nis read ", "", 0.25, 1.5),
        "=1+1": Decision(end=2.125),
        "demo-003": Decision(None, "=carriage\rreturns\r\n", "and\r more"),
    }
    write_decisions(tmp_path / "decisions.csv", decisions)
    assert read_decisions(tmp_path / "decisions.csv", KNOWN) == decisions
    assert read_decisions(tmp_path / "decisions.csv", None) == decisions


def test_a_piece_that_no_file_can_hold_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text("id,start,end\na,0.1,0.1000001\n", encoding="utf-8")
    with pytest.raises(UsageError, match="line 2: the end"):
        read_decisions(path, None)


def test_a_decision_is_applied_to_its_clip() -> None:
    whole, piece = Clip("a", "a.wav", "one"), Clip("b", "b.wav", "two", start=10.0, end=14.0)
    assert Decision().apply(piece) == piece
    assert Decision(True, "three", start=0.5).apply(whole) == Clip("a", "a.wav", "three", start=0.5)
    assert Decision(end=1.5).apply(piece) == Clip("b", "b.wav", "two", start=10.0, end=11.5)
    assert Decision(start=1.0, end=9.0).apply(piece) == Clip("b", "b.wav", "two", start=11.0, end=14.0)
    with pytest.raises(UsageError, match="'b' starts at 4 s"):
        Decision(start=4.0).apply(piece)
