"""The scripts that start trainers: complete, relative to themselves, and clean in the eyes of shellcheck."""

import os
import shutil
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from corpora.exports.build import build

from ttsprep.build.targets import load_trainer, trainers
from ttsprep.build.trainers.script import refuse_empty, script_name, script_text, write_script
from ttsprep.core.errors import CorpusError
from ttsprep.corpora.exports.base import Entry


def entries(root: Path, hours: float = 0.5, speakers: tuple[str, ...] = ("anna",)) -> list[Entry]:
    made = build(root, [f"Text {number}." for number in range(20)], speakers)
    frames = int(hours * 3600 / len(made) * made[0].sample_rate)
    return [replace(entry, language="en-us", frames=frames) for entry in made]


@pytest.mark.parametrize("name", trainers())
@pytest.mark.parametrize("hours", [0.5, 30.0])
def test_shellcheck_finds_nothing(name: str, hours: float, tmp_path: Path) -> None:
    shellcheck = shutil.which("shellcheck")
    if not shellcheck:
        pytest.skip("shellcheck is not installed")
    write_script(load_trainer(name), entries(tmp_path, hours), tmp_path)
    done = subprocess.run([shellcheck, tmp_path / script_name(name)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.parametrize("name", trainers())
def test_the_script_says_what_is_missing(name: str, tmp_path: Path) -> None:
    build_folder = tmp_path / "it's a build"
    build_folder.mkdir()
    write_script(load_trainer(name), entries(tmp_path / "b"), build_folder)
    path = build_folder / script_name(name)
    assert path.stat().st_mode & stat.S_IXUSR
    run = ["sh", str(path)]
    done = subprocess.run(
        run, cwd="/", env={"PATH": os.defpath, "PYTHON": "/no/python"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert f"{script_name(name)}: the trainer is not installed" in done.stderr
    assert not (tmp_path / f"{build_folder.name}.{name}").exists(), "nothing is written before"


def test_under_two_hours_a_base_checkpoint_is_asked_for(tmp_path: Path) -> None:
    few, many = entries(tmp_path / "few", 1.9), entries(tmp_path / "many", 2.1)
    out = tmp_path / "build"
    out.mkdir()
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ] || printf "%s\\n" "$@"\n')
    python.chmod(0o755)
    where = {"PATH": os.defpath, "PYTHON": str(python)}

    def run(**variables: str) -> "subprocess.CompletedProcess[str]":
        command = ["sh", str(out / "train-piper.sh"), "--trainer.accelerator", "cpu"]
        return subprocess.run(command, cwd="/", env=where | variables, capture_output=True, text=True, check=False)

    write_script(load_trainer("piper"), few, out)
    done = run()
    assert done.returncode == 2
    assert "base.ckpt is missing" in done.stderr and "https://" in done.stderr
    scratch = run(BASE="none")
    assert scratch.returncode == 0
    arguments = scratch.stdout.splitlines()
    assert arguments[-2:] == ["--trainer.accelerator", "cpu"]
    assert "--model.warmstart_ckpt" not in arguments
    told = dict(zip(arguments[2:-2:2], arguments[3:-2:2], strict=True))
    assert told["--data.csv_path"] == f"{out}/exports/filelist/train.csv"
    assert told["--data.espeak_voice"] == "en-us"
    assert (told["--model.sample_rate"], told["--model.num_speakers"]) == ("22050", "1")
    (tmp_path / "my.ckpt").touch()
    assert "--model.warmstart_ckpt" in run(BASE=str(tmp_path / "my.ckpt")).stdout.splitlines()
    write_script(load_trainer("piper"), many, out)
    assert run().returncode == 0, "enough for training from scratch"


def test_the_speakers_are_those_that_are_trained(tmp_path: Path) -> None:
    made = entries(tmp_path, speakers=("anna", "bob", "cleo"))
    held_out = [replace(entry, split="test" if entry.speaker == "cleo" else "train") for entry in made]
    text = script_text(load_trainer("piper"), held_out, "mine")
    assert "\nspeakers=3\n" in text and "\ntrained_speakers=2\n" in text


def test_an_empty_list_is_refused(tmp_path: Path) -> None:
    made = [replace(entry, split="train") for entry in entries(tmp_path)]
    refuse_empty(load_trainer("piper"), made)
    with pytest.raises(CorpusError, match="vits reads a list of valid clips, and there is none among 20 clips"):
        refuse_empty(load_trainer("vits"), made)
