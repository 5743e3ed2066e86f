"""What each recipe that comes with ttsprep promises."""

import re
from pathlib import Path

import pytest

from ttsprep.build.config import Recipe, load, shipped
from ttsprep.corpora.corpus import all_layouts
from ttsprep.corpora.download import file_name
from ttsprep.corpora.source import needs
from ttsprep.text.phonemes import espeak_code

RATES = {
    "ljspeech": 22_050,
    "libritts": 24_000,
    "vctk": 24_000,
    "common-voice": 24_000,
    "rvc-voice": 24_000,
    **dict.fromkeys(("generic", "longform", "transcribe", "tweb", "gujarati-female", "brazilian-portuguese"), 0),
}
FETCHED = {"ljspeech": 2_748_572_632, "libritts": 9_015_156_545, "vctk": 11_747_302_977}
LANGUAGES = {
    **dict.fromkeys(("ljspeech", "libritts", "tweb", "longform", "transcribe"), "en-us"),
    **{"vctk": "en-gb", "gujarati-female": "gu", "brazilian-portuguese": "pt-br"},
}
MANY_VOICES = {"libritts", "vctk", "common-voice", "brazilian-portuguese"}


def rate_of(recipe: Recipe) -> int:
    (stage,) = [step for step in recipe.configured_stages() if step.name == "resample"]
    return int(stage.sample_rate)


def test_these_are_there() -> None:
    assert set(shipped()) == set(RATES)


@pytest.mark.parametrize("name", sorted(RATES))
def test_each_recipe(name: str, tmp_path: Path) -> None:
    recipe = load(name)
    recipe.verify()
    assert 20 <= len(recipe.about) <= 100
    assert recipe.layout in {*all_layouts(), "auto"}
    assert recipe.language == LANGUAGES.get(name, "")
    if recipe.language:
        assert espeak_code(recipe.language)
    assert rate_of(recipe) == RATES[name]
    assert recipe.pipeline[-1] == "format"
    assert ("filelist" in recipe.export) == (name in MANY_VOICES)
    assert sum(download.bytes for download in recipe.source.downloads) == FETCHED.get(name, 0)
    assert bool(recipe.source.name) == (name not in {"generic", "rvc-voice", "longform", "transcribe"})
    if recipe.source.name:
        assert recipe.source.page.startswith("https://")
        assert recipe.source.licence
    if recipe.source.downloads:
        assert needs(recipe.source, data=tmp_path).missing == recipe.source.downloads
    for download in recipe.source.downloads:
        assert re.fullmatch(r"[0-9a-f]{64}", download.sha256)
        assert download.bytes
        assert file_name(download.url)


@pytest.mark.parametrize("name", sorted(RATES))
def test_each_recipe_says_what_it_is_for(name: str) -> None:
    text = shipped()[name]
    assert text.startswith("# ")
    assert len(text.splitlines()) <= 60
    assert max(map(len, text.splitlines())) <= 120


def test_a_voice_without_transcripts_is_not_judged_by_its_texts() -> None:
    recipe = load("rvc-voice")
    assert not [code for code in recipe.enabled_codes() if code.startswith(("text-", "phoneme-", "diphone-", "rate-"))]
    assert {"clipping", "noisy", "reverberant", "pitch-outlier", "duplicate-audio"} <= recipe.enabled_codes()
    assert "normalise" not in recipe.pipeline
    assert recipe.segment is not None
    assert (recipe.split.valid, recipe.split.test) == (0, 0)


def test_many_volunteers_are_chosen_strictly() -> None:
    recipe = load("common-voice")
    assert recipe.select.strictness == "strict"
    assert recipe.split.by == "speaker"
    assert "lossy-source" not in recipe.enabled_codes()  # it is all MP3
    noise = {judge.name: judge for judge in recipe.configured_checks()}["noise"]
    default = {judge.name: judge for judge in Recipe().configured_checks()}["noise"]
    assert noise.snr_error_db > default.snr_error_db


def test_only_long_recordings_are_cut() -> None:
    assert {name for name in RATES if load(name).segment is not None} == {"longform", "rvc-voice", "transcribe"}
    assert {name for name in RATES if load(name).transcribe is not None} == {"transcribe"}


def test_all_speakers_of_vctk_read_the_same() -> None:
    assert "text-duplicate" not in load("vctk").enabled_codes()
