"""One run at a time in a folder, whatever becomes of the one before."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ttsprep.core.errors import BusyError, OutputError
from ttsprep.core.files import LOCK_NAME, lock

HOLDER = """
    import sys
    from pathlib import Path
    from ttsprep.core.files import lock
    with lock(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.read()
"""


def holder_of(folder: Path) -> subprocess.Popen[bytes]:
    script = f"import sys; sys.path[:] = {sys.path!r}\n{textwrap.dedent(HOLDER)}"
    process = subprocess.Popen([sys.executable, "-c", script, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    return process


class TestLock:
    def test_the_second_run_is_told_the_first(self, tmp_path: Path) -> None:
        folder = tmp_path / "new" / "out"
        with holder_of(folder) as first:
            with pytest.raises(BusyError, match=rf"process {first.pid}\b"), lock(folder):
                pytest.fail("held twice")
            first.stdin.close()
        with lock(folder):
            assert (folder / LOCK_NAME).read_text(encoding="ascii") == f"{os.getpid()}\n"
        assert list(folder.iterdir()) == []

    def test_it_dies_with_its_holder(self, tmp_path: Path) -> None:
        with holder_of(tmp_path) as first:
            first.kill()
        assert (tmp_path / LOCK_NAME).exists()
        with lock(tmp_path):
            pass
        assert list(tmp_path.iterdir()) == []

    def test_workers_do_not_keep_it(self, tmp_path: Path) -> None:
        with lock(tmp_path):
            child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
        with child, lock(tmp_path):
            child.stdin.write(b"\n")

    def test_the_same_process_cannot_hold_it_twice(self, tmp_path: Path) -> None:
        with lock(tmp_path), pytest.raises(BusyError, match=str(os.getpid())), lock(tmp_path):
            pytest.fail("held twice")

    def test_an_error_inside_frees_it(self, tmp_path: Path) -> None:
        with pytest.raises(KeyError), lock(tmp_path):
            raise KeyError
        with lock(tmp_path):
            pass

    def test_a_lock_that_is_a_link_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "precious").write_bytes(b"kept")
        (tmp_path / LOCK_NAME).symlink_to("precious")
        with pytest.raises(OutputError, match="cannot lock"), lock(tmp_path):
            pytest.fail("held")
        assert (tmp_path / "precious").read_bytes() == b"kept"

    def test_a_file_where_the_folder_should_be(self, tmp_path: Path) -> None:
        (tmp_path / "out").write_bytes(b"")
        with pytest.raises(OutputError, match="cannot lock"), lock(tmp_path / "out"):
            pytest.fail("held")

    def test_of_many_that_want_it_one_at_a_time_has_it(self, tmp_path: Path) -> None:
        script = """
            import os, sys
            from pathlib import Path
            from ttsprep.core.errors import BusyError
            from ttsprep.core.files import lock
            done = 0
            while done < 100:
                try:
                    with lock(Path(sys.argv[1])):
                        os.close(os.open(Path(sys.argv[1], "inside"), os.O_CREAT | os.O_EXCL))
                        os.unlink(Path(sys.argv[1], "inside"))
                        done += 1
                except BusyError:
                    pass
        """
        command = [
            sys.executable,
            "-c",
            f"import sys; sys.path[:] = {sys.path!r}\n{textwrap.dedent(script)}",
            tmp_path,
        ]
        processes = [subprocess.Popen(command) for _ in range(3)]
        assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
