"""``ttsprep inspect``: what would be read, and why."""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import ttsprep
from corpora.layouts.corpus import audio, put

from ttsprep.cli.main import main

ROWS = "".join(f"{n}|anna|This is sentence number {n}.|{n}\n" for n in range(6))


def run(*arguments: object) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of a command."""
    done = ttsprep(*arguments)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    audio(tmp_path, *(f"wavs/{n}.wav" for n in range(6)))
    put(tmp_path, "metadata.csv", ROWS)
    put(tmp_path, "README.txt", "Recorded at home.\n")
    return tmp_path


def test_what_would_be_read_is_shown_with_its_evidence(corpus: Path) -> None:
    code, out, _ = run("inspect", corpus, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["reading"][:2] == [
        "language en-us, guessed from 6 texts: --language changes it",
        "metadata.csv: id | speaker | text | (number)",
    ]
    assert (document["clips"], document["without_text"], document["speakers"]) == (6, 0, {"anna": 6})
    assert document["rates"] == {"16000 Hz, 1 channel": 6}
    assert document["hours"] == pytest.approx(0.6 / 3600)
    (table,) = (table for table in document["tables"] if table["table"] == "metadata.csv")
    assert table["columns"][0] == "100% name audio files that are there, 100% are numbers"
    assert "Latin letters" in table["columns"][2]
    assert len(table["sample"]) == 3
    code, out, _ = run("inspect", corpus)
    assert code == 0
    assert "would read  6 clips of" in out
    assert "layouts tried" in out


def test_what_is_refused_is_shown_too(corpus: Path) -> None:
    texts = ["The house is old.", "A winter came.", "Nobody knows why.", "It rained.", "We go home.", "She sings."]
    rows = "".join(f"{n}|{text}|Satz {n}, der anders lautet.\n" for n, text in enumerate(texts))
    put(corpus, "metadata.csv", rows)
    code, out, error = run("inspect", corpus)
    assert code == 2
    assert "columns 2 and 3 may each be the text" in error
    assert "--columns path,-,text" in error
    assert "metadata.csv: 6 rows, delimiter |" in out
    code, out, _ = run("inspect", corpus, "--columns", "path,-,text")
    assert code == 0
    assert "as --columns says" in out


def test_a_wrong_word_in_columns_names_the_nearest(corpus: Path) -> None:
    code, _, error = run("inspect", corpus, "--columns", "path,txt")
    assert (code, "did you mean 'text'?" in error) == (2, True)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["inspect", "{}"], "would read 3 clips"),
        (["audit", "{}", "--dry-run"], "3 clips"),
        (["build", "--source", "{}", "--dry-run", "--jobs", "1"], "3 clips"),
        (["encode", "{}", "--dry-run"], "3 clips"),
        (["selftest", "{}", "--jobs", "1"], "has 3 clips that can be read; a self-test needs 10"),
    ],
    ids=["inspect", "audit", "build", "encode", "selftest"],
)
def test_every_command_that_reads_a_corpus_takes_the_same_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str], said: str
) -> None:
    if command[0] == "encode":
        pytest.importorskip("torch")
    texts = ["The house is old.", "A winter came.", "Nobody knows why."]
    rows = "".join(f"{n}|{text}|Satz {n}, der anders lautet.\n" for n, text in enumerate(texts))
    place = tmp_path / "all"
    audio(place / "elsewhere", *(f"{n}.wav" for n in range(3)))
    put(place, "lists/metadata.csv", rows)
    (place / "sound").mkdir()
    (place / "sound" / "linked").symlink_to(place / "elsewhere")
    monkeypatch.chdir(tmp_path)
    words = [word.format(place / "lists") for word in command]
    reading = ["--columns", "path,text,-", "--audio-root", str(place / "sound"), "--follow-links"]
    code, shown = in_process(monkeypatch, capsys, [*words, *reading, "--layout", "table", "--language", "en"])
    assert said in shown
    assert code == (2 if "needs 10" in said else 0)
    code, shown = in_process(monkeypatch, capsys, [*words, "--layout", "ljspeech"])
    assert (code, "--layout table reads it" in shown) == (2, True)


def in_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> tuple[int, str]:
    """Return exit code and all that is shown, without the start of a process."""
    monkeypatch.setattr(sys, "argv", ["ttsprep", *words])
    code = main()
    shown = capsys.readouterr()
    return code, " ".join((shown.out + shown.err).split())


def test_rows_of_shards_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = [{"bytes": b"RIFF", "path": f"{n}.wav"} for n in range(4)]
    texts = ["The house is old.", "A winter came.", "Nobody knows why.", "It rained."]
    table = pa.table({"audio": sound, "text": texts, "speaker": ["anna"] * 4})
    pq.write_table(table, tmp_path / "train-00000.parquet")
    code, shown = in_process(monkeypatch, capsys, ["inspect", str(tmp_path)])
    assert code == 0
    assert "audio and texts in 1 file, which ttsprep audit and build unpack and read" in shown
    assert "train-00000.parquet: 4 rows, delimiter Parquet" in shown
    assert "1 text 100% are words or sentences in Latin letters" in shown
    assert "The house is old. | anna" in shown
