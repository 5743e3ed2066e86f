"""Files that are no audio, or no longer, or hardly: each has its own code, and the others are measured."""

import io
import math
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import soundfile as sf

from faults.house import audited, audited_by_command, codes_of, out_of, row_of
from ttsprep.audit.measure import MeasureStep
from ttsprep.audit.pipeline import Audit
from ttsprep.core.types import Clip

RATE = 22_050
LENGTH = 44_100
SPEECH_CODES = {"no-speech", "too-short"}


def voice(frames: int = LENGTH, rate: int = RATE) -> np.ndarray:
    """Something that rises and falls as syllables do."""
    t = np.arange(frames) / rate
    noise = np.random.default_rng(7).standard_normal(frames) * 1e-3
    syllables = np.clip(np.sin(2 * np.pi * 3 * t), 0, 1) * (t > 0.2) * (t < t[-1] - 0.2)
    tone = sum(np.sin(2 * np.pi * 140 * k * t) / k for k in range(1, 9))
    return (0.2 * syllables * tone + noise).astype(np.float32)


def encoded(samples: np.ndarray, rate: int = RATE, **how: str) -> bytes:
    file = io.BytesIO()
    sf.write(file, samples, rate, **({"format": "WAV", "subtype": "PCM_16"} | how))
    return file.getvalue()


def header(*, rate: int = RATE, channels: int = 1, bits: int = 16, size: int = 0, kind: int = 1) -> bytes:
    """Return a WAV header that claims what it is told to."""
    block = channels * bits // 8
    form = struct.pack("<HHIIHH", kind, channels, rate, rate * block & 0xFFFFFFFF, block, bits)
    return (
        b"RIFF" + struct.pack("<I", (36 + size) & 0xFFFFFFFF) + b"WAVEfmt " + struct.pack("<I", 16) + form
        + b"data" + struct.pack("<I", size & 0xFFFFFFFF)
    )  # fmt: skip


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def with_value(value: float) -> bytes:
    samples = voice()
    samples[LENGTH // 2] = value
    return encoded(samples, subtype="FLOAT")


RANDOM = np.random.default_rng(3).bytes(1 << 15)
LONG = voice(8 * RATE)
CUT = "audio-cut-off-file"
BROKEN = {
    "0 bytes": ("audio-empty", b""),
    "text": ("audio-unreadable", b"I am no audio file.\n" * 100),
    "html": ("audio-unreadable", b"<!doctype html><title>404 Not Found</title>" * 40),
    "random bytes": ("audio-unreadable", RANDOM),
    "random header": ("audio-unreadable", RANDOM[:44] + encoded(voice())[44:]),
    "header only": ("audio-empty", header()),
    "header without its samples": (CUT, header(size=88_200)),
    "half a WAV": (CUT, half(encoded(voice()))),
    "half a WAV header": ("audio-unreadable", encoded(voice())[:20]),
    "half an RF64": (CUT, half(encoded(voice(), format="RF64"))),
    "half a W64": (CUT, half(encoded(voice(), format="W64"))),
    "half an AIFF": (CUT, half(encoded(voice(), format="AIFF"))),
    "half a FLAC": (CUT, half(encoded(voice(), format="FLAC"))),
    "half an MP3": (CUT, half(encoded(LONG, format="MP3", subtype="MPEG_LAYER_III"))),
    "half an Ogg Vorbis": (CUT, half(encoded(LONG, format="OGG", subtype="VORBIS"))),
    "half an Ogg Opus": (CUT, half(encoded(voice(8 * 24_000, 24_000), 24_000, format="OGG", subtype="OPUS"))),
    "1 Hz": ("sample-rate-implausible", header(rate=1, size=200) + bytes(200)),
    "2147483647 Hz": ("sample-rate-implausible", header(rate=2**31 - 1, size=200) + bytes(200)),
    "1000 channels": ("audio-unreadable", header(channels=1000, size=20_000) + bytes(20_000)),
    "9 channels": ("audio-unreadable", encoded(np.stack([voice()] * 9, axis=1))),
    "NaN": ("audio-not-finite", with_value(math.nan)),
    "infinity": ("audio-not-finite", with_value(math.inf)),
    "minus infinity": ("audio-not-finite", with_value(-math.inf)),
}

READABLE = {
    "192 kHz, 24 bit, 8 channels": (
        192_000, 8, "PCM_24",
        encoded(np.stack([voice(384_000, 192_000)] * 8, axis=1), 192_000, subtype="PCM_24"),
    ),
    "384 kHz": (384_000, 1, "PCM_16", encoded(voice(768_000, 384_000), 384_000)),
    "4 kHz": (4_000, 1, "PCM_16", encoded(voice(8_000, 4_000), 4_000)),
    "A-law": (RATE, 1, "ALAW", encoded(voice(), subtype="ALAW")),
    "u-law": (RATE, 1, "ULAW", encoded(voice(), subtype="ULAW")),
    "IMA ADPCM": (RATE, 1, "IMA_ADPCM", encoded(voice(), subtype="IMA_ADPCM")),
    "MS ADPCM": (RATE, 1, "MS_ADPCM", encoded(voice(), subtype="MS_ADPCM")),
    "8 bit": (RATE, 1, "PCM_U8", encoded(voice(), subtype="PCM_U8")),
    "64 bit float": (RATE, 1, "DOUBLE", encoded(voice(), subtype="DOUBLE")),
    "RF64": (RATE, 1, "PCM_16", encoded(voice(), format="RF64")),
    "W64": (RATE, 1, "PCM_16", encoded(voice(), format="W64")),
    "AIFF": (RATE, 1, "PCM_16", encoded(voice(), format="AIFF")),
    "CAF": (RATE, 1, "PCM_16", encoded(voice(), format="CAF")),
    "AU": (RATE, 1, "PCM_16", encoded(voice(), format="AU")),
    "FLAC": (RATE, 1, "PCM_24", encoded(voice(), format="FLAC", subtype="PCM_24")),
    "Ogg Vorbis": (RATE, 1, "VORBIS", encoded(voice(), format="OGG", subtype="VORBIS")),
}  # fmt: skip

DEGENERATE = {
    "one sample": voice()[5_000:5_001],
    "two samples": voice()[5_000:5_002],
    "10 ms": voice()[8_000:8_220],
    "0.39 s": voice()[8_000 : 8_000 + int(0.39 * RATE)],
    "silence": np.zeros(LENGTH, np.float32),
    "constant": np.full(LENGTH, 0.25, np.float32),
    "constant full scale": np.full(LENGTH, 1.0, np.float32),
    "one click": np.eye(1, LENGTH, 20_000, dtype=np.float32)[0],
    "square wave": np.sign(np.sin(np.arange(LENGTH) / 9)).astype(np.float32),
    "channels that cancel": np.stack([voice(), -voice()], axis=1),
}


def all_files() -> Iterator[tuple[str, bytes]]:
    yield from ((name, data) for name, (_, data) in BROKEN.items())
    yield from ((name, data) for name, (*_, data) in READABLE.items())
    yield from ((name, encoded(samples)) for name, samples in DEGENERATE.items())
    yield "beyond full scale", encoded(5 * voice(), subtype="FLOAT")


@pytest.fixture(scope="module")
def corpus(spoken_module: Path) -> Path:
    with (spoken_module / "metadata.csv").open("a", encoding="utf-8") as file:
        for name, data in all_files():
            (spoken_module / "wavs" / f"{name}.wav").write_bytes(data)
            file.write(f"{name}|Call me Ishmael.\n")
    return spoken_module


@pytest.fixture(scope="module")
def result(corpus: Path) -> Audit:
    return audited(corpus)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_has_its_own_code(result: Audit, name: str) -> None:
    code, _ = BROKEN[name]
    row = row_of(result, name)
    assert row.status == code
    assert row.status_reason
    assert math.isnan(row.duration_s)
    assert code in codes_of(result, name)
    (finding,) = result.findings[(result.findings["clip"] == name) & (result.findings.code == code)].itertuples()
    assert finding.severity == "error"
    assert finding.message == row.status_reason


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_judged_by_its_text_alone(result: Audit, name: str) -> None:
    text_codes = {"name-unsafe", "text-duplicate"}
    assert codes_of(result, name) - text_codes == {BROKEN[name][0]}
    assert row_of(result, name).words == 3


@pytest.mark.parametrize("name", READABLE)
def test_unusual_formats_are_measured_whatever_the_file_is_called(result: Audit, name: str) -> None:
    rate, channels, subtype, _ = READABLE[name]
    row = row_of(result, name)
    assert (row.status, row.sample_rate, row.channels, row.subtype) == ("ok", rate, channels, subtype)
    assert row.duration_s == pytest.approx(2.0, abs=0.06)
    assert -35 < row.loudness_lufs < -10
    assert row.f0_median_hz == pytest.approx(140, rel=0.05)


@pytest.mark.parametrize("name", DEGENERATE)
def test_a_file_with_next_to_nothing_in_it_is_found(result: Audit, name: str) -> None:
    assert row_of(result, name).status == "ok"
    assert codes_of(result, name) - {"text-duplicate"}


def test_what_is_found_in_degenerate_files(result: Audit) -> None:
    for name in ("one sample", "two samples", "10 ms"):
        assert "too-short" in codes_of(result, name)
    for name in ("silence", "constant", "constant full scale"):
        assert "no-speech" in codes_of(result, name)
        assert not np.isfinite(row_of(result, name).loudness_lufs)
    for name in ("constant", "constant full scale"):
        assert "dc-offset" in codes_of(result, name)


def test_samples_beyond_full_scale_are_measured_as_they_are(result: Audit) -> None:
    row = row_of(result, "beyond full scale")
    assert row.status == "ok"
    assert 1 < row.peak_dbfs < 14
    assert {"clipping", "too-loud"} & codes_of(result, "beyond full scale")


def test_good_clips_are_measured_as_if_the_others_were_not_there(result: Audit, spoken_once: Path) -> None:
    alone = audited(spoken_once, jobs=1).clips.set_index("id")
    beside = result.clips.set_index("id").loc[alone.index]
    assert (beside.status == "ok").all()
    assert beside.equals(alone)


def test_no_table_holds_an_infinite_value(result: Audit) -> None:
    for name in ("clips.parquet", "findings.parquet"):
        table = pq.read_table(result.out / name)
        for column, kind in zip(table.columns, table.schema.types, strict=True):
            if str(kind) in {"float", "double"}:
                assert not pc.any(pc.is_inf(column)).as_py()
                assert not pc.any(pc.is_nan(column)).as_py()


@pytest.mark.parametrize("name", [*DEGENERATE, *READABLE, "beyond full scale"])
def test_measuring_gives_no_warning(corpus: Path, name: str) -> None:
    step = MeasureStep(str(corpus))
    clip = Clip(name, f"wavs/{name}.wav", "Call me Ishmael.", language="en-us")
    step.setup()
    (row,) = step.rows([clip])
    assert row["status"] == "ok"
    assert not [key for key, value in row.items() if isinstance(value, float) and math.isinf(value)]


def test_the_command_says_the_same_without_a_traceback(corpus: Path, result: Audit) -> None:
    document = audited_by_command(corpus)
    assert document["exit_code"] == 1
    assert document["clips"] == len(result.clips)
    broken = {found["clip"]: found["code"] for found in document["findings"] if found["clip"] in BROKEN
              and found["code"] not in {"text-duplicate", "name-unsafe"}}  # fmt: skip
    assert broken == {name: code for name, (code, _) in BROKEN.items()}
    assert out_of(corpus) == result.out
