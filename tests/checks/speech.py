"""Speech to test with, synthetic and recorded, and its way through the measures to the judges."""

import ctypes
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import espeakng_loader
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import soundfile as sf

from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.audit.defects.inject import Defect, Take
from ttsprep.audit.defects.inject_files import DEFECTS
from ttsprep.audit.measure import MeasureStep, columns
from ttsprep.audit.pipeline import frame
from ttsprep.checks.base import Check, all_checks, catalogue
from ttsprep.core.signal import Signal
from ttsprep.core.store.cache import KeySet
from ttsprep.core.store.step import StepWork, Task
from ttsprep.core.tables import manifest_table, measured_schema, to_batch
from ttsprep.core.types import Audio, Clip, Finding, Samples, Severity

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
RECORDED = {"ljspeech": SHARED / "ljspeech", "librispeech": SHARED / "librispeech-train-clean-251spk"}
SOURCES = [
    "espeak",
    *(
        pytest.param(name, marks=pytest.mark.skipif(not folder.is_dir(), reason=f"{name} is not at hand"))
        for name, folder in RECORDED.items()
    ),
]
"""Where clips come from; what is recorded is no part of the repository."""
ONE_VOICE = SOURCES[:2]

SYNCHRONOUS, DONT_EXIT, CHARACTERS, UTF8 = 2, 0x8000, 1, 1
RATE, VOLUME, PITCH, RANGE = 1, 2, 3, 4
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Espeak:
    """A copy of eSpeak NG of our own: the library keeps its voice in globals that others use, too."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copy(espeakng_loader.get_library_path(), Path(folder) / "espeak-of-the-tests.so")
            self.library: Any = ctypes.CDLL(str(copy))
        self.library.espeak_Synth.argtypes = [
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int),
            *(ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
        ]
        data = espeakng_loader.get_data_path().encode()
        self.rate = self.library.espeak_Initialize(SYNCHRONOUS, 0, data, DONT_EXIT)
        self.pieces: list[Samples] = []
        self.callback = CALLBACK(self.take)
        self.library.espeak_SetSynthCallback(self.callback)

    def take(self, samples: Any, count: int, _events: object) -> int:
        if samples and count > 0:
            self.pieces.append(np.ctypeslib.as_array(samples, (count,)).astype(np.float32) / 32768)
        return 0

    def say(self, text: str, voice: str, pitch: int, melody: int, speed: int) -> Samples:
        self.pieces.clear()
        assert self.library.espeak_SetVoiceByName(voice.encode()) == 0, f"no voice {voice}"
        for parameter, value in ((RATE, speed), (PITCH, pitch), (RANGE, melody)):
            assert self.library.espeak_SetParameter(parameter, value, 0) == 0
        line = text.encode()
        assert self.library.espeak_Synth(line, len(line) + 1, 0, CHARACTERS, 0, UTF8, None, None) == 0
        return np.concatenate(self.pieces)


@cache
def espeak() -> Espeak:
    return Espeak()


def say(text: str, voice: str = "en-us", *, pitch: int = 50, melody: int = 50, speed: int = 175) -> Take:
    """Return `text` as spoken in a quiet room: 0.25 s of it before and 0.3 s after, speech near -20 dBFS."""
    voiced = espeak().say(text, voice, pitch, melody, speed)
    rate = espeak().rate
    random = np.random.default_rng(len(text) + 1000 * pitch)
    voiced = np.pad(voiced * np.float32(0.5 / np.abs(voiced).max()), (rate // 4, rate * 3 // 10))
    return Take((voiced + 10 ** (-66 / 20) * random.standard_normal(len(voiced))).astype(np.float32), rate, text)


@cache
def takes(source: str, count: int = 40) -> tuple[Take, ...]:
    """Return clips of one source; those of LibriSpeech are of different speakers, cut off, and have no text."""
    if source == "espeak":
        assert count <= len(SENTENCES)
        return tuple(say(text) for text in SENTENCES[:count])
    folder = RECORDED[source]
    files = sorted((folder / "wavs").glob("*.flac"))
    texts = {}
    if (folder / "metadata.csv").exists():
        lines = (folder / "metadata.csv").read_text(encoding="utf-8").splitlines()
        texts = {line.split("|")[0]: line.split("|")[-1] for line in lines}
    files.sort(key=lambda file: file.stat().st_size)
    chosen = sorted(files[: 3 * count : 3])  # short ones, for the sake of time
    most = -1 if texts else 6 * 16_000
    return tuple(Take(*sf.read(file, frames=most, dtype="float32"), texts.get(file.stem, "")) for file in chosen)


@dataclass(frozen=True, slots=True)
class Row:
    """A measured clip: what the corpus says of it, and its measures."""

    clip: Clip
    measures: dict[str, Any]


def measure(clips: Sequence[Take], *, speaker: str = "", language: str = "en-us", spoil: Any = None) -> list[Row]:
    """Write clips as WAV, and measure them as an audit does; `spoil` is done to the files."""
    done = []
    with tempfile.TemporaryDirectory() as folder:
        work = StepWork(MeasureStep(folder), KeySet())
        work.setup()
        items = [
            Clip(f"c{i}", f"c{i}.wav", take.text, speaker=speaker, language=language) for i, take in enumerate(clips)
        ]
        work.setup_batch([Task(item) for item in items])
        for item, take in zip(items, clips, strict=True):
            sf.write(Path(folder) / item.path, take.samples, take.rate, subtype=take.subtype)
            if spoil:
                spoil(Path(folder) / item.path)
            done.append(Row(item, work.rows([Task(item)])[0]))
    return done


@cache
def clean(source: str, count: int = 40) -> tuple[Row, ...]:
    """Return the measures of the clips of a source as they are."""
    return tuple(measure(takes(source, count)))


def corpus(rows: Sequence[Row]) -> pd.DataFrame:
    """Return measured clips as the judges see them; they are c0, c1 ... in this order."""
    ids = [f"c{i}" for i in range(len(rows))]
    table = manifest_table([replace(row.clip, id=name) for row, name in zip(rows, ids, strict=True)], ids)
    measures = pa.Table.from_batches([to_batch([row.measures for row in rows], measured_schema(columns()))])
    for name in measures.column_names:
        table = table.append_column(measures.schema.field(name), measures[name])
    return frame(table)


def judge(rows: Sequence[Row], *checks: str | Check) -> list[Finding]:
    """Return what the checks named (or given, with other thresholds; or all) find in the corpus of these rows."""
    table = corpus(rows)
    chosen = [all_checks()[check]() if isinstance(check, str) else check for check in checks]
    chosen = chosen or [check() for check in all_checks().values()]
    found = [(check, finding) for check in chosen for finding in check.judge(table)]
    for check, finding in found:
        assert finding.code in {code.code for code in check.codes}
        assert finding.message and "nan" not in finding.message
        assert finding.start is None or 0 <= finding.start <= finding.end
    return [finding for _, finding in found]


def of(findings: Sequence[Finding], code: str, clip: int | None = None) -> list[Finding]:
    """Return the findings of a code, on clip number `clip` if one is given."""
    return [f for f in findings if f.code == code and (clip is None or f.clip == f"c{clip}")]


def severe(findings: Sequence[Finding]) -> list[Finding]:
    """Return warnings and errors."""
    return [finding for finding in findings if finding.severity.rank >= Severity.WARNING.rank]


def planted(defect: Defect, clips: Sequence[Take], seed: int = 0) -> list[Take]:
    """Return each clip with the defect in it."""
    random = np.random.default_rng(seed)
    return [defect.plant(take, clips[i - 1], random) for i, take in enumerate(clips)]


def defect(code: str, name: str) -> Defect:
    (found,) = [one for one in DEFECTS if (one.code, one.name) == (code, name)]
    return found


def signal(take: Take) -> Signal:
    samples = take.samples if take.samples.ndim == 2 else take.samples[:, None]
    return Signal(Audio(np.ascontiguousarray(samples), take.rate))


def values(code_of_check: str, take: Take) -> dict[str, Any]:
    """Return the measures of one check on one clip."""
    with np.errstate(all="ignore"):
        return all_checks()[code_of_check].measure(Clip("c", "c.wav", take.text), signal(take))


def among(source: str, changed: dict[int, Take], count: int = 40) -> list[Row]:
    """Return the clean corpus of a source with some clips, by number, changed into others."""
    rows = list(clean(source, count))
    for i, row in zip(changed, measure(list(changed.values())), strict=True):
        rows[i] = row
    return rows


def spoilt(source: str, code: str, name: str, numbers: Sequence[int] = (4, 17, 31)) -> list[Finding]:
    """Plant a defect in some clips of a corpus, see it found in each and not in the others; return the findings."""
    clips = takes(source)
    changed = dict(zip(numbers, planted(defect(code, name), [clips[i] for i in numbers]), strict=True))
    check = catalogue()[code][1].name
    found = of(judge(among(source, changed), check), code)
    here = [finding for finding in found if finding.clip in {f"c{i}" for i in numbers}]
    before = of(judge(clean(source), check), code)
    assert [finding.clip for finding in here] == [f"c{i}" for i in numbers]
    assert len(found) - len(here) <= len(before)
    return here


def altered(row: Row, speaker: str = "", **measures: float) -> Row:
    """Return a measured clip with other measures, as if it had been measured so."""
    return Row(replace(row.clip, speaker=speaker), row.measures | measures)


def filtered(take: Take, change: Any) -> Take:
    """Return a clip with its samples changed."""
    return replace(take, samples=np.asarray(change(take.samples), np.float32))
