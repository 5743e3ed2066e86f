"""``ttsprep compare``: two audits of a corpus that changed."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

COMMAND = Path(sys.executable).with_name("ttsprep")


def run(*arguments: object) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of a command."""
    done = subprocess.run([COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def audits(spoken_module: Path) -> tuple[Path, Path, list[str]]:
    """Return the audits before and after two clips were clipped, and the ids of those."""
    folder = spoken_module.parent
    assert run("audit", spoken_module, "--out", folder / "old", "--jobs", 1, "--fail-on", "never")[0] == 0
    spoilt = sorted(path.stem for path in (spoken_module / "wavs").glob("*.wav"))[2:4]
    for name in spoilt:
        path = spoken_module / "wavs" / f"{name}.wav"
        samples, rate = sf.read(path)
        sf.write(path, np.clip(8 * samples, -0.5, 0.5), rate)
    assert run("audit", spoken_module, "--out", folder / "new", "--jobs", 1, "--fail-on", "never")[0] == 0
    return folder / "old", folder / "new", spoilt


def test_exactly_the_spoilt_clips_are_named(audits: tuple[Path, Path, list[str]]) -> None:
    old, new, spoilt = audits
    code, out, _ = run("compare", old, new, "--json", "--fail-on", "new-error")
    document = json.loads(out)
    assert code == 1
    assert document["clips"]["audio_changed"] == 2
    assert {row["clip"] for row in document["findings"] if row["change"] in {"new", "worse"}} == set(spoilt)
    assert document["codes"]["clipping"]["new"] == 2
    assert document["conditions"] == []


def test_the_terminal_the_markdown_and_the_page_agree(audits: tuple[Path, Path, list[str]], tmp_path: Path) -> None:
    old, new, spoilt = audits
    code, out, error = run("compare", old, new, "--html", tmp_path / "page.html")
    assert (code, error) == (0, "")
    _, markdown, _ = run("compare", old, new, "--md")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    headline = out.splitlines()[1]
    assert "2 new errors" in headline
    assert headline in markdown
    assert headline in page
    assert all(name in out and name in page for name in spoilt)
    assert run("compare", old, new, "--html", tmp_path / "page.html")[0] == 0


def test_an_audit_equals_itself(audits: tuple[Path, Path, list[str]]) -> None:
    code, out, _ = run("compare", audits[0], audits[0], "--fail-on", "new-note")
    assert code == 0
    assert "No finding differs." in out


def test_what_is_no_audit_is_refused(audits: tuple[Path, Path, list[str]], tmp_path: Path) -> None:
    code, _, error = run("compare", tmp_path, audits[0])
    assert (code, error.count("\n")) == (2, 1)
    assert "holds no finished audit" in error
