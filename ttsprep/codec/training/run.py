"""A training run in a folder: resumable to the bit, logged line by line, guarded."""

import json
import math
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ttsprep.codec.checkpoint import save_atomically
from ttsprep.codec.codebook_stats import entropy
from ttsprep.codec.config import CodecConfig
from ttsprep.codec.device import make_deterministic
from ttsprep.codec.training.config import TrainConfig, revised
from ttsprep.codec.training.data import Speech
from ttsprep.codec.training.trainer import CodecTrainer, load_run
from ttsprep.core import audio
from ttsprep.core.errors import CollapseError, UsageError
from ttsprep.core.files import atomic_write, writing
from ttsprep.core.types import Audio
from ttsprep.core.untrusted import parse_json


def perplexity(codes: Tensor, codebook_size: int) -> list[float]:
    """Return the perplexity of each codebook over codes ``(batch, num_codebooks, frames)``."""
    books = codes.transpose(0, 1).flatten(1)
    return [2 ** entropy(torch.bincount(book, minlength=codebook_size).cpu().numpy()) for book in books]


def _log_line(line: Mapping[str, Any]) -> str:
    losses = "  ".join(f"{key} {value:.4g}" for key, value in line.items() if isinstance(value, float))
    books = " ".join(f"{value:.0f}" for value in line["perplexity"])
    return f"step {line['step']:,}  {losses}" + (f"  perplexity {books}" if books else "")


class Run:
    """Drive a `CodecTrainer` inside a folder: ``state.pt`` to resume, ``log.jsonl`` to read, ``samples`` to listen to.

    Parameters
    ----------
    folder
        Of the run; created if need be.
    speech
        What to train on.
    config, train
        Of a new run; ignored where the folder has a state already, except for the settings in `changes`.
    changes
        Settings of the training that may change when it is resumed.
    device
        Where to train; a run may go on on another one.
    """

    def __init__(
        self,
        folder: Path,
        speech: Speech,
        config: CodecConfig,
        train: TrainConfig,
        changes: Mapping[str, Any] | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        make_deterministic(torch.device(device))
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.window: deque[Tensor] = deque(maxlen=64)
        self.guard = Guard()
        path = folder / "state.pt"
        if path.is_file():
            state = load_run(path)
            if state["corpus"] != speech.digest:
                raise UsageError(f"{path} was trained on other speech: a run cannot be resumed with another corpus")
            train = revised(TrainConfig.model_validate(state["train"]), changes or {})
            self.trainer = CodecTrainer(CodecConfig.model_validate(state["config"]), train, speech, device)
            self.trainer.restore(state)
            self.guard.smooth, self.guard.outside = state["guard"]
            self.window.extend(codes.to(self.trainer.device) for codes in state["window"])
            self._trim_log()
        else:
            self.trainer = CodecTrainer(config, revised(train, changes or {}), speech, device)

    def _trim_log(self) -> None:
        log = self.folder / "log.jsonl"
        if log.is_file():
            lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [s for s in lines if s.endswith("\n") and parse_json(s)["step"] <= self.trainer.step]
            log.write_text("".join(kept), encoding="utf-8")

    def save(self) -> None:
        """Write the state of the run, and a sample to listen to."""
        state = self.trainer.state()
        state["guard"] = [self.guard.smooth, self.guard.outside]
        state["window"] = [codes.cpu() for codes in self.window]
        save_atomically(state, self.folder / "state.pt")
        write_samples(self.folder / "samples", self.trainer)

    def go(
        self,
        *,
        steps: int | None = None,
        save_minutes: float = 5.0,
        log_every: int = 25,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Train until `steps`, the end of the decay, or an interruption; the state is saved at the end.

        Parameters
        ----------
        steps
            To stop at.
        save_minutes, log_every
            How often the state is saved, and how many steps a line of ``log.jsonl`` is about.
        tell
            Told what each such line says, for a person.

        Raises
        ------
        CollapseError
            If a guard stops the run. A state with weights that are not finite is not saved: the last one stays.
        """
        trainer = self.trainer
        stop = min(x for x in (steps, trainer.train.optimiser.last_step, sys.maxsize) if x is not None)
        saved = time.monotonic()
        logged = Log(self.folder / "log.jsonl", trainer.step)
        pending: list[dict[str, Any]] = []
        # To look at a number is to wait for a GPU: there, a line's worth of steps is looked at together.
        patience = 1 if trainer.device.type == "cpu" else log_every
        try:
            while trainer.step < stop:
                measured = trainer.advance()
                codes = measured.pop("codes")
                if codes.shape[1]:
                    self.window.append(codes.to(torch.int16))
                pending.append(measured)
                logging = trainer.step % log_every == 0
                due = time.monotonic() - saved > 60 * save_minutes
                if logging or due or len(pending) >= patience:
                    self._look(pending, logged, logging=logging)
                if logging:
                    tell(logged.write(trainer.step, self._perplexity()))
                if due:
                    if not trainer.finite():
                        raise CollapseError(f"step {trainer.step}: weights are not finite; resume from the last state")
                    self.save()
                    saved = time.monotonic()
        finally:
            if trainer.step and trainer.finite():
                self.save()

    def _look(self, pending: list[dict[str, Any]], logged: "Log", *, logging: bool) -> None:
        """Read what steps have measured, let the guard judge each of them, and add them to the next line."""
        rows = to_floats(pending)
        spread = self._perplexity() if logging else []
        first = self.trainer.step - len(rows) + 1
        pending.clear()
        skipped = [row.pop("norm") for row in rows if not math.isfinite(row["norm"])]
        if 2 * len(skipped) > len(rows):  # the optimiser has left them out: the weights are as they were
            raise CollapseError(
                f"step {self.trainer.step}: the gradients of {len(skipped)} of the last {len(rows)} steps are not "
                "finite; lower the learning rate and resume"
            )
        for step, row in enumerate(rows, first):
            last = step == self.trainer.step
            self.guard.check(step, row["total"], row["rms"], spread[0] if spread and last else None)
            logged.add(row)

    def _perplexity(self) -> list[float]:
        if not self.window:
            return []
        shared = min(codes.shape[1] for codes in self.window)
        codes = torch.cat([codes[:, :shared].long() for codes in self.window])
        return perplexity(codes, self.trainer.model.quantiser.codebook_size)


def to_floats(measured: list[dict[str, Any]]) -> list[dict[str, float]]:
    """Return what steps have measured as numbers, read from their device all at once."""
    values = [value for row in measured for value in row.values() if isinstance(value, Tensor)]
    numbers = iter(torch.stack([value.detach().float() for value in values]).tolist())
    return [{k: next(numbers) if isinstance(v, Tensor) else float(v) for k, v in row.items()} for row in measured]


class Log:
    """Means over the steps of each line of ``log.jsonl``."""

    def __init__(self, path: Path, step: int) -> None:
        self.path, self.since, self.began = path, step, time.monotonic()
        self.sums: dict[str, float] = {}
        self.counts: dict[str, int] = {}

    def add(self, row: Mapping[str, float]) -> None:
        """Add what a step has measured."""
        for name, value in row.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
            self.counts[name] = self.counts.get(name, 0) + 1

    def write(self, step: int, spread: list[float]) -> str:
        """Write the line of the steps since the last one; return it as a person reads it."""
        now = time.monotonic()
        line: dict[str, Any] = {"step": step}
        line |= {name: round(value / self.counts[name], 5) for name, value in self.sums.items()}
        line |= {
            "perplexity": [round(p, 1) for p in spread],
            "seconds": round((now - self.began) / (step - self.since), 4),
        }
        with self.path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        self.since, self.began, self.sums, self.counts = step, now, {}, {}
        return _log_line(line)


@dataclass(slots=True)
class Guard:
    """Watches level and codebooks.

    Attributes
    ----------
    rms_from, low, high, patience
        From this step on the smoothed ratio of output to input level must stay within these bounds; outside
        for longer than `patience` steps is a collapse.
    perplexity_from, perplexity
        From this step on the first codebook must have at least this perplexity.
    """

    rms_from: int = 2000
    low: float = 0.8
    high: float = 1.2
    patience: int = 300
    perplexity_from: int = 5000
    perplexity: float = 10.0
    smooth: float = 1.0
    outside: int = 0

    def check(self, step: int, loss: float, rms: float, perplexity: float | None) -> None:
        """Raise `CollapseError` where this step shows a collapse."""
        if not math.isfinite(loss):
            raise CollapseError(f"step {step}: the loss is {loss}; lower the learning rate and resume")
        self.smooth += 0.02 * (rms - self.smooth)
        if step >= self.rms_from:
            self.outside = 0 if self.low <= self.smooth <= self.high else self.outside + 1
            if self.outside > self.patience:
                raise CollapseError(
                    f"step {step}: the output has {self.smooth:.2f} times the level of the input "
                    f"(allowed {self.low}-{self.high}): amplitude collapse"
                )
        if perplexity is not None and step >= self.perplexity_from and perplexity < self.perplexity:
            raise CollapseError(
                f"step {step}: codebook 0 has perplexity {perplexity:.1f} "
                f"(at least {self.perplexity:.0f} expected): codebook collapse"
            )


PIECES, _SECONDS = 4, 3.0
LEVEL = 0.1
"""RMS of speech in the files: -20 dBFS."""


@torch.no_grad()
def write_samples(folder: Path, trainer: CodecTrainer) -> None:
    """Write ``original.wav`` once, and what the averaged weights make of it as ``step-NNNNNN.wav``.

    The trainer is not changed, and none of its random numbers are used: a run is the same with and without.
    """
    frame = trainer.config.hop_length
    size = int(_SECONDS * trainer.config.sample_rate) // frame * frame
    pieces = trainer.speech.crops(PIECES, size, torch.Generator().manual_seed(trainer.train.seed))
    latents = trainer.average.encoder(pieces.to(trainer.device))
    if trainer.active:
        quantiser = trainer.average.quantiser
        latents = quantiser.decode(quantiser.encode(latents, trainer.active))
    with writing(folder):
        folder.mkdir(exist_ok=True)
    original = folder / "original.wav"
    if not original.is_file():
        atomic_write(original, _wav(pieces, trainer.config.sample_rate))
    decoded = trainer.average.decoder(latents).cpu()
    atomic_write(folder / f"step-{trainer.step:06d}.wav", _wav(decoded, trainer.config.sample_rate))


def _wav(pieces: Tensor, rate: int) -> bytes:
    samples = np.nan_to_num(LEVEL * pieces.flatten().numpy(), posinf=1.0, neginf=-1.0).clip(-1, 1 - 2**-15)
    return audio.encode_audio(Audio(samples.astype(np.float32)[:, None], rate, "PCM_16"), "wav")
