"""Speech-like sound to train on in seconds, and a tiny codec trained on it for real."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 8000


def voice(seconds: float, seed: int) -> np.ndarray:
    """A gliding harmonic tone with syllables, breath noise, and pauses."""
    rng = np.random.default_rng(seed)
    n = int(seconds * RATE)
    t = np.arange(n) / RATE
    pitch = 90 + 120 * rng.random() + 20 * np.sin(2 * np.pi * (0.7 + rng.random()) * t)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    formant = 500 + 1200 * (0.5 + 0.5 * np.sin(2 * np.pi * (1 + rng.random()) * t + rng.random()))
    tone = np.zeros(n)
    for k in range(1, 20):
        tone += np.exp(-(((k * pitch - formant) / 600) ** 2)) * np.sin(k * phase) + 0.05 / k * np.sin(
            k * phase
        )
    syllables = np.clip(np.sin(2 * np.pi * (2.5 + rng.random()) * t) + 0.4, 0, 1)
    breath = 0.05 * rng.standard_normal(n) * np.clip(-np.sin(2 * np.pi * 3 * t), 0, 1)
    return (0.1 * (tone * syllables + breath)).astype(np.float32)


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
    from ttsprep.codec.corpus import Source, pack

    out = tmp_path_factory.mktemp("packed")
    pack([Source("voices", folder_of_speech / "wavs", 1.0, "made up", hold_out=1)], RATE, out)
    assert json.loads((out / "speech.json").read_text(encoding="utf-8"))["rate"] == RATE
    return out


def small_training(**changes):
    from ttsprep.codec.trainer import TrainConfig

    base = {"seed": 1, "batch": 4, "frames": 16, "warmup": 10, "bypass": 20, "rate": 3e-3}
    return TrainConfig(**{**base, **changes})


@pytest.fixture(scope="session")
def trained(packed, tmp_path_factory) -> Path:
    """A tiny codec after 120 real steps."""
    from ttsprep.codec.config import preset
    from ttsprep.codec.corpus import Speech
    from ttsprep.codec.run import Run

    folder = tmp_path_factory.mktemp("run")
    run = Run(folder, Speech(packed), preset("tiny8"), small_training(), {})
    run.go(steps=120, log_every=20)
    return folder
