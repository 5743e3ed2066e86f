"""Every step of the store is killed while it works: the next run makes what is left, and comes out the same."""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
from recorder import Recorder

from faults.house import hashes
from ttsprep.audit.measure import MeasureStep
from ttsprep.audit.model_pass import ClipInput, ModelStep
from ttsprep.build.config import Recipe, Segment
from ttsprep.build.longform.align_asr import ForcedAlignStep
from ttsprep.build.longform.cut import SegmentStep
from ttsprep.build.process import FOLDER, BuildItem, ProcessStep
from ttsprep.build.transcribe import TranscribeStep
from ttsprep.core.files import digest
from ttsprep.core.store.step import Step
from ttsprep.core.store.store import Store
from ttsprep.core.types import Clip

RATE = 16_000
TEXTS = ("one of them", "all of it", "no more", "some time ago", "never again")
DIGEST = "of the weights"
MODELS = {"listen", "transcribe", "align"}
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*tiktoken:ResourceWarning")  # of the package itself


@dataclass
class Place:
    """Where a step works: a corpus of five clips, an output, and small weights."""

    corpus: Path
    out: Path
    weights: Path
    clips: list[Clip] = field(default_factory=list)

    def inputs(self, texts: Sequence[str] = ()) -> list[ClipInput]:
        return [ClipInput(clip, 1.0, tuple(texts)) for clip in self.clips]


Steps = Callable[[Place], tuple[Step[Any], Sequence[Any]]]
STEPS: dict[str, Steps] = {}
_WITH_A_MODEL = {"listen", "transcribe", "align", "decode"}


def works(name: str) -> Callable[[Steps], Steps]:
    def add(made: Steps) -> Steps:
        STEPS[name] = made
        return made

    return add


@works("measure")
def measure(place: Place) -> tuple[Step[Any], Sequence[Any]]:
    return MeasureStep(str(place.corpus)), place.clips


@works("segment")
def segment(place: Place) -> tuple[Step[Any], Sequence[Any]]:
    return SegmentStep(str(place.corpus), Segment(shortest_s=0.5, longest_s=1.0)), place.clips


@works("process")
def process(place: Place) -> tuple[Step[Any], Sequence[Any]]:
    stages = tuple(Recipe(pipeline=("mono", "resample", "format")).configured_stages())
    (place.out / FOLDER).mkdir(parents=True, exist_ok=True)
    items = [BuildItem(clip, clip.id, clip.id, digest(place.corpus / clip.path)) for clip in place.clips]
    return ProcessStep(str(place.corpus), str(place.out), stages, "wav"), items


@works("listen")
def listen(place: Place) -> tuple[Step[Any], Sequence[Any]]:
    from ttsprep.models.asr import Asr

    return ModelStep(str(place.corpus), Asr(str(place.weights))), place.inputs(["another text"])


@works("transcribe")
def transcribe(place: Place) -> tuple[Step[Any], Sequence[Any]]:
    return TranscribeStep(str(place.corpus), str(place.weights), DIGEST, "en"), place.inputs()


@works("align")
def align(place: Place) -> tuple[Step[Any], Sequence[Any]]:
    return ForcedAlignStep(str(place.corpus), str(place.weights), DIGEST, "en"), place.inputs(TEXTS[:2])


@works("encode")
def encode(place: Place) -> tuple[Step[Any], Sequence[Any]]:
    from ttsprep.codec.encode import prepare_job
    from ttsprep.codec.encode_job import Options
    from ttsprep.codec.encode_step import EncodeStep

    job = prepare_job(place.corpus, Options(beam=1))
    return EncodeStep(str(place.corpus), "nano16", job.spec, job.code, job.coder), job.plan.clips


@works("decode")
def decode(place: Place) -> tuple[Step[Any], Sequence[Any]]:
    from ttsprep.codec.decode import DecodeStep, items_of
    from ttsprep.codec.encode import encode as encoded
    from ttsprep.codec.encode_job import Options
    from ttsprep.codec.token_formats import open_codes

    folder = place.corpus.with_name("codes")
    encoded(place.corpus, folder, Options(beam=1), jobs=1)
    codes = open_codes(folder)
    place.out.mkdir(exist_ok=True)
    return DecodeStep(str(place.out), "nano16", codes), items_of(codes)


@pytest.fixture
def place(tmp_path: Path, checkpoint: Path) -> Place:
    found = Place(tmp_path / "corpus", tmp_path / "out", checkpoint)
    (found.corpus / "wavs").mkdir(parents=True)
    chance = np.random.default_rng(0)
    for number, text in enumerate(TEXTS):
        samples = 0.1 * chance.standard_normal(round((1.5 + number / 4) * RATE))
        soundfile.write(found.corpus / "wavs" / f"{number}.wav", samples, RATE)
        found.clips.append(Clip(str(number), f"wavs/{number}.wav", text, language="en-us"))
    table = "".join(f"{clip.id}|{clip.text}\n" for clip in found.clips)
    (found.corpus / "metadata.csv").write_text(table, encoding="utf-8")
    return found


class Killed(Recorder):
    """Kills this process as soon as `shards` are in the journal."""

    def __init__(self, shards: int) -> None:
        super().__init__()
        self.shards = shards

    def advance(self, clips: int, seconds: float) -> None:
        if not clips:  # the items of a shard have been counted, and its rows are written
            self.shards -= 1
            if not self.shards:
                os.kill(os.getpid(), signal.SIGKILL)


def killed(out: Path, step: Step[Any], items: Sequence[Any], shards: int) -> None:
    """Do the step in a process of its own, which is killed."""
    pid = os.fork()
    if not pid:
        try:
            Store(out).map(step, items, 1, Killed(shards))
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in _WITH_A_MODEL else []) for name in STEPS]
)
def test_a_step_that_was_killed_makes_what_is_left(
    name: str, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, items = STEPS[name](place)
    step.batch = step.shard = 1  # each row is in the journal before the next is made
    source = hashes(place.corpus)
    whole = Store(place.out).map(step, items, 2)
    expected = whole.table()
    assert whole.new == len(items)
    outputs = {path: digest(path) for path in place.out.rglob("*.wav")}

    monkeypatch.setenv("TTSPREP_CACHE", str(tmp_path / "another cache"))
    place.out.rename(tmp_path / "finished")
    step, items = STEPS[name](place)
    step.batch = step.shard = 1
    killed(place.out, step, items, shards=2)
    killed(place.out, step, items, shards=3)  # two of them are known
    assert list(place.out.rglob("journal-*.arrow"))
    progress, store = Recorder(), Store(place.out)
    resumed = store.map(step, items, 1, progress)
    assert resumed.new == len(items) - 3
    if name in MODELS:  # whose last bits depend on where in memory a clip lies
        pd.testing.assert_frame_equal(resumed.table().to_pandas(), expected.to_pandas(), rtol=1e-4)
    else:
        assert resumed.table().equals(expected)
    assert {path: digest(path) for path in place.out.rglob("*.wav")} == outputs
    store.finish()
    assert not (place.out / ".journal").exists()
    assert hashes(place.corpus) == source
    if step.table and step.saves:
        assert Store(place.out).map(step, items, 1).new == 0
