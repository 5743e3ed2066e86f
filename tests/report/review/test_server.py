"""The server answers this machine alone, whoever has the token, and with nothing but the clips of the audit."""

import http.client
import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import soundfile as sf

from ttsprep.audit.decisions import Decision, read_decisions
from ttsprep.audit.results import open_audit, root_of
from ttsprep.core.types import Clip
from ttsprep.report.review.address import open_server
from ttsprep.report.review.decisions_file import DecisionsFile
from ttsprep.report.review.server import ReviewServer
from ttsprep.report.review.session import COLUMNS, Session
from ttsprep.report.review.sound import Cache, picture_of, sound_of

NONE = {"decision": "", "text": None, "reason": "", "start": None, "end": None, "reviewer": ""}


def session_of(folder: Path) -> Session:
    audit = open_audit(folder, COLUMNS)
    root, _ = root_of(audit, None)
    assert root is not None
    return Session(audit, root, DecisionsFile(folder / "decisions.csv", audit.clips["id"].to_pylist()), "Ada")


@pytest.fixture
def server(audited: Path) -> Iterator[ReviewServer]:
    faults: list[Exception] = []
    with open_server(session_of(audited), 0, faults.append) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
    assert faults == []


@pytest.fixture
def ask(server: ReviewServer):
    """Send a request with the cookie, unless other headers are given."""
    cookie = {"Cookie": f"ttsprep-review-{server.server_port}={server.token}"}

    def asked(path: str, body: object = None, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        sent = cookie | {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        connection.request(method, path, data, {name: value for name, value in sent.items() if value})
        answer = connection.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return found

    return asked


@pytest.fixture
def post(ask, server: ReviewServer):
    origin = f"http://127.0.0.1:{server.server_port}"
    return lambda body, **headers: ask("/decisions", body, "POST", **({"Origin": origin} | headers))


PATHS = ["/", "/review.js", "/session", "/decisions", "/clips/0/audio", "/clips/0/picture", "/clips/0/details"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_without_the_token(ask, path: str) -> None:
    assert ask(path)[0] == 200
    for cookie in ("", "ttsprep-review-1=x", "x" * 5_000, ";;=;"):
        status, _, body = ask(path, Cookie=cookie)
        assert status == 403
        assert b"ttsprep review has printed" in body
    assert ask(f"{path}?token=wrong")[0] == (403 if path == "/" else 200), "a wrong token is not made good by a cookie"


def test_the_address_gives_a_cookie_that_scripts_cannot_read(ask, server: ReviewServer) -> None:
    status, headers, page = ask(f"/?token={server.token}", Cookie="")
    assert status == 200
    cookie = headers["Set-Cookie"]
    assert all(part in cookie for part in (server.token, "HttpOnly", "SameSite=Strict", "Path=/"))
    assert server.token.encode() not in page
    assert "Set-Cookie" not in ask("/")[1]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http:" not in policy
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::2]:80"])
def test_a_name_of_another_machine_is_refused(ask, host: str) -> None:
    """A page of another site may point its own name here (DNS rebinding)."""
    for path in ("/", "/session"):
        assert ask(path, Host=host)[0] == 421


def test_a_tunnel_may_have_another_port(ask) -> None:
    assert ask("/session", Host="localhost:9999")[0] == 200


def test_only_the_page_itself_saves(ask, post, audited: Path) -> None:
    change = [{"clip": 0, "seen": None, "new": NONE | {"decision": "keep"}}]
    for origin in ("", "null", "http://127.0.0.1:1", "https://evil.example"):
        assert post(change, Origin=origin)[0] == 403
    assert post(change, Cookie="")[0] == 403
    assert not (audited / "decisions.csv").exists()
    assert post(change)[0] == 200
    assert list(read_decisions(audited / "decisions.csv", None).values()) == [Decision(True)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"{",
        {},
        [1],
        [{"clip": 99}],
        [{"clip": -1}],
        [{"clip": True}],
        [{"clip": "../x"}],
        [{"clip": 0, "new": {}}],
        [{"clip": 0, "new": NONE | {"decision": "maybe"}}],
        [{"clip": 0, "new": NONE | {"start": -1}}],
        [{"clip": 0, "new": NONE | {"start": 2, "end": 1}}],
        [{"clip": 0, "new": NONE | {"text": "x" * 30_000}}],
        [{"clip": 0, "new": NONE | {"text": 1}}],
        [{"clip": 0, "new": NONE | {"path": "/etc"}}],
    ],
)
def test_what_makes_no_sense_is_refused(post, audited: Path, body: object) -> None:
    assert post(body)[0] == 400
    assert not (audited / "decisions.csv").exists()


def test_a_body_is_bounded(post) -> None:
    assert post(b"", Content_Length="99999999")[0] == 413


def test_a_conflict_names_what_is_there(post, audited: Path, server: ReviewServer) -> None:
    keep = NONE | {"decision": "keep"}
    assert post([{"clip": 1, "seen": None, "new": keep}])[0] == 200
    status, _, body = post([{"clip": 1, "seen": None, "new": NONE | {"decision": "reject"}}])
    assert (status, json.loads(body)) == (409, {"current": {"1": keep}})
    assert post([{"clip": 1, "seen": keep, "new": None}])[0] == 200
    assert read_decisions(audited / "decisions.csv", None) == {}


@pytest.mark.parametrize(
    "path",
    [
        "/clips/999/audio",
        "/clips/-1/audio",
        "/clips/00/audio",
        "/clips/0/../../etc/passwd",
        "/clips/..%2f..%2fetc%2fpasswd/audio",
        "/metadata.csv",
        "//etc/passwd",
        "/../decisions.csv",
        "/clips/0/audio/",
        "/clips/%D9%A3/audio",
    ],
)
def test_only_clips_of_the_audit_are_served(ask, path: str) -> None:
    assert ask(path)[0] == 404


def test_a_clip_that_leads_out_of_the_corpus_is_not_served(spoken: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    sf.write(secret, np.zeros(800), 8_000)
    (spoken / "wavs" / "link.wav").symlink_to(secret)
    for name in ("wavs/link.wav", "../secret.wav", str(secret)):
        with pytest.raises(Exception, match=r"leads out of the corpus|absolute path"):
            sound_of(spoken, Clip("x", name, ""), Cache())
        assert "fault" in json.loads(picture_of(spoken, Clip("x", name, ""), None, Cache()))


def test_parts_of_a_file(ask, server: ReviewServer) -> None:
    session = server.session
    whole = (session.root / session.clip(0).path).read_bytes()
    size = len(whole)
    status, headers, body = ask("/clips/0/audio")
    assert (status, headers["Content-Type"], headers["Accept-Ranges"], body) == (200, "audio/wav", "bytes", whole)
    for asked, part in (
        ("bytes=0-99", whole[:100]),
        ("bytes=100-", whole[100:]),
        ("bytes=-7", whole[-7:]),
        (f"bytes={size - 1}-{size + 50}", whole[-1:]),
        (f"bytes=-{size * 2}", whole),
    ):
        status, headers, body = ask("/clips/0/audio", Range=asked)
        assert (status, body) == (206, part)
        assert headers["Content-Range"].endswith(f"/{size}")
    for asked in (f"bytes={size}-", "bytes=-0"):
        assert ask("/clips/0/audio", Range=asked)[0] == 416
    for asked in ("bytes=-", "bytes=9-3", "bytes=0-1,4-5", "lines=1-2", "bytes=a-b"):
        assert ask("/clips/0/audio", Range=asked)[0] == 200, "a range that is not understood is left aside"


@pytest.mark.parametrize(
    ("name", "subtype", "kind", "direct"),
    [
        ("a.wav", "PCM_16", "audio/wav", True),
        ("a.wav", "PCM_24", "audio/wav", True),
        ("a.wav", "IMA_ADPCM", "audio/wav", False),
        ("a.wav", "DOUBLE", "audio/wav", False),
        ("a.flac", "PCM_16", "audio/flac", True),
        ("a.ogg", "VORBIS", "audio/ogg", True),
        ("a.ogg", "OPUS", "audio/ogg", True),
        ("a.mp3", "MPEG_LAYER_III", "audio/mpeg", True),
        ("a.aiff", "PCM_16", "audio/wav", False),
    ],
)
def test_what_browsers_do_not_play_is_decoded(tmp_path: Path, name: str, subtype: str, kind: str, direct: bool) -> None:
    tone = 0.3 * np.sin(np.arange(24_000) * 0.1)
    sf.write(tmp_path / name, tone, 24_000, subtype=subtype)
    sound = sound_of(tmp_path, Clip("a", name, ""), Cache())
    assert (sound.kind, sound.path) == (kind, tmp_path / name if direct else None)
    if not direct:
        decoded, rate = sf.read(io.BytesIO(sound.data))
        assert rate == 24_000
        assert np.abs(decoded[2_000:20_000] - tone[2_000:20_000]).max() < 0.05
    piece = sound_of(tmp_path, Clip("a", name, "", start=0.25, end=0.5), Cache())
    assert len(sf.read(io.BytesIO(piece.data))[0]) == pytest.approx(6_000, abs=2)


def test_a_picture_is_made_once(ask, server: ReviewServer, monkeypatch: pytest.MonkeyPatch) -> None:
    first = json.loads(ask("/clips/2/picture")[2])
    assert first["spectrogram"].startswith("data:image/png;base64,")
    assert first["wave"].startswith("M0 ")
    assert first["note"] == ""
    monkeypatch.setattr("ttsprep.report.review.sound._picture", lambda *_: pytest.fail("made twice"))
    assert json.loads(ask("/clips/2/picture")[2]) == first
    with (server.session.root / server.session.clip(2).path).open("r+b") as file:
        monkeypatch.undo()
        file.seek(-2, 2)
        file.write(b"\1\1")
    assert "changed since the audit" in json.loads(ask("/clips/2/picture")[2])["note"]


def test_a_picture_loads_no_pandas(spoken: Path) -> None:
    """It is a quarter of the memory of a server that has drawn a clip."""
    path = next((spoken / "wavs").glob("*.wav"))
    code = (
        "import pathlib, sys; from ttsprep.core.types import Clip; "
        "from ttsprep.report.review.sound import Cache, picture_of; path = pathlib.Path(sys.argv[1]); "
        "assert b'spectrogram' in picture_of(path.parent, Clip('a', path.name, ''), None, Cache()); "
        "sys.exit('pandas' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, path], check=True)


def test_a_cache_forgets_what_was_not_asked_for_longest() -> None:
    cache, made = Cache(most=10), []
    for key in "aabacba":
        cache.get(key, lambda key=key: made.append(key) or b"1234")
    assert made == ["a", "b", "c", "b", "a"]
    assert cache.get("big", lambda: b"x" * 11) == b"x" * 11


def test_details_and_the_list(ask, server: ReviewServer) -> None:
    session = json.loads(ask("/session")[2])
    assert session["id"] == server.session.ids
    assert session["reviewer"] == "Ada"
    assert len(session["findings"]) == len(session["id"])
    details = json.loads(ask("/clips/0/details")[2])
    assert details["path"] == server.session.clip(0).path
    assert details["words"] == []


def test_a_server_that_was_killed_comes_back_under_its_address(audited: Path, shared_cache: Path) -> None:
    session = session_of(audited)
    with open_server(session, 0, print) as first:
        url = first.url
        (kept,) = (shared_cache / "review").iterdir()
        assert kept.stat().st_mode & 0o77 == 0
        assert kept.parent.stat().st_mode & 0o77 == 0
        left = kept.read_bytes()
        with open_server(session, 0, print) as second:
            assert second.url.rpartition("=")[2] != first.token, "two at once have nothing in common"
    assert not kept.exists()
    kept.write_bytes(left)  # as a kill leaves it
    with open_server(session, 0, print) as again:
        assert again.url == url
    with open_server(session, 0, print) as new:
        assert new.token not in url
    assert urlsplit(url).hostname == "127.0.0.1"


def test_what_a_page_asks_after_the_end_is_no_fault(server: ReviewServer) -> None:
    link = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    cookie = {"Cookie": f"ttsprep-review-{server.server_port}={server.token}"}
    link.request("GET", "/decisions", headers=cookie)
    link.getresponse().read()
    server.server_close()
    server.painter.shutdown()  # as an interpreter does that ends
    link.request("GET", "/clips/0/picture", headers=cookie)
    with pytest.raises(ConnectionError):
        link.getresponse()


@pytest.mark.parametrize("place", ["/" + "x" * 300, "/a\\xff" + "x" * 300])
def test_a_place_that_no_folder_can_have_is_not_where_the_corpus_is(audited: Path, place: str) -> None:
    for name, key in ((".corpus.json", place), ("summary.json", "x" * 300)):
        document = json.loads((audited / name).read_text(encoding="utf-8")) | {"corpus": key}
        (audited / name).write_text(json.dumps(document), encoding="utf-8")
    root, why = root_of(open_audit(audited, COLUMNS), None)
    assert root is None
    assert "--corpus" in why
