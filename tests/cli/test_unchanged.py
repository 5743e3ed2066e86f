"""A second audit of what has not changed shows what it knows; whatever has changed is audited."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ttsprep.audit.unchanged import STATE_FILE, forget_state, input_state, unchanged_summary
from ttsprep.core.files import signature

COMMAND = """import sys
from ttsprep.cli.main import main
code = main()
print(*sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr)
sys.exit(code)
"""
HEAVY = {"numpy", "pandas", "pyarrow", "soundfile", "jinja2"}


def audit(corpus: Path, out: Path, *options: object) -> tuple[str, str, set[str]]:
    """Return what an audit prints, its log, and the packages that it loaded."""
    words = ["audit", corpus, "--out", out, "--jobs", "1", *options]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *map(str, words)], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    *log, loaded = done.stderr.splitlines()
    return done.stdout, "\n".join(log), set(loaded.split())


def content(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir() if not path.name.startswith(".")}


def stamps(out: Path) -> dict[str, object]:
    return {path.name: signature(path.stat()) for path in out.iterdir()}


def test_nothing_is_loaded_read_or_written_again(spoken: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first, _, loaded = audit(spoken, out)
    assert loaded >= HEAVY
    before = stamps(out)
    again, log, loaded = audit(spoken, out)
    assert again.splitlines() == first.splitlines()
    assert log == "measuring: 14 of 14 clips unchanged since the last run"
    assert loaded & {*HEAVY, "scipy"} == set()
    assert stamps(out) == before
    as_json, _, _ = audit(spoken, out, "--json")
    forget_state(out)
    assert audit(spoken, out, "--json")[0] == as_json
    assert audit(spoken, out)[0] == first


def test_a_changed_text_is_audited_as_by_a_fresh_audit(spoken: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    audit(spoken, out)
    table = spoken / "metadata.csv"
    times = table.stat()
    text = table.read_text(encoding="utf-8")
    table.write_text(text.replace("Call", "Tell", 1), encoding="utf-8")
    os.utime(table, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (table.stat().st_size, table.stat().st_mtime_ns) == (times.st_size, times.st_mtime_ns)
    audit(spoken, out)
    audit(spoken, tmp_path / "fresh")
    assert content(out) == content(tmp_path / "fresh")
    assert b"Tell" in content(out)["report.html"]


def replaced(path: Path) -> None:
    path.write_bytes(path.read_bytes()[::-1])


CHANGES: dict[str, Callable[[Path], object]] = {
    "audio": lambda folder: replaced(folder / "spoken" / "wavs" / "demo-003.wav"),
    "a new file": lambda folder: shutil.copy(folder / "spoken/wavs/demo-003.wav", folder / "spoken/wavs/new.wav"),
    "a hidden file": lambda folder: (folder / "spoken" / ".hidden").touch(),
    "a file less": lambda folder: (folder / "spoken" / "wavs" / "demo-003.wav").unlink(),
    "a name": lambda folder: (folder / "spoken/wavs/demo-003.wav").rename(folder / "spoken/wavs/demo-3.wav"),
    "a recipe": lambda folder: (folder / "own.toml").write_text("layout = 'table'\n", encoding="utf-8"),
    "the report": lambda folder: replaced(folder / "out" / "report.html"),
    "a table": lambda folder: (folder / "out" / "findings.parquet").unlink(),
    "the record": lambda folder: (folder / "out" / STATE_FILE).write_text("[]", encoding="utf-8"),
}


@pytest.fixture(scope="module")
def known(spoken_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a corpus, a recipe, and their audit."""
    folder = tmp_path_factory.mktemp("known")
    shutil.copytree(spoken_once, folder / "spoken")
    (folder / "own.toml").write_text("language = 'en-us'\n", encoding="utf-8")
    audit(folder / "spoken", folder / "out", "--recipe", folder / "own.toml")
    return folder


def summary_of(folder: Path, **options: object) -> object:
    return unchanged_summary(folder / "out", state_of(folder, **options))


def state_of(folder: Path, **options: object) -> str:
    return input_state(folder / "out", options, [folder / "spoken", folder / "own.toml"])


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_seen(known: Path, tmp_path: Path, what: str) -> None:
    shutil.copytree(known, tmp_path, dirs_exist_ok=True)
    from ttsprep.audit.unchanged import remember_state

    (tmp_path / "out" / ".corpus.json").write_text(f'{{"corpus": "{tmp_path / "spoken"}"}}', encoding="utf-8")
    remember_state(tmp_path / "out", state_of(tmp_path), [tmp_path / "spoken"])
    assert summary_of(tmp_path)
    assert not summary_of(tmp_path, strict=True)
    CHANGES[what](tmp_path)
    assert not summary_of(tmp_path)


def test_another_version_is_seen(known: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state_of(known)
    assert state_of(known) == before
    monkeypatch.setattr("ttsprep.audit.unchanged.__version__", "9.9")
    assert state_of(known) != before


def test_what_comes_through_a_pipe_has_no_state(known: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "recipe.toml")
    assert not input_state(known / "out", {}, [known / "spoken", tmp_path / "recipe.toml"])
    assert not unchanged_summary(known / "out", "")


def test_audio_that_lies_elsewhere_is_looked_at_again(spoken: Path, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    lines = [f"{path}|Call me Ishmael." for path in sorted((spoken / "wavs").glob("*.wav"))]
    (tmp_path / "lists" / "train.txt").write_text("\n".join(lines), encoding="utf-8")
    audit(tmp_path / "lists", tmp_path / "out", "--fail-on", "never")
    assert not (tmp_path / "out" / STATE_FILE).exists()
