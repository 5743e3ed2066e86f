"""Residual quantisation in small spaces by cosine, with codebooks that learn by gradient (as in DAC).

Each stage projects the residual to a few dimensions, looks up the code with the smallest angle, and projects
it back. Lengths cannot run away, and few codes die; the codebooks must still start from data, not from noise.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ttsprep.codec.config import QuantiserConfig
from ttsprep.codec.quantisers.base import Quantised, Quantiser, has_numbers, normalise, prefix
from ttsprep.codec.quantisers.search import Codebook, kmeans, nearest_codes


def _set(layer: nn.Module, weight: Tensor, bias: Tensor) -> None:
    """Set a linear layer, zeros where `weight` is smaller."""
    state = {name: torch.zeros_like(value) for name, value in layer.state_dict().items()}
    state["weight"][: weight.shape[0], : weight.shape[1]] = weight
    state["bias"][: len(bias)] = bias
    layer.load_state_dict(state)


class ResidualL2(Quantiser):
    """Factorised codebooks of width ``config.code_dim``."""

    def __init__(self, config: QuantiserConfig, dim: int) -> None:
        super().__init__(config.num_codebooks, config.codebook_size)
        self.config = config
        self.enter = nn.ModuleList(nn.Linear(dim, config.code_dim) for _ in range(config.num_codebooks))
        self.leave = nn.ModuleList(nn.Linear(config.code_dim, dim) for _ in range(config.num_codebooks))
        codebook = torch.empty(config.num_codebooks, config.codebook_size, config.code_dim)
        self.codebook = nn.Parameter(codebook.normal_() if has_numbers() else codebook)

    def _pick(self, stage: int, projected: Tensor) -> Tensor:
        flat = F.normalize(projected.detach().float().reshape(-1, projected.shape[-1]), dim=-1)
        book = Codebook.of(F.normalize(self.codebook[stage].detach().float(), dim=-1))
        return nearest_codes(flat.contiguous(), book).view(projected.shape[:-1])

    @torch.no_grad()
    def encode(self, latents: Tensor, num_codebooks: int | None = None, beam: int = 1) -> Tensor:
        """Return codes ``(batch, num_codebooks, frames)``.

        What is left over is never formed: ``W_q (z - sum_j (V_j c_j + v_j)) + w_q`` is the projection of `z` less
        rows of small tables, so all stages share one matrix product and go on in `config.code_dim` dimensions.
        """
        count = self.num_codebooks if num_codebooks is None else num_codebooks
        flat = normalise(latents.float(), self.config.normalise)
        weights = torch.cat([torch.as_tensor(layer.weight) for layer in self.enter[:count]])
        biases = torch.cat([torch.as_tensor(layer.bias) for layer in self.enter[:count]])
        width = self.config.code_dim
        projected = F.linear(flat, weights.float(), biases.float())
        codes = []
        for stage in range(count):
            index = self._pick(stage, projected[..., :width])
            codes.append(index)
            if stage + 1 < count:
                table = F.linear(self.leave[stage](self.codebook[stage]), weights[(stage + 1) * width :])
                projected = projected[..., width:] - F.embedding(index, table)
        return torch.stack(codes, 1)

    def decode(self, codes: Tensor) -> Tensor:
        """Return ``(batch, frames, dim)``, the sum of the codes projected back."""
        out = self.leave[0](self.codebook[0][codes[:, 0]])
        for stage in range(1, codes.shape[1]):
            out = out + self.leave[stage](self.codebook[stage][codes[:, stage]])
        return torch.as_tensor(out)

    def forward(self, latents: Tensor, depths: Tensor, generator: torch.Generator) -> Quantised:
        """Quantise for training; commitment and codebook terms are averaged over the stages a sample uses."""
        latents = normalise(latents.float(), self.config.normalise)
        batch, frames, _ = latents.shape
        active = int(depths.max()) if len(depths) else 0
        depths = depths.to(latents.device)
        rest, stages, codes = latents, [], []
        loss = latents.new_zeros(())
        for stage in range(active):
            projected = self.enter[stage](rest)
            index = self._pick(stage, projected)
            code = self.codebook[stage][index]
            used = (depths > stage).float()
            commit = (projected - code.detach()).square().mean((1, 2))
            follow = (projected.detach() - code).square().mean((1, 2))
            part = ((self.config.commitment * commit + follow) * used).sum() / used.sum().clamp(min=1)
            loss = loss + part / active
            back = self.leave[stage](projected + (code - projected).detach())
            rest = rest - back
            stages.append(back)
            codes.append(index)
            if self.training:
                self.updates[stage] += 1
        if not stages:
            return Quantised(latents, torch.zeros(batch, 0, frames, dtype=torch.int64, device=latents.device), loss)
        summed = prefix(torch.stack(stages), depths)
        through = (depths == 0)[:, None, None]
        return Quantised(torch.where(through, latents, summed), torch.stack(codes, 1), loss)

    @torch.no_grad()
    def start(self, latents: Tensor, generator: torch.Generator) -> None:
        """Projections along the strongest directions of each residual, codebooks by k-means."""
        rest = normalise(latents.float(), self.config.normalise)
        width = self.config.code_dim
        for stage in range(self.num_codebooks):
            mean = rest.mean(0)
            centred = (rest - mean).double()
            _, vectors = torch.linalg.eigh(centred.t() @ centred / len(rest))
            axes = vectors.flip(1)[:, :width].float()
            _set(self.enter[stage], axes.t(), -(mean @ axes))
            _set(self.leave[stage], axes, mean)
            projected = self.enter[stage](rest)
            centres, _ = kmeans(projected, self.codebook_size, generator)
            self.codebook[stage] = centres
            rest = rest - self.leave[stage](centres[self._pick(stage, projected)])
