"""What a run sounds like: the same few pieces of speech, decoded at every save."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ttsprep import audio
from ttsprep.codec.trainer import Trainer
from ttsprep.files import atomic_write, writing
from ttsprep.types import Audio

PIECES, SECONDS = 4, 3.0
LEVEL = 0.1
"""RMS of speech in the files: -20 dBFS."""


@torch.no_grad()
def write_samples(folder: Path, trainer: Trainer) -> None:
    """Write ``original.wav`` once, and what the averaged weights make of it as ``step-NNNNNN.wav``.

    Parameters
    ----------
    folder
        For the files.
    trainer
        Is not changed, and none of its random numbers are used: a run is the same with and without.
    """
    frame = trainer.config.frame
    size = int(SECONDS * trainer.config.sample_rate) // frame * frame
    pieces = trainer.speech.crops(PIECES, size, torch.Generator().manual_seed(trainer.train.seed))
    latents = trainer.average.encoder(pieces.to(trainer.device))
    if trainer.active:
        quantiser = trainer.average.quantiser
        latents = quantiser.decode(quantiser.encode(latents, trainer.active))
    with writing(folder):
        folder.mkdir(exist_ok=True)
    original = folder / "original.wav"
    if not original.is_file():
        atomic_write(original, _wav(pieces, trainer.config.sample_rate))
    decoded = trainer.average.decoder(latents).cpu()
    atomic_write(folder / f"step-{trainer.step:06d}.wav", _wav(decoded, trainer.config.sample_rate))


def _wav(pieces: Tensor, rate: int) -> bytes:
    samples = np.nan_to_num(LEVEL * pieces.flatten().numpy(), posinf=1.0, neginf=-1.0).clip(-1, 1 - 2**-15)
    return audio.encode(Audio(samples.astype(np.float32)[:, None], rate, "PCM_16"), "wav")
