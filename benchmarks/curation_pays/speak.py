"""Lets a trained voice read sentences.

    python -m benchmarks.curation_pays.speak CORPUS WORK ID... [--arms B C P O] [--out FOLDER]

writes clips of a corpus, as the codec has them and as the voices of a folder of the work read them, as Opus.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile as sf
import torch

import ttsprep
from benchmarks.curation_pays.features import HOP, RATE, Array, clip_samples, features
from benchmarks.curation_pays.model import spread_out
from benchmarks.curation_pays.phones import tokens
from benchmarks.curation_pays.train import Trained, load
from ttsprep.codec import Codec
from ttsprep.core.types import Samples

_LONGEST = 1500
"""Frames of a sentence: 30 s, the most that Whisper hears at once."""
_COMPRESSION = 0.955
"""Of libsndfile, from 256 to 6 kbit/s: about 17."""


@torch.inference_mode()
def speak(trained: Trained, codec: Codec, texts: Sequence[str], language: str) -> list[Samples]:
    """Return each text as speech at 16 kHz: everything but the text is the voice's own."""
    return [_decoded(codec, _latents(trained, text, language), trained.scaling.level) for text in texts]


@torch.inference_mode()
def through_codec(codec: Codec, latents: Sequence[Array], level: float) -> list[Samples]:
    """Return what the decoder makes of latents: the ceiling of any voice."""
    return [_decoded(codec, one, level) for one in latents]


def _latents(trained: Trained, text: str, language: str) -> Array:
    voice, scaling = trained.voice, trained.scaling
    numbers = torch.tensor([trained.inventory.numbers(tokens(text, language))])
    encoded = voice.encode(numbers)
    durations = voice.log_durations(encoded).exp().sub(1).round().clamp(min=0).long()
    durations[0, -1] = max(1, min(int(durations[0, -1]), _LONGEST - int(durations[0, :-1].sum())))
    spread, mask = spread_out(encoded, durations)
    melody = voice.melody(spread, mask)
    log_f0 = melody[..., 0]
    f0 = (log_f0 * scaling.f0_spread + scaling.f0_mean).exp()
    phase = 2 * np.pi * HOP / RATE * (f0.cumsum(1) - f0 / 2)
    pitch = torch.stack((log_f0, (melody[..., 1] > 0).float(), phase), -1)
    found = voice.decode(spread, pitch, mask)[0, :_LONGEST].numpy()
    return np.asarray(found * scaling.spread + scaling.mean, np.float32)


def _decoded(codec: Codec, latents: Array, level: float) -> Samples:
    samples = codec.model.decoder(torch.from_numpy(latents)[None])[0].numpy()
    return np.asarray(samples * (np.exp(level) * codec.config.output_gain), np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("ids", nargs="+", metavar="ID")
    parser.add_argument("--arms", nargs="+", default=["B", "C", "P", "O"])
    parser.add_argument("--out", type=Path, default=Path())
    given = parser.parse_args()
    corpus, codec = ttsprep.read_corpus(given.corpus), Codec.load("nano16")
    given.out.mkdir(parents=True, exist_ok=True)
    for place in map(corpus.ids.index, given.ids):
        samples, clip = clip_samples(corpus, place), corpus.clips[place]
        if samples is None:
            raise SystemExit(f"{clip.path}: cannot be read, or lasts under 0.2 s")
        real = features(codec, samples)
        sounds = {"nano16": through_codec(codec, [real.latents], real.level)[0]}
        for arm in given.arms:
            (checkpoint,) = (given.work / arm).glob("*.pt")
            (sounds[arm],) = speak(load(checkpoint), codec, [clip.text], clip.language)
        for name, sound in sounds.items():
            to = given.out / f"{clip.id}-{name}.opus"
            sf.write(to, sound, RATE, format="OGG", subtype="OPUS", compression_level=_COMPRESSION)


if __name__ == "__main__":
    main()
