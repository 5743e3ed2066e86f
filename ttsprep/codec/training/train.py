"""A training as the command gives it: from a recipe and speech, or a folder of recordings, to a run."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ttsprep.codec.checkpoint import read_checkpoint
from ttsprep.codec.device import find_device
from ttsprep.codec.training.config import CodecRecipe, revised
from ttsprep.codec.training.data import PACKED_FILES, Speech, TrainingSource, pack
from ttsprep.codec.training.run import Run
from ttsprep.core.errors import UsageError
from ttsprep.core.output_folder import Kind, open_output

_TRAIN = Kind(
    "codec train",
    (
        "state.pt",
        "log.jsonl",
        "samples/original.wav",
        "samples/step-*.wav",
        *(f"speech/{name}" for name in PACKED_FILES),
    ),
)
MALLOC = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "68719476736",
    "MALLOC_TOP_PAD_": "268435456",
    "OMP_NUM_THREADS": "1",
}
"""Training on a CPU is bound by page faults: to keep memory and not return it makes a step 4-5 x faster."""


def reexecute() -> None:
    """Start this process again with `MALLOC` in its environment, unless it is there already."""
    if sys.platform != "linux" or all(os.environ.get(key) == value for key, value in MALLOC.items()):
        return
    os.environ.update(MALLOC)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """Where a run begins and ends.

    Attributes
    ----------
    steps, decay
        Where to stop; over how many steps, from now on, the learning rate falls. None: as the recipe says.
    begin_from
        A checkpoint to begin a new run from.
    changes
        Settings of the training that differ from the recipe, from `parse_settings`.
    device
        ``auto``, ``cpu`` or ``cuda``.
    save_minutes
        How often the state is saved.
    """

    steps: int | None = None
    decay: int | None = None
    begin_from: Path | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    device: str = "auto"
    save_minutes: float = 5.0


FROM_CHECKPOINT = {"quantiser": {"warmup_steps": 0}, "optimiser": {"decay_from": None}}


def train(
    recipe: CodecRecipe,
    out: Path,
    options: TrainOptions,
    *,
    speech: Path | None = None,
    corpus: Path | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Run:
    """Train, or go on training, until `steps`, the end of the decay, or an interruption.

    Parameters
    ----------
    recipe
        Preset and settings.
    out
        Folder of the run.
    options
        Where the run begins and ends.
    speech
        Folder written by `pack`; None for ``out/speech``.
    corpus
        A folder of recordings instead, which is packed into ``out/speech`` once.
    tell
        Called with a line of progress now and then.

    Returns
    -------
    Run

    Raises
    ------
    TtsprepError
        If the recipe, the speech or the checkpoint do not fit, or the run collapses.
    """
    config = recipe.config()
    training = revised(recipe.training(FROM_CHECKPOINT if options.begin_from else None), options.changes)
    if options.begin_from and (out / "state.pt").is_file():
        raise UsageError(f"{out} holds a run already: --from begins a new one, in another folder")
    weights = read_checkpoint(options.begin_from) if options.begin_from else None
    with open_output(_TRAIN, out, [place for place in (speech, corpus) if place is not None]):
        if corpus is not None:
            packed = _packed_once(corpus, config.sample_rate, out / "speech", tell)
        else:
            packed = Speech(speech or out / "speech")
        run = Run(out, packed, config, training, options.changes, find_device(options.device))
        if weights is not None:
            run.trainer.adopt(weights)
        if options.decay is not None:
            ending = {"decay_from": run.trainer.step, "decay_steps": options.decay}
            run.trainer.train = revised(run.trainer.train, {"optimiser": ending})
        run.go(steps=options.steps, save_minutes=options.save_minutes, tell=tell)
    return run


def _packed_once(corpus: Path, rate: int, folder: Path, tell: Callable[[str], None]) -> Speech:
    """Return a folder of recordings as packed speech, packed unless that was done before."""
    name = corpus.resolve().name
    if not (folder / "speech.json").is_file():
        tell(f"packing {corpus}")
        pack([TrainingSource(name, corpus, 1.0, "not stated")], rate, folder)
    speech = Speech(folder)
    if (was := speech.sources[0]["path"]) != name:
        raise UsageError(f"{folder} was packed from a folder called {was!r}, not {corpus}: train in another --out")
    return speech
