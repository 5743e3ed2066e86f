"""Start a network as the best linear codec of its size, instead of as noise.

Phases are what a codec learns last: thousands of steps pass before the decoder's resemble the encoder's. But
passing them through needs no learning: along the strongest directions of the spectra (principal components,
low frequencies first) the linear parts of encoder and decoder can transmit them from the first step.
"""

import torch
from torch import Tensor

from ttsprep.codec.network import CodecModel

_LEVELS = 0.6
"""Weight of log levels beside phases, when the strongest directions are sought."""


def _components(rows: Tensor, count: int) -> Tensor:
    """Return the `count` strongest directions of centred rows as columns."""
    rows = rows.double()
    rows = rows - rows.mean(0)
    vectors: Tensor = torch.linalg.eigh(rows.t() @ rows / len(rows)).eigenvectors
    return vectors.flip(1)[:, :count].float()


def _extend(columns: Tensor, count: int) -> Tensor:
    """Return `columns` with random orthogonal ones behind them, `count` in all at most as they have rows."""
    missing = min(count, columns.shape[0]) - columns.shape[1]
    if missing <= 0:
        return columns[:, :count]
    extra = torch.randn(columns.shape[0], missing)
    extra -= columns @ (columns.t() @ extra)
    return torch.cat([columns, torch.linalg.qr(extra).Q], 1)


@torch.no_grad()
def pca_init(model: CodecModel, crops: Tensor) -> None:
    """Set the linear layers of a fresh model from ``(batch, samples)`` of speech at unit level; a minute is enough."""
    encoder, decoder, stride = model.encoder, model.decoder, model.config.stride
    features = encoder.analysis(crops).flatten(0, 1)
    bins = encoder.analysis.bins
    level = features[:, 2 * bins :]
    centre = torch.cat([torch.zeros(2 * bins), level.mean(0)])
    # Weigh bins by how loud they are: phases matter where the energy is. Levels matter everywhere.
    loud = (5 * level).exp().mean(0).sqrt()
    weight = (loud / loud.max()).clamp(min=1e-3).sqrt().repeat(2)
    weight = torch.cat([weight, torch.full((bins,), _LEVELS)])
    weighted = (features - centre) * weight

    fine = _components(weighted, min(encoder.enter.out_features, 3 * bins))
    encoder.enter.weight[: fine.shape[1]] = fine.t() * weight
    encoder.enter.bias.zero_()
    encoder.enter.bias[: fine.shape[1]] = -(centre * weight) @ fine
    entered = (weighted @ fine).view(len(crops), -1, stride * fine.shape[1]).flatten(0, 1)
    joined = _components(entered, min(model.config.latent, encoder.join.out_features))
    wide = _extend(joined, encoder.join.out_features)
    full = torch.zeros(stride, encoder.enter.out_features, wide.shape[1])
    full[:, : fine.shape[1]] = wide.view(stride, fine.shape[1], -1)
    encoder.join.weight[: wide.shape[1]] = full.flatten(0, 1).t()
    encoder.join.bias.zero_()
    latent = joined.shape[1]
    encoder.leave.weight.mul_(0.3)
    encoder.leave.weight[:latent, :latent] += torch.eye(latent)
    encoder.leave.bias.zero_()

    decoder.enter.weight.mul_(0.3)
    decoder.enter.weight[:latent, :latent] += torch.eye(latent)
    decoder.enter.bias.zero_()
    basis = fine[:, : decoder.fine_width]
    parts = joined.view(stride, fine.shape[1], latent)[:, : basis.shape[1]]
    decoder.split.weight.mul_(0.3)
    decoder.split.bias.zero_()
    split = decoder.split.weight.view(stride, decoder.fine_width, -1)
    split[:, : basis.shape[1], :latent] += parts
    decoder.head.weight.mul_(0.1)
    decoder.head.bias.zero_()
    # The head is what fits best behind the norm.
    hidden = decoder.hidden(encoder(crops)).flatten(0, 1)
    hidden = torch.cat([hidden, torch.ones(len(hidden), 1)], 1).double()
    wanted = torch.cat([2.5 * level, features[:, : 2 * bins]], 1).double()
    square = hidden.t() @ hidden
    square.diagonal().add_(1e-3 * len(hidden))
    fitted = torch.linalg.solve(square, hidden.t() @ wanted).float()
    decoder.head.weight.copy_(fitted[:-1].t())
    decoder.head.bias.copy_(fitted[-1])
    decoder.head.weight[bins:] *= 3
    decoder.head.bias[bins:] *= 3
