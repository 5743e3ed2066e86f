"""What decoders pass over in silence: damaged pages, missing lengths, a second recording behind the first."""

import io
import random
import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ttsprep.core.audio import _blocks, read
from ttsprep.core.errors import AudioError
from ttsprep.core.media.window import Overlay, Window

RATE = 24_000
RANDOM = np.random.default_rng(5)
SOUND = (
    0.3 * np.sin(2 * np.pi * (200 + 40 * np.arange(3 * RATE) / RATE) * np.arange(3 * RATE) / RATE)
    + 0.01 * RANDOM.standard_normal(3 * RATE)
).astype(np.float32)
FORMS = {
    "opus": ("OGG", "OPUS"),
    "ogg": ("OGG", "VORBIS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "flac": ("FLAC", "PCM_16"),
    "wav": ("WAV", "PCM_16"),
    "aiff": ("AIFF", "PCM_16"),
    "w64": ("W64", "PCM_16"),
    "rf64": ("RF64", "PCM_24"),
}


def encoded(form: str, samples: np.ndarray = SOUND) -> bytes:
    buffer = io.BytesIO()
    sf.write(buffer, samples, RATE, format=FORMS[form][0], subtype=FORMS[form][1])
    return buffer.getvalue()


def decoded(path: Path, data: bytes) -> np.ndarray:
    path.write_bytes(data)
    return read(path).samples


def code(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(AudioError) as error:
        read(path)
    return error.value.code


@pytest.mark.parametrize("form", ["opus", "ogg"])
def test_one_flipped_bit_in_any_page_of_ogg_is_found(tmp_path: Path, form: str) -> None:
    whole = encoded(form)
    pages = [at for at in range(len(whole)) if whole.startswith(b"OggS", at)]
    chance = random.Random(3)
    places = [chance.randrange(len(whole)) for _ in range(60)]
    for first in (pages[2], pages[-1]):  # the first with sound, and the last
        places += [first + chance.randrange(min(1000, len(whole) - first)) for _ in range(48)]
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        assert code(tmp_path / "a.ogg", damaged) in {"audio-cut-off-file", "audio-unreadable"}, place


@pytest.mark.parametrize("form", ["opus", "ogg"])
def test_a_lost_page_of_ogg_is_found(tmp_path: Path, form: str) -> None:
    whole = encoded(form)
    pages = [*(at for at in range(len(whole)) if whole.startswith(b"OggS", at)), len(whole)]
    for first, last in pairwise(pages[2:]):
        assert code(tmp_path / "a.ogg", whole[:first] + whole[last:]) == "audio-cut-off-file"
        assert code(tmp_path / "a.ogg", whole[:first] + bytes(9) + whole[first:]) == "audio-cut-off-file"
    assert len(decoded(tmp_path / "a.ogg", whole + b"TAG" + bytes(125))) == len(decoded(tmp_path / "a.ogg", whole))


@pytest.mark.parametrize("form", ["opus", "ogg", "mp3", "flac"])
@pytest.mark.parametrize("between", [b"", b"ID3\4\0\0\0\0\0\x0a" + bytes(10)])
def test_a_second_recording_in_a_file_is_refused_by_name(tmp_path: Path, form: str, between: bytes) -> None:
    joined = encoded(form) + (between if form == "mp3" else b"") + encoded(form, SOUND[: 2 * RATE])
    (tmp_path / "a").write_bytes(joined)
    with pytest.raises(AudioError, match="follows the first one") as error:
        read(tmp_path / "a")
    assert error.value.code == "audio-unreadable"


def test_joined_mp3_without_headers_of_their_own_is_read_whole(tmp_path: Path) -> None:
    mp3 = encoded("mp3")
    header = next(at for at in (mp3.find(b"Xing"), mp3.find(b"Info")) if at > 0)
    bare = mp3[mp3.index(b"\xff", header + 120) :]  # from the first frame of sound on
    assert len(decoded(tmp_path / "a.mp3", bare + bare)) > 1.95 * len(decoded(tmp_path / "a.mp3", bare))


def test_pieces_of_a_long_mp3_do_not_depend_on_what_was_read_before(tmp_path: Path) -> None:
    long = np.tile(SOUND, 84)  # 252 s: three blocks
    (tmp_path / "a.mp3").write_bytes(encoded("mp3", long))
    places = [(130.0, 135.0), (119.0, 121.5), (0.5, 2.0), (239.0, 241.0), (250.0, None), (10.0, 130.0)]
    fresh = []
    for start, end in places:
        _blocks.clear()
        fresh.append(read(tmp_path / "a.mp3", start=start, end=end).samples)
    for (start, end), samples in [*zip(places, fresh, strict=True)][::-1]:
        assert np.array_equal(read(tmp_path / "a.mp3", start=start, end=end).samples, samples)
    with sf.SoundFile(tmp_path / "a.mp3") as file:
        whole = file.read(dtype="float32", always_2d=True)
    for (start, end), samples in zip(places, fresh, strict=True):
        expected = whole[round(start * RATE) : None if end is None else round(end * RATE)]
        assert len(samples) == len(expected)
        assert np.abs(samples - expected).max() < 1e-6


@pytest.mark.parametrize("count", [10, 300, 5_000])
def test_bytes_between_frames_of_mp3_are_found(tmp_path: Path, count: int) -> None:
    mp3, chance = encoded("mp3"), random.Random(count)
    header = next(at for at in (mp3.find(b"Xing"), mp3.find(b"Info")) if at > 0)
    second = mp3.index(b"\xff", header + 120)
    for place in (len(mp3) // 3, len(mp3) // 2):
        assert code(tmp_path / "a.mp3", mp3[:place] + chance.randbytes(count) + mp3[place:]) == "audio-cut-off-file"
    tagged = b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + mp3 + b"TAG" + bytes(125)
    assert np.array_equal(decoded(tmp_path / "a.mp3", tagged), decoded(tmp_path / "b.mp3", mp3))
    assert second > 0


def test_one_flipped_bit_in_flac_is_found(tmp_path: Path) -> None:
    whole, chance = encoded("flac"), random.Random(4)
    samples = decoded(tmp_path / "a.flac", whole)
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        (tmp_path / "a.flac").write_bytes(damaged)
        try:
            assert np.array_equal(
                read(tmp_path / "a.flac").samples, samples
            )  # in a comment, or the name of the encoder
        except AudioError as error:
            assert error.code in {"audio-cut-off-file", "audio-unreadable", "sample-rate-implausible"}


def without_total(flac: bytes) -> bytes:
    raw = bytearray(flac)
    raw[21] &= 0xF0
    raw[22:26] = bytes(4)
    return bytes(raw)


@pytest.mark.parametrize("frames", [1, 100, 4096, 50_000, 3 * RATE])
def test_flac_from_a_pipe_is_read_whole(tmp_path: Path, frames: int) -> None:
    flac = encoded("flac", SOUND[:frames])
    piped = without_total(flac)
    assert piped != flac
    assert np.array_equal(decoded(tmp_path / "a.flac", piped), decoded(tmp_path / "b.flac", flac))
    piece = read(tmp_path / "a.flac", start=0.0, end=1.0).samples
    assert np.array_equal(piece, read(tmp_path / "b.flac", start=0.0, end=1.0).samples)
    assert code(tmp_path / "a.flac", piped[:-9]) == "audio-cut-off-file"


def test_flac_with_a_large_picture_is_read(tmp_path: Path) -> None:
    flac = encoded("flac")
    size = (1 << 24) - 1
    picture = struct.pack(">II9sIIIIII", 3, 9, b"image/png", 0, 1, 1, 24, 0, size - 41) + random.Random(1).randbytes(
        size - 41
    )
    tagged = flac[:4] + bytes([flac[4] & 0x7F]) + flac[5:42] + b"\x06" + size.to_bytes(3, "big") + picture + flac[42:]
    assert np.array_equal(decoded(tmp_path / "a.flac", tagged), decoded(tmp_path / "b.flac", flac))


def unsized(form: str, data: bytes) -> bytes:
    """Return a file as a program leaves it in a pipe: ffmpeg all but AIFF, SoX AIFF."""
    raw = bytearray(data)
    if form == "wav":
        raw[4:8] = raw[40:44] = b"\xff" * 4
    elif form == "rf64":
        raw[20:44] = bytes(24)
    elif form == "w64":
        at = raw.index(b"data") + 16
        raw[16:24], raw[at : at + 8] = b"\xff" * 8, b"\xff" * 7 + b"\x7f"
    else:
        sound, form_at = raw.index(b"SSND"), raw.index(b"COMM")
        raw[4:8], raw[sound + 4 : sound + 8] = struct.pack(">I", 0x7F000050), struct.pack(">I", 0x7F000008)
        raw[form_at + 10 : form_at + 14] = struct.pack(">I", 0x3F800000)
    return bytes(raw)


@pytest.mark.parametrize("form", ["wav", "rf64", "w64", "aiff"])
def test_samples_from_a_pipe_are_read_whole(tmp_path: Path, form: str) -> None:
    data = encoded(form)
    whole = decoded(tmp_path / "a", data)
    assert np.array_equal(decoded(tmp_path / "b", unsized(form, data)), whole)
    audio = read(tmp_path / "b")
    assert (audio.rate, audio.subtype, audio.missing) == (RATE, FORMS[form][1], None)
    assert np.array_equal(read(tmp_path / "b", start=1.5, end=2.0).samples, whole[RATE * 3 // 2 : RATE * 2])


def test_a_wrong_byte_rate_is_no_fault(tmp_path: Path) -> None:
    wav = encoded("wav")
    wrong = wav[:28] + struct.pack("<I", 12_345) + wav[32:]
    assert np.array_equal(decoded(tmp_path / "a.wav", wrong), decoded(tmp_path / "b.wav", wav))


def test_a_wav_that_claims_more_than_there_is_is_found(tmp_path: Path) -> None:
    wav = encoded("wav")
    assert code(tmp_path / "a.wav", wav[:40] + struct.pack("<I", len(wav) + 100_000) + wav[44:]) == "audio-cut-off-file"


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    head=st.binary(max_size=20),
    body=st.binary(max_size=50),
    start=st.integers(0, 40),
    reads=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 30))),
)
def test_a_file_with_another_beginning_reads_as_its_bytes_would(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, body: bytes, start: int, reads: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "overlay"
    path.write_bytes(body)
    left = body[start:]
    with path.open("rb") as file:
        overlay = io.BufferedReader(Overlay(file.fileno(), head, start, len(left)), 8)
        other = io.BytesIO(head + left)
        for place, count in reads:
            assert overlay.seek(place) == other.seek(place)
            assert overlay.read(count) == other.read(count)
        window = Window(file.fileno())
        for place, count in reads:
            assert window.at(place, count) == body[place : place + count]
        assert file.tell() == 0
