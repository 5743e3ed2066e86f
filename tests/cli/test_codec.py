"""The commands as a user gives them: pack, train, be killed, resume, export, look, measure."""

import json
import os
import signal
import subprocess
import time

import pytest
from commands import COMMAND, ttsprep

torch = pytest.importorskip("torch")

from ttsprep.codec.encode import Options, prepare_job  # noqa: E402
from ttsprep.codec.training.trainer import load_run  # noqa: E402
from ttsprep.core.errors import UsageError  # noqa: E402

RECIPE = """
preset = "tiny8"
[codec.quantiser]
commitment = 0.5
[train]
seed = 5
batch = 3
frames = 12
quantiser = { warmup_steps = 10 }
optimiser = { warmup_steps = 5, learning_rate = 2e-3 }
[[source]]
name = "voices"
path = "wavs"
weight = 1.0
licence = "made up"
hold_out = 1
"""


def command(*arguments):
    return ttsprep("codec", *arguments)


@pytest.mark.slow
def test_from_recordings_to_a_checkpoint_through_a_kill(folder_of_speech, tmp_path):
    recipe, speech = tmp_path / "recipe.toml", tmp_path / "speech"
    recipe.write_text(RECIPE, encoding="utf-8")
    done = command("pack", recipe, "--data", folder_of_speech, "--out", speech)
    assert done.returncode == 0, done.stderr
    train = ("train", recipe, "--speech", speech, "--save-minutes", "0.002")

    done = command(*train, "--out", tmp_path / "whole", "--steps", "200")
    assert done.returncode == 0, done.stderr

    run = tmp_path / "killed"
    words = [*COMMAND, "codec", *map(str, train), "--out", str(run), "--steps", "200"]
    process = subprocess.Popen(words)
    deadline = time.monotonic() + 120
    while not (run / "state.pt").is_file() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)  # the process re-executed itself under the same id
    process.wait()
    assert load_run(run / "state.pt")["step"] < 200
    done = command(*train, "--out", run, "--steps", "200")
    assert done.returncode == 0, done.stderr
    one, two = (load_run(tmp_path / name / "state.pt") for name in ("whole", "killed"))
    assert one["step"] == two["step"] == 200
    for part in ("model", "average"):
        assert all(torch.equal(one[part][k], two[part][k]) for k in one[part])
    steps = [json.loads(s)["step"] for s in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert steps == list(range(25, 201, 25))

    done = command("export", run, tmp_path / "codec.pt", "--speech", speech)
    assert done.returncode == 0, done.stderr
    done = command("doctor", tmp_path / "codec.pt", folder_of_speech, "--clips", "6")
    assert done.returncode == 0 and "perplexity" in done.stdout, done.stderr
    assert "latency" in done.stdout
    done = command("eval", tmp_path / "codec.pt", folder_of_speech, "--clips", "2")
    assert done.returncode == 0 and done.stdout.count("\n") == 6, done.stderr


def test_mistakes_are_named_without_a_traceback(tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('preset = "nano61"\n', encoding="utf-8")
    done = command("pack", recipe, "--data", tmp_path, "--out", tmp_path / "x")
    assert done.returncode == 2 and "nano16" in done.stderr and "Traceback" not in done.stderr
    recipe.write_text('preset = "tiny8"\n[codec]\ncolour = 1\n', encoding="utf-8")
    done = command("fit", recipe, "--speech", tmp_path / "speech", "--out", tmp_path / "x")
    assert done.returncode == 2 and "colour" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_corpus_and_a_preset_are_enough(folder_of_speech, tmp_path):
    run = tmp_path / "run"
    done = command(
        "train", "--corpus", folder_of_speech, "--preset", "tiny8", "--out", run, "--steps", "30", "--set", "batch=2"
    )
    assert done.returncode == 0, done.stderr
    assert "step 25" in done.stderr and "rms" in done.stderr
    done = command("export", run, tmp_path / "codec.pt")
    assert done.returncode == 0 and "step 30" in done.stdout, done.stderr
    with pytest.raises(UsageError, match="never got past the warm-up"):
        prepare_job(folder_of_speech, Options(codec=str(tmp_path / "codec.pt")))
    again = ("--corpus", folder_of_speech, "--preset", "tiny8", "--out", run)
    done = command("train", *again, "--from", tmp_path / "codec.pt")
    assert done.returncode == 2 and "holds a run already" in done.stderr
    (tmp_path / "other").mkdir()
    done = command("train", "--corpus", tmp_path / "other", "--preset", "tiny8", "--out", run)
    assert done.returncode == 2 and "was packed from a folder called" in done.stderr
    done = command("train", "--out", run)
    assert done.returncode == 2 and "--corpus" in done.stderr
