"""Audio that people have: lying suffixes, WAV from a pipe, containers of browsers and telephones; no playlists."""

import socket
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from ttsprep.core.audio import read
from ttsprep.core.errors import AudioError
from ttsprep.core.media.sniff import container

RATE = 24_000
TONE = (0.3 * np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)).astype(np.float32)


def wav(path: Path, riff: int | None = None, data: int | None = None) -> Path:
    """Write a second of a tone, with sizes of its header changed."""
    sf.write(path, TONE, RATE, subtype="PCM_16", format="WAV")
    raw = bytearray(path.read_bytes())
    at = raw.index(b"data") + 4
    raw[4:8] = struct.pack("<I", riff) if riff is not None else raw[4:8]
    raw[at : at + 4] = struct.pack("<I", data) if data is not None else raw[at : at + 4]
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0, 0x7FFFFFFF])
def test_a_wav_from_a_pipe_is_whole(tmp_path: Path, size: int) -> None:
    audio = read(wav(tmp_path / "a.wav", size, size))
    assert np.array_equal(audio.samples, read(wav(tmp_path / "b.wav")).samples)
    assert (audio.complete, audio.missing) == (True, None)
    piece = read(tmp_path / "a.wav", start=0.25, end=0.5)
    assert np.array_equal(piece.samples, audio.samples[RATE // 4 : RATE // 2])


def test_a_few_samples_too_many_in_a_header_are_no_loss(tmp_path: Path) -> None:
    audio = read(wav(tmp_path / "a.wav", data=2 * (RATE + 9)))
    assert (len(audio.samples), audio.missing) == (RATE, 9)
    with pytest.raises(AudioError, match=r"bytes are missing|promises more bytes") as error:
        read(wav(tmp_path / "b.wav", data=2 * (RATE + RATE // 2)))
    assert error.value.code == "audio-cut-off-file"


def encoded(path: Path, form: str, codec: str, rate: int = 48_000) -> Path:
    """Write a second of a tone in a container."""
    import av

    with av.open(str(path), "w", format=form) as sink:
        stream = sink.add_stream(codec, rate=rate)
        stream.bit_rate = 96_000
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray(TONE[None, :], format="fltp", layout="mono")
        frame.sample_rate = RATE
        resampler = av.AudioResampler(stream.format.name, "mono", stream.rate, stream.frame_size or 960)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            for packet in stream.encode(piece):
                sink.mux(packet)
        for packet in stream.encode(None):
            sink.mux(packet)
    return path


@pytest.mark.parametrize(
    ("form", "codec", "subtype"),
    [("webm", "libopus", "OPUS"), ("adts", "aac", "AAC"), ("mp4", "aac", "AAC"), ("asf", "wmav2", "WMAV2")],
)
@pytest.mark.parametrize("name", ["a.wav", "a.webm", "a.mp4"])
def test_containers_are_read_by_their_first_bytes(
    tmp_path: Path, form: str, codec: str, subtype: str, name: str
) -> None:
    audio = read(encoded(tmp_path / name, form, codec, 44_100 if form == "asf" else 48_000))
    assert subtype in audio.subtype
    assert len(audio.samples) / audio.rate == pytest.approx(1.0, abs=0.1)
    peak = (
        np.abs(np.fft.rfft(audio.samples[: audio.rate, 0])).argmax() * audio.rate / min(len(audio.samples), audio.rate)
    )
    assert peak == pytest.approx(440, abs=3)


@pytest.mark.parametrize("kind", ["CAF", "W64", "AU", "NIST", "FLAC", "AIFF"])
def test_what_libsndfile_reads_may_have_any_suffix(tmp_path: Path, kind: str) -> None:
    sf.write(tmp_path / "a.wav", TONE, RATE, format=kind, subtype="PCM_16")
    assert len(read(tmp_path / "a.wav").samples) == RATE


LISTS: dict[str, Callable[[str], str]] = {
    "m3u": lambda url: f"#EXTM3U\n#EXTINF:1,\n{url}\n",
    "pls": lambda url: f"[playlist]\nFile1={url}\n",
    "sdp": lambda url: "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n",
    "concat": lambda url: f"ffconcat version 1.0\nfile {url}\n",
    "dash": lambda url: f'<?xml version="1.0"?><MPD><BaseURL>{url}</BaseURL></MPD>',
    "address": lambda url: f"{url}\n",
    "blanks": lambda url: f"\n\n  #EXTM3U\n{url}\n",
    "text": lambda url: f"some words, and {url}\n" * 10,
}


@pytest.mark.parametrize("name", ["a.wav", "a.m4a", "a.webm"])
@pytest.mark.parametrize("kind", LISTS)
def test_a_list_of_other_files_opens_no_socket_and_no_file(tmp_path: Path, kind: str, name: str) -> None:
    wav(tmp_path / "real.wav")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/real.wav"
        (tmp_path / name).write_text(LISTS[kind](url))
        with pytest.raises(AudioError) as error:
            read(tmp_path / name)
        assert error.value.code == "audio-unreadable"
        with pytest.raises(TimeoutError):
            server.accept()
    (tmp_path / name).write_text(LISTS[kind](str(tmp_path / "real.wav")))
    with pytest.raises(AudioError):
        read(tmp_path / name)


def test_a_pointer_of_git_lfs_says_what_to_do() -> None:
    with pytest.raises(AudioError, match="git lfs pull"):
        container(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n")
