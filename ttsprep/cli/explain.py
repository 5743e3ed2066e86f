"""The commands ``ttsprep explain``, of a finding or of one clip of an audit, and ``ttsprep checks``."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ttsprep.cli import console
from ttsprep.cli.console import printable
from ttsprep.core.errors import OutputError, UsageError, nearest

if TYPE_CHECKING:
    from ttsprep.report.clip.report import ClipReport

MOST_SEARCHED = 20
"""Audits in the current folder that are searched for a clip."""


def explain(
    name: Annotated[
        str, typer.Argument(metavar="CODE|CLIP", help="A finding, such as clipping; or a clip, by its id or file.")
    ],
    *,
    audit: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Audit or build with the clip. [default: the newest *.audit here]"),
    ] = None,
    corpus: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the corpus, if it has moved.")] = None,
    build: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A build of the corpus: show whether it kept the clip.")
    ] = None,
    asr_model: Annotated[
        str, typer.Option(metavar="PATH|NAME", help="Whisper weights, to score every word of the clip.")
    ] = "",
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File of the page. [default: DIR/explain/CLIP.html]")
    ] = None,
    recipe: Annotated[str, typer.Option("--recipe", metavar="NAME|FILE", help="Recipe with the limits.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document; no page without --html.")] = False,
) -> None:
    """Explain a finding, or one clip of an audit.

    A finding: how it is measured, its limits, why it hurts, and the fix. A clip: its findings with their fixes, and
    every measure beside the quartiles of the corpus; a page to hear and see the clip is written.
    """
    from ttsprep.checks.base import catalogue

    if audit is None and name in catalogue():
        refused = {"--corpus": corpus, "--build": build, "--asr-model": asr_model, "--html": html}
        if given := [option for option, value in refused.items() if value]:
            raise UsageError(f"{name} is a finding, and {given[0]} is for a clip: for a clip of that name give --audit")
        _code(name, recipe, as_json=as_json)
        return
    if recipe:
        raise UsageError("--recipe sets the limits of a finding; of a clip they are those of its audit")
    _clip(name, audit or _newest_audit(name), corpus, build, asr_model, html, as_json=as_json)


def _code(name: str, recipe: str, *, as_json: bool) -> None:
    from ttsprep.build.config import Recipe, load
    from ttsprep.checks.base import catalogue
    from ttsprep.cli.show import explain as explain_view

    entry, check = catalogue()[name]
    judges = (load(recipe) if recipe else Recipe()).configured_checks()
    (judge,) = (judge for judge in judges if type(judge) is check)
    explain_view.show_code(entry, judge, as_json=as_json)


def _newest_audit(name: str) -> Path:
    """Return the newest audit in the current folder that has a clip of this name; of several say which."""
    from ttsprep.audit.results import audits_in, find_clip, open_audit
    from ttsprep.checks.base import catalogue

    audits = audits_in(Path())
    if not audits:
        raise UsageError(f"no finding is called {name!r}; {nearest(name, catalogue())} For a clip give --audit DIR")
    for path in audits[:MOST_SEARCHED] if len(audits) > 1 else ():
        with suppress(UsageError):  # the next one may have it
            find_clip(open_audit(path), name)
            console.log(f"ttsprep: {printable(str(path))} is the newest of {len(audits)} audits here: --audit DIR")
            return path
    return audits[0]


def _clip(
    name: str,
    audit: Path,
    corpus: Path | None,
    build: Path | None,
    asr_model: str,
    html: Path | None,
    *,
    as_json: bool,
) -> None:
    from dataclasses import replace

    from ttsprep.audit.results import open_audit
    from ttsprep.checks.base import catalogue
    from ttsprep.report.clip.report import load_clip, page_path, with_words

    weights = ""
    if asr_model:
        from ttsprep.models.word_scores import require_model

        weights = require_model(asr_model)
    report = load_clip(open_audit(audit), name, corpus=corpus, codes=tuple(catalogue()))
    if build is not None:
        from ttsprep.report.clip.build_outcome import build_outcome

        report = replace(report, outcome=build_outcome(build, report.row["id"]))
    page = None if as_json and html is None else page_path(report, html)
    if weights:
        report = with_words(report, weights)
    if page is not None:
        page = _write(report, page, asked=html is not None)
    from ttsprep.cli.show import explain as explain_view

    explain_view.show_clip(report, page, as_json=as_json)


def _write(report: "ClipReport", page: Path, *, asked: bool) -> Path | None:
    """Write the page; where nobody asked for it in a place, an audit that is read-only is no error."""
    from ttsprep.core.files import atomic_write, writing
    from ttsprep.report.clip.page import clip_page

    try:
        with writing(page):
            page.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(page, clip_page(report).encode())
    except OutputError as error:
        if asked:
            raise
        console.error(f"no page: {error}; give --html FILE")
        return None
    return page


def checks() -> None:
    """List all findings, by check."""
    from ttsprep.checks.base import all_checks
    from ttsprep.cli.show import explain as explain_view

    explain_view.show_checks(all_checks())
