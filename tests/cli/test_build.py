"""``ttsprep build``: what it says, what it prints, and how it refuses."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import ttsprep

from ttsprep.audit.decisions import Decision, write_decisions
from ttsprep.audit.unchanged import PROPOSED
from ttsprep.cli import main as cli
from ttsprep.cli.console import proposed_texts

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that gives a command in this process: it starts no interpreter, and is as real."""

    def ran(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setenv("COLUMNS", "250")
        monkeypatch.setattr("sys.argv", ["ttsprep", *map(str, arguments)])
        code = cli.main()
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return ran


@pytest.fixture(scope="module")
def corpus(spoken_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips, and a line without audio."""
    folder = tmp_path_factory.mktemp("cli") / "corpus"
    (folder / "wavs").mkdir(parents=True)
    lines = sorted((spoken_once / "metadata.csv").read_text(encoding="utf-8").splitlines(), key=len)[:3]
    for line in lines:
        name = f"{line.split('|')[0]}.wav"
        shutil.copyfile(spoken_once / "wavs" / name, folder / "wavs" / name)
    (folder / "metadata.csv").write_text("\n".join([*lines, "gone|Nobody says this."]) + "\n", encoding="utf-8")
    return folder


def test_a_build_from_the_command_line(corpus: Path, tmp_path: Path, run: Run) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('export = ["audiofolder"]\n', encoding="utf-8")
    out = tmp_path / "out"
    command = ("build", "--source", corpus, "--out", out, "--recipe", recipe, "--jobs", 1)

    code, said, told = run(*command, "--dry-run", "--json")
    assert code == 0, told
    plan = json.loads(said)
    assert plan["result"]["clips"] == 3
    assert plan["rejected"] == {"clips": 1, "late": 0, "hours": 0.0, "reasons": {"audio-missing": 1}}
    assert plan["exports"] == ["audiofolder"]
    assert plan["stages"] == ["mono", "dc-block", "resample", "trim", "loudness", "normalise", "format"]
    assert plan["out"] == str(out)
    assert {path.name for path in out.iterdir()} == {".ttsprep-build", "source"}
    assert "building" not in told

    code, said, _ = run(*command, "--dry-run")
    assert code == 0
    for words in ("would reject", "1 clip", "audio-missing", "would build", "3 clips", "audiofolder", str(out)):
        assert words in said
    assert {path.name for path in out.iterdir()} == {".ttsprep-build", "source"}

    code, said, told = run(*command, "--export", "kaldi", "--json")
    document = json.loads(said)
    assert code == 0
    assert document == json.loads((out / "build.json").read_text(encoding="utf-8")) | {"out": str(out)}
    assert document["result"]["clips"] == 3
    assert document["recipe"]["export"] == ["audiofolder", "kaldi"]
    assert list((out / "exports" / "kaldi").rglob("wav.scp"))
    assert "building: 3 clips" in told

    code, said, told = run(*command, "--export", "kaldi")
    assert (code, told) == (0, ""), "there is nothing to do, so nothing is told"
    for words in ("3 clips", "1 clip", "audio-missing 1", "22,050 Hz", str(out / "report.html")):
        assert words in said

    code, said, _ = run(*command, "--keep-hours", 0.002, "--lenient", "--json")
    rules = json.loads(said)["recipe"]["select"]
    assert (rules["keep_hours"], rules["strictness"]) == (0.002, "lenient")
    assert json.loads(said)["rejected"]["reasons"]["keep-hours"] >= 1
    assert not (out / "exports" / "kaldi").exists()

    decisions = tmp_path / "decisions.csv"
    name = (corpus / "metadata.csv").read_text(encoding="utf-8").split("|")[0]
    decisions.write_text(f"id,decision,reason\n{name},reject,cough\n", encoding="utf-8")
    code, said, _ = run(*command, "--strict", "--decisions", decisions, "--json")
    assert code == 0
    assert json.loads(said)["recipe"]["select"]["strictness"] == "strict"
    assert f"{name},decisions,,decided: cough\n" in (out / "rejected.csv").read_text(encoding="utf-8")


WRONG = {
    "nothing to build": ([], ["--recipe", "--source"]),
    "a source that is not there": (["--source", "nowhere"], ["nowhere", "is not there"]),
    "a source without audio": (["--source", "empty"], ["empty", "no audio"]),
    "a recipe that nobody knows": (["--source", "C", "--recipe", "ljspech"], ["'ljspech'", "'ljspeech'"]),
    "a recipe file that is not there": (["--source", "C", "--recipe", "none.toml"], ["none.toml"]),
    "a recipe with a wrong key": (["--source", "C", "--recipe", "key.toml"], ["key.toml", "'selct'", "'select'"]),
    "a recipe that is no TOML": (["--source", "C", "--recipe", "torn.toml"], ["torn.toml", "line 1"]),
    "a recipe without format": (["--source", "C", "--recipe", "line.toml"], ["pipeline", "format"]),
    "hours that are none": (["--source", "C", "--recipe", "nan.toml"], ["nan.toml", "keep_hours"]),
    "a threshold that is no number": (["--source", "C", "--recipe", "inf.toml"], ["inf.toml", "checks.length"]),
    "parts larger than the whole": (["--source", "C", "--recipe", "parts.toml"], ["parts.toml", "valid", "test"]),
    "a layout that nobody knows": (["--source", "C", "--layout", "tabel"], ["'tabel'", "'table'"]),
    "a language that nobody knows": (["--source", "C", "--language", "englsh"], ["englsh"]),
    "an export that nobody knows": (["--source", "C", "--export", "kaldy"], ["'kaldy'", "'kaldi'"]),
    "a trainer that nobody knows": (["--source", "C", "--for", "pipper"], ["'pipper'", "'piper'"]),
    "decisions that are not there": (["--source", "C", "--decisions", "none.csv"], ["none.csv", "id"]),
    "decisions on nobody": (["--source", "C", "--decisions", "nobody.csv"], ["nobody.csv, line 2", "'nobody'"]),
    "both extremes": (["--source", "C", "--strict", "--lenient"], ["--strict", "--lenient"]),
    "negative hours": (["--source", "C", "--keep-hours", "-1"], ["--keep-hours"]),
    "hours that are no number": (["--source", "C", "--keep-hours", "nan"], ["--keep-hours"]),
    "endless hours": (["--source", "C", "--keep-hours", "inf"], ["--keep-hours"]),
    "no jobs": (["--source", "C", "--jobs", "0"], ["--jobs"]),
    "an option that nobody knows": (["--source", "C", "--keep-hour", "1"], ["--keep-hour"]),
    "an output inside the source": (["--source", "C", "--out", "C/out"], ["inside the source"]),
    "a source inside the output": (["--source", "C", "--out", "."], ["inside the output"]),
    "an output that holds something else": (["--source", "C", "--out", "full"], ["full", "'mine.txt'", "--out"]),
    "an output that is a file": (["--source", "C", "--out", "full/mine.txt"], ["mine.txt", "is a file", "--out"]),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_done_is_one_line(
    what: str, corpus: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(corpus, tmp_path / "C")
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    files = {
        "full/mine.txt": "mine", "key.toml": "[selct]\n", "torn.toml": "export = [\x00", "nobody.csv": "id\nnobody\n",
        "line.toml": 'pipeline = ["trim"]\n', "nan.toml": "[select]\nkeep_hours = nan\n",
        "inf.toml": "[checks.length]\nlong_warning_s = inf\n",
        "parts.toml": "[split]\nvalid = 0.6\ntest = 0.6\n",
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    before = sorted(path for path in tmp_path.rglob("*") if "build" not in path.parts)
    arguments, words = WRONG[what]
    code, said, told = run("build", *arguments)
    assert (code, said) == (2, ""), told
    assert told.count("\n") == 1, told
    assert told.startswith("ttsprep: ")
    for word in words:
        assert word in told
    assert "a fault in ttsprep" not in told
    assert sorted(path for path in tmp_path.rglob("*") if "build" not in path.parts) == before
    assert not list(tmp_path.glob("build/*/source"))


def test_the_build_of_a_folder_goes_where_the_help_says(corpus: Path, tmp_path: Path) -> None:
    done = ttsprep("build", "--source", corpus, "--jobs", 1, "--dry-run", cwd=tmp_path, env={"COLUMNS": "80"})
    assert done.returncode == 0, done.stderr
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*")} == {"build/corpus"}
    assert "build/corpus" in done.stdout


def test_texts_that_a_model_proposes_are_named_with_what_takes_them(tmp_path: Path) -> None:
    assert proposed_texts(tmp_path) == {}
    write_decisions(tmp_path / PROPOSED, {"one": Decision(None, "Two.", "says the text of two")})
    (line,) = proposed_texts(tmp_path).values()
    assert line.startswith(f"--decisions {tmp_path / PROPOSED} ")


def test_naming_proposals_loads_no_pandas(tmp_path: Path) -> None:
    line = "import sys; from ttsprep.cli.console import proposed_texts; proposed_texts(__import__('pathlib').Path('.'))"
    subprocess.run([sys.executable, "-c", f"{line}; sys.exit('pandas' in sys.modules)"], cwd=tmp_path, check=True)
