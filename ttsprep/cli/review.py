"""The command ``ttsprep review``: hear the clips of an audit and decide what a build keeps of them."""

import shlex
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ttsprep.cli import console
from ttsprep.core.errors import UsageError
from ttsprep.report.format import count

if TYPE_CHECKING:
    from ttsprep.report.review.agreement import Agreement


def review(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="AUDIT|BUILD", help="An audit or a build; with --merge, two files of decisions."),
    ],
    *,
    reviewer: Annotated[
        str, typer.Option(metavar="NAME", help="Who reviews; decisions then go to decisions-NAME.csv.")
    ] = "",
    decisions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File of the decisions. [default: AUDIT/decisions.csv]")
    ] = None,
    corpus: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the corpus, if it has moved.")] = None,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, show_default=False, help="Port. [default: any that is free]")
    ] = 0,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    merge: Annotated[
        bool, typer.Option("--merge", help="Merge two files of decisions, and print how far they agree.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --merge: print one JSON document.")] = False,
) -> None:
    """Hear the clips of an audit, and decide what a build keeps.

    Keep, drop, correct the text, trim: on a page that only this machine serves, by the keyboard (? lists the keys).
    Each decision is saved at once, in the file that ttsprep build --decisions takes. Ctrl-C ends the review. With
    --merge, the decisions of two reviewers become one file.
    """
    if merge:
        refused = {"--corpus": corpus, "--port": port, "--open": open_browser, "--reviewer": reviewer}
        if given := [option for option, value in refused.items() if value]:
            raise UsageError(f"{given[0]} is for a review, not for --merge")
        _merge(paths, decisions, as_json=as_json)
    elif as_json:
        raise UsageError("--json is for --merge")
    elif len(paths) != 1:
        raise UsageError("give one audit or build; --merge takes two files of decisions")
    else:
        _serve(paths[0], reviewer.strip(), decisions, corpus, port, open_browser=open_browser)


def _serve(
    path: Path, reviewer: str, decisions: Path | None, corpus: Path | None, port: int, *, open_browser: bool
) -> None:
    import pyarrow as pa

    from ttsprep.audit.decisions import DECISIONS
    from ttsprep.audit.results import open_audit, root_of
    from ttsprep.core.files import refuse_inside, safe_name
    from ttsprep.report.review.address import open_server
    from ttsprep.report.review.decisions_file import DecisionsFile
    from ttsprep.report.review.session import COLUMNS, Session

    pa.set_memory_pool(pa.system_memory_pool())  # the others keep what reading took, 30 MB
    audit = open_audit(path, COLUMNS)
    if trimmed := audit.summary.get("trimmed_clips"):
        raise UsageError(
            f"{audit.folder} has measured {count(trimmed, 'clip')} as decisions have trimmed them, so that starts and "
            "ends are not those of the corpus: audit it without --decisions, and review that with --decisions FILE"
        )
    root, missing = root_of(audit, corpus)
    if root is None:
        raise UsageError(missing)
    if decisions is not None:
        refuse_inside(root, decisions)
    name = f"decisions-{safe_name(reviewer)}.csv" if reviewer else DECISIONS
    session = Session(
        audit, root, DecisionsFile(decisions or audit.folder / name, audit.clips["id"].to_pylist()), reviewer
    )
    decided = len(session.decisions.read())
    with open_server(session, port, console.internal_error) as server:
        console.write(f"{server.url}\n")
        saved = f"{session.decisions.path} has {count(decided, 'decision')}" if decided else session.decisions.path
        console.log(f"open this address in a browser of this machine; decisions are saved to {saved}; Ctrl-C ends")
        if open_browser:
            import webbrowser

            webbrowser.open(server.url)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts with & ignore it
        with suppress(KeyboardInterrupt):  # the way to end it
            server.serve_forever(0.1)
    file = shlex.quote(str(session.decisions.path))
    console.log(f"\n{count(len(session.decisions.read()), 'decision')} in {session.decisions.path}")
    console.log(f"next: ttsprep build --source {shlex.quote(str(root))} --decisions {file}")


def _merge(paths: list[Path], out: Path | None, *, as_json: bool) -> None:
    from ttsprep.audit.decisions import DECISION_COLUMNS, DECISIONS, read_decisions, write_decisions
    from ttsprep.core.output_folder import claim_file
    from ttsprep.core.untrusted import open_regular
    from ttsprep.report.review.agreement import merge

    if len(paths) != 2:
        raise UsageError("--merge takes two files of decisions")
    first, second = (read_decisions(path, None) for path in paths)
    result = merge(first, second, (paths[0].stem, paths[1].stem))
    out = out or paths[0].with_name(DECISIONS)
    if any(out.exists() and out.samefile(path) for path in paths):
        raise UsageError(f"{out} is one of the two: give another file with --decisions")
    head = ",".join(DECISION_COLUMNS).encode()

    def ours(path: Path) -> bool:
        with open_regular(path) as file:
            return file.read(len(head)) == head

    claim_file("review", out, [], ours=ours)
    write_decisions(out, result.merged)
    _show(result, out, as_json=as_json)


def _show(result: "Agreement", out: Path, *, as_json: bool) -> None:
    if as_json:
        console.print_json({
            "decisions": str(out),
            "clips": len(result.merged),
            "decided_by_both": result.both,
            "alike": result.alike,
            "kappa": result.kappa,
            "disputed": list(result.disputed),
        })
        return
    share = f"{result.alike} of {count(result.both, 'clip')} that both decided"
    kappa = "not defined (both always decide the same way)" if result.kappa is None else f"{result.kappa:.2f}"
    console.write(f"agree on {share}; Cohen's kappa {kappa}\n")
    console.write(f"{count(len(result.merged), 'decision')} in {out}\n")
    if result.disputed:
        names = ", ".join(result.disputed[:10]) + (", ..." if len(result.disputed) > 10 else "")
        console.write(f"{count(len(result.disputed), 'clip')} left undecided, as they disagree: {names}\n")
        console.log(f"next: ttsprep review AUDIT --decisions {shlex.quote(str(out))}")
