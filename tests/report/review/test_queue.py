"""The order in which clips are reviewed, and the way from a duplicate to what it repeats, in a real browser."""

import shutil
from pathlib import Path

import pytest

from report.chromium import PROGRAM, Chromium
from report.review.test_browser import NAME, SAVED, open_review
from ttsprep.audit.config import AuditConfig
from ttsprep.audit.decisions import Decision, read_decisions
from ttsprep.audit.pipeline import audit
from ttsprep.audit.results import open_audit

pytestmark = [pytest.mark.slow, pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")]
QUEUE = "[...document.querySelectorAll('#list button')].map(button => button.title)"


@pytest.fixture(scope="module")
def doubtful(spoken_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an audit by limits that every clip is beyond, of a corpus with one clip twice."""
    folder = tmp_path_factory.mktemp("queue")
    corpus = Path(shutil.copytree(spoken_once, folder / "spoken"))
    lines = (corpus / "metadata.csv").read_text("utf-8").splitlines()
    first = lines[0].partition("|")[0]
    shutil.copy(corpus / "wavs" / f"{first}.wav", corpus / "wavs" / "zz-copy.wav")
    lines.append("zz-copy|Another text.")
    (corpus / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    checks = {"level": {"loud_lufs": -60.0}}
    audit(corpus, folder / "spoken.audit", AuditConfig(checks=checks), jobs=1)
    return folder / "spoken.audit"


def test_each_order_is_what_it_says(review, doubtful: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(doubtful, tmp_path / "a.audit"))
    opened = open_audit(folder)
    clips, findings = opened.clips.to_pandas(), opened.findings.to_pandas()
    seconds = dict(zip(clips["id"], clips["duration_s"].round(2), strict=True))
    loud = findings[findings["code"] == "too-loud"].set_index("clip")["value"].to_dict()
    assert loud.keys() == seconds.keys()
    place = {name: row for row, name in enumerate(clips["id"])}
    wanted = {
        "corpus": list(clips["id"]),
        "stake": sorted(seconds, key=lambda name: (-seconds[name], place[name])),
        "doubt": sorted(loud, key=lambda name: (round(abs(loud[name] + 60) / 60, 4), place[name])),
        "worst": sorted(loud, key=lambda name: (-round(abs(loud[name] + 60) / 60, 4), place[name])),
    }
    url = review(folder).url
    with Chromium() as page:
        shown = {}
        for order in (*wanted, "random"):
            open_review(page, url, f"code=too-loud&order={order}&show=")
            shown[order] = page.js(QUEUE)
        assert {order: shown[order] for order in wanted} == wanted
        assert len(set(map(tuple, shown.values()))) == 5
        assert sorted(shown["random"]) == sorted(seconds)
        open_review(page, url, "code=duplicate-audio&order=stake&show=")
        assert page.js(QUEUE) == ["zz-copy"], "a finding has its own queue"
        open_review(page, url, "code=*&order=random&show=")
        assert page.js(QUEUE) == shown["random"], "the sample is the same each time"


def test_a_duplicate_leads_to_what_it_repeats_and_back(review, doubtful: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(doubtful, tmp_path / "a.audit"))
    first = min(set(open_audit(folder).clips["id"].to_pylist()))
    with Chromium() as page:
        open_review(page, review(folder).url, "code=duplicate-audio&order=stake&show=")
        page.wait("document.querySelector('#findings [data-do=twin]') !== null")
        page.key("t")
        assert page.js(NAME) == first, "it is shown though it is not in the queue"
        page.key("t")
        assert page.js(NAME) == "zz-copy"
        page.wait("document.querySelector('#findings [data-do=twin]') !== null")
        page.js("document.querySelector('#findings [data-do=twin]').click()")
        assert page.js(NAME) == first
        page.key("k")
        page.key("d")
        assert page.js(NAME) == first
        page.wait(SAVED)
    assert read_decisions(folder / "decisions.csv", None) == {"zz-copy": Decision(False)}
