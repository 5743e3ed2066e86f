"""What a build refuses before it begins."""

from pathlib import Path

import pytest

from ttsprep.build.options import Target, build_recipe
from ttsprep.build.prepare import refuse_unreadable
from ttsprep.core.errors import CorpusError
from ttsprep.core.types import Clip

KANA, KANJI = "えきはどこですか", "電車が遅れた"


def clips(*texts: str) -> list[Clip]:
    return [Clip(f"c{n}", f"{n}.wav", text, language="ja") for n, text in enumerate(texts)]


@pytest.mark.parametrize("trainer", ["styletts2", "piper"])
def test_lists_of_phonemes_are_refused_where_texts_have_none(trainer: str) -> None:
    recipe = build_recipe(target=Target(trainer=trainer))
    with pytest.raises(CorpusError, match=r"1 of 2 texts cannot be phonemised.*in c1 \('電車が遅れた'\).*in kana"):
        refuse_unreadable(Path("corpus"), clips(KANA, KANJI), recipe)
    refuse_unreadable(Path("corpus"), clips(*[KANA] * 200, KANJI), recipe)  # one is left out and named
    refuse_unreadable(Path("corpus"), clips(KANJI), build_recipe(target=Target(trainer="gpt-sovits")))
