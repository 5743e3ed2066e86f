"""How likely it is that nothing is said in a clip, by Whisper."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ttsprep.listening.whisper_model import Scorer


def no_speech(scorer: Scorer, encoded: Sequence[Any]) -> list[float]:
    """Return how likely it is that nothing is said, for each encoded clip: Whisper's own token for that.

    It is what the decoder would write in the very first place, before the language (Radford et al. 2022, 4.5).
    """
    import torch

    start = torch.tensor([[scorer.tokenizer.sot]], device=scorer.model.device)
    found = [0.0] * len(encoded)
    with torch.inference_mode():
        for places in alike(encoded):
            audio = torch.stack([encoded[i] for i in places])
            logits = scorer.model.decoder(start.expand(len(places), 1), audio)[:, 0].float()
            for i, chance in zip(places, logits.softmax(-1)[:, scorer.tokenizer.no_speech].tolist(), strict=True):
                found[i] = chance
    return found


def alike(encoded: Sequence[Any]) -> list[list[int]]:
    """Return the places of clips of the same length."""
    buckets: dict[int, list[int]] = defaultdict(list)
    for i, one in enumerate(encoded):
        buckets[len(one)].append(i)
    return list(buckets.values())
