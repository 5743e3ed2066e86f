"""A thousand texts that break careless writers, through each list of a trainer: read back as they were, or refused."""

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from build.test_targets import READERS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpora.exports.build import build, write
from ttsprep.build.config import Recipe
from ttsprep.build.fit import written
from ttsprep.build.stages.normalise import Normalise
from ttsprep.build.targets import apply_trainer, load_trainer, trainers
from ttsprep.core.types import Clip
from ttsprep.corpora.exports.base import Entry, Export

CLIPS = 25
PHONEMES = ("styletts2", "vits-original", "matcha-tts")
"""Their lists hold phonemes, of which eSpeak NG writes no such characters."""
_MARKS = ('"', "'", '""', "|", "\t", "\n", "\r\n", "\u2028", "\x85", "\\", ",", ";", " ", "  ", "\u00a0", "#", "=")
_WRITING = (
    "\u05e9\u05dc\u05d5\u05dd",
    "\u0645\u0631\u062d\u0628\u0627",
    "\u202e",
    "e\u0301",
    "\u00e9",
    "\u1100\u1161",
    "\uac00",
)
_OTHERS = (
    "\U0001f600",
    "\U0001f468\u200d\U0001f469",
    "null",
    "NA",
    "0012",
    "word",
    "Hello, you.",
    "\ufeff",
    "\x0b",
    "\x1c",
    "{id}",
)
PIECES = st.sampled_from((*_MARKS, *_WRITING, *_OTHERS))
TEXTS = st.lists(PIECES | st.text(max_size=8), min_size=1, max_size=6).map("".join)


def as_built(entry: Entry, text: str) -> Entry:
    """Return an entry with a text as the stages of a build leave it."""
    (clip,) = written([Clip(entry.id, entry.path, text, language=entry.language)], [Normalise()])
    return replace(entry, text=text, normalised=clip.text)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in trainers() if name not in PHONEMES])
def test_a_trainer_reads_the_texts_of_the_build(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp(name)
    plain = [replace(e, split="train", speaker="anna") for e in build(root, [*map(str, range(CLIPS))])]
    others = [replace(plain[i], split=split, normalised="plain") for i, split in ((0, "valid"), (1, "test"))]
    forms = {f.name: f for f in apply_trainer(Recipe(), load_trainer(name)).configured_exports()}
    form: Export = forms[load_trainer(name).export[0]]
    kept = 0

    @settings(max_examples=44, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(TEXTS, min_size=CLIPS - 2, max_size=CLIPS - 2))
    def holds(texts: list[str]) -> None:
        nonlocal kept
        made = [as_built(entry, text) for entry, text in zip(plain[2:], texts, strict=True)]
        held = [entry for entry in made if entry.normalised and not form.refuse(entry)]
        folder = write(form, [*held, *others], root)
        read = {path.stem: text for path, text, _ in READERS[name](folder)}
        assert {key: read[key] for key in read if key not in {o.id for o in others}} == {
            e.id: e.normalised for e in held
        }
        kept += len(held)

    with contextlib.suppress(FileNotFoundError):
        (root / "exports" / form.name / "metadata.jsonl").unlink()
    holds()
    assert kept > 200, "most of them are not refused"
    assert Path(root / "exports").is_dir()
