"""The game of codec and discriminator: one forward pass of the judge serves both sides."""

from typing import Any

import torch
from torch import Tensor

from ttsprep.codec.device import low_type, sent
from ttsprep.codec.discriminator import Discriminator, discriminator_loss, generator_losses, halves
from ttsprep.codec.settings import TrainConfig

RAMP = 500
"""Steps over which the codec begins to feel the judge."""


class Game:
    """A discriminator that learns beside the codec.

    Parameters
    ----------
    train
        Sizes, weights, learning rate.
    device
        Where it is to be.
    """

    def __init__(self, train: TrainConfig, device: torch.device) -> None:
        t = train
        self.device = device
        self.judge = Discriminator(t.judge_spectra, t.judge_width, t.judge_periods, t.judge_period_width)
        self.judge.low = low_type(t, device)
        self.judge.to(device)
        fused = device.type == "cuda" or None
        self.optimiser = torch.optim.AdamW(self.judge.parameters(), lr=5e-4, betas=(0.5, 0.9), fused=fused)

    def play(
        self, train: TrainConfig, output: Tensor, target: Tensor, step: int, rate: float, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Let the judge learn from a batch; return what the codec is to minimise, and the terms of it.

        Parameters
        ----------
        train
            Weights, and how much of the batch is judged.
        output, target
            ``(batch, samples)``.
        step, rate
            Of the codec.
        generator
            Chooses what is judged.
        """
        t = train
        start = int(torch.randint(0, t.batch, (1,), generator=generator))
        rows = sent((torch.arange(min(t.adversary_batch, t.batch)) + start) % t.batch, self.device)
        fake = output[rows].detach().requires_grad_()
        real, decoded = halves(self.judge(torch.cat([target[rows], fake])))
        judged = discriminator_loss(real, decoded)
        parameters = list(self.judge.parameters())
        # The gradient of each side goes only where it belongs.
        gradients = torch.autograd.grad(judged, parameters, retain_graph=True)
        adversarial, features = generator_losses(real, decoded)
        ramp = min(1.0, (step - (t.adversary_from or 0) + 1) / RAMP)
        wanted = ramp * (t.adversary * adversarial + t.features * features)
        (pull,) = torch.autograd.grad(wanted, fake)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        for group in self.optimiser.param_groups:
            group["lr"] = 0.5 * rate
        self.optimiser.step()
        # A linear stand-in with the same gradient with respect to the output.
        linear = (output[rows] * pull).sum()
        return linear - linear.detach(), {"judge": judged, "adversarial": adversarial, "features": features}

    def state(self) -> dict[str, Any]:
        """Return what is needed to go on exactly."""
        return {"judge": self.judge.state_dict(), "judge_optimiser": self.optimiser.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` returned, on whatever device."""
        self.judge.load_state_dict(state["judge"])
        load_optimiser(self.optimiser, state["judge_optimiser"])


def load_optimiser(optimiser: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Load the state of an optimiser, which may come from another device, and keep to the kernels of this one."""
    groups = [
        {**theirs, "fused": ours["fused"]}
        for theirs, ours in zip(state["param_groups"], optimiser.param_groups, strict=True)
    ]
    optimiser.load_state_dict({**state, "param_groups": groups})
