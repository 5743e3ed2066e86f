"""The port and the token of a review: new each time, but for a server that was killed, so that its open page goes on.

They are kept in the user's cache, readable for that user alone, and removed when a review ends as it should.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ttsprep.core.errors import OutputError
from ttsprep.core.store.cache import cache_folder
from ttsprep.core.untrusted import read_json
from ttsprep.report.review.server import ADDRESS, ReviewServer
from ttsprep.report.review.session import Session


@contextmanager
def open_server(session: Session, port: int, on_fault: Callable[[Exception], object]) -> Iterator[ReviewServer]:
    """Open the server of a review.

    Parameters
    ----------
    session
        What is reviewed.
    port
        Where to listen; 0 for the port of the review of these decisions that was killed, else any that is free.
    on_fault
        Receives what goes wrong in ttsprep itself.

    Raises
    ------
    OutputError
        If the port is taken.
    """
    place = _place(session.decisions.path)
    last_port, last_token = _read(place)
    server: ReviewServer | None = None
    if last_token and port in {0, last_port}:
        with suppress(OSError):  # taken meanwhile: whoever listens there is not told the token
            server = ReviewServer(session, last_token, last_port, on_fault)
    try:
        server = server or ReviewServer(session, secrets.token_urlsafe(24), port, on_fault)
    except OSError as error:
        raise OutputError(f"cannot listen on {ADDRESS}:{port}: {error.strerror}; leave --port out for any") from None
    with server:
        if place is not None:
            _keep(place, server)
        try:
            yield server
        finally:
            if place is not None:
                place.unlink(missing_ok=True)


def _place(decisions: Path) -> Path | None:
    folder, name = cache_folder(), hashlib.sha256(str(decisions.resolve()).encode(errors="surrogateescape"))
    return folder and folder / "review" / f"{name.hexdigest()[:20]}.json"


def _read(place: Path | None) -> tuple[int, str]:
    try:
        if place is None or place.stat().st_uid != os.getuid():
            return 0, ""
        known = read_json(place)
        return int(known["port"]), str(known["token"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""


def _keep(place: Path, server: ReviewServer) -> None:
    with suppress(OSError):  # no home, or a full disk: the next server has a new address
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.parent.chmod(0o700)
        place.unlink(missing_ok=True)
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"port": server.server_port, "token": server.token}, file)
