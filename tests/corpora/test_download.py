"""Fetching from a real server: whole, in pieces, from one that fails in every way that servers do."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from recorder import Recorder

from corpora.download_server import DATA, SHA256, Handler, Server, cut_off, leave_a_part, names, quick, refused
from ttsprep.core.errors import CorpusError
from ttsprep.corpora.download import file_name, verify_download
from ttsprep.corpora.spec import Download


def test_a_file_is_fetched_once(server: Server, tmp_path: Path) -> None:
    download = Download(url=server.url(), sha256=SHA256, bytes=len(DATA))
    progress = Recorder()
    path = quick(download, tmp_path / "new" / "folder", progress=progress)
    assert path == tmp_path / "new" / "folder" / "corpus.tar.gz"
    assert path.read_bytes() == DATA
    assert names(path.parent) == ["corpus.tar.gz"]
    assert progress.transfers[-1] == ("fetching corpus.tar.gz", len(DATA), len(DATA))
    assert progress.transfers == sorted(progress.transfers)
    quick(download, path.parent)
    assert server.asked == [("/corpus.tar.gz", "")]


def test_what_was_put_there_by_hand_is_verified(server: Server, tmp_path: Path) -> None:
    download = Download(url=server.url(), sha256=SHA256, bytes=len(DATA))
    path = tmp_path / "corpus.tar.gz"
    path.write_bytes(DATA)
    assert quick(download, tmp_path) == path
    path.write_bytes(DATA[:-1])
    with pytest.raises(CorpusError, match=f"{len(DATA) - 1} bytes and not {len(DATA)}"):
        quick(download, tmp_path)
    path.write_bytes(DATA[:-1] + b"x")
    with pytest.raises(CorpusError, match=f"recipe says {SHA256}"):
        verify_download(path, download)
    assert path.exists()  # what a person put there is never removed
    assert server.asked == []


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("etag", ['"v1"', 'W/"weak"', ""])
def test_a_broken_transfer_goes_on(server: Server, tmp_path: Path, ranges: bool, etag: str) -> None:
    server.ranges, server.etag, server.answer = ranges, etag, cut_off(2)
    path = quick(Download(url=server.url(), sha256=SHA256, bytes=len(DATA)), tmp_path)
    assert path.read_bytes() == DATA
    assert names(tmp_path) == ["corpus.tar.gz"]
    assert [wanted for _, wanted in server.asked] == [
        "",
        "bytes=500000-",
        "bytes=1000000-" if ranges else "bytes=500000-",
    ]


def test_without_digest_and_validator_it_starts_again(server: Server, tmp_path: Path) -> None:
    server.etag, server.answer = "", cut_off(1)
    assert quick(Download(url=server.url()), tmp_path).read_bytes() == DATA
    assert [wanted for _, wanted in server.asked] == ["", ""]


def test_a_file_that_changed_half_way_is_fetched_anew(server: Server, tmp_path: Path) -> None:
    first = cut_off(1)

    def answer(handler: Handler) -> bool:
        done = first(handler)
        server.data, server.etag = DATA[::-1], '"v2"'
        return done

    server.answer = answer
    assert quick(Download(url=server.url()), tmp_path).read_bytes() == DATA[::-1]


def test_a_changed_file_without_a_validator_is_seen_by_its_digest(server: Server, tmp_path: Path) -> None:
    server.etag, server.data, server.answer = "", DATA[::-1], cut_off(1)
    download = Download(url=server.url(), sha256=SHA256)
    (tmp_path / "x").mkdir()
    refused(download, tmp_path / "x", "SHA-256", SHA256)

    def swap(handler: Handler) -> bool:
        server.data = DATA  # the old file's first part, then the new one's second: the digest tells
        return first(handler)

    first = cut_off(1)
    server.answer = swap
    server.data = DATA[::-1]
    assert quick(download, tmp_path).read_bytes() == DATA


def test_a_part_of_another_url_is_not_gone_on_with(server: Server, tmp_path: Path) -> None:
    leave_a_part(server, Download(url=server.url("old/corpus.tar.gz"), sha256=SHA256), tmp_path)
    assert quick(Download(url=server.url(), sha256=SHA256), tmp_path).read_bytes() == DATA
    assert server.asked[-1] == ("/corpus.tar.gz", "")


def test_a_whole_part_needs_no_server(server: Server, tmp_path: Path) -> None:
    download = Download(url=server.url(), sha256=SHA256)
    leave_a_part(server, download, tmp_path)
    (tmp_path / ".corpus.tar.gz.part").write_bytes(DATA)
    note = tmp_path / ".corpus.tar.gz.part.json"
    assert json.loads(note.read_text(encoding="utf-8"))["total"] == len(DATA)
    assert quick(download, tmp_path).read_bytes() == DATA
    assert server.asked == []


def test_a_part_that_is_too_long(server: Server, tmp_path: Path) -> None:
    leave_a_part(server, Download(url=server.url()), tmp_path)
    (tmp_path / ".corpus.tar.gz.part").write_bytes(DATA * 2)
    server.answer = lambda handler: bool(handler.headers.get("Range")) and handler.fail(416)
    assert quick(Download(url=server.url()), tmp_path).read_bytes() == DATA


def test_a_wrong_digest_is_fetched_once_and_refused(server: Server, tmp_path: Path) -> None:
    refused(Download(url=server.url(), sha256="0" * 64), tmp_path, SHA256, "0" * 64)
    assert names(tmp_path) == []
    assert len(server.asked) == 1


def test_without_a_digest_that_of_the_first_download_is_kept(server: Server, tmp_path: Path) -> None:
    download = Download(url=server.url())
    path = quick(download, tmp_path)
    assert (tmp_path / "corpus.tar.gz.sha256").read_text(encoding="utf-8") == f"{SHA256}  corpus.tar.gz\n"
    path.write_bytes(DATA[:-1] + b"x")
    with pytest.raises(CorpusError, match=r"corpus\.tar\.gz\.sha256 says"):
        quick(download, tmp_path)
    path.unlink()
    server.data = DATA[::-1]
    refused(download, tmp_path, SHA256)


def test_a_link_in_place_of_the_part_is_not_written_through(server: Server, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine", encoding="utf-8")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / ".corpus.tar.gz.part").symlink_to(tmp_path / "precious")
    quick(Download(url=server.url(), sha256=SHA256), tmp_path / "in")
    assert (tmp_path / "precious").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "in" / "corpus.tar.gz").is_symlink()


def test_a_killed_download_goes_on(server: Server, tmp_path: Path) -> None:
    def slow(handler: Handler) -> bool:
        handler.send_response(206 if handler.headers.get("Range") else 200)
        start = int(handler.headers.get("Range", "bytes=0-")[6:-1])
        handler.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
        handler.send_header("ETag", server.etag)
        handler.send_header("Content-Length", str(len(DATA) - start))
        handler.end_headers()
        for place in range(start, len(DATA), 50_000):
            handler.wfile.write(DATA[place : place + 50_000])
            time.sleep(0.02)
        return True

    server.answer = slow
    script = """
import sys
from pathlib import Path
from ttsprep.corpora.download import fetch
from ttsprep.corpora.spec import Download
fetch(Download(url=sys.argv[1], sha256=sys.argv[2]), Path(sys.argv[3]))
"""
    part = tmp_path / ".corpus.tar.gz.part"
    command = [sys.executable, "-c", script, server.url(), SHA256, str(tmp_path)]
    process = subprocess.Popen(command, env=os.environ | {"no_proxy": "*"}, stderr=subprocess.DEVNULL)
    while process.poll() is None and not (part.exists() and part.stat().st_size > 300_000):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "corpus.tar.gz").exists()
    server.answer = lambda _: False
    assert quick(Download(url=server.url(), sha256=SHA256), tmp_path).read_bytes() == DATA
    assert int(server.asked[-1][1].removeprefix("bytes=")[:-1]) >= 300_000
    assert names(tmp_path) == ["corpus.tar.gz"]


def test_file_names() -> None:
    assert file_name("https://example.org/a/LJSpeech-1.1.tar.bz2?download=true#x") == "LJSpeech-1.1.tar.bz2"
