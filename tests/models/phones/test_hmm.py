"""Sounds: the best path is the best of all paths, and units are learnt from an even start."""

from itertools import combinations

import numpy as np
import pytest

from ttsprep.models.phones.hmm import SILENCE, SoundModels, SpeechRun, learn, paths, scores, tails, totals

UNITS = np.array([1, 2, SILENCE, 3, SILENCE])
RANDOM = np.random.default_rng(4)


def brute(likelihoods: np.ndarray, units: np.ndarray) -> float:
    """Return the best sum over all ways to divide the frames among the units in order."""
    edges = combinations(range(1, len(likelihoods)), len(units) - 1)
    return max(
        sum(likelihoods[a:b, unit].sum() for a, b, unit in zip((0, *cut), (*cut, len(likelihoods)), units, strict=True))
        for cut in edges
    )


def test_scores_are_those_of_the_best_path() -> None:
    likelihoods = RANDOM.standard_normal((7, 4)).astype(np.float32)
    found = scores(likelihoods, UNITS, np.array([0, 3]), np.array([1, 3]))
    with_silence, without = brute(likelihoods, UNITS[:4]), brute(likelihoods, UNITS[[0, 1, 3]])
    assert found[0, 0] == pytest.approx(brute(likelihoods, UNITS[:2]), abs=1e-4)
    assert found[0, 1] == pytest.approx(max(with_silence, without), abs=1e-4)
    assert found[1, 1] == pytest.approx(likelihoods[:, 3].sum(), abs=1e-4)
    assert found[1, 0] == -np.inf


def spoken(means: np.ndarray, units: list[int]) -> SpeechRun:
    frames = np.concatenate([np.full(RANDOM.integers(3, 9), unit) for unit in units])
    features = means[frames] + RANDOM.standard_normal((len(frames), 4))
    text = [unit for unit in units if unit != SILENCE]
    return SpeechRun(features.astype(np.float32), np.array([x for unit in text for x in (unit, SILENCE)]))


def test_units_are_learnt_from_texts_alone() -> None:
    means = 4 * RANDOM.standard_normal((6, 4))
    stretches = [spoken(means, list(RANDOM.integers(1, 6, 12))) for _ in range(60)]
    silence = (means[SILENCE] + RANDOM.standard_normal((300, 4))).astype(np.float32)
    sounds = learn(stretches, silence, 6)
    assert np.abs(sounds.means - means).max() < 1.0
    assert sounds.weights.sum() == pytest.approx(1.0)


def test_paths_of_a_batch_are_those_of_each_alone() -> None:
    means = 2 * RANDOM.standard_normal((6, 4))
    stretches = [spoken(means, list(RANDOM.integers(1, 6, count))) for count in (2, 9, 30)]
    sounds = SoundModels(means.astype(np.float32), np.ones((6, 4), np.float32), np.full(6, 1 / 6, np.float32))
    fits = [(sounds.likelihoods(stretch.features), stretch.units) for stretch in stretches]
    together, sums = paths(fits), totals(fits)
    for stretch, fit, path, total in zip(stretches, fits, together, sums, strict=True):
        np.testing.assert_array_equal(path, paths([fit])[0])
        likelihoods, _ = fit
        last = len(stretch.units) - 1
        best = scores(likelihoods, stretch.units, np.array([0]), np.array([last, last - 1])).max()
        assert likelihoods[np.arange(len(path)), stretch.units[path]].sum() == pytest.approx(best, rel=1e-4)
        assert total == pytest.approx(best, rel=1e-4)


def test_the_tail_is_the_best_way_to_end_a_text_early() -> None:
    loss, fits = 0.2, []
    for frames in (6, 11, 9, 8, 12, 7, 5, 10):
        likelihoods = -np.abs(RANDOM.standard_normal((frames, 4))).astype(np.float32)
        fits.append((likelihoods, np.array([SILENCE, *UNITS])))
    spoken_and_more = np.full((9, 4), -5, np.float32)
    spoken_and_more[np.arange(6), [SILENCE, *UNITS]] = 0
    fits.append((spoken_and_more, np.array([SILENCE, *UNITS])))
    for (likelihoods, units), tail in zip(fits, tails(fits, loss), strict=True):
        frames, ends = len(likelihoods), np.array([2, 3, 4, 5])  # the last units of both words, and what follows each
        best = [scores(likelihoods[:t], units, np.array([0]), ends)[0] for t in range(1, frames + 1)]
        early = np.array(best) - loss * np.arange(frames - 1, -1, -1)[:, None]
        t, end = np.unravel_index(early.argmax(), early.shape)
        assert tail.gain == pytest.approx(max(0.0, early.max() - best[-1][2:].max()), abs=1e-4)
        if tail.gain:
            assert (tail.frames, tail.units) == (frames - 1 - t, 1 if end < 2 else 0)
    assert {tail.units for tail in tails(fits, loss) if tail.gain} == {0, 1}, "both cases are there"
