"""Plain vector quantisation: one codebook, learned like the first book of `rvq-ema`."""

from ttsprep.codec.config import QuantiserConfig
from ttsprep.codec.quantisers.rvq_ema import ResidualEma


class Vq(ResidualEma):
    """One Euclidean codebook of any cardinality."""

    def __init__(self, config: QuantiserConfig, dim: int) -> None:
        if config.depth != 1:
            raise ValueError(f"vq has one codebook, not {config.depth}")
        super().__init__(config, dim)
