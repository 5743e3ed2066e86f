"""How a table is cut into rows and columns."""

from pathlib import Path

import pytest

from ttsprep.corpora.corpus import read_corpus
from ttsprep.corpora.reading import Reading
from ttsprep.corpora.tables.match import AudioIndex


def test_a_text_of_commas_is_not_searched_for_audio_cell_by_cell(spoken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    likely, seen = AudioIndex.likely, 0

    def counted(index: AudioIndex, *cell: str) -> str | None:
        nonlocal seen
        seen += 1
        return likely(index, *cell)

    monkeypatch.setattr(AudioIndex, "likely", counted)
    lines = (spoken / "metadata.csv").read_text(encoding="utf-8").splitlines()
    text = "".join(f"{line}{'$1,' * 5_000}\n" for line in lines)
    (spoken / "metadata.csv").write_text(text, encoding="utf-8")
    clips = read_corpus(spoken, reading=Reading(columns=("path", "text"))).clips
    assert all(clip.text.endswith("$1,$1,") for clip in clips)
    assert seen < 1_000 * len(lines)
