"""What the audit calls usable or fixable is what the dry run plans and the build keeps, from the same options."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st

from ttsprep.audit.defects.demo import make
from ttsprep.audit.goal.judge import judge, judge_result
from ttsprep.audit.goal.rate import Goal
from ttsprep.audit.pipeline import Audit, Extras, audit
from ttsprep.audit.select import FIXED_BY, Select, select
from ttsprep.audit.verdict import summarise, verdict_table
from ttsprep.build.config import Recipe, Segment, Transcribe
from ttsprep.build.options import Target, audit_recipe, build_recipe
from ttsprep.build.pipeline import build, draft
from ttsprep.build.provenance import drafted
from ttsprep.checks.base import catalogue
from ttsprep.core.types import Finding, Severity

IDS = [f"c{i}" for i in range(6)]
CODES = sorted({
    *FIXED_BY,
    "clipping",
    "hum",
    "noisy",
    "narrowband",
    "duplicate-audio",
    "text-missing",
    "session-drift",
})
FINDINGS = st.lists(
    st.tuples(st.sampled_from(["", *IDS]), st.sampled_from(CODES), st.sampled_from([str(s) for s in Severity])),
    max_size=20,
)
CLIPS = st.lists(
    st.tuples(
        st.sampled_from(["ok", "ok", "ok", "audio-missing"]),
        st.sampled_from([16_000.0, 22_050.0]),
        st.sampled_from([1.0, 9.0, 170.0, 400.0]),
        st.sampled_from(["k a t", "t a k", "d o g", ""]),
    ),
    min_size=len(IDS),
    max_size=len(IDS),
)
RECIPES = st.builds(
    Recipe,
    select=st.builds(
        Select,
        strictness=st.sampled_from(["lenient", "normal", "strict"]),
        reject=st.lists(st.sampled_from(CODES), max_size=2).map(tuple),
        keep=st.lists(st.sampled_from(CODES), max_size=2).map(tuple),
        keep_hours=st.sampled_from([0.0, 0.01, 0.05]),
        keep_coverage=st.booleans(),
        best_take=st.booleans(),
    ),
    stages=st.sampled_from([{}, {"resample": {"sample_rate": 22_050}}, {"resample": {"upsample": True}}]),
    pipeline=st.sampled_from([Recipe().pipeline, ("trim", "format"), ("format",)]),
    segment=st.sampled_from([None, Segment()]),
    transcribe=st.sampled_from([None, Transcribe()]),
)


@settings(max_examples=1_000)
@given(FINDINGS, CLIPS, RECIPES)
def test_three_readings_of_one_decision_on_random_tables(findings, rows, recipe: Recipe) -> None:
    clips = pd.DataFrame(rows, columns=["status", "sample_rate", "duration_s", "phonemes"])
    clips = clips.assign(
        id=IDS,
        status_reason=clips["status"],
        language="en-us",
        speaker="",
        snr_db=30.0,
        text=["A", "a", "b", "", "", "c"],
    )
    found = pd.DataFrame([(*row, "it is so") for row in findings], columns=["clip", "code", "severity", "message"])
    goal = Goal(recipe.rate or 22_050, "")
    terms = recipe.terms(goal.rate)
    selection = select(clips, found, terms)
    about = {"corpus": "made", "layout": "plain", "languages": [], "speakers": 0}
    summary = about | summarise(clips, found, selection, terms)
    audited = Audit(Path("no folder"), clips, found, summary, 0, selection, goal)
    verdicts = {row["id"]: row["verdict"] for row in verdict_table(clips, selection, terms).to_pylist()}
    plan = drafted(audited, (), tuple(recipe.configured_stages()), recipe)
    usable = [name for name in IDS if verdicts[name] != "to drop"]
    assert usable == selection.kept
    assert plan["result"]["clips"] == len(usable) == sum(summary["verdicts"][v]["clips"] for v in ("usable", "fixable"))
    assert plan["rejected"]["clips"] == summary["verdicts"]["to drop"]["clips"]
    step = {"lenient": 1, "normal": 2, "strict": 3}[recipe.select.strictness]
    assert summary["strictness"][step]["clips"] == len(usable)
    for name, (status, rate, seconds, _) in zip(IDS, rows, strict=True):
        resampled = "resample" in recipe.pipeline and not recipe.stages.get("resample", {}).get("upsample")
        if status != "ok" or (resampled and rate < goal.rate) or (seconds > 180 and not recipe.segment):
            assert verdicts[name] == "to drop"
        if any(clip == name and code == "clipping" and severity == "error" for clip, code, severity in findings):
            spared = "clipping" in recipe.select.keep and "clipping" not in recipe.select.reject
            assert spared or verdicts[name] == "to drop"
    assert set(CODES) <= set(catalogue())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the corpus with one of each defect."""
    folder = tmp_path_factory.mktemp("demo") / "corpus"
    make(folder)
    return folder


@pytest.mark.parametrize(
    "target",
    [
        Target(),
        Target(lenient=True),
        Target(strict=True),
        Target(trainer="vits-original"),
        Target(rate=16_000, keep_hours=0.02),
    ],
    ids=["default", "lenient", "strict", "vits", "16 kHz"],
)
def test_the_demo_corpus(demo: Path, target: Target, tmp_path: Path) -> None:
    audited = audit(demo, tmp_path / "audit", audit_recipe(target=target), jobs=2)
    recipe = build_recipe(target=target)
    verdicts = audited.summary["verdicts"]
    usable = verdicts["usable"]["clips"] + verdicts["fixable"]["clips"]
    planned = draft(demo, tmp_path / "build", recipe, jobs=2)
    assert planned.before.selection == audited.selection
    assert planned.describe()["result"]["clips"] == usable > 0
    built = build(demo, tmp_path / "build", recipe, jobs=2)
    late = [item for item in built.rejected if item.stage not in {"select", "keep-hours", "read"}]
    assert built.document["result"]["clips"] == usable - len({item.id for item in late})
    assert len(late) <= 0.02 * audited.summary["clips"], [(item.id, item.stage, item.reason) for item in late]
    assert built.document["goal"] == audited.summary["goal"]


@pytest.fixture(scope="module")
def reviewed(spoken_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two speakers: takes, a short word in silence, a foreign clip, a silent one; and decisions about them."""
    folder = tmp_path_factory.mktemp("reviewed")
    (folder / "wavs").mkdir()
    lines = (spoken_once / "metadata.csv").read_text(encoding="utf-8").splitlines()
    rows = []
    for i, line in enumerate(lines):
        name, text = line.split("|")[:2]
        samples, rate = sf.read(spoken_once / "wavs" / f"{name}.wav")
        if i == 3:  # half a second of speech between two seconds of room
            room = np.random.default_rng(1).normal(0, 1e-4, 2 * rate)
            samples = np.concatenate([room, samples[rate // 2 : rate // 2 + rate // 8], room])
        if i == 6:
            samples = np.zeros(rate)
        sf.write(folder / "wavs" / f"{name}.wav", samples, rate)
        rows.append((name, text if i != 5 else f"{text} \ufffd", "ab"[i % 2], "nb" if i == 7 else "en-us"))
        if i < 3:
            sf.write(folder / "wavs" / f"{name}-again.wav", 0.8 * samples, rate)
            rows.append((f"{name}-again", text, "ba"[i % 2], "en-us"))
    table = "".join(f"wavs/{name}.wav|{text}|{speaker}|{tag}\n" for name, text, speaker, tag in rows)
    (folder / "list.csv").write_text(f"path|text|speaker|language\n{table}", encoding="utf-8")
    names = [f"wavs/{name}" for name, *_ in rows]
    decided = f"{names[0]},reject,,cough\n{names[5]},keep,,\n{names[9]},keep,,\n{names[8]},,Another text.,\n"
    folder.with_name("decisions.csv").write_text(f"id,decision,text,reason\n{decided}", encoding="utf-8")
    return folder


@pytest.mark.parametrize(("trainer", "split"), [("", "speaker"), ("xtts", "text")])
def test_a_reviewed_corpus(reviewed: Path, trainer: str, split: str, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text(f'[split]\nby = "{split}"\nvalid = 0.3\n', encoding="utf-8")
    target, decisions = Target(trainer=trainer), reviewed.with_name("decisions.csv")
    rules = audit_recipe(str(recipe), target=target)
    audited = audit(reviewed, tmp_path / "audit", rules, jobs=1, extras=Extras(decisions=decisions))
    asked = build_recipe(str(recipe), target=target)
    planned = draft(reviewed, tmp_path / "build", asked, jobs=1, decisions=decisions)
    built = build(reviewed, tmp_path / "build", asked, jobs=1, decisions=decisions)
    verdicts = audited.summary["verdicts"]
    usable = verdicts["usable"]["clips"] + verdicts["fixable"]["clips"]
    assert planned.before.selection == audited.selection
    assert built.document["result"]["clips"] == usable > 0
    assert {item.id for item in built.rejected} == {item.id for item in audited.selection.rejected}
    stages = {item.stage for item in built.rejected}
    assert ("split" in stages) == (split == "speaker")
    assert "decisions" in stages
    codes = {code for item in built.rejected for code in item.codes}
    assert {"duplicate-audio"} <= codes
    assert [item.reason for item in built.rejected if item.codes == ("no-speech",)] == [
        "decided to keep, but nothing is to be heard in it, and the stage trim needs speech"
    ]
    assert ("trainer-language" in codes) == bool(trainer)


class AboveMedian:
    """A limit relative to the corpus, and one that a stage of a build changes."""

    codes = (catalogue()["rate-outlier"][0], catalogue()["loudness-outlier"][0])

    def judge(self, corpus: pd.DataFrame) -> Iterator[Finding]:
        for column, code in (("pace", "rate-outlier"), ("level", "loudness-outlier")):
            limit = 2 * float(corpus[column].median())
            for clip, value in zip(corpus["id"], corpus[column], strict=True):
                if value > limit:
                    yield Finding(clip, code, Severity.WARNING, f"{value} of {limit}")


def test_limits_that_move_when_clips_leave_reject_nothing() -> None:
    source = pd.DataFrame({"id": list("abcdefg"), "pace": [0.4, 0.4, 1.0, 1.0, 1.0, 1.0, 1.0], "level": 9.0})
    result = pd.DataFrame({"id": ["A", "B", "C"], "pace": [0.4, 0.4, 1.0], "level": [1.0, 1.0, 3.0]})
    origin, judges, wanted = dict(zip("ABC", "abc", strict=True)), [AboveMedian()], frozenset(catalogue())
    assert [(item.clip, item.code) for item in judge(result, judges, wanted)] == [
        ("C", "rate-outlier"), ("C", "loudness-outlier")
    ]  # fmt: skip
    # the pace is judged among all of the source, the level, which a stage sets, in the result alone
    found = list(judge_result(result, source, origin, judges, wanted))
    assert [(item.clip, item.code) for item in found] == [("C", "loudness-outlier")]
    spoilt = result.assign(pace=[0.4, 5.0, 1.0])
    assert ("B", "rate-outlier") in [
        (item.clip, item.code) for item in judge_result(spoilt, source, origin, judges, wanted)
    ]
