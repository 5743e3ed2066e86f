"""Files that claim, or hold, far more than a clip: a worker stays under 1 GB, and the run goes on."""

import json
import struct
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from faults.house import out_of
from faults.test_broken_audio import encoded, header, voice

MEBIBYTE = 1 << 20


def crc(data: bytes, bits: int, polynomial: int) -> int:
    value = 0
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = (value << 1) ^ (polynomial if value >> (bits - 1) else 0)
            value &= (1 << bits) - 1
    return value


def flac_of_zeros(blocks: int) -> bytes:
    """Return FLAC (RFC 9639) of 8 channels of zeros: 1 MB of samples in each 34 bytes."""
    size = 65_535
    packed = 48_000 << 44 | 7 << 41 | 15 << 36 | blocks * size
    info = struct.pack(">HH", size, size) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    pieces = [b"fLaC\x80\x00\x00\x22", info]
    for number in range(blocks):
        # sync and fixed block size; 16-bit block size, 48 kHz; 8 channels of 16 bits; the number; the block size
        start = b"\xff\xf8\x7a\x78" + chr(number).encode() + struct.pack(">H", size - 1)
        frame = start + bytes([crc(start, 8, 0x07)]) + bytes(8 * 3)  # eight constant subframes of value 0
        pieces.append(frame + crc(frame, 16, 0x8005).to_bytes(2, "big"))
    return b"".join(pieces)


def claiming_flac() -> bytes:
    """Return FLAC of 2 s that claims 2^36 - 1 frames, 36 days and nights."""
    data = bytearray(encoded(voice(), format="FLAC"))
    data[21] |= 0x0F
    data[22:26] = b"\xff\xff\xff\xff"
    return bytes(data)


def long_file(path: Path) -> None:
    """Ten hours at 8 kHz and 8 bit, most of it a hole that takes no disk."""
    size = 36_000 * 8_000
    with path.open("wb") as file:
        file.write(header(rate=8_000, bits=8, size=size))
        file.truncate(44 + size)


def fast_file(path: Path) -> None:
    """200 s at 384 kHz: the most samples a second that are held to be plausible."""
    second = encoded(voice(10 * 384_000, 384_000), 384_000)[44:]
    with path.open("wb") as file:
        file.write(header(rate=384_000, size=20 * len(second)))
        for _ in range(20):
            file.write(second)


@pytest.fixture(scope="module")
def result(spoken_module: Path) -> dict[str, Any]:
    wavs = spoken_module / "wavs"
    (wavs / "claims-4-GB.wav").write_bytes(header(size=2**32 - 38) + encoded(voice())[44:])
    (wavs / "claims-3-GB.wav").write_bytes(header(size=3 << 30) + encoded(voice())[44:])
    (wavs / "stream-cut.wav").write_bytes(header(size=2**32 - 1) + encoded(voice())[44:-1])
    (wavs / "claims-36-days.wav").write_bytes(claiming_flac())
    bomb = flac_of_zeros(1760)
    assert len(bomb) < 70_000
    (wavs / "bomb.wav").write_bytes(bomb)
    long_file(wavs / "10-hours.wav")
    fast_file(wavs / "384-kHz.wav")
    (spoken_module / "metadata.csv").write_text(
        "".join(f"{path.stem}|Call me Ishmael.\n" for path in sorted(wavs.iterdir())), encoding="utf-8"
    )
    script = f"""
        import json, resource
        from pathlib import Path
        from ttsprep.audit.pipeline import audit
        from ttsprep.build.config import Recipe
        result = audit(Path({str(spoken_module)!r}), Path({str(out_of(spoken_module))!r}), Recipe(), jobs=2)
        found = result.findings.groupby("clip").code.agg(list).to_dict()
        rows = result.clips.set_index("id")[["status", "duration_s"]].fillna(0).to_dict("index")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
        print(json.dumps({{"found": found, "rows": rows, "peak": peak}}))
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for path in wavs.glob("*-*z.wav"):
        path.unlink()
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("name", ["claims-3-GB", "claims-36-days", "stream-cut"])
def test_a_header_that_claims_too_much_is_a_cut_off_file(result: dict[str, Any], name: str) -> None:
    assert result["rows"][name] == {"status": "audio-cut-off-file", "duration_s": 0.0}
    assert "audio-cut-off-file" in result["found"][name]


def test_a_stream_is_read_to_its_end_and_a_note_says_that_its_length_is_not_known(result: dict[str, Any]) -> None:
    assert result["rows"]["claims-4-GB"] == {"status": "ok", "duration_s": 2.0}
    assert "header-wrong" in result["found"]["claims-4-GB"]


@pytest.mark.parametrize(
    ("name", "seconds"), [("bomb", 1760 * 65_535 / 48_000), ("10-hours", 36_000), ("384-kHz", 200)]
)
def test_a_file_that_is_too_long_to_read_is_too_long_by_its_true_length(
    result: dict[str, Any], name: str, seconds: float
) -> None:
    assert result["rows"][name] == {"status": "ok", "duration_s": pytest.approx(seconds)}
    assert "too-long" in result["found"][name]


def test_the_good_clips_are_measured(result: dict[str, Any]) -> None:
    good = [row["status"] for name, row in result["rows"].items() if name.startswith("demo-")]
    assert len(good) >= 14
    assert set(good) == {"ok"}


def test_no_worker_takes_a_gigabyte(result: dict[str, Any]) -> None:
    assert 100 * MEBIBYTE < result["peak"] < 800 * MEBIBYTE
