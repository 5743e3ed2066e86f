"""Tables of an audit that never was, to render."""

import numpy as np
import pandas as pd

from ttsprep.audit.verdict import summarise
from ttsprep.report import AuditTables, BuildTables, Coverage
from ttsprep.report.data import VoicePoints

RATE = 16_000
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
    })


def tone(clip):
    """Three seconds of a chirp, another one for each clip."""
    t = np.arange(3 * RATE) / RATE
    start = 150 + 10 * (sum(clip.encode("utf-8", "surrogatepass")) % 40)
    return (0.3 * np.sin(2 * np.pi * (start * t + 200 * t**2))).astype(np.float32), RATE


def audit_of(clips, findings, **changes):
    fields = {
        "name": "corpus",
        "clips": clips,
        "findings": findings,
        "summary": summarise(clips, findings),
        "explanations": {
            code: {"summary": f"about {code}", "measured": "so", "impact": "much", "fix": "thus"}
            for code in findings["code"].unique()
        },
        "coverage": Coverage({"a": 50, "t": 7, "n": 1}, frozenset("atnx"), {("a", "t"): 5, ("t", "a"): 1}),
        "media": tone,
        "max_clips_per_code": 3,
    }
    return AuditTables(**(fields | changes))


def rejected_of(*rows):
    """A table of rejected clips from tuples (id, codes, reason)."""
    return pd.DataFrame(rows, columns=["id", "codes", "reason"])


def provenance_of(ids, **columns):
    return pd.DataFrame({"id": list(ids), "source_id": list(ids), **columns})


def build_of(before, rejected, findings, **changes):
    """What is left of `before` without the rejected clips, each half a second shorter and at -23 LUFS."""
    clips = before.clips[~before.clips["id"].isin(rejected["id"])].reset_index(drop=True)
    clips = clips.assign(duration_s=clips["duration_s"] - 0.5, loudness_lufs=-23.0)
    after = audit_of(clips, findings, name="built", explanations=before.explanations, **changes)
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
    return VoicePoints(table, speakers, 0.4)


OUTLIER = found(("clip-00007", "speaker-outlier", "warning", 0.41, 0.8))
