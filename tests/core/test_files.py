"""Real links, FIFOs, full disks, second runs and hostile names."""

import errno
import hashlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ttsprep.core.errors import AudioError, OutputError
from ttsprep.core.files import (
    atomic_write,
    digest,
    inside,
    refuse_inside,
    regular,
    signature,
)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    root = tmp_path / "corpus"
    (root / "wavs").mkdir(parents=True)
    (root / "wavs" / "a.wav").write_bytes(b"samples")
    return root


def run_python(script: str, *arguments: object, **more: object) -> subprocess.CompletedProcess[str]:
    setting = f"import sys; sys.path[:] = {sys.path!r}\n"
    command = [sys.executable, "-c", setting + textwrap.dedent(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **more)


class TestInside:
    @pytest.mark.parametrize("name", ["wavs/a.wav", "./wavs/a.wav", "wavs/../wavs/a.wav", "../corpus/wavs/a.wav"])
    def test_what_is_inside_is_resolved(self, corpus: Path, name: str) -> None:
        assert inside(corpus, name) == corpus.resolve() / "wavs" / "a.wav"

    @pytest.mark.parametrize("name", ["missing.wav", "C:\\x", "~", "..wav", "b" * 300, "wavs/a.wav/deeper"])
    def test_what_is_not_there_is_inside_all_the_same(self, corpus: Path, name: str) -> None:
        assert inside(corpus, name) == corpus.resolve() / name

    @pytest.mark.parametrize(
        "name", ["../x", "../../etc/passwd", "wavs/../../x", "/etc/passwd", "a\0b", "../corpus2/x"]
    )
    def test_what_leads_out_is_refused(self, corpus: Path, name: str) -> None:
        (corpus.parent / "corpus2").mkdir()
        with pytest.raises(AudioError) as caught:
            inside(corpus, name)
        assert caught.value.code == "path-outside-corpus"
        assert str(caught.value).isprintable()

    def test_links_are_followed_within_the_corpus_only(self, corpus: Path) -> None:
        (corpus / "good.wav").symlink_to("wavs/a.wav")
        (corpus / "bad.wav").symlink_to("/etc/passwd")
        (corpus / "up").symlink_to("..")
        (corpus / "twice.wav").symlink_to("bad.wav")
        assert inside(corpus, "good.wav") == corpus.resolve() / "wavs" / "a.wav"
        for name in ("bad.wav", "up/secret.wav", "twice.wav"):
            with pytest.raises(AudioError, match="leads out of the corpus"):
                inside(corpus, name)

    def test_links_in_circles_are_refused(self, corpus: Path) -> None:
        (corpus / "self.wav").symlink_to("self.wav")
        (corpus / "one").symlink_to("two")
        (corpus / "two").symlink_to("one")
        for name in ("self.wav", "one", "two", "one/a.wav"):
            with pytest.raises(AudioError, match="leads to itself") as caught:
                inside(corpus, name)
            assert caught.value.code == "path-outside-corpus"

    def test_a_corpus_that_is_itself_a_link(self, corpus: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(corpus)
        assert inside(tmp_path / "link", "wavs/a.wav") == corpus.resolve() / "wavs" / "a.wav"

    def test_a_name_that_is_not_utf8(self, corpus: Path) -> None:
        name = os.fsdecode(b"caf\xe9.wav")
        Path(corpus, name).write_bytes(b"x")
        assert digest(inside(corpus, name)) == hashlib.sha256(b"x").hexdigest()
        with pytest.raises(AudioError) as caught:
            inside(corpus, f"../{name}")
        assert str(caught.value).encode()


class TestRegular:
    def test_a_file_and_its_signature(self, corpus: Path) -> None:
        path = corpus / "wavs" / "a.wav"
        before = signature(regular(path))
        assert before == signature(regular(path))
        assert before.size == 7
        path.write_bytes(b"SAMPLES")
        os.utime(path, ns=(before.mtime_ns, before.mtime_ns))  # the change of the inode still tells
        assert signature(regular(path)) != before

    def test_nothing_but_a_file_is_opened(self, corpus: Path) -> None:
        os.mkfifo(corpus / "fifo.wav")
        (corpus / "folder.wav").mkdir()
        (corpus / "device.wav").symlink_to("/dev/zero")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.fspath(corpus / "s.wav"))
            kinds = {
                "fifo.wav": "a FIFO",
                "folder.wav": "a folder",
                "device.wav": "a device",
                "s.wav": "a socket",
            }
            for name, kind in kinds.items():
                for guard in (regular, digest):
                    with pytest.raises(AudioError, match=kind) as caught:  # opening the FIFO would wait for ever
                        guard(corpus / name)
                    assert caught.value.code == "audio-unreadable"

    @pytest.mark.parametrize("name", ["missing.wav", "wavs/a.wav/deeper", "dangling.wav"])
    def test_what_is_missing(self, corpus: Path, name: str) -> None:
        (corpus / "dangling.wav").symlink_to("nowhere")
        for guard in (regular, digest):
            with pytest.raises(AudioError) as caught:
                guard(corpus / name)
            assert caught.value.code == "audio-missing"

    def test_a_name_too_long_for_the_file_system(self, corpus: Path) -> None:
        with pytest.raises(AudioError) as caught:
            regular(corpus / ("b" * 300))
        assert caught.value.code == "audio-unreadable"

    @pytest.mark.skipif(os.getuid() != 0, reason="reading as another user needs root")
    def test_a_file_of_another_user(self, corpus: Path) -> None:
        (corpus / "wavs" / "a.wav").chmod(0o600)
        script = """
            import os, sys
            from ttsprep.core.errors import AudioError
            from ttsprep.core.files import digest
            from pathlib import Path
            folder = os.open(sys.argv[1], os.O_RDONLY)
            os.fchdir(folder)
            os.setuid(65534)
            try:
                digest(Path("a.wav"))
            except AudioError as error:
                print(error.code, error)
        """
        done = run_python(script, corpus / "wavs")
        assert done.stdout == "audio-unreadable 'a.wav': permission denied\n", done.stderr


def test_digest_is_the_sha256_of_the_bytes(corpus: Path) -> None:
    assert digest(corpus / "wavs" / "a.wav") == hashlib.sha256(b"samples").hexdigest()


class TestAtomicWrite:
    def test_writes_and_replaces_and_leaves_nothing_else(self, tmp_path: Path) -> None:
        for data in (b"first", b"", b"x" * 5_000_000):
            atomic_write(tmp_path / "out", data)
            assert (tmp_path / "out").read_bytes() == data
            assert [p.name for p in tmp_path.iterdir()] == ["out"]

    def test_permissions_follow_the_umask(self, tmp_path: Path) -> None:
        before = os.umask(0o027)
        try:
            atomic_write(tmp_path / "out", b"")
        finally:
            os.umask(before)
        assert (tmp_path / "out").stat().st_mode & 0o777 == 0o640

    def test_what_a_killed_run_left_is_not_written_through(self, tmp_path: Path) -> None:
        (tmp_path / "source").write_bytes(b"precious")
        (tmp_path / ".out.part").symlink_to("source")
        atomic_write(tmp_path / "out", b"new")
        assert (tmp_path / "source").read_bytes() == b"precious"
        assert {p.name for p in tmp_path.iterdir()} == {"source", "out"}

    def test_a_link_is_replaced_and_its_target_kept(self, tmp_path: Path) -> None:
        (tmp_path / "source").write_bytes(b"precious")
        (tmp_path / "out").symlink_to("source")
        atomic_write(tmp_path / "out", b"new")
        assert (tmp_path / "source").read_bytes() == b"precious"
        assert (tmp_path / "out").read_bytes() == b"new"

    def test_a_size_limit_is_a_full_disk(self, tmp_path: Path) -> None:
        script = """
            import resource, sys
            from pathlib import Path
            from ttsprep.core.errors import OutputError
            from ttsprep.core.files import atomic_write
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            atomic_write(Path(sys.argv[1]), b"old")
            try:
                atomic_write(Path(sys.argv[1]), b"x" * 1_000_000)
            except OutputError as error:
                print(error)
        """
        done = run_python(script, tmp_path / "out")
        assert done.stdout.startswith("disk full while writing"), done.stderr
        assert "resumable" in done.stdout
        assert (tmp_path / "out").read_bytes() == b"old"
        assert [p.name for p in tmp_path.iterdir()] == ["out"]

    def test_a_disk_that_is_really_full(self, tmp_path: Path) -> None:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", tmp_path], capture_output=True, check=False
        )
        if mounted.returncode:
            pytest.skip("mounting a small tmpfs needs root")
        try:
            atomic_write(tmp_path / "out", b"old")
            with pytest.raises(OutputError, match="disk full") as caught:
                atomic_write(tmp_path / "out", b"x" * 1_000_000)
            assert caught.value.__cause__.errno == errno.ENOSPC
            assert (tmp_path / "out").read_bytes() == b"old"
            assert [p.name for p in tmp_path.iterdir()] == ["out"]
            atomic_write(tmp_path / "out", b"x" * 100_000)
        finally:
            subprocess.run(["umount", tmp_path], check=True)

    def test_killed_at_any_moment_the_file_is_old_or_new(self, tmp_path: Path) -> None:
        script = """
            import sys
            from pathlib import Path
            from ttsprep.core.files import atomic_write
            print("go", flush=True)
            while True:
                for letter in (b"a", b"b"):
                    atomic_write(Path(sys.argv[1]), letter * 300_000)
        """
        command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{textwrap.dedent(script)}"]
        for delay in (0.0, 0.003, 0.011, 0.02, 0.037):
            with subprocess.Popen([*command, str(tmp_path / "out")], stdout=subprocess.PIPE) as writer:
                writer.stdout.readline()
                while not (tmp_path / "out").exists():
                    assert writer.poll() is None
                with pytest.raises(subprocess.TimeoutExpired):
                    writer.wait(timeout=delay)
                writer.send_signal(signal.SIGKILL)
            assert (tmp_path / "out").read_bytes() in {b"a" * 300_000, b"b" * 300_000}
        atomic_write(tmp_path / "out", b"end")
        assert [p.name for p in tmp_path.iterdir()] == ["out"]

    def test_a_folder_that_is_not_there_or_is_no_folder(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        for path in (tmp_path / "none" / "out", tmp_path / "file" / "out"):
            with pytest.raises(OutputError, match="cannot write"):
                atomic_write(path, b"")

    def test_a_folder_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        with pytest.raises(OutputError, match="is a directory"):
            atomic_write(tmp_path / "out", b"")
        assert [p.name for p in tmp_path.iterdir()] == ["out"]


class TestRefuseInside:
    def test_the_source_and_what_is_in_it(self, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "link").symlink_to(corpus / "wavs")
        monkeypatch.chdir(corpus)
        for out in (
            corpus,
            corpus / "wavs",
            corpus / "new" / "deep",
            tmp_path / "link" / "x",
            Path("x"),
            Path(),
        ):
            with pytest.raises(OutputError, match="inside the source"):
                refuse_inside(corpus, out)

    def test_what_lies_beside_or_above_it(self, corpus: Path, tmp_path: Path) -> None:
        for out in (tmp_path / "corpus.audit", tmp_path / "out" / "corpus", tmp_path, corpus / ".." / "x"):
            refuse_inside(corpus, out)
