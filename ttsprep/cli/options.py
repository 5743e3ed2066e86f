"""Options that several commands have."""

from pathlib import Path
from typing import Annotated, Any

import typer

Jobs = Annotated[int | None, typer.Option(metavar="N", min=1, help="Processes. [default: all cores]")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Cluster = Annotated[str, typer.Option(metavar="ADDRESS", help="Work on a Ray cluster; auto: the one of this machine.")]


Columns = Annotated[
    str, typer.Option(metavar="A,B,...", help="What each column of a table is: path,speaker,text; - for none.")
]
AudioRoot = Annotated[Path | None, typer.Option(metavar="DIR", help="Where the audio lies. [default: CORPUS]")]
FollowLinks = Annotated[bool, typer.Option("--follow-links", help="Follow links to folders.")]


def reading_options(columns: str, audio_root: Path | None, *, follow_links: bool) -> dict[str, Any]:
    """Return the keys of a recipe that these options set."""
    from ttsprep.corpora.tables.columns import parse_columns

    words = tuple(word.strip() for word in columns.split(",")) if columns else ()
    parse_columns(words)
    return {"columns": words, "audio_root": str(audio_root or ""), "follow_links": follow_links}
