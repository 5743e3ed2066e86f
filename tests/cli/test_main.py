"""The command line in real processes: results, exit codes, one-line errors, odd surroundings."""

import fcntl
import json
import os
import pty
import re
import resource
import select
import struct
import subprocess
import termios
from pathlib import Path

import pytest
from commands import COMMAND, Done, ttsprep

from ttsprep import __version__
from ttsprep.audit.defects.demo import make
from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.build.config import shipped
from ttsprep.checks.base import catalogue
from ttsprep.cli import console

TABLES = ("clips.parquet", "findings.parquet", "summary.json")


@pytest.fixture(scope="module")
def spoken(tmp_path_factory) -> Path:
    """Five spoken clips without a planted defect, and one more file that is missing from the metadata."""
    corpus = tmp_path_factory.mktemp("cli") / "spoken"
    make(corpus, SENTENCES[:5], planted=())
    return corpus


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory) -> Path:
    """Two spoken clips and a line whose audio is missing: an error."""
    corpus = tmp_path_factory.mktemp("cli") / "spoilt"
    make(corpus, SENTENCES[:3], planted=("audio-missing",))
    return corpus


@pytest.fixture(scope="module")
def audited(spoken: Path) -> Done:
    return ttsprep("audit", spoken, cwd=spoken.parent)


def test_version() -> None:
    done = ttsprep("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"ttsprep {__version__}\n", "")


def test_help_is_quick() -> None:
    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    times = []
    for _ in range(3):
        before = spent()
        done = subprocess.run([*COMMAND, "--help"], capture_output=True, encoding="utf-8", check=False)
        times.append(spent() - before)
        assert done.returncode == 0
    assert all(command in done.stdout for command in ("audit", "explain", "checks", "recipes"))
    assert min(times) < 0.5


def test_nothing_to_do_shows_the_help() -> None:
    done = ttsprep()
    assert done.returncode == 2
    assert done.stdout == ttsprep("--help").stdout


def test_an_audit_says_what_it_read_and_where_the_report_is(spoken: Path, audited) -> None:
    assert audited.returncode == 0, audited.stderr
    lines = audited.stdout.splitlines()
    assert re.match(r"spoken: 5 clips, \d\d s, language en-us$", lines[0])
    assert lines[1] == "read as table: metadata.csv"
    assert lines[2] == "  language en-us, guessed from 5 texts: --language changes it"
    assert lines[3] == "  metadata.csv: id | text"
    assert re.match(r"usable   5 clips +\d\d s \(100\.0 %\)", lines[6])
    assert re.match(
        r"judged for training at [\d,]+ Hz, which the corpus fills \(--rate or --for sets another\)$", lines[4]
    )
    assert "report  spoken.audit/report.html" in lines
    assert (spoken.parent / "spoken.audit" / "report.html").is_file()
    assert "audio-orphan" in audited.stdout  # the file that make() leaves unnamed
    assert "\x1b" not in audited.stdout + audited.stderr
    assert "measuring: 5 clips\n" in audited.stderr
    assert "…" not in audited.stdout  # a program reads whole lines


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 1),
        (("--fail-on", "never"), 0),
        (("--ignore", "audio-missing"), 0),
        (("--select", "audio-orphan"), 0),
        (("--select", "audio-orphan", "--fail-on", "note"), 1),
        (("--select", "audio-orphan", "--fail-on", "warning"), 0),
    ],
)
def test_the_exit_code_follows_the_findings(options, code: int, spoilt: Path) -> None:
    done = ttsprep("audit", spoilt, *options, cwd=spoilt.parent)
    assert done.returncode == code, done.stderr
    assert ("audio-missing" in done.stdout) == (not options or "never" in options)


def test_a_listener_that_is_not_here_is_skipped_and_the_audit_goes_on(spoken: Path, tmp_path: Path) -> None:
    # whether its package or only its weights are missing
    nothing = {"TTSPREP_MODELS": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    options = ("audit", spoken, "--out", tmp_path / "out", "--select", "audio-empty", "--listen", "asr", "--jobs", 1)
    done = ttsprep(*options, env=nothing)
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stderr.splitlines() if "skipped" in line)
    assert line.startswith("ttsprep: skipped: ")
    assert line.removeprefix("ttsprep: skipped: ")[:30] in done.stdout
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["listening"]["asr"]["skipped"] in line
    assert summary["listening"]["asr"]["measured"] == 0
    strict = ttsprep(*options, "--fail-on", "warning", env=nothing)
    assert strict.returncode == 1, strict.stderr


def test_json_is_one_document(spoilt: Path) -> None:
    done = ttsprep("audit", spoilt, "--json", "--language", "en-gb", cwd=spoilt.parent)
    document = json.loads(done.stdout)
    assert done.returncode == document["exit_code"] == 1
    assert document["clips"] == 3
    assert document["languages"] == ["en-gb"]
    assert document["out"] == "spoilt.audit"
    (missing,) = (finding for finding in document["findings"] if finding["code"] == "audio-missing")
    assert missing["clip"] == "demo-003"
    assert missing["severity"] == "error"


def test_what_to_record_next(spoken: Path, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts.txt"
    prompts.write_text("The usual pleasure of a vision.\n\nOh, boys enjoy noisy toys.\nA.\n", encoding="utf-8")
    options = ("audit", spoken, "--prompts", prompts, "--prompt-count", 2)
    done = ttsprep(*options, cwd=spoken.parent)
    assert "record next" in done.stdout
    assert "The usual pleasure of a vision." in done.stdout
    chosen = json.loads(ttsprep(*options, "--json", cwd=spoken.parent).stdout)["record_next"]
    assert chosen[0]["text"] == "The usual pleasure of a vision."
    assert "ʒ" in chosen[0]["adds"]
    assert len(chosen) == 2


def test_a_dry_run_only_says_what_it_would_do(spoken: Path, tmp_path: Path) -> None:
    done = ttsprep("audit", spoken, "--dry-run", cwd=tmp_path)
    assert done.returncode == 0
    assert "would read   5 clips of" in done.stdout
    assert "1 file without a line in the metadata" in done.stdout
    document = json.loads(ttsprep("audit", spoken, "--dry-run", "--json", cwd=tmp_path).stdout)
    assert document["layout"] == "table"
    assert document["clips"] == 5
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("audit", "nowhere"), "nowhere is not there"),
        (("audit", "empty"), "has no audio file in it"),
        (("audit", "CORPUS", "--layout", "tabel"), "did you mean 'table'?"),
        (("audit", "CORPUS", "--layout", "kaldi"), "wav.scp"),
        (("audit", "CORPUS", "--language", "klingonese"), "no language is called 'klingonese'"),
        (("audit", "CORPUS", "--select", "cliping"), "did you mean 'clipping'?"),
        (("audit", "CORPUS", "--ignore", "hmu"), "did you mean 'hum'?"),
        (("audit", "CORPUS", "--recipe", "generik"), "did you mean 'generic'?"),
        (("audit", "CORPUS", "--recipe", "nowhere.toml"), "nowhere.toml"),
        (("audit", "CORPUS", "--fail-on", "eror"), "error"),
        (("audit", "CORPUS", "--jobs", "0"), "--jobs"),
        (("audit", "CORPUS", "--jobs", "many"), "--jobs"),
        (("audit", "CORPUS", "--out", "CORPUS/inside"), "lies inside the source"),
        (("audit", "CORPUS", "--out", "/dev/null/x"), "/dev/null/x"),
        (("audit", "CORPUS", "--prompts", "nowhere.txt"), "cannot read nowhere.txt"),
        (("audit", "CORPUS", "--prompts", "empty"), "cannot read empty"),
        (("audit", "CORPUS", "--speed"), "--speed"),
        (("audit",), "CORPUS"),
        (("audit", "CORPUS", "second"), "second"),
        (("audti",), "audit"),
        (("explain", "cliping"), "did you mean 'clipping'?"),
        (("explain", "clipping", "--recipe", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments, said: str, spoken: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = ttsprep(*(argument.replace("CORPUS", str(spoken)) for argument in arguments), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("ttsprep: ")
    assert said in line
    assert not (spoken / "inside").exists()


@pytest.mark.parametrize("code", ["clipping", "text-encoding", "audio-missing"])
def test_explain_says_all_there_is(code: str) -> None:
    done = ttsprep("explain", code)
    assert done.returncode == 0
    entry, check = catalogue()[code]
    said = " ".join(done.stdout.split())
    for text in (entry.summary, entry.measured, entry.impact, entry.fix):
        assert text in said
    assert (f"[checks.{check.name}]" in said) == (code != "audio-missing")


def test_explain_takes_the_limits_of_a_recipe(tmp_path: Path) -> None:
    recipe = tmp_path / "strict.toml"
    recipe.write_text("[checks.noise]\nsnr_error_db = 21.25\n", encoding="utf-8")
    assert "snr_error_db = 21.25" in ttsprep("explain", "noisy", "--recipe", recipe).stdout
    assert "21.25" not in ttsprep("explain", "noisy").stdout


def test_checks_lists_every_code() -> None:
    words = ttsprep("checks").stdout.split()
    assert set(catalogue()) <= set(words)


def test_recipes_are_listed() -> None:
    assert set(shipped()) <= set(ttsprep("recipes").stdout.split())


@pytest.mark.slow
@pytest.mark.parametrize("closed", [">&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_table(closed: str, spoken: Path, tmp_path: Path, audited) -> None:
    out = tmp_path / "closed"
    line = f'exec "$@" {closed}'
    command = ["sh", "-c", line, "sh", *COMMAND, "audit", str(spoken), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    for name in TABLES:
        assert (out / name).read_bytes() == (spoken.parent / "spoken.audit" / name).read_bytes(), name


def test_a_reader_who_leaves_early_does_no_harm() -> None:
    line = 'set -o pipefail; "$@" | head -n 1'
    done = subprocess.run(
        ["bash", "-c", line, "bash", *COMMAND, "checks"], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_result_that_cannot_be_written_is_an_error() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run([*COMMAND, "checks"], stdout=full, stderr=subprocess.PIPE, encoding="utf-8", check=False)
    assert done.returncode == 2
    assert done.stderr == "ttsprep: cannot write the result to stdout: No space left on device\n"


def test_a_corpus_whose_name_is_not_utf8(spoilt: Path, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9\x1b[31m")
    odd.symlink_to(spoilt)
    done = subprocess.run([*COMMAND, "audit", odd, "--dry-run"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"\x1b" not in done.stdout
    empty = tmp_path / os.fsdecode(b"caf\xe9\x1b[32m")
    empty.mkdir()
    done = subprocess.run([*COMMAND, "audit", empty], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"\x1b" not in done.stderr
    assert done.stderr.count(b"\n") == 1


def on_a_terminal(*arguments: str, width: int, **environment: str) -> str:
    """Return all that a command writes to a terminal of `width` columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    env = {key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "COLUMNS"}}
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdin=theirs, stdout=theirs, stderr=theirs, env=env | environment
    )
    os.close(theirs)
    said = b""
    while select.select([ours], [], [], 120)[0]:
        try:
            piece = os.read(ours, 1 << 16)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    process.wait(60)
    return said.decode()


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_has_a_bar_and_colours(width: int, spoken: Path, tmp_path: Path) -> None:
    said = on_a_terminal("audit", str(spoken), "--out", str(tmp_path / "out"), width=width, TERM="xterm-256color")
    assert "judging and writing" in said
    assert re.search(r"\x1b\[[\d;]*32m", said)  # green
    plain = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", said).replace("\r", "\n")
    assert "0/5 clips" in plain
    assert max(len(line) for line in plain.split("\n")) <= width


def test_no_color_means_no_colour(spoken: Path, audited: Done) -> None:
    out = str(spoken.parent / "spoken.audit")  # all is known there: it is shown at once
    said = on_a_terminal("audit", str(spoken), "--out", out, width=80, TERM="xterm-256color", NO_COLOR="1")
    assert "usable" in said
    colours = re.findall(r"\x1b\[([\d;]*)m", said)
    assert not [code for code in colours if {int(n or 0) for n in code.split(";")} & {*range(30, 48), 90, 91}]


def test_a_fault_of_our_own_is_one_line_with_the_details_in_a_file(capsys, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(console.tempfile, "tempdir", str(tmp_path))
    try:
        raise ZeroDivisionError("by\nnought")
    except ZeroDivisionError as error:
        assert console.internal_error(error) == 2
    (line,) = capsys.readouterr().err.splitlines()
    (file,) = tmp_path.iterdir()
    assert line.startswith("ttsprep: internal error: ZeroDivisionError at test_main.py:")
    assert line.endswith(f"please report it with {file}")
    assert "Traceback" in file.read_text(encoding="utf-8")
