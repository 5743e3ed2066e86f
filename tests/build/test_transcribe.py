"""What is not to be trusted of a text that a model wrote."""

from typing import Any

import pytest

from ttsprep.build.config import Transcribe
from ttsprep.build.transcribe import doubt

SURE = {
    "text": "Call me Ishmael.", "seconds": 2.0, "log_p": -0.05, "word_log_p": -0.3, "word": "Ishmael",
    "no_speech_p": 0.01, "first_s": 0.4, "after_s": 0.0, "language": "en", "language_p": 0.99, "problem": "",
}  # fmt: skip


def test_a_sure_text_is_trusted() -> None:
    assert doubt(SURE, "en", Transcribe()) == ((), "")
    assert doubt(SURE | {"language": "", "language_p": None}, "en", Transcribe()) == ((), "")


@pytest.mark.parametrize(
    ("known", "code", "reason"),
    [
        ({"no_speech_p": 0.7}, "no-speech", "no speech, with probability 0.70"),
        ({"text": "..."}, "text-empty", "nothing is written"),
        ({"text": "", "log_p": None, "word_log_p": None, "first_s": None}, "text-empty", "nothing is written"),
        ({"text": "[Music]"}, "text-hallucinated", "as a sound"),
        ({"text": "Thanks for watching!"}, "text-hallucinated", "Thanks for watching!"),
        ({"text": "so it was then so it was then so it was then"}, "text-repetition", "so it was then"),
        ({"text": "He was quite well, she was unwell. " * 5, "seconds": 60.0}, "text-repetition", ""),
        ({"text": "He went to sea as soon as he could.", "seconds": 0.5}, "rate-outlier", "characters a second"),
        ({"language": "de", "language_p": 0.9}, "language-mismatch", "'de'"),
        ({"first_s": 5.0}, "", "5.0 s of speech at its start"),
        ({"after_s": 1.0}, "", "1.0 s of speech after the last word"),
        ({"log_p": -0.5}, "", "mean log-probability -0.50 (limit -0.2)"),
        ({"word_log_p": -4.0}, "", "unsure of 'Ishmael'"),
        ({"problem": "31.0 s, and Whisper hears 29.5 s at once"}, "", "31.0 s"),
    ],
)
def test_what_is_doubtful_has_a_reason(known: dict[str, Any], code: str, reason: str) -> None:
    codes, said = doubt(SURE | known, "en", Transcribe())
    assert codes == ((code,) if code else ())
    assert reason in said
    assert said


def test_a_short_clip_says_too_little_of_its_language() -> None:
    short = SURE | {"language": "de", "language_p": 0.9, "seconds": 1.0}
    assert doubt(short, "en", Transcribe()) == ((), "")


def test_limits_are_those_of_the_recipe() -> None:
    known = SURE | {"log_p": -0.5, "word_log_p": -4.0}
    assert doubt(known, "en", Transcribe(least_log_p=-0.6, least_word_log_p=-5.0)) == ((), "")
