"""A server that fails in every way that servers do."""

import hashlib
import random
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ttsprep.core.errors import CorpusError
from ttsprep.corpora.download import fetch
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
