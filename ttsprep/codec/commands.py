"""What ``ttsprep codec`` does: pack speech, train, fit, export, measure, look."""

import signal
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from ttsprep.codec.api import Codec
from ttsprep.codec.checkpoint import read, write
from ttsprep.codec.config import CodecConfig, preset
from ttsprep.codec.corpus import AUDIO, Source, Speech
from ttsprep.codec.corpus import pack as packed
from ttsprep.errors import UsageError
from ttsprep.types import Samples


def read_recipe(path: Path) -> dict[str, Any]:
    """Return the recipe of a codec.

    Raises
    ------
    UsageError
        If it is not there, or no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: {error}") from None


def configured(recipe: dict[str, Any]) -> CodecConfig:
    """Return the preset of a recipe with what its ``[codec]`` table changes."""
    from pydantic import ValidationError

    base = preset(recipe["preset"]).model_dump()
    changes = dict(recipe.get("codec", {}))
    base["quantiser"] |= changes.pop("quantiser", {})
    try:
        return CodecConfig.model_validate(base | changes)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"[codec] {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _find(roots: Sequence[Path], relative: str) -> Path:
    for root in roots:
        if (root / relative).is_dir():
            return root / relative
    raise UsageError(f"no folder {relative!r} under {', '.join(map(str, roots))}: give its parent with --data")


def pack(recipe: Path, data: Sequence[Path], out: Path) -> None:
    """Decode the sources of a recipe, which lie under `data`, into one array in `out`."""
    settings = read_recipe(recipe)
    config = configured(settings)
    sources = [Source(**{**row, "path": _find(data, row["path"])}) for row in settings["source"]]
    packed(sources, config.sample_rate, out)


def train(
    recipe: Path | None,
    out: Path,
    *,
    speech: Path | None,
    corpus: Path | None,
    preset_name: str,
    steps: int | None,
    decay: int | None,
    begin_from: Path | None,
    settings: Sequence[str],
    device: str,
    save_minutes: float,
    tell: Callable[[str], None],
) -> None:
    """Train, or go on training, until `steps` or the end of the decay.

    Parameters
    ----------
    recipe, speech
        Preset, settings, and what `pack` wrote; or, instead of both,
    corpus, preset_name
        a folder of recordings, which is packed into ``out/speech`` once, and the name of a preset.
    out
        Folder of the run.
    steps, decay
        Where to stop; over how many steps, from now on, the learning rate falls.
    begin_from
        A checkpoint to begin a new run from.
    settings
        Changes, ``key=value``.
    device
        ``auto``, ``cpu`` or ``cuda``.
    save_minutes
        How often the state is saved.
    tell
        Told how far it is.
    """
    if (recipe is None or speech is None) == (corpus is None):
        raise UsageError("say what to train on: a recipe with --speech, or --corpus with --preset")
    from ttsprep.codec.load import device as found
    from ttsprep.codec.run import Run, reexecute

    where = found(device)
    if where == "cpu":
        reexecute()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to stop: the state is saved first
    from ttsprep.codec.settings import TRAINING, TrainConfig

    changes: dict[str, Any] = {}
    for pair in settings:
        key, _, value = pair.partition("=")
        try:
            changes[key] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            raise UsageError(f"--set {pair!r}: give KEY=VALUE, such as loudness=0.5") from None
    given: dict[str, Any] = {"preset": preset_name} if recipe is None else read_recipe(recipe)
    config = configured(given)
    if speech is None:
        speech = out / "speech"
        if corpus is not None and not (speech / "speech.json").is_file():
            tell(f"packing {corpus}")
            packed([Source(corpus.resolve().name, corpus, 1.0, "not stated")], config.sample_rate, speech)
    chosen = TRAINING.get(given["preset"], {}) | given.get("train", {})
    if begin_from:
        chosen |= {"bypass": 0, "decay_from": None}
    run = Run(out, Speech(speech), config, TrainConfig(**chosen), changes, where)
    if begin_from and run.trainer.step == 0:
        run.trainer.adopt(read(begin_from))
    if decay is not None:
        run.trainer.train = TrainConfig.model_validate({
            **run.trainer.train.model_dump(),
            "decay_from": run.trainer.step,
            "decay_steps": decay,
        })
    run.go(steps=steps, save_minutes=save_minutes, tell=tell)


def fit(recipe: Path, speech: Path, out: Path) -> None:
    """Fit a codec in closed form."""
    from ttsprep.codec.fit import fit as fitted

    write(fitted(configured(read_recipe(recipe)), Speech(speech)), out)


def export(run: Path, speech: Path | None, out: Path, *, last: bool) -> str:
    """Turn a run into a checkpoint to share; return what to say of it. `speech` is ``run/speech`` if None."""
    from ttsprep.codec.export import export as exported

    packed_speech = Speech(speech or run / "speech")
    trained_on = {piece.source for piece in packed_speech.training}
    licences = [str(source["licence"]) for n, source in enumerate(packed_speech.sources) if n in trained_on]
    checkpoint = exported(run, averaged=not last, licence="; ".join(licences), speech=packed_speech)
    write(checkpoint, out)
    return f"{out}: step {checkpoint.step}, digest {checkpoint.digest()}"


def clips_of(corpus: Path, rate: int, count: int, seconds: int = 10) -> list[tuple[str, Samples]]:
    """Return the beginnings of some clips of a folder, spread over it, mono at `rate`."""
    from ttsprep import audio
    from ttsprep.codec.feed import whole

    files = sorted(p for p in corpus.rglob("*") if p.suffix.lower() in AUDIO)
    if not files:
        raise UsageError(f"no audio in {corpus}")
    chosen = files[:: max(1, len(files) // count)][:count]
    return [(file.stem, whole(audio.read(file, end=float(seconds)), rate)) for file in chosen]


def evaluate(
    checkpoint: str, corpus: Path, *, clips: int, beam: int, baselines: Sequence[str], lyra: Path | None
) -> str:
    """Measure a codec at every depth, beside others on the same clips; return tables in Markdown."""
    from ttsprep.codec.evaluate import beside, table
    from ttsprep.codec.evaluate import evaluate as evaluated
    from ttsprep.codec.load import load

    codec = load(checkpoint)
    chosen = clips_of(corpus, codec.sample_rate, clips)
    parts = [table(evaluated(codec, chosen, range(1, codec.depth + 1), beam=beam))]
    parts += beside(baselines, chosen, codec.sample_rate, lyra)
    return "\n\n".join(parts)


def doctor(checkpoint: str, corpus: Path, *, clips: int) -> str:
    """Look at the health of a checkpoint on speech; return the findings."""
    from ttsprep.codec.doctor import examine

    torch.set_num_threads(1)
    codec = Codec.load(checkpoint)
    health = examine(codec, [clip for _, clip in clips_of(corpus, codec.sample_rate, clips)])
    lines = ["book  updates  used  perplexity  reach  left"]
    for number, book in enumerate(health.books):
        lines.append(
            f"{number:4}  {book.updates:7}  {book.used:4.0%}  {book.perplexity:10.0f}  {book.reach:5.2f}"
            f"  {book.left:4.0%}"
        )
    lines.append(
        f"{codec.config.bit_rate / 1000:.2f} kbit/s; {'causal, ' if codec.config.causal else ''}"
        f"latency {codec.config.latency_ms:.1f} ms"
    )
    lines.append(f"level out / in {health.level:.3f}, upper half of the band {health.treble_db:+.1f} dB")
    lines += [f"{s.severity}: {s.cause}: {s.message}" for s in health.symptoms] or ["healthy"]
    return "\n".join(lines)
