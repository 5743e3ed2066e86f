"""Nothing around an audit changes its tables, and it changes nothing around it."""

import ctypes
import json
import os
import random
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from commands import COMMAND, ttsprep

from faults.house import audited, hashes, leftovers, out_of, tables
from ttsprep.audit.pipeline import Audit, audit
from ttsprep.build.config import Recipe
from ttsprep.core.errors import OutputError

pytestmark = pytest.mark.usefixtures("one_server")

LIBC = ctypes.CDLL(None)


@pytest.fixture(scope="module")
def reference(spoken_once: Path) -> Audit:
    return audited(spoken_once, jobs=1)


def test_locale_home_time_zone_and_number_of_jobs(spoken: Path, reference: Audit) -> None:
    bare = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "77"}
    bare |= {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}  # as Python takes UTF-8 where the locale is C
    bare |= {name: value for name, value in os.environ.items() if name.startswith("OPENBLAS_")}  # its last bits differ
    done = subprocess.run(
        [*COMMAND, "audit", spoken, "--out", out_of(spoken), "--jobs", "4"],
        env=bare, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode < 2, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"\x1b" not in done.stdout + done.stderr
    assert done.stdout.isascii()
    assert tables(out_of(spoken)) == tables(reference.out)


def test_the_order_in_which_files_were_made(spoken: Path, reference: Audit) -> None:
    wavs = spoken / "wavs"
    kept = wavs.rename(spoken / "kept")
    wavs.mkdir()
    names = sorted(path.name for path in kept.iterdir())
    random.Random(5).shuffle(names)
    for name in names:
        shutil.copyfile(kept / name, wavs / name)
    shutil.rmtree(kept)
    result = audited(spoken, jobs=3)
    assert tables(result.out) == tables(reference.out)


def test_a_plain_folder_is_read_in_the_order_of_names(spoken: Path) -> None:
    (spoken / "metadata.csv").unlink()
    first = audited(spoken)
    moved = spoken.with_name("again")
    moved.mkdir()
    names = [path.relative_to(spoken) for path in spoken.rglob("*.wav")]
    for name in random.Random(6).sample(names, len(names)):
        (moved / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(spoken / name, moved / name)
    second = audited(moved, jobs=1)
    assert list(first.clips.path) == sorted(first.clips.path)
    assert tables(first.out) == tables(second.out)


def test_tables_hold_nothing_of_the_machine(spoken: Path) -> None:
    result = audited(spoken)
    for name in ("clips.parquet", "findings.parquet", "verdicts.parquet", "summary.json", "run.json", "report.html"):
        content = (result.out / name).read_bytes()
        for trace in (str(spoken.parent), f"{Path.home()}/", sys.prefix):
            assert trace.encode() not in content, (name, trace)
    for frame in (result.clips, result.findings):
        for column in frame.select_dtypes(include=["object", "string"]):
            assert not frame[column].astype(str).str.contains(str(spoken.parent), regex=False).any()


def test_the_source_is_read_only(spoken: Path) -> None:
    for path in [spoken, *spoken.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = hashes(spoken)
    result = audited(spoken)
    assert (result.clips.status == "ok").all()
    assert hashes(spoken) == before
    assert leftovers(result.out) == []
    for path in [spoken, *spoken.rglob("*")]:
        path.chmod(0o755)


def test_an_output_inside_the_source_is_refused(spoken: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(spoken)
    before = hashes(spoken)
    for out in (spoken, spoken / "out", spoken / "wavs" / "deep" / "out", tmp_path / "alias" / "out"):
        done = ttsprep("audit", spoken, "--out", out)
        assert done.returncode == 2
        assert "inside the source" in done.stderr
        assert done.stderr.count("\n") == 1
    assert hashes(spoken) == before
    with pytest.raises(OutputError, match="inside the source"):
        audit(tmp_path / "alias", spoken / "out", Recipe(), jobs=1)
    assert hashes(spoken) == before


def drop_the_rights_of_root() -> None:
    for capability in (1, 2):  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
        LIBC.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def test_a_file_that_may_not_be_read(spoken: Path, reference: Audit) -> None:
    locked = spoken / "wavs" / "demo-004.wav"
    locked.chmod(0)
    rights = drop_the_rights_of_root if os.geteuid() == 0 else None
    done = ttsprep("audit", spoken, "--out", out_of(spoken), "--jobs", 1, "--json", preexec_fn=rights)
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    (found,) = [found for found in document["findings"] if found["code"] == "audio-unreadable"]
    assert found["clip"] == "demo-004"
    assert "permission denied" in found["message"].lower()
    assert document["codes"]["audio-unreadable"]["clips"] == 1
    locked.chmod(0o644)
    again = audited(spoken)  # the fault lay in the surroundings, so the clip is tried again, and only it
    assert again.measured == 1
    assert tables(again.out) == tables(reference.out)


def test_a_folder_that_may_not_be_read(spoken: Path, reference: Audit) -> None:
    for name, mode in {"locked": 0, "wavs/names only": 0o444, "wavs/no names": 0o111}.items():
        shutil.copytree(spoken / "wavs", spoken / name, ignore=shutil.ignore_patterns("names only", "no names"))
        (spoken / name).chmod(mode)
    rights = drop_the_rights_of_root if os.geteuid() == 0 else None
    done = ttsprep("audit", spoken, "--out", out_of(spoken), "--jobs", 1, "--json", preexec_fn=rights)
    for name in ("locked", "wavs/names only", "wavs/no names"):
        (spoken / name).chmod(0o755)
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    found = [one["message"].lower() for one in document["findings"] if one["code"] == "folder-unreadable"]
    assert found == [f"{name}/ cannot be listed: permission denied" for name in ("locked", "wavs/no names")]
    assert document["clips"] == len(reference.clips)
    assert not {code for code in document["codes"] if code.startswith("audio-")} - {"audio-orphan"}


def test_no_socket_leaves_the_machine(spoken: Path, tmp_path: Path) -> None:
    """Every Python process of an audit, workers included, notes what it connects to."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        textwrap.dedent("""
            import os, socket, sys

            def note(event, arguments):
                if event.startswith("socket.") or event in {"urllib.Request", "http.client.connect", "ftplib.connect"}:
                    first, *more = arguments
                    family = more[0] if event == "socket.__new__" else getattr(first, "family", None)
                    is_local = family in {-1, socket.AF_UNIX}  # -1: of a descriptor that is given
                    word = "local" if is_local else "away"
                    with open(os.environ["SOCKETS"], "a") as file:
                        file.write(f"{os.getpid()} {word} {event} {arguments!r}\\n")

            sys.addaudithook(note)
        """),
        encoding="utf-8",
    )
    notes = tmp_path / "notes"
    env = {"PYTHONPATH": str(site), "SOCKETS": str(notes)}
    done = ttsprep("audit", spoken, "--out", out_of(spoken), "--jobs", 2, env=env)
    assert done.returncode < 2, done.stderr
    lines = notes.read_text(encoding="utf-8").splitlines()
    assert len({line.split()[0] for line in lines}) >= 2  # the hook was there, in more than one process
    assert [line for line in lines if " local " not in line] == []


def test_nothing_but_the_output_is_written(spoken: Path, tmp_path: Path) -> None:
    home, temporary, work = (tmp_path / name for name in ("home", "temporary", "work"))
    for folder in (home, temporary, work):
        folder.mkdir()
    env = {"HOME": str(home), "TMPDIR": str(temporary), "XDG_CACHE_HOME": str(home / "cache")}
    assert ttsprep("audit", spoken, cwd=work, env=env).returncode < 2
    assert list(home.iterdir()) == []
    assert list(temporary.iterdir()) == []
    assert [path.name for path in work.iterdir()] == ["spoken.audit"]
    assert leftovers(work / "spoken.audit") == []


def test_an_unchanged_audit_judges_nothing_in_whatever_order_sets_are(spoken: Path, tmp_path: Path) -> None:
    stamps = []
    for seed in ("1", "2"):
        done = ttsprep("audit", spoken, "--out", tmp_path / "out", env={"PYTHONHASHSEED": seed})
        assert done.returncode < 2, done.stderr
        stamps.append((tmp_path / "out" / "report.html").stat().st_mtime_ns)
    assert stamps[0] == stamps[1]
