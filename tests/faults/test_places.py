"""Where things lie shows in no result: other folders, other names, another working directory give the same bytes."""

import json
import os
import shutil
from pathlib import Path

import pytest
from commands import ttsprep

from faults.house import results

RECIPE = 'export = ["nemo", "audiofolder", "lhotse", "filelist", "webdataset", "parquet"]\n'
pytestmark = pytest.mark.slow


def work(root: Path, spoken: Path, corpus: str, names: dict[str, str], *, relative: bool) -> dict[str, dict[str, str]]:
    """Do everything with a copy of a corpus in `root`; return the results of each command."""
    source = root / corpus
    shutil.copytree(spoken, source)
    temporary, out = root / "for a while", root / "out"
    for folder in (temporary, out):
        folder.mkdir(parents=True)
    (root / "a recipe.toml").write_text(RECIPE, encoding="utf-8")
    cwd = root if relative else Path("/")

    def place(path: Path) -> str:
        return os.path.relpath(path, cwd) if relative else str(path)

    commands = [
        ["audit", place(source), "--out", place(out / names["audit"]), "--jobs", "1"],
        ["build", "--source", place(source), "--recipe", place(root / "a recipe.toml"), "--out",
         place(out / names["build"]), "--jobs", "1"],
        ["encode", place(source), "--out", place(out / names["encode"]), "--beam", "1", "--jobs", "1"],
        ["decode", place(out / names["encode"]), "--out", place(out / names["decode"]), "--jobs", "1"],
    ]  # fmt: skip
    for words in commands:
        done = ttsprep(*words, cwd=cwd, env={"TMPDIR": str(temporary)})
        assert done.returncode in {0, 1}, done.stderr
    return {command: results(out / name) for command, name in names.items()}


@pytest.fixture(scope="module")
def reference(few_once: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    pytest.importorskip("torch")
    names = {name: name for name in ("audit", "build", "encode", "decode")}
    return work(tmp_path_factory.mktemp("one"), few_once, "spoken", names, relative=False)


def test_no_file_depends_on_where_anything_lies(
    reference: dict[str, dict[str, str]], few_once: Path, tmp_path: Path
) -> None:
    names = {"audit": "Prüfung 2", "build": "a/b/ljs.v2", "encode": "tokens", "decode": "wieder hörbar"}
    found = work(tmp_path / "ganz wo <anders> &", few_once, "deep/below/spoken", names, relative=True)
    assert sum(map(len, reference.values())) > 60
    assert found == reference


def test_the_name_of_the_corpus_is_its_title_and_shows_nowhere_else(
    reference: dict[str, dict[str, str]], few_once: Path, tmp_path: Path
) -> None:
    names = {name: name for name in reference}
    found = work(tmp_path, few_once, "another", names, relative=False)
    differ = {
        f"{command}/{name}"
        for command, files in found.items()
        for name in files.keys() | reference[command].keys()
        if files.get(name) != reference[command].get(name)
    }
    titled = {
        f"{place}/{name}" for place in ("audit", "build/source", "build/audit") for name in ("summary.json", "run.json")
    }
    assert differ <= titled | {
        *("audit/report.html", "build/report.html", "build/build.json", "build/README.md", "build/croissant.json")
    }
    summary = json.loads((tmp_path / "out/build/audit/summary.json").read_text(encoding="utf-8"))
    assert summary["corpus"] == "another"
