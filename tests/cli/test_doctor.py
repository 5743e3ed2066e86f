"""``ttsprep doctor``: what is installed here."""

import json
from pathlib import Path

from commands import ttsprep

from ttsprep.cli.doctor import GIVES


def test_it_says_what_is_here_and_what_each_missing_part_gives(tmp_path: Path) -> None:
    done = ttsprep("doctor", "--json", env={"TTSPREP_CACHE": str(tmp_path / "cache")})
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["faults"] == []
    assert document["phonemes"]
    assert set(document["extras"]) == set(GIVES)
    for name, row in document["extras"].items():
        assert row["installed"] is not bool(row["command"])
        assert row["missing"] == [] or row["command"] == f"pip install 'ttsprep[{name}]'"
    assert document["disk"]["cache"] == {
        "path": str(tmp_path / "cache"),
        "free_bytes": document["disk"]["cache"]["free_bytes"],
        "writable": True,
    }
    assert set(document["models"]) == {"asr", "mos", "phones", "speaker", "vad"}


def test_every_extra_is_explained() -> None:
    import tomllib

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["project"]["optional-dependencies"]) - {"dev"} == set(GIVES)


def test_an_espeak_that_does_not_load_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "espeakng_loader.py").write_text("raise OSError('no such library')", encoding="utf-8")
    done = ttsprep("doctor", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1
    assert "eSpeak does not load (OSError: no such library): pip install" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stderr
