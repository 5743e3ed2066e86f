"""Defects of files, formats and transcripts, and copies of takes, to plant in copies of clean clips."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import soxr

from ttsprep.audit.defects.inject import AUDIO_DEFECTS, Defect, Random, Take


def _as_is(take: Take, _other: Take, _random: Random) -> Take:
    return take


def _halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _scribble(path: Path) -> None:
    path.write_text("this is no audio\n" * 100, encoding="utf-8")


def _one_hertz(path: Path) -> None:
    """Write a sample rate of 1 Hz into the header of a WAV."""
    with path.open("r+b") as file:
        file.seek(24)
        file.write((1).to_bytes(4, "little"))


def _not_a_number(take: Take, _other: Take, random: Random) -> Take:
    samples = take.samples.copy()
    samples[int(random.integers(len(samples)))] = np.nan
    return replace(take, samples=samples, subtype="FLOAT")


def _stereo(take: Take, _other: Take, _random: Random) -> Take:
    return replace(take, samples=np.column_stack((take.samples, take.samples)))


def _other_rate(take: Take, _other: Take, _random: Random) -> Take:
    rate = 24_000 if take.rate != 24_000 else 16_000
    return replace(take, samples=np.asarray(soxr.resample(take.samples, take.rate, rate), np.float32), rate=rate)


def _other_subtype(take: Take, _other: Take, _random: Random) -> Take:
    return replace(take, subtype="PCM_24")


def _softer_copy(take: Take, _other: Take, _random: Random) -> Take:
    return replace(take, samples=take.samples * np.float32(0.4))


def _shifted_copy(take: Take, _other: Take, _random: Random) -> Take:
    lead = np.zeros(int(0.12 * take.rate), np.float32)
    return replace(take, samples=np.concatenate((lead, take.samples * np.float32(0.9))))


def _resampled_copy(take: Take, _other: Take, _random: Random) -> Take:
    return replace(take, samples=np.asarray(soxr.resample(take.samples, take.rate, 12_000), np.float32), rate=12_000)


def _mojibake(take: Take, _other: Take, _random: Random) -> Take:
    """UTF-8 read as Latin-1 and written again; plain ASCII gets an apostrophe that suffers it."""
    text = take.text if not take.text.isascii() else f"{take.text} it’s"
    return replace(take, text=text.encode("utf-8").decode("cp1252", "replace"))


def _replacement(take: Take, _other: Take, _random: Random) -> Take:
    middle = len(take.text) // 2
    return replace(take, text=f"{take.text[:middle]}\ufffd{take.text[middle + 1 :]}")


def _with_digits(take: Take, _other: Take, _random: Random) -> Take:
    return replace(take, text=f"{take.text} 1,250 & 42 %")


def _foreign_letters(take: Take, _other: Take, _random: Random) -> Take:
    return replace(take, text=f"{take.text} 漢字かな")


def _looping(take: Take, _other: Take, _random: Random) -> Take:
    words = take.text.split()[-3:]
    return replace(take, text=" ".join([take.text, *(words * 6)]))


def _signed(take: Take, _other: Take, _random: Random) -> Take:
    return replace(take, text=f"{take.text} Subtitles by the Amara.org community")


def _with_remark(take: Take, _other: Take, _random: Random) -> Take:
    return replace(take, text=f"[coughs] {take.text}")


def _no_text(take: Take, _other: Take, _random: Random) -> Take:
    return replace(take, text=" ")


DEFECTS: tuple[Defect, ...] = (
    Defect("audio-missing", "file removed", True, _as_is, spoil=lambda path: path.unlink()),
    Defect("audio-empty", "0 bytes", True, _as_is, spoil=_empty),
    Defect("audio-unreadable", "text in its place", True, _as_is, spoil=_scribble),
    Defect("audio-cut-off-file", "half of the bytes missing", True, _as_is, spoil=_halve),
    Defect("audio-not-finite", "one sample NaN", True, _not_a_number),
    Defect("sample-rate-implausible", "header says 1 Hz", True, _as_is, spoil=_one_hertz),
    Defect("sample-rate-mixed", "another sample rate", True, _other_rate),
    Defect("channels-mixed", "stereo", True, _stereo),
    Defect("subtype-mixed", "24 bits", True, _other_subtype),
    *AUDIO_DEFECTS,
    Defect("duplicate-audio", "the same samples again", True, _as_is, beside=True),
    Defect("duplicate-audio", "-8 dB", True, _softer_copy, beside=True),
    Defect("duplicate-audio", "120 ms later", True, _shifted_copy, beside=True),
    Defect("duplicate-audio", "at 12 kHz", True, _resampled_copy, beside=True),
    Defect("text-empty", "a blank", True, _no_text, words=1),
    Defect("text-encoding", "UTF-8 read as Windows-1252", True, _mojibake, words=1),
    Defect("text-encoding", "a replacement character", True, _replacement, words=1),
    Defect("text-unspeakable", "digits and symbols", True, _with_digits, words=1),
    Defect("text-charset", "letters of another script", True, _foreign_letters, words=1),
    Defect("text-duplicate", "the text of the original", True, _shifted_copy, beside=True, words=1),
    Defect("text-repetition", "the last words six times more", True, _looping, words=1),
    Defect("text-remark", "a remark in brackets before it", True, _with_remark, words=1),
    Defect("text-hallucinated", "credits of subtitles after it", True, _signed, words=1),
)
"""Every defect that is planted in single clips."""
