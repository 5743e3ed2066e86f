"""The times of pieces in tables: their unit is told by recordings and texts, or the table is refused."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from corpora.layouts.corpus import put
from ttsprep.core.errors import CorpusError
from ttsprep.corpora.corpus import Corpus, read_corpus

TEXTS = (
    "The weather is very nice today.",
    "He bought a new dictionary.",
    "Please close the door behind you.",
    "The train is leaving in a minute.",
)
RATE = 16_000


def read(root: Path, head: str, row: str, unit: float = 1.0, *, seconds: float = 12.0, there: bool = True) -> Corpus:
    """Read a table of pieces of 2.5 s, one after the other, in so many units a second; ``{a:c}`` is a clock."""

    class Time(float):
        def __format__(self, form: str) -> str:
            return f"{int(self) // 60:02}:{self % 60:06.3f}" if form == "c" else super().__format__(form)

    sf.write(root / ("talk.wav" if there else "other.wav"), np.zeros(int(RATE * seconds), np.float32), RATE)
    rows = [
        row.format(a=Time(2.5 * n * unit), b=Time((2.5 * n + 2.5) * unit), d=Time(2.5 * unit), s=2.5, t=text)
        for n, text in enumerate(TEXTS)
    ]
    put(root, "metadata.csv", head + "".join(rows))
    return read_corpus(root)


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize(
    ("head", "row", "unit", "said"),
    [
        ("path,start,end,text\n", "talk.wav,{a:.2f},{b:.2f},{t}\n", 1, ""),
        ("path,start,end,text\n", "talk.wav,{a:.0f},{b:.0f},{t}\n", 1000, "milliseconds, as recordings and texts show"),
        ("path,offset,duration,text\n", "talk.wav,{a:.0f},{d:.0f},{t}\n", 1000, "milliseconds"),
        ("path,Start (ms),End (ms),text\n", "talk.wav,{a:.0f},{b:.0f},{t}\n", 1000, ""),
        ("path,start_ms,duration_s,text\n", "talk.wav,{a:.0f},{s},{t}\n", 1000, ""),
        ("path;start;end;text\n", "talk.wav;{a:c};{b:c};{t}\n", 1, ""),
        ("path;start;end;text\n", "talk.wav;0:{a:c};0:{b:c};{t}\n", 1, ""),
        ("path,start,end,text\n", "talk.wav,{a:c}:00,{b:c}:00,{t}\n".replace(":00", ""), 60, "took for hours"),
        ("path\tonset\toffset\ttext\n", "talk.wav\t{a:.1f}s\t{b:.1f}s\t{t}\n", 1, ""),
    ],
)
def test_units(tmp_path: Path, head: str, row: str, unit: float, said: str, *, there: bool) -> None:
    corpus = read(tmp_path, head, row, unit, there=there)
    assert [(clip.start, clip.end) for clip in corpus.clips] == [(2.5 * n, 2.5 * n + 2.5) for n in range(4)]
    assert said in corpus.decided[-1] and ("times are" in corpus.decided[-1]) == bool(said)


def test_samples_are_told_by_the_recordings(tmp_path: Path) -> None:
    corpus = read(tmp_path, "path,start,end,text\n", "talk.wav,{a:.0f},{b:.0f},{t}\n", RATE)
    assert [(clip.start, clip.end) for clip in corpus.clips] == [(2.5 * n, 2.5 * n + 2.5) for n in range(4)]
    assert "its times are samples of 16,000 Hz" in corpus.decided[-1]


def test_starts_in_milliseconds_beside_durations_in_seconds(tmp_path: Path) -> None:
    corpus = read(tmp_path, "path,start,duration,text\n", "talk.wav,{a:.0f},{s},{t}\n", 1000)
    assert [(clip.start, clip.end) for clip in corpus.clips] == [(2.5 * n, 2.5 * n + 2.5) for n in range(4)]


@pytest.mark.parametrize(
    ("head", "row", "unit", "what"),
    [
        ("path,start,end,text\n", "talk.wav,{a:.0f},{b:.0f},{t}\n", 100, "neither as seconds nor as milliseconds"),
        ("path,start,text\n", "talk.wav,{a:.1f},{t}\n", 1, "neither an end nor a duration"),
    ],
)
def test_what_cannot_be_told_is_refused(tmp_path: Path, head: str, row: str, unit: float, what: str) -> None:
    with pytest.raises(CorpusError, match=what):
        read(tmp_path, head, row, unit)


def test_an_end_without_a_start_is_named_with_its_line(tmp_path: Path) -> None:
    corpus = read(tmp_path, "path,start,end,text\ntalk.wav,,9.5,Lost.\n", "talk.wav,{a:.1f},{b:.1f},{t}\n")
    assert [finding.message for finding in corpus.findings] == ["metadata.csv line 2: has an end and no start"]
