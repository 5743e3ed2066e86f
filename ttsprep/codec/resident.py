"""Training speech on the device itself: crops are indices, and no sample crosses the bus twice."""

import torch
from torch import Tensor

from ttsprep.codec.corpus import CROP_POWER, CROP_SPREAD, CROP_TRIES, Speech
from ttsprep.codec.device import sent


class Resident:
    """A packed corpus as one int16 tensor on a device.

    Parameters
    ----------
    speech
        The corpus.
    device
        Where crops are wanted. The corpus lies there too, unless it would take more than half of the memory
        that is free: then it stays where it is, and crops are sent from pinned memory.
    """

    def __init__(self, speech: Speech, device: torch.device) -> None:
        self.device = self.home = device
        whole = torch.from_numpy(speech.samples)
        if device.type == "cuda" and 2 * whole.nbytes > torch.cuda.mem_get_info(device)[0]:
            self.home = torch.device("cpu")
        self.samples = whole.to(self.home)
        pieces = speech.training
        self.start = torch.tensor([piece.start for piece in pieces])
        self.length = torch.tensor([piece.length for piece in pieces])
        self.level = torch.tensor([piece.level for piece in pieces])
        self.chance = speech.chance

    def crops(self, count: int, size: int, generator: torch.Generator) -> Tensor:
        """Draw random pieces as `Speech.crops` does, all at once and from other random numbers.

        Parameters
        ----------
        count, size
            How many, of how many samples; clips shorter than `size` are padded with silence.
        generator
            Of the CPU; source of every random choice.

        Returns
        -------
        Tensor
            ``(count, size)``, on the device.
        """
        total = count * CROP_TRIES
        owner = torch.multinomial(self.chance, total, replacement=True, generator=generator)
        held = self.length[owner].clamp(max=size)
        room = self.length[owner] - held + 1
        at = self.start[owner] + (torch.rand(total, generator=generator, dtype=torch.float64) * room).long()
        gain = 10 ** ((torch.rand(count, generator=generator) - 0.5) * CROP_SPREAD)
        at, held, level, gain = (sent(x, self.home) for x in (at, held, self.level[owner], gain))

        place = torch.arange(size, device=self.home)
        index = (at[:, None] + place).clamp(max=len(self.samples) - 1)
        tried = self.samples[index] * (place < held[:, None]) / (32767 * level[:, None])
        loud = (tried.square().sum(1) / held > CROP_POWER).view(count, CROP_TRIES)
        loud[:, -1] = True  # silence teaches little, but the last try is taken as it is
        chosen = loud.int().argmax(1)
        rows = torch.arange(count, device=self.home) * CROP_TRIES + chosen
        out = tried[rows] * gain[:, None]
        return out if self.home == self.device else sent(out, self.device)
