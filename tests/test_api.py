"""The Python API does what the command line does, and docs/python.md shows it."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import ttsprep as tp
from ttsprep.cli.main import app
from ttsprep.core.errors import CorpusError, UsageError

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
ONLY_ON_THE_COMMAND_LINE = {
    *("--json", "--dry-run", "--fail-on", "--cluster", "--prompts", "--prompt-count", "--out", "--help"),
    *("--data", "--yes", "--source", "--verify", "--quiet", "--baseline"),
}
NAMES = {"--for": "trainer", "--codebooks": "num_codebooks"}


def test_the_names_that_are_promised() -> None:
    for name in tp.__all__:
        assert getattr(tp, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tp.nothing


@pytest.mark.parametrize(
    ("command", "options"),
    [("audit", tp.AuditOptions), ("build", tp.BuildOptions), ("encode", tp.EncodeOptions)],
)
def test_the_options_are_those_of_the_command_line(command: str, options: type) -> None:
    import typer

    known = typer.main.get_command(app).commands[command]
    given = {max(param.opts, key=len) for param in known.params if max(param.opts, key=len).startswith("--")}
    given -= {"--format"} if command == "audit" else set()  # how it is printed
    names = {NAMES.get(name, name.removeprefix("--").replace("-", "_")) for name in given - ONLY_ON_THE_COMMAND_LINE}
    assert set(options.__annotations__) == names


def test_an_audit_in_python(spoken: Path, tmp_path: Path) -> None:
    result = tp.audit(str(spoken), tmp_path / "out", jobs=1)
    assert isinstance(result.findings, pd.DataFrame)
    assert len(result.clips) == result.summary["clips"] == 14
    assert not (tmp_path / "out" / "report.html").exists()
    assert "<title>" in result.write_report().read_text(encoding="utf-8")
    assert "usable" in result._repr_html_()


def test_wrong_input_is_an_error_of_the_tree(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is not there"):
        tp.audit(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="jobs"):
        tp.audit(tmp_path, job=1)  # type: ignore[call-arg]
    with pytest.raises(UsageError, match="exclude each other"):
        tp.build(tmp_path, strict=True, lenient=True)
    assert issubclass(CorpusError, tp.TtsprepError)


@pytest.mark.slow
def test_the_page_runs_as_it_stands(spoken: Path) -> None:
    pytest.importorskip("torch", reason="encode needs the extra codec")
    spoken.rename(spoken.parent / "corpus")
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=spoken.parent, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert (spoken.parent / "corpus.audit" / "report.html").is_file()
    assert (spoken.parent / "codes").is_dir()
