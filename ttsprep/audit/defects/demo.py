"""Makes a small spoken corpus with known defects, from nothing but installed packages.

eSpeak NG reads public-domain sentences, a little noise is added as of a quiet room, and a third of the
clips is spoilt. Synthetic speech is nothing to train on, but every kind of defect can be shown with it.
"""

import ctypes
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.audit.defects.inject import Random, Take
from ttsprep.audit.defects.inject_files import DEFECTS
from ttsprep.core.errors import OutputError
from ttsprep.core.types import Samples

PLANTED = (
    "audio-missing",
    "audio-unreadable",
    "audio-cut-off-file",
    "channels-mixed",
    "clipping",
    "dc-offset",
    "loudness-outlier",
    "noisy",
    "hum",
    "reverberant",
    "narrowband",
    "lossy-source",
    "spectrum-outlier",
    "leading-silence",
    "trailing-silence",
    "long-pause",
    "dropout",
    "cut-start",
    "cut-end",
    "no-speech",
    "too-short",
    "pitch-outlier",
    "rate-outlier",
    "duplicate-audio",
    "text-empty",
    "text-encoding",
    "text-unspeakable",
)
"""The codes that must name what is spoilt; each gets the first defect that is planted for it, in one clip."""

SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: samples go to a callback, within the call
DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: report an error instead of ending the process
CHARACTERS, UTF8 = 1, 1  # POS_CHARACTER, espeakCHARS_UTF8
ROOM_DBFS = -68.0


@dataclass(frozen=True, slots=True)
class Planted:
    """A clip that was spoilt: its id, the code that must name it, and what was done."""

    clip: str
    code: str
    name: str


class _Speaker:
    """eSpeak NG out of the espeakng-loader wheel.

    A copy of the library has a state of its own: what one in use has said before changes what it says next.
    """

    def __init__(self, voice: str) -> None:
        import espeakng_loader

        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copy(espeakng_loader.get_library_path(), folder)
            self._library: Any = ctypes.CDLL(copy)
        samples = ctypes.POINTER(ctypes.c_short)
        signature = ctypes.CFUNCTYPE(ctypes.c_int, samples, ctypes.c_int, ctypes.c_void_p)
        self._callback = signature(self._take)  # kept, as the library holds only its address
        self._pieces: list[Samples] = []
        data = espeakng_loader.get_data_path().encode()
        self.rate: int = self._library.espeak_Initialize(SYNCHRONOUS, 0, data, DONT_EXIT)
        if self.rate <= 0 or self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise OutputError(f"eSpeak NG does not start with the voice {voice!r} and the data in {data!r}")
        self._library.espeak_SetSynthCallback(self._callback)
        sizes = (ctypes.c_size_t, ctypes.c_uint, ctypes.c_int, ctypes.c_uint, ctypes.c_uint)
        self._library.espeak_Synth.argtypes = [ctypes.c_char_p, *sizes, ctypes.c_void_p, ctypes.c_void_p]

    def _take(self, samples: Any, count: int, _events: object) -> int:
        if samples and count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).astype(np.float32) / np.float32(2**15))
        return 0

    def say(self, text: str) -> Samples:
        """Return `text` as spoken: mono samples at `rate` Hz."""
        self._pieces.clear()
        line = text.encode()
        if self._library.espeak_Synth(line, len(line) + 1, 0, CHARACTERS, 0, UTF8, None, None) != 0:
            raise OutputError(f"eSpeak NG does not say {text!r}")
        return np.concatenate(self._pieces)


def make(corpus: Path, sentences: Sequence[str] = SENTENCES, planted: Sequence[str] = PLANTED) -> list[Planted]:
    """Write a corpus in the layout of LJSpeech, and return what was spoilt in it.

    The same call makes the same files.

    Parameters
    ----------
    corpus
        A folder that does not exist, or one that this function made.
    sentences
        One clip each.
    planted
        Codes of the defects; the third clip gets the first, and every other clip after it the next.
    """
    speaker, random = _Speaker("en-us"), np.random.default_rng(1)
    takes = [Take(_in_a_room(speaker.say(text), random), speaker.rate, text) for text in sentences]
    wavs = corpus / "wavs"
    wavs.mkdir(parents=True, exist_ok=True)
    first = {defect.code: defect for defect in reversed(DEFECTS)}
    spoilt = {2 + 2 * i: first[code] for i, code in enumerate(planted)}
    done, lines = [], []
    for i, take in enumerate(takes):
        names = [f"demo-{i + 1:03d}"]
        defect = spoilt.get(i)
        if defect is None or defect.beside:
            lines.append(_write(wavs, names[0], take))
        if defect is not None:
            name = f"{names[0]}-again" if defect.beside else names[0]
            spoilt_take = defect.plant(take, takes[(i + 5) % len(takes)], random)
            lines.append(_write(wavs, name, spoilt_take))
            if defect.spoil:
                defect.spoil(wavs / f"{name}.wav")
            done.append(Planted(name, defect.code, defect.name))
    _write(wavs, "demo-nobody", takes[0])
    done.append(Planted("", "audio-orphan", "a file that metadata.csv does not name"))
    (corpus / "metadata.csv").write_text("".join(lines), encoding="utf-8", newline="")
    return done


def _in_a_room(voice: Samples, random: Random) -> Samples:
    """Return a voice at -6 dB of full scale with 0.2 s of room around it: no recording is silent."""
    voice = voice / np.float32(np.abs(voice).max()) * np.float32(0.5)
    edge = np.zeros(4_410, np.float32)
    padded = np.concatenate((edge, voice, edge))
    noise = random.standard_normal(len(padded)) * 10 ** (ROOM_DBFS / 20)
    return (padded + noise).astype(np.float32)


def _write(wavs: Path, name: str, take: Take) -> str:
    """Write the audio of a clip, and return its line of the metadata."""
    sf.write(wavs / f"{name}.wav", take.samples, take.rate, subtype=take.subtype)
    return f"{name}|{take.text}\n"


def main() -> None:
    """Make the corpus in the folder that is given, and say on stderr what was planted."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m ttsprep.audit.defects.demo FOLDER")
    planted = make(Path(sys.argv[1]))
    lines = [f"{item.clip or 'corpus':>15}  {item.code:<20} {item.name}\n" for item in planted]
    sys.stderr.write(f"{sys.argv[1]} has these defects:\n{''.join(lines)}")


if __name__ == "__main__":
    main()
