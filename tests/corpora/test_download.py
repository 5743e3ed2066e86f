"""Fetching from a real server: whole, in pieces, from one that fails in every way that servers do."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from recorder import Recorder

from ttsprep.core.errors import CorpusError, OutputError, UsageError
from ttsprep.corpora.download import by_hand, fetch, file_name, verify_download
from ttsprep.corpora.spec import Download

DATA = random.Random(2).randbytes(1_500_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves DATA; what else it does is told by `answer`, which is asked first."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer: Callable[[Handler], bool] = lambda _: False
        self.data = DATA
        self.etag = '"v1"'
        self.ranges = True
        self.asked: list[tuple[str, str]] = []

    def handle_error(self, *_: object) -> None:
        """Keep quiet when a client goes away, which is what many of these tests are about."""

    def url(self, name: str = "corpus.tar.gz") -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "")
        self.server.asked.append((self.path, wanted))
        if self.server.answer(self):
            return
        self.serve(wanted)

    def serve(self, wanted: str, stop: int | None = None) -> None:
        data, start = self.server.data, 0
        if self.server.ranges and wanted and self.headers.get("If-Range", self.server.etag) == self.server.etag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        if self.server.etag:
            self.send_header("ETag", self.server.etag)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        self.wfile.write(data[start:stop])

    def fail(self, code: int, **headers: str) -> bool:
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return True


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def quick(download: Download, into: Path, **options) -> Path:
    return fetch(download, into, wait_s=0.001, **options)


def refused(download: Download, into: Path, *words: str, **options) -> str:
    with pytest.raises(CorpusError) as caught:
        quick(download, into, **options)
    message = str(caught.value)
    assert "\n" not in message
    for word in (*words, "by hand", download.url, str(into), "put it into"):
        assert word in message
    return message


def cut_off(times: int, size: int = 500_000) -> Callable[[Handler], bool]:
    """Return what breaks off the first answers after `size` bytes each."""
    left = [times]

    def answer(handler: Handler) -> bool:
        left[0] -= 1
        if left[0] < 0:
            return False
        wanted = handler.headers.get("Range", "")
        start = int(wanted[6:-1]) if wanted and handler.server.ranges else 0
        handler.serve(wanted, start + size)
        handler.close_connection = True
        return True

    return answer


def leave_a_part(server: Server, download: Download, into: Path) -> None:
    """Fetch the first third, after which the file is gone."""
    first = cut_off(1)
    server.answer = lambda handler: first(handler) or handler.fail(404)
    with pytest.raises(CorpusError, match="404"):
        quick(download, into)
    assert (into / ".corpus.tar.gz.part").stat().st_size == 500_000
    server.answer = lambda _: False
    server.asked.clear()


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


@pytest.mark.parametrize("code", [404, 403, 410])
def test_what_is_not_there_is_not_asked_for_again(server: Server, tmp_path: Path, code: int) -> None:
    server.answer = lambda handler: handler.fail(code)
    refused(Download(url=server.url(), sha256=SHA256, bytes=7), tmp_path, str(code), "7 bytes", SHA256)
    assert len(server.asked) == 1
    assert names(tmp_path) == []


def test_a_busy_server_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.answer = lambda handler: len(server.asked) <= 2 and handler.fail(503)
    assert quick(Download(url=server.url(), sha256=SHA256), tmp_path).read_bytes() == DATA
    assert len(server.asked) == 3
    server.answer = lambda handler: len(server.asked) == 4 and handler.fail(429, Retry_After="1")
    started = time.monotonic()
    quick(Download(url=server.url("other.zip"), sha256=SHA256), tmp_path)
    assert time.monotonic() - started >= 1


def test_a_server_that_stays_busy_is_given_up(server: Server, tmp_path: Path) -> None:
    server.answer = lambda handler: handler.fail(503)
    refused(Download(url=server.url(), sha256=SHA256), tmp_path, "503", attempts=4)
    assert len(server.asked) == 4


def test_a_server_that_never_gets_further_is_given_up(server: Server, tmp_path: Path) -> None:
    server.ranges, server.answer = False, cut_off(100)
    refused(Download(url=server.url(), sha256=SHA256), tmp_path, "500000 of 1500000", attempts=3)
    assert len(server.asked) == 4


def test_a_connection_that_dies(server: Server, tmp_path: Path) -> None:
    def answer(handler: Handler) -> bool:
        if len(server.asked) == 1:
            handler.connection.close()
        elif len(server.asked) == 2:
            time.sleep(0.4)
        return len(server.asked) <= 2

    server.answer = answer
    assert quick(Download(url=server.url(), sha256=SHA256), tmp_path, timeout_s=0.2).read_bytes() == DATA
    assert len(server.asked) == 3


def test_redirects(server: Server, tmp_path: Path) -> None:
    def answer(handler: Handler) -> bool:
        return handler.path.startswith("/from") and handler.fail(302, Location=server.url("to.bin"))

    server.answer = answer
    assert quick(Download(url=server.url("from.zip"), sha256=SHA256), tmp_path) == tmp_path / "from.zip"
    server.answer = lambda handler: handler.fail(302, Location="http://example.invalid/x")
    refused(Download(url=server.url("a.zip")), tmp_path, "only https")
    server.answer = lambda handler: handler.fail(302, Location="file:///etc/passwd")
    refused(Download(url=server.url("b.zip")), tmp_path, "not allowed")
    server.answer = lambda handler: handler.fail(302, Location=server.url("loop.zip"))
    refused(Download(url=server.url("loop.zip")), tmp_path, "302")


def test_too_much_and_too_little(server: Server, tmp_path: Path) -> None:
    for size in (len(DATA) - 1, len(DATA) + 1):
        refused(Download(url=server.url(), bytes=size), tmp_path, f"the server has {len(DATA)}", str(size))

    def endless(handler: Handler) -> bool:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(DATA[:100_000])
        return True

    server.answer = endless
    refused(Download(url=server.url(), bytes=2_000_000), tmp_path, "sends more than 2000000 bytes")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2_000_200

    def short(handler: Handler) -> bool:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(DATA[:1000])
        return True

    server.answer = short
    refused(Download(url=server.url("s.zip"), bytes=2_000), tmp_path, "sent 1000 bytes, where 2000")


def test_a_web_page_is_no_archive(server: Server, tmp_path: Path) -> None:
    def answer(handler: Handler) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html; charset=utf-8")
        handler.end_headers()
        handler.wfile.write(b"<html>Please log in")
        return True

    server.answer = answer
    refused(Download(url=server.url()), tmp_path, "web page")
    assert names(tmp_path) == []


def test_no_network_says_what_to_do(server: Server, tmp_path: Path) -> None:
    url = server.url()
    server.shutdown()
    server.server_close()
    message = refused(
        Download(url=url, sha256=SHA256, bytes=9), tmp_path, "no connection", "9 bytes", SHA256, attempts=2
    )
    assert message.endswith(by_hand(Download(url=url, sha256=SHA256, bytes=9), tmp_path))


def test_a_disk_that_is_too_small(server: Server, tmp_path: Path) -> None:
    def answer(handler: Handler) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", str(1 << 60))
        handler.end_headers()
        return True

    server.answer = answer
    with pytest.raises(OutputError, match="disk full"):
        quick(Download(url=server.url(), bytes=1 << 60), tmp_path)


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


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.zip",
        "ftp://example.org/a.zip",
        "file:///etc/passwd",
        "https://example.org/",
        "https://example.org/..",
        "https://example.org/%2e%2e",
        "https://example.org/a%2Fb/..%2F",
        "https://example.org/.hidden",
    ],
)
def test_urls_that_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        fetch(Download(url=url), tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_file_names() -> None:
    assert file_name("https://example.org/a/LJSpeech-1.1.tar.bz2?download=true#x") == "LJSpeech-1.1.tar.bz2"
