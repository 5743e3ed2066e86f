"""Two audits of a corpus that changed: ``ttsprep compare``, baselines, gates, and formats for programs."""

import csv
import io
import json
import shutil
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import numpy as np
import pytest
import soundfile as sf
from commands import ttsprep

from ttsprep.report import formats

pytestmark = pytest.mark.slow


def run(*arguments: object) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of a command."""
    done = ttsprep(*arguments)
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
    assert "<script>" in page, "the button of the theme does something"
    assert all(name in out and name in page for name in spoilt)
    assert run("compare", old, new, "--html", tmp_path / "page.html")[0] == 0


def test_folders_of_one_name_are_told_apart(audits: tuple[Path, Path, list[str]], tmp_path: Path) -> None:
    for side, folder in zip(("before", "after"), audits[:2], strict=True):
        shutil.copytree(folder, tmp_path / side / "corpus.audit")
    _, out, _ = run("compare", tmp_path / "before" / "corpus.audit", tmp_path / "after" / "corpus.audit")
    assert out.splitlines()[0] == "before/corpus.audit → after/corpus.audit"


def test_an_audit_equals_itself(audits: tuple[Path, Path, list[str]]) -> None:
    code, out, _ = run("compare", audits[0], audits[0], "--fail-on", "new-note")
    assert code == 0
    assert "No finding differs." in out


def test_what_is_no_audit_is_refused(audits: tuple[Path, Path, list[str]], tmp_path: Path) -> None:
    code, _, error = run("compare", tmp_path, audits[0])
    assert (code, error.count("\n")) == (2, 1)
    assert "holds no finished audit" in error


def test_a_baseline_fails_only_for_what_is_new(audits: tuple[Path, Path, list[str]]) -> None:
    old, new, spoilt = audits
    corpus = old.parent / "spoken"
    again = ("audit", corpus, "--out", new, "--jobs", 1)
    assert run(*again, "--baseline", new, "--fail-on", "new-note")[0] == 0
    code, out, _ = run(*again, "--baseline", old, "--fail-on", "new-error")
    assert code == 1
    assert "2 new errors" in out
    assert "clipping: 2 new" in out
    code, out, _ = run(*again, "--baseline", old, "--format", "sarif")
    (results,) = (part["results"] for part in json.loads(out)["runs"])
    fresh = {row["locations"][0]["logicalLocations"][0]["name"] for row in results if row["baselineState"] == "new"}
    assert fresh == set(spoilt)
    code, out, error = run(*again, "--fail-on", "new-error")
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert "needs --baseline DIR" in error


def test_gates_decide_the_exit_code(audits: tuple[Path, Path, list[str]], tmp_path: Path) -> None:
    _, new, _ = audits
    again = ("audit", new.parent / "spoken", "--out", new, "--jobs", 1, "--fail-on", "never")
    gates = tmp_path / "gates.toml"
    for limit, code in (("50 %", 0), ("1 %", 1)):
        gates.write_text(f'[gate]\nclipping = "{limit}"\nkept_clips = 3\n', encoding="utf-8")
        done = run(*again, "--recipe", gates)
        assert done[0] == code, done
        assert f"gate clipping <= {limit}: {'failed' if code else 'passed'} with 14.29 %" in done[1]
    gates.write_text('[gate]\nclippin = "1 %"\n', encoding="utf-8")
    code, _, error = run(*again, "--recipe", gates)
    assert (code, error.count("\n")) == (2, 1)
    assert "did you mean 'clipping'" in error


def test_every_format_says_the_same(audits: tuple[Path, Path, list[str]]) -> None:
    _, new, spoilt = audits
    again = ("audit", new.parent / "spoken", "--out", new, "--jobs", 1, "--fail-on", "never", "--quiet")

    def printed(form: str) -> str:
        code, out, error = run(*again, "--format", form)
        assert (code, error) == (0, "")
        return out

    document = json.loads(printed("json"))
    folder = Path(formats.__file__).parent
    jsonschema.validate(document, json.loads((folder / "audit.schema.json").read_text(encoding="utf-8")))
    clipped = {row["clip"] for row in document["findings"] if row["code"] == "clipping"}
    assert clipped == set(spoilt)
    number = len(document["findings"])
    assert len(list(csv.reader(io.StringIO(printed("csv"))))) == number + 1
    assert len(printed("jsonl").splitlines()) == len(printed("github").splitlines()) == number
    assert len(json.loads(printed("gitlab"))) == number
    assert len(ElementTree.fromstring(printed("junit").encode())[0]) > number
    assert "| `clipping` | 2 |" in printed("md")


def test_two_formats_at_once_are_refused(audits: tuple[Path, Path, list[str]]) -> None:
    _, new, _ = audits
    code, out, error = run("audit", new.parent / "spoken", "--out", new, "--json", "--format", "sarif")
    assert (code, out) == (2, "")
    assert error == "ttsprep: --json and --format sarif exclude each other: give one of them\n"


def test_the_next_command_keeps_what_was_asked_for(audits: tuple[Path, Path, list[str]]) -> None:
    _, new, _ = audits
    corpus = new.parent / "spoken"
    _, out, _ = run("audit", corpus, "--out", new, "--fail-on", "never", "--for", "piper", "-q", "-j", 1)
    words = " ".join(out[out.index("\nnext") :].split())
    assert words.startswith(f"next ttsprep build --source {corpus}")
    assert words.endswith("--for piper")
