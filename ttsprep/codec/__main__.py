"""``python -m ttsprep.codec``: pack speech, train, evaluate, export."""

import argparse
import signal
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ttsprep.errors import TtsprepError, UsageError
from ttsprep.types import Samples

if TYPE_CHECKING:
    from ttsprep.codec.config import CodecConfig


def _recipe(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _config(recipe: dict[str, Any]) -> "CodecConfig":
    """Return the preset of a recipe with what its ``[codec]`` table changes."""
    from pydantic import ValidationError

    from ttsprep.codec.config import CodecConfig, preset

    base = preset(recipe["preset"]).model_dump()
    changes = dict(recipe.get("codec", {}))
    base["quantiser"] |= changes.pop("quantiser", {})
    try:
        return CodecConfig.model_validate(base | changes)
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"[codec] {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _find(roots: list[Path], relative: str) -> Path:
    for root in roots:
        if (root / relative).is_dir():
            return root / relative
    raise UsageError(f"no folder {relative!r} under {', '.join(map(str, roots))}: give its parent with --data")


def _pack(arguments: argparse.Namespace) -> None:
    from ttsprep.codec.corpus import Source, pack

    recipe = _recipe(arguments.recipe)
    config = _config(recipe)
    sources = [Source(**{**row, "path": _find(arguments.data, row["path"])}) for row in recipe["source"]]
    pack(sources, config.sample_rate, arguments.out)


def _train(arguments: argparse.Namespace) -> None:
    from ttsprep.codec.run import Run, reexecute

    reexecute()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to stop: the state is saved first
    from ttsprep.codec.checkpoint import read
    from ttsprep.codec.corpus import Speech
    from ttsprep.codec.trainer import TrainConfig

    recipe = _recipe(arguments.recipe)
    config = _config(recipe)
    changes: dict[str, Any] = {}
    for pair in arguments.set:
        key, _, value = pair.partition("=")
        changes[key] = tomllib.loads(f"value = {value}")["value"]
    settings = dict(recipe["train"])
    if arguments.begin_from:
        settings |= {"bypass": 0, "decay_from": None}
    run = Run(arguments.out, Speech(arguments.speech), config, TrainConfig(**settings), changes)
    if arguments.begin_from and run.trainer.step == 0:
        run.trainer.adopt(read(arguments.begin_from))
    if arguments.decay is not None:
        run.trainer.train = TrainConfig.model_validate({
            **run.trainer.train.model_dump(),
            "decay_from": run.trainer.step,
            "decay_steps": arguments.decay,
        })
    run.go(steps=arguments.steps, save_minutes=arguments.save_minutes)


def _fit(arguments: argparse.Namespace) -> None:
    from ttsprep.codec.checkpoint import write
    from ttsprep.codec.corpus import Speech
    from ttsprep.codec.fit import fit

    write(fit(_config(_recipe(arguments.recipe)), Speech(arguments.speech)), arguments.out)


def _export(arguments: argparse.Namespace) -> None:
    from ttsprep.codec.checkpoint import write
    from ttsprep.codec.corpus import Speech
    from ttsprep.codec.export import export

    speech = Speech(arguments.speech)
    trained_on = {piece.source for piece in speech.training}
    licences = [str(source["licence"]) for n, source in enumerate(speech.sources) if n in trained_on]
    checkpoint = export(arguments.run_folder, averaged=not arguments.last, licence="; ".join(licences), speech=speech)
    write(checkpoint, arguments.out)
    sys.stdout.write(f"{arguments.out}: step {checkpoint.step}, digest {checkpoint.digest()}\n")


def _clips(corpus: Path, rate: int, count: int, seconds: int = 10) -> list[tuple[str, Samples]]:
    import soundfile
    import soxr

    from ttsprep.codec.corpus import AUDIO

    files = sorted(p for p in corpus.rglob("*") if p.suffix.lower() in AUDIO)
    if not files:
        raise UsageError(f"no audio in {corpus}")
    clips = []
    for file in files[:: max(1, len(files) // count)][:count]:
        samples, original = soundfile.read(file, dtype="float32", always_2d=True)
        mono = soxr.resample(samples.mean(1), original, rate, quality="HQ")
        clips.append((file.stem, mono[: seconds * rate]))
    return clips


def _eval(arguments: argparse.Namespace) -> None:
    import torch

    from ttsprep.codec.api import Codec
    from ttsprep.codec.evaluate import evaluate, table

    torch.set_num_threads(1)
    codec = Codec.load(arguments.checkpoint)
    clips = _clips(arguments.corpus, codec.sample_rate, arguments.clips)
    rows = evaluate(codec, clips, range(1, codec.depth + 1), beam=arguments.beam)
    sys.stdout.write(table(rows) + "\n")


def _doctor(arguments: argparse.Namespace) -> None:
    import torch

    from ttsprep.codec.api import Codec
    from ttsprep.codec.doctor import examine

    torch.set_num_threads(1)
    codec = Codec.load(arguments.checkpoint)
    clips = _clips(arguments.corpus, codec.sample_rate, arguments.clips)
    health = examine(codec, [clip for _, clip in clips])
    lines = ["book  updates  used  perplexity  reach  left"]
    for number, book in enumerate(health.books):
        lines.append(
            f"{number:4}  {book.updates:7}  {book.used:4.0%}  {book.perplexity:10.0f}  {book.reach:5.2f}"
            f"  {book.left:4.0%}"
        )
    lines.append(f"level out / in {health.level:.3f}, upper half of the band {health.treble_db:+.1f} dB")
    lines += [f"{s.severity}: {s.cause}: {s.message}" for s in health.symptoms] or ["healthy"]
    sys.stdout.write("\n".join(lines) + "\n")


def main() -> int:
    """Parse the command line, do what it says, map errors to exit codes."""
    parser = argparse.ArgumentParser(prog="python -m ttsprep.codec", description=__doc__)
    verbs = parser.add_subparsers(required=True)
    pack = verbs.add_parser("pack", help="decode the sources of a recipe into one array")
    pack.add_argument("recipe", type=Path)
    pack.add_argument("--data", type=Path, action="append", required=True, help="folder the sources are in")
    pack.add_argument("--out", type=Path, required=True)
    pack.set_defaults(run=_pack)
    train = verbs.add_parser("train", help="train, or go on training")
    train.add_argument("recipe", type=Path)
    train.add_argument("--speech", type=Path, required=True, help="folder written by pack")
    train.add_argument("--out", type=Path, required=True)
    train.add_argument("--steps", type=int, help="stop at this step")
    train.add_argument("--decay", type=int, help="begin the decay of the learning rate now, over so many steps")
    train.add_argument("--from", dest="begin_from", type=Path, help="a checkpoint to begin a new run from")
    train.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a training setting")
    train.add_argument("--save-minutes", type=float, default=5.0)
    train.set_defaults(run=_train)
    fit = verbs.add_parser("fit", help="fit a codec in closed form, in seconds")
    fit.add_argument("recipe", type=Path)
    fit.add_argument("--speech", type=Path, required=True, help="folder written by pack")
    fit.add_argument("--out", type=Path, required=True)
    fit.set_defaults(run=_fit)
    export = verbs.add_parser("export", help="turn a run into a checkpoint to share")
    export.add_argument("run_folder", type=Path, metavar="RUN")
    export.add_argument("out", type=Path)
    export.add_argument("--speech", type=Path, required=True, help="folder written by pack")
    export.add_argument("--last", action="store_true", help="the last weights, not the averaged ones")
    export.set_defaults(run=_export)
    evaluate = verbs.add_parser("eval", help="measure a checkpoint at every depth")
    evaluate.add_argument("checkpoint")
    evaluate.add_argument("corpus", type=Path)
    evaluate.add_argument("--clips", type=int, default=20)
    evaluate.add_argument("--beam", type=int, default=1)
    evaluate.set_defaults(run=_eval)
    doctor = verbs.add_parser("doctor", help="look at the health of a checkpoint")
    doctor.add_argument("checkpoint")
    doctor.add_argument("corpus", type=Path)
    doctor.add_argument("--clips", type=int, default=40)
    doctor.set_defaults(run=_doctor)
    return _run(parser.parse_args())


def _run(arguments: argparse.Namespace) -> int:
    try:
        arguments.run(arguments)
    except TtsprepError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        sys.stderr.write("error: the codec needs torch: pip install 'ttsprep[codec]'\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
