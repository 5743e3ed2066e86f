"""The shared views of a clip: spectra against Parseval, the speech mask against planted silence, F0 against yin."""

import librosa
import numpy as np
import pytest
import soxr
from checks.speech import SOURCES, signal, takes
from hypothesis import given
from hypothesis import strategies as st

from ttsprep.audit.defects.inject import Take
from ttsprep.core.signal import FRAME_S, HOP_S, SILENCE_DB, Signal, clipped_stretches, runs, to_db
from ttsprep.core.types import Audio

RATES = [8_000, 11_025, 16_000, 22_050, 44_100, 48_000]
RANDOM = np.random.default_rng(0)


def of(samples, rate: int) -> Signal:
    return signal(Take(np.asarray(samples, np.float32), rate, ""))


def voice(f0, rate: int, seconds: float):
    """Harmonics of `f0` (Hz, over time) up to 4 kHz, falling by 9 dB an octave, in a quiet room."""
    t = np.arange(int(seconds * rate)) / rate
    f0 = np.broadcast_to(f0(t) if callable(f0) else f0, t.shape)
    phase = 2 * np.pi * np.cumsum(f0) / rate
    top = min(4_000, 0.45 * rate)
    sound = sum(np.where(k * f0 < top, np.sin(k * phase + k) / k**1.5, 0) for k in range(1, 60))
    return 0.2 * sound + 1e-4 * RANDOM.standard_normal(len(t))


def semitones(one, other):
    return np.abs(12 * np.log2(one / other))


@pytest.mark.parametrize("rate", RATES)
def test_frames_and_bins_are_the_same_at_every_rate(rate: int) -> None:
    x = np.zeros(2 * rate, np.float32)
    x[rate] = 1.0
    view = of(x, rate)
    hop = round(HOP_S * rate)
    assert view.frame_size % 2 == 0
    assert view.frame_size / rate == pytest.approx(FRAME_S, rel=0.005)
    assert view.bin_hz == pytest.approx(25.0, rel=0.005)
    assert view.power.shape == (len(x) // hop + 1, view.frame_size // 2 + 1)
    assert view.low_spectrum.shape == (len(view.power), 40)
    assert view.power.dtype == np.float32
    # a click is strongest in the frame that is centred on it
    assert view.power.sum(axis=1).argmax() == round(rate / hop)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hertz", [110.0, 440.0, 1_234.0, 3_400.0])
def test_a_tone_has_its_power_in_its_bin(rate: int, hertz: float) -> None:
    view = of(0.3 * np.sin(2 * np.pi * hertz * np.arange(rate) / rate), rate)
    middle = view.power[10:-10]
    assert np.all(np.abs(middle.argmax(axis=1) - hertz / view.bin_hz) <= 0.51)
    np.testing.assert_allclose(middle.sum(axis=1), 0.3**2 / 2, rtol=0.005)
    if hertz < 900:
        np.testing.assert_allclose(np.abs(view.low_spectrum) ** 2, view.power[:, :40], rtol=1e-3, atol=1e-9)


@pytest.mark.parametrize("source", SOURCES)
def test_power_sums_to_the_mean_square(source: str) -> None:
    for take in takes(source)[:8]:
        view = signal(take)
        # Hann windows at a quarter of their length add up to a constant, so the frames share out the energy
        hop = round(HOP_S * take.rate)
        energy = float(view.power.sum(dtype=np.float64)) * hop
        assert energy == pytest.approx(float(np.sum(view.samples.astype(np.float64) ** 2)), rel=0.03)


@pytest.mark.parametrize("rate", RATES)
def test_speech_begins_and_ends_where_it_does(rate: int) -> None:
    spoken = [(0.5, 1.3), (1.6, 2.0), (2.9, 4.1), (4.25, 4.8)]
    x = voice(140.0, rate, 5.5)
    t = np.arange(len(x)) / rate
    sounding = np.any([(t >= first) & (t < last) for first, last in spoken], axis=0)
    noise = 10 ** (-66 / 20) * RANDOM.standard_normal(len(x))
    view = of(np.where(sounding, x, 0) + noise, rate)
    hop = round(HOP_S * rate) / rate
    found = [(first * hop, last * hop) for first, last in runs(view.speech)]
    assert len(found) == len(spoken)
    # a frame reaches 20 ms to either side, and frames begin every 10 ms
    np.testing.assert_allclose(found, spoken, atol=0.03)
    assert np.abs(np.subtract(found, spoken)).mean() < 0.02
    away = [abs(frame * hop - edge) for frame in np.flatnonzero(view.pauses) for edge in np.ravel(spoken)]
    assert min(away) > 0.03
    assert not np.any(view.pauses & view.speech)
    assert view.pauses.sum() * hop > 1.0


def test_speech_is_found_at_any_gain_and_over_any_noise() -> None:
    for take in takes("espeak")[:5]:
        usual = signal(take).speech
        for gain in (2.0, 0.3, 0.1):
            np.testing.assert_array_equal(of(take.samples * gain, take.rate).speech, usual)
        noise = RANDOM.standard_normal(len(take.samples))
        noisy = of(take.samples + 10 ** (-45 / 20) * noise, take.rate).speech
        assert 0.7 * usual.sum() < noisy.sum() < 1.15 * usual.sum()
        assert np.mean(noisy != usual) < 0.25


def test_short_gaps_are_filled_and_clicks_are_dropped() -> None:
    rate = 16_000
    x = 1e-4 * RANDOM.standard_normal(3 * rate)
    tone = voice(150.0, rate, 3.0)
    for first, last in ((0.5, 1.0), (1.04, 1.5)):
        x[int(first * rate) : int(last * rate)] += tone[int(first * rate) : int(last * rate)]
    x[int(2.5 * rate)] = 0.1
    assert len(runs(of(x, rate).speech)) == 1


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(("low", "high"), [(85.0, 85.0), (100.0, 130.0), (220.0, 130.0), (180.0, 420.0)])
def test_f0_of_a_glide(rate: int, low: float, high: float) -> None:
    seconds = 2.5
    view = of(voice(lambda t: low * (high / low) ** (t / seconds), rate, seconds), rate)
    times = np.arange(len(view.f0)) * 2 * round(HOP_S * rate) / rate
    truth = low * (high / low) ** (times / seconds)
    voiced = np.isfinite(view.f0)
    assert voiced.mean() > 0.95
    assert np.median(semitones(view.f0[voiced], truth[voiced])) < 0.15
    assert np.mean(semitones(view.f0[voiced], truth[voiced]) < 0.5) > 0.95


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_f0_of_speech_agrees_with_yin(source: str) -> None:
    away, shares = [], []
    for take in takes(source)[:6]:
        view = signal(take)
        hop = 2 * round(HOP_S * take.rate)
        size = int(0.046 * take.rate)
        reference = librosa.yin(take.samples, fmin=65, fmax=500, sr=take.rate, frame_length=size, hop_length=hop)
        both = min(len(reference), len(view.f0))
        voiced = np.isfinite(view.f0[:both])
        shares.append(voiced.mean())
        away.append(semitones(view.f0[:both][voiced], reference[:both][voiced]))
    away = np.concatenate(away)
    assert 0.2 < np.mean(shares) < 0.9
    assert np.median(away) < 0.5
    assert np.mean(away < 2) > 0.75


def test_noise_has_no_pitch() -> None:
    view = of(0.1 * RANDOM.standard_normal(48_000), 16_000)
    assert np.isfinite(view.f0).mean() < 0.2


@pytest.mark.parametrize("offset", [0.3, -0.02])
def test_an_offset_is_removed(offset: float) -> None:
    take = takes("espeak")[0]
    view = of(take.samples + np.float32(offset), take.rate)
    assert abs(view.samples.mean()) < 1e-6
    np.testing.assert_allclose(view.samples, take.samples - take.samples.mean(), atol=1e-6)
    np.testing.assert_allclose(view.level_db, signal(take).level_db, atol=0.5)


def test_channels_are_averaged_unless_they_cancel() -> None:
    take = takes("espeak")[1]
    x = take.samples - take.samples.mean()
    same = of(np.column_stack((x, x)), take.rate)
    np.testing.assert_allclose(same.samples, x, atol=1e-6)
    one_sided = of(np.column_stack((np.zeros_like(x), x)), take.rate)
    np.testing.assert_allclose(one_sided.samples, x / 2, atol=1e-6)
    cancelling = of(np.column_stack((x, -0.98 * x)), take.rate)
    np.testing.assert_allclose(cancelling.samples, x, atol=1e-6)
    among_silent = of(np.column_stack((*[np.zeros_like(x)] * 7, x)), take.rate)
    assert np.corrcoef(among_silent.samples, x)[0, 1] > 0.999
    assert of(np.column_stack((x, x)), take.rate).audio.samples.shape[1] == 2


def views(view: Signal) -> list[np.ndarray]:
    """Compute every view there is, and return those that hold numbers."""
    assert view.speech.shape == view.pauses.shape == view.level_db.shape == view.power.shape[:1]
    assert view.f0.shape == (-(-len(view.power) // 2),)
    assert view.speech_spectrum.shape == view.power.shape[1:]
    return [view.samples, view.power, view.level_db, view.speech_spectrum, np.array([view.peak_db, view.floor_db])]


@pytest.mark.parametrize("rate", [4_000, 8_000, 22_050, 384_000])
@pytest.mark.parametrize(
    "samples",
    [
        [0.5],
        [0.0],
        [0.1, -0.1],
        np.zeros(100),
        np.zeros(30_000),
        np.full(30_000, 0.7),
        np.ones(37),
        np.sign(np.sin(np.arange(5_000))),
    ],
    ids=["one", "one-zero", "two", "short-silence", "silence", "constant", "short-constant", "square"],
)
def test_odd_clips_have_every_view(samples, rate: int) -> None:
    view = of(samples, rate)
    assert all(np.isfinite(numbers).all() for numbers in views(view))
    if np.ptp(samples) == 0:
        assert not view.speech.any()
        assert not np.isfinite(view.f0).any()
        assert view.peak_db == SILENCE_DB


def test_views_are_computed_once() -> None:
    view = signal(takes("espeak")[0])
    for name in ("samples", "power", "level_db", "speech", "pauses", "speech_spectrum", "f0"):
        assert getattr(view, name) is getattr(view, name)


def test_the_level_does_not_depend_on_the_sample_rate() -> None:
    take = takes("espeak")[2]
    usual = signal(take)
    for rate in (16_000, 44_100):
        view = of(soxr.resample(take.samples, take.rate, rate), rate)
        assert view.peak_db == pytest.approx(usual.peak_db, abs=0.5)
        assert view.floor_db == pytest.approx(usual.floor_db, abs=1.0)


@given(st.lists(st.booleans(), max_size=60))
def test_runs_give_back_the_mask(values: list[bool]) -> None:
    mask = np.array(values, bool)
    again = np.zeros_like(mask)
    for first, last in runs(mask):
        assert first < last
        assert first == 0 or not mask[first - 1]
        again[first:last] = True
    np.testing.assert_array_equal(again, mask)


def test_decibels_have_a_floor() -> None:
    power = np.array([0.0, 1e-20, 1e-12, 1.0, 100.0], np.float32)
    np.testing.assert_allclose(to_db(power), [-120, -120, -120, 0, 20], atol=1e-4)


def test_every_stretch_of_clipping_is_known() -> None:
    rate = 16_000
    wave = 0.4 * np.sin(2 * np.pi * 211 * np.arange(3 * rate) / rate).astype(np.float32)
    for start, end in ((0.5, 0.6), (2.0, 2.3)):
        piece = slice(int(start * rate), int(end * rate))
        wave[piece] = np.clip(4 * wave[piece], -0.9, 0.9)
    both = Audio(np.column_stack((0.1 * wave, wave)), rate)
    assert np.array(clipped_stretches(both)) == pytest.approx(np.array([(0.5, 0.6), (2.0, 2.3)]), abs=0.01)
    assert clipped_stretches(Audio(wave[: rate // 2, None], rate)) == []
