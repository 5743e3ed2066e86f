"""Clips reviewed in a real browser by the keyboard alone: no decision is lost, whatever happens to the server."""

import json
import random
import resource
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from report.chromium import PROGRAM, Chromium
from ttsprep.audit.decisions import Decision, read_decisions
from ttsprep.audit.results import open_audit
from ttsprep.build.config import Recipe
from ttsprep.build.pipeline import build
from ttsprep.report.review.decisions_file import UNDECIDED, Change, DecisionsFile

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")]

READY = "document.documentElement?.dataset.ready === 'yes'"
NAME = "document.getElementById('name').textContent"
STATE = "document.getElementById('state').textContent"
SAVED = f"{STATE} === 'All decisions are saved'"
DECIDED = "document.getElementById('decided').textContent"
REASONS = ["wrong text", "wrong speaker", "noise"]


@pytest.fixture
def page():
    with Chromium() as page:
        yield page


def open_review(page: Chromium, url: str, state: str = "code=*&order=corpus&show=") -> None:
    page.open(f"{url}#{state}")
    page.wait(READY)


def load_again(page: Chromium, *, unsaved: bool = False) -> None:
    """Load the page again, and agree to leave it where it asks."""
    begun = len(page.events)
    page.call("Page.reload")
    if unsaved:
        page.wait_for("Page.javascriptDialogOpening", begun)
        page.call("Page.handleJavaScriptDialog", accept=True)
    page.wait_for("Page.loadEventFired", begun)
    page.wait(READY)


def errors(page: Chromium) -> list[object]:
    return [
        event["params"]
        for event in page.events
        if event["method"] == "Runtime.exceptionThrown"
        or (event["method"] == "Log.entryAdded" and event["params"]["entry"]["source"] != "network")
    ]


def test_every_key(page: Chromium, review, audited: Path) -> None:
    server = review(audited, "--reviewer", "Ada")
    file = audited / "decisions-Ada.csv"
    open_review(page, server.url)
    assert "token" not in page.js("location.href"), "it is not left in the history"
    ids = [page.js(NAME)]
    for _ in range(3):
        page.key("j")
        ids.append(page.js(NAME))
    page.key("k")
    assert page.js(NAME) == ids[2]
    page.key(" ")  # pauses, as the clip has begun to play
    page.js("performance.clearMeasures()")
    page.key(" ")
    page.wait("performance.getEntriesByName('key to sound').length >= 1")
    page.key("a")
    assert page.js(NAME) == ids[3], "it goes on to the next"
    page.key("d")
    page.key("2")
    page.key("k")
    page.key("k")
    page.key("3")  # the reason of a clip that is decided
    page.key("k")
    page.key("e")
    page.wait("document.activeElement.id === 'edited'")
    page.call("Input.dispatchKeyEvent", type="rawKeyDown", key="a", modifiers=2, commands=["selectAll"])
    page.type("As it is read, really.")
    page.key("Enter")
    assert page.js("document.getElementById('text').textContent") == "As it is read, really."
    page.key("e")
    page.type("never")
    page.key("Escape")
    page.wait(SAVED)
    texts = dict(zip(*(open_audit(audited).clips[name].to_pylist() for name in ("id", "text")), strict=True))
    found = read_decisions(file, texts)
    names = sorted(texts)
    assert ids == names[:4]
    assert found == {
        names[2]: Decision(True, "As it is read, really.", reviewer="Ada"),
        names[3]: Decision(False, reason="noise", reviewer="Ada"),
        names[4]: Decision(False, reason="wrong speaker", reviewer="Ada"),
    }
    page.key("k")
    page.key("s")
    page.wait("document.getElementById('swap').open")
    assert page.js("document.activeElement.id") == "other"
    page.key("Enter")
    page.wait("document.getElementById('announce').textContent.includes('are swapped')")
    page.wait(SAVED)
    found = read_decisions(file, texts)
    assert found[names[1]].text == "As it is read, really."
    assert found[names[2]].text == texts[names[1]]
    for _ in range(2):
        page.key("u")
    page.wait(SAVED)
    found = read_decisions(file, texts)
    assert names[1] not in found
    assert found[names[2]] == Decision(True, reviewer="Ada")
    page.key("/")
    page.type(names[7])
    page.wait(f"{NAME} === {json.dumps(names[7])}")
    page.key("Enter")
    page.key("d")
    page.wait(SAVED)
    assert read_decisions(file, texts)[names[7]] == Decision(False, reviewer="Ada")
    page.key("?")
    assert page.js("document.getElementById('help').open")
    page.key("a")
    page.key("Escape")
    assert page.js("document.getElementById('help').open") is False
    assert errors(page) == []
    assert "decisions in" in server.stop()


def test_handles_trim_what_is_built(page: Chromium, review, audited: Path, spoken_once: Path, tmp_path: Path) -> None:
    open_review(page, review(audited).url)
    page.wait("document.getElementById('spectrogram').src.length > 100")
    length = float(page.js("document.getElementById('end').getAttribute('aria-valuenow')"))
    page.js("document.getElementById('start').focus()")
    for _ in range(5):
        page.key("ArrowRight")
    page.key("Tab")
    assert page.js("document.activeElement.id") == "end"
    page.key("ArrowLeft")
    page.wait(SAVED)
    name = page.js(NAME)
    (decision,) = read_decisions(audited / "decisions.csv", [name]).values()
    assert decision.start == 0.05
    assert decision.end == pytest.approx(length - 0.01, abs=0.002)
    build(spoken_once, tmp_path / "out", Recipe(), jobs=1, decisions=audited / "decisions.csv")
    rows = pq.read_table(tmp_path / "out" / "provenance.parquet").to_pandas().set_index("source_id")
    assert rows.loc[name, "source_start_s"] == 0.05
    page.js("document.getElementById('clip').focus()")
    page.key("\\")
    page.wait(SAVED)
    assert read_decisions(audited / "decisions.csv", [name]) == {}


def test_a_queue_is_in_the_address_and_survives_a_reload(page: Chromium, review, audited: Path) -> None:
    open_review(page, review(audited).url, "code=*&order=random&show=open")
    names = []
    for key in "jja":
        names.append(page.js(NAME))
        page.key(key)
    here = page.js(NAME)
    page.wait(SAVED)
    load_again(page)
    assert page.js(NAME) == here
    page.key("k")
    assert page.js(NAME) == names[1], "the decided clip is no more in the queue"


def test_decisions_survive_kills_and_a_build_keeps_exactly_those(
    page: Chromium, review, audited: Path, spoken_once: Path, tmp_path: Path, shared_cache: Path
) -> None:
    chance = random.Random(4)
    server = review(audited)
    url = server.url
    open_review(page, url)
    wanted: dict[str, Decision] = {}
    count = page.js("document.querySelectorAll('#list li').length")
    kills = set(chance.sample(range(count), 5))
    for number in range(count):
        name = page.js(NAME)
        key = chance.choice("aad123")
        if number in kills and chance.random() < 0.5:
            server.kill()
        page.key(key)
        wanted[name] = Decision(key == "a", reason=REASONS[int(key) - 1] if key.isdigit() else "")
        if number in kills:
            if server.process.poll() is None:
                server.kill()
            if chance.random() < 0.5 and number + 1 < count:
                continue  # the next key, too, meets no server
            server.start()
            assert server.url == url
    if server.process.poll() is not None:
        server.start()
    page.wait(SAVED)
    assert read_decisions(audited / "decisions.csv", wanted) == wanted
    assert len(wanted) == count == 14
    built = build(spoken_once, tmp_path / "out", Recipe(), jobs=1, decisions=audited / "decisions.csv")
    kept = set(pq.read_table(built.out / "clips.parquet")["id"].to_pylist())
    assert kept == {name for name, decision in wanted.items() if decision.keep}


def test_a_full_disk_is_said_and_nothing_is_lost(page: Chromium, review, audited: Path) -> None:
    server = review(audited)
    open_review(page, server.url)
    names = [page.js(NAME)]
    page.key("a")
    page.wait(SAVED)
    before = (audited / "decisions.csv").read_bytes()
    hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (10, hard))
    for key in "da":
        names.append(page.js(NAME))
        page.key(key)
    page.wait(f"{STATE}.includes('2 not saved: disk full')")
    assert (audited / "decisions.csv").read_bytes() == before
    load_again(page, unsaved=True)  # not even a page that is loaded again has forgotten
    page.wait(f"{STATE}.includes('2 not saved')")
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    page.wait(SAVED)
    assert read_decisions(audited / "decisions.csv", names) == dict(
        zip(names, (Decision(True), Decision(False), Decision(True)), strict=True)
    )


def test_what_another_page_decides_is_merged_or_asked(page: Chromium, review, audited: Path) -> None:
    open_review(page, review(audited).url)
    ids = open_audit(audited).clips["id"].to_pylist()
    other = DecisionsFile(audited / "decisions.csv", ids)
    name = page.js(NAME)
    other.save([Change(name, UNDECIDED, Decision(text="Another text.", reviewer="Bob"))])
    page.key("a")  # only one of them has touched the text, only the other the decision
    page.wait(SAVED)
    assert other.read()[name] == Decision(True, "Another text.")
    second = page.js(NAME)
    other.save([Change(second, UNDECIDED, Decision(False, reason="noise", reviewer="Bob"))])
    page.key("a")
    page.wait("document.getElementById('conflict').open")
    assert page.js("document.getElementById('theirs').textContent") == "drop (noise), by Bob"
    page.key("Enter")  # the first button
    page.wait(f"!document.getElementById('conflict').open && {SAVED}")
    assert other.read()[second] == Decision(False, reason="noise", reviewer="Bob")


def test_two_tabs_show_the_same(page: Chromium, review, audited: Path) -> None:
    open_review(page, review(audited).url)
    first, url = page.session, page.js("location.origin + '/'")
    page.new_tab()
    open_review(page, url)
    page.key("d")
    page.wait(SAVED)
    page.session = first
    page.wait(f"{DECIDED}.includes('drop')")
    page.key("1")
    page.wait(SAVED)
    (decision,) = read_decisions(audited / "decisions.csv", None).values()
    assert decision == Decision(False, reason="wrong text")


def test_what_was_read_before_a_decision_does_not_take_it_back(page: Chromium, review, audited: Path) -> None:
    open_review(page, review(audited).url)
    page.js(
        "const arrive = fetch; fetch = async (...asked) => { const answer = await arrive(...asked);"
        " if (asked.join() === 'decisions') await new Promise(go => { globalThis.release = go; }); return answer; }"
    )
    page.js("dispatchEvent(new Event('focus'))")
    page.wait("typeof release === 'function'")  # an answer without the decision is on its way
    page.key("d")
    page.wait(SAVED)
    page.key("k")
    page.js("release(); new Promise(done => setTimeout(done, 100))")
    assert "drop" in page.js(DECIDED)


def test_nothing_is_asked_of_any_other_machine_and_hostile_names_do_nothing(
    page: Chromium, review, spoken: Path, tmp_path: Path
) -> None:
    from ttsprep.audit.config import AuditConfig
    from ttsprep.audit.pipeline import audit

    lines = (spoken / "metadata.csv").read_text("utf-8").splitlines()
    lines[0] = (
        lines[0].split("|")[0] + "|<img src=http://evil.example/x onerror=pwned=1>\u202e <script>pwned=1</script>"
    )
    (spoken / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    audit(spoken, tmp_path / "a.audit", AuditConfig(), jobs=1)
    open_review(page, review(tmp_path / "a.audit").url)
    for key in "jkaku":
        page.key(key)
    page.wait(SAVED)
    page.js("new Promise(done => setTimeout(done, 300))")
    assert page.js("typeof pwned") == "undefined"
    requests = [e["params"]["request"]["url"] for e in page.events if e["method"] == "Network.requestWillBeSent"]
    own = page.js("location.origin")
    assert all(url.startswith((own, f"blob:{own}", "data:")) for url in requests)
    shown = page.js("document.getElementById('text').textContent")
    assert "<img src=http://evil.example/x" in shown
    assert "⟨U+202E⟩" in shown
    shutil.rmtree(tmp_path / "a.audit")


def test_a_pointer_gives_the_keys_back(page: Chromium, review, audited: Path) -> None:
    open_review(page, review(audited).url)
    first = page.js(NAME)
    page.js("""e = document.getElementById('by-order'); e.focus();
        e.dispatchEvent(new PointerEvent('pointerdown', {bubbles: true})); e.value = 'corpus';
        for (const name of ['input', 'change']) e.dispatchEvent(new Event(name, {bubbles: true}))""")
    page.key("d")  # would choose what begins with d
    assert page.js("document.getElementById('by-order').value") == "corpus"
    assert page.js(NAME) != first, "it dropped the clip"
    page.js("document.getElementById('by-order').focus()")
    page.key("Escape")
    assert page.js("document.activeElement.id") == "clip"
    x, y = page.js(
        "(() => { const b = document.querySelector('[data-do=previous]').getBoundingClientRect();"
        " return [b.x + 5, b.y + 5]; })()"
    )
    for kind in ("mousePressed", "mouseReleased"):
        page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    assert (page.js(NAME), page.js("document.activeElement.id")) == (first, "clip")


def test_the_speed_of_all_clips_is_set_by_keys(page: Chromium, review, audited: Path) -> None:
    open_review(page, review(audited).url)
    for key in ">>>>>>":
        page.key(key)
    page.key("<")
    assert page.js("document.getElementById('speed').value") == "1.5"
    page.js(
        "made = Audio.prototype.play;"
        "Audio.prototype.play = function () { rate = this.playbackRate; return made.call(this); }"
    )
    page.key("j")
    page.wait("window.rate === 1.5")


def test_what_is_looked_at_stays_in_its_place(page: Chromium, review, audited: Path) -> None:
    open_review(page, review(audited).url)
    tops = "['stage', 'text', 'decided'].map((id) => document.getElementById(id).getBoundingClientRect().top)"
    places = set()
    for _ in range(4):
        page.wait("document.getElementById('verdict').textContent")
        places.add(tuple(page.js(tops)))
        page.js("document.getElementById('findings').append(document.createElement('li'), 'one more')")
        page.key("j")
    assert len(places) == 1


def test_only_the_clip_that_is_shown_holds_a_connection(page: Chromium, review, audited: Path) -> None:
    """A player that waits in the middle of a file keeps one of the few connections that a browser has to a server."""
    open_review(page, review(audited).url)
    for number in range(1, 5):
        address = f"new URL('clips/{number}/audio', location.href).href"
        page.wait(f"performance.getEntriesByName({address}).some((e) => e.responseEnd)")
        page.wait("document.getElementById('verdict').textContent")
        page.key("j")
    sent = [event["params"] for event in page.events if event["method"] == "Network.requestWillBeSent"]
    streamed = {
        one["request"]["url"] for one in sent if one.get("type") == "Media" and "/clips/" in one["request"]["url"]
    }
    assert {url.rpartition("/clips/")[2] for url in streamed} == {"0/audio"}
