"""What a reader hears and sees of a clip: Vorbis, waveform and mel spectrogram."""

import io
import struct
import zlib
from base64 import b64encode
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from ttsprep.core.dsp import triangles, unit_sum
from ttsprep.core.types import Samples

_RATES_HZ = (8_000, 24_000)
_LEVEL = 0.5
"""About 63 kbit/s: as near to the clip as Opus at 58 kbit/s, which takes four times as long to encode."""
IMAGE_COLUMNS, IMAGE_BANDS, LEVELS = 560, 96, 40
LEAST_STROKES, _COLUMNS_A_SECOND, _MOST_COLUMNS, WHOLE_BANDS = 1_400, 200, 6_000, 128
"""Of the picture of a whole clip."""
_RANGE_DB = 75.0
MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in reverse."""
TOP_HZ = 12_000.0


@dataclass(frozen=True, slots=True)
class ClipMedia:
    """A clip, or a piece of it, to hear and see.

    Attributes
    ----------
    start, end
        Seconds into the clip.
    audio, spectrogram
        data: URIs of Ogg Vorbis and PNG.
    waveform, columns
        Path of an SVG of 0..columns by -100..100.
    top_hz
        Upper edge of the spectrogram; the mel axis is `mel`.
    """

    start: float
    end: float
    audio: str
    spectrogram: str
    waveform: str
    columns: int
    top_hz: float


def make_media(samples: Samples, rate: int, start: float = 0.0, *, width: int | None = None) -> ClipMedia:
    """Make what a reader hears and sees of mono samples.

    Parameters
    ----------
    samples, rate
        A clip, or a piece of it, and its rate in Hz.
    start
        Seconds into the clip.
    width
        Of the picture of a whole clip in pixels; None for a card, which is `IMAGE_COLUMNS` wide.
    """
    samples = np.nan_to_num(np.asarray(samples, dtype=np.float32), posinf=1.0, neginf=-1.0)
    top, seconds = min(rate / 2, TOP_HZ), len(samples) / rate
    strokes, columns, rows = IMAGE_COLUMNS, IMAGE_COLUMNS, IMAGE_BANDS
    if width is not None:  # one stroke a pixel, as strokes leave gaps; the browser fills what is between columns
        strokes, rows = max(LEAST_STROKES, width), WHOLE_BANDS
        columns = int(np.clip(seconds * _COLUMNS_A_SECOND, IMAGE_COLUMNS, _MOST_COLUMNS))
    audio, image = vorbis(samples, rate), png(spectrogram(samples, rate, top, columns, rows))
    drawn = waveform(samples, strokes)
    return ClipMedia(start, start + seconds, uri("audio/ogg", audio), uri("image/png", image), drawn, strokes, top)


def vorbis(samples: Samples, rate: int) -> bytes:
    """Encode mono samples as Vorbis in Ogg, at their rate or the nearest that a page needs."""
    import soundfile
    import soxr

    lowest, highest = _RATES_HZ
    target = min(max(rate, lowest), highest)
    if target != rate:
        samples = soxr.resample(samples, rate, target)
    samples = np.clip(samples, -1, 1)
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", target, 1, "VORBIS", format="OGG", compression_level=_LEVEL) as file:
        for start in range(0, len(samples), target):  # libvorbis keeps what it is given at once on its stack
            file.write(samples[start : start + target])
    return fix_ogg_serial(buffer.getvalue())


def fix_ogg_serial(ogg: bytes) -> bytes:
    """Give an Ogg stream the serial number 1 in place of libsndfile's random one: pages can be compared.

    The checksum of each page (RFC 3533, section 6) is made anew: CRC-32 without reflection, from 0, which is
    zlib's of the bytes with their bits mirrored, with its bits mirrored.
    """
    data = bytearray(ogg)
    at = 0
    while at < len(data):
        segments = data[at + 26]
        end = at + 27 + segments + sum(data[at + 27 : at + 27 + segments])
        data[at + 14 : at + 18] = struct.pack("<I", 1)
        data[at + 22 : at + 26] = bytes(4)
        mirrored = zlib.crc32(data[at:end].translate(MIRRORED), 0xFFFFFFFF) ^ 0xFFFFFFFF
        data[at + 22 : at + 26] = struct.pack(">I", mirrored).translate(MIRRORED)
        at = end
    return bytes(data)


def waveform(samples: Samples, columns: int = IMAGE_COLUMNS) -> str:
    """Draw the extremes of each column, full scale being -1 to 1, as the path of an SVG."""
    if not len(samples):
        return ""
    edges = np.linspace(0, len(samples), columns + 1).astype(int)[:-1]
    highs = -100 * np.minimum(np.maximum.reduceat(samples, edges), 1.0)
    lows = np.maximum(-100 * np.maximum(np.minimum.reduceat(samples, edges), -1.0), highs + 1)
    return "".join(
        f"M{i} {high:.0f}V{low:.0f}" for i, (high, low) in enumerate(zip(highs.tolist(), lows.tolist(), strict=True))
    )


def spectrogram(
    samples: Samples, rate: int, top_hz: float, columns: int = IMAGE_COLUMNS, rows: int = IMAGE_BANDS
) -> npt.NDArray[np.uint8]:
    """Return levels 0..LEVELS-1, shape (rows, columns), highest band first; 0 is 75 dB below the peak."""
    size = 2 * round(0.0125 * rate)
    hop = max(1.0, len(samples) / columns)
    padded = np.pad(samples, (size // 2, size + int(hop)))
    starts = (np.arange(columns) * hop).astype(int)
    frames = padded[np.minimum(starts, len(padded) - size)[:, None] + np.arange(size)]
    bins = max(1024, size)
    power = np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32), bins)) ** 2
    bands = mel_rows(rate, bins, top_hz, rows) @ power.T.astype(np.float32)
    decibels = 10 * np.log10(np.maximum(bands, 1e-10))
    scaled = (decibels - decibels.max() + _RANGE_DB) / _RANGE_DB * (LEVELS - 1)
    levels: npt.NDArray[np.uint8] = np.clip(np.rint(scaled), 0, LEVELS - 1).astype(np.uint8)[::-1]
    return levels


def mel(hertz: float) -> float:
    """Pitch in mel (O'Shaughnessy's formula)."""
    return float(2595 * np.log10(1 + hertz / 700))


@cache
def mel_rows(rate: int, bins: int, top_hz: float, rows: int = IMAGE_BANDS) -> npt.NDArray[np.float32]:
    """Triangular filters of unit sum, shape (rows, bins // 2 + 1), evenly spaced in mel up to `top_hz`."""
    edges = 700 * (10 ** (np.linspace(0, mel(top_hz), rows + 2) / 2595) - 1)
    return unit_sum(triangles(edges, np.arange(bins // 2 + 1) * rate / bins), edges[1:-1] * bins / rate)


@cache
def palette() -> bytes:
    """Return the RGB of each level: lightness in OKLab rises evenly, so equal steps look equal."""
    t = np.linspace(0, 1, LEVELS)
    lightness = 0.14 + 0.83 * t
    chroma = 0.155 * np.sin(np.pi * np.clip(t * 0.92 + 0.06, 0, 1)) ** 0.8
    hue = np.radians(285 + 185 * t)
    a, b = chroma * np.cos(hue), chroma * np.sin(hue)
    cone = (
        np.stack([
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ])
        ** 3
    )
    linear = (
        np.array([
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ])
        @ cone
    )
    linear = np.clip(linear, 0, 1)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return bytes(np.rint(srgb.T * 255).astype(np.uint8).ravel())


def png(levels: npt.NDArray[np.uint8]) -> bytes:
    """Write levels of shape (rows, columns) as an indexed PNG in the colours of `palette`."""
    rows, columns = levels.shape
    raw = np.hstack([np.zeros((rows, 1), np.uint8), levels]).tobytes()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"".join([
        b"\x89PNG\r\n\x1a\n",
        chunk(b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)),
        chunk(b"PLTE", palette()),
        chunk(b"IDAT", zlib.compress(raw, 6)),
        chunk(b"IEND", b""),
    ])


def uri(kind: str, data: bytes) -> str:
    """Return a data: URI."""
    return f"data:{kind};base64,{b64encode(data).decode('ascii')}"
