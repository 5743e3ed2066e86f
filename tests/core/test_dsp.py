"""Deviation from the speaker's median: outliers, missing values, small groups."""

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsprep.core.dsp import ENOUGH, FEWEST, deviation, mel_filters, triangles


def usual(count: int, seed: int = 0) -> pd.Series:
    return pd.Series(10 + np.random.default_rng(seed).standard_normal(count))


def named(count: int, name: str = "") -> pd.Series:
    return pd.Series([name] * count)


def test_an_outlier_is_measured_in_spreads() -> None:
    values = usual(200)
    values[7] = 30.0
    against = deviation(values, named(200), least_spread=0.1)
    assert against.centre.nunique() == 1
    assert against.centre[0] == pytest.approx(10, abs=0.3)
    assert against.off[7] == pytest.approx(20, abs=0.3)
    assert against.z[7] == pytest.approx(20, rel=0.2)
    assert against.z.drop(7).abs().max() < 4


def test_a_third_of_wrong_values_moves_little() -> None:
    values = usual(300)
    values[:90] = 1_000.0
    against = deviation(values, named(300), least_spread=0.1)
    assert against.centre[0] == pytest.approx(10, abs=1)
    assert against.z[:90].min() > 100


def test_speakers_apart_small_ones_pooled() -> None:
    values = pd.concat([usual(100), usual(100, 1) + 50, usual(ENOUGH - 1, 2) + 500], ignore_index=True)
    speakers = pd.concat([named(100, "a"), named(100, "b"), named(ENOUGH - 1, "c")], ignore_index=True)
    against = deviation(values, speakers, least_spread=0.1)
    assert against.z[:200].abs().max() < 4
    assert against.centre[100] - against.centre[0] == pytest.approx(50, abs=1)
    assert against.centre[200:].nunique() == 1
    assert against.centre[200] == values.median()


def test_an_even_corpus_has_a_least_spread() -> None:
    values = pd.Series([5.0] * 50)
    values[3] = 5.4
    against = deviation(values, named(50), least_spread=1.0)
    assert against.z[3] == pytest.approx(0.4)
    assert (against.z.drop(3) == 0).all()


def test_few_clips_are_judged_mildly_and_fewer_not_at_all() -> None:
    values = usual(FEWEST)
    mild = deviation(values, named(FEWEST), least_spread=0.01)
    spread = 1.4826 * (values - values.median()).abs().median()
    np.testing.assert_allclose(mild.z, (values - values.median()) / (1.5 * spread))
    assert deviation(values[:-1], named(FEWEST - 1), least_spread=0.1).isna().all(axis=None)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "Float64"])
def test_any_kind_of_number(dtype: str) -> None:
    values = pd.Series(np.arange(40)).astype(dtype)
    against = deviation(values, named(40), least_spread=0.1)
    assert (against.dtypes == "float64").all()
    assert against.off[39] == pytest.approx(19.5)


def test_missing_values_stay_missing_and_count_for_nothing() -> None:
    values = usual(100)
    values[::2] = np.nan
    against = deviation(values, named(100), least_spread=0.1)
    assert against.z[::2].isna().all()
    assert against.z[1::2].notna().all()
    whole = deviation(values.dropna(), named(100)[1::2], least_spread=0.1)
    np.testing.assert_allclose(against.z[1::2], whole.z)
    none = deviation(pd.Series(np.full(100, np.nan)), named(100), least_spread=0.1)
    assert none.z.isna().all()
    assert len(deviation(pd.Series([], dtype=float), pd.Series([], dtype=str), least_spread=1)) == 0


def test_the_index_is_kept() -> None:
    values, speakers = usual(60), named(60, "a")
    values.index = speakers.index = pd.Index(range(100, 160))[::-1]
    against = deviation(values, speakers, least_spread=0.1)
    assert list(against.index) == list(values.index)
    assert against.off.loc[155] == pytest.approx(values.loc[155] - values.median())


@given(st.lists(st.floats(-1e6, 1e6), min_size=FEWEST, max_size=80), st.floats(-1e3, 1e3))
def test_a_common_offset_changes_nothing(numbers: list[float], offset: float) -> None:
    values = pd.Series(numbers)
    one = deviation(values, named(len(values)), least_spread=1.0)
    other = deviation(values + offset, named(len(values)), least_spread=1.0)
    np.testing.assert_allclose(other.off, one.off, atol=1e-6, rtol=1e-6)
    assert (one.z.abs() <= one.off.abs() + 1e-9).all()


@pytest.mark.parametrize(("rate", "n_fft", "bands"), [(16_000, 1_024, 80), (24_000, 2_048, 96), (8_000, 32, 10)])
def test_mel_filters_of_unit_sum_leave_no_band_empty(rate: int, n_fft: int, bands: int) -> None:
    bank = mel_filters(rate, n_fft, bands)
    assert bank.shape == (bands, n_fft // 2 + 1) and bank.dtype == np.float32
    np.testing.assert_allclose(bank.sum(axis=1), 1, rtol=1e-5)
    assert (np.diff(bank @ np.arange(n_fft // 2 + 1)) >= 0).all()


def test_mel_filters_are_triangles_between_their_edges() -> None:
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8_000 / 700), 42) / 2595) - 1)
    exact = triangles(edges, np.arange(513) * 15.625)
    np.testing.assert_allclose(mel_filters(16_000, 1_024, 40), exact / exact.sum(1, keepdims=True), atol=1e-6)
    slaney = mel_filters(16_000, 400, 40, slaney=True)
    np.testing.assert_allclose(slaney[20:].sum(axis=1) * 40, 1, rtol=0.02)  # of unit area, at bins of 40 Hz


def test_an_audit_and_its_report_do_without_librosa(spoken: Path, tmp_path: Path) -> None:
    script = """
        import sys
        from ttsprep.cli.main import main
        try:
            code = main()
        except SystemExit as stop:
            code = stop.code
        sys.exit(9 if "librosa" in sys.modules else code)
    """
    words = ["audit", str(spoken), "--out", str(tmp_path / "audit"), "--fail-on", "never"]
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script), *words], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "audit" / "report.html").is_file()
