"""Fetching one file over HTTPS: resumable, verified, and never more than was said.

The standard library does it: a corpus is a few large files over one connection each, which needs neither pools nor
HTTP/2, and ``urllib`` knows the system's certificates and proxies. What it leaves out is here: going on where a
broken transfer stopped (RFC 9110, sections 13 and 14), trying again, and proof that the file is the one that was meant.
"""

import errno
import hashlib
import json
import os
import re
import shutil
import socket
import ssl
import time
import urllib.request
from dataclasses import asdict, dataclass, replace
from email.message import Message
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit

from ttsprep.core.errors import CorpusError, OutputError, UsageError
from ttsprep.core.files import atomic_write, writing
from ttsprep.core.package import __version__
from ttsprep.core.progress import NO_PROGRESS, Progress
from ttsprep.core.untrusted import parse_count, read_json
from ttsprep.corpora.spec import Download

_MOST = 1 << 40
"""Bytes of a file whose size the recipe does not say."""
_CHUNK = 1 << 18
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_SHA256 = re.compile(r"[0-9a-f]{64}")


def file_name(url: str) -> str:
    """Return the name of the file behind `url`.

    Raises
    ------
    UsageError
        If it has none that is safe, or would be fetched by other means than HTTPS.
    """
    _refuse_insecure(url)
    name = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
    if not re.fullmatch(r"[\w][\w.+ -]{0,149}", name):
        raise UsageError(f"{url} does not end in the name of a file")
    return name


def fetch(
    download: Download,
    into: Path,
    progress: Progress = NO_PROGRESS,
    *,
    attempts: int = 6,
    wait_s: float = 1.0,
    timeout_s: float = 30.0,
) -> Path:
    """Fetch a file into the folder `into`, unless it is there, and return its path.

    What has arrived lies in ``.NAME.part`` until all has, and the next call goes on from there. Only one process
    may fetch into `into` (see `files.lock`). Where the recipe has no digest, that of the first download is kept in
    ``NAME.sha256``, and later ones are held against it.

    Parameters
    ----------
    download
        Where it is, and what is known of it.
    into
        Folder, made if missing.
    progress
        Receives the bytes that are there so far.
    attempts
        Tries in a row that bring nothing, before it is given up.
    wait_s
        Before the second try; twice as long before each further one.
    timeout_s
        Without a single byte, after which a connection is held to be dead.

    Raises
    ------
    CorpusError
        If it cannot be fetched, or is not what the recipe says; tells how to do it by hand.
    OutputError
        If the disk is full or `into` cannot be written.
    """
    path = into / file_name(download.url)
    with writing(path):
        into.mkdir(parents=True, exist_ok=True)
    if path.exists():
        verify_download(path, download)
        return path
    transfer = _Transfer(download, path, progress, timeout_s)
    idle = 0
    while True:
        before = transfer.size()
        try:
            transfer.go_on()
            return path
        except _Passing as error:
            wrong = error
        except OSError as error:  # URLError and socket errors are OSErrors; those of the disk are OutputErrors by now
            wrong = _Passing(_reason(error), hopeless=_is_final(error) and not transfer.size())
        except HTTPException as error:
            wrong = _Passing(f"the server broke off: {error!r}")
        idle = 0 if transfer.size() > before + _CHUNK else idle + 1
        if idle >= attempts or wrong.hopeless:
            raise CorpusError(f"cannot fetch {path.name}: {wrong}; {by_hand(download, into)}") from None
        time.sleep(max(wrong.wait_s, wait_s * 2 ** (idle - 1)) if idle else 0)


def by_hand(download: Download, into: Path) -> str:
    """Return what a person does who fetches the file without us."""
    size = f"{download.bytes} bytes" if download.bytes else ""
    digest = f"SHA-256 {download.sha256}" if download.sha256 else ""
    known = ", ".join(filter(None, (size, digest)))
    return (
        f"fetch {download.url} by hand{f' ({known})' if known else ''}, put it into {into.absolute()} as "
        f"{file_name(download.url)}, and give the same command again"
    )


def verify_download(path: Path, download: Download) -> None:
    """See that a file is the one that the recipe means.

    Raises
    ------
    CorpusError
        If its size or digest is another.
    """
    size = path.stat().st_size
    if download.bytes and size != download.bytes:
        raise CorpusError(
            f"{path} has {size} bytes and not {download.bytes}: it is another file, or a part of it; remove it"
        )
    known, whose = _expected(path, download)
    if not known:
        return
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != known:
        raise CorpusError(
            f"{path} has the SHA-256 {digest}, and {whose} says {known}: it is damaged, or was changed by its "
            "publisher; remove it to fetch it again"
        )


def _expected(path: Path, download: Download) -> tuple[str, str]:
    """Return the digest that a file must have, and who says so; "" where nobody does."""
    if download.sha256:
        return download.sha256, "the recipe"
    note = _note(path)
    try:
        match = _SHA256.match(note.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return "", ""
    return (match[0], str(note)) if match else ("", "")


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


class _Passing(Exception):
    """What went wrong in one try, and may go well in the next."""

    def __init__(self, message: str, *, wait_s: float = 0.0, hopeless: bool = False) -> None:
        super().__init__(message)
        self.wait_s, self.hopeless = wait_s, hopeless


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the server said of the file that a part belongs to."""

    url: str
    validator: str = ""
    total: int = 0


class _Transfer:
    """A file on its way."""

    def __init__(self, download: Download, path: Path, progress: Progress, timeout_s: float) -> None:
        self.download, self.path, self.progress, self.timeout_s = download, path, progress, timeout_s
        self.part = path.with_name(f".{path.name}.part")
        self.note = path.with_name(f".{path.name}.part.json")
        self.most = download.bytes or _MOST

    def size(self) -> int:
        """Return the bytes that have arrived."""
        try:
            return self.part.stat().st_size
        except FileNotFoundError:
            return 0

    def go_on(self) -> None:
        """Fetch what is missing, and give the file its name.

        Raises
        ------
        _Passing, OSError, HTTPException
            If that did not go well.
        """
        seen = self._seen()
        pieced = seen is not None
        if seen is None or self.size() > self.most:
            self._start_again()
            seen = _Seen(self.download.url)
        if not (seen.total and self.size() == seen.total):
            seen = self._receive(seen)
        self._finish(seen, pieced)

    def _seen(self) -> _Seen | None:
        """Return what is known of the part that is there, or None if it cannot be trusted to be of this file."""
        if self.part.is_symlink() or not self.size():
            return None
        try:
            seen = _Seen(**read_json(self.note))
        except (OSError, ValueError, TypeError):
            return None
        known = seen.validator or self.download.sha256
        return seen if known and seen.url == self.download.url else None

    def _start_again(self) -> None:
        with writing(self.path):
            self.part.unlink(missing_ok=True)
            self.note.unlink(missing_ok=True)

    def _receive(self, seen: _Seen) -> _Seen:
        have = self.size()
        headers = {"User-Agent": f"ttsprep/{__version__}", "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if seen.validator:
                headers["If-Range"] = seen.validator
        request = urllib.request.Request(self.download.url, headers=headers)  # noqa: S310  # its scheme was looked at
        try:
            response = _opener().open(request, timeout=self.timeout_s)
        except HTTPError as error:
            with error:
                raise self._refused(error) from None
        with response:
            if response.headers.get_content_type() == "text/html" and not self.path.suffix.startswith(".htm"):
                raise _Passing("the server sends a web page in its place, perhaps to log in", hopeless=True)
            goes_on = response.status == 206 and _first(response.headers) == have
            if response.status == 206 and not goes_on:
                self._start_again()
                raise _Passing("the server sends another part than was asked for")
            start = have if goes_on else 0
            length = _length(response.headers)
            seen = replace(seen, validator=_validator(response.headers), total=start + length if length else 0)
            self._refuse_size(seen.total)
            with writing(self.path):
                atomic_write(self.note, json.dumps(asdict(seen)).encode())
                self._refuse_full(seen.total - start)
            self._write(response, start, seen.total)
        return seen if seen.total else replace(seen, total=self.size())

    def _refused(self, error: HTTPError) -> _Passing:
        if error.code in {412, 416}:  # the part does not fit the file any more
            self._start_again()
            return _Passing("the file has changed on the server")
        delay = error.headers.get("Retry-After", "") if error.headers else ""
        wait_s = min(float(parse_count(delay) or 0), 60.0)
        return _Passing(
            f"the server says {error.code} {' '.join(str(error.reason).split())}",
            wait_s=wait_s,
            hopeless=error.code not in _PASSING,
        )

    def _refuse_size(self, total: int) -> None:
        meant = self.download.bytes
        if total and (total != meant if meant else total > self.most):
            raise _Passing(f"the server has {total} bytes, where {self.most} are expected", hopeless=True)

    def _refuse_full(self, missing: int) -> None:
        free = shutil.disk_usage(self.path.parent).free
        if missing > free:
            raise OutputError(
                f"disk full: {self.path.name} needs {missing} bytes more, and {self.path.parent} has {free} left"
            )

    def _write(self, response: IO[bytes], start: int, total: int) -> None:
        """Append what arrives to the part, from `start` on."""
        with writing(self.path):
            file = self.part.open("r+b" if start else "wb")
        with file:
            file.truncate(start)
            file.seek(start)
            size = start
            while block := response.read(_CHUNK):
                size += len(block)
                if size > (total or self.most):
                    raise _Passing(f"the server sends more than {total or self.most} bytes", hopeless=True)
                with writing(self.path):
                    file.write(block)
                    file.flush()
                self.progress.transfer(f"fetching {self.path.name}", size, total)
        if size < total:
            raise _Passing(f"the connection ended after {size} of {total} bytes")

    def _finish(self, seen: _Seen, pieced: bool) -> None:
        """Give the part its name; if it is not what was meant, only one that came in pieces is worth another try."""
        with writing(self.path), self.part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        known, whose = _expected(self.path, self.download)
        if self.download.bytes and seen.total != self.download.bytes:
            self._start_again()
            raise _Passing(
                f"the server sent {seen.total} bytes, where {self.download.bytes} are expected", hopeless=True
            )
        if known and digest != known:
            self._start_again()
            raise _Passing(f"what came has the SHA-256 {digest}, and {whose} says {known}", hopeless=not pieced)
        with writing(self.path):
            if not known:
                atomic_write(_note(self.path), f"{digest}  {self.path.name}\n".encode())
            self.part.rename(self.path)
            self.note.unlink(missing_ok=True)


def _refuse_insecure(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise UsageError(f"{url} is not fetched: only https is safe from being changed on its way")


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        try:
            _refuse_insecure(newurl)
            if urlsplit(newurl).hostname in _LOCAL and req.host.rpartition(":")[0] not in _LOCAL:
                raise UsageError(f"{newurl} is this machine")
        except UsageError as error:
            fp.close()
            raise _Passing(f"the server leads on, but {error}", hopeless=True) from None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener for HTTP alone, where that of `urllib` also takes file: and ftp:."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        *(urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(), _Redirects()),
        *(urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPErrorProcessor()),
    ):
        opener.add_handler(handler)
    return opener


def _validator(headers: Message) -> str:
    """Return what shows that the file is still the same: a strong ETag, else the date of the last change."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified", "")


def _first(headers: Message) -> int:
    match = re.match(r"bytes (\d+)-", headers.get("Content-Range", ""))
    first = parse_count(match[1]) if match else None
    return -1 if first is None else first


def _length(headers: Message) -> int:
    return parse_count(headers.get("Content-Length", "")) or 0


def _is_final(error: OSError) -> bool:
    """Whether another try is of no use: there is no network, or the server is not the one it says it is."""
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, socket.gaierror | ssl.SSLCertVerificationError):
        return True
    return isinstance(cause, OSError) and cause.errno in {errno.ENETUNREACH, errno.EHOSTUNREACH}


def _reason(error: OSError) -> str:
    cause = error.reason if isinstance(error, URLError) else error
    words = (cause.strerror or str(cause)) if isinstance(cause, OSError) else cause
    return f"there is no connection ({words or 'it timed out'})"
