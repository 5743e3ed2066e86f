"""What ``ttsprep codec`` does: pack speech, train, fit, export, measure, look."""

import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from ttsprep.codec.checkpoint import read, write
from ttsprep.codec.codec import Codec
from ttsprep.codec.training.config import CodecRecipe, parse_settings, read_recipe, revised
from ttsprep.codec.training.data import Speech, TrainingSource, opened, recordings
from ttsprep.codec.training.data import pack as packed
from ttsprep.core import audio
from ttsprep.core.errors import CheckpointError, UsageError
from ttsprep.core.output_folder import Kind, claim, claim_file, open_output
from ttsprep.core.types import Samples

_SPEECH = ("speech.npy", "speech.json")
PACK = Kind("codec pack", _SPEECH)
TRAIN = Kind(
    "codec train",
    ("state.pt", "log.jsonl", "samples/original.wav", "samples/step-*.wav", *(f"speech/{name}" for name in _SPEECH)),
)


def _find(roots: Sequence[Path], relative: str) -> Path:
    for root in roots:
        if (root / relative).is_dir():
            return root / relative
    raise UsageError(f"no folder {relative!r} under {', '.join(map(str, roots))}: give its parent with --data")


def pack(recipe: Path, data: Sequence[Path], out: Path) -> None:
    """Decode the sources of a recipe, which lie under `data`, into one array in `out`."""
    chosen = read_recipe(recipe)
    config = chosen.config()
    if not chosen.source:
        raise UsageError(f"{recipe} names no [[source]] to pack: name, path, weight and licence of each are needed")
    sources = [TrainingSource(**{**row.model_dump(), "path": _find(data, row.path)}) for row in chosen.source]
    with open_output(PACK, out, [source.path for source in sources]):
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
    places = [place for place in (speech, corpus) if place is not None]
    claim(TRAIN, out, places)
    from ttsprep.codec.external import device as found
    from ttsprep.codec.training.run import Run, reexecute

    where = found(device)
    if where == "cpu":
        reexecute()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to stop: the state is saved first

    changes = parse_settings(settings)
    chosen = CodecRecipe(preset=preset_name) if recipe is None else read_recipe(recipe)
    config = chosen.config()
    first = {"quantiser": {"warmup_steps": 0}, "optimiser": {"decay_from": None}} if begin_from else {}
    training = chosen.training(first)
    if begin_from and (out / "state.pt").is_file():
        raise UsageError(f"{out} holds a run already: --from begins a new one, in another folder")
    weights = read(begin_from) if begin_from else None
    with open_output(TRAIN, out, places):
        if corpus is not None:
            packed_speech = _packed(corpus, out / "speech", config.sample_rate, tell)
        else:
            packed_speech = Speech(speech or out / "speech")
        run = Run(out, packed_speech, config, training, changes, where)
        if weights is not None:
            run.trainer.adopt(weights)
        if decay is not None:
            run.trainer.train = revised(
                run.trainer.train, {"optimiser": {"decay_from": run.trainer.step, "decay_steps": decay}}
            )
        run.go(steps=steps, save_minutes=save_minutes, tell=tell)
    tell(f"{out} is at step {run.trainer.step:,}; for a checkpoint: ttsprep codec export {out} checkpoint.pt")


def _packed(corpus: Path, speech: Path, rate: int, tell: Callable[[str], None]) -> Speech:
    """Return the speech of a run from a folder of recordings, which is packed once."""
    if not (speech / "speech.json").is_file():
        tell(f"packing {corpus}")
        packed([TrainingSource(corpus.resolve().name, corpus, 1.0, "not stated")], rate, speech)
    found = Speech(speech)
    if (was := found.sources[0]["path"]) != corpus.resolve().name:
        raise UsageError(f"{speech} was packed from a folder called {was!r}, not {corpus}: train in another --out")
    return found


def _is_checkpoint(path: Path) -> bool:
    try:
        read(path)
    except (CheckpointError, OSError):
        return False
    return True


def fit(recipe: Path, speech: Path, out: Path) -> None:
    """Fit a codec in closed form."""
    claim_file("codec fit", out, [speech], ours=_is_checkpoint)
    from ttsprep.codec.training.export import fit as fitted

    write(fitted(read_recipe(recipe).config(), Speech(speech)), out)


def export(run: Path, speech: Path | None, out: Path, *, last: bool) -> str:
    """Turn a run into a checkpoint to share; return what to say of it. `speech` is ``run/speech`` if None."""
    claim_file("codec export", out, [run, *([speech] if speech else [])], ours=_is_checkpoint)
    from ttsprep.codec.training.export import export as exported

    packed_speech = Speech(speech or run / "speech")
    trained_on = {piece.source for piece in packed_speech.training}
    licences = [str(source["licence"]) for n, source in enumerate(packed_speech.sources) if n in trained_on]
    checkpoint = exported(run, averaged=not last, licence="; ".join(licences), speech=packed_speech)
    write(checkpoint, out)
    return f"{out}: step {checkpoint.step}, digest {checkpoint.digest()}"


def clips_of(corpus: Path, rate: int, count: int, seconds: int = 10) -> list[tuple[str, Samples]]:
    """Return the beginnings of some clips of a folder, spread over it, mono at `rate`.

    Raises
    ------
    CorpusError
        If the folder has no audio, or one of the clips cannot be read.
    """
    files = recordings(corpus)
    clips = []
    for file in files[:: max(1, len(files) // count)][:count]:
        with opened(file, corpus) as path:
            clips.append((file.stem, audio.load_mono(path, rate, end=float(seconds))))
    return clips


def evaluate(
    checkpoint: str, corpus: Path, *, clips: int, beam: int, baselines: Sequence[str], lyra: Path | None
) -> str:
    """Measure a codec with one codebook, two, ..., beside others on the same clips; return tables in Markdown."""
    from ttsprep.codec.evaluate import beside, table
    from ttsprep.codec.evaluate import evaluate as evaluated
    from ttsprep.codec.external import load

    codec = load(checkpoint)
    chosen = clips_of(corpus, codec.sample_rate, clips)
    parts = [table(evaluated(codec, chosen, range(1, codec.num_codebooks + 1), beam=beam))]
    parts += beside(baselines, chosen, codec.sample_rate, lyra)
    return "\n\n".join(parts)


def doctor(checkpoint: str, corpus: Path | None, *, clips: int) -> str:
    """Look at the health of a checkpoint, on speech if there is any; return the findings."""
    from ttsprep.codec.doctor import health_check

    torch.set_num_threads(1)
    codec = Codec.load(checkpoint)
    speech = None if corpus is None else [clip for _, clip in clips_of(corpus, codec.sample_rate, clips)]
    health = health_check(codec, speech)
    lines = ["book  updates  range   norm" + ("" if speech is None else "  used  perplexity  reach  left")]
    for number, book in enumerate(health.books):
        shown = f"{number:4}  {book.updates:7}  {book.range:5.2f}  {book.norm:5.2f}"
        if speech is not None:
            shown += f"  {book.used:4.0%}  {book.perplexity:10.0f}  {book.reach:5.2f}  {book.left:4.0%}"
        lines.append(shown)
    lines.append(
        f"{codec.config.bit_rate / 1000:.2f} kbit/s; {'causal, ' if codec.config.causal else ''}"
        f"latency {codec.config.latency_ms:.1f} ms"
    )
    if speech is not None and health.books:
        lines.append(
            f"level out / in {health.level:.3f}, drift of the output {health.drift_db:+.1f} dB, "
            f"upper half of the band {health.treble_db:+.1f} dB"
        )
    well = "healthy" if speech is not None else "no fault in the weights; name a CORPUS to see what they do to speech"
    lines += [f"{s.severity}: {s.cause}: {s.message}" for s in health.issues] or [well]
    return "\n".join(lines)
