"""Finding a corpus: in the places that are said, in archives that lie there, or fetched from a real server."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from recorder import Recorder

from corpora.download_server import Server
from corpora.shards.test_parquet import SCHEMA, rows, shard
from corpora.test_unpack import content, tar, zipped
from ttsprep.core.errors import BusyError, CorpusError, OutputError, UsageError
from ttsprep.core.files import lock
from ttsprep.corpora.shards.unpacking import MARK
from ttsprep.corpora.source import Needs, find, get, home, needs, places, readable, size_in_words
from ttsprep.corpora.spec import Download, Source

FILES = {"Corpus-1.0/metadata.csv": b"a|Call me Ishmael.\n", "Corpus-1.0/wavs/a.wav": b"RIFF"}
INSIDE = {"metadata.csv": b"a|Call me Ishmael.\n", "wavs/a.wav": b"RIFF"}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def never(_: Needs) -> bool:
    raise AssertionError("nothing was to be fetched")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a home of its own."""
    for name in ("here", "data", "env", "home"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("TTSPREP_DATA", raising=False)
    monkeypatch.delenv("TTSPREP_CACHE")
    return tmp_path


def put(folder: Path) -> Path:
    (folder / "wavs").mkdir(parents=True)
    (folder / "wavs" / "a.wav").write_bytes(b"RIFF")
    return folder


def served(server: Server, archive: Path) -> Source:
    server.data = archive.read_bytes()
    download = Download(url=server.url(archive.name), sha256=digest(archive), bytes=len(server.data))
    return Source(name="Corpus-1.0", page="https://example.org/corpus", licence="CC0", downloads=(download,))


def test_the_places_in_their_order(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = here / "home" / ".cache" / "ttsprep"
    assert places() == [here / "here", cache]
    monkeypatch.setenv("TTSPREP_DATA", str(here / "env"))
    assert places(here / "data") == [here / "here", here / "data", here / "env"]
    source = Source(name="Corpus-1.0")
    for place in (here / "env", here / "data", here / "here"):  # from the last to the first
        put(place / "Corpus-1.0")
        assert find(source, data=here / "data") == place / "Corpus-1.0"
        assert get(source, data=here / "data", confirm=never) == place / "Corpus-1.0"
    assert find(source, data=here / "data" / "Corpus-1.0") == here / "data" / "Corpus-1.0"


def test_what_is_fetched_lies_in_one_place(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home() == here / "home" / ".cache" / "ttsprep"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # to be ignored, says its specification
    assert home() == here / "home" / ".cache" / "ttsprep"
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "xdg"))
    assert home() == here / "xdg" / "ttsprep"
    monkeypatch.setenv("TTSPREP_DATA", str(here / "env"))
    assert home() == here / "env"
    assert home(here / "data") == here / "data"


def test_no_home_at_all(here: Path) -> None:
    script = """
import os, pwd
os.environ.clear()
def nobody(number):
    raise KeyError(number)
pwd.getpwuid = nobody
from ttsprep.corpora.source import home, places
print(home(), *places())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True)
    folder = here / "here"
    assert done.stdout.split() == [f"{folder}/ttsprep-data", str(folder), f"{folder}/ttsprep-data"]


def test_an_empty_folder_or_a_file_is_no_corpus(here: Path) -> None:
    (here / "here" / "Corpus-1.0").mkdir()
    assert find(Source(name="Corpus-1.0")) is None
    (here / "here" / "Other").write_text("", encoding="utf-8")
    assert find(Source(name="Other")) is None


@pytest.mark.parametrize("name", ["", "../up", "/abs", ".", "..", "a/b", "a\0b"])
def test_names_that_are_no_folder(here: Path, name: str) -> None:
    with pytest.raises(UsageError):
        find(Source(name=name))
    with pytest.raises(UsageError):
        needs(Source(name=name))


def test_a_corpus_is_fetched_when_a_person_agrees(here: Path, server: Server) -> None:
    source = served(server, tar(here / "corpus.tar.gz", FILES, "w:gz"))
    asked: list[Needs] = []
    progress = Recorder()
    told = progress.transfers

    def agree(todo: Needs) -> bool:
        asked.append(todo)
        return True

    folder = get(source, data=here / "data", confirm=agree, progress=progress)
    assert folder == here / "data" / "Corpus-1.0"
    assert content(folder) == INSIDE
    text = asked[0].describe()
    for words in (
        "Corpus-1.0",
        source.downloads[0].url,
        size_in_words(len(server.data)),
        str(folder),
        "CC0",
        source.page,
    ):
        assert words in text
    assert asked[0].bytes == len(server.data)
    assert told[0] == ("fetching corpus.tar.gz", len(server.data), len(server.data))
    assert told[-1] == ("unpacking Corpus-1.0", sum(map(len, FILES.values())), 0)
    assert get(source, data=here / "data", confirm=never) == folder
    assert len(server.asked) == 1
    assert sorted(path.name for path in (here / "data").iterdir()) == ["Corpus-1.0", "downloads"]


def test_nothing_is_fetched_when_a_person_does_not_agree(here: Path, server: Server) -> None:
    source = served(server, tar(here / "corpus.tar.gz", FILES, "w:gz"))
    with pytest.raises(CorpusError) as caught:
        get(source, confirm=lambda _: False)
    for words in ("was not fetched", source.downloads[0].url, source.downloads[0].sha256, ".cache/ttsprep/downloads"):
        assert words in str(caught.value)
    assert server.asked == []
    assert not (here / "home" / ".cache").exists()


@pytest.mark.parametrize("place", ["here", "data", "data/downloads/Corpus-1.0", "env"])
def test_an_archive_that_lies_there_is_unpacked(
    here: Path, server: Server, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTSPREP_DATA", str(here / "env"))
    archive = zipped(here / "corpus.zip", FILES)
    source = served(server, archive)
    (here / place).mkdir(parents=True, exist_ok=True)
    archive.rename(here / place / "corpus.zip")
    assert find(source, data=here / "data") is None
    folder = get(source, data=here / "data", confirm=never)
    assert folder == here / "data" / "Corpus-1.0"
    assert content(folder) == INSIDE
    assert server.asked == []
    assert (here / place / "corpus.zip").exists()


def test_an_archive_of_another_corpus_is_left_alone(here: Path, server: Server) -> None:
    source = served(server, tar(here / "corpus.tar.gz", FILES, "w:gz"))
    other = here / "here" / "corpus.tar.gz"
    other.write_bytes(b"of another corpus")
    assert content(get(source, confirm=lambda _: True)) == INSIDE
    assert other.read_bytes() == b"of another corpus"


def test_a_damaged_archive_is_named_and_kept(here: Path, server: Server) -> None:
    source = served(server, tar(here / "corpus.tar.gz", FILES, "w:gz"))
    folder = here / "data" / "downloads" / "Corpus-1.0"
    folder.mkdir(parents=True)
    (folder / "corpus.tar.gz").write_bytes(server.data[:-1] + b"x")
    with pytest.raises(CorpusError, match="SHA-256"):
        get(source, data=here / "data", confirm=never)
    assert (folder / "corpus.tar.gz").exists()
    assert not (here / "data" / "Corpus-1.0").exists()


def test_several_archives(here: Path, server: Server) -> None:
    first = tar(here / "one.tar", {"Corpus-1.0/one/a.wav": b"1"})
    second = tar(here / "two.tar", {"Corpus-1.0/two/b.wav": b"2"})
    blobs = {f"/{path.name}": path.read_bytes() for path in (first, second)}
    one, two = (Download(url=server.url(path.name), sha256=digest(path)) for path in (first, second))

    def answer(handler) -> bool:
        server.data, server.etag = blobs[handler.path], f'"{handler.path}"'
        return False

    server.answer = answer
    first.rename(here / "here" / first.name)
    source = Source(name="Corpus-1.0", downloads=(one, two))
    todo = needs(source)
    assert todo.missing == (two,)
    assert todo.there == (here / "here" / "one.tar",)
    assert "of unknown size" in todo.describe()
    assert content(get(source, confirm=lambda _: True)) == {"one/a.wav": b"1", "two/b.wav": b"2"}
    assert [name for name, _ in server.asked] == ["/two.tar"]


def test_parquet_is_unpacked_as_well(here: Path, server: Server) -> None:
    source = served(server, shard(here / "train.parquet", rows(0, 3), SCHEMA))
    folder = get(source, confirm=lambda _: True)
    assert sorted(content(folder)) == [MARK, "audio/000.wav", "audio/001.wav", "audio/002.wav", "metadata.jsonl"]


def test_two_runs_at_once(here: Path, server: Server) -> None:
    source = served(server, tar(here / "corpus.tar.gz", FILES, "w:gz"))
    with lock(here / "data" / "downloads" / "Corpus-1.0"), pytest.raises(BusyError):
        get(source, data=here / "data", confirm=lambda _: True)
    assert server.asked == []


def test_a_corpus_that_only_a_person_can_fetch(here: Path) -> None:
    source = Source(name="cv-corpus", page="https://example.org/get", licence="CC0")
    with pytest.raises(CorpusError) as caught:
        get(source, confirm=never)
    for words in ("cv-corpus", source.page, str(here / "here"), ".cache/ttsprep/cv-corpus", "--source"):
        assert words in str(caught.value)


def test_a_place_that_cannot_be_written(here: Path, server: Server) -> None:
    source = served(server, tar(here / "corpus.tar.gz", FILES, "w:gz"))
    (here / "data" / "downloads").write_text("in the way", encoding="utf-8")
    with pytest.raises(OutputError, match="downloads"):
        get(source, data=here / "data", confirm=lambda _: True)


def test_a_corpus_with_audio_files_is_readable_as_it_is(here: Path) -> None:
    folder = put(here / "corpus")
    assert readable(folder) == folder
    table = folder / "metadata.csv"
    table.write_text("a|Text\n", encoding="utf-8")
    assert readable(table) == table
    (folder / "damaged.parquet").write_bytes(b"PAR1 of something else")
    assert readable(folder) == folder
    assert not (here / "home" / ".cache").exists()


def test_a_folder_of_damaged_shards_is_refused(here: Path) -> None:
    shard(here / "corpus" / "a.parquet", rows(0, 1), SCHEMA).write_bytes(b"PAR1")
    with pytest.raises(CorpusError, match=r"a\.parquet is damaged"):
        readable(here / "corpus")


def test_shards_are_made_readable_outside_of_the_corpus(here: Path) -> None:
    path = here / "corpus" / "data" / "train-00000-of-00001.parquet"
    shard(path, rows(0, 5), SCHEMA)
    before = content(here / "corpus")
    progress = Recorder()
    told = progress.transfers
    folder = readable(here / "corpus", data=here / "data", progress=progress)
    assert folder.is_relative_to(here / "data" / "unpacked")
    assert len((folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines()) == 5
    assert content(here / "corpus") == before
    assert [(what, done) for what, done, _ in told] == [
        ("unpacking corpus", n * path.stat().st_size // 5) for n in range(1, 6)
    ]
    told.clear()
    assert readable(here / "corpus", data=here / "data", progress=progress) == folder
    assert told == []
    shard(here / "other" / "corpus" / "a.parquet", rows(5, 1), SCHEMA)
    assert readable(here / "other" / "corpus", data=here / "data") != folder
    assert json.loads((folder / MARK).read_text(encoding="utf-8"))[0][0] == "train-00000-of-00001.parquet"


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (2_748_572_632, "2.7 GB"),
        (3_000_000_000_000_000, "3000.0 TB"),
    ],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert size_in_words(size) == words
