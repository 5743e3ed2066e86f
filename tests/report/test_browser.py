"""The page in a real browser: our own script works."""

import csv
import json
import re
import shutil
from dataclasses import replace

import pytest

from report.chromium import PROGRAM, Chromium
from report.made_tables import audit_of, corpus, found, provenance_of, rejected_of
from ttsprep.audit.config import AuditConfig
from ttsprep.audit.select import select
from ttsprep.report.page import audit_report, build_report

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")


def parts(build):
    return build.before, build.after, build.rejected, build.provenance


def test_rejected_clips_are_searched_and_heard(heard, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(build_report(*parts(heard)), encoding="utf-8")
    with Chromium() as page:
        page.open(path)
        assert [e for e in page.events if e["method"] in {"Log.entryAdded", "Runtime.exceptionThrown"}] == []
        count = "document.getElementById('rejected-count').textContent"
        rows = "[...document.querySelectorAll('#rejected-table tbody tr')].map(r => r.cells[0].textContent)"
        assert page.js(count).startswith("3 clips, ")
        search = "e = document.getElementById('rejected-query'); e.value = {!r}; e.dispatchEvent(new Event('input'))"
        page.js(search.format("too LONG"))
        assert page.js(rows) == ["clip-00003"]
        assert page.js(count).startswith("1 clip, ")
        page.js(search.format("nowhere"))
        assert page.js(rows) == []
        page.js("document.querySelector('[data-reason]').click()")
        assert page.js(rows) == ["clip-00001", "clip-00002"]
        page.js("document.querySelector('#rejected-table button').click()")
        page.wait("document.getElementById('reason-0').open")
        page.js("document.querySelector('#rejected .play').click()")
        page.wait("document.querySelector('#rejected audio').currentTime > 0.05")
        page.js("document.querySelector('#reason-0').open = false")
        page.js("document.querySelector(\"a[href='#reason-0']\").click()")
        assert page.js("document.getElementById('reason-0').open")
        assert page.js("document.getElementById('count').textContent").startswith("37 clips, ")


def test_a_long_list_of_rejected_clips_grows_on_demand(tmp_path):
    clips = corpus(1_000)
    before = audit_of(clips, found())
    rejected = rejected_of(*((name, "too-short", f"{name} is short") for name in clips["id"][1:]))
    build = (before, audit_of(clips.head(1), found()), rejected, provenance_of(clips["id"][:1]))
    path = tmp_path / "report.html"
    path.write_text(build_report(*build), encoding="utf-8")
    with Chromium() as page:
        page.open(path)
        rows = "document.querySelectorAll('#rejected-table tbody tr').length"
        assert page.js(rows) == 100
        page.js("document.getElementById('rejected-more').click()")
        assert page.js(rows) == 200
        assert page.js("document.getElementById('rejected-more').textContent") == "Show 799 more"


def test_table_filters_sorts_and_opens_a_clip(small, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(audit_report(small), encoding="utf-8")
    with Chromium() as page:
        page.open(path)
        errors = [e for e in page.events if e["method"] in {"Log.entryAdded", "Runtime.exceptionThrown"}]
        assert errors == []
        count = "document.getElementById('count').textContent"
        first = "document.querySelector('tr.row').cells[0].textContent"
        assert page.js(count).startswith("40 clips, ")
        page.wait("document.querySelectorAll('tr.row').length * 33 > document.getElementById('view').clientHeight")
        page.js("query.value = 'NUMBER 17 '; query.dispatchEvent(new Event('input'))")
        assert page.js(count).startswith("1 clip,")
        assert page.js(first) == "clip-00017"
        page.js("document.getElementById('clear').click()")
        page.js(
            "[...document.querySelectorAll('#table th button')].find(b => b.textContent.startsWith('length')).click()"
        )
        assert page.js(first) == small.table.sort_values("duration_s")["id"].iloc[0]
        assert page.js("document.querySelector('#table th[aria-sort=ascending]').textContent").startswith("length")
        page.js("document.querySelector('[data-code=clipping]').click()")
        assert page.js(count).startswith("3 clips")
        page.js("document.querySelector('button[data-verdict=\"fixable\"]').click()")
        assert page.js(count).startswith("2 clips")
        page.js("document.querySelector('tr.row').click()")
        assert "leading-silence was seen" in page.js("document.getElementById('detail').textContent")
        said = page.js("document.querySelector('#detail code').textContent")
        assert re.fullmatch(rf"ttsprep explain clip-0000\d --audit {re.escape(str(tmp_path))}", said)
        page.js("document.querySelector('#detail button.link').click()")
        page.wait("document.getElementById('code-leading-silence').open")
        page.js("document.getElementById('view').focus()")
        for key in ("ArrowDown", "ArrowDown"):
            page.call("Input.dispatchKeyEvent", type="keyDown", key=key)
        assert page.js("document.querySelector('tr.on').dataset.place") == "1"
        before = page.js("getComputedStyle(document.body).backgroundColor")
        page.js("document.getElementById('theme').click()")
        assert page.js("getComputedStyle(document.body).backgroundColor") != before


def test_bars_values_and_severities_filter_and_the_address_keeps_it(small, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(audit_report(small), encoding="utf-8")
    count = "document.getElementById('count').textContent"
    with Chromium() as page:
        page.open(path)
        page.js("s = document.getElementById('by-severity'); s.value = 'error'; s.dispatchEvent(new Event('input'))")
        assert page.js(count).startswith("3 clips")
        page.js("document.querySelector('[data-code=clipping]').click()")
        assert page.js("document.getElementById('by-severity').value") == ""
        bar = "[...document.querySelectorAll('.hit[data-by]')].find(b => b.dataset.by === 'Length')"
        page.js("for (const d of document.querySelectorAll('details')) d.open = true")
        page.js(f"{bar}.focus()")
        assert page.js("document.activeElement.getAttribute('aria-label')").endswith(" usable")
        page.key("ArrowRight")
        tip = page.js("document.activeElement.dataset.tip")
        low, high = (float(page.js(f"document.activeElement.dataset.{name}")) for name in ("from", "to"))
        page.key("Enter")
        lengths = small.table["duration_s"].round(1)
        wanted = ((lengths >= low) & (lengths <= high)).sum()
        assert page.js(count).startswith(f"{wanted} clip")
        assert re.search(r"\d+ usable", tip)
        page.js("document.querySelector('tr.row').click()")
        here, name = page.js("location.hash"), page.js("document.querySelector('#detail h3').textContent")
        assert here.startswith("#clips?by=Length&from=")
        page.open("about:blank")
        page.open(f"{path.as_uri()}{here}")
        assert page.js(count).startswith(f"{wanted} clip")
        assert page.js("document.querySelector('#detail h3').textContent") == name
        page.key("Escape")
        assert page.js("document.getElementById('detail').hidden")
        page.js("document.getElementById('strip').dispatchEvent(new MouseEvent('click', {bubbles: true}))")
        assert page.js("document.querySelector('#detail h3').textContent") == "clip-00000"


def test_phones_and_diphones_filter(small, tmp_path):
    path = tmp_path / "report.html"
    rare = small.table["phonemes"].where(small.table["id"] != "clip-00017", "ð ə | ʒ æ t")
    path.write_text(audit_report(replace(small, table=small.table.assign(phonemes=rare))), encoding="utf-8")
    count = "document.getElementById('count').textContent"
    with Chromium() as page:
        page.open(path)
        page.js("document.querySelector('[data-sound=\"ʒ\"]').focus()")
        assert page.js("document.activeElement.getAttribute('aria-label')") == "ʒ: once"
        page.key("Enter")
        assert page.js(count).startswith("1 clip, ")
        assert page.js("document.querySelector('tr.row').cells[0].textContent") == "clip-00017"
        page.js("for (const d of document.querySelectorAll('details')) d.open = true")
        page.js("document.querySelector('[data-sound=\"ð ə\"]').focus()")
        page.key(" ")
        assert page.js(count).startswith("20 clips, ")
        page.js("document.querySelector('.heat [tabindex=\"0\"]').focus()")
        column = "[document.activeElement.getAttribute('x'), document.activeElement.dataset.sound]"
        at, sound = page.js(column)
        for key in ("ArrowDown", "ArrowUp"):
            page.key(key)
            below = page.js(column)
            assert below[0] == at
        assert below[1] == sound
        page.js("e = document.getElementById('by-sound'); e.value = 'k  æ t'; e.dispatchEvent(new Event('input'))")
        assert page.js(count).startswith("19 clips, ")
        here = page.js("location.href")
        page.open("about:blank")
        page.open(here)
        assert page.js(count).startswith("19 clips, ")
        page.js("e = document.getElementById('by-sound'); e.value = 'x'; e.dispatchEvent(new Event('input'))")
        assert page.js(count).startswith("0 clips")


def test_what_is_filtered_is_saved(small, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(audit_report(small), encoding="utf-8")
    with Chromium() as page:
        page.open(path)
        page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path), eventsEnabled=True)
        page.js("document.querySelector('[data-code=clipping]').click()")
        for name in ("csv", "jsonl"):
            begun = len(page.events)
            page.js(f"document.getElementById('{name}').click()")
            page.wait_for("Browser.downloadProgress", begun, state="completed")
    rows = list(csv.DictReader((tmp_path / "clips.csv").read_text("utf-8").splitlines()))
    assert [row["id"] for row in rows] == ["clip-00001", "clip-00002", "clip-00003"]
    assert rows[2]["findings"] == "rate-outlier clipping"
    lines = [json.loads(line) for line in (tmp_path / "clips.jsonl").read_text("utf-8").splitlines()]
    assert [line["id"] for line in lines] == [row["id"] for row in rows]
    assert lines[0]["duration_s"] == pytest.approx(small.table["duration_s"][1], abs=0.05)


def test_every_row_plays_while_the_corpus_lies_where_it_was(small, tmp_path):
    corpus, out = tmp_path / "a corpus #1", tmp_path / "out"
    shutil.copytree(small.root, corpus / "wavs")
    out.mkdir()
    table = small.table.assign(path=[f"wavs/{n}.wav" for n in range(len(small.table))])
    path = out / "report.html"
    path.write_text(audit_report(replace(small, table=table, root=corpus, out=out)), encoding="utf-8")
    with Chromium() as page:
        page.open(path)
        page.js("document.querySelectorAll('tr.row')[7].click()")
        page.js("document.getElementById('view').focus({ preventScroll: true })")
        page.key(" ")
        page.wait("document.querySelector('#detail audio').currentTime > 0.05")
        assert page.js("document.querySelector('#detail audio').duration") == pytest.approx(3.0, abs=0.05)
        shutil.rmtree(corpus)
        page.js("document.querySelectorAll('tr.row')[8].click()")
        page.key(" ")
        page.wait("!document.querySelector('#detail audio + p').hidden")
        assert "../a corpus #1 is not where it was" in page.js("document.getElementById('detail').textContent")


def test_a_long_common_beginning_is_said_once(tmp_path):
    clips = corpus(40)
    clips["id"] = [f"recordings/of/the/year/session-{i:03d}-with-a-long-name-that-ends-in-{i:03d}" for i in range(40)]
    path = tmp_path / "report.html"
    path.write_text(audit_report(audit_of(clips, found())), encoding="utf-8")
    with Chromium() as page:
        page.open(path)
        cell = "document.querySelectorAll('tr.row')[7].cells[0]"
        assert page.js(f"{cell}.textContent") == "…007-with…nds-in-007"
        assert page.js(f"{cell}.title") == clips["id"][7]
        assert page.js(f"{cell}.scrollWidth <= {cell}.clientWidth"), "the end, which tells clips apart, is in view"


def test_a_few_clips_are_columns_and_not_blocks(small, tmp_path):
    path = tmp_path / "report.html"
    few = replace(small, table=small.table.head(3), findings=small.findings.head(2))
    path.write_text(audit_report(few), encoding="utf-8")
    with Chromium() as page:
        page.open(path)
        click = (
            "document.getElementById('strip').dispatchEvent(new MouseEvent('click', {{bubbles: true, clientX: {}}}))"
        )
        left = page.js("document.getElementById('strip').getBoundingClientRect().left")
        page.js(click.format(left + 30))
        assert page.js("document.querySelector('#detail h3').textContent") == "clip-00001"
        page.key("Escape")
        page.js(click.format(left + 300))
        assert page.js("document.getElementById('detail').hidden"), "nothing is there"


def test_what_if_is_what_select_keeps(small, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(audit_report(small), encoding="utf-8")
    with Chromium() as page:
        page.open(path)
        cells = "[...document.querySelectorAll('#choice tbody tr')].map(r => [...r.children].map(c => c.textContent))"
        shown = page.js(cells)
        tips = page.js("[...document.querySelectorAll('#choice tbody tr')].map(r => r.dataset.tip)")
    assert [row[0] for row in shown] == [row["option"] for row in small.summary["what_if"]]
    assert "keep clipping" in [row[0] for row in shown]
    terms = AuditConfig().terms(0)
    now = select(small.table, small.findings, terms)
    assert now == small.selection
    for (option, _, change, clips), recipe in zip(shown, tips, strict=True):
        action, code = option.split(" ")
        rules = terms.rules
        reject = tuple(name for name in rules.reject if name != code)
        rules = rules.model_copy(
            update={"keep": (code,), "reject": reject} if action == "keep" else {"reject": (*rules.reject, code)}
        )
        kept = select(small.table, small.findings, replace(terms, rules=rules)).kept
        assert int(clips) == len(kept)
        assert change.startswith("+" if len(kept) > len(now.kept) else "\u2212")
        assert code in recipe


def test_a_player_plays(small, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(audit_report(small), encoding="utf-8")
    with Chromium() as page:
        page.open(path)
        page.js("document.querySelector('.play').click()")
        page.wait("document.querySelector('audio').currentTime > 0.05")
        assert page.js("document.querySelector('audio').duration") == pytest.approx(3.0, abs=0.05)
        assert float(page.js("document.querySelector('.head').getAttribute('x1')").rstrip("%")) > 0
        page.js("document.querySelector('.play').click()")
        assert page.js("document.querySelector('audio').paused")


@pytest.mark.slow
def test_thirteen_thousand_clips_stay_smooth(tmp_path):
    clips = corpus(13_000)
    path = tmp_path / "report.html"
    path.write_text(audit_report(audit_of(clips, found(("clip-00001", "clipping", "error")))), encoding="utf-8")
    with Chromium() as page:
        page.open(path)
        rows = "document.querySelectorAll('#table tbody tr').length"
        for share in (0.3, 0.77, 1.0):
            page.js(f"v = document.getElementById('view'); v.scrollTop = {share} * v.scrollHeight")
            page.js("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            assert page.js(rows) < 80
        last = "[...document.querySelectorAll('tr.row')].at(-1).cells[0].textContent"
        assert page.js(last) == "clip-12999"
        assert page.js("document.getElementById('view').scrollHeight") == pytest.approx(33 * 13_000, rel=0.01)
        assert page.js("document.querySelectorAll('*').length") < 12_000


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_sticks_out_at_any_width(small, tmp_path, width):
    path = tmp_path / "report.html"
    path.write_text(audit_report(small), encoding="utf-8")
    with Chromium() as page:
        page.open(path, width=width)
        assert page.js("document.documentElement.scrollWidth") <= width


def test_nothing_of_a_build_sticks_out_at_any_width(built, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(build_report(*parts(built)), encoding="utf-8")
    with Chromium() as page:
        for width in (360, 768, 1280):
            page.open(path, width=width)
            assert page.js("document.documentElement.scrollWidth") <= width


def test_the_map_of_voices_names_the_clip_under_the_pointer_and_by_the_keys(listened, tmp_path):
    page_file = tmp_path / "report.html"
    page_file.write_text(audit_report(listened), encoding="utf-8")
    with Chromium() as page:
        page.open(page_file)
        page.js("document.querySelector('#voices .scroll').focus()")
        press = "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {key: '%s', bubbles: true}))"
        page.js(press % "ArrowRight")
        assert "clip-00007" in page.js("document.getElementById('voice').textContent")
        assert "finding: another voice" in page.js("document.getElementById('voice').textContent")
        page.js(press % "ArrowRight")
        second = page.js("document.getElementById('voice').textContent")
        assert second.startswith("clip-")
        assert "clip-00007" not in second
        page.js(press % "Home")
        page.js(press % "Enter")
        assert page.js("document.querySelector('#detail h3').textContent") == "clip-00007"
        at = page.js("""(() => { const r = document.querySelector('#voices .odd').getBoundingClientRect();
            const on = new PointerEvent('pointermove',
              {clientX: r.x + r.width / 2 + 4, clientY: r.y + r.height / 2, bubbles: true});
            document.getElementById('voice').textContent = '';
            document.querySelector('#voices .cursor').setAttribute('visibility', 'hidden');
            document.querySelector('#voices .scroll').dispatchEvent(
              new KeyboardEvent('keydown', {key: 'End', bubbles: true}));
            document.querySelector('#voices svg').dispatchEvent(on);
            return document.getElementById('voice').textContent; })()""")
        assert "clip-00007" in at
        page.js(
            "document.getElementById('clear').click(); document.getElementById('query').value = 'clip-00003';"
            "document.getElementById('query').dispatchEvent(new Event('input'))"
        )
        page.js("document.querySelector('#table tr.row').click()")
        assert page.js("document.querySelector('#detail del mark').textContent") == "<i>red</i>"
        assert page.js("document.querySelector('#detail ins').textContent") == "black"
