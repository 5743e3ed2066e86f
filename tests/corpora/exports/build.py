"""A small build for the tests of the exports, with texts that break careless writers."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile as sf

from ttsprep.core.files import digest
from ttsprep.corpora.exports.base import Entry, Export, all_exports

RATE = 22_050
NASTY = (
    "Plain words.",
    '"Quoted," he said, "twice".',
    '"An open quote',
    "a, comma; and 'more'",
    "=SUM(A1)",
    "+1",
    "-",
    "@home",
    "null",
    "NA",
    "007",
    "2021-01-01",
    "emoji \U0001f600 and \u200dzero width",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "e\u0301 decomposed, \u00e9 composed",
    "no\u00a0break\u00a0space",
    "  leading and trailing  ",
    "\\ backslash \\n and {braces} %s $x",
    "{text}<b>&amp;</b>",
    "\u00a0",
)
TAB, PIPE = "a\ttab", "a|pipe"
BREAKS = ("one\r\ntwo", "one\ntwo", "one\rtwo", "one\u2028two", "one\x85two", "one\x0btwo", "end\n")
SPLITS = ("train", "train", "train", "valid", "test")


def build(root: Path, texts: Sequence[str] = NASTY, speakers: Sequence[str] = ("", "anna", "bob")) -> list[Entry]:
    """Write the audio of a build into `root`, one clip a text, and return its entries."""
    (root / "wavs").mkdir(parents=True)
    noise = np.random.default_rng(1)
    entries = []
    for number, text in enumerate(texts):
        name = f"clip{number:03d}"
        path = root / "wavs" / f"{name}.wav"
        samples = noise.integers(-20_000, 20_000, 800 + number, dtype=np.int16)
        sf.write(path, samples, RATE, subtype="PCM_16")
        entries.append(
            Entry(
                id=name,
                path=f"wavs/{name}.wav",
                text=text,
                normalised=text + " said",
                speaker=speakers[number % len(speakers)],
                language=("en-us", "en-ie")[number % 2],
                split=SPLITS[number % len(SPLITS)],
                sample_rate=RATE,
                channels=1,
                frames=len(samples),
                sha256=digest(path),
            )
        )
    return entries


def write(export: Export, entries: Sequence[Entry], root: Path) -> Path:
    """Write an export as a build does, without what it refuses, and return its folder."""
    folder = root if export.name == "ljspeech" else root / "exports" / export.name
    export.write([entry for entry in entries if not export.refuse(entry)], root, folder)
    return folder


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Return every file under `folder` by its path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def every_export() -> list[Export]:
    return [kind() for kind in all_exports().values()]


def in_split(entries: Sequence[Entry], split: str) -> list[Entry]:
    return [entry for entry in entries if entry.split == split]


def renamed(entry: Entry, **changes: str) -> Entry:
    return replace(entry, **changes)  # type: ignore[arg-type]
