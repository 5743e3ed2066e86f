"""What all exports have in common, and reading them back with our own layouts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile as sf

from corpora.exports.build import BREAKS, NASTY, PIPE, TAB, build, bytes_of, every_export, in_split, write
from corpora.layouts.corpus import clips_of
from ttsprep.core.errors import OutputError, UsageError
from ttsprep.corpora.exports.base import Entry, Export, all_exports
from ttsprep.corpora.exports.filelist import Filelist
from ttsprep.corpora.exports.kaldi import Kaldi
from ttsprep.corpora.exports.lhotse import Lhotse
from ttsprep.corpora.exports.ljspeech import LJSpeech
from ttsprep.corpora.exports.nemo import NeMo
from ttsprep.corpora.exports.parquet import Parquet
from ttsprep.corpora.exports.webdataset import WebDataset

HERE = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
LINES = ("ljspeech", "filelist", "kaldi")
EXPORTS = pytest.mark.parametrize("export", every_export(), ids=lambda export: export.name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "built"


def test_every_form_of_the_issue_is_there() -> None:
    wanted = {"ljspeech", "audiofolder", "nemo", "lhotse", "kaldi", "filelist", "webdataset", "parquet"}
    assert wanted <= set(all_exports())
    assert all(kind.summary for kind in all_exports().values())


@EXPORTS
def test_the_same_entries_give_the_same_bytes(export: Export, root: Path, tmp_path: Path) -> None:
    entries = build(root)
    first = bytes_of(write(export, entries, root))
    again = build(tmp_path / "elsewhere")
    os.utime(tmp_path / "elsewhere" / again[0].path, (0, 0))
    moved = bytes_of(write(export, again, tmp_path / "elsewhere"))
    here, there = str(root).encode(), str(tmp_path / "elsewhere").encode()
    assert {name: data.replace(there, here) for name, data in moved.items()} == first
    assert bytes_of(write(export, entries, root)) == first


@EXPORTS
def test_what_no_longer_belongs_is_removed_and_nothing_else(export: Export, root: Path) -> None:
    entries = build(root)
    folder = write(export, entries, root)
    less = [entry for entry in entries if entry.split == "train"][:4]
    (folder / "notes.md").write_text("mine", encoding="utf-8")
    write(export, less, root)
    left = bytes_of(folder)
    assert left.pop("notes.md") == b"mine"
    (folder / "notes.md").unlink()
    if export.name != "ljspeech":
        for path in sorted(folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        write(export, less, root)
    assert bytes_of(folder) == left


@EXPORTS
def test_what_a_killed_run_left_is_gone_after_the_next(export: Export, root: Path) -> None:
    entries = build(root)
    folder = write(export, entries, root)
    whole = bytes_of(folder)
    for path in [path for path in folder.rglob("*") if path.is_file() and "exports" in path.parts]:
        path.rename(path.with_name(f".{path.name}.part"))  # as if the kill had come just before this one was done
    write(export, entries, root)
    assert bytes_of(folder) == whole


@pytest.mark.parametrize("form", ["nemo", "audiofolder", "webdataset", "parquet"])
def test_a_folder_that_leads_elsewhere_is_left_alone(form: str, root: Path) -> None:
    entries = build(root)
    elsewhere = root / "precious"
    elsewhere.mkdir()
    (elsewhere / "mine.wav").write_bytes(b"RIFF")
    place = {"nemo": "nemo/wavs", "audiofolder": "audiofolder/train", "parquet": "parquet/data"}.get(form, form)
    link = root / "exports" / place
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    with pytest.raises(OutputError, match="is a link"):
        write(all_exports()[form](), entries, root)
    assert bytes_of(elsewhere) == {"mine.wav": b"RIFF"}


@EXPORTS
def test_line_breaks_are_refused_by_forms_of_lines_and_kept_by_the_others(export: Export, root: Path) -> None:
    entries = build(root, BREAKS)
    refused = [export.refuse(entry) for entry in entries]
    if export.name in LINES:
        assert all("line break" in reason for reason in refused)
    else:
        assert refused == [""] * len(BREAKS)


@EXPORTS
def test_delimiters(export: Export, root: Path) -> None:
    pipe, tab = (export.refuse(entry) for entry in build(root, [PIPE, TAB]))
    assert tab == ""
    assert bool(pipe) == (export.name in {"ljspeech", "filelist"})
    if pipe:
        assert "'|'" in pipe and "text" in pipe


@EXPORTS
def test_cells_that_a_spreadsheet_would_run_are_left_as_they_are(export: Export, root: Path) -> None:
    assert [export.refuse(entry) for entry in build(root)] == [""] * len(NASTY)


@EXPORTS
def test_a_build_without_clips(export: Export, root: Path) -> None:
    entries = build(root, ["one", "two"])
    folder = write(export, entries, root)
    write(export, [], root)
    left = {name for name in bytes_of(folder) if not name.startswith("wavs/") or export.name != "ljspeech"}
    assert left <= {"metadata.csv", "speakers.json"}


def readable(entries: list[Entry], export: Export) -> list[Entry]:
    return [entry for entry in entries if not export.refuse(entry)]


def test_ljspeech_is_read_back(root: Path) -> None:
    entries = build(root, (*NASTY, TAB, PIPE, *BREAKS))
    write(LJSpeech(), entries, root)
    kept = readable(entries, LJSpeech())
    assert len(kept) == len(NASTY) + 1
    assert [(c.id, c.path, c.text) for c in clips_of(root)] == [(e.id, e.path, e.normalised) for e in kept]


def test_nemo_is_read_back(root: Path) -> None:
    entries = build(root, (*NASTY, TAB, PIPE, *BREAKS))
    folder = write(NeMo(), entries, root)
    for split in ("train", "valid", "test"):
        clips = clips_of(folder / f"{split}.json")
        assert [(c.id, c.path, c.text, c.speaker, c.language) for c in clips] == [
            (e.id, e.path, e.normalised, e.speaker, e.language) for e in in_split(entries, split)
        ]
    lines = (folder / "train.json").read_text(encoding="utf-8").splitlines()
    assert len(lines) == len(in_split(entries, "train"))  # also where U+2028 counts as the end of a line


def test_lhotse_is_read_back(root: Path) -> None:
    entries = build(root, (*NASTY, TAB, PIPE, *BREAKS))
    clips = {clip.id: clip for clip in clips_of(write(Lhotse(), entries, root))}
    assert len(clips) == len(entries)
    for entry in entries:
        clip = clips[entry.id]
        assert (clip.path, clip.text, clip.speaker, clip.language, clip.end) == (
            *(entry.path, entry.normalised, entry.speaker, entry.language),
            None,
        )


def test_audiofolder_is_read_back(root: Path) -> None:
    export = all_exports()["audiofolder"]()
    entries = build(root, (*NASTY, TAB, PIPE, *BREAKS))
    folder = write(export, entries, root)
    clips = {clip.id: clip for clip in clips_of(folder)}
    assert len(clips) == len(entries)
    for entry in entries:
        clip = clips[entry.id]
        assert (clip.text, clip.speaker, clip.language) == (entry.normalised, entry.speaker, entry.language)
        assert Path(folder / clip.path).samefile(root / entry.path)


def test_kaldi_is_read_back(root: Path) -> None:
    entries = build(root, (*NASTY, TAB, PIPE))
    folder = write(Kaldi(), entries, root)
    for split in ("train", "valid", "test"):
        clips = {clip.id: clip for clip in clips_of(folder / split)}
        part = in_split(entries, split)
        assert len(clips) == len(part)
        for entry in part:
            clip = clips[entry.id]
            assert (Path(folder / split / clip.path).name, clip.text) == (Path(entry.path).name, entry.normalised)
            assert (clip.speaker, clip.language) == (entry.speaker or "speaker", entry.language)


def test_a_filelist_is_read_back(root: Path) -> None:
    entries = build(root, NASTY, speakers=("anna", "bob"))
    folder = write(Filelist(), entries, root)
    clips = clips_of(folder / "train.txt")
    assert [(c.path, c.text, c.speaker) for c in clips] == [
        (e.path, e.normalised, e.speaker) for e in in_split(entries, "train")
    ]


@pytest.mark.parametrize("form", ["nemo", "lhotse", "filelist", "audiofolder"])
def test_audio_is_the_file_of_the_build_and_follows_it(form: str, root: Path) -> None:
    entries = build(root)
    export = all_exports()[form]()
    folder = write(export, entries, root)
    place = folder / (entries[0].split if form == "audiofolder" else "wavs")
    linked, original = place / "clip000.wav", root / entries[0].path
    assert linked.samefile(original)
    fresh = root / "new.wav"  # as a build does: another file takes the name
    sf.write(fresh, [0.0, 0.5, -0.5], 22_050)
    fresh.replace(original)
    assert not linked.samefile(original)
    write(export, entries, root)
    assert linked.samefile(original)


def test_audio_is_copied_where_it_cannot_be_linked(root: Path, tmp_path: Path) -> None:
    other = Path("/dev/shm")  # another file system: a link to it is refused by the system itself
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("no second file system to copy to")
    entries = build(root)
    folder = other / f"ttsprep-test-{os.getpid()}"
    try:
        NeMo().write(entries, root, folder)
        for entry in entries:
            assert (folder / entry.path).read_bytes() == (root / entry.path).read_bytes()
            assert not (folder / entry.path).samefile(root / entry.path)
        before = (folder / entries[0].path).stat().st_ino
        NeMo().write(entries, root, folder)
        assert (folder / entries[0].path).stat().st_ino == before, "copied again"
        path = root / entries[0].path
        path.write_bytes(path.read_bytes()[::-1])
        NeMo().write(entries, root, folder)
        assert (folder / entries[0].path).read_bytes() == path.read_bytes()
        NeMo().write(entries[1:], root, folder)
        assert not (folder / entries[0].path).exists()
    finally:
        subprocess.run(["rm", "-r", str(folder)], check=True)


@pytest.mark.parametrize("export", [NeMo(absolute=True), Lhotse(absolute=True), Filelist(absolute=True)])
def test_absolute_paths_lead_into_the_build(export: Export, root: Path) -> None:
    entries = build(root)
    write(type(export)(), entries, root)
    folder = write(export, entries, root)
    assert not (folder / "wavs").exists(), "links of the former export"
    name = {"nemo": "train.json", "lhotse": "recordings_train.jsonl.gz", "filelist": "train.txt"}[export.name]
    data = (folder / name).read_bytes()
    if name.endswith(".gz"):
        import gzip

        data = gzip.decompress(data)
    assert data.count(f"{root.resolve()}/wavs/".encode()) == len(in_split(entries, "train"))


def test_a_build_whose_path_cannot_be_written(tmp_path: Path) -> None:
    root = tmp_path / "a|b"
    entries = build(root, ["one"])
    with pytest.raises(UsageError, match="cannot be written to a table"):
        write(Filelist(absolute=True), entries, root)


@pytest.mark.parametrize("form", [LJSpeech, Lhotse, WebDataset, Parquet])
def test_a_full_disk_leaves_the_old_files(form: type[Export], root: Path) -> None:
    script = f"""
import resource, signal, sys
from dataclasses import replace
from pathlib import Path
from corpora.exports.build import build, write
from ttsprep.corpora.exports.{form.__module__.rsplit(".", 1)[1]} import {form.__name__}
from ttsprep.core.errors import OutputError
root = Path(sys.argv[1])
entries = build(root)
write({form.__name__}(), entries, root)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    write({form.__name__}(), [replace(entry, text="x" * 50) for entry in entries], root)
except OutputError as error:
    print(error)
"""
    expected = bytes_of(write(form(), build(root.with_name("twin")), root.with_name("twin")))
    done = subprocess.run(
        [sys.executable, "-c", script, str(root)], capture_output=True, text=True, check=True, env=HERE
    )
    assert "disk full" in done.stdout
    folder = root if form.name == "ljspeech" else root / "exports" / form.name
    assert bytes_of(folder) == expected


def test_memory_is_flat_in_the_number_of_clips(root: Path) -> None:
    (entry,) = build(root, ["one"])
    sf.write(root / entry.path, [0.0] * 500_000, 22_050)  # a megabyte
    peaks = []
    for count in (20, 200):
        script = f"""
import resource, sys
from dataclasses import replace
from pathlib import Path
from ttsprep.corpora.exports.base import Entry
from ttsprep.corpora.exports.parquet import Parquet
from ttsprep.corpora.exports.webdataset import WebDataset
entry = {entry!r}
entries = [replace(entry, id=str(n)) for n in range({count})]
for export in Parquet(), WebDataset():
    export.write(entries, Path(sys.argv[1]), Path(sys.argv[1]) / export.name)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
        done = subprocess.run([sys.executable, "-c", script, str(root)], capture_output=True, text=True, check=True)
        peaks.append(int(done.stdout) / 1024)
    assert peaks[1] - peaks[0] < 60, "180 MB more audio"
