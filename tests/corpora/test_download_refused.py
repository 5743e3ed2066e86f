"""Servers that are busy, gone, or send something else: what is tried again, and what is refused."""

import time
from pathlib import Path

import pytest

from corpora.download_server import DATA, SHA256, Handler, Server, cut_off, names, quick, refused
from ttsprep.core.errors import OutputError, UsageError
from ttsprep.corpora.download import by_hand, fetch
from ttsprep.corpora.spec import Download


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
