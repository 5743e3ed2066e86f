"""The examples run on what the commands write."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ttsprep.audit.defects.demo import make
from ttsprep.audit.defects.demo_sentences import SENTENCES

pytest.importorskip("torch", reason="needs the extra codec")


@pytest.mark.slow
def test_a_language_model_learns_from_encoded_clips(tmp_path: Path) -> None:
    from ttsprep.codec.encode import encode
    from ttsprep.codec.encode_job import Options

    make(tmp_path / "corpus", SENTENCES[:3], planted=())
    encode(tmp_path / "corpus", tmp_path / "codes", Options(beam=1, form="flat", num_codebooks=1), jobs=1)
    example = Path(__file__).parents[1] / "examples" / "token_lm.py"
    command = [sys.executable, example, tmp_path / "codes", "--steps", "11", "--batch", "2", "--context", "256"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    losses = [float(loss) for loss in re.findall(r"^step \d+ loss (\S+)$", done.stdout, re.MULTILINE)]
    assert len(losses) == 2
    assert losses[-1] < losses[0] - 0.5, done.stdout
