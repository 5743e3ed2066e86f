"""Whose a folder is, whether a build in it is finished, and what is left over in it."""

import json
import os
from pathlib import Path

import pytest

from ttsprep.build import output_folder as state
from ttsprep.build.config import Recipe, Select
from ttsprep.core.errors import OutputError
from ttsprep.core.output_folder import claim, open_output
from ttsprep.corpora.corpus import read_corpus


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    return folder


@pytest.fixture
def out(tmp_path: Path, source: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    with open_output(state.KIND, folder, [source]) as held:
        held.expect(["wavs/a.wav"])
    (folder / "wavs").mkdir()
    (folder / "wavs" / "a.wav").write_bytes(b"a")
    (folder / "build.json").write_text('{"clips": 1}', encoding="utf-8")
    return folder


def test_new_and_empty_folders_and_earlier_builds_may_be_built_in(tmp_path: Path, source: Path, out: Path) -> None:
    claim(state.KIND, tmp_path / "new" / "deep", [source])
    assert not (tmp_path / "new").exists(), "only looked at"
    claim(state.KIND, out, [source])
    for begun in (".ttsprep.lock", "..ttsprep-build.part"):  # a run was killed before it could mark the folder
        folder = tmp_path / begun.strip(".")
        folder.mkdir()
        (folder / begun).write_bytes(b"")
        claim(state.KIND, folder, [source])


@pytest.mark.parametrize("name", ["thesis.txt", ".hidden", "wavs", "build.json", "..other.part"])
def test_a_folder_of_something_else_may_not(tmp_path: Path, source: Path, name: str) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    (folder / name).mkdir()
    with pytest.raises(OutputError, match="which ttsprep build did not write"):
        claim(state.KIND, folder, [source])


def test_the_source_may_not_lie_in_the_build(tmp_path: Path, out: Path) -> None:
    (tmp_path / "alias").symlink_to(out / "wavs")
    for inside in (out, out / "wavs", tmp_path / "alias"):
        with pytest.raises(OutputError, match="lies inside"):
            claim(state.KIND, out, [inside])


def test_a_build_is_finished_until_anything_visible_changes(out: Path) -> None:
    assert state.finished(out, "inputs") is None
    state.finish(out, "inputs")
    assert state.finished(out, "inputs") == {"clips": 1}
    assert state.finished(out, "others") is None
    (out / ".notes").write_bytes(b"")
    assert state.finished(out, "inputs") == {"clips": 1}
    path = out / "wavs" / "a.wav"
    times = path.stat().st_mtime_ns
    path.write_bytes(b"b")
    os.utime(path, ns=(times, times))
    assert state.finished(out, "inputs") is None
    state.finish(out, "inputs")
    (out / "wavs" / "b.wav").write_bytes(b"")
    assert state.finished(out, "inputs") is None
    state.finish(out, "inputs")
    (out / "build.json").unlink()
    assert state.finished(out, "inputs") is None


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"inputs": "inputs"}', b"null"])
def test_a_torn_stamp_is_not_believed(out: Path, content: bytes) -> None:
    (out / state.STAMP).write_bytes(content)
    assert state.finished(out, "inputs") is None


def test_an_unfinished_build_has_no_document(out: Path) -> None:
    state.finish(out, "inputs")
    state.unfinish(out)
    assert not (out / "build.json").exists()
    assert state.finished(out, "inputs") is None
    state.unfinish(out)


def test_what_is_left_over_is_swept_and_nothing_else(out: Path, source: Path) -> None:
    with open_output(state.KIND, out, [source]) as held:
        held.expect(["wavs/b.wav", "exports/kaldi/", "exports/old/"])
        for name in ("wavs/b.wav", "wavs/.a.wav.part", "source/.clips.parquet.part", "exports/kaldi/.text.part",
                     "exports/kaldi/text", "exports/old/deep/file", ".metadata.csv.part", "wavs/mine.wav"):  # fmt: skip
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(b"")
        held.sweep(["wavs/a.wav", "exports/kaldi/"])
        kept = {
            str(path.relative_to(out)) for path in out.rglob("*") if path.is_file() and path.name != ".ttsprep.lock"
        }
        assert kept == {state.KIND.mark, "build.json", "wavs/a.wav", "wavs/mine.wav", "exports/kaldi/text"}
        held.sweep(["wavs/a.wav"])
        assert not (out / "exports").exists()


def test_the_stamp_of_the_inputs_changes_with_each_of_them(spoken: Path, tmp_path: Path) -> None:
    decisions = tmp_path / "decisions.csv"
    decisions.write_text("id\n", encoding="utf-8")

    def stamp(recipe: Recipe | None = None, path: Path | None = None) -> str:
        recipe = recipe or Recipe()
        return state.inputs_stamp(read_corpus(spoken), recipe, path)

    first = stamp()
    assert stamp() == first
    seen = [first, stamp(path=decisions), stamp(Recipe(select=Select(keep_hours=1.0))), stamp(Recipe(export=("nemo",)))]
    decisions.write_text("id\n\n", encoding="utf-8")
    seen.append(stamp(path=decisions))
    audio = spoken / "wavs" / "demo-001.wav"
    times = audio.stat().st_mtime_ns
    data = audio.read_bytes()
    audio.write_bytes(data[:-2] + b"\0\0")
    os.utime(audio, ns=(times, times))
    seen.append(stamp())
    (spoken / "wavs" / "demo-nobody.wav").unlink()
    seen.append(stamp())
    with (spoken / "metadata.csv").open("a", encoding="utf-8") as file:
        file.write("gone|Call me Ishmael.\n")
    seen.append(stamp())
    assert len(set(seen)) == len(seen)


def test_the_mark_says_whose_the_folder_is(out: Path) -> None:
    before = (out / state.KIND.mark).stat()
    assert b"ttsprep build" in (out / state.KIND.mark).read_bytes()
    with open_output(state.KIND, out, []):
        pass
    assert (out / state.KIND.mark).stat().st_mtime_ns == before.st_mtime_ns
    assert json.loads((out / "build.json").read_bytes()) == {"clips": 1}
