"""Whether a trainer can use each clip, as an audit and a build judge it alike."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from ttsprep.audit.pipeline import audit
from ttsprep.build.config import Recipe
from ttsprep.build.fit import Fit, phonemes, unknown_symbols
from ttsprep.build.options import Target, audit_recipe, build_recipe
from ttsprep.build.pipeline import build
from ttsprep.build.targets import TrainerProfile, load_trainer
from ttsprep.checks.trainer import Trainer as TrainerCheck
from ttsprep.core.types import Clip


def profile(kind: str, known: str, **more: object) -> TrainerProfile:
    needs = {"name": "mine", "about": "", "source": (), "sample_rate": 1, "export": (), "why": {}}
    needs["training"] = {"install": "", "check": "", "batch": 1, "script": ""}
    limits = {"most_symbols": more.pop("most_symbols", 0)}
    return TrainerProfile.model_validate({**needs, **limits, "symbols": {"kind": kind, "set": [known], **more}})


def unknown(texts: list[tuple[str, str, str]], trainer: TrainerProfile) -> dict[str, list[str]]:
    clips = [Clip(name, "", text, "", language) for name, text, language in texts]
    columns = Fit(trainer, (), ())(clips)
    return unknown_symbols(pd.DataFrame({"id": [clip.id for clip in clips], **columns}))


def test_unknown_characters_are_listed_with_their_clips() -> None:
    texts = [("a", "abc", "en"), ("b", "cab\u00e9", "en"), ("c", "\u65e5 \u00e9\u00e9x", "en"), ("d", "", "en")]
    assert unknown(texts, profile("characters", "abc")) == {
        " ": ["c"],
        "x": ["c"],
        "\u00e9": ["b", "c"],
        "\u65e5": ["c"],
    }
    some = profile("characters", "abc", converted="x ", scripts=["HAN"])
    assert unknown(texts, some) == {"\u00e9": ["b", "c"]}
    assert unknown([("a", "\u00e9", "")], profile("characters", "e\u0301", form="NFD")) == {}


def test_unknown_phonemes_are_those_of_the_language_of_each_clip() -> None:
    texts = [("a", "bin", "en-us"), ("b", "bin", "de"), ("c", "bain", "fr")]
    known = profile("phonemes", "b\u026an\u02c8")
    assert unknown(texts, known) == {"\u025b": ["c"], "\u0303": ["c"]}
    fits = Fit(known, (), ())
    columns = fits([Clip("y", "", "bin", "", "de"), Clip("z", "", "bin"), Clip("x", "", "bin", "", "xx-none")])
    fine, none, other = columns["trainer_language"]
    assert not fine
    assert none == "mine reads phonemes, and the clip has no language: give --language"
    assert other.startswith("mine reads phonemes: no language is called 'xx-none'")


def test_a_trainer_of_one_language_refuses_the_clips_of_others() -> None:
    clips = [
        Clip(name, "", "bin", "", language) for name, language in zip("abcd", ("en-us", "en-gb", "de", ""), strict=True)
    ]
    columns = Fit(load_trainer("vits"), (), ())(clips)
    assert [bool(reason) for reason in columns["trainer_language"]] == [False, False, True, False]
    assert columns["trainer_language"][2].startswith(
        "vits reads all texts in one language, here en, and the clip is 'de'"
    )
    assert not any(Fit(load_trainer("xtts"), (), ())(clips)["trainer_language"]), "it has a list for each"


def test_what_the_trainers_do_not_know() -> None:
    english = [("a", "It costs five pounds (at most), \u201cyou see\u201d!", "en-us")]
    assert [unknown(english, load_trainer(name)) for name in ("vits-original", "styletts2", "piper")] == [{}, {}, {}]
    french = [("b", "Un bon vin blanc.", "fr")]
    assert unknown(french, load_trainer("vits-original")) == {"\u0303": ["b"]}, "a KeyError while training"
    assert unknown(french, load_trainer("piper")) == {}
    f5 = [("c", "caf\u00e9 \u4f60\u597d \u00d4 \U0001f600", "fr")]
    assert unknown(f5, load_trainer("f5-tts")) == {"\u00d4": ["c"], "\U0001f600": ["c"]}
    assert unknown(f5, load_trainer("gpt-sovits")) == {}, "its set is not fixed"


def test_many_texts_are_phonemised_in_runs() -> None:
    clips = (Clip(str(number), "", "no" if number % 2 else "yes", "", "en-us") for number in range(2_500))
    assert list(phonemes(clips))[-3:] == ["n\u02c8o\u028a", "j\u02c8\u025bs", "n\u02c8o\u028a"]


def test_a_text_is_judged_as_the_build_writes_it() -> None:
    columns = Recipe(trainer="f5-tts").fit()([Clip("a", "", "It\u2019s 5 \u20ac\u2026", "", "en-us")])
    assert columns["trainer_unknown"] == [""]
    four = profile("characters", "a", most_symbols=4)
    long = Fit(four, (), ())([Clip("a", "", "aaaa"), Clip("b", "", "aaaaa")])
    assert long["trainer_text"] == ["", "its text has 5 characters; mine takes 4 at most"]
    ours, theirs = ("a" * count for count in (72, 250))
    xtts = Recipe(trainer="xtts", export=("filelist",)).fit()
    texts = xtts([Clip("a", "", ours, "", "ja"), Clip("b", "", theirs, "", "en-gb"), Clip("c", "", ours, "", "en")])
    assert texts["trainer_text"] == ["its text has 72 characters; xtts takes 71 at most", "", ""]
    piped = Recipe(trainer="gpt-sovits", export=("filelist",)).fit()([Clip("a", "", "one|two", "", "en")])
    (reason,) = piped["trainer_text"]
    assert reason.endswith("cannot hold it: the normalised text holds '|', which divides the columns")


def judged(*unknown: str, column: str = "trainer_unknown") -> list[tuple[str, str, str]]:
    corpus = pd.DataFrame({"id": [str(i) for i in range(len(unknown))]})
    for name in TrainerCheck.measures:
        corpus[name] = unknown if name == column else ""
    return [(found.clip, found.code, found.severity.value) for found in TrainerCheck().judge(corpus)]


def test_a_symbol_of_the_whole_language_is_one_finding() -> None:
    rare = ["x", *[""] * 19]
    assert judged(*rare) == [("0", "trainer-symbols", "warning")]
    assert judged(*rare, column="trainer_fatal") == [("0", "trainer-symbols", "error")]
    often = [*["\u0303"] * 12, "\u0303x", *[""] * 7]
    assert judged(*often, column="trainer_fatal") == [
        ("", "trainer-symbols", "error"),
        ("12", "trainer-symbols", "error"),
    ]
    assert judged(*rare, column="trainer_text") == [("0", "trainer-text", "error")]
    assert judged(*rare, column="trainer_language") == [("0", "trainer-language", "error")]


@pytest.fixture(scope="module")
def mixed(spoken_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a corpus with a clip in another language, one with a long text, and one with a rare symbol."""
    folder = tmp_path_factory.mktemp("mixed")
    shutil.copytree(spoken_once / "wavs", folder / "wavs")
    lines = (spoken_once / "metadata.csv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("|")[:2] for line in lines]
    languages = ["en-us"] * len(rows)
    languages[0] = "nb"
    rows[1][1] += " \u2603"
    lines = [f"wavs/{name}.wav|{text}|{tag}" for (name, text), tag in zip(rows, languages, strict=True)]
    text = "\n".join(lines)
    (folder / "list.csv").write_text(f"path|text|language\n{text}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("trainer", ["xtts", "f5-tts"])
def test_the_audit_for_a_trainer_drops_what_the_build_for_it_rejects(mixed: Path, trainer: str, tmp_path: Path) -> None:
    target = Target(trainer=trainer, strict=True)
    audited = audit(mixed, tmp_path / "audit", audit_recipe(target=target), jobs=1)
    built = build(mixed, tmp_path / "build", build_recipe(target=target), jobs=1)
    rejected = {item.id: item for item in built.rejected}
    assert {item.id for item in audited.selection.rejected} == set(rejected)
    code, clip = {"xtts": ("trainer-language", 0), "f5-tts": ("trainer-symbols", 1)}[trainer]
    assert code in rejected[audited.clips["id"].iloc[clip]].codes
    assert set(built.document["out_of_vocabulary"]) == set()
