"""Texts of a megabyte: each is a finding, and none takes time that grows with it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from commands import ttsprep

from faults.house import audited_by_command, out_of
from ttsprep.build.stages.normalise import Normalise
from ttsprep.checks.text import MOST_CHARS
from ttsprep.core.errors import AudioError
from ttsprep.core.types import Audio, Clip
from ttsprep.corpora.tables.rows import Dialect, read_rows

SIZE = 1_000_000
HOSTILE = {
    "digits": "7",
    "one-word": "a",
    "quotes": "'",
    "accents": "e\u0301",
    "blanks": "a \u00a0",
    "dashes": "-",
    "words": "hello world ",
    "entities": "&#1",
    "tags": "<b ",
    "groups": "1,234,567,",
    "capitals": "ABC.",
    "addresses": "a@",
    "mojibake": "Ã©",
    "hanzi": "汉",
    "brackets": "[{(",
    "emoji": "😀",
}


def repeated(text: str, size: int) -> str:
    """So many bytes of a text."""
    return text * (size // len(text.encode()))


@pytest.fixture
def hostile(spoken: Path) -> Path:
    """A corpus of ten clips, and one for each text that would take minutes."""
    rows = (spoken / "metadata.csv").read_text(encoding="utf-8").splitlines()[:10]
    audio = (spoken / "wavs" / "demo-001.wav").read_bytes()
    for name, text in HOSTILE.items():
        (spoken / "wavs" / f"{name}.wav").write_bytes(audio)
        rows.append(f"{name}|{repeated(text, SIZE)}")
    (spoken / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return spoken


def test_texts_of_a_megabyte_are_findings(hostile: Path) -> None:
    document = audited_by_command(hostile)  # which gives it two minutes; each of these took one by itself
    findings = pd.read_parquet(out_of(hostile) / "findings.parquet")
    codes = findings.groupby("clip")["code"].agg(set)
    assert all("text-too-long" in codes[name] for name in HOSTILE)
    assert not any("text-empty" in codes[name] for name in HOSTILE)
    assert document["codes"]["text-too-long"]["findings"] == len(HOSTILE)
    clips = pq.read_table(out_of(hostile) / "clips.parquet").to_pandas().set_index("id")
    assert set(clips.loc[list(HOSTILE), "text"]) == {""}
    assert clips.loc[list(HOSTILE), ["chars", "phones", "chars_per_s"]].isna().all().all()
    assert max(path.stat().st_size for path in out_of(hostile).iterdir() if path.suffix == ".html") < 4 * SIZE
    message = findings.message[(findings["clip"] == "digits") & (findings.code == "text-too-long")].item()
    assert message == "the text has 1,000,000 characters (limit 5,000) and was not judged: '" + "7" * 40 + "' ..."


@pytest.mark.slow
def test_a_build_leaves_them_out(hostile: Path, tmp_path: Path) -> None:
    done = ttsprep("build", "--source", hostile, "--out", tmp_path / "built", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    rejected = pd.read_csv(tmp_path / "built" / "rejected.csv").set_index("id")
    assert all("text-too-long" in rejected.loc[name, "codes"] for name in HOSTILE)


@pytest.mark.parametrize("name", list(HOSTILE))
def test_what_is_just_short_enough_is_normalised(name: str) -> None:
    text = (HOSTILE[name] * MOST_CHARS)[:MOST_CHARS]
    audio = Audio(np.zeros((9, 1), np.float32), 16_000)
    for language in ("en", "de", "ru", "fr"):
        Normalise().apply(Clip("a", "a.wav", text, language=language), audio)
    with pytest.raises(AudioError, match="5,001 characters"):
        Normalise().apply(Clip("a", "a.wav", f"{text}x", language="en"), audio)


def test_an_open_quote_costs_its_own_line(tmp_path: Path) -> None:
    table = tmp_path / "metadata.csv"
    long = '"' + repeated("an open quote ", SIZE // 2)
    lines = [f"a{number:03},a text of clip {number}" for number in range(40)]
    lines[7] = f"a007,{long}"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = {row.line: row for row in read_rows(table, Dialect(",", '"'))}
    assert [row.line for row in rows.values() if row.problem] == [8]
    assert rows[8].cells == ["a007", long]
    assert rows[9].cells == ["a008", "a text of clip 8"]
    assert len(rows) == 40
