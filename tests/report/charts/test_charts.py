import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

from report.made_tables import corpus, coverage, found
from ttsprep.report.charts.histogram import JudgedCounts, Limit, histogram, judged
from ttsprep.report.charts.phonemes import diphone_map, phone_bars, spell_phones
from ttsprep.report.charts.svg import Scale, column, left_axis, tag, tick_label, ticks
from ttsprep.report.charts.trends import drift, named, strictness, text_to_audio
from ttsprep.report.data import Quantity, quantities, visible
from ttsprep.report.format import count, decimal, hours

LENGTH = next(q for q in quantities() if q.column == "duration_s")


def parsed(markup):
    return ElementTree.fromstring(str(markup).replace("<svg ", '<svg xmlns="x" ', 1))


def texts(markup):
    return [e.text for e in parsed(markup).iter() if e.tag.endswith("text")]


def tips(markup):
    return [e.get("data-tip") for e in parsed(markup).iter() if e.get("data-tip")]


def test_tags_escape_text_and_attributes():
    made = tag("text", "<b>&", x=1.25, data_tip='"><script>', class_="a")
    assert made == '<text x="1.2" data-tip="&#34;&gt;&lt;script&gt;" class="a">&lt;b&gt;&amp;</text>'


@pytest.mark.parametrize("low", [-70.0, 0.0, 0.003])
@pytest.mark.parametrize("span", [1e-3, 0.7, 13.0, 9e4])
def test_ticks_are_round_few_and_inside(low, span):
    values = ticks(low, low + span, 5)
    assert 1 <= len(values) <= 6
    assert all(low - 1e-9 * span <= v <= low + span * (1 + 1e-9) for v in values)
    assert len({tick_label(v, values) for v in values}) == len(values)


def test_an_empty_span_has_one_tick():
    assert ticks(3.0, 3.0, 5) == [3.0]


def test_values_are_shown_with_units_and_no_negative_zero():
    level = Quantity("", "dBFS", 1)
    assert level.show(-0.04) == "0.0 dBFS"
    assert level.span(-3.14, 2.0) == "−3.1 to 2.0 dBFS"
    assert level.difference(2.0) == "2.0 dB"
    assert Quantity("", "s", 1).span(1.04, 9.0) == "1.0–9.0 s"
    assert Quantity("", "s", 1).span(1.04, 1.0) == "1.0 s"
    assert level.middle(np.array([-3.0, -2.0, -1.0])) == "median −2.0 dBFS (IQR −2.5 to −1.5)"
    assert decimal(-1234.56, 1) == "−1,234.6"
    assert [hours(v) for v in (24.04, 0.695, 0.004, 0.0)] == ["24.0 h", "41.7 min", "14 s", "0 s"]
    assert [count(n, "clip") for n in (0, 1, 13_100)] == ["0 clips", "1 clip", "13,100 clips"]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\x00", "⟨U+0000⟩"),
        ("\udcff", "⟨U+DCFF⟩"),
        ("a\u200cb", "a\u200cb"),
        (None, ""),
        (np.nan, ""),
        ("é 日本 \u2028", "é 日本 ⟨U+2028⟩"),
    ],
)
def test_characters_that_act_are_spelled_out(raw, shown):
    assert visible(raw) == shown
    visible(raw).encode()


def test_a_histogram_counts_every_clip_once_under_its_verdict():
    clips = corpus(500)
    verdict = np.array(["usable"] * 450 + ["fixable"] * 30 + ["to drop"] * 20, dtype=object)
    figure = histogram(LENGTH, clips, verdict, JudgedCounts([Limit(1.0, "too-short")]))
    counted = {
        name: sum(int(n) for tip in tips(figure.svg) for n in re.findall(rf"(\d+) {name}", tip))
        for name in ("usable", "fixable", "to drop")
    }
    assert counted == {"usable": 450, "fixable": 30, "to drop": 20}
    assert "too-short" in texts(figure.svg)
    assert re.fullmatch(r"Length: median \d\.\d s \(IQR \d\.\d–\d\.\d\)", figure.title)


def test_two_groups_have_a_colour_each():
    loudness = next(q for q in quantities() if q.column == "loudness_lufs")
    clips = corpus(50).assign(loudness_lufs=[-20.0] * 30 + [-35.0] * 20)
    figure = histogram(loudness, clips, np.full(50, "usable", dtype=object), JudgedCounts(), -27.0)
    counts = [tip.split(": ")[1] for tip in tips(figure.svg)]
    assert counts == ["20 in the low group", "30 in the high group"]
    assert {e.get("class") for e in parsed(figure.svg).iter() if e.tag.endswith("path")} >= {"low", "high"}
    assert figure.title == "Loudness: two groups"


@pytest.mark.parametrize("values", [[5.0], [5.0] * 30, [0.0, 1e6], [1e-9, 2e-9, np.inf]])
def test_a_histogram_of_odd_values_is_drawn(values):
    clips = pd.DataFrame({"duration_s": values})
    figure = histogram(LENGTH, clips, np.full(len(values), "usable", dtype=object), JudgedCounts())
    assert "nan" not in str(figure.svg)
    assert sum(int(re.search(r": (\d+) usable", tip)[1]) for tip in tips(figure.svg)) == np.isfinite(values).sum()


def test_a_column_without_values_has_no_histogram():
    clips = pd.DataFrame({"duration_s": [np.nan, np.nan]})
    assert histogram(LENGTH, clips, np.full(2, "usable", dtype=object), JudgedCounts()) is None
    assert np.isnan(column(clips, "no such column")).all()


def test_limits_come_from_findings_that_judge_the_column():
    clips = corpus(5).assign(duration_s=[0.2, 0.3, 40.0, 5.0, 5.0], snr_db=[10.0, 12.0, 40, 40, 40])
    findings = found(
        ("clip-00000", "too-short", "error", 0.2, 0.5),
        ("clip-00001", "too-short", "error", 0.3, 0.5),
        ("clip-00002", "too-long", "error", 40.0, 30.0),
        ("clip-00000", "noisy", "error", 10.0, 15.0),
        ("clip-00001", "noisy", "error", 12.0, 25.0),  # another speaker, another limit: no line
        ("clip-00003", "clipping", "error", 0.3, 0.1),  # no column holds 0.3 for it
        ("gone", "too-long", "error", 50.0, 30.0),
        ("clip-00004", "reverberant", "warning"),
    )
    result = judged(clips, findings.drop(index=6))
    assert {name: one.limits for name, one in result.items()} == {
        "duration_s": [Limit(30.0, "too-long"), Limit(0.5, "too-short")],
        "snr_db": [],
    }
    assert result["duration_s"].flagged == [40.0, 0.2, 0.3]
    assert result["snr_db"].flagged == [10.0, 12.0]
    assert judged(clips, findings.iloc[[6]]) == {}


def test_a_limit_belongs_to_what_its_check_measures():
    clips = corpus(20)
    clips.loc[3, ["chars", "phones"]] = 0
    assert set(judged(clips, found(("clip-00003", "text-empty", "error", 0, 1)))) == {"chars"}


def test_a_rule_that_looks_at_other_measures_too_is_shaded():
    clips = corpus(5).assign(duration_s=[0.2, 0.3, 40.0, 50.0, 5.0])
    findings = found(*((f"clip-0000{n}", "too-short", "error", value, 0.5) for n, value in enumerate((0.2, 0.3))))
    findings = pd.concat([findings, found(("clip-00002", "too-long", "error", 40.0, 30.0))])  # and 50 s is no finding
    counts = judged(clips, findings)["duration_s"]
    assert set(counts.limits) == {Limit(0.5, "too-short"), Limit(30.0, "too-long", 1)}
    figure = histogram(LENGTH, clips, np.full(5, "usable", dtype=object), counts)
    (shade,) = re.findall(r'<rect x="([^"]*)" y="24" width="([^"]*)" height="124" class="joint">', str(figure.svg))
    assert sum(map(float, shade)) == 326


def test_a_histogram_marks_flagged_clips_and_its_bars_name_their_values():
    clips = pd.DataFrame({"duration_s": [1.0, 2.0, 3.0, 4.0, 90.0]})
    figure = histogram(LENGTH, clips, np.full(5, "usable", dtype=object), JudgedCounts(flagged=[90.0, 90.0, 1.0]))
    (ticks,) = re.findall(r'<path d="([^"]*)" class="flag">', str(figure.svg))
    assert ticks.count("M") == 2
    bars = re.findall(r'data-by="Length"(?: data-from="([^"]*)")?(?: data-to="([^"]*)")?', str(figure.svg))
    assert sum(any((low or "-inf", high or "inf")) for low, high in bars) == len(bars) > 1
    values = clips["duration_s"]
    counted = [((values >= float(low or "-inf")) & (values <= float(high or "inf"))).sum() for low, high in bars]
    assert sum(counted) == len(values)
    assert 'role="group"' in str(figure.svg)


def test_drift_says_how_far_the_median_moves():
    clips = pd.DataFrame({"loudness_lufs": np.r_[np.full(300, -20.0), np.full(300, -26.0)]})
    (figure, still) = drift(clips.assign(bandwidth_hz=10_700.0), ["loudness_lufs", "bandwidth_hz"])
    assert still.title == "Bandwidth: the rolling median stays at 10.70 kHz"
    assert figure.title == "Loudness: the rolling median moves within 6.0 LU"
    assert drift(clips.iloc[:5], ["loudness_lufs"]) == []
    (short,) = drift(clips.iloc[:12], ["loudness_lufs"])
    assert "nan" not in f"{short.title} {short.svg}"


def test_a_long_series_is_thinned_and_says_so():
    clips = pd.DataFrame({"loudness_lufs": np.random.default_rng(0).normal(-23, 1, 13_000)})
    (figure,) = drift(clips, ["loudness_lufs"])
    assert "one clip in 4 has a dot" in figure.note
    assert len(figure.svg) < 80_000


def test_the_scatter_names_the_clips_that_do_not_fit():
    clips = corpus(200)
    clips.loc[7, "speech_s"] += 6.0
    verdict = np.full(200, "usable", dtype=object)
    figure = text_to_audio(clips, found(("x", "clipping", "error")), verdict)
    assert "1 of 200 clips" in figure.title
    assert "clip-00007" in texts(figure.svg)
    flagged = text_to_audio(clips, found(("clip-00003", "rate-outlier", "error")), verdict)
    assert "clip-00003" in texts(flagged.svg)
    assert "clip-00007" not in texts(flagged.svg)
    assert text_to_audio(clips.iloc[:5], found(("x", "clipping", "error")), verdict[:5]) is None


def test_a_few_very_long_clips_do_not_squeeze_the_scatter():
    clips = corpus(300)
    clips.loc[0, ["phones", "speech_s"]] = [2_000, 150.3]
    verdict = np.full(300, "usable", dtype=object)
    figure = text_to_audio(clips, found(("clip-00005", "rate-outlier", "error")), verdict)
    assert "1 longer clip beyond the axes" in figure.note
    assert "1,000" not in texts(figure.svg)
    shown = text_to_audio(clips, found(("clip-00000", "rate-outlier", "error")), verdict)
    assert "clip-00000" in texts(shown.svg)
    assert "1,000" in texts(shown.svg)


def test_strictness_shows_every_step_and_its_hours():
    figure = strictness([{"keep": "all", "clips": 9, "hours": 4.0}, {"keep": "some", "clips": 5, "hours": 3.0}], 4.0)
    assert {"all", "some", "4.0 h", "3.0 h", "hours kept"} <= set(texts(figure.svg))
    assert "75 %" in str(figure.svg)
    assert "costs 25 % of the hours" in figure.title
    assert "nan" not in str(strictness([{"keep": "all", "clips": 0, "hours": 0.0}], 0.0).svg)


def test_the_steps_of_a_short_corpus_are_in_seconds():
    figure = strictness([{"keep": "all", "clips": 1, "hours": 5 / 3600}], 5 / 3600)
    assert "seconds kept" in texts(figure.svg)


def test_a_name_never_covers_another():
    x = Scale(0, 1, 0, 900)
    points = [
        (100.0, 50.0, "a name of 28 characters, long", ""),
        (260.0, 55.0, "over its end", ""),
        (400.0, 55.0, "beside it", ""),
        (260.0, 90.0, "below it", ""),
        (800.0, 55.0, "to the left, across the other names in this row of points", ""),
    ]
    assert texts(tag("svg", *named(points, x))) == ["a name of 28 characters, long", "beside it", "below it"]


COVERAGE = coverage({"a": 500, "t": 30, "n": 3}, "atnøʒ", {("t", "a"): 40, ("a", "n"): 1})


def test_phones_that_are_missing_are_marked():
    figure = phone_bars(COVERAGE)
    assert figure.title == "3 of the 5 phones of the language occur; missing: ø, ʒ"
    assert [t for t in tips(figure.svg) if "missing" in t] == ["ø: missing", "ʒ: missing"]
    kinds = [e.get("class") for e in parsed(figure.svg).iter() if e.tag.endswith("rect") and e.get("class") != "hit"]
    assert kinds == ["vowel", "consonant", "rare", "missing", "missing"]


def test_diphones_that_occur_are_cells_of_the_map():
    figure = diphone_map(COVERAGE)
    assert figure.title == "2 different diphones occur, 1 of them only once"
    cells = {e.get("data-tip"): e for e in parsed(figure.svg).iter() if e.get("data-tip")}
    assert set(cells) == {"t a: 40 times", "a n: once"}
    assert (cells["a n: once"].get("class"), cells["t a: 40 times"].get("class")) == ("q0", "q6")
    assert float(cells["t a: 40 times"].get("y")) > float(cells["a n: once"].get("y"))  # consonants under vowels
    assert float(cells["t a: 40 times"].get("x")) < float(cells["a n: once"].get("x"))


def sounds(figure):
    return {e.get("data-tip"): e.get("data-sound") for e in parsed(figure.svg).iter() if e.get("data-tip")}


def test_bars_and_cells_name_what_they_filter_by_unless_too_many_clips_have_it():
    assert sounds(phone_bars(COVERAGE)) == {
        "a: 500 times": "a",
        "t: 30 times": "t",
        "n: 3 times": "n",
        "ø: missing": None,
        "ʒ: missing": None,
    }
    assert sounds(diphone_map(COVERAGE)) == {"a n: once": "a n", "t a: 40 times": "t a"}
    assert sounds(phone_bars(COVERAGE, 31))["a: 500 times, in too many clips to list them here"] is None
    assert sounds(diphone_map(COVERAGE, 30)) == {
        "a n: once": "a n",
        "t a: 40 times, in too many clips to list them here": None,
    }


def test_phones_are_spelt_with_a_letter_each():
    clips = pd.DataFrame({"phonemes": ["t ˈaː | t", "n t", "", "t ˈaː"], "language": ["en-us", "en-us", "en-us", "de"]})
    known = coverage({"t": 400, "ˈaː": 300, "n": 1}, ["t", "ˈaː", "n"], {("t", "ˈaː"): 200, ("ˈaː", "t"): 5})
    spelt = spell_phones(clips, known)
    t, a, n = spelt["letters"]
    assert spelt["names"] == ["t", "ˈaː", "n"]
    assert spelt["clips"] == [t + a + t, n + t, "", ""]  # German has phones of its own
    assert spelt["listed"] is None
    short = spell_phones(clips, known, most=4)
    assert short["clips"] == [a + t, n + t, "", ""]
    assert short["listed"] == 100


def test_no_phones_at_all_are_no_error():
    assert phone_bars(coverage({}, "ab", {})).title.startswith("0 of the 2")
    assert diphone_map(coverage({}, "", {})).title.startswith("0 different")


def test_a_scale_is_linear():
    assert Scale(0, 10, 100, 0)(2.5) == 75


def test_counts_of_five_digits_fit_beside_their_axis():
    axis = left_axis(Scale(0, 12_000, 100, 0), 40, "clips", right=200)
    assert re.findall(r'text-anchor="end">([^<]*)<', axis) == ["0", "5k", "10k"]
