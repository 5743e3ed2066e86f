"""Lengths: whatever the pauses, clips are within their limits and nothing falls between them."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ttsprep.build.longform.divide import Place, choose, pause_cost

STRETCHES = st.lists(st.tuples(st.floats(0.2, 20), st.floats(0, 2)), min_size=1, max_size=40)


def places(stretches: list[tuple[float, float]]) -> list[Place]:
    at, result = 0.0, [Place(0.0, 0.0, 0.0)]
    for seconds, cost in stretches:
        at += seconds
        result.append(Place(at, at, cost))
    return result


@settings(max_examples=100)
@given(STRETCHES)
def test_clips_are_within_their_limits_and_follow_each_other(stretches: list[tuple[float, float]]) -> None:
    given_places = places(stretches)
    chosen = choose(given_places, 3.0, 15.0)
    assert chosen[0][0] == 0
    assert chosen[-1][1] == len(given_places) - 1
    assert all(a[1] == b[0] for a, b in pairwise(chosen))
    for first, last, is_clip in chosen:
        seconds = given_places[last].end - given_places[first].begin
        assert 3.0 <= seconds <= 15.0 if is_clip else last == first + 1


def test_nothing_is_left_out_that_fits() -> None:
    chosen = choose(places([(2.0, 0.0)] * 20), 3.0, 15.0)
    assert all(is_clip for _, _, is_clip in chosen)
    assert all(4.0 <= 2.0 * (last - first) <= 10.0 for first, last, _ in chosen)


def test_long_pauses_are_preferred() -> None:
    chosen = choose(places([(2.0, pause_cost(0.25)), (4.0, pause_cost(0.9)), (2.5, 1.0), (4.0, 0.0)]), 3.0, 15.0)
    assert [(first, last) for first, last, _ in chosen] == [(0, 2), (2, 4)]


def test_only_what_does_not_fit_is_left_out() -> None:
    assert choose(places([(6.0, 0), (16.0, 0), (1.0, 0), (6.0, 0)]), 3.0, 15.0) == [
        (0, 1, True),
        (1, 2, False),
        (2, 4, True),
    ]


def test_what_may_not_be_a_clip_is_none() -> None:
    chosen = choose(places([(5.0, 0.0)] * 3), 3.0, 15.0, lambda first, last: not first <= 1 < last)
    assert chosen == [(0, 1, True), (1, 2, False), (2, 3, True)]


@pytest.mark.parametrize(("seconds", "cost"), [(0.6, 0.0), (2.0, 0.0), (0.3, 0.75)])
def test_short_pauses_cost(seconds: float, cost: float) -> None:
    assert pause_cost(seconds) == pytest.approx(cost)
