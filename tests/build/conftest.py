"""A small build, made once, and copies of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from build.bench import Bench, Made, build
from ttsprep.build.config import Recipe
from ttsprep.core.workers.forkserver import reused_servers


@pytest.fixture(scope="package", autouse=True)
def one_server() -> Iterator[None]:
    """Fork the workers of all builds here from one process: its imports cost more than four clips."""
    with reused_servers():
        yield


@pytest.fixture(scope="session")
def small_once(spoken_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Four clips, and their build, neither of which is to be changed."""
    corpus = Path(shutil.copytree(spoken_once, tmp_path_factory.mktemp("small") / "corpus"))
    lines = (corpus / "metadata.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    lines.sort(key=len)
    (corpus / "metadata.csv").write_text("".join(lines[:4]), encoding="utf-8")
    wanted = {line.split("|")[0] for line in lines[:4]}
    for path in (corpus / "wavs").iterdir():
        if path.stem not in wanted:
            path.unlink()
    return Made(corpus, build(corpus, corpus.with_name("out"), Recipe(), jobs=1))


@pytest.fixture
def bench(small_once: Made, tmp_path: Path) -> Bench:
    return Bench(tmp_path, small_once)
