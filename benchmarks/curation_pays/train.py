"""Trains the voice of one arm: deterministic by its seed, and resumed exactly where it was stopped."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from benchmarks.curation_pays.features import Array, Features
from benchmarks.curation_pays.model import Batch, Size, Voice, losses
from benchmarks.curation_pays.phones import Inventory
from ttsprep.core.files import atomic_file

_SAVE_EVERY = 100
_SORTED = 8
"""Batches whose clips are sorted by length together, so that little of a batch is padding."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a voice is trained: the same for every arm."""

    steps: int = 600
    batch: int = 4
    rate: float = 3e-3
    warm_up: int = 100
    seed: int = 0
    size: Size = field(default_factory=Size)


@dataclass(frozen=True, slots=True)
class Example:
    """A clip with its tokens and the frames of each, shape (tokens,)."""

    tokens: Sequence[int]
    durations: np.ndarray
    features: Features


@dataclass(frozen=True, slots=True)
class Scaling:
    """Means and spreads of the latents and of log F0 over the clips of an arm, and its mean level."""

    mean: Array
    spread: Array
    f0_mean: float
    f0_spread: float
    level: float

    @classmethod
    def of(cls, clips: Sequence[Features]) -> "Scaling":
        """Return those of clips."""
        latents = np.concatenate([clip.latents for clip in clips])
        f0 = np.concatenate([clip.log_f0[clip.voiced > 0] for clip in clips])
        level = float(np.median([clip.level for clip in clips]))
        return cls(latents.mean(axis=0), latents.std(axis=0), float(f0.mean()), float(f0.std()), level)


@dataclass(frozen=True, slots=True)
class Trained:
    """A voice that can speak."""

    voice: Voice
    scaling: Scaling
    inventory: Inventory


def train(examples: Sequence[Example], inventory: Inventory, plan: Plan, path: Path, *, until: int = 0) -> bool:
    """Train a voice, from the checkpoint at `path` on if there is one.

    Parameters
    ----------
    examples, inventory
        Of one arm.
    plan
        What is trained.
    path
        Of the checkpoint, which `load` reads.
    until
        Step to stop at, as if it were killed there; 0 for the end.

    Returns
    -------
    bool
        Whether the voice is trained to the end.
    """
    torch.set_num_threads(1)
    torch.manual_seed(plan.seed)
    scaling = Scaling.of([example.features for example in examples])
    voice = Voice(len(inventory), plan.size)
    optimiser = torch.optim.AdamW(voice.parameters(), lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    step = 0
    if path.exists():
        saved = torch.load(path, weights_only=True)
        if saved["plan"] != asdict(plan) or saved["names"] != list(inventory.names):
            raise SystemExit(f"{path} is of another plan or of other texts; remove it, or give another folder")
        voice.load_state_dict(saved["voice"])
        optimiser.load_state_dict(saved["optimiser"])
        step = int(saved["step"])
    weights = torch.from_numpy(scaling.spread / scaling.spread.sum())
    last = min(until or plan.steps, plan.steps)
    data = [_tensors(example, scaling) for example in examples]
    batches = _batches([len(one[2]) for one in data], plan, step)
    while step < last:
        for group in optimiser.param_groups:
            group["lr"] = _rate(plan, step)
        rows = [data[i] for i in next(batches)]
        batch = Batch(*(pad_sequence([row[part] for row in rows], batch_first=True) for part in range(4)))
        with torch.autocast("cpu", torch.bfloat16):
            parts = losses(voice, batch, weights)
        optimiser.zero_grad()
        torch.stack(list(parts.values())).sum().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(voice.parameters(), 1.0)
        optimiser.step()
        step += 1
        if step % _SAVE_EVERY == 0 or step == last:
            print(
                f"{path.parent.name}: step {step}", *(f"{name} {part:.3f}" for name, part in parts.items()), flush=True
            )
            _save(path, voice, optimiser, step, plan, inventory, scaling)
    return step >= plan.steps


def load(path: Path) -> Trained:
    """Read the voice of a checkpoint."""
    saved = torch.load(path, weights_only=True)
    size = saved["plan"]["size"]
    inventory = Inventory(saved["names"])
    voice = Voice(len(inventory), Size(**size))
    voice.load_state_dict(saved["voice"])
    scaling = saved["scaling"]
    mean, spread = (scaling[name].numpy() for name in ("mean", "spread"))
    numbers = [float(scaling[name]) for name in ("f0_mean", "f0_spread", "level")]
    return Trained(voice.eval(), Scaling(mean, spread, *numbers), inventory)


def _save(
    path: Path,
    voice: Voice,
    optimiser: torch.optim.Optimizer,
    step: int,
    plan: Plan,
    inventory: Inventory,
    scaling: Scaling,
) -> None:
    content = {
        "voice": voice.state_dict(),
        "optimiser": optimiser.state_dict(),
        "step": step,
        "plan": asdict(plan),
        "names": list(inventory.names),
        "scaling": {name: torch.tensor(value) for name, value in asdict(scaling).items()},
    }
    with atomic_file(path) as file:
        torch.save(content, file)


def _tensors(example: Example, scaling: Scaling) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    clip = example.features
    log_f0 = (clip.log_f0 - scaling.f0_mean) / scaling.f0_spread
    pitch = np.stack([log_f0, clip.voiced, clip.phase], axis=1).astype(np.float32)
    latents = (clip.latents - scaling.mean) / scaling.spread
    return (
        torch.tensor(example.tokens),
        torch.from_numpy(example.durations),
        torch.from_numpy(latents),
        torch.from_numpy(pitch),
    )


def _rate(plan: Plan, step: int) -> float:
    """Return the learning rate: warm-up, then a cosine to a twentieth."""
    cosine = 0.5 + 0.5 * np.cos(np.pi * step / plan.steps)
    return float(plan.rate * min(1.0, (step + 1) / plan.warm_up) * (0.05 + 0.95 * cosine))


def _batches(lengths: Sequence[int], plan: Plan, step: int) -> Iterator[list[int]]:
    """Yield the clips of each batch from a step on; each epoch has an order of its own, whatever was before."""
    each = -(-len(lengths) // plan.batch)
    epoch, skipped = divmod(step, each)
    while True:
        random = np.random.default_rng([plan.seed, epoch])
        order = random.permutation(len(lengths)).tolist()
        batches: list[list[int]] = []
        for first in range(0, len(order), _SORTED * plan.batch):
            near = sorted(order[first : first + _SORTED * plan.batch], key=lengths.__getitem__)
            batches += [near[i : i + plan.batch] for i in range(0, len(near), plan.batch)]
        for i in random.permutation(len(batches))[skipped:]:
            yield batches[i]
        epoch, skipped = epoch + 1, 0


def quicken() -> None:
    """Start this process anew with an allocator that keeps its memory: a step is several times faster."""
    wanted = {
        "MALLOC_MMAP_MAX_": "0",
        "MALLOC_TRIM_THRESHOLD_": "68719476736",
        "MALLOC_TOP_PAD_": "268435456",
        "OMP_NUM_THREADS": "1",
    }
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.environ |= wanted
        os.execv(sys.executable, sys.orig_argv)
