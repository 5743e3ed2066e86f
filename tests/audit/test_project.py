"""The recipe of a project, above a corpus."""

from pathlib import Path

import pytest
from commands import ttsprep as command

import ttsprep
from ttsprep.audit.project import project_recipe
from ttsprep.build.config import load
from ttsprep.core.errors import UsageError


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project" / "data" / "corpus"
    folder.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return folder


def test_the_nearest_above_the_corpus_counts(corpus: Path) -> None:
    assert project_recipe(corpus) == ""
    (corpus.parents[1] / "ttsprep.toml").write_text("[checks]\nignore = ['hum']\n", encoding="utf-8")
    (corpus / "metadata.csv").write_text("a|b\n", encoding="utf-8")
    assert project_recipe(corpus) == project_recipe(corpus / "metadata.csv") == str(corpus.parents[1] / "ttsprep.toml")
    shared = corpus.parent / "pyproject.toml"
    shared.write_text("[project]\nname = 'mine'\n", encoding="utf-8")
    assert project_recipe(corpus) == str(corpus.parents[1] / "ttsprep.toml")
    shared.write_text("[project]\nname = 'mine'\n[tool.ttsprep.checks]\nignore = ['noisy']\n", encoding="utf-8")
    assert project_recipe(corpus) == str(shared)
    assert load(str(shared)).checks.ignore == ("noisy",)


def test_the_working_directory_counts_for_a_corpus_elsewhere(corpus: Path) -> None:
    Path("ttsprep.toml").write_text("language = 'de'\n", encoding="utf-8")
    assert project_recipe(corpus) == "ttsprep.toml"


@pytest.mark.parametrize("text", ["[tool.ttsprep]\nlayuot = 'x'\n", "[tool]\nttsprep = 3\n# [tool.ttsprep\n"])
def test_a_wrong_line_is_named(text: str, corpus: Path) -> None:
    path = corpus / "pyproject.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"did you mean 'layout'|is no table"):
        load(project_recipe(corpus))


@pytest.mark.slow
def test_every_command_takes_it_and_says_so(spoken: Path) -> None:
    (spoken.parent / "ttsprep.toml").write_text(
        "language = 'en-gb'\n[checks]\nonly = ['clipping']\n[select]\nkeep_hours = 0.005\n", encoding="utf-8"
    )
    out = spoken.parent / "out"
    line = "recipe ttsprep.toml: --recipe overrides it"
    for expected, *words in (
        ("en-gb", "inspect", "spoken"),
        ("en-gb", "audit", "spoken", "--out", out / "audit", "--jobs", 1),
        ("keep-hours 10", "build", "--source", "spoken", "--out", out / "build", "--dry-run", "--jobs", 1),
    ):
        done = command(*words, cwd=spoken.parent)
        assert done.returncode == 0, done.stderr
        assert line in done.stderr
        assert expected in done.stdout
    assert ttsprep.read_corpus(spoken).clips[0].language == "en-gb"
