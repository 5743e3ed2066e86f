"""What a codec is made of: one frozen table of numbers, saved with every checkpoint."""

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from ttsprep.core.errors import UsageError, nearest

_Kind = Literal["rvq-ema", "rvq-l2", "vq", "fsq", "residual-fsq"]
WeightNorm = Literal["none", "rms", "l2", "zscore"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class QuantiserConfig(_Strict):
    """The quantiser: how many codebooks of how many codes, and how they learn.

    Attributes
    ----------
    kind
        ``rvq-ema`` (Euclidean, moving averages), ``rvq-l2`` (factorised, cosine, gradients), ``vq`` (one
        codebook), ``fsq`` (rounded to fixed levels), ``residual-fsq``.
    num_codebooks, codebook_size
        Codebooks, and codes in each; ``fsq`` has as many codes as the product of its levels.
    code_dim
        Width of a code of ``rvq-l2``; the others use the width of the latents.
    levels
        Of ``fsq`` and ``residual-fsq``.
    normalise
        Applied to the latents before they are quantised.
    decay, revive_below, revive_every
        Of the moving averages: their memory, the share of uniform usage under which a code is dead, and how
        many updates pass between two revivals.
    commitment
        Weight of the term that keeps the encoder near the codes.
    """

    kind: _Kind = "rvq-ema"
    num_codebooks: int = Field(default=8, ge=1, le=64)
    codebook_size: int = Field(default=1024, ge=2, le=65536)
    code_dim: int = Field(default=8, ge=1, le=512)
    levels: tuple[int, ...] = (8, 5, 5, 5)
    normalise: WeightNorm = "none"
    decay: float = Field(default=0.99, gt=0, lt=1)
    revive_below: float = Field(default=0.1, ge=0, lt=1)
    revive_every: int = Field(default=10, ge=1)
    commitment: float = Field(default=1.0, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> "QuantiserConfig":
        if self.kind in {"vq", "fsq"} and self.num_codebooks != 1:
            raise ValueError(f"{self.kind} has one codebook: num_codebooks must be 1, not {self.num_codebooks}")
        if any(level < 2 for level in self.levels) or not 1 <= len(self.levels) <= 16:
            raise ValueError("levels: 1 to 16 numbers, each at least 2")
        return self


class CodecConfig(_Strict):
    """The network around the quantiser.

    Attributes
    ----------
    sample_rate, window, stft_hop, stride
        Of the spectral front and back end: frames of `window` samples every `stft_hop`; `stride` of them make one
        frame of codes, of ``hop_length = stft_hop * stride`` samples.
    power
        Exponent of the magnitudes the encoder sees.
    encoder_fine, encoder_fine_blocks, encoder_width, encoder_blocks
        Channels and ConvNeXt blocks before and after the frames are joined by `stride`.
    latent
        Width of what is quantised.
    decoder_width, decoder_blocks, decoder_fine, decoder_fine_blocks
        The same of the decoder, in its own order.
    kernel, expansion
        Of every ConvNeXt block.
    causal
        Nothing looks ahead further than `latency`: every convolution sees this frame and earlier ones, and
        windows end with the samples of their own step.
    output_gain
        What decoded samples are multiplied by: measured once, after training, on training speech, and
        never learned.
    """

    sample_rate: int = Field(default=16000, ge=4000, le=192000)
    window: int = Field(default=320, ge=8, le=8192)
    stft_hop: int = Field(default=80, ge=1, le=8192)
    stride: int = Field(default=4, ge=1, le=64)
    power: float = Field(default=0.3, gt=0, le=1)
    encoder_fine: int = Field(default=128, ge=1, le=4096)
    encoder_fine_blocks: int = Field(default=2, ge=0, le=64)
    encoder_width: int = Field(default=256, ge=1, le=4096)
    encoder_blocks: int = Field(default=3, ge=0, le=64)
    latent: int = Field(default=64, ge=1, le=2048)
    decoder_width: int = Field(default=288, ge=1, le=4096)
    decoder_blocks: int = Field(default=6, ge=0, le=64)
    decoder_fine: int = Field(default=144, ge=1, le=4096)
    decoder_fine_blocks: int = Field(default=3, ge=0, le=64)
    kernel: int = Field(default=7, ge=1, le=63)
    expansion: int = Field(default=3, ge=1, le=8)
    causal: bool = False
    output_gain: float = Field(default=1.0, gt=0.5, lt=2.0)
    quantiser: QuantiserConfig = QuantiserConfig()

    @model_validator(mode="after")
    def _consistent(self) -> "CodecConfig":
        if self.window != self.stft_hop * self.stride:
            raise ValueError(f"window must be stft_hop x stride, not {self.window} for {self.stft_hop} x {self.stride}")
        if self.stride < 4:
            raise ValueError("stride must be at least 4: fewer frames do not overlap enough to add up again")
        if self.kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, not {self.kernel}")
        return self

    @model_serializer(mode="wrap")
    def _as_before(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out `causal` where it is not set: checkpoints from before it existed keep their digest."""
        out: dict[str, Any] = serialise(self)
        if not self.causal:
            out.pop("causal", None)
        return out

    @property
    def hop_length(self) -> int:
        """Samples in one frame of codes."""
        return self.stft_hop * self.stride

    @property
    def frame_rate(self) -> float:
        """Frames of codes in one second."""
        return self.sample_rate / self.hop_length

    @property
    def bit_rate(self) -> float:
        """Bits in one second of codes."""
        return self.frame_rate * self.quantiser.num_codebooks * math.log2(self.quantiser.codebook_size)

    @property
    def encoder_context(self) -> tuple[int, int]:
        """Code frames before and after its own that a latent depends on, at most."""
        return self._context(self.encoder_blocks, self.encoder_fine_blocks, after=0)

    @property
    def decoder_context(self) -> tuple[int, int]:
        """Code frames before and after its own that a decoded frame depends on, at most."""
        return self._context(self.decoder_blocks, self.decoder_fine_blocks, after=1)

    def _context(self, blocks: int, fine_blocks: int, *, after: int) -> tuple[int, int]:
        reach = self.kernel - 1 if self.causal else self.kernel // 2
        # One more for windows that are longer than their step.
        frames = blocks * reach + math.ceil(fine_blocks * reach / self.stride) + 1
        return frames, after if self.causal else frames

    @property
    def latency(self) -> int:
        """Samples that must be known beyond one before that one can be decoded, at most.

        Causal: a frame of codes needs all its samples, and the windows of its successor overlap it by all
        but one step, ``2 hop_length - stft_hop``. Otherwise: what encoder and decoder look ahead, and the frame.
        """
        if self.causal:
            return 2 * self.hop_length - self.stft_hop
        return (self.encoder_context[1] + self.decoder_context[1] + 1) * self.hop_length

    @property
    def latency_ms(self) -> float:
        """`latency` in milliseconds."""
        return 1000 * self.latency / self.sample_rate


_BASE = CodecConfig(
    encoder_fine=256,
    encoder_fine_blocks=4,
    encoder_width=512,
    encoder_blocks=6,
    latent=128,
    decoder_width=512,
    decoder_blocks=8,
    decoder_fine=384,
    decoder_fine_blocks=6,
    quantiser=QuantiserConfig(num_codebooks=12, commitment=3.0),
)
"""Large enough for 6 kbit/s, and for a GPU to train: 50 frames x 12 books at 16 kHz, 75 x 8 at 24 kHz."""

PRESETS: dict[str, CodecConfig] = {
    "nano16": CodecConfig(),
    "base16": _BASE,
    "base24": _BASE.model_copy(update={"sample_rate": 24000, "quantiser": QuantiserConfig(commitment=3.0)}),
    "tiny8": CodecConfig(
        sample_rate=8000,
        encoder_fine=32,
        encoder_fine_blocks=1,
        encoder_width=48,
        encoder_blocks=1,
        latent=16,
        decoder_width=48,
        decoder_blocks=1,
        decoder_fine=32,
        decoder_fine_blocks=1,
        quantiser=QuantiserConfig(num_codebooks=4, codebook_size=64),
    ),
}


def preset(name: str) -> CodecConfig:
    """Return the preset called `name`, or raise a `UsageError` with the nearest one."""
    if name not in PRESETS:
        raise UsageError(f"no codec preset {name!r}: {nearest(name, PRESETS)}")
    return PRESETS[name]
