"""Archives as people publish them: every format, whole or not at all. Hostile ones: ``faults/test_archives.py``."""

import io
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import pytest
from recorder import Recorder

from ttsprep.core.errors import CorpusError, OutputError
from ttsprep.corpora.unpack import extract, extract_all, is_archive

NOISE = random.Random(1).randbytes(300_000)
FILES = {
    "Corpus-1.0/metadata.csv": "LJ001-0001|Call me Ishmael.|Call me Ishmael.\nü|Größe|Größe\n".encode(),
    "Corpus-1.0/wavs/LJ001-0001.wav": NOISE,
    "Corpus-1.0/wavs/ü ગુજરાતી.wav": NOISE[:512],
    "Corpus-1.0/wavs/empty.wav": b"",
    f"Corpus-1.0/{'long/' * 30}{'n' * 150}.txt": b"x",
}


def tar(path: Path, files: dict[str, bytes] = FILES, mode: str = "w", **options) -> Path:
    with tarfile.open(path, mode, **options) as file:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.uid, member.mtime = len(data), 0o4600, 12_345, 0
            file.addfile(member, io.BytesIO(data))
    return path


def zipped(path: Path, files: dict[str, bytes] = FILES, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


WITHOUT_FOLDER = {name.removeprefix("Corpus-1.0/"): data for name, data in FILES.items()}


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [(".tar", "w"), (".tar.gz", "w:gz"), (".tgz", "w:gz"), (".tar.bz2", "w:bz2"), (".TAR.XZ", "w:xz")],
)
@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_tar(tmp_path: Path, suffix: str, mode: str, form: int) -> None:
    archive = tar(tmp_path / f"a{suffix}", mode=mode, format=form)
    assert is_archive(archive.name)
    progress = Recorder()
    extract(archive, tmp_path / "out", progress=progress)
    assert content(tmp_path / "out") == WITHOUT_FOLDER
    assert progress.transfers[-1] == ("unpacking out", sum(map(len, FILES.values())), 0)
    assert names(tmp_path) == [archive.name, "out"]
    mode_bits = (tmp_path / "out" / "wavs" / "LJ001-0001.wav").stat().st_mode
    assert mode_bits & 0o7400 == 0o400  # readable, and no set-user-id


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip(tmp_path: Path, method: int) -> None:
    extract(zipped(tmp_path / "a.zip", method=method), tmp_path / "out")
    assert content(tmp_path / "out") == WITHOUT_FOLDER


def test_zip64(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)  # the writer goes over to zip64 here, not at 65,535
    archive = zipped(tmp_path / "a.zip")
    assert b"PK\6\6" in archive.read_bytes()
    extract(archive, tmp_path / "out")
    assert content(tmp_path / "out") == WITHOUT_FOLDER
    with pytest.raises(CorpusError, match="more than 4 members"):
        extract(archive, tmp_path / "few", most_members=4)


@pytest.mark.skipif(shutil.which("tar") is None, reason="there is no tar command")
def test_what_the_tar_command_writes(tmp_path: Path) -> None:
    (tmp_path / "in" / "wavs").mkdir(parents=True)
    (tmp_path / "in" / "wavs" / "a.wav").write_bytes(NOISE)
    (tmp_path / "in" / "b.txt").write_bytes(b"b")
    subprocess.run(["tar", "-C", tmp_path / "in", "-czf", tmp_path / "a.tar.gz", "."], check=True)
    extract(tmp_path / "a.tar.gz", tmp_path / "out")
    assert content(tmp_path / "out") == {"wavs/a.wav": NOISE, "b.txt": b"b"}


def test_files_at_the_top_stay_there(tmp_path: Path) -> None:
    files = {"txt/p225/p225_001.txt": b"Please call Stella.", "speaker-info.txt": b"p225", "__MACOSX/._a": b"junk"}
    extract(zipped(tmp_path / "a.zip", files), tmp_path / "out")
    assert content(tmp_path / "out") == {name: data for name, data in files.items() if "MACOSX" not in name}


def test_several_archives_make_one_folder(tmp_path: Path) -> None:
    first = tar(tmp_path / "train.tar", {"LibriTTS/README": b"1", "LibriTTS/train/a.wav": b"a"})
    second = tar(tmp_path / "dev.tar.gz", {"LibriTTS/dev/b.wav": b"b"}, "w:gz")
    extract_all([first, second], tmp_path / "out")
    assert content(tmp_path / "out") == {"README": b"1", "train/a.wav": b"a", "dev/b.wav": b"b"}
    with pytest.raises(CorpusError, match=r"again\.tar .*'LibriTTS/README' is there twice"):
        extract_all([first, tar(tmp_path / "again.tar", {"LibriTTS/README": b"2"})], tmp_path / "twice")
    assert not (tmp_path / "twice").exists()


def test_what_is_there_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="already there"):
        extract(tar(tmp_path / "a.tar"), tmp_path / "out")
    assert content(tmp_path / "out") == {"mine": b"mine"}


def test_an_archive_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder.tar").mkdir()
    with pytest.raises(CorpusError, match=r"folder\.tar cannot be read"):
        extract(tmp_path / "folder.tar", tmp_path / "out")


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.zip"])
@pytest.mark.parametrize("share", [0.0, 0.003, 0.3, 0.98])
def test_a_cut_off_archive_is_refused(tmp_path: Path, name: str, share: float) -> None:
    files = {f"{number}.wav": NOISE[number:] for number in range(3)}
    mode = {"gz": "w:gz", "bz2": "w:bz2", "xz": "w:xz"}.get(name.rsplit(".", 1)[-1], "w")
    archive = zipped(tmp_path / name, files) if name == "a.zip" else tar(tmp_path / name, files, mode)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CorpusError, match=r"a\.(tar|zip).* (is damaged|ends)"):
        extract(archive, tmp_path / "out")
    assert names(tmp_path) == [name]


def test_a_damaged_header_is_not_taken_for_the_end(tmp_path: Path) -> None:
    archive = tar(tmp_path / "a.tar", {"a": b"a", "b": b"b"})
    data = bytearray(archive.read_bytes())
    data[1024 + 10] ^= 0xFF
    archive.write_bytes(data)
    with pytest.raises(CorpusError, match="no end mark"):
        extract(archive, tmp_path / "out")
    archive.write_bytes(data[:1024])  # cut off where a member ends
    with pytest.raises(CorpusError, match="no end mark"):
        extract(archive, tmp_path / "out")


def test_a_changed_byte_is_found_where_the_format_has_a_checksum(tmp_path: Path) -> None:
    for archive in (zipped(tmp_path / "a.zip", method=zipfile.ZIP_STORED), tar(tmp_path / "a.tar.bz2", mode="w:bz2")):
        data = bytearray(archive.read_bytes())
        data[len(data) // 2] ^= 0xFF
        archive.write_bytes(data)
        with pytest.raises(CorpusError, match="is damaged"):
            extract(archive, tmp_path / "out")


def test_a_killed_unpacking_is_redone(tmp_path: Path) -> None:
    files = {f"Corpus/{number:04}.wav": NOISE[: 20_000 + number] for number in range(400)}
    archive = tar(tmp_path / "a.tar.gz", files, "w:gz", compresslevel=1)
    script = "import sys; from pathlib import Path; import ttsprep.corpora.unpack as unpack; "
    script += "unpack.extract(*map(Path, sys.argv[1:]))"
    killed = 0
    for attempt in range(3):
        process = subprocess.Popen([sys.executable, "-c", script, archive, tmp_path / "out"])
        part = tmp_path / ".out.part" / "Corpus"
        while process.poll() is None and not (part.is_dir() and len(names(part)) > 50 * (attempt + 1)):
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        assert not (tmp_path / "out").exists() or killed <= attempt
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
    assert killed
    extract(archive, tmp_path / "out")
    assert content(tmp_path / "out") == {name.removeprefix("Corpus/"): data for name, data in files.items()}
    assert names(tmp_path) == ["a.tar.gz", "out"]
