"""Groups of options: a command takes each as one parameter, and the command line has an option for each field."""

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer
from commands import ttsprep
from typer.testing import CliRunner

from ttsprep.cli.audit import audit
from ttsprep.cli.build import build
from ttsprep.cli.codec import encode
from ttsprep.cli.inspect import inspect as inspect_command
from ttsprep.cli.main import app
from ttsprep.cli.options import ReadingGroup, WorkersGroup, grouped
from ttsprep.cli.selftest import selftest
from ttsprep.models.asr import Asr
from ttsprep.models.speaker import Speaker


@dataclass(frozen=True, slots=True)
class Size:
    width: Annotated[int, typer.Option(metavar="W", min=1, help="Of it.")] = 3
    height: Annotated[int, typer.Option("--high", help="How high.")] = 4


def draw(
    name: Annotated[Path, typer.Argument()],
    *,
    size: Size,
    colour: Annotated[str, typer.Option(help="Of the line.")] = "red",
) -> str:
    """Draw it."""
    line = f"{name} {size.width}x{size.height} {colour}"
    typer.echo(line)
    return line


def test_fields_are_options_in_the_place_of_the_group() -> None:
    app = typer.Typer(rich_markup_mode=None)
    app.command()(grouped(draw))
    runner = CliRunner()
    assert runner.invoke(app, ["a.svg", "--high", "5"]).output == "a.svg 3x5 red\n"
    assert runner.invoke(app, ["a.svg", "--colour", "blue", "--width", "2"]).output == "a.svg 2x4 blue\n"
    assert runner.invoke(app, ["a.svg", "--width", "0"]).exit_code == 2
    text = runner.invoke(app, ["--help"]).output
    places = [text.index(flag) for flag in ("Draw it.", "--width W", "--high", "--colour")]
    assert places == sorted(places)


def test_a_command_is_called_with_its_options() -> None:
    assert grouped(draw)(name=Path("b"), width=9) == "b 9x4 red"
    assert list(inspect.signature(grouped(draw)).parameters) == ["name", "width", "height", "colour"]


@pytest.mark.parametrize("group", [ReadingGroup, WorkersGroup])
def test_what_commands_share_is_the_same_option(group: type) -> None:
    commands = [audit, build, *([selftest, inspect_command] if group is ReadingGroup else [])]
    kinds = [inspect.signature(command).parameters for command in commands]
    for name in group.__annotations__:
        assert len({str(one[name]) for one in kinds}) == 1


NO_SUCH = "no-such-thing"
WRONG = {
    "--rate": ["44", "-5", "x", "999999999"],
    "--keep-hours": ["-1", "nan", "x"],
    "--jobs": ["0", "x"],
    "--prompt-count": ["0"],
    "--columns": [NO_SUCH, "path,path", "text"],
    "--language": ["xx", "klingon"],
    "--first-token": ["-1", "5", "99999999999999999999 --format flat"],
    "--codebooks": ["0", "9"],
    "--beam": ["0", "9999999"],
    "--asr-model": [NO_SUCH, *([] if Asr.available(NO_SUCH) else [f"{NO_SUCH} --listen asr"])],
    "--speaker-model": [NO_SUCH, *([] if Speaker.available(NO_SUCH) else [f"{NO_SUCH} --listen speaker"])],
}
"""Values that an option cannot have; of the others, one that nothing is called."""
ANYTHING = {"--out", "--licence", "--data", "--source"}
"""Options that take any words: names of what is to be written, or what others refuse."""


@pytest.mark.parametrize("command", ["audit", "build", "encode"])
def test_what_was_typed_is_refused_by_its_name(spoken_once: Path, tmp_path: Path, command: str) -> None:
    if command == "encode":
        pytest.importorskip("torch")
    own = inspect.signature({"audit": audit, "build": build, "encode": encode}[command]).parameters
    shown = typer.main.get_command(app).commands[command].params
    options = [one.opts[0] for one in shown if one.opts[0].startswith("--") and not one.is_flag]
    assert len(options) > len(own) // 2
    corpus = ["--source", spoken_once] if command == "build" else [spoken_once]
    for option in {*options} - ANYTHING:
        for value in WRONG.get(option, [NO_SUCH]):
            done = ttsprep(command, *corpus, "--out", tmp_path / "out", option, *value.split())
            line = done.stderr.strip()
            assert "\n" not in line, (option, value, line)
            assert done.returncode == 2, (option, value)
            assert option in line or value.split()[0] in line, line
            assert "[stages" not in line
            assert not [*(tmp_path / "out").glob("[!.]*")], (option, value)
