from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import soundfile
from checks.test_speaker import clips as voiced

from report.made_tables import NOWHERE, OUTLIER, RATE, RECORDED, audit_of, build_of, chirp, corpus, found, rejected_of


@pytest.fixture(scope="session")
def recorded(tmp_path_factory):
    """A folder with `RECORDED` clips of three seconds, each another chirp, and one of thirty."""
    folder = tmp_path_factory.mktemp("recorded")
    for number in range(RECORDED):
        soundfile.write(folder / f"{number}.wav", chirp(number), RATE, subtype="PCM_16")
    soundfile.write(folder / "long.wav", chirp(0, 30), RATE, subtype="PCM_16")
    return folder


@pytest.fixture
def small(recorded):
    """Forty clips: three to drop, two to fix, and a finding about the corpus."""
    findings = found(
        ("clip-00001", "clipping", "error", 0.02, 0.001, 0.5, 0.9),
        ("clip-00002", "clipping", "error", 0.01, 0.001, 1.0, 1.1),
        ("clip-00003", "rate-outlier", "error"),
        ("clip-00003", "clipping", "warning", 0.002, 0.001),
        ("clip-00004", "leading-silence", "warning", 1.2, 0.5, 0.0, 1.2),
        ("clip-00005", "leading-silence", "warning", 0.8, 0.5, 0.0, 0.8),
        ("clip-00006", "noisy", "warning", 20, 25),
        ("", "session-drift", "warning", 3, 2),
    )
    return audit_of(corpus(40), findings, root=recorded)


@pytest.fixture
def heard(small):
    """A build of `small`: three clips rejected, two fixed; one keeps its finding and one has a new one."""
    rejected = rejected_of(
        ("clip-00001", "clipping", "2 % of the samples are cut flat"),
        ("clip-00002", "clipping", "1 % of the samples are cut flat"),
        ("clip-00003", "rate-outlier clipping", "too long for its text"),
    )
    findings = found(("clip-00006", "noisy", "warning", 20, 25), ("clip-00009", "cut-end", "error", 1, 0, 2.9, 3.0))
    return build_of(small, rejected, findings, root=small.root)


@pytest.fixture
def built(heard):
    """The same without its players, which take most of the time."""
    before, after = (replace(side, root=NOWHERE) for side in (heard.before, heard.after))
    return replace(heard, before=before, after=after)


LISTENING = {
    "asr": {
        "skipped": "--listen asr needs whisper: <b>get</b> it", "measured": 0, "not_measured": 60, "not_judged": [],
        "codes": [],
    },
    "speaker": {
        "skipped": "", "measured": 58, "not_measured": 2, "codes": ["speaker-outlier"],
        "not_judged": [{"code": "speaker-outlier", "clips": 5, "why": "less than 1 s of speech"}],
    },
}  # fmt: skip


@pytest.fixture
def listened():
    """Sixty clips: one of another voice, and two that say each other's text."""
    voices = pd.concat([voiced(1, 7), voiced(2, 1, seconds=[6.0]), voiced(1, 52)], ignore_index=True)
    clips = corpus(60).assign(asr_text="", doubted_word="", doubted_place=np.nan, speech_s=voices["speech_s"])
    clips = clips.assign(voice_print=voices["voice_print"], level_range_db=30.0)
    doubted = {"text": "the <i>red</i> cat", "asr_text": "the black cat", "doubted_word": "red", "doubted_place": 1}
    clips.loc[3, list(doubted)] = list(doubted.values())
    clips.loc[9, ["text", "asr_text"]] = "the <b>black</b> cat", "a wolf was seen"
    mismatches = [(clip, "transcript-mismatch", "error", 9, 5) for clip in ("clip-00003", "clip-00009")]
    audit = audit_of(clips, pd.concat([OUTLIER, found(*mismatches)], ignore_index=True))
    return replace(audit, summary=audit.summary | {"listening": LISTENING})
