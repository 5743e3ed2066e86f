"""Faults 3 and 4: archives that would write elsewhere, or without end. Refused, and nothing is left of them."""

import bz2
import gzip
import io
import shutil
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from random import Random

import pytest

from ttsprep.core.errors import CorpusError
from ttsprep.corpora.unpack import extract

REG, DIR, SYM, LINK, FIFO = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE
DEVICE, BLOCK = tarfile.CHRTYPE, tarfile.BLKTYPE

Made = list[tuple[str, bytes, str]]


def tar(path: Path, members: Made, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as file:
        for name, kind, target in [("good.wav", REG, "x"), *members]:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target if kind in {SYM, LINK} else ""
            data = target.encode() if kind == REG else b""
            member.size = len(data)
            file.addfile(member, io.BytesIO(data))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(archive: Path, *words: str, **limits: int) -> None:
    folder = archive.parent
    before = names(folder)
    with pytest.raises(CorpusError) as caught:
        extract(archive, folder / "out", **limits)
    for word in (archive.name, *words):
        assert word in str(caught.value)
    assert names(folder) == before


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([("../x", REG, "x")], ["'../x'", "leads out"]),
        ([("a/../../x", REG, "x")], ["'a/../../x'", "leads out"]),
        ([("..", DIR, "")], ["'..'", "leads out"]),
        ([("/etc/x", REG, "x")], ["'/etc/x'", "absolute"]),
        ([("C:\\x", REG, "x")], ["absolute"]),
        ([("C:/x", REG, "x")], ["absolute"]),
        ([("..\\x", REG, "x")], ["backslash"]),
        ([("a\nb", REG, "x")], ["control character"]),
        ([("./", REG, "x")], ["./", "no name"]),
        ([("n" * 256, REG, "x")], ["too long"]),
        ([("d/" * 600 + "x", REG, "x")], ["too long"]),
        ([("link", SYM, "/etc"), ("link/x", REG, "x")], ["'link'", "symbolic link"]),
        ([("link", SYM, "good.wav")], ["symbolic link"]),
        ([("hard", LINK, "good.wav")], ["'hard'", "hard link"]),
        ([("hard", LINK, "/etc/passwd")], ["hard link"]),
        ([("pipe", FIFO, "")], ["'pipe'", "FIFO"]),
        ([("null", DEVICE, "")], ["'null'", "device"]),
        ([("disk", BLOCK, "")], ["device"]),
        ([("odd", b"Z", "")], ["'odd'", "unknown kind"]),
        ([("good.wav", REG, "y")], ["'good.wav'", "twice"]),
        ([("./good.wav", REG, "y")], ["twice"]),
        ([("Good.WAV", REG, "y")], ["'Good.WAV'", "'good.wav'", "case"]),
        ([("f\u00fc", REG, "y"), ("fu\u0308", REG, "y")], ["case"]),
        ([("a/x", REG, "x"), ("A/y", REG, "y")], ["'A/y'", "'a/'"]),
        ([("a", REG, "x"), ("a/y", REG, "y")], ["'a/y'", "is a file"]),
        ([("a/y", REG, "x"), ("a", REG, "y")], ["'a'", "twice"]),
        ([("good.wav", DIR, "")], ["'good.wav'"]),
    ],
)
def test_tar_members_that_are_no_plain_file_in_its_place(tmp_path: Path, members: Made, words: list[str]) -> None:
    refused(tar(tmp_path / "a.tar", members), *words)


def test_a_sparse_tar_member(tmp_path: Path) -> None:
    member = tarfile.TarInfo("sparse.wav")
    member.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[483:495] = b"00000001000\0"  # its true size, as it is spread out
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header[:512]):06o}\0 ".encode()
    (tmp_path / "a.tar").write_bytes(bytes(header) + bytes(10_240))
    refused(tmp_path / "a.tar", "'sparse.wav'", "sparse")


def entry(name: str, mode: int = 0, **fields: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    for key, value in fields.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([entry("../x")], ["'../x'", "leads out"]),
        ([entry("/x")], ["'/x'", "absolute"]),
        ([entry("C:/x")], ["absolute"]),
        ([entry("..\\x")], ["backslash"]),
        ([entry("link", 0o120777)], ["'link'", "symbolic link"]),
        ([entry("pipe", 0o010644)], ["'pipe'", "FIFO"]),
        ([entry("null", 0o020644)], ["device"]),
        ([entry("a/x"), entry("A/x")], ["'A/x'", "case"]),
        ([entry("a"), entry("a/b")], ["'a/b'", "is a file"]),
    ],
)
def test_zip_members_that_are_no_plain_file_in_its_place(
    tmp_path: Path, members: list[zipfile.ZipInfo], words: list[str]
) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("good.wav", "x")
        for member in members:
            file.writestr(member, "x")
    refused(tmp_path / "a.zip", *words)


def test_a_zip_member_that_is_there_twice(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a.wav", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("a.wav", "2")
    refused(tmp_path / "a.zip", "'a.wav'", "twice")


def test_a_zip_member_without_a_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("x", b"x")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    at = data.index(b"PK\1\2")
    data[at + 28], data[at + 30] = 0, 1  # its name is an extra field
    (tmp_path / "a.zip").write_bytes(data)
    refused(tmp_path / "a.zip", "has no name")


def test_an_encrypted_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a.wav", "secret")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    data[data.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "a.zip").write_bytes(data)
    refused(tmp_path / "a.zip", "'a.wav'", "encrypted")


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.tar.bz2"])
def test_bombs(tmp_path: Path, name: str) -> None:
    """A few kB that would be 100 MB: refused by the size of the archive, and by a limit that is given."""
    zeros, size = bytes(1 << 20), 100
    if name == "a.zip":
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as file, file.open("bomb", "w") as member:
            for _ in range(size):
                member.write(zeros)
    else:
        header = tarfile.TarInfo("bomb")
        header.size = size << 20
        with {"a.tar.gz": gzip.open, "a.tar.bz2": bz2.open}[name](tmp_path / name, "wb") as file:
            file.write(header.tobuf())
            for _ in range(size):
                file.write(zeros)
            file.write(bytes(10_240))
    assert (tmp_path / name).stat().st_size < 120_000
    refused(tmp_path / name, "would unpack to more than")
    refused(tmp_path / name, "would unpack to more than 1000 bytes", most_bytes=1000)


def test_a_tar_header_that_is_a_bomb(tmp_path: Path) -> None:
    """A long name of 200 MB, which tarfile would hold in memory."""
    for number, kind in enumerate((tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE)):
        header = tarfile.TarInfo("long")
        header.type, header.size = kind, 200 << 20
        with gzip.open(tmp_path / f"{number}.tar.gz", "wb", compresslevel=1) as file:
            file.write(header.tobuf())
            for _ in range(200):
                file.write(bytes(1 << 20))
    script = """
from pathlib import Path
from ttsprep.corpora.unpack import extract
from ttsprep.core.errors import CorpusError
for number in range(2):
    try:
        extract(Path(f"{number}.tar.gz"), Path("out"))
    except CorpusError as error:
        print(error)
(peak,) = [line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
assert int(peak) < 150_000, peak
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.count("header takes more than") == 2
    assert names(tmp_path) == ["0.tar.gz", "1.tar.gz"]


def test_a_million_empty_members(tmp_path: Path) -> None:
    blocks = [tarfile.TarInfo(f"{number:07}").tobuf() for number in range(10_000)]
    with gzip.open(tmp_path / "a.tar.gz", "wb", compresslevel=1) as file:
        file.write(b"".join(blocks))
    refused(tmp_path / "a.tar.gz", "more than 2000 members", most_members=2000)
    name = b"x"
    record = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, *[0] * 7, len(name), *[0] * 6) + name
    count, size = 1_000_000, 1_000_000 * len(record)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, size, 0, 0)  # its end states one, and is not believed
    (tmp_path / "a.zip").write_bytes(record * count + end)
    refused(tmp_path / "a.zip", "more than 500000 members")


def test_a_zip_that_lies_about_sizes(tmp_path: Path) -> None:
    """Its member states 10 bytes and holds 1 MB: never more than what is stated is written, and the lie is found."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.wav", bytes(1 << 20))
    data = bytearray((tmp_path / "a.zip").read_bytes())
    for place in (22, data.index(b"PK\1\2") + 24):
        data[place : place + 4] = struct.pack("<L", 10)
    (tmp_path / "a.zip").write_bytes(data)
    refused(tmp_path / "a.zip", "damaged")


def test_a_tar_member_of_negative_size(tmp_path: Path) -> None:
    header = bytearray(tarfile.TarInfo("a").tobuf())
    header[124:136] = b"\xff" * 11 + b"\x00"  # -256 in base 256
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    (tmp_path / "a.tar").write_bytes(bytes(header) + bytes(10_240))
    refused(tmp_path / "a.tar", "negative size")


@pytest.mark.parametrize("name", ["a.tar", "a.zip"])
def test_damage_anywhere_is_refused_or_does_no_harm(tmp_path: Path, name: str) -> None:
    if name == "a.zip":
        with zipfile.ZipFile(tmp_path / name, "w") as file:
            for member in ("C/a.wav", "C/\u00fc.txt"):
                file.writestr(member, "x" * 20)
    else:
        tar(tmp_path / name, [("C/\u00fc.txt", REG, "x" * 20)])
    whole = (tmp_path / name).read_bytes()
    random, refusals = Random(7), 0
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(random.choice([1, 2, 5])):
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        (tmp_path / name).write_bytes(data)
        try:
            extract(tmp_path / name, tmp_path / "out")
        except CorpusError:
            refusals += 1
        else:
            shutil.rmtree(tmp_path / "out")
        assert names(tmp_path) == [name]
    assert refusals > 20


def test_disk_full(tmp_path: Path) -> None:
    archive = tar(tmp_path / "a.tar", [("big.wav", REG, "x" * 200_000)])
    script = """
import resource, signal, sys
from pathlib import Path
from ttsprep.corpora.unpack import extract
from ttsprep.core.errors import OutputError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    extract(Path("a.tar"), Path("out"))
except OutputError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True
    )
    assert "disk full while writing out" in done.stdout
    assert names(tmp_path) == [archive.name]
