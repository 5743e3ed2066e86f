"""``python -m ttsprep.codec``: pack speech, train, evaluate, export."""

import argparse
import signal
import sys
import tomllib
from pathlib import Path
from typing import Any

from ttsprep.errors import TtsprepError, UsageError


def _recipe(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _find(roots: list[Path], relative: str) -> Path:
    for root in roots:
        if (root / relative).is_dir():
            return root / relative
    raise UsageError(
        f"no folder {relative!r} under {', '.join(map(str, roots))}: give its parent with --data"
    )


def _pack(arguments: argparse.Namespace) -> None:
    from ttsprep.codec.config import CodecConfig, preset
    from ttsprep.codec.corpus import Source, pack

    recipe = _recipe(arguments.recipe)
    config: CodecConfig = preset(recipe["preset"])
    sources = [Source(**{**row, "path": _find(arguments.data, row["path"])}) for row in recipe["source"]]
    pack(sources, config.sample_rate, arguments.out)


def _train(arguments: argparse.Namespace) -> None:
    from ttsprep.codec.run import Run, reexecute

    reexecute()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to stop: the state is saved first
    from ttsprep.codec.config import preset
    from ttsprep.codec.corpus import Speech
    from ttsprep.codec.trainer import TrainConfig

    recipe = _recipe(arguments.recipe)
    config = preset(recipe["preset"])
    if "codec" in recipe:
        config = type(config).model_validate({**config.model_dump(), **recipe["codec"]})
    changes: dict[str, Any] = {}
    for pair in arguments.set:
        key, _, value = pair.partition("=")
        changes[key] = tomllib.loads(f"value = {value}")["value"]
    run = Run(arguments.out, Speech(arguments.speech), config, TrainConfig(**recipe["train"]), changes)
    if arguments.decay is not None:
        run.trainer.train = TrainConfig.model_validate({
            **run.trainer.train.model_dump(),
            "decay_from": run.trainer.step,
            "decay_steps": arguments.decay,
        })
    run.go(steps=arguments.steps, save_minutes=arguments.save_minutes)


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
    train.add_argument(
        "--decay", type=int, help="begin the decay of the learning rate now, over so many steps"
    )
    train.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change a training setting"
    )
    train.add_argument("--save-minutes", type=float, default=5.0)
    train.set_defaults(run=_train)
    arguments = parser.parse_args()
    try:
        arguments.run(arguments)
    except TtsprepError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
