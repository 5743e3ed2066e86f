"""A clip beside the quartiles of its corpus."""

import numpy as np
import pytest

from ttsprep.audit.percentiles import AREAS, distribution
from ttsprep.checks.base import all_checks


def test_every_check_of_ours_has_an_area_of_the_list() -> None:
    assert {name for name, check in all_checks().items() if check.area not in AREAS} == set()


def test_the_percentile_counts_equal_values_half() -> None:
    found = distribution(np.array([1.0, 2.0, 2.0, np.nan, 9.0]), 1)
    assert found is not None
    assert (found.clips, found.points, found.percentile) == (4, (1.0, 1.75, 2.0, 3.75, 9.0), 50.0)
    assert distribution(np.array([np.nan, 1.0]), 0) is None


def test_an_axis_ends_three_interquartile_ranges_from_the_box() -> None:
    found = distribution(np.array([0.0, *np.linspace(10, 14, 9), 100.0]), 0)
    assert found is not None
    iqr = found.q3 - found.q1
    assert found.axis_range == pytest.approx((found.q1 - 3 * iqr, found.q3 + 3 * iqr))
