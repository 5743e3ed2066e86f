"""Aligning: a reader simulated from the durations of speech, who also leaves out and adds."""

import numpy as np
import pytest

from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.build.longform.book_words import After, BookText, split_book
from ttsprep.build.longform.text_position import place

TEXT = split_book(" ".join(SENTENCES * 2), "en-us")


def read(text: BookText, order: list[int] | None = None) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Return durations and pauses of a reading, and the past-the-last word of each stretch."""
    random = np.random.default_rng(7)
    seconds, pauses, ends, size, begun = [], [], [], 0.0, False
    for number in order if order is not None else range(len(text.sizes)):
        size, begun = size + text.sizes[number], True
        chance, length = {After.SENTENCE: (0.97, 0.7), After.CLAUSE: (0.7, 0.35)}.get(
            After(text.after[number]), (0.0, 1)
        )
        if random.random() < chance:
            seconds.append((0.05 + 0.075 * size) * np.exp(0.08 * np.sqrt(1 + 15 / size) * random.standard_normal()))
            pauses.append(length * np.exp(0.35 * random.standard_normal()))
            ends.append(number + 1)
            size, begun = 0.0, False
    assert not begun
    return np.array(seconds), np.array(pauses), ends


def test_a_plain_reading_is_placed() -> None:
    seconds, pauses, ends = read(TEXT)
    found = place(TEXT, seconds, pauses)
    sure = found.end_p > 0.98
    assert sure.mean() > 0.8
    assert (found.ends == ends)[sure].mean() > 0.98
    assert found.reading.phone == pytest.approx(0.075, rel=0.1)
    assert found.wordless.max() < 0.5


def test_speech_that_the_text_does_not_have_is_named_and_the_rest_placed() -> None:
    seconds, pauses, ends = read(TEXT)
    at = len(ends) // 2
    more = np.array([2.7, 5.1, 1.3, 4.4, 3.6])
    found = place(TEXT, np.insert(seconds, at, more), np.insert(pauses, at, np.full(5, 0.5)))
    after = slice(at + 25, None)
    sure = found.end_p[after] > 0.98
    assert found.wordless[at - 5 : at + 10].sum() > 2
    assert (found.ends[after] == ends[at + 20 :])[sure].mean() > 0.98


def test_text_that_is_not_read_is_named_and_the_rest_placed() -> None:
    sentence = np.concatenate(([0], np.flatnonzero(TEXT.after == After.SENTENCE) + 1))
    left_out = range(sentence[60], sentence[63])
    order = [number for number in range(len(TEXT.sizes)) if number not in left_out]
    seconds, pauses, ends = read(TEXT, order)
    found = place(TEXT, seconds, pauses)
    where = ends.index(next(end for end in ends if end > left_out.stop))
    assert found.unread[where - 8 : where + 8].max() > 0.5
    sure = (found.end_p > 0.98) & (np.abs(np.arange(len(ends)) - where) > 20)
    assert (found.ends == ends)[sure].mean() > 0.98


def test_of_two_equal_texts_none_is_sure() -> None:
    text = split_book("one two three " * 30, "en-us")
    found = place(text, np.full(20, 1.4), np.full(20, 0.4))
    assert (found.end_p[3:-3] < 0.9).all()
