"""What the report of a build says of source and result."""

import json
import re
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from report.made_tables import NOWHERE, audit_of, build_of, corpus, found, provenance_of, rejected_of
from report.test_page import HOSTILE, Page
from ttsprep.report.build_page import property_list, rewritten
from ttsprep.report.charts.histogram import TALLEST, before_after_histogram, before_after_histograms
from ttsprep.report.compare import NO_REASON, changes, hours_lost, lost, match
from ttsprep.report.data import BuildTables, quantities
from ttsprep.report.page import build_report


def followed(build):
    return {change.code: change for change in changes(build, match(build))[0]}


def side_by_side(build):
    return {row.name: row for row in property_list(build, match(build))}


def rendered(build):
    return build_report(build.before, build.after, build.rejected, build.provenance)


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_every_clip_of_the_source_is_built_or_rejected(built):
    matched = match(built)
    assert len(matched.built) == 37
    assert list(matched.rejected["id"]) == ["clip-00001", "clip-00002", "clip-00003"]
    assert list(matched.source.items()) == [(name, name) for name in built.after.table["id"]]


def test_a_clip_with_several_reasons_counts_under_the_first_and_one_without_codes_under_the_stage(built):
    rejected = built.rejected.assign(codes=["clipping", "", "rate-outlier clipping"], stage="select")
    assert list(match(replace(built, rejected=rejected)).rejected["main"]) == ["clipping", "select", "rate-outlier"]


def test_reasons_without_a_code_say_what_they_have_in_common(built):
    reasons = ["beyond the best 2 hours: SNR 40 dB", "beyond the best 2 hours: SNR 41 dB", "decided"]
    rejected = built.rejected.assign(codes="", stage="select", reason=reasons)
    text = words(rendered(replace(built, rejected=rejected)))
    assert text.count("select beyond the best 2 hours −") == 1  # on the way from source to build
    assert text.count("select beyond the best 2 hours 3 ") == 1  # in the list of reasons


def test_what_no_model_measured_again_remains(built):
    counts = followed(built)
    code = next(name for name, row in counts.items() if row.gone and not row.corpus)
    summary = built.before.summary | {"listening": {"phones": {"codes": [code]}}}
    heard = followed(replace(built, before=replace(built.before, summary=summary)))
    assert (heard[code].gone, heard[code].left) == (0, counts[code].left + counts[code].gone)
    again = replace(built.after, summary=built.after.summary | {"listening": summary["listening"]})
    assert followed(replace(built, before=replace(built.before, summary=summary), after=again)) == counts


def test_what_only_an_export_leaves_out_is_built_and_named(built):
    rows = [("clip-00001", "select", "clipping", "it clips"), ("clip-00011", "export filelist", "", "it has a bar")]
    rejected = pd.DataFrame(rows, columns=["id", "stage", "codes", "reason"])
    build = replace(built, rejected=rejected)
    matched = match(build)
    assert list(matched.aside["id"]) == ["clip-00011"]
    assert list(matched.rejected["main"]) == ["clipping", NO_REASON, NO_REASON]
    assert "Built, but not exported export filelist clip-00011 it has a bar" in words(rendered(build))


def test_what_is_no_clip_of_the_source_is_listed_last_with_its_own_length(built):
    extra = pd.DataFrame({"id": ["tape"], "stage": "segment", "codes": "", "reason": "no pause", "duration_s": 9.0})
    build = replace(built, rejected=pd.concat([extra, built.rejected], ignore_index=True))
    rejected = match(build).rejected
    assert list(rejected["id"]) == ["clip-00001", "clip-00002", "clip-00003", "tape"]
    assert rejected["seconds"].iloc[-1] == 9.0


def test_a_clip_that_is_neither_built_nor_listed_is_named(built):
    matched = match(replace(built, rejected=built.rejected.iloc[1:]))
    assert list(matched.rejected["id"]) == ["clip-00001", "clip-00002", "clip-00003"]
    assert matched.rejected["main"][0] == NO_REASON
    assert NO_REASON in rendered(replace(built, rejected=built.rejected.iloc[1:]))


def test_the_losses_add_up_to_what_lies_between_source_and_build(built):
    listed = hours_lost(built, match(built))
    assert [(loss.name, loss.clips, loss.rejected) for loss in listed] == [
        ("clipping", 2, True),
        ("rate-outlier", 1, True),
        ("silence trimmed", 37, False),
    ]
    assert listed[0].seconds == pytest.approx(built.before.table["duration_s"][1:3].sum())
    assert listed[2].seconds == pytest.approx(0.5 * 37)
    between = built.before.table["duration_s"].sum() - built.after.table["duration_s"].sum()
    assert sum(loss.seconds for loss in listed) == pytest.approx(between)


def test_a_change_of_length_that_nothing_explains_is_named(built):
    unknown = replace(built, provenance=built.provenance[["id", "source_id"]])
    assert [loss.name for loss in hours_lost(unknown, match(unknown))] == [
        "clipping",
        "rate-outlier",
        "shortened",
    ]
    clips = built.after.table.assign(duration_s=built.after.table["duration_s"] + 2)
    longer = replace(built, after=audit_of(clips, built.after.findings))
    (*_, rest) = hours_lost(longer, match(longer))
    assert rest.name == "other changes of length"
    assert rest.seconds == pytest.approx(-2 * 37)


def test_findings_are_rejected_gone_left_or_new(built):
    rows = followed(built)
    assert {code: (c.before, c.rejected, c.gone, c.left, c.new) for code, c in rows.items()} == {
        "clipping": (3, 3, 0, 0, 0),
        "rate-outlier": (1, 1, 0, 0, 0),
        "leading-silence": (2, 0, 2, 0, 0),
        "noisy": (1, 0, 0, 1, 0),
        "cut-end": (0, 0, 0, 0, 1),
        "session-drift": (1, 0, 1, 0, 0),
    }
    assert [rows[code].worst_new for code in ("cut-end", "noisy")] == ["error", ""]
    assert [code for code, row in rows.items() if row.corpus] == ["session-drift"]
    fresh = changes(built, match(built))[1]
    assert list(fresh["clip"]) == ["clip-00009"]


def test_a_finding_is_followed_through_a_new_name_and_into_every_piece(small):
    """One clip of the source was cut into two, another was given a safe name."""
    clips = corpus(3).assign(id=["clip-00006-1", "clip-00006-2", "safe"])
    findings = found(("clip-00006-2", "noisy", "warning"), ("safe", "leading-silence", "warning"))
    provenance = pd.DataFrame({"id": clips["id"], "source_id": ["clip-00006", "clip-00006", "clip-00004"]})
    before, after = replace(small, root=NOWHERE), audit_of(clips, findings)
    build = BuildTables(before, after, rejected_of(), provenance)
    rows = followed(build)
    assert (rows["noisy"].left, rows["noisy"].gone, rows["noisy"].new) == (1, 0, 0)
    assert (rows["leading-silence"].rejected, rows["leading-silence"].left) == (1, 1)
    assert match(build).built == {"clip-00004", "clip-00006"}
    assert "3 clips from 40." in words(rendered(build))


def test_findings_about_the_corpus_are_counted_before_and_after(built):
    findings = found(("", "session-drift", "warning"), ("", "phoneme-rare", "note"), ("", "phoneme-rare", "note"))
    build = replace(built, after=audit_of(built.after.table, findings))
    rows = followed(build)
    assert (rows["session-drift"].left, rows["session-drift"].gone) == (1, 0)
    assert (rows["phoneme-rare"].before, rows["phoneme-rare"].new, rows["phoneme-rare"].worst_new) == (0, 2, "note")


def test_new_findings_stand_out_in_red_only_if_they_are_errors_or_warnings(built):
    html = rendered(built)
    assert html.count('class="alarm"') == 1
    assert "cut-end was seen" in html
    note = replace(audit_of(built.after.table, found(("clip-00009", "lossy-source", "note"))))
    assert 'class="alarm"' not in rendered(replace(built, after=note))
    clean = audit_of(built.after.table, found())
    assert "The build has no new finding" in rendered(replace(built, after=clean))


def test_sounds_that_are_lost_are_named_with_the_clips_that_carry_them(built):
    spoken = ["ə t n | ə t"] * 40
    spoken[2] = "ʒ n | n ə"
    before, after = (side.table.assign(phonemes=spoken[: len(side.table)]) for side in (built.before, built.after))
    after["phonemes"] = "ə t n | ə t"
    build = replace(built, before=replace(built.before, table=before), after=replace(built.after, table=after))
    phones, diphones = lost(build, match(build), 10)
    assert [(row.sound, row.count, row.clips) for row in phones] == [(("ʒ",), 1, ("clip-00002",))]
    only = {("n", "n"), ("n", "ə"), ("ʒ", "n")}
    assert {row.sound for row in diphones} <= only
    assert {(row.count, row.clips) for row in diphones} == {(1, ("clip-00002",))}
    assert lost(build, match(build), 0)[1][0].clips == ()
    text = words(rendered(build))
    assert "1 phone of the source missing in the build ʒ 1 × in clip-00002" in text
    assert re.search(r"phones of the language 3 of \d+ 4 in the source", text)


def test_the_facts_stand_side_by_side(built):
    before = replace(built.before, table=built.before.table.assign(sample_rate=[44_100.0] * 30 + [22_050.0] * 10))
    after = replace(built.after, table=built.after.table.assign(sample_rate=24_000.0))
    rows = side_by_side(replace(built, before=before, after=after))
    assert (rows["Clips"].before, rows["Clips"].after) == ("40", "37")
    assert (rows["Sample rate"].before, rows["Sample rate"].after) == ("44.1 kHz (30), 22.05 kHz (10)", "24 kHz")
    assert rows["Sample rate"].done == "changed in 37 clips"
    assert rows["Loudness, 5th to 95th percentile"].after == "−23.0 LUFS"
    assert rows["Loudness, 5th to 95th percentile"].done.startswith("gain −2.0 to +3.0 dB: ")
    assert "Encoding" not in rows


def test_rewritten_words_are_shown_the_most_frequent_first(built):
    texts = ["Mr. Day had 12 hens", "so did Mr. Lee", "as it was", "a  b"] + ["same"] * 33
    normal = ["Mister Day had twelve hens", "so did Mister Lee", "as it was", "a b"] + ["same"] * 33
    build = replace(built, provenance=built.provenance.assign(text=texts, normalised=normal))
    found = rewritten(build.provenance)
    assert (found.texts, found.words) == (3, [("Mr.", "Mister", 2), ("12", "twelve", 1)])
    text = words(rendered(build))
    assert "3 texts normalised" in text
    assert "Mr. → Mister 2 × 12 → twelve" in text
    assert "normalised" not in words(rendered(built))
    assert rewritten(build.provenance[["id"]]).texts == 0


LOUDNESS = next(q for q in quantities() if q.column == "loudness_lufs")


def test_before_and_after_lie_over_each_other_on_the_same_axes(built):
    figure = before_after_histogram(LOUDNESS, built.before.table, built.after.table)
    assert 'class="was"' in figure.svg
    assert 'class="now"' in figure.svg
    median = f"{built.before.table['loudness_lufs'].median():.1f}".replace("-", "−")
    assert figure.title in {f"Loudness: median {median} → −23.0 LUFS", "Loudness: median still −23.0 LUFS"}
    assert "then −23.0 LUFS" in figure.note
    for name, clips in (("source", 40), ("build", 37)):
        assert sum(map(int, re.findall(rf"(\d+) in the {name}", figure.svg))) == clips


def test_a_peak_that_would_flatten_the_other_is_cut_and_says_its_count():
    before = pd.DataFrame({"loudness_lufs": np.linspace(-30, -16, 400)})
    after = pd.DataFrame({"loudness_lufs": np.full(400, -23.0)})
    figure = before_after_histogram(LOUDNESS, before, after)
    assert re.search(r'class="over-top"[^>]*>400<', figure.svg)
    tallest = max(map(int, re.findall(r"(\d+) in the source", figure.svg)))
    top = float(re.findall(r'class="tick" text-anchor="end">(\d+)<', figure.svg)[-1])
    assert top <= TALLEST * tallest
    few = before.iloc[::2]
    assert 'class="over-top"' not in before_after_histogram(LOUDNESS, before, few).svg
    assert 'class="over-top"' not in before_after_histogram(LOUDNESS, before, before).svg


def test_what_one_side_lacks_is_said():
    clips = pd.DataFrame({"loudness_lufs": [-20.0, -22.0]})
    assert before_after_histogram(LOUDNESS, clips, clips.head(0)).note == "not measured in the build"
    assert before_after_histogram(LOUDNESS, clips.head(0), clips).note == "not measured in the source"
    assert before_after_histogram(LOUDNESS, clips.head(0), clips.head(0)) is None
    assert [figure.title for figure in before_after_histograms(clips, clips)] == ["Loudness: median still −21.0 LUFS"]


def test_the_page_is_well_formed_and_has_the_audit_of_the_result_under_it(built):
    page = Page(rendered(built))
    assert page.open == []
    ids = [e["id"] for e in page.elements if "id" in e]
    assert len(ids) == len(set(ids))
    sections = [e["id"] for e in page.all("section")]
    assert sections[:6] == ["build", "compared", "followed", "rejected", "lost", "verdict"]
    targets = {e["href"][1:] for e in page.all("a") if e["href"] != "#"}
    assert targets <= set(ids)
    assert page.data["id"] == list(built.after.table["id"])


def test_rejected_clips_can_be_heard_and_are_listed_with_their_reasons(heard):
    page = Page(rendered(heard))
    (data,) = page.all("script", id="rejected-data")
    assert (
        '"reason":["2 % of the samples are cut flat","1 % of the samples are cut flat","too long for its text"]'
        in data["text"]
    )
    players = page.all("audio")
    # three rejected clips, and two of the result that have findings
    assert len(players) == len({e["src"] for e in players}) == 5
    numbers = {e["id"] for e in page.all("article") if "id" in e}
    assert numbers == {f"card-{n}" for n in range(1, 6)}
    assert rendered(heard) == rendered(heard)


def test_a_reason_that_no_check_has_found_is_shown_as_it_was_given(built):
    reason = "its text is held out by a decision"
    rejected = pd.concat([built.rejected, rejected_of(("clip-00010", "decision", reason))])
    html = rendered(build_of(built.before, rejected, built.after.findings))
    assert html.count(reason) == 4  # on the way, in the line of its group, on its card and in the list


@pytest.mark.parametrize("kept", [0, 1, 40])
def test_nothing_one_clip_or_everything_may_be_built(small, kept):
    small = replace(small, root=NOWHERE)
    ids = small.table["id"][kept:]
    rejected = rejected_of(*((name, "clipping", "too loud") for name in ids))
    html = rendered(build_of(small, rejected, found()))
    page = Page(html)
    assert page.open == []
    text = words(html)
    assert ("Nothing was built of" in text) == (kept == 0)
    assert ("None was rejected" in text) == (kept == 40)
    assert len(page.data["id"]) == kept


def test_a_corpus_of_one_clip_has_a_page(small):
    before = audit_of(corpus(1).assign(phonemes=""), found())
    html = rendered(build_of(before, rejected_of(), found()))
    assert "1 clip of 1." in words(html)
    assert "lost" not in [e["id"] for e in Page(html).all("section")]


@pytest.mark.parametrize("lost_columns", [["duration_s"], ["phones", "text", "path", "speaker", "status"], None])
def test_columns_may_be_missing(built, lost_columns):
    sides = [
        replace(side, table=side.table[["id"]] if lost_columns is None else side.table.drop(columns=lost_columns))
        for side in (built.before, built.after)
    ]
    build = BuildTables(*sides, built.rejected[["id"]], built.provenance[["id"]])
    page = Page(rendered(build))
    assert page.open == []
    assert len(page.data["id"]) == 37


def test_hostile_strings_stay_strings():
    clips = corpus(len(HOSTILE) * 2)
    for column in ("id", "path", "text", "speaker"):
        clips[column] = [f"{s} {i}" for i in range(2) for s in HOSTILE]
    clips["phonemes"] = clips["text"]
    codes = [s.replace(" ", "") for s in HOSTILE]
    findings = found(*((clip, "clipping", "error", 1, 0, 0.1, 0.2) for clip in clips["id"]))
    findings["message"] = findings["clip"]
    before = audit_of(clips, findings, name=HOSTILE[0])
    rejected = rejected_of(*((name, code, name) for name, code in zip(clips["id"][:8], codes, strict=True)))
    after = audit_of(clips[8:].reset_index(drop=True), findings[8:].assign(code="</script>"), name=HOSTILE[1])
    html = rendered(BuildTables(before, after, rejected, provenance_of(clips["id"][8:])))
    html.encode()
    page = Page(html)
    assert page.open == []
    assert len(page.all("script")) == 3
    assert len(page.all("img")) == 0
    assert not any(name.startswith("on") for element in page.elements for name in element)
    assert "\u202e" not in html
    raw = html[html.index('id="rejected-data"') :]
    assert not set(raw[raw.index(">") + 1 : raw.index("</script>")]) & set("<>&\u2028\u2029")


def test_clips_that_could_not_be_read_are_counted_without_hours(small):
    clips = small.table.copy()
    clips.loc[:2, "duration_s"] = np.nan
    clips.loc[:2, "status"] = "audio-missing"
    before = audit_of(clips, small.findings)
    rejected = rejected_of(*((f"clip-0000{i}", "audio-missing", "there is no such file") for i in range(3)))
    html = rendered(build_of(before, rejected, found()))
    assert "no player: cannot be decoded" in html
    assert re.search(r"audio-missing – − 3", words(html))


@pytest.mark.slow
def test_thirteen_thousand_clips_take_seconds():
    clips = corpus(13_000)
    random = np.random.default_rng(2)
    names = ("clipping", "noisy", "long-pause", "dropout", "hum", "narrowband", "rate-outlier", "cut-end")
    picks = random.choice(13_000, 4_000, replace=False)
    findings = found(*((f"clip-{i:05d}", names[i % 8], ("error", "warning", "note")[i % 3]) for i in picks))
    errors = findings["severity"] == "error"
    before = audit_of(clips, findings)
    rejected = rejected_of(*findings.loc[errors, ["clip", "code", "message"]].itertuples(index=False))
    build = build_of(before, rejected, findings[~errors])
    started = time.process_time()
    html = rendered(build)
    assert time.process_time() - started < 6
    assert len(html.encode()) < 10e6
    assert len(Page(html).data["id"]) == 13_000 - errors.sum()


def test_of_more_rejected_clips_than_the_list_holds_the_first_are_shown(built, monkeypatch):
    monkeypatch.setattr("ttsprep.report.compare.MOST_LISTED", 2)
    (data,) = Page(rendered(built)).all("script", id="rejected-data")
    listed = json.loads(data["text"])
    assert listed["all"] == 3
    assert listed["id"] == ["clip-00001", "clip-00002"]
