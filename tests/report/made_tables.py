"""Tables of an audit that never was, to render."""

from pathlib import Path

import numpy as np
import pandas as pd

from ttsprep.audit.config import AuditConfig
from ttsprep.audit.goal.rate import Goal
from ttsprep.audit.pipeline import Audited
from ttsprep.audit.select import select
from ttsprep.audit.verdict import summarise
from ttsprep.checks.phonemes import Coverage
from ttsprep.core.types import Clip
from ttsprep.report.charts.voices import VoiceMap
from ttsprep.report.data import BuildTables

RATE, RECORDED = 16_000, 40
NOWHERE = Path("no such corpus")
"""Root of a corpus whose audio is gone."""
COLUMNS = ["clip", "code", "severity", "message", "value", "limit", "start", "end"]


def found(*rows):
    """A table of findings from tuples (clip, code, severity, value, limit, start, end); the tail may lack."""
    full = [(*row, *[np.nan] * (7 - len(row))) for row in rows]
    return pd.DataFrame(
        [(c, code, s, f"{code} was seen", v, limit, a, b) for c, code, s, v, limit, a, b in full],
        columns=COLUMNS,
    ).astype({"value": float, "limit": float, "start": float, "end": float})


def corpus(count, seed=0):
    """A table of `count` clips with plausible measures."""
    random = np.random.default_rng(seed)
    phones = random.integers(10, 120, count)
    seconds = 0.3 + 0.075 * phones + 0.2 * random.standard_normal(count)
    return pd.DataFrame({
        "id": [f"clip-{i:05d}" for i in range(count)],
        "path": [f"wavs/clip-{i:05d}.wav" for i in range(count)],
        "text": [f"sentence number {i} of the corpus, which is read aloud" for i in range(count)],
        "speaker": "anna",
        "language": "en-us",
        "status": "ok",
        "status_reason": "",
        "duration_s": seconds,
        "speech_s": seconds - 0.2,
        "chars": phones + 7,
        "phones": phones,
        "chars_per_s": (phones + 7) / seconds,
        "phones_per_s": phones / seconds,
        "loudness_lufs": -23 + random.standard_normal(count),
        "snr_db": 40 + 3 * random.standard_normal(count),
        "noise_floor_dbfs": -65 + 2 * random.standard_normal(count),
        "bandwidth_hz": 7_600 + 25.0 * random.integers(-3, 4, count),
        "f0_median_hz": 190 + 8 * random.standard_normal(count),
        "longest_pause_s": random.gamma(2, 0.15, count),
        "phonemes": ["ð ə | k æ t" if i % 2 else "ə | t ɛ n" for i in range(count)],
    })


def chirp(number, seconds=3):
    """Mono samples at `RATE` of a chirp, another one for each number."""
    t = np.arange(seconds * RATE) / RATE
    return (0.3 * np.sin(2 * np.pi * ((150 + 10 * (number % 40)) * t + 200 * t**2))).astype(np.float32)


def audit_of(clips, findings, name="corpus", root=NOWHERE, path="{}.wav"):
    """The audit of a corpus in `root`, of which clip `number` is the file `path`."""
    numbers = (int(clip[-5:]) if clip[-5:].isdigit() else place for place, clip in enumerate(clips["id"]))
    listed = [Clip(clip, path.format(n % RECORDED), "") for clip, n in zip(clips["id"], numbers, strict=True)]
    terms = AuditConfig().terms(0)
    selection = select(clips, findings, terms)
    summary = summarise(clips, findings, selection, terms)
    summary |= {"corpus": name, "goal": Goal(RATE, "").as_json(), "groups": []}
    return Audited(root, listed, list(clips["id"]), clips, findings, summary, selection)


def coverage(phones, inventory, pairs):
    """The phones and pairs of phones of a language with this inventory."""
    axes = tuple(sorted(inventory))
    diphones = np.zeros((len(axes), len(axes)), np.int64)
    for (first, second), count in pairs.items():
        diphones[axes.index(first), axes.index(second)] = count
    counts = dict(sorted(phones.items(), key=lambda item: (-item[1], item[0])))
    return Coverage("en-us", sum(phones.values()), counts, axes, diphones, (), {}, 0, ())


def rejected_of(*rows):
    """A table of rejected clips from tuples (id, codes, reason)."""
    return pd.DataFrame(rows, columns=["id", "codes", "reason"])


def provenance_of(ids, **columns):
    return pd.DataFrame({"id": list(ids), "source_id": list(ids), **columns})


def build_of(before, rejected, findings, **changes):
    """What is left of `before` without the rejected clips, each half a second shorter and at -23 LUFS."""
    clips = before.table[~before.table["id"].isin(rejected["id"])].reset_index(drop=True)
    clips = clips.assign(duration_s=clips["duration_s"] - 0.5, loudness_lufs=-23.0)
    after = audit_of(clips, findings, name="built", **changes)
    trimmed = {"lead_removed_s": 0.2, "tail_removed_s": 0.3, "gain_db": np.linspace(-2.0, 3.0, len(clips))}
    return BuildTables(before, after, rejected, provenance_of(clips["id"], **trimmed))


def points(count=60, speakers=1):
    """Clips on a plane of voices, of which one is far off."""
    random = np.random.default_rng(3)
    table = pd.DataFrame({
        "id": [f"clip-{i:05d}" for i in range(count)],
        "speaker": [f"s{i % speakers}" if speakers > 1 else "" for i in range(count)],
        "likeness": random.uniform(0.8, 0.95, count),
        "limits": random.uniform(-0.7, 0.7, count),
    })
    angle = random.uniform(0, 2 * np.pi, count)
    distance = (1 + table["limits"]) / 2
    table = table.assign(x=distance * np.cos(angle), y=distance * np.sin(angle))
    table.loc[7, ["x", "y", "limits", "likeness"]] = 1.1, 0.9, 1.8, 0.41
    return VoiceMap(table, speakers, 0.4)


OUTLIER = found(("clip-00007", "speaker-outlier", "warning", 0.41, 0.8))
