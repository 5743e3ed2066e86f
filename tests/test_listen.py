"""An audit that listens."""

import importlib.util
import shutil
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from ttsprep.audit import PROPOSED, audit
from ttsprep.checks.base import all_checks
from ttsprep.decisions import read_decisions
from ttsprep.errors import UsageError
from ttsprep.listen import columns_of, like, listen
from ttsprep.listening.base import Listener, all_listeners, listener
from ttsprep.listening.weights import find_weights
from ttsprep.recipe import Recipe
from ttsprep.types import Clip

SHARED = Path(__file__).parents[2] / "shared"
WEIGHTS = SHARED / "models" / "whisper-tiny.en.pt"
SPEECH = SHARED / "data" / "ljspeech"


def test_checks_and_listeners_name_each_other() -> None:
    named = {check.listener for check in all_checks().values()} - {""}
    assert named == {*all_listeners(), "codes"}  # the latter are brought by `ttsprep.coded`
    for name in named:
        assert columns_of(name)


def test_nobody_listens_unless_asked(tmp_path: Path) -> None:
    clips = [Clip("a", "a.wav", "one"), Clip("b", "b.wav", "two")]
    stale = {name: pa.array(["x"] * 2 if text else [1.0] * 2) for name, text in columns_of("asr").items()}
    listened = {check.listener for check in all_checks().values()} - {"", "asr"}
    others = {name: pa.nulls(2) for other in listened for name in columns_of(other)}
    table = listen(tmp_path, clips, pa.table({"id": ["a", "b"]} | stale | others), tmp_path, [], jobs=1)
    assert table["id"].to_pylist() == ["a", "b"]
    assert all(table[name].null_count == 2 for name in columns_of("asr"))
    assert list(tmp_path.iterdir()) == []


def test_the_others_are_in_the_same_language_and_of_like_length() -> None:
    texts = [("aa", "en"), ("bbb", "en"), ("c" * 30, "en"), ("ddd", "fr"), ("", "en"), ("aa", "en")]
    clips = [Clip(str(i), "", text, language=language) for i, (text, language) in enumerate(texts)]
    found = like(clips)
    assert found[0] == ("bbb", "c" * 30)
    assert found[3] == ()
    assert found[0] == found[5]


def test_weights_are_found_by_path_and_by_name_and_never_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTSPREP_MODELS", str(tmp_path))
    (tmp_path / "mine.pt").write_bytes(b"x")
    assert find_weights("mine", (".pt",), where_from="") == tmp_path / "mine.pt"
    assert find_weights(str(tmp_path / "mine.pt"), (), where_from="") == tmp_path / "mine.pt"
    with pytest.raises(UsageError, match=r"no weights 'other'.*ask her for it.*looked in"):
        find_weights("other", (".pt",), where_from="ask her for it")
    with pytest.raises(UsageError, match="did you mean 'asr'"):
        listener("asf")


def test_a_listener_without_its_packages_says_how_to_have_them() -> None:
    class Deaf(Listener):
        name = "deaf"
        extra = "ears"
        packages = ("no_such_package",)

    del Listener.registry["deaf"]
    assert Deaf.available() == "--listen deaf needs no_such_package: pip install 'ttsprep[ears]'"


@pytest.mark.skipif(not (WEIGHTS.is_file() and SPEECH.is_dir()), reason="needs ../shared: Whisper's weights, LJSpeech")
@pytest.mark.skipif(importlib.util.find_spec("whisper") is None, reason="needs the extra asr")
def test_swapped_texts_are_found_and_the_mend_is_proposed(tmp_path: Path) -> None:
    lines = (SPEECH / "metadata.csv").read_text(encoding="utf-8").split("\n")
    rows = [line.split("|") for line in (lines[1], lines[7], lines[12], lines[15])]
    texts = [row[-1] for row in rows]
    texts[0], texts[1] = texts[1], texts[0]
    corpus = tmp_path / "corpus"
    (corpus / "wavs").mkdir(parents=True)
    for name, *_ in rows:
        shutil.copy(SPEECH / "wavs" / f"{name}.flac", corpus / "wavs")
    table = "".join(f"{row[0]}|{text}\n" for row, text in zip(rows, texts, strict=True))
    (corpus / "metadata.csv").write_text(table, encoding="utf-8")
    out, rules = tmp_path / "out", Recipe(select=("transcript-mismatch",))
    told: list[tuple[str, int, int]] = []
    asr = listener("asr", str(WEIGHTS))

    def hear() -> pd.DataFrame:
        return audit(corpus, out, rules, jobs=1, listen=[asr], on_listen=lambda *plan: told.append(plan)).findings

    found = hear()
    assert sorted(found["clip"]) == sorted(row[0] for row in rows[:2])
    assert set(found.severity) == {"error"}
    assert found.message.str.contains("they look swapped").all()
    proposed = read_decisions(out / PROPOSED, {row[0] for row in rows})
    assert {name: decision.text for name, decision in proposed.items()} == {rows[0][0]: texts[1], rows[1][0]: texts[0]}
    pd.testing.assert_frame_equal(hear(), found)
    assert told == [("asr", 4, 4), ("asr", 4, 0)]
    silent = audit(corpus, out, rules, jobs=1)
    assert silent.findings.empty
    assert silent.clips.mismatch_nats.isna().all()
    assert not (out / PROPOSED).exists()
