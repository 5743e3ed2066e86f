"""``ttsprep inspect``: what would be read, and why."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from corpora.layouts.corpus import audio, put

COMMAND = Path(sys.executable).with_name("ttsprep")
ROWS = "".join(f"{n}|anna|This is sentence number {n}.|{n}\n" for n in range(6))


def run(*arguments: object) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of a command."""
    done = subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False)
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
