"""Speech-like sound, and settings that train a tiny codec on it in seconds."""

import numpy as np

RATE = 8000


def voice(seconds: float, seed: int) -> np.ndarray:
    """A gliding harmonic tone with syllables, breath noise, and pauses."""
    rng = np.random.default_rng(seed)
    n = int(seconds * RATE)
    t = np.arange(n) / RATE
    pitch = 90 + 120 * rng.random() + 20 * np.sin(2 * np.pi * (0.7 + rng.random()) * t)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    formant = 500 + 1200 * (0.5 + 0.5 * np.sin(2 * np.pi * (1 + rng.random()) * t + rng.random()))
    tone = np.zeros(n)
    for k in range(1, 20):
        tone += np.exp(-(((k * pitch - formant) / 600) ** 2)) * np.sin(k * phase) + 0.05 / k * np.sin(k * phase)
    syllables = np.clip(np.sin(2 * np.pi * (2.5 + rng.random()) * t) + 0.4, 0, 1)
    breath = 0.05 * rng.standard_normal(n) * np.clip(-np.sin(2 * np.pi * 3 * t), 0, 1)
    return (0.1 * (tone * syllables + breath)).astype(np.float32)


def small_training(**changes):
    from ttsprep.codec.training.config import TrainConfig, merged

    base = {
        "seed": 1, "batch": 4, "frames": 16,
        "optimiser": {"learning_rate": 3e-3, "warmup_steps": 10}, "quantiser": {"warmup_steps": 20},
    }  # fmt: skip
    return TrainConfig(**merged(base, changes))


def small_base(**changes):
    """The shape of base16, with few of everything, at the rate of `voice`."""
    from ttsprep.codec.config import CodecConfig, preset

    few = {
        "sample_rate": RATE, "encoder_fine": 24, "encoder_fine_blocks": 2, "encoder_width": 40, "encoder_blocks": 2,
        "latent": 16, "decoder_width": 40, "decoder_blocks": 2, "decoder_fine": 24, "decoder_fine_blocks": 2,
    }  # fmt: skip
    books = {**preset("base16").quantiser.model_dump(), "num_codebooks": 3, "codebook_size": 64}
    return CodecConfig.model_validate({**preset("base16").model_dump(), **few, "quantiser": books, **changes})


def small_base_training(**changes):
    """What base16 is trained with, with little of everything and the discriminator early."""
    from ttsprep.codec.training.config import TRAINING, merged

    few = {
        "batch": 3, "frames": 12,
        "optimiser": {"learning_rate": 2e-3, "warmup_steps": 10}, "quantiser": {"warmup_steps": 10, "beam": 2},
        "discriminator": {"from_step": 20, "batch": 2, "width": 4, "period_width": 1, "spectra": (128, 512)},
    }  # fmt: skip
    return small_training(**merged(merged(TRAINING["base16"], few), changes))
