"""Other codecs, to be measured on the same clips in the same run.

Opus needs ``ffmpeg`` with libopus; Lyra v2 needs the package ``ai-edge-litert`` and a folder with its three
models (``soundstream_encoder.tflite``, ``quantizer.tflite``, ``lyragan.tflite``: ``lyra/model_coeffs`` of its sources).
"""

import math
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from ttsprep.errors import MissingExtraError, UsageError
from ttsprep.types import Samples

if TYPE_CHECKING:
    from ttsprep.codec.coder import Coder


def opus(samples: Samples, rate: int, kbits: float) -> Samples:
    """Code and decode with Opus at a bit rate.

    Parameters
    ----------
    samples
        Mono.
    rate
        Sample rate.
    kbits
        Kilobits a second.

    Returns
    -------
    ndarray
        As many samples as went in.
    """
    program = _ffmpeg()
    with tempfile.TemporaryDirectory() as folder:
        source, coded, decoded = (Path(folder) / name for name in ("in.wav", "coded.ogg", "out.wav"))
        soundfile.write(source, samples, rate, subtype="FLOAT")
        quiet = [program, "-v", "error", "-y"]
        encode = ["-i", str(source), "-c:a", "libopus", "-b:a", f"{kbits}k", "-application", "voip"]
        decode = ["-i", str(coded), "-ar", str(rate), "-c:a", "pcm_f32le", str(decoded)]
        for step in ([*encode, str(coded)], decode):
            subprocess.run([*quiet, *step], check=True)  # noqa: S603
        out, _ = soundfile.read(decoded, dtype="float32")
    return fitted(out, len(samples))


@cache
def _ffmpeg() -> str:
    program = shutil.which("ffmpeg")
    quiet = ("-hide_banner", "-v", "error", "-encoders")
    if (
        program is None
        or "libopus"
        not in subprocess.run(  # noqa: S603
            [program, *quiet], capture_output=True, text=True, check=False
        ).stdout
    ):
        raise MissingExtraError("install ffmpeg with libopus")
    return program


def fitted(samples: Samples, length: int) -> Samples:
    """Cut, or pad with silence, to `length`."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))))


class Lyra:
    """Lyra v2 (SoundStream): 16 kHz, 50 frames a second, 46 codebooks of 4 bits.

    Parameters
    ----------
    folder
        With the three models, in it or below it.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from ai_edge_litert.interpreter import (  # type: ignore[import-untyped,unused-ignore]
                Interpreter,
            )
        except ImportError:
            raise MissingExtraError("install ai-edge-litert") from None

        def model(name: str) -> Any:
            found = sorted(folder.rglob(f"{name}.tflite"))
            if not found:
                raise UsageError(f"{folder} holds no {name}.tflite: give the folder with the models of Lyra v2")
            loaded = Interpreter(str(found[0]), num_threads=1)
            loaded.allocate_tensors()
            return loaded

        self._encoder, self._books = model("soundstream_encoder"), model("quantizer")
        self._decoder = model("lyragan")

    def at(self, samples: Samples, rate: int, kbits: float) -> Samples:
        """Code and decode at any sample rate, by way of 16 kHz."""
        import soxr

        decoded = self(soxr.resample(samples, rate, 16000, quality="HQ"), kbits)
        return fitted(soxr.resample(decoded, 16000, rate, quality="HQ"), len(samples))

    def __call__(self, samples: Samples, kbits: float) -> Samples:
        """Code and decode at 16 kHz, at 3.2, 6 or 9.2 kbit/s."""
        count = np.int32(round(kbits * 1000 / 50 / 4))
        self._encoder.reset_all_variables()
        self._decoder.reset_all_variables()
        encode = self._encoder.get_signature_runner("serving_default")
        quantise = self._books.get_signature_runner("encode")
        restore = self._books.get_signature_runner("decode")
        decode = self._decoder.get_signature_runner("serving_default")
        out = []
        for frame in np.pad(samples, (0, -len(samples) % 320)).reshape(-1, 1, 320):
            (features,) = encode(input_audio=frame).values()
            quantised = quantise(input_frames=features, num_quantizers=count)
            codes = next(value for value in quantised.values() if value.size == 46)
            (latents,) = restore(encoding_indices=codes.reshape(46, 1, 1)).values()
            (decoded,) = decode(input_audio=latents.reshape(1, 1, 64)).values()
            out.append(decoded.reshape(-1))
        return fitted(np.concatenate(out).astype(np.float32), len(samples))


def baseline(name: str, lyra: Path | None = None) -> list[tuple[str, Callable[[Samples, int], Samples]]]:
    """Return another codec at its usual bit rates, each with a title.

    Parameters
    ----------
    name
        ``opus``, ``lyra``, or a checkpoint or folder that `ttsprep.codec.load.load` knows.
    lyra
        Folder with the models of Lyra v2.

    Raises
    ------
    MissingExtraError
        If it cannot be had here; says what to install.
    """
    if name == "opus":
        _ffmpeg()
        return [(f"opus, {kbits} kbit/s", partial(opus, kbits=kbits)) for kbits in (6, 8, 12)]
    if name == "lyra":
        if lyra is None:
            raise MissingExtraError("give the folder with its three models: --lyra DIR")
        codec = Lyra(lyra)
        return [(f"lyra v2, {kbits} kbit/s", partial(codec.at, kbits=kbits)) for kbits in (3.2, 6.0, 9.2)]
    from ttsprep.codec.load import load

    coder = load(name)
    bits = coder.depth * math.log2(coder.cardinality) * coder.sample_rate / coder.frame / 1000
    return [(f"{name}, {bits:.2g} kbit/s", partial(_through, coder))]


def _through(coder: "Coder", samples: Samples, rate: int) -> Samples:
    import soxr

    there = soxr.resample(samples, rate, coder.sample_rate, quality="HQ")
    (decoded,) = coder.decode(coder.encode([there], beam=coder.search))
    return fitted(soxr.resample(decoded, coder.sample_rate, rate, quality="HQ"), len(samples))
