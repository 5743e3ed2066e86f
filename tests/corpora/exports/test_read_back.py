"""Every export, and every folder of a trainer, is a corpus with the same texts, speakers, languages and samples."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import soundfile as sf

from corpora.exports.build import build, every_export, write
from ttsprep.build.config import Recipe
from ttsprep.build.targets import apply_trainer, load_trainer, trainers
from ttsprep.core.types import Clip
from ttsprep.corpora.corpus import read_corpus
from ttsprep.corpora.exports.base import Entry, Export
from ttsprep.corpora.shards.unpacking import find_shards, unpack_shards

TEXTS = (
    "Plain words of a first clip.",
    '"Well," she said, "quoted twice".',
    '"An open quote',
    "null",
    "Three more, with 'single' quotes.",
    "=SUM of it",
    "Emoji \U0001f600 are kept here.",
    "\u05e9\u05dc\u05d5\u05dd is written from right to left.",
    "\u00e9 composed, and e\u0301 decomposed.",
    "A last line of words, for good measure.",
)
PHONEMES = tuple(name for name in trainers() if "phonemes}" in str(load_trainer(name).exports))
"""Their lists hold phonemes, which are no texts: an audit says so."""
NO_SPEAKER = ("ljspeech", "f5-tts", "chatterbox")
NO_LANGUAGE = ("ljspeech", "filelist", "pairs", "piper", "f5-tts", "vits", "xtts", "chatterbox", "fish-speech")
NUMBERED = ("nemo for a trainer",)


def forms() -> dict[str, Export]:
    found = {export.name: export for export in every_export()}
    for name in trainers():
        configured = {form.name: form for form in apply_trainer(Recipe(), load_trainer(name)).configured_exports()}
        if name not in PHONEMES:
            found[name if name != "nemo" else NUMBERED[0]] = configured[load_trainer(name).export[0]]
    return found


@pytest.mark.parametrize("speakers", [("anna", "bob"), ("",)], ids=["named", "unnamed"])
@pytest.mark.parametrize(("name", "export"), forms().items(), ids=list(forms()))
def test_an_export_is_a_corpus(name: str, export: Export, speakers: Sequence[str], tmp_path: Path) -> None:
    root = tmp_path / "built"
    entries = [entry for entry in build(root, TEXTS, speakers) if not export.refuse(entry)]
    assert len(entries) == len(TEXTS)
    folder = write(export, entries, root)
    if shards := find_shards(folder):
        unpack_shards(shards, tmp_path / "unpacked")
        folder = tmp_path / "unpacked"
    corpus = read_corpus(folder, "auto", "")
    assert corpus.findings == []
    # the texts are all different; files of shards have names of their own
    read = {clip.text: clip for clip in corpus.clips}
    assert sorted(read) == sorted(entry.normalised for entry in entries)
    for entry in entries:
        clip = read[entry.normalised]
        assert_same_voice(name, clip, entry)
        assert (sf.read(corpus.root / clip.path)[0] == sf.read(root / entry.path)[0]).all()


@pytest.mark.parametrize("name", PHONEMES)
def test_a_list_of_phonemes_is_read_as_one(name: str, tmp_path: Path) -> None:
    configured = {form.name: form for form in apply_trainer(Recipe(), load_trainer(name)).configured_exports()}
    export = configured[load_trainer(name).export[0]]
    held = [entry for entry in build(tmp_path, TEXTS, ("anna", "bob")) if not export.refuse(entry)]
    corpus = read_corpus(write(export, held, tmp_path), "auto", "")
    assert [finding.code for finding in corpus.findings] == ["text-phonemes"]
    read = {Path(clip.path).stem: clip.speaker for clip in corpus.clips}
    assert read == {entry.id: {"anna": "0", "bob": "1"}[entry.speaker] for entry in held}


@pytest.mark.parametrize("split", ["train", "valid", "test"])
@pytest.mark.parametrize(
    ("name", "export"), [pytest.param(*pair, id=pair[0]) for pair in forms().items() if pair[0] != "ljspeech"]
)
def test_a_split_alone_holds_its_clips(name: str, export: Export, split: str, tmp_path: Path) -> None:
    entries = build(tmp_path / "built", TEXTS, ("anna", "bob"))
    folder = write(export, entries, tmp_path / "built")
    (folder / "metadata.jsonl").unlink(missing_ok=True)  # of all splits
    for path in [path for other in {"train", "valid", "test"} - {split} for path in folder.rglob(f"*{other}*")]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)  # its folder may be gone
    if shards := find_shards(folder):
        unpack_shards(shards, tmp_path / "unpacked")
        folder = tmp_path / "unpacked"
    read = sorted(clip.text for clip in read_corpus(folder, "auto", "").clips)
    assert read == sorted(entry.normalised for entry in entries if entry.split == split)


def assert_same_voice(name: str, clip: Clip, entry: Entry) -> None:
    if name in NUMBERED:
        assert clip.speaker == {"anna": "0", "bob": "1", "": "0"}[entry.speaker]
    elif name not in NO_SPEAKER:
        assert clip.speaker in {entry.speaker, entry.speaker or "speaker"}
    if name not in NO_LANGUAGE:
        assert clip.language.split("-")[0] == entry.language.split("-")[0]


@pytest.mark.parametrize(
    "text",
    ['"Quoted" and not', 'an inch, 5" wide', '"all of it"', '""', '"a ""word"" in it', '"He said ""no"" to me"'],
)
def test_quotes_of_a_table_that_csv_did_not_write_are_kept(text: str, tmp_path: Path) -> None:
    entries = build(tmp_path, [f"clip number {number} of a table" for number in range(5)])
    others = ['"Open', '5" wide'] if text.startswith('"He') else []
    rows = [f"{entry.path}|{entry.text}" for entry in entries[: 4 - len(others)]] + [f"{entries[-1].path}|{text}"]
    rows += [f"{entry.path}|{other}" for entry, other in zip(entries[2:4], others, strict=False)]
    (tmp_path / "list.txt").write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    (clip,) = [clip for clip in read_corpus(tmp_path / "list.txt", "auto", "").clips if clip.path == entries[-1].path]
    assert clip.text == text
