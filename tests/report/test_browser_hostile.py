"""The page in a real browser: hostile strings are inert, and no request leaves."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from report.chromium import PROGRAM, Chromium
from report.made_tables import audit_of, corpus, found, provenance_of, rejected_of
from ttsprep.checks.base import catalogue
from ttsprep.report.page import audit_report, build_report

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")


class Counter(http.server.ThreadingHTTPServer):
    """Counts the requests that reach it."""

    def __init__(self):
        self.paths = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.paths.append(self.path)
        self.send_response(204)
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_):
        """Say nothing on stderr."""


@pytest.fixture
def counter() -> Iterator[Counter]:
    with Counter() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def attacks(url):
    """Ways to run a script or to make a request."""
    return [
        f"<img src={url}/img onerror=pwned=1>",
        f"<script>pwned=1;fetch('{url}/script')</script>",
        f"</script><script>pwned=1</script><img src='{url}/closed'>",
        f"<!--<script></script>--><img src={url}/comment>",
        f'"><svg onload="pwned=1;fetch(\'{url}/svg\')">',
        f"'><iframe src={url}/frame srcdoc='<script>parent.pwned=1</script>'></iframe>",
        f"</style><style>@import url({url}/style);body{{background:url({url}/css)}}</style>",
        f"<link rel=stylesheet href={url}/link><link rel=prefetch href={url}/prefetch>",
        f"<meta http-equiv=refresh content='0;url={url}/refresh'>",
        f"<base href={url}/><form action={url}/form><input autofocus onfocus=pwned=1></form>",
        f"<audio src={url}/audio autoplay></audio><object data={url}/object></object>",
        f"javascript:pwned=1//\u2028pwned=1 <a href='javascript:pwned=1' ping={url}/ping>x</a>",
        "{{ constructor.constructor('pwned=1')() }} ${pwned=1} `${pwned=1}`",
        f"<x style=background:url({url}/attribute) onpointerenter=pwned=1>\u202e\x00</x>",
    ]


@pytest.fixture
def hostile(counter, recorded, tmp_path):
    """A report that holds every attack in every field, twice, as the file that a reader opens."""
    strings = attacks(counter.url)
    clips = corpus(2 * len(strings))
    for name in ("id", "path", "text", "speaker", "language"):
        clips[name] = [f"{attack}{n}" for n in range(2) for attack in strings]
    codes = [sorted(catalogue())[i] for i in range(len(clips))]  # every clip is among the worst of a code
    rows = [
        (clip, code, "error", 1, 0, 0.5, 0.9)
        for clip, own in zip(clips["id"], codes, strict=True)
        for code in (own, "noisy")
    ]
    findings = found(*rows, *(("", "session-drift", "warning") for _ in strings))
    findings["message"] = [clip or strings[i % len(strings)] for i, clip in enumerate(findings["clip"])]
    audit = audit_of(clips, findings, name=" ".join(strings), root=recorded)
    path = tmp_path / "report.html"
    path.write_text(audit_report(audit), encoding="utf-8")
    return path


def use_everything(page):
    """Touch every part that builds elements from the data."""
    page.js("for (const d of document.querySelectorAll('details')) d.open = true")
    page.wait("document.querySelectorAll('.card.again').length === 0")
    for row in range(12):
        page.js(f"document.querySelectorAll('tr.row')[{row}].click()")
    page.js("document.querySelectorAll('#table th button')[0].click()")
    page.js(
        "for (const e of document.querySelectorAll('[data-tip]'))"
        " e.dispatchEvent(new PointerEvent('pointermove', {bubbles: true}))"
    )
    page.js("document.querySelector('[data-code]').click()")


def test_hostile_strings_run_nothing_and_fetch_nothing(hostile, counter):
    with Chromium() as page:
        page.open(hostile)
        use_everything(page)
        page.js("new Promise(done => setTimeout(done, 300))")
        assert page.js("typeof pwned") == "undefined"
        assert page.js("location.protocol") == "file:"
        planted = "iframe, object, img, form:not(#filters), base, meta[http-equiv=refresh], link:not([rel=icon])"
        assert page.js(f"document.querySelectorAll('{planted}').length") == 0
        assert page.js("document.scripts.length") == 2
        assert page.js("document.querySelectorAll('tr.row').length") > 10
        assert "<img src=" in page.js("document.querySelector('#table tbody').textContent")
        requests = [e["params"]["request"]["url"] for e in page.events if e["method"] == "Network.requestWillBeSent"]
    assert counter.paths == []
    assert all(url.startswith(("file:", "data:")) for url in requests)
    assert any(url == hostile.as_uri() for url in requests)


def test_hostile_strings_of_a_build_run_nothing_and_fetch_nothing(counter, recorded, tmp_path):
    strings = attacks(counter.url)
    clips = corpus(2 * len(strings))
    for name in ("id", "path", "text", "speaker", "phonemes"):
        clips[name] = [f"{attack}{n}" for n in range(2) for attack in strings]
    findings = found(*((clip, "clipping", "error", 1, 0, 0.5, 0.9) for clip in clips["id"]))
    findings["message"] = findings["clip"]
    codes = [attack.replace(" ", "\u00a0") for attack in strings]
    gone, kept = clips["id"][: len(strings)], clips[len(strings) :].reset_index(drop=True)
    new = found(*((clip, strings[0], "error", 1, 0, 0.5, 0.9) for clip in kept["id"]))
    build = (
        audit_of(clips, findings, name=strings[0], root=recorded),
        audit_of(kept, new, name=strings[1]),
        rejected_of(*zip(gone, codes, strings, strict=True)),
        provenance_of(kept["id"]),
    )
    path = tmp_path / "report.html"
    path.write_text(build_report(*build), encoding="utf-8")
    with Chromium() as page:
        page.open(path)
        use_everything(page)
        page.js("document.querySelector('[data-reason]').click()")
        page.js("e = document.getElementById('by-reason'); e.value = ''; e.dispatchEvent(new Event('input'))")
        assert page.js("document.querySelectorAll('#rejected-table tbody tr').length") == len(strings)
        page.js("document.querySelector('#rejected-table button').click()")
        page.js("new Promise(done => setTimeout(done, 300))")
        assert page.js("typeof pwned") == "undefined"
        planted = "iframe, object, img, form:not(.filters), base, meta[http-equiv=refresh], link:not([rel=icon])"
        assert page.js(f"document.querySelectorAll('{planted}').length") == 0
        assert page.js("document.scripts.length") == 3
        requests = [e["params"]["request"]["url"] for e in page.events if e["method"] == "Network.requestWillBeSent"]
    assert counter.paths == []
    assert all(url.startswith(("file:", "data:")) for url in requests)


def test_the_policy_stops_what_escaping_would_not(small, counter, tmp_path):
    """Markup planted into the finished page stands for a hole in the escaping."""
    html = audit_report(small)
    planted = (
        f"<img src={counter.url}/img onerror=pwned=1><script>pwned=1</script>"
        f"<style>@import url({counter.url}/css);</style>"
    )
    (tmp_path / "report.html").write_text(html.replace("<main>", f"<main>{planted}"), encoding="utf-8")
    policy = html[html.index('<meta http-equiv="Content-Security-Policy"') :]
    policy = policy[: policy.index(">") + 1]
    without = html.replace(policy, "").replace("<main>", f"<main>{planted}")
    (tmp_path / "without.html").write_text(without, encoding="utf-8")
    with Chromium() as page:
        page.open(tmp_path / "report.html")
        assert page.js("typeof pwned") == "undefined"
        assert page.js("document.querySelectorAll('tr.row').length") > 10
        assert counter.paths == []
        page.open(tmp_path / "without.html")
        page.wait("typeof pwned !== 'undefined'")
    assert "/img" in counter.paths
