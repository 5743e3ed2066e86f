import base64
import hashlib
import json
import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from report.made_tables import COLUMNS, audit_of, corpus, found
from ttsprep.report.page import MOST_ROWS, audit_report


class Page(HTMLParser):
    """Elements with their attributes and direct text."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.open = [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "text": "", **dict(attributes)}
        self.elements.append(element)
        if tag not in {"meta", "link", "input"}:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag, f"</{tag}> closes another element"

    def handle_data(self, data):
        if self.open:
            self.open[-1]["text"] += data

    def all(self, tag, **attributes):
        return [e for e in self.elements if e["tag"] == tag and all(e.get(k) == v for k, v in attributes.items())]

    @property
    def data(self):
        return json.loads(self.all("script", type="application/json")[0]["text"])


def test_the_page_is_well_formed_and_says_the_verdict_first(small):
    html = audit_report(small)
    page = Page(html)
    assert page.open == []
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html[html.index('class="lead"') :][:900]))
    hours = small.summary["verdicts"]["usable"]["hours"] * 60
    assert f"{hours:.1f} min of {small.summary['hours'] * 60:.1f} min can be trained on" in words
    sections = [e["id"] for e in page.all("section")]
    assert sections == ["verdict", "findings", "distributions", "text", "phonemes", "drift", "clips"]
    assert [e["id"] for e in page.all("details", **{"class": "code"})] == [
        f"code-{code}" for code in small.summary["codes"]
    ]
    ids = [e["id"] for e in page.elements if "id" in e]
    assert len(ids) == len(set(ids))


def test_the_policy_allows_only_the_pages_own_style_and_script(small):
    page = Page(audit_report(small))
    (policy,) = (e["content"] for e in page.all("meta") if e.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert rules["media-src"] == "data: 'self' file:"

    def digest(element):
        return f"'sha256-{base64.b64encode(hashlib.sha256(element['text'].encode()).digest()).decode()}'"

    assert [rules["script-src"]] == [digest(e) for e in page.all("script") if "type" not in e]
    assert [rules["style-src"]] == [digest(e) for e in page.all("style")]
    for element in page.elements:
        assert "style" not in element
        assert not any(name.startswith("on") for name in element)
        for name in ("src", "href"):
            assert element.get(name, "#").startswith(("#", "data:"))


def test_the_worst_clips_can_be_heard_and_are_on_the_page_once(small):
    page = Page(audit_report(small))
    players = page.all("audio")
    assert len(players) == len({e["src"] for e in players}) == 6
    for player in players:
        kind, _, data = player["src"].partition(",")
        assert kind == "data:audio/ogg;base64"
        assert b"vorbis" in base64.b64decode(data)[:100]
    assert len(page.all("image")) == 6
    (again,) = [e for e in page.all("article") if e["class"] == "card again"]
    assert f"card-{again['data-card']}" in {e.get("id") for e in page.all("article")}
    mark = next(e for e in page.all("rect", **{"class": "mark error"}) if e["data-tip"].startswith("clipping: 0.50"))
    assert float(mark["x"].rstrip("%")) == pytest.approx(100 * 0.5 / 3, abs=0.01)
    assert float(mark["width"].rstrip("%")) == pytest.approx(100 * 0.4 / 3, abs=0.01)


def test_the_same_tables_make_the_same_page(small):
    assert audit_report(small) == audit_report(small)


def test_the_table_holds_every_clip_with_its_findings(small):
    data = Page(audit_report(small)).data
    assert data["id"] == list(small.table["id"])
    assert [data["verdicts"][v] for v in data["verdict"]].count("to drop") == 3
    third = [(data["codes"][c], data["severities"][s]) for c, s, _ in data["findings"][3]]
    assert third == [("rate-outlier", "error"), ("clipping", "warning")]
    lengths = next(q for q in data["quantities"] if q["name"] == "Length")
    np.testing.assert_allclose(lengths["values"], small.table["duration_s"], atol=0.051)


HOSTILE = [
    "</script><script>pwned=1</script>",
    "<!--<script>",
    "]]><img src=x onerror=pwned=1>",
    "\u2028\u2029\u202e\x00",
    "{{ 7*7 }}{% raw %}",
    "'\"><svg onload=pwned=1>",
    "=1+1",
    "<bdi></bdi></table></style>",
]


def test_hostile_strings_stay_strings():
    clips = corpus(len(HOSTILE) * 4)
    for column in ("id", "path", "text", "speaker", "language"):
        clips[column] = [f"{s} {i}" for i in range(4) for s in HOSTILE]
    findings = found(*((clip, "clipping", "error", 1, 0, 0.1, 0.2) for clip in clips["id"]))
    findings["message"] = findings["clip"]
    html = audit_report(audit_of(clips, findings, name=HOSTILE[0] + HOSTILE[3]))
    html.encode()
    page = Page(html)
    assert page.open == []
    assert len(page.all("script")) == 2
    assert len(page.all("img")) == 0
    assert not any("onload" in e or "onerror" in e for e in page.elements)
    data = page.data
    for i, hostile in enumerate(HOSTILE[:3] + HOSTILE[4:]):
        assert data["text"][i if i < 3 else i + 1].startswith(hostile)
    assert "⟨U+202E⟩⟨U+0000⟩" in data["id"][3]
    raw = html[html.index('id="data"') :]
    raw = raw[raw.index(">") + 1 : raw.index("</script>")]
    assert not set(raw) & set("<>&\u2028\u2029")


@pytest.mark.parametrize(
    "lost", [["duration_s", "phonemes"], ["status", "speaker", "phones", "phonemes", "chars", "text", "path"], None]
)
def test_columns_may_be_missing(small, lost):
    clips = small.table[["id"]] if lost is None else small.table.drop(columns=lost)
    page = Page(audit_report(replace(small, table=clips)))
    assert page.open == []
    assert len(page.data["id"]) == 40
    assert "phonemes" not in [e["id"] for e in page.all("section")]


def test_an_empty_corpus_and_one_without_findings_have_a_page():
    nothing = pd.DataFrame(columns=COLUMNS).astype({
        "value": float,
        "limit": float,
        "start": float,
        "end": float,
    })
    assert "<p>No findings.</p>" in audit_report(audit_of(corpus(30), nothing))
    assert Page(audit_report(audit_of(corpus(0), nothing))).data["id"] == []
    untyped = pd.DataFrame(columns=COLUMNS)
    assert Page(audit_report(audit_of(corpus(3), untyped))).data["findings"] == [[], [], []]


def test_measures_that_are_missing_or_infinite_are_blank(small):
    clips = small.table.copy()
    clips["loudness_lufs"] = [np.nan, np.inf, -np.inf, *clips["loudness_lufs"][3:]]
    clips["snr_db"] = np.nan
    clips["text"] = clips["text"].where(clips.index > 2)
    data = Page(audit_report(audit_of(clips, small.findings))).data
    assert next(q for q in data["quantities"] if q["name"] == "Loudness")["values"][:3] == [None, None, None]
    assert "Signal to noise" not in [q["name"] for q in data["quantities"]]
    assert data["text"][:3] == ["", "", ""]


def test_clips_that_cannot_be_decoded_are_listed_without_a_player(small):
    html = audit_report(audit_of(small.table, small.findings))
    assert Page(html).all("audio") == []
    assert html.count("no player: cannot be decoded") == 7


def test_findings_of_clips_that_are_not_in_the_table_are_listed(small):
    findings = found(("no such clip", "audio-orphan", "note"), ("clip-00000", "audio-orphan", "note"))
    html = audit_report(audit_of(small.table, findings, root=small.root))
    assert "no such clip" in html
    assert len(Page(html).all("audio")) == 1


def test_many_findings_about_the_corpus_are_folded(small):
    findings = found(*(("", "audio-orphan", "note") for _ in range(250)), ("", "hum", "error"))
    html = audit_report(audit_of(small.table, findings))
    assert html.count("audio-orphan was seen") == 3 + 100
    assert "247 more of audio-orphan" in html
    assert "and 150 more in findings.parquet" in html
    assert html.index("hum was seen") < html.index("audio-orphan was seen")


def test_speakers_are_shown_where_there_are_several(small):
    clips = small.table.assign(speaker=["ann", "bob"] * 20)
    page = Page(audit_report(audit_of(clips, small.findings)))
    assert "speakers" in [e["id"] for e in page.all("section")]
    assert {"ann", "bob"} <= {e["text"] for e in page.all("bdi")}


def test_a_longer_clip_is_shown_around_its_finding(small, recorded):
    findings = found(("clip-00001", "dropout", "error", 0.1, 0.02, 20.0, 20.1))
    html = audit_report(audit_of(small.table, findings, root=recorded, path="long.wav"))
    piece = re.search(r"(\d+\.\d) to (\d+\.\d) s of 30\.0 s", html)
    assert float(piece[1]) < 18 < 22 < float(piece[2])
    (mark,) = Page(html).all("rect", **{"class": "mark error"})
    assert 40 < float(mark["x"].rstrip("%")) < 60


def test_thirteen_thousand_clips_fit_in_25_megabytes_and_15_seconds():
    clips = corpus(13_000)
    random = np.random.default_rng(2)
    codes = [
        "clipping",
        "noisy",
        "long-pause",
        "leading-silence",
        "dropout",
        "hum",
        "narrowband",
        "rate-outlier",
    ]
    findings = found(
        *(
            (
                f"clip-{i:05d}",
                codes[i % len(codes)],
                ["error", "warning", "note"][i % 3],
                float(i),
                1.0,
                0.5,
                0.9,
            )
            for i in random.choice(13_000, 4_000, replace=False)
        )
    )
    started = time.process_time()
    html = audit_report(audit_of(clips, findings))
    assert time.process_time() - started < 15
    assert len(html.encode()) < 25e6
    assert len(Page(html).data["id"]) == 13_000


def test_of_more_clips_than_the_table_holds_those_with_findings_stay():
    count = MOST_ROWS + 500
    clips = corpus(count)
    findings = found((clips["id"].iloc[-1], "clipping", "error"))
    data = Page(audit_report(audit_of(clips, findings))).data
    assert data["all"] == count
    assert len(data["id"]) == MOST_ROWS
    assert data["id"][-1] == clips["id"].iloc[-1]


def test_names_in_a_description_are_code(small):
    page = audit_report(audit_of(small.table, found(("", "phoneme-rare", "note"))))
    assert "with under <code>rare</code> occurrences" in page
