"""The one building block of the network: ConvNeXt over time, frames first and channels last."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConvNeXt(nn.Module):
    """Depthwise convolution over time, layer norm, a widening MLP, a learned scale per channel, a skip.

    Frames outside the clip are multiplied by `mask` before the convolution sees them, so what stands in the
    padding of a batch cannot matter, and a piece cut out with enough context equals the whole.
    """

    def __init__(self, channels: int, kernel: int, expansion: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.widen = nn.Linear(channels, expansion * channels)
        self.narrow = nn.Linear(expansion * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), 0.3))

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map ``(batch, frames, channels)`` to the same shape."""
        if mask is not None:
            x = x * mask
        # A 2-D convolution of a view with channels last: no copy, and the fast kernel on a CPU.
        h = F.conv2d(
            x.transpose(1, 2).unsqueeze(2),
            self.depthwise.weight.unsqueeze(2),
            self.depthwise.bias,
            padding=(0, self.depthwise.weight.shape[-1] // 2),
            groups=x.shape[-1],
        )
        h = h.squeeze(2).transpose(1, 2)
        h = self.narrow(F.gelu(self.widen(self.norm(h))))
        return torch.addcmul(x, h, self.scale)
