"""What the command line shows: results on stdout, progress and errors on stderr."""

import io
import json
import os
import shlex
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, TextIO, cast

from ttsprep.core.errors import OutputError, shortened
from ttsprep.report.format import count

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress
    from rich.table import Table

FAILED = 2
COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}
VERDICT_COLOURS = {"usable": "green", "fixable": "yellow", "to drop": "red"}
UNCUT = 200
"""Columns where stdout is no terminal."""
LOG_EVERY_S = 60.0
"""Interval of progress lines without a terminal."""


def prepare_streams() -> None:
    """Make stdout and stderr take any text, also where they are closed or of an old encoding."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    for name in ("stdout", "stderr"):
        stream = cast("TextIO | None", getattr(sys, name))
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def write(text: str) -> None:
    """Write the result to stdout; a closed pipe is no error.

    Raises
    ------
    OutputError
        If it cannot be written, such as to a full disk.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon_stdout()
    except OSError as error:
        _abandon_stdout()
        raise OutputError(f"cannot write the result to stdout: {error.strerror}") from None


def print_json(document: Mapping[str, Any]) -> None:
    """Write one JSON document to stdout."""
    write(json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def _abandon_stdout() -> None:
    """Redirect stdout to the null device, so that the flush at exit does not fail as well."""
    with suppress(OSError, ValueError):  # no descriptor: a stream of a test
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def printable(text: str) -> str:
    """Return `text` in one line without anything a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def error(message: str) -> int:
    """Log an error in one line, and return the exit code."""
    log(f"ttsprep: {shortened(printable(message))}")
    return FAILED


def log(line: str) -> None:
    """Write a line to stderr, if that is open."""
    with suppress(OSError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def internal_error(fault: Exception) -> int:
    """Log an error of ttsprep itself in one line, with the details in a file, and return the exit code."""
    frame = traceback.extract_tb(fault.__traceback__)[-1]
    place = f"{Path(frame.filename).name}:{frame.lineno}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="ttsprep-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            traceback.print_exception(fault, file=file)
        details = f"please report it with {file.name}"
    except OSError:
        details = "please report it"
    return error(f"internal error: {type(fault).__name__} at {place}: {fault}; {details}")


def width() -> int:
    """Return the columns of stdout; what goes to a file or a program is not cut to those of a terminal."""
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() or "COLUMNS" in os.environ else UNCUT


def _console(stream: TextIO, *, terminal: bool | None = None, columns: int | None = None) -> "Console":
    """Return a console that prints text as it is: no markup, no highlighting, no emoji."""
    from rich.console import Console

    return Console(file=stream, force_terminal=terminal, width=columns, highlight=False, markup=False, emoji=False)


def print_rich(*parts: "RenderableType") -> None:
    """Write to stdout what rich makes of `parts`, without blanks at the ends of lines."""
    page = io.TextIOWrapper(io.BytesIO(), sys.stdout.encoding, "backslashreplace", newline="")
    console = _console(page, terminal=sys.stdout.isatty() or None, columns=width())
    for part in parts:
        console.print(part)
    page.seek(0)
    write("\n".join(line.rstrip() for line in page.read().split("\n")))


def pairs(rows: Mapping[str, str]) -> "Table":
    """Return names and values in two columns."""
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, Text(value))
    return table


def proposed_texts(folder: Path) -> dict[str, str]:
    """Return a row on the texts that an audit in `folder` proposes for clips that say the text of another; or none."""
    from ttsprep.audit.unchanged import PROPOSED  # the pipeline loads pandas

    if not (folder / PROPOSED).is_file():
        return {}
    path = shlex.quote(printable(str(folder / PROPOSED)))
    return {"swapped": f"--decisions {path} gives clips the texts that they say"}


def plain_table() -> "Table":
    """Return a table with a dim heading and no frame."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="dim", show_edge=False)


def encodable(text: str) -> bool:
    """Say whether stdout can show `text`."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


class Meter:
    """Progress on stderr: a bar in a terminal, else a line every minute.

    ``with Meter() as meter``; then for every stage of the run `start` once, and `advance` for all that is done.

    Attributes
    ----------
    quiet
        Whether nothing but notes is shown, as ``--quiet`` asks for.
    """

    quiet: ClassVar[bool] = False

    def __init__(self) -> None:
        self._console = _console(sys.stderr)
        self._bar: Progress | None = None
        self._doing = ""
        self._total = self._done = 0
        self._seconds = 0.0
        self._start = self._last = self._logged = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._end(shown=failure[0] is None)

    def start(self, stage: str, total: int, new: int) -> None:
        """Begin a stage: `new` of its `total` clips are not known."""
        if self.quiet:
            return
        self._end(shown=True)
        self._doing, self._total, self._done, self._seconds = stage, new, 0, 0.0
        self._start = self._last = self._logged = time.monotonic()
        if total > new:
            log(f"{stage}: {total - new:,} of {count(total, 'clip')} unchanged since the last run")
        if not self._console.is_terminal:
            if new:
                log(f"{stage}: {count(new, 'clip')}")
            return
        if new:
            self._show_bar(new)
        else:
            self._show_spinner("judging and writing")

    def _end(self, *, shown: bool) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        if self._done and shown:
            spent = self._last - self._start
            log(f"{self._doing}: {count(self._done, 'clip')} in {spent:.1f} s, {self._speed(self._last)}")
        self._done = 0

    def _show_bar(self, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
        )
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._bar.add_task(self._doing, total=total, speed="clips")
        self._bar.start()

    def _show_spinner(self, doing: str) -> None:
        from rich.progress import Progress, SpinnerColumn, TextColumn

        columns = SpinnerColumn("line"), TextColumn("{task.description}")
        self._bar = Progress(*columns, console=self._console, transient=True)
        self._bar.add_task(doing)
        self._bar.start()

    def advance(self, clips: int, seconds: float) -> None:
        """Add clips that are finished, and seconds of audio."""
        if self.quiet:
            return
        self._done += clips
        self._seconds += seconds
        now = self._last = time.monotonic()
        if self._bar is not None:
            (task,) = self._bar.task_ids
            self._bar.update(task, completed=self._done, speed=self._speed(now))
            if clips and self._done >= self._total:
                self._bar.stop()
                self._show_spinner("judging and writing")
        elif now - self._logged > LOG_EVERY_S:
            self._logged = now
            left = (now - self._start) * (self._total / max(1, self._done) - 1) / 60
            done = f"{self._done:,} of {count(self._total, 'clip')}"
            log(f"{self._doing}: {done}, {self._speed(now)}, {left:.0f} min left")

    def note(self, line: str) -> None:
        """Write a line."""
        log(f"ttsprep: {printable(line)}")

    def transfer(self, what: str, done: int, total: int) -> None:
        """Show how many bytes are done; `total` is 0 if it is unknown."""
        if self.quiet:
            return
        share = f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB" if total else f"{done / 1e6:,.0f} MB"
        now = time.monotonic()
        if what != self._doing:
            self._end(shown=True)
            self._doing, self._logged = what, now
            log(what)
        elif self._console.is_terminal:
            if self._bar is None:
                self._show_spinner(what)
            if self._bar is not None:
                (task,) = self._bar.task_ids
                self._bar.update(task, description=f"{what}: {share}")
        elif now - self._logged > LOG_EVERY_S:
            self._logged = now
            log(f"{what}: {share}")

    def _speed(self, now: float) -> str:
        spent = max(1e-9, now - self._start)
        speed = f"{self._done / spent:.1f} clips/s"
        times = "×" if encodable("×") else "x"
        return f"{speed}, {self._seconds / spent:.0f} {times} real time" if self._seconds else speed
