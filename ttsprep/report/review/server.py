"""The server of the review page: this machine alone, for whoever has the token, and only the clips of one audit.

The standard library's server is enough: one reader, a few requests a key, no dependency, nothing to start. What it
lacks is here: a token compared in constant time, names of this machine only in ``Host`` (or a page elsewhere could
point its own name at 127.0.0.1), ``Origin`` seen before anything is saved, and parts of files for players that seek.
"""

import hmac
import json
import os
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ttsprep.core.errors import AudioError, OutputError, TtsprepError
from ttsprep.core.untrusted import parse_count, parse_json
from ttsprep.report.review.decisions_file import ConflictError
from ttsprep.report.review.session import Session
from ttsprep.report.review.sound import Cache, picture_of, sound_of

ADDRESS = "127.0.0.1"
NAMES = {ADDRESS, "localhost"}
"""Names of this machine in a request, whatever the port: it may be that of a tunnel."""
MOST_SENT = 1 << 20
"""Bytes of a request that saves decisions."""
BLOCK = 1 << 18
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; media-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
PAGE = {
    "/": ("text/html; charset=utf-8", ("review/review.html",)),
    "/review.css": ("text/css; charset=utf-8", ("templates/report.css", "review/review.css")),
    "/review.js": ("text/javascript; charset=utf-8", ("review/saving.js", "review/review.js")),
}
"""Files of the page: media type, and the files that they are put together from."""
CLIP = re.compile(r"/clips/(0|[1-9][0-9]{0,8})/(audio|picture|details)")
RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


class ReviewServer(ThreadingHTTPServer):
    """Serves a session on a port of this machine.

    Parameters
    ----------
    session
        What is reviewed.
    token
        Whoever has it may read and decide.
    port
        0 for any that is free.
    on_fault
        Receives what goes wrong in ttsprep itself.
    """

    daemon_threads = True

    def __init__(self, session: Session, token: str, port: int, on_fault: Callable[[Exception], object]) -> None:
        super().__init__((ADDRESS, port), _Handler)
        self.session, self.token, self.cache, self._on_fault = session, token, Cache(), on_fault
        self.painter = ThreadPoolExecutor(1, "painter")
        """Makes all pictures: one after another they leave time for the audio, and share memory."""

    def server_bind(self) -> None:
        """Bind, without the question for the name of this machine that the standard library asks, of a server even."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = ADDRESS, int(self.server_address[1])

    @property
    def url(self) -> str:
        """The address of the page, with the token."""
        return f"http://{ADDRESS}:{self.server_port}/?token={self.token}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report a fault, but not a browser that went away in the middle of a file, nor what it asks after the end."""
        fault, ended = sys.exception(), self.fileno() < 0
        if isinstance(fault, Exception) and not ended and not isinstance(fault, ConnectionError | TimeoutError):
            self._on_fault(fault)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "ttsprep", ""
    timeout = 60
    disable_nagle_algorithm = True
    server: ReviewServer

    def log_message(self, *_: Any) -> None:
        """Log nothing: requests hold ids of clips, and the first one the token."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        token = parse_qs(url.query).get("token", [""])[0] if url.path == "/" else ""
        if not self._admitted(token):
            return
        session = self.server.session
        try:
            if url.path in PAGE:
                kind, files = PAGE[url.path]
                folder = resources.files("ttsprep.report")
                self._send(kind, b"\n".join(folder.joinpath(name).read_bytes() for name in files), cookie=bool(token))
            elif url.path == "/session":
                self._send_json(session.document())
            elif url.path == "/decisions":
                self._send_json(session.decided())
            elif (match := CLIP.fullmatch(url.path)) and int(match[1]) < len(session.ids):
                self._send_clip(int(match[1]), match[2])
            else:
                self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")
        except AudioError as error:
            self._refuse(HTTPStatus.NOT_FOUND, str(error))
        except TtsprepError as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, str(error))

    def do_POST(self) -> None:
        length = parse_count(self.headers.get("Content-Length", ""))
        if length is None or length > MOST_SENT:
            self.close_connection = True
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"send at most {MOST_SENT:,} bytes")
            return
        body = self.rfile.read(length)
        if not self._admitted(""):
            return
        origin = self.headers.get("Origin", "")
        if origin != f"http://{self.headers['Host']}" or self.path != "/decisions":
            self._refuse(HTTPStatus.FORBIDDEN, "decisions are saved by the review page alone")
            return
        session = self.server.session
        try:
            changes = parse_json(body)
            if not isinstance(changes, list) or not all(isinstance(change, dict) for change in changes):
                raise ValueError
            session.save(changes)
            self._send_json({"saved": len(changes)})
        except ConflictError as error:
            self._send_json({"current": session.numbered(error.current)}, HTTPStatus.CONFLICT)
        except OutputError as error:
            self._refuse(HTTPStatus.INSUFFICIENT_STORAGE, str(error))
        except TtsprepError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except ValueError:
            self._refuse(HTTPStatus.BAD_REQUEST, "send a list of decisions in JSON")

    def _admitted(self, token: str) -> bool:
        """Whether a request is for this machine and has the token, in the address or in the cookie."""
        name, _, _ = self.headers.get("Host", "").rpartition(":")
        if (name or self.headers.get("Host", "")) not in NAMES:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "this server answers to 127.0.0.1 and localhost only")
            return False
        try:
            held = SimpleCookie(self.headers.get("Cookie", "")).get(self._cookie)
        except CookieError:
            held = None
        given = token or (held.value if held else "")
        if hmac.compare_digest(given.encode(), self.server.token.encode()):
            return True
        self._refuse(HTTPStatus.FORBIDDEN, "open the address that ttsprep review has printed: it holds the token")
        return False

    @property
    def _cookie(self) -> str:
        return f"ttsprep-review-{self.server.server_port}"  # cookies do not tell ports apart

    def _send_clip(self, number: int, what: str) -> None:
        session, cache = self.server.session, self.server.cache
        if what == "details":
            self._send_json(session.details(number))
        elif what == "picture":
            job = (session.root, session.clip(number), session.row(number)["sha256"], cache)
            self._send("application/json", self.server.painter.submit(picture_of, *job).result())
        else:
            sound = sound_of(session.root, session.clip(number), cache)
            if sound.path is None:
                self._send_part(sound.kind, len(sound.data), lambda start, size: [sound.data[start : start + size]])
                return
            try:
                descriptor = os.open(sound.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError as error:
                raise AudioError("audio-unreadable", f"cannot be opened: {error.strerror}") from None
            with os.fdopen(descriptor, "rb") as file:
                size = os.fstat(descriptor).st_size

                def blocks(start: int, size: int) -> Any:
                    file.seek(start)
                    while size > 0 and (data := file.read(min(size, BLOCK))):
                        size -= len(data)
                        yield data

                self._send_part(sound.kind, size, blocks)

    def _send_part(self, kind: str, size: int, blocks: Any) -> None:
        """Send a file, or the one range of it that is asked for (RFC 9110, section 14)."""
        asked = RANGE.fullmatch(self.headers.get("Range", "").strip())
        if asked and (not asked[1] + asked[2] or (asked[1] and asked[2] and int(asked[2]) < int(asked[1]))):
            asked = None  # no range: the header is left aside
        first, last = 0, size - 1
        if asked and asked[1]:
            first, last = int(asked[1]), min(int(asked[2] or last), last)
        elif asked and asked[2]:
            first = max(0, size - int(asked[2]))
        if first > last:
            self._start(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, kind, 0, {"Content-Range": f"bytes */{size}"})
            return
        part = {"Content-Range": f"bytes {first}-{last}/{size}"} if asked else {}
        status = HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK
        self._start(status, kind, last - first + 1, {"Accept-Ranges": "bytes"} | part)
        for block in blocks(first, last - first + 1):
            self.wfile.write(block)

    def _send_json(self, document: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send("application/json", json.dumps(document, ensure_ascii=False).encode(), status)

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self._send("text/plain; charset=utf-8", f"{why}\n".encode(errors="replace"), status)

    def _send(self, kind: str, data: bytes, status: HTTPStatus = HTTPStatus.OK, *, cookie: bool = False) -> None:
        cookies = {"Set-Cookie": f"{self._cookie}={self.server.token}; Path=/; HttpOnly; SameSite=Strict"}
        self._start(status, kind, len(data), cookies if cookie else {})
        self.wfile.write(data)

    def _start(self, status: HTTPStatus, kind: str, size: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(size), **HEADERS, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
