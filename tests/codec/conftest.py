"""Speech-like sound to train on in seconds, a tiny codec trained on it for real, and the codes of spoken clips."""

import json
import shutil
from pathlib import Path

import pytest
import soundfile

from codec.made_up_speech import RATE, small_training, voice


@pytest.fixture(scope="session")
def folder_of_speech(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("voices")
    (root / "wavs").mkdir()
    rows = []
    for speaker in range(5):
        for take in range(2):
            name = f"s{speaker}-{take}"
            soundfile.write(root / "wavs" / f"{name}.wav", voice(3.0, 10 * speaker + take), RATE)
            rows.append(f"{name}|s{speaker}")
    (root / "speakers.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return root


@pytest.fixture(scope="session")
def packed(folder_of_speech, tmp_path_factory) -> Path:
    pytest.importorskip("torch")
    from ttsprep.codec.training.data import TrainingSource, pack

    out = tmp_path_factory.mktemp("packed")
    pack([TrainingSource("voices", folder_of_speech / "wavs", 1.0, "made up", hold_out=1)], RATE, out)
    assert json.loads((out / "speech.json").read_text(encoding="utf-8"))["rate"] == RATE
    return out


@pytest.fixture(scope="session")
def trained(packed, tmp_path_factory) -> Path:
    """A tiny codec after 120 real steps."""
    from ttsprep.codec.config import preset
    from ttsprep.codec.training.data import Speech
    from ttsprep.codec.training.run import Run

    folder = tmp_path_factory.mktemp("run")
    run = Run(folder, Speech(packed), preset("tiny8"), small_training(), {})
    run.go(steps=120, log_every=20)
    return folder


@pytest.fixture
def few(few_once: Path, tmp_path: Path) -> Path:
    """Return a copy, which the test may change."""
    return Path(shutil.copytree(few_once, tmp_path / "spoken"))


@pytest.fixture(scope="session")
def reference(few_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The codes of those. Not to be changed."""
    from codec.encoding import CLIPS, encoded

    out = tmp_path_factory.mktemp("reference") / "codes"
    result = encoded(few_once, out, jobs=1)
    assert result.coded == CLIPS
    assert not (out / ".journal").exists()
    return out
