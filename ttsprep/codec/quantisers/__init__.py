"""Five ways of turning latents into codes, behind one interface."""

from ttsprep.codec.config import QuantiserConfig
from ttsprep.codec.quantisers.base import Quantised, Quantiser
from ttsprep.codec.quantisers.rvq_ema import ResidualEma

__all__ = ["Quantised", "Quantiser", "make"]


def make(config: QuantiserConfig, dim: int) -> Quantiser:
    """Build the quantiser that `config` asks for, for latents of width `dim`.

    Returns
    -------
    Quantiser
    """
    if config.kind == "rvq-ema":
        return ResidualEma(config, dim)
    raise NotImplementedError(config.kind)
