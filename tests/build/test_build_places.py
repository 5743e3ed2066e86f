"""Where a build may write: nothing is written through a link, into the source, or over what is not its own."""

import shutil
from pathlib import Path

import pytest

from build.bench import Bench, Made, build, contents
from ttsprep.build.config import Recipe
from ttsprep.core.errors import OutputError


def test_a_folder_with_anything_else_is_refused_untouched(bench: Bench, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("three years of work", encoding="utf-8")
    before = other.stat().st_mtime_ns, sorted(other.iterdir())
    for _ in range(2):
        with pytest.raises(OutputError, match=r"holds 'thesis\.txt', which ttsprep build did not write"):
            build(bench.corpus, other, Recipe(), jobs=1)
    with pytest.raises(OutputError, match="is a file"):
        build(bench.corpus, other / "thesis.txt", Recipe(), jobs=1)
    assert (other.stat().st_mtime_ns, sorted(other.iterdir())) == before


def test_neither_may_lie_inside_the_other(bench: Bench, tmp_path: Path) -> None:
    before = contents(bench.corpus)
    (tmp_path / "alias").symlink_to(bench.corpus)
    for out in (bench.corpus, bench.corpus / "out", tmp_path / "alias" / "wavs"):
        with pytest.raises(OutputError, match="inside the source"):
            build(bench.corpus, out, Recipe(), jobs=1)
    built = contents(bench.out)
    for source in (bench.out, bench.out / "wavs"):  # audio would be swept away as not being of the build
        with pytest.raises(OutputError, match="inside"):
            build(source, bench.out, Recipe(), jobs=1)
    assert contents(bench.corpus) == before
    assert contents(bench.out) == built


@pytest.mark.parametrize("name", ["wavs", "source", "audit", "exports", ".journal", "exports/kaldi"])
def test_a_linked_folder_is_not_written_through(bench: Bench, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.wav").write_bytes(b"mine")
    link = bench.out / name
    if link.is_dir():
        shutil.rmtree(link)
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(elsewhere)
    with pytest.raises(OutputError, match="link"):
        bench.build(export=("kaldi",))
    assert [(path.name, path.read_bytes()) for path in elsewhere.iterdir()] == [("mine.wav", b"mine")]


def test_linked_files_are_not_written_through(bench: Bench, small_once: Made, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    names = [f"wavs/{bench.wavs[0]}", "metadata.csv", "clips.parquet", "build.json", "report.html",
             f"wavs/.{bench.wavs[1]}.part", "audit/run.json"]  # fmt: skip
    mine.write_bytes(b"mine")
    for name in names:
        (bench.out / name).unlink(missing_ok=True)
        (bench.out / name).symlink_to(mine)
    bench.build()
    assert mine.read_bytes() == b"mine"
    assert contents(bench.out) == contents(small_once.out)
    assert not any(path.is_symlink() for path in bench.out.rglob("*"))


@pytest.mark.parametrize("name", ["wavs/nobody.wav", "exports/old/file", "thesis.txt", "source/mine.csv", ".x.part"])
def test_a_file_that_the_build_did_not_write_is_neither_removed_nor_built_beside(bench: Bench, name: str) -> None:
    mine = bench.out / name
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_bytes(b"not ours")
    before = contents(bench.out)
    with pytest.raises(OutputError, match=f"holds '{name}', which ttsprep build did not write"):
        bench.build(stages={"format": {"container": "flac"}})
    assert contents(bench.out) == before
    mine.unlink()
    bench.build(stages={"format": {"container": "flac"}})
    assert {path.suffix for path in (bench.out / "wavs").iterdir()} == {".flac"}


def test_a_build_behind_a_link_is_fine(small_once: Made, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    built = build(small_once.corpus, tmp_path / "out", Recipe(), jobs=1)
    assert built.fresh == 4
