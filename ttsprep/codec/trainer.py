"""One training run: every random number is a function of seed and step, so a resumed run is the same run."""

import math
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from ttsprep.codec.checkpoint import Checkpoint
from ttsprep.codec.config import CodecConfig
from ttsprep.codec.corpus import Speech
from ttsprep.codec.discriminator import Discriminator, discriminator_loss, generator_losses, halves
from ttsprep.codec.linear import linear_start
from ttsprep.codec.losses import Weights, reconstruction
from ttsprep.codec.loudness import disturbance
from ttsprep.codec.model import CodecModel
from ttsprep.codec.quantisers.rvq_ema import ResidualEma
from ttsprep.errors import UsageError


class TrainConfig(BaseModel):
    """How a codec is trained.

    Attributes
    ----------
    seed, batch, frames
        Of the crops: how many a step, and how many code frames each.
    rate, warmup, floor
        Learning rate, steps until it is reached, and the share of it that is left after the decay.
    decay_from, decay_steps
        The learning rate is constant until `decay_from` and falls over `decay_steps`; null while undecided,
        so a run can go on for as long as there is time and be brought to an end from any checkpoint.
    bypass
        Steps without quantiser, before its codebooks are started by k-means.
    grow_every
        Steps between two codebooks; 0 trains all from the start.
    beam
        Choices kept from codebook to codebook; quantisers that cannot search take the nearest code.
    full, through
        Share of samples that use every codebook, and that skip the quantiser; the rest use a random number.
    complex, magnitude, mel, energy, loudness
        Weights of the reconstruction.
    adversary_from, adversary, features, adversary_batch
        First step with a discriminator (null: none), the weights of its two terms, and how many samples of
        the batch it sees.
    average
        Memory of the averaged weights.
    clip
        Largest norm of the gradient.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 0
    batch: int = Field(default=6, ge=1)
    frames: int = Field(default=40, ge=8)
    rate: float = 1e-3
    warmup: int = 300
    floor: float = 0.02
    decay_from: int | None = None
    decay_steps: int = 2000
    bypass: int = 400
    grow_every: int = 0
    beam: int = Field(default=1, ge=1)
    full: float = 0.5
    through: float = 0.1
    complex: float = 15.0
    magnitude: float = 30.0
    mel: float = 3.0
    energy: float = 2.0
    loudness: float = 0.0
    adversary_from: int | None = None
    adversary: float = 1.0
    features: float = 4.0
    adversary_batch: int = 3
    average: float = 0.999
    clip: float = 1.0

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of a step."""
        rate = self.rate * min(1.0, (step + 1) / self.warmup)
        if self.decay_from is not None and step >= self.decay_from:
            done = min(1.0, (step - self.decay_from) / self.decay_steps)
            rate *= self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * done))
        return rate

    @property
    def last_step(self) -> int | None:
        """The step at which the decay is over, or None while none was asked for."""
        return None if self.decay_from is None else self.decay_from + self.decay_steps


class Trainer:
    """Model, discriminator, optimisers, averaged weights: everything that moves in a run."""

    def __init__(self, config: CodecConfig, train: TrainConfig, speech: Speech) -> None:
        torch.manual_seed(train.seed)
        self.config, self.train, self.speech = config, train, speech
        self.model = CodecModel(config)
        self.average = CodecModel(config)
        self.average.load_state_dict(self.model.state_dict())
        self.average.requires_grad_(False).eval()
        if isinstance(self.model.quantiser, ResidualEma):
            self.model.quantiser.search = train.beam
        self.judge = Discriminator()
        self.step = 0
        decayed = [p for p in self.model.parameters() if p.ndim >= 2]
        rest = [p for p in self.model.parameters() if p.ndim < 2]
        groups = [{"params": decayed, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=train.rate, betas=(0.8, 0.99))
        self.judge_optimiser = torch.optim.AdamW(self.judge.parameters(), lr=5e-4, betas=(0.5, 0.9))

    def generator(self, purpose: int) -> torch.Generator:
        """Return the source of random numbers of this step for one purpose."""
        return torch.Generator().manual_seed((self.train.seed * 1_000_003 + self.step) * 16 + purpose)

    @property
    def active(self) -> int:
        """Codebooks in training at this step."""
        depth = self.config.quantiser.depth
        if self.step < self.train.bypass:
            return 0
        if not self.train.grow_every:
            return depth
        return min(depth, 1 + (self.step - self.train.bypass) // self.train.grow_every)

    def depths(self, generator: torch.Generator) -> Tensor | None:
        """Draw how many codebooks each sample of the batch uses; None before there are any."""
        active, batch = self.active, self.train.batch
        if active == 0:
            return None
        chance = torch.rand(batch, generator=generator)
        depths = torch.randint(1, active + 1, (batch,), generator=generator)
        depths[chance < self.train.full] = active
        depths[chance >= 1 - self.train.through] = 0
        depths[0] = active  # so every codebook in training moves at every step
        return depths

    def adopt(self, checkpoint: Checkpoint) -> None:
        """Begin from a trained checkpoint instead of from speech: its weights, fresh optimisers.

        Parameters
        ----------
        checkpoint
            Of the same config; the training must have ``bypass = 0``.
        """
        if checkpoint.config.model_copy(update={"output_gain": 1.0}) != self.config or self.train.bypass:
            raise UsageError("to begin from a checkpoint, the recipe must have its config, and bypass = 0")
        self.model.load_state_dict(checkpoint.state)
        self.model.quantiser.updates.copy_(torch.tensor(checkpoint.updates_per_quantiser))
        self.average.load_state_dict(self.model.state_dict())
        self.step = 1

    def begin(self) -> None:
        """Start as a linear codec and calibrate the output, once, at step 0."""
        crops = self.speech.crops(64, self.train.frames * self.config.frame, self.generator(1))
        linear_start(self.model, crops)
        with torch.no_grad():
            self.model.decoder.calibrate(self.model.encoder(crops))
        self.average.load_state_dict(self.model.state_dict())

    @torch.no_grad()
    def start_quantiser(self) -> None:
        """Fill the codebooks by k-means on latents of fresh crops."""
        count = max(1, 16 * self.config.quantiser.cardinality // (16 * self.train.frames))
        generator = self.generator(2)
        latents = [
            self.model.encoder(self.speech.crops(16, self.train.frames * self.config.frame, generator))
            for _ in range(count)
        ]
        self.model.quantiser.start(torch.cat(latents).flatten(0, 1), generator)
        for name in ("total", "usage"):
            if hasattr(self.model.quantiser, name):
                getattr(self.average.quantiser, name).copy_(getattr(self.model.quantiser, name))

    def advance(self) -> dict[str, Any]:
        """Do one step and return what it measured."""
        t = self.train
        if self.step == 0:
            self.begin()
        if self.step == t.bypass:
            self.start_quantiser()
        rate = t.learning_rate(self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        generator = self.generator(0)
        target = self.speech.crops(t.batch, t.frames * self.config.frame, generator)
        self.model.train()
        out = self.model(target, self.depths(generator), generator)
        weights = Weights(t.complex, t.magnitude, t.mel, t.energy)
        terms = reconstruction(out.samples, target, self.config.sample_rate, weights)
        loss = terms["total"] + out.loss
        if t.loudness:
            terms["loudness"] = disturbance(out.samples, target, self.config.sample_rate)
            loss = loss + t.loudness * terms["loudness"]
        if t.adversary_from is not None and self.step >= t.adversary_from:
            extra, game = self._play(out.samples, target, rate)
            terms.update(game)
            loss = loss + extra
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), t.clip)
        self.optimiser.step()
        self._follow()
        self.step += 1
        measured: dict[str, Any] = {name: float(value.detach()) for name, value in terms.items()}
        measured |= {"commit": float(out.loss.detach()), "norm": float(norm), "lr": rate}
        measured["rms"] = float(out.samples.detach().square().mean().sqrt() / target.square().mean().sqrt())
        measured["codes"] = out.codes
        return measured

    def _play(self, output: Tensor, target: Tensor, rate: float) -> tuple[Tensor, dict[str, Tensor]]:
        """One forward pass serves both games: the gradient of each goes only where it belongs."""
        t = self.train
        start = int(torch.randint(0, t.batch, (1,), generator=self.generator(3)))
        rows = (torch.arange(min(t.adversary_batch, t.batch)) + start) % t.batch
        fake = output[rows].detach().requires_grad_()
        real, decoded = halves(self.judge(torch.cat([target[rows], fake])))
        judged = discriminator_loss(real, decoded)
        parameters = list(self.judge.parameters())
        gradients = torch.autograd.grad(judged, parameters, retain_graph=True)
        adversarial, features = generator_losses(real, decoded)
        ramp = min(1.0, (self.step - (t.adversary_from or 0) + 1) / 500)
        wanted = ramp * (t.adversary * adversarial + t.features * features)
        (pull,) = torch.autograd.grad(wanted, fake)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        for group in self.judge_optimiser.param_groups:
            group["lr"] = 0.5 * rate
        self.judge_optimiser.step()
        # A linear stand-in with the same gradient with respect to the output.
        linear = (output[rows] * pull).sum()
        return linear - linear.detach(), {"judge": judged, "adversarial": adversarial, "features": features}

    @torch.no_grad()
    def _follow(self) -> None:
        memory = min(self.train.average, (1 + self.step) / (10 + self.step))
        for slow, fast in zip(self.average.state_dict().values(), self.model.state_dict().values(), strict=True):
            if slow.is_floating_point():
                slow.lerp_(fast, 1 - memory)
            else:
                slow.copy_(fast)

    def state(self) -> dict[str, Any]:
        """Return everything needed to go on exactly, as plain tensors and numbers."""
        return {
            "format": "ttsprep-codec-run",
            "version": 1,
            "config": self.config.model_dump(mode="json"),
            "train": self.train.model_dump(mode="json"),
            "corpus": self.speech.digest,
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "judge": self.judge.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "judge_optimiser": self.judge_optimiser.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.step = int(state["step"])
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.judge.load_state_dict(state["judge"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.judge_optimiser.load_state_dict(state["judge_optimiser"])


def load_run(path: Path) -> dict[str, Any]:
    """Read the state of a run; nothing in it is executed."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def revised(train: TrainConfig, **changes: Any) -> TrainConfig:
    """Return the same training with some settings changed, checked again."""
    return TrainConfig.model_validate({**train.model_dump(), **changes})
