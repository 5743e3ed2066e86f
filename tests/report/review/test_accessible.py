"""No page breaks a rule of axe-core: report, drawer, build, clip, comparison and review; light, dark, and a phone."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from audit.baseline.test_compare import CLIPS
from audit.baseline.test_compare import audited as made_audit

from report.chromium import PROGRAM, Chromium
from report.clip.test_page import report_of
from report.test_browser import parts
from ttsprep.audit.baseline.compare import compare_audits
from ttsprep.report.clip.page import clip_page
from ttsprep.report.comparison_page import comparison_page
from ttsprep.report.page import audit_report, build_report

AXE = find_spec("axe_core_python")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine"),
    pytest.mark.skipif(AXE is None, reason="no axe-core: pip install axe-core-python"),
]
VIOLATIONS = """axe.run({resultTypes: ['violations']}).then(result =>
    result.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 200)}`)))"""
OPEN_ALL = "for (const part of document.querySelectorAll('details')) part.open = true"


@pytest.fixture
def check():
    """Return what axe-core says of a page, by theme and width, after each of some steps."""
    script = Path(AXE.submodule_search_locations[0], "axe.min.js").read_text("utf-8")
    with Chromium() as page:

        def check(place: Path | str, *steps: str) -> dict[tuple[str, int, str], list[str]]:
            found = {}
            for theme in ("light", "dark"):
                page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
                for width in (1280, 390):
                    page.open("about:blank")
                    page.open(place, width=width)
                    page.js(f"{script}; 0")
                    for step in ("0", *steps):
                        page.js(f"{step}; new Promise(done => setTimeout(done, 400))")
                        found[theme, width, step] = page.js(VIOLATIONS)
            return {where: rules for where, rules in found.items() if rules}

        yield check


def test_the_reports(check, listened, heard, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(audit_report(listened), encoding="utf-8")
    assert check(path, OPEN_ALL, "document.querySelector('#table tr.row').click()") == {}
    path.write_text(build_report(*parts(heard)), encoding="utf-8")
    assert check(path, OPEN_ALL, "document.querySelector('#table tr.row').click()") == {}


def test_the_page_of_a_clip_and_a_comparison(check, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(clip_page(report_of()), encoding="utf-8")
    assert check(path) == {}
    loud = {name: ("loud", text) for name, (_, text) in CLIPS.items()}
    sides = made_audit("old", CLIPS, {("a", "hum"): "warning"}), made_audit("new", loud, {("b", "clipping"): "error"})
    path.write_text(comparison_page(compare_audits(*sides)), encoding="utf-8")
    assert check(path) == {}


def test_the_review(check, review, audited: Path) -> None:
    url = review(audited).url
    keys = "document.getElementById('{}').showModal()"
    closed = "document.getElementById('help').close()"
    edited = "document.querySelector('[data-do=edit]').click()"
    assert (
        check(f"{url}#code=*&order=corpus&show=", edited, keys.format("help"), f"{closed}; {keys.format('swap')}") == {}
    )
