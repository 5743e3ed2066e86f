"""How good a codec is on speech it has never heard: every metric, by the number of codebooks."""

import math
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from ttsprep.codec.external import AudioCodec
from ttsprep.codec.metrics import aligned, delay, measure_distortion
from ttsprep.codec.training.data import open_recording, recordings
from ttsprep.core import audio
from ttsprep.core.errors import MissingExtraError, UsageError
from ttsprep.core.types import Samples

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Score:
    """One clip with one number of codebooks."""

    clip: str
    num_codebooks: int
    values: dict[str, float]


def read_clips(corpus: Path, rate: int, count: int, seconds: float = 10.0) -> list[tuple[str, Samples]]:
    """Return names and beginnings of some clips of a folder, spread over it, mono at `rate`."""
    files = recordings(corpus)
    clips = []
    for file in files[:: max(1, len(files) // count)][:count]:
        with open_recording(file, corpus) as path:
            clips.append((file.stem, audio.load_mono(path, rate, end=seconds)))
    return clips


def evaluate(
    codec: AudioCodec, clips: Iterable[tuple[str, Samples]], depths: Sequence[int], *, beam: int = 1
) -> list[Score]:
    """Measure a codec on clips at its sample rate, with each of these numbers of codebooks."""
    rows = []
    for name, samples in clips:
        for num_codebooks in depths:
            (decoded,) = codec.decode(codec.encode([samples], num_codebooks=num_codebooks, beam=beam))
            rows.append(Score(name, num_codebooks, measure_distortion(samples, decoded, codec.sample_rate)))
    return rows


def compare_codecs(
    code: Callable[[Samples, int], Samples], clips: Iterable[tuple[str, Samples]], rate: int
) -> list[Score]:
    """Measure what codes and decodes samples at a rate, after its delay was taken out, which favours it."""
    rows = []
    for name, samples in clips:
        decoded = code(samples, rate)
        pair = aligned(samples, decoded, delay(samples, decoded, rate // 10))
        rows.append(Score(name, 0, measure_distortion(*pair, rate)))
    return rows


def compare_baselines(
    names: Sequence[str], clips: Sequence[tuple[str, Samples]], rate: int, lyra: Path | None
) -> list[str]:
    """Measure other codecs on the same clips; return a titled table of each, or what to install for it."""
    parts = []
    for name in names:
        try:
            codecs = baseline(name, lyra)
        except MissingExtraError as error:
            parts.append(f"{name}: n/a ({error})")
            continue
        parts += [f"{title}\n\n{table(compare_codecs(code, clips, rate))}" for title, code in codecs]
    return parts


def table(rows: list[Score]) -> str:
    """Return the mean over clips of every metric as a Markdown table, a row for every number of codebooks."""
    names = list(rows[0].values) if rows else []
    lines = ["| codebooks | clips | " + " | ".join(names) + " |", "|" + "---|" * (len(names) + 2)]
    for num_codebooks in sorted({row.num_codebooks for row in rows}):
        mine = [row.values for row in rows if row.num_codebooks == num_codebooks]
        cells = []
        for name in names:
            known = [values[name] for values in mine if not math.isnan(values[name])]
            cells.append(f"{np.mean(known):.3f}" if known else "n/a")
        lines.append(f"| {num_codebooks} | {len(mine)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def through_opus(samples: Samples, rate: int, kbits: float) -> Samples:
    """Code and decode mono samples with Opus at a bit rate; as many samples come back."""
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
    return cut_or_pad(out, len(samples))


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


def cut_or_pad(samples: Samples, length: int) -> Samples:
    """Cut, or pad with silence, to `length`."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))))


class Lyra:
    """Lyra v2 (SoundStream): 16 kHz, 50 frames a second, 46 codebooks of 4 bits."""

    def __init__(self, folder: Path) -> None:
        try:
            from ai_edge_litert.interpreter import (  # type: ignore[import-untyped,unused-ignore]
                Interpreter,
            )
        except ImportError:
            raise MissingExtraError("install ai-edge-litert") from None

        def model(name: str) -> Any:
            paths = sorted(folder.rglob(f"{name}.tflite"))
            if not paths:
                raise UsageError(f"{folder} holds no {name}.tflite: give the folder with the models of Lyra v2")
            loaded = Interpreter(str(paths[0]), num_threads=1)
            loaded.allocate_tensors()
            return loaded

        self._encoder, self._books = model("soundstream_encoder"), model("quantizer")
        self._decoder = model("lyragan")

    def at(self, samples: Samples, rate: int, kbits: float) -> Samples:
        """Code and decode at any sample rate, by way of 16 kHz."""
        import soxr

        decoded = self(soxr.resample(samples, rate, 16000, quality="HQ"), kbits)
        return cut_or_pad(soxr.resample(decoded, 16000, rate, quality="HQ"), len(samples))

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
        return cut_or_pad(np.concatenate(out).astype(np.float32), len(samples))


def baseline(name: str, lyra: Path | None = None) -> list[tuple[str, Callable[[Samples, int], Samples]]]:
    """Return another codec (``opus``, ``lyra``, or what `load_codec` knows) at its usual bit rates, each with a title.

    A `MissingExtraError` says what to install if it cannot be had here.
    """
    if name == "opus":
        _ffmpeg()
        return [(f"opus, {kbits} kbit/s", partial(through_opus, kbits=kbits)) for kbits in (6, 8, 12)]
    if name == "lyra":
        if lyra is None:
            raise MissingExtraError("give the folder with its three models: --lyra DIR")
        codec = Lyra(lyra)
        return [(f"lyra v2, {kbits} kbit/s", partial(codec.at, kbits=kbits)) for kbits in (3.2, 6.0, 9.2)]
    from ttsprep.codec.external import load_codec

    coder = load_codec(name)
    bits = coder.num_codebooks * math.log2(coder.codebook_size) * coder.sample_rate / coder.hop_length / 1000
    return [(f"{name}, {bits:.2g} kbit/s", partial(_code_resampled, coder))]


def _code_resampled(coder: "AudioCodec", samples: Samples, rate: int) -> Samples:
    import soxr

    there = soxr.resample(samples, rate, coder.sample_rate, quality="HQ")
    (decoded,) = coder.decode(coder.encode([there], beam=coder.default_beam))
    return cut_or_pad(soxr.resample(decoded, coder.sample_rate, rate, quality="HQ"), len(samples))
