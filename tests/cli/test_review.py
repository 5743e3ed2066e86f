"""The command: what it refuses, what it says, and two reviewers merged."""

import json
from pathlib import Path

import pytest
from commands import ttsprep

from ttsprep.audit.decisions import Decision, read_decisions, write_decisions
from ttsprep.cli.main import main


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def ran(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["ttsprep", "review", *map(str, arguments)])
        code = main()
        return code, *capsys.readouterr()

    return ran


@pytest.fixture
def both(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "decisions-ada.csv", tmp_path / "decisions-bob.csv"
    first = {f"c{i}": Decision(i < 25) for i in range(50)}
    second = {f"c{i}": Decision(i < 20 or 25 <= i < 35) for i in range(50)}
    for path, decisions in zip(paths, (first, second), strict=True):
        write_decisions(path, decisions)
    return paths


def test_two_reviewers_are_merged(run, both: tuple[Path, Path], tmp_path: Path) -> None:
    code, out, log = run("--merge", *both)
    assert code == 0
    assert "agree on 35 of 50 clips that both decided; Cohen's kappa 0.40" in out
    assert "15 clips left undecided, as they disagree: c20, c21" in out
    assert f"next: ttsprep review AUDIT --decisions {tmp_path / 'decisions.csv'}" in log
    merged = read_decisions(tmp_path / "decisions.csv", None)
    assert merged["c0"].keep is True
    assert merged["c20"].reason == "reviewers disagree: decisions-ada keep; decisions-bob reject"
    code, out, _ = run("--merge", *both, "--json", "--decisions", tmp_path / "both.csv")
    assert (code, json.loads(out)["kappa"]) == (0, 0.4)
    assert read_decisions(tmp_path / "both.csv", None) == merged


def test_a_merge_writes_over_nothing_but_decisions(run, both: tuple[Path, Path], tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("mine", encoding="utf-8")
    code, _, log = run("--merge", *both, "--decisions", note)
    assert (code, note.read_text("utf-8")) == (2, "mine")
    assert "ttsprep review did not write it" in log
    assert run("--merge", *both, "--decisions", both[0])[0] == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "nowhere is not there"),
        (["."], "holds no finished audit"),
        (["a", "b"], "--merge takes two files"),
        (["a", "--json"], "--json is for --merge"),
        (["--merge", "a"], "two files"),
        (["--merge", "a", "b"], "cannot read the decisions a"),
        (["--merge", "a", "b", "--port", "99"], "--port is for a review"),
    ],
)
def test_what_is_refused(
    run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, log = run(*arguments)
    assert (code, out) == (2, "")
    assert words in log


def test_a_file_of_hours_of_zeros_is_not_read_to_see_whose_it_is(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write_decisions(tmp_path / name, {"one": Decision(True)})
    with (tmp_path / "big").open("wb") as file:
        file.truncate(1 << 40)
    done = ttsprep("review", "--merge", tmp_path / "a.csv", tmp_path / "b.csv", "--decisions", tmp_path / "big")
    assert done.returncode == 2
    assert "choose another name" in done.stderr
