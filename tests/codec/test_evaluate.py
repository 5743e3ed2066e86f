"""Other codecs on the same clips, and what is said where they cannot be had."""

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from codec.made_up_speech import voice
from ttsprep.codec import evaluate as baselines
from ttsprep.codec.evaluate import compare_baselines
from ttsprep.core.errors import UsageError

LYRA = Path(__file__).parents[3] / "shared" / "models" / "lyra"


@pytest.fixture
def clips():
    return [("one", np.repeat(voice(1.0, 3), 2))]


@pytest.fixture
def nothing_known():
    """What was found out about the machine is forgotten, before and after."""
    baselines._ffmpeg.cache_clear()
    yield
    baselines._ffmpeg.cache_clear()


def test_what_is_missing_is_named_and_the_rest_is_measured(clips, monkeypatch, tmp_path, nothing_known):
    monkeypatch.setenv("PATH", str(tmp_path))
    for module in ("ai_edge_litert", "ai_edge_litert.interpreter"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    parts = compare_baselines(["opus", "lyra"], clips, 16000, tmp_path)
    assert parts == ["opus: n/a (install ffmpeg with libopus)", "lyra: n/a (install ai-edge-litert)"]
    assert compare_baselines(["lyra"], clips, 16000, None) == [
        "lyra: n/a (give the folder with its three models: --lyra DIR)"
    ]


def test_an_ffmpeg_without_opus_is_none(clips, monkeypatch, tmp_path, nothing_known):
    fake = tmp_path / "ffmpeg"
    fake.write_text("#!/bin/sh\necho ' A..... flac'\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert compare_baselines(["opus"], clips, 16000, None) == ["opus: n/a (install ffmpeg with libopus)"]


def test_opus_is_measured(clips, nothing_known):
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    parts = compare_baselines(["opus"], clips, 16000, None)
    assert len(parts) in {1, 3}
    if len(parts) == 1:
        pytest.skip("this ffmpeg has no libopus")
    assert parts[2].startswith("opus, 12 kbit/s\n\n| codebooks | clips |")


def test_lyra_is_measured(clips, tmp_path):
    pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")
    with pytest.raises(UsageError, match="holds no soundstream_encoder"):
        compare_baselines(["lyra"], clips, 16000, tmp_path)
    if not LYRA.is_dir():
        pytest.skip(f"no models of Lyra in {LYRA}")
    parts = compare_baselines(["lyra"], clips, 16000, LYRA)
    assert [part.split("\n")[0] for part in parts] == [f"lyra v2, {kbits} kbit/s" for kbits in (3.2, 6.0, 9.2)]
