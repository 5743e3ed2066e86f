"""The self-test counts what is found of what was planted, and leaves the corpus alone."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from checks.speech import defect, takes
from recorder import Recorder

from ttsprep.audit.defects.inject import Defect
from ttsprep.audit.defects.selftest import DefectOutcome, selftest
from ttsprep.build.config import Recipe, parse
from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Severity

pytestmark = pytest.mark.usefixtures("one_server")

PLAIN = (
    defect("clipping", "2 % of samples clipped, then -6 dB"),
    defect("dc-offset", "offset of 0.05"),
    defect("leading-silence", "3 s before"),
    defect("too-long", "repeated for 40 s"),
    defect("audio-empty", "0 bytes"),
    defect("duplicate-audio", "-8 dB"),
    defect("text-empty", "a blank"),
)
HARMLESS = Defect("clipping", "nothing at all", True, lambda take, _other, _random: take)


def write(folder: Path, count: int) -> Path:
    (folder / "wavs").mkdir(parents=True)
    lines = []
    for i, take in enumerate(takes("espeak")[:count]):
        sf.write(folder / "wavs" / f"s{i:02d}.wav", take.samples, take.rate, subtype="PCM_16")
        lines.append(f"s{i:02d}|{take.text}\n")
    (folder / "metadata.csv").write_text("".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def spoken(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("selftest") / "spoken", 40)


def state(folder: Path) -> dict[str, tuple[int, str]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def tested(spoken: Path):
    before = state(spoken)
    progress = Recorder()
    result = selftest(
        spoken,
        Recipe(),
        jobs=2,
        per_defect=4,
        defects=PLAIN,
        progress=progress,
    )
    return result, progress, before


def test_plain_defects_are_all_found(tested) -> None:
    result = tested[0]
    assert [outcome.defect for outcome in result.outcomes] == list(PLAIN)
    for outcome in result.outcomes:
        assert (outcome.planted, outcome.detected, outcome.missed) == (4, 4, ())
        assert not outcome.missed_too_often


def test_clean_clips_have_few_alarms(tested) -> None:
    result = tested[0]
    assert result.clips == 40
    assert result.with_error == 0
    assert result.with_warning <= 2
    errors = [count for (_, severity), count in result.alarms.items() if severity == Severity.ERROR]
    assert sum(errors) == 0


def test_progress_adds_up_to_the_plan(tested) -> None:
    _, progress, _ = tested
    new = 4 * len(PLAIN)
    measured = [("measuring", 40, 40), ("measuring defects", new, new)]
    *before, (stage, heard, _) = progress.stages
    assert before == [*measured, ("listening (phones)", 40, 40)]
    assert stage == "listening to defects (phones)" and 0 < heard <= new, "those with a text that can be read"
    assert sum(clips for clips, _ in progress.advances) == 80 + new + heard
    assert sum(seconds for _, seconds in progress.advances) > 150


def test_nothing_is_written_into_the_corpus(tested, spoken: Path) -> None:
    assert state(spoken) == tested[2]


def test_what_is_not_there_is_not_found(spoken: Path) -> None:
    result = selftest(spoken, Recipe(), jobs=1, per_defect=3, background=14, defects=[HARMLESS])
    (outcome,) = result.outcomes
    assert (outcome.planted, outcome.detected) == (3, 0)
    assert len(set(outcome.missed)) == 3
    assert outcome.missed_too_often


def test_the_seed_decides(spoken: Path) -> None:
    def run(seed: int):
        return selftest(spoken, Recipe(), jobs=1, per_defect=3, background=14, defects=[HARMLESS], seed=seed)

    first = run(1)
    assert run(1) == first
    assert run(2).outcomes[0].missed != first.outcomes[0].missed


def test_only_the_codes_of_the_recipe_are_planted(spoken: Path) -> None:
    recipe = parse('[checks]\nonly = ["dc-offset", "too-quiet"]', "test")
    result = selftest(spoken, recipe, jobs=1, per_defect=2, background=12, defects=PLAIN)
    assert [outcome.defect.code for outcome in result.outcomes] == ["dc-offset"]
    assert {code for code, _ in result.alarms} <= {"dc-offset", "too-quiet"}


def test_thresholds_of_the_recipe_are_used(spoken: Path) -> None:
    recipe = parse('[checks]\nonly = ["dc-offset"]\n[checks.level]\ndc_note = 0.5\ndc_warning = 0.9', "test")
    result = selftest(spoken, recipe, jobs=1, per_defect=2, background=12, defects=PLAIN)
    assert [(outcome.planted, outcome.detected) for outcome in result.outcomes] == [(2, 0)]


def test_a_defect_that_the_sample_rate_cannot_show_is_left_out(tmp_path: Path) -> None:
    corpus = write(tmp_path / "low", 10)
    for file in (corpus / "wavs").iterdir():
        samples, rate = sf.read(file)
        sf.write(file, samples[::2], rate // 2, subtype="PCM_16")
    upsampled = defect("narrowband", "upsampled from 16 kHz")
    result = selftest(corpus, Recipe(), jobs=1, per_defect=1, defects=[upsampled, PLAIN[1]])
    assert [outcome.defect.code for outcome in result.outcomes] == ["dc-offset"]


def test_fewer_than_ten_clips_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="9 clips"):
        selftest(write(tmp_path / "nine", 9), Recipe(), jobs=1, defects=PLAIN)


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    corpus = write(tmp_path / "broken", 12)
    (corpus / "wavs" / "s03.wav").write_bytes(b"nothing")
    result = selftest(corpus, Recipe(), jobs=1, per_defect=2, defects=[PLAIN[1]])
    assert result.clips == 11
    assert result.outcomes[0].detected == 2
    (corpus / "wavs" / "s04.wav").unlink()
    (corpus / "wavs" / "s05.wav").unlink()
    with pytest.raises(CorpusError, match="9 clips"):
        selftest(corpus, Recipe(), jobs=1, defects=PLAIN)


@pytest.mark.parametrize(
    ("plain", "planted", "found", "too_often"),
    [(True, 20, 19, False), (True, 20, 18, True), (False, 20, 16, False), (False, 20, 15, True), (True, 0, 0, False)],
)
def test_how_many_may_be_missed(plain: bool, planted: int, found: int, too_often: bool) -> None:
    one = Defect("hum", "x", plain, lambda take, _other, _random: take)
    outcome = DefectOutcome(one, planted, found, tuple(np.arange(planted - found).astype(str)))
    assert outcome.missed_too_often is too_often
