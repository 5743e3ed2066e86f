"""Words, their tokens, and where they were heard."""

import numpy as np
import pytest

from ttsprep.models.word_timing import monotonic, speech_frames, tokenize, word_pace, word_scores


def letters(text: str) -> list[int]:
    return list(map(ord, text))


def test_each_word_has_its_tokens() -> None:
    words = tokenize("so it  is.", "en", letters)
    assert words.words == ("so", "it", "is.")
    assert "".join(map(chr, words.tokens)) == " so it is."
    assert words.spans == ((0, 3), (3, 6), (6, 10))
    assert tokenize("你 好", "zh", letters).words == ("你", "好")
    assert tokenize(" ", "en", letters).tokens == ()


def test_a_word_is_as_good_as_its_worst_token_and_marks_do_not_count() -> None:
    log_p = np.float32([-1, -4, -np.inf, -2, -np.inf, 0])
    best = np.float32([-0.5, -1, -1, -2, -1, 0])
    scores = word_scores(log_p, best, [(0, 3), (3, 4), (4, 5)])
    np.testing.assert_allclose(scores, [-3, 0, np.nan])


@pytest.mark.parametrize("starts", [[0, 10, 11, 30], [0, 5], [0]])
def test_the_path_follows_the_attention(starts: list[int]) -> None:
    attention = np.random.default_rng(0).random((len(starts), 40), dtype=np.float32) * 0.1
    for row, (start, end) in enumerate(zip(starts, [*starts[1:], 40], strict=True)):
        attention[row, start:end] += 1
    assert monotonic(attention).tolist() == starts


def test_more_tokens_than_frames_have_a_path() -> None:
    starts = monotonic(np.eye(5, 3, dtype=np.float32))
    assert np.all(np.diff(starts) >= 0)


def test_speech_is_what_is_not_far_under_the_loudest() -> None:
    samples = np.random.default_rng(0).standard_normal(1600).astype(np.float32)
    samples[320:640] *= 10 ** (-45 / 20)
    assert speech_frames(samples, 0.02).tolist() == [True, False, True, True, True]
    assert not speech_frames(np.zeros(640, np.float32), 0.02).any()


def test_words_that_pile_up_have_no_time_and_speech_that_nothing_is_written_for_has_no_letters() -> None:
    text = tokenize("so it was then", "en", letters)  # 2, 2, 3 and 4 letters
    speech = np.ones(100, bool)

    def measured(*frames: int) -> tuple[float, float]:
        starts = np.repeat(frames[:-1], [end - start for start, end in text.spans])
        return word_pace(text, np.append(starts, frames[-1]), speech, 0.02)

    assert measured(0, 20, 40, 60, 100) == pytest.approx((0.0, 2.0 - 13 * 0.12))
    assert measured(0, 60, 98, 99, 100)[0] == pytest.approx(7 - 2 * 0.4)  # the last two in 40 ms
    assert measured(0, 5, 10, 15, 25)[1] == pytest.approx(1.5)  # all after the last word
    assert word_pace(tokenize("", "en", letters), np.array([0]), speech, 0.02) == (0.0, pytest.approx(2.0))
    characters = tokenize("你好吗", "zh", letters)
    starts = np.array([0, 1, 2, 3])
    assert word_pace(characters, starts, speech, 0.02, spaced=False)[0] == pytest.approx(3 * 2.5 - 20 * 0.06)
