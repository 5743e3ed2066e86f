"""The one building block of the network: ConvNeXt over time, frames first and channels last."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConvNeXt(nn.Module):
    """Depthwise convolution over time, layer norm, a widening MLP, a learned scale per channel, a skip.

    Frames outside the clip are multiplied by `mask` before the convolution sees them, so what stands in the
    padding of a batch cannot matter, and a piece cut out with enough context equals the whole.
    """

    def __init__(self, channels: int, kernel: int, expansion: int, *, causal: bool = False) -> None:
        super().__init__()
        self.before = kernel - 1 if causal else kernel // 2
        self.after = kernel - 1 - self.before
        self.depthwise = nn.Conv1d(channels, channels, kernel, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.widen = nn.Linear(channels, expansion * channels)
        self.narrow = nn.Linear(expansion * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), 0.3))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map ``(batch, frames, channels)`` to the same shape; the skip stays in float32 under autocast."""
        if mask is not None:
            x = x * mask
        bias = torch.as_tensor(self.depthwise.bias)
        mixed = convolved if x.device.type == "cpu" else shifted
        h = mixed(x, self.depthwise.weight, bias, self.before, self.after)
        h = self.narrow(F.gelu(self.widen(self.norm(h))))
        return torch.addcmul(x, h.float(), self.scale)


def convolved(x: Tensor, weight: Tensor, bias: Tensor, before: int, after: int) -> Tensor:
    """Convolve each channel over time with ``(channels, 1, kernel)``, frames beyond the ends taken as zeros."""
    if before != after:
        x = F.pad(x, (0, 0, before, after))
    # A 2-D convolution of a view with channels last: no copy, and the fast kernel on a CPU.
    h = F.conv2d(
        x.transpose(1, 2).unsqueeze(2),
        weight.unsqueeze(2),
        bias,
        padding=(0, before if before == after else 0),
        groups=x.shape[-1],
    )
    return h.squeeze(2).transpose(1, 2)


def shifted(x: Tensor, weight: Tensor, bias: Tensor, before: int, after: int) -> Tensor:
    """Do the same as `convolved` by adding shifted copies, which a compiler fuses with what comes next.

    On a GPU it needs no layout but this one, and its gradients are sums in a fixed order.
    """
    padded = F.pad(x, (0, 0, before, after))
    h = bias.expand_as(x)
    for place in range(weight.shape[-1]):
        h = torch.addcmul(h, padded[:, place : place + x.shape[1]], weight[:, 0, place])
    return h
