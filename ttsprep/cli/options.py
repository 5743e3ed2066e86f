"""Options that several commands have."""

import os
from typing import Annotated

import typer

Jobs = Annotated[int | None, typer.Option(metavar="N", min=1, help="Processes. [default: all cores]")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Cluster = Annotated[str, typer.Option(metavar="ADDRESS", help="Work on a Ray cluster; auto: the one of this machine.")]


def cores(jobs: int | None) -> int:
    """Return how many processes to use."""
    return jobs or len(os.sched_getaffinity(0))
