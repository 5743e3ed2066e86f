"""One training run: every random number is a function of seed and step, so a resumed run is the same run."""

import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ttsprep.codec.checkpoint import Checkpoint
from ttsprep.codec.config import CodecConfig
from ttsprep.codec.device import autocast_dtype, compiles
from ttsprep.codec.network import CodecModel
from ttsprep.codec.quantisers.rvq import ResidualEma
from ttsprep.codec.training.adversary import AdversarialTraining, load_optimiser
from ttsprep.codec.training.config import TrainConfig
from ttsprep.codec.training.data import GpuCache, Speech
from ttsprep.codec.training.init import pca_init
from ttsprep.codec.training.losses import disturbance, reconstruction
from ttsprep.core.errors import CheckpointError, CollapseError, UsageError
from ttsprep.core.untrusted import refuse_bomb

RUN_VERSION = 2


class CodecTrainer:
    """Model, discriminator, optimisers, averaged weights: everything that moves in a run.

    Parameters
    ----------
    config, train
        The network, and how it is trained.
    speech
        What it is trained on.
    device
        Where. Random numbers are drawn on the CPU, so that they are the same everywhere.
    """

    def __init__(
        self, config: CodecConfig, train: TrainConfig, speech: Speech, device: torch.device | str = "cpu"
    ) -> None:
        if speech.rate != config.sample_rate:
            raise UsageError(
                f"the speech is of {speech.rate} Hz, the codec of {config.sample_rate} Hz: pack it for this codec"
            )
        torch.manual_seed(train.seed)
        self.config, self.train, self.speech = config, train, speech
        self.device = torch.device(device)
        self.model = CodecModel(config)
        self.average = CodecModel(config)
        self.average.load_state_dict(self.model.state_dict())
        self.average.requires_grad_(False).eval()
        if isinstance(self.model.quantiser, ResidualEma):
            self.model.quantiser.beam = train.quantiser.beam
        self.model.encoder.autocast_dtype = self.model.decoder.autocast_dtype = autocast_dtype(train, self.device)
        self.model.to(self.device)
        self.average.to(self.device)
        self.adversarial = AdversarialTraining(train, self.device)
        self.step = 0
        self._source = speech if self.device.type == "cpu" else GpuCache(speech, self.device)
        self._compiled = False
        decayed = [p for p in self.model.parameters() if p.ndim >= 2]
        rest = [p for p in self.model.parameters() if p.ndim < 2]
        groups = [{"params": decayed, "weight_decay": 0.01}, {"params": rest, "weight_decay": 0.0}]
        fused = self.device.type == "cuda" or None
        self.optimiser = torch.optim.AdamW(groups, lr=train.optimiser.learning_rate, betas=(0.8, 0.99), fused=fused)

    def generator(self, purpose: int) -> torch.Generator:
        """Return the source of random numbers of this step for one purpose."""
        return torch.Generator().manual_seed((self.train.seed * 1_000_003 + self.step) * 16 + purpose)

    @property
    def active(self) -> int:
        """Codebooks in training at this step."""
        num_codebooks = self.config.quantiser.num_codebooks
        t = self.train.quantiser
        if self.step < t.warmup_steps:
            return 0
        if not t.grow_every:
            return num_codebooks
        return min(num_codebooks, 1 + (self.step - t.warmup_steps) // t.grow_every)

    def depths(self, generator: torch.Generator) -> Tensor | None:
        """Draw how many codebooks each sample of the batch uses; None before there are any."""
        active, batch, t = self.active, self.train.batch, self.train.quantiser
        if active == 0:
            return None
        chance = torch.rand(batch, generator=generator)
        depths = torch.randint(1, active + 1, (batch,), generator=generator)
        depths[chance < t.full_depth_prob] = active
        depths[chance >= 1 - t.no_quantization_prob] = 0
        depths[0] = active  # so every codebook in training moves at every step
        return depths

    def adopt(self, checkpoint: Checkpoint) -> None:
        """Begin from a checkpoint of the same config instead of from speech: its weights, fresh optimisers."""
        if (
            checkpoint.config.model_copy(update={"output_gain": 1.0}) != self.config
            or self.train.quantiser.warmup_steps
        ):
            raise UsageError(
                "to begin from a checkpoint, the recipe must have its config, and quantiser.warmup_steps = 0"
            )
        self.model.load_state_dict(checkpoint.state)
        self.model.quantiser.updates.copy_(torch.tensor(checkpoint.updates_per_quantiser))
        self.average.load_state_dict(self.model.state_dict())
        self.step = 1

    def begin(self) -> None:
        """Start as a linear codec and calibrate the output, once, at step 0; on the CPU, wherever the run is."""
        crops = self._crops(64, self.generator(1)).cpu()
        model = copy.deepcopy(self.model).cpu()
        pca_init(model, crops)
        with torch.no_grad():
            model.decoder.calibrate(model.encoder(crops))
        self.model.load_state_dict(model.state_dict())
        self.average.load_state_dict(model.state_dict())

    def _crops(self, count: int, generator: torch.Generator) -> Tensor:
        return self._source.crops(count, self.train.frames * self.config.hop_length, generator)

    @torch.no_grad()
    def start_quantiser(self) -> None:
        """Fill the codebooks by k-means on latents of fresh crops; on the CPU, wherever the run is."""
        count = max(1, 16 * self.config.quantiser.codebook_size // (16 * self.train.frames))
        generator = self.generator(2)
        # `forward`, past what may be compiled: for other shapes it would be compiled again.
        latents = [self.model.encoder.forward(self._crops(16, generator)).cpu() for _ in range(count)]
        quantiser = copy.deepcopy(self.model.quantiser).cpu()
        quantiser.start(torch.cat(latents).flatten(0, 1), generator)
        self.model.quantiser.load_state_dict(quantiser.state_dict())
        self.average.quantiser.load_state_dict(quantiser.state_dict())

    def advance(self) -> dict[str, Any]:
        """Do one step and return what it measured: tensors on the device, which nothing has waited for."""
        t = self.train
        if self.step == 0:
            self.begin()
        if self.step == t.quantiser.warmup_steps:
            self.start_quantiser()
        if not self._compiled and compiles(t, self.device):
            self.model.encoder.compile()
            self.model.decoder.compile()
            self._compiled = True
        rate = t.optimiser.rate_at(self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        generator = self.generator(0)
        target = self._crops(t.batch, generator)
        self.model.train()
        out = self.model(target, self.depths(generator), generator)
        terms = reconstruction(out.samples, target, self.config.sample_rate, t.loss)
        loss = terms["total"] + out.loss
        if t.loss.loudness:
            terms["loudness"] = disturbance(out.samples, target, self.config.sample_rate)
            loss = loss + t.loss.loudness * terms["loudness"]
        begin = t.discriminator.from_step
        if begin is not None and self.step >= begin:
            extra, game = self.adversarial.step(t, out.samples, target, self.step, rate, self.generator(3))
            terms.update(game)
            loss = loss + extra
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), t.optimiser.max_norm)
        self._move(norm)
        self._follow()
        self.step += 1
        measured: dict[str, Any] = {name: value.detach() for name, value in terms.items()}
        measured |= {"commit": out.loss.detach(), "norm": norm, "lr": rate}
        measured["rms"] = out.samples.detach().square().mean().sqrt() / target.square().mean().sqrt()
        measured["codes"] = out.codes
        return measured

    def _move(self, norm: Tensor) -> None:
        """Let the optimiser step, unless a gradient is not finite: the weights stay as good as they were."""
        if self.device.type == "cuda":  # where asking would mean waiting, the kernel itself looks, and skips
            self.optimiser.found_inf = (~norm.isfinite()).float()  # type: ignore[attr-defined]
            self.optimiser.step()
        elif self.device.type == "cpu" and not bool(norm.isfinite()):
            raise CollapseError(f"step {self.step}: gradients are not finite; lower the learning rate and resume")
        else:
            self.optimiser.step()

    def finite(self) -> bool:
        """Say whether every weight and codebook is a number."""
        modules = (self.model, self.average, self.adversarial.discriminator)
        values = [v for module in modules for v in module.state_dict().values() if v.is_floating_point()]
        return bool(torch.stack([v.isfinite().all() for v in values]).all())

    @torch.no_grad()
    def _follow(self) -> None:
        memory = min(self.train.optimiser.ema_decay, (1 + self.step) / (10 + self.step))
        pairs = list(zip(self.average.state_dict().values(), self.model.state_dict().values(), strict=True))
        moving = [pair for pair in pairs if pair[0].is_floating_point()]
        torch._foreach_lerp_([slow for slow, _ in moving], [fast for _, fast in moving], 1 - memory)
        for slow, fast in pairs:
            if not slow.is_floating_point():
                slow.copy_(fast)

    def state(self) -> dict[str, Any]:
        """Return everything needed to go on exactly, as plain tensors and numbers."""
        return {
            "format": "ttsprep-codec-run",
            "version": RUN_VERSION,
            "config": self.config.model_dump(mode="json"),
            "train": self.train.model_dump(mode="json"),
            "corpus": self.speech.digest,
            "step": self.step,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            **self.adversarial.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned."""
        self.step = int(state["step"])
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        load_optimiser(self.optimiser, state["optimiser"])
        self.adversarial.restore(state)


def load_run(path: Path) -> dict[str, Any]:
    """Read the state of a run; nothing in it is executed, and a `CheckpointError` says why a file is none."""
    try:
        refuse_bomb(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such file, so this is no folder of a run") from None
    except Exception as error:
        raise CheckpointError(
            f"{path}: cannot be loaded without running code inside it, or is damaged ({type(error).__name__})"
        ) from None
    if not isinstance(state, dict) or state.get("format") != "ttsprep-codec-run" or state.get("version") != RUN_VERSION:
        raise CheckpointError(f"{path} is not the state of a training run of this version of ttsprep")
    return state
