"""Five ways of turning latents into codes, behind one interface."""

from ttsprep.codec.config import QuantiserConfig
from ttsprep.codec.quantisers.base import Quantised, Quantiser
from ttsprep.codec.quantisers.fsq import Fsq, ResidualFsq
from ttsprep.codec.quantisers.rvq import ResidualEma, Vq
from ttsprep.codec.quantisers.rvq_l2 import ResidualL2

__all__ = ["KINDS", "Quantised", "Quantiser", "make_quantiser"]

KINDS: dict[str, type[Fsq] | type[ResidualEma] | type[ResidualFsq] | type[ResidualL2] | type[Vq]] = {
    "rvq-ema": ResidualEma,
    "rvq-l2": ResidualL2,
    "vq": Vq,
    "fsq": Fsq,
    "residual-fsq": ResidualFsq,
}


def make_quantiser(config: QuantiserConfig, dim: int) -> Quantiser:
    """Build the quantiser that `config` asks for, for latents of width `dim`."""
    return KINDS[config.kind](config, dim)
