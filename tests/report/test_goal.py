"""The groups of a corpus in sentences, with what there is to choose in hours."""

from ttsprep.report.goal import group_lines


def group(measure: str, name: str, low: tuple[int, float, float], high: tuple[int, float, float]) -> dict:
    heaps = {
        key: dict(zip(("clips", "hours", "median"), heap, strict=True)) for key, heap in (("low", low), ("high", high))
    }
    return {"measure": measure, "name": name, "unit": "Hz", "limit": 9_000.0, **heaps}


def test_groups_of_bandwidth_offer_their_rates_and_others_the_larger_group() -> None:
    rates = [(48_000, 12, 0.02), (22_050, 583, 1.0), (16_000, 1_370, 2.4), (8_000, 1_374, 2.5)]
    choices = [{"rate": rate, "clips": clips, "hours": hours} for rate, clips, hours in rates]
    groups = [
        group("bandwidth_hz", "bandwidth", (791, 1.4, 7_400.0), (583, 1.0, 24_000.0)),
        group("loudness_lufs", "loudness", (400, 0.7, -31.0), (974, 1.7, -20.0)),
    ]
    band, loudness = group_lines({"groups": groups, "goal": {"choices": choices}})
    assert band == (
        "two groups by bandwidth: 583 clips (60.0 min) at 24.00 kHz, 791 clips (84.0 min) at 7.40 kHz; "
        "choose --rate 22050 with 60.0 min, or --rate 16000 with 2.4 h"
    )
    assert loudness.endswith("choose both with 2.4 h, or the larger alone with 102.0 min")
    assert group_lines({"groups": groups[:1], "goal": {"choices": choices[:2]}})[0].endswith("alone with 84.0 min")
    assert group_lines({"groups": [], "goal": {"choices": []}}) == []
