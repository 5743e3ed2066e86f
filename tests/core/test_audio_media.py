"""Containers that libsndfile does not read, through PyAV."""

from pathlib import Path

import av
import numpy as np
import pytest

from ttsprep.core import audio
from ttsprep.core.errors import AudioError

RATE = 22_050


def written(path: Path) -> Path:
    """Write 2 s of a 440 Hz tone as AAC in MP4."""
    tone = (0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE)).astype(np.float32)
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        for start in range(0, len(tone), 1024):
            frame = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="fltp", layout="mono")
            frame.sample_rate = RATE
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_m4a_is_decoded(tmp_path: Path) -> None:
    decoded = audio.read(written(tmp_path / "a.m4a"))
    assert (decoded.rate, decoded.samples.shape[1], decoded.subtype) == (RATE, 1, "AAC")
    assert len(decoded.samples) / RATE == pytest.approx(2.0, abs=0.1)
    spectrum = np.abs(np.fft.rfft(decoded.samples[:RATE, 0]))
    assert np.argmax(spectrum) == pytest.approx(440, abs=2)


def test_its_header_says_how_long_it_is(tmp_path: Path) -> None:
    seconds, rate, channels = audio.header(written(tmp_path / "a.wav"))  # whatever its suffix says
    assert (rate, channels) == (RATE, 1)
    assert seconds == pytest.approx(2.0, abs=0.1)


def test_a_piece_of_an_m4a(tmp_path: Path) -> None:
    decoded = audio.read(written(tmp_path / "a.m4a"), start=0.5, end=1.25)
    assert len(decoded.samples) == pytest.approx(0.75 * RATE, abs=1)
    assert decoded.complete


def test_half_an_m4a_is_a_finding(tmp_path: Path) -> None:
    path = written(tmp_path / "a.m4a")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AudioError) as caught:
        audio.read(path)
    assert caught.value.code in {"audio-cut-off-file", "audio-unreadable"}
