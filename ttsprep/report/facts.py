"""What processing changed, in numbers: one line for each property, source beside result."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ttsprep.report.compare import Match, removed
from ttsprep.report.figure import Values, column, hours
from ttsprep.report.tables import QUANTITIES, BuildTables, visible

MOST_KINDS = 3
QUANTITY = {quantity.column: quantity for quantity in QUANTITIES}


@dataclass(frozen=True, slots=True)
class Fact:
    """A property before and after.

    Attributes
    ----------
    name
        Of the property.
    before, after
        As a person reads it.
    done
        What was done to get there, "" if nothing is known of it.
    """

    name: str
    before: str
    after: str
    done: str = ""


def facts(build: BuildTables, matched: Match) -> list[Fact]:
    """List what a reader compares first: size, format, level, silence, speakers."""
    before, after = build.before.clips, build.after.clips
    rows = [
        Fact("Clips", f"{len(before):,}", f"{len(after):,}"),
        Fact("Audio", hours(_hours(before)), hours(_hours(after))),
        Fact("Length of a clip", _range(before, "duration_s"), _range(after, "duration_s")),
        *(
            Fact(name, _kinds(before, of), _kinds(after, of), _changed(build, matched, of))
            for name, of in (("Sample rate", "sample_rate"), ("Channels", "channels"), ("Encoding", "subtype"))
        ),
        Fact("Loudness, nine in ten", _middle(before, "loudness_lufs"), _middle(after, "loudness_lufs"), _gain(build)),
        Fact("Highest peak", _highest(before, "peak_dbfs"), _highest(after, "peak_dbfs")),
        Fact("Silence at the ends", _silence(before), _silence(after), _trimmed(build)),
    ]
    speakers = [len(set(table["speaker"]) - {""}) if "speaker" in table else 0 for table in (before, after)]
    if speakers[0] > 1:
        rows.append(Fact("Speakers", *(f"{count:,}" for count in speakers)))
    return [row for row in rows if row.before != "–" or row.after != "–"]


def _measured(clips: pd.DataFrame, name: str) -> Values:
    values = column(clips, name)
    return values[np.isfinite(values)]


def _hours(clips: pd.DataFrame) -> float:
    return float(_measured(clips, "duration_s").sum()) / 3600


def _range(clips: pd.DataFrame, name: str) -> str:
    values = _measured(clips, name) * QUANTITY[name].scale
    if not len(values):
        return "–"
    low, high = float(values.min()), float(values.max())
    if QUANTITY[name].show(low) == QUANTITY[name].show(high):
        return QUANTITY[name].show(low)
    return QUANTITY[name].span(low, high, "to")


def _middle(clips: pd.DataFrame, name: str) -> str:
    values = _measured(clips, name)
    if not len(values):
        return "–"
    low, high = (float(v) for v in np.percentile(values, [5, 95]))
    if QUANTITY[name].show(low) == QUANTITY[name].show(high):
        return QUANTITY[name].show(low)
    return QUANTITY[name].span(low, high, "to")


def _highest(clips: pd.DataFrame, name: str) -> str:
    values = _measured(clips, name)
    return QUANTITY[name].show(float(values.max())) if len(values) else "–"


def _kinds(clips: pd.DataFrame, name: str) -> str:
    """Name the values of a column, the most frequent first, with their clips where there are several."""
    if name not in clips:
        return "–"
    values = clips[name].replace("", np.nan).dropna()
    counts = values.value_counts()
    if counts.empty:
        return "–"
    shown = [(_kind(name, value), count) for value, count in counts.head(MOST_KINDS).items()]
    if len(counts) == 1:
        return shown[0][0]
    rest = f", {len(counts) - MOST_KINDS} more" if len(counts) > MOST_KINDS else ""
    return ", ".join(f"{kind} ({count:,})" for kind, count in shown) + rest


def _kind(name: str, value: object) -> str:
    if name == "sample_rate":
        return f"{float(str(value)) / 1000:g} kHz"
    if name == "channels":
        return {1: "mono", 2: "stereo"}.get(round(float(str(value))), f"{float(str(value)):g}")
    return visible(value)


def _changed(build: BuildTables, matched: Match, name: str) -> str:
    """Count the clips of the result whose source had another value."""
    before, after = build.before.clips, build.after.clips
    if name not in before or name not in after:
        return ""
    had = dict(zip(before["id"], before[name], strict=True))
    now = zip(after["id"], after[name], strict=True)
    count = sum(had.get(matched.source[clip]) != value for clip, value in now)
    return f"changed in {count:,} clip{'' if count == 1 else 's'}" if count else ""


def _silence(clips: pd.DataFrame) -> str:
    lead, tail = _measured(clips, "lead_silence_s"), _measured(clips, "tail_silence_s")
    if not len(lead) or not len(tail):
        return "–"
    return f"{np.median(lead):.2f} s before, {np.median(tail):.2f} s after"


def _gain(build: BuildTables) -> str:
    gain = _measured(build.provenance, "gain_db")
    if not len(gain):
        return ""
    louder, softer = int((gain > 0.05).sum()), int((gain < -0.05).sum())
    low, high = (f"{v:+.1f}".replace("-", "−") for v in (gain.min(), gain.max()))
    span = f"{low} dB" if low == high else f"{low} to {high} dB"
    return f"gain {span}: {louder:,} louder, {softer:,} softer"


def _trimmed(build: BuildTables) -> str:
    seconds = removed(build)
    if seconds is None:
        return ""
    return f"{hours(float(seconds.sum()) / 3600)} removed from {int((seconds > 0).sum()):,} clips"
