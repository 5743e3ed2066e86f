"""K-means, the start of every learned codebook."""

import torch
from torch import Tensor

from ttsprep.codec.quantisers.nearest import Book, nearest


@torch.no_grad()
def kmeans(vectors: Tensor, count: int, generator: torch.Generator, *, rounds: int = 10) -> tuple[Tensor, Tensor]:
    """Cluster vectors; empty clusters are given a random vector each round.

    Parameters
    ----------
    vectors
        ``(n, dim)``, float32.
    count
        Clusters.
    generator
        Source of every random choice.
    rounds
        Of assignment and averaging.

    Returns
    -------
    tuple of Tensor
        Centres ``(count, dim)`` and how many vectors each has, ``(count,)``.
    """
    n, dim = vectors.shape
    device = vectors.device
    start = torch.randint(0, n, (count,), generator=generator)  # on the CPU, as the generator: the same on any device
    if n >= count:
        start = torch.randperm(n, generator=generator)[:count]
    centres = vectors[start.to(device)]
    spread = float(vectors.std()) if n > 1 else 0.0
    if n < count:  # copies must differ, or all but one of them stay empty for ever
        centres += 0.01 * spread * torch.randn(centres.shape, generator=generator).to(device)
    usage = torch.zeros(count, device=device)
    for _ in range(rounds):
        owner = nearest(vectors, Book.of(centres))
        usage = torch.bincount(owner, minlength=count).float()
        total = torch.zeros(count, dim, device=device).index_add_(0, owner, vectors)
        centres = total / usage.clamp(min=1)[:, None]
        empty = usage == 0
        if bool(empty.any()):
            fresh = torch.randint(0, n, (int(empty.sum()),), generator=generator).to(device)
            jitter = 0.01 * spread * torch.randn(len(fresh), dim, generator=generator).to(device)
            centres[empty] = vectors[fresh] + jitter
    return centres, usage
