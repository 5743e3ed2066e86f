"""A build of long recordings that cannot be cut: it says so in one line, and why in its table."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from commands import ttsprep

from ttsprep.build.config import Recipe, Segment, Transcribe, load
from ttsprep.build.pipeline import build, draft
from ttsprep.build.provenance import read_rejected
from ttsprep.core.errors import CorpusError

RATE = 22_050


def recording(folder: Path, level: float, text: str = "Call me Ishmael. Some years ago.") -> Path:
    folder.mkdir()
    noise = level * np.random.default_rng(0).standard_normal(40 * RATE)
    sf.write(folder / "room.wav", noise, RATE, subtype="PCM_16")
    (folder / "room.txt").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("level", "why"), [(0.003, "the text cannot be placed"), (0.0, "no speech is found")], ids=["noise", "silence"]
)
def test_a_recording_that_cannot_be_cut_is_told_in_one_line(tmp_path: Path, level: float, why: str) -> None:
    source, out = recording(tmp_path / "book", level), tmp_path / "out"
    command = ("build", "--recipe", "longform", "--source", source, "--out", out, "--jobs", 1)
    planned = ttsprep(*command, "--dry-run")
    assert not (out / "rejected.csv").exists()
    done = ttsprep(*command)
    for said in (planned, done):
        (line,) = [line for line in said.stderr.splitlines() if line.startswith("ttsprep: ")]
        assert (said.returncode, said.stdout) == (2, "")
        assert f"no clip is left to build of {source} (room: 0.0-40.0 s: {why}" in line
    assert f"the reasons are in {out / 'rejected.csv'}: fix the recordings" in done.stderr
    (skipped,) = read_rejected(out / "rejected.csv")
    assert (skipped.id, skipped.stage) == ("room", "segment")
    assert why in skipped.reason


def test_what_a_model_would_align_is_told_as_well(tmp_path: Path) -> None:
    source, weights = recording(tmp_path / "book", 0.0), tmp_path / "weights.pt"
    weights.write_bytes(b"no model is asked about nothing")
    rules = Recipe(segment=Segment(align="asr"), transcribe=Transcribe(model=str(weights)), language="en-us")
    with pytest.raises(CorpusError, match="no clip is left to build"):
        build(source, tmp_path / "out", rules, jobs=1)
    assert [item.stage for item in read_rejected(tmp_path / "out" / "rejected.csv")] == ["segment"]


def test_decisions_about_clips_that_are_not_there_are_not_what_is_wrong(tmp_path: Path) -> None:
    source, decisions = recording(tmp_path / "book", 0.0), tmp_path / "decisions.csv"
    decisions.write_text("id,decision\nroom_0001,keep\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="no clip is left to build"):
        draft(source, tmp_path / "out", load("longform"), jobs=1, decisions=decisions)
