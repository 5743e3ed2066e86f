"""Whisper as a listener, on a small model of random weights."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from recorder import Recorder

from ttsprep.audit.config import CheckSettings
from ttsprep.audit.pipeline import audit
from ttsprep.build.config import Recipe
from ttsprep.core.types import Clip
from ttsprep.models.asr import Asr
from ttsprep.models.base import RATE, ModelInput, SelectedModels

pytest.importorskip("whisper", reason="needs the extra asr")
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*tiktoken:ResourceWarning")  # of the package itself

TEXTS = ("one of them", "all of it", "no more", "some time ago", "never again", "once more")
STOPPED = """
import sys, time
from pathlib import Path
from ttsprep.audit.pipeline import audit
from ttsprep.audit.config import CheckSettings
from ttsprep.models.asr import Asr
from ttsprep.models.base import SelectedModels
from ttsprep.build.config import Recipe

class Listening:
    stage = ""

    def start(self, stage, total, new):
        self.stage = stage

    def advance(self, clips, seconds):
        if seconds and self.stage.startswith("listening"):  # a batch is in the journal
            print("heard", flush=True)
            time.sleep(600)

if __name__ == "__main__":
    corpus, out, weights = sys.argv[1:]
    Asr.batch = 2
    rules = Recipe(language="en-us", checks=CheckSettings(only=("transcript-mismatch",)))
    audit(Path(corpus), Path(out), rules, jobs=1, models=SelectedModels((Asr(weights),)), progress=Listening())
"""


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE)).astype(np.float32) * 0.1


def test_what_cannot_be_judged_is_left_out_and_harms_no_other(checkpoint: Path) -> None:
    clips = [
        ModelInput(Clip("a", "", "all of it", language="en-us"), noise(1.0), ("no more",)),
        ModelInput(Clip("long", "", "all of it", language="en-us"), noise(29.6)),
        ModelInput(Clip("mute", "", "", language="en-us"), noise(1.0)),
        ModelInput(Clip("far", "", "all of it", language="tlh"), noise(1.0)),
    ]
    a, long, mute, far = Asr(str(checkpoint)).measure(clips)
    assert np.isfinite(a["mismatch_nats"])
    assert "decoy_log_p" in a
    assert "mismatch_nats" not in long | mute | far


def test_who_is_killed_while_listening_goes_on_where_it_was(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, out = tmp_path / "corpus", tmp_path / "out"
    (corpus / "wavs").mkdir(parents=True)
    for i in range(len(TEXTS)):
        soundfile.write(corpus / "wavs" / f"{i}.wav", noise(1 + i / 4, i), RATE)
    (corpus / "metadata.csv").write_text("".join(f"{i}|{text}\n" for i, text in enumerate(TEXTS)), encoding="utf-8")
    program = tmp_path / "stopped.py"
    program.write_text(STOPPED, encoding="utf-8")
    arguments = [sys.executable, str(program), str(corpus), str(out), str(checkpoint)]
    root = {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(arguments, env=os.environ | root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "heard\n"
        os.kill(process.pid, signal.SIGKILL)
    assert not (out / ".listened-asr.parquet").exists()
    monkeypatch.setattr(Asr, "batch", 2)
    progress = Recorder()
    rules = Recipe(language="en-us", checks=CheckSettings(only=("transcript-mismatch",)))

    def hear(where: Path) -> pd.DataFrame:
        asr = Asr(str(checkpoint))
        return audit(corpus, where, rules, jobs=1, progress=progress, models=SelectedModels((asr,))).clips

    resumed = hear(out)
    pd.testing.assert_frame_equal(resumed, hear(tmp_path / "fresh"))
    heard = [stage for stage in progress.stages if stage[0] != "measuring"]
    assert heard == [("listening (asr)", 6, 4), ("listening (asr)", 6, 6)]
    assert resumed.mismatch_nats.notna().all()
