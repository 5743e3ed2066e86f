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
    from ttsprep.codec.trainer import TrainConfig

    base = {"seed": 1, "batch": 4, "frames": 16, "warmup": 10, "bypass": 20, "rate": 3e-3}
    return TrainConfig(**{**base, **changes})
