import struct
import zlib
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
import soundfile

from ttsprep.report.sound import (
    IMAGE_BANDS,
    IMAGE_COLUMNS,
    LEVELS,
    make_media,
    mel,
    mel_rows,
    palette,
    png,
    spectrogram,
    vorbis,
    waveform,
)


def sine(hertz, rate=22_050, seconds=2.0, gain=0.3):
    return (gain * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize(("rate", "kept"), [(4_000, 8_000), (8_000, 8_000), (22_050, 22_050), (48_000, 24_000)])
def test_vorbis_decodes_to_what_went_in(rate, kept):
    samples = sine(440, rate)
    decoded, decoded_rate = soundfile.read(BytesIO(vorbis(samples, rate)), dtype="float32")
    assert decoded_rate == kept
    assert len(decoded) / decoded_rate == pytest.approx(2.0, abs=0.01)
    spectrum = np.abs(np.fft.rfft(decoded))
    assert spectrum.argmax() * decoded_rate / len(decoded) == pytest.approx(440, abs=2)
    assert np.sqrt(np.mean(decoded**2)) == pytest.approx(0.3 / np.sqrt(2), rel=0.05)


def crc(data):
    """CRC of an Ogg page, bit by bit as RFC 3533 has it."""
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


def test_the_same_samples_make_the_same_bytes_with_true_checksums():
    samples = sine(440, seconds=3)
    made = vorbis(samples, 22_050)
    assert made == vorbis(samples.copy(), 22_050)
    pages = [b"OggS" + page for page in made.split(b"OggS")[1:]]
    assert len(pages) >= 3
    for page in pages:
        assert struct.unpack("<I", page[14:18]) == (1,)
        assert struct.unpack("<I", page[22:26]) == (crc(page[:22] + bytes(4) + page[26:]),)


@pytest.mark.parametrize("hertz", [200, 1_000, 4_000, 9_000])
def test_a_tone_is_bright_at_its_mel_and_dark_elsewhere(hertz):
    levels = spectrogram(sine(hertz), 22_050, 11_025)
    assert levels.shape == (IMAGE_BANDS, IMAGE_COLUMNS)
    row = levels[:, IMAGE_COLUMNS // 2].argmax()
    assert row == pytest.approx(IMAGE_BANDS * (1 - mel(hertz) / mel(11_025)), abs=1.5)
    assert levels[row, IMAGE_COLUMNS // 2] == LEVELS - 1
    assert np.median(levels[:, IMAGE_COLUMNS // 2]) < LEVELS // 3


def test_filters_are_weighted_means():
    filters = mel_rows(16_000, 1_024, 8_000.0)
    np.testing.assert_allclose(filters.sum(axis=1), 1, rtol=1e-5)
    assert (filters >= 0).all()


def test_png_holds_the_levels():
    levels = np.arange(IMAGE_BANDS * 7, dtype=np.uint8).reshape(IMAGE_BANDS, 7) % LEVELS
    data = png(levels)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + size
    assert struct.unpack(">II", chunks[b"IHDR"][:8]) == (7, IMAGE_BANDS)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(IMAGE_BANDS, 8)
    np.testing.assert_array_equal(rows[:, 1:], levels)
    assert len(chunks[b"PLTE"]) == 3 * LEVELS


def test_the_palette_grows_lighter_in_even_steps():
    rgb = np.frombuffer(palette(), np.uint8).reshape(-1, 3) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    lightness = 116 * np.cbrt(luminance) - 16  # of CIELAB, another space than the one it was made in
    steps = np.diff(lightness)
    assert (steps > 0.5).all()
    assert steps.max() / np.median(steps) < 2.5
    assert lightness[0] < 8
    assert lightness[-1] > 90


def test_waveform_spans_the_extremes():
    path = waveform(np.tile(np.array([0.5, -0.25], np.float32), 5_000))
    assert path.count("M") == IMAGE_COLUMNS
    assert path.startswith("M0 -50V25M1 ")


@pytest.mark.parametrize(
    "samples", [np.zeros(1, np.float32), np.zeros(16_000, np.float32), np.full(50, np.nan, np.float32)]
)
def test_degenerate_clips_have_a_picture(samples):
    shown = make_media(samples, 16_000)
    assert b64decode(shown.spectrogram.partition(",")[2]).startswith(b"\x89PNG")
    assert b64decode(shown.audio.partition(",")[2]).startswith(b"OggS")
    assert "nan" not in shown.waveform
