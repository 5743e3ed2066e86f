"""The command line: parses, calls, prints, and maps errors to exit codes.

Exit codes: 0 nothing at or above ``--fail-on``, 1 findings, 2 could not run, 130 stopped with Ctrl-C.
"""

from typing import Annotated, Any

import typer

from ttsprep.cli import console
from ttsprep.cli.audit import audit
from ttsprep.cli.build import build, new_recipe, recipes, trainers
from ttsprep.cli.codec import codec, decode, encode
from ttsprep.cli.compare import compare
from ttsprep.cli.doctor import doctor
from ttsprep.cli.explain import checks, explain
from ttsprep.cli.inspect import inspect
from ttsprep.cli.review import review
from ttsprep.cli.selftest import selftest
from ttsprep.core.errors import TtsprepError
from ttsprep.core.package import __version__

STOPPED = 130

app = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_Refused: type[Exception] = typer.BadParameter.__mro__[2]
"""click's ClickException, which some versions of typer bring along themselves."""


def _be_quiet(asked: bool) -> None:
    console.Meter.quiet |= asked


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", callback=_be_quiet, expose_value=False, help="Show no progress."),
    ] = False,
) -> None:
    """Turn recorded speech and transcripts into text-to-speech training data people can trust."""
    if version:
        console.write(f"ttsprep {__version__}\n")
    elif context.invoked_subcommand is None:
        console.write(context.get_help() + "\n")
        raise typer.Exit(2)
    if version:
        raise typer.Exit


for command in (
    *(inspect, audit, review, build, encode, decode, explain, compare),
    *(checks, selftest, recipes, trainers, doctor),
):
    app.command()(command)
app.add_typer(codec, name="codec")
_recipe = typer.Typer(help="Write a recipe of your own.", rich_markup_mode=None)
_recipe.command("new")(new_recipe)
app.add_typer(_recipe, name="recipe")


@_recipe.callback()
def _recipe_root() -> None:
    """Write a recipe of your own."""


def command_line() -> Any:
    """Return the command with all below it, each of which has ``--quiet``."""
    whole: Any = typer.main.get_command(app)
    (quiet,) = (parameter for parameter in whole.params if parameter.name == "quiet")
    waiting = list(whole.commands.values())
    while waiting:
        command = waiting.pop()
        waiting += getattr(command, "commands", {}).values()
        command.params.append(quiet)
    return whole


def main() -> int:
    """Run the command line and return the exit code; the console entry."""
    console.prepare_streams()
    console.Meter.quiet = False
    try:
        code = command_line().main(prog_name="ttsprep", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except TtsprepError as error:
        return console.error(str(error))
    except _Refused as error:
        return console.error(_hint(error))
    except OSError as error:
        return console.error(f"{error.filename or 'the system'}: {error.strerror or error}")
    except Exception as error:
        return console.internal_error(error)
    if code == STOPPED:
        console.error("interrupted; run the same command to resume")
    return code if isinstance(code, int) else 0


def _hint(error: Exception) -> str:
    """Return in one line why a command line is refused, with the help to read."""
    context = getattr(error, "ctx", None)
    place = context.command_path if context else "ttsprep"
    return f"{getattr(error, 'format_message', error.__str__)()} See: {place} --help"
