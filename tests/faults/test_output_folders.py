"""A folder or file that a command did not write is refused, by every command, before anything in it is touched."""

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
import typer

pytest.importorskip("torch")

from commands import ttsprep

from faults.house import hashes
from ttsprep.cli.main import app
from ttsprep.core.errors import OutputError
from ttsprep.core.output_folder import Kind, claim, open_output

FOREIGN = (
    *("run.json", "summary.json", "README.md", "LJ001-0001.npy", "skipped.csv", "LJ001-0001.wav", "clips.parquet"),
    *("state.pt", "speech.npy", "log.jsonl", "metadata.csv", "data/train-00000-of-00001.parquet"),
)
INPUTS = {"data", "source", "decisions", "corpus", "codes", "speech", "lyra", "prompts", "begin_from", "audit", "build",
          "recipe", "run", "codec", "checkpoint", "audio_root", "before", "after", "baseline"}  # fmt: skip
"""Parameters that name something to read."""
OUTPUTS = {"out", "html"}


def commands(command: click.Command | None = None, *names: str) -> Iterator[tuple[str, click.Command]]:
    command = command or typer.main.get_command(app)
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, *names, name)
    if not getattr(command, "commands", {}):
        yield " ".join(names), command


class House:
    """A corpus, its audit and codes, and what every command needs beside its output."""

    def __init__(self, root: Path, spoken: Path) -> None:
        self.root, self.corpus = root, root / "mine" / "spoken"
        (self.corpus / "wavs").mkdir(parents=True)
        lines = (spoken / "metadata.csv").read_text(encoding="utf-8").splitlines()[:3]
        (self.corpus / "metadata.csv").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        for line in lines:
            shutil.copyfile(spoken / "wavs" / f"{line.split('|')[0]}.wav", self.corpus / "wavs" / f"{line[:8]}.wav")
        self.clip = lines[0].split("|")[0]
        self.foreign, self.link = root / "foreign", root / "link"
        for name in FOREIGN:
            (self.foreign / name).parent.mkdir(parents=True, exist_ok=True)
            (self.foreign / name).write_text(f"mine: {name}", encoding="utf-8")
        self.link.symlink_to(self.corpus)
        (root / "empty").mkdir()
        self.recipe = root / "recipe.toml"
        self.recipe.write_text(
            'preset = "tiny8"\n[[source]]\nname = "v"\npath = "spoken"\nweight = 1.0\nlicence = "x"\n', "utf-8"
        )
        self.audit, self.codes = root / "spoken.audit", root / "codes"
        for done in (
            ttsprep("audit", self.corpus, "--out", self.audit, "--jobs", 1),
            ttsprep("encode", self.corpus, "--out", self.codes, "--beam", 1, "--jobs", 1),
        ):
            assert done.returncode < 2, done.stderr

    def words(self, command: str, out: Path) -> list[object]:
        """Return the command line that writes to `out`."""
        source, jobs = self.corpus, ("--jobs", 1)
        return {
            "audit": ["audit", source, "--out", out, *jobs],
            "build": ["build", "--source", source, "--out", out, *jobs],
            "encode": ["encode", source, "--out", out, "--beam", 1, *jobs],
            "decode": ["decode", self.codes, "--out", out, *jobs],
            "codec pack": ["codec", "pack", self.recipe, "--data", source.parent, "--out", out],
            "codec train": ["codec", "train", "--corpus", source, "--preset", "tiny8", "--steps", 1, "--out", out],
            "codec fit": ["codec", "fit", self.recipe, "--speech", source, "--out", out],
            "codec export": ["codec", "export", source, out],
            "explain": ["explain", self.clip, "--audit", self.audit, "--html", out],
            "compare": ["compare", self.audit, self.audit, "--html", out],
        }[command]


FOLDERS = ("audit", "build", "encode", "decode", "codec pack", "codec train")
FILES = ("codec fit", "codec export", "explain", "compare")


@pytest.fixture(scope="module")
def house(spoken_once: Path, tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("outputs"), spoken_once)


def state(root: Path) -> dict[str, str]:
    return hashes(root) | {"": str(root.stat().st_mtime_ns)}


def refused(house: House, *words: object) -> str:
    """Give a command that must be refused in one line, and change nothing anywhere."""
    before = state(house.root)
    done = ttsprep(*words, cwd=house.root / "empty")
    assert state(house.root) == before
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_no_command_that_writes_is_forgotten() -> None:
    writing = set()
    for name, command in commands():
        for parameter in command.params:
            if parameter.name in OUTPUTS:
                writing.add(name)
            elif (parameter.metavar or "").strip("[]") in {"DIR", "FILE", "CORPUS", "CODES", "RUN", "CSV", "RECIPE"}:
                assert parameter.name in INPUTS, f"{name}: does {parameter.name} name something to read or to write?"
    assert writing == {*FOLDERS, *FILES}


@pytest.mark.slow
@pytest.mark.parametrize("command", FOLDERS)
@pytest.mark.parametrize("place", ["foreign", "corpus", "wavs", "new", "link", "parent"])
def test_a_folder_that_is_not_ours_is_refused(house: House, command: str, place: str) -> None:
    corpus = house.corpus
    out = {"foreign": house.foreign, "corpus": corpus, "wavs": corpus / "wavs", "new": corpus / "new",
           "link": house.link, "parent": corpus.parent}[place]  # fmt: skip
    said = refused(house, *house.words(command, out))
    words = {"foreign": f"which ttsprep {command} did not write", "parent": "lies inside the output"}
    assert words.get(place, "lies inside the source") in said


@pytest.mark.slow
@pytest.mark.parametrize("form", ["npy", "webdataset", "hf"])
def test_every_form_of_codes_refuses_it(house: House, form: str) -> None:
    refused(house, *house.words("encode", house.foreign), "--format", form)


@pytest.mark.slow
@pytest.mark.parametrize("command", FILES)
@pytest.mark.parametrize("place", ["foreign", "corpus", "wavs", "new", "link", "folder"])
def test_a_file_that_is_not_ours_is_refused(house: House, command: str, place: str) -> None:
    corpus = house.corpus
    out = {"foreign": house.foreign / "state.pt", "corpus": corpus / "metadata.csv", "new": corpus / "new.pt",
           "wavs": next((corpus / "wavs").iterdir()), "link": house.link / "new.pt",
           "folder": house.foreign}[place]  # fmt: skip
    refused(house, *house.words(command, out))


def test_a_folder_of_another_command_is_refused_by_its_name(house: House) -> None:
    assert "is a folder of ttsprep encode" in refused(house, *house.words("audit", house.codes))
    assert "is a folder of ttsprep audit" in refused(house, *house.words("encode", house.audit))


@pytest.mark.slow
@pytest.mark.parametrize(("command", "folder"), [("audit", "audit"), ("encode", "codes")])
def test_our_own_folder_with_a_foreign_file_is_refused(house: House, command: str, folder: str) -> None:
    out = getattr(house, folder)
    for name in ("thesis.txt", "deep/LJ001-0001.wav", ".hidden"):
        path = out / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine", encoding="utf-8")
        assert f"holds {name!r}, which" in refused(house, *house.words(command, out))
        path.unlink()
    if command == "audit":
        assert ttsprep("explain", house.clip, "--audit", out).returncode == 0
        (out / "explain/notes.txt").write_text("mine", encoding="utf-8")
        assert "holds 'explain/notes.txt', which" in refused(house, *house.words(command, out))
        (out / "explain/notes.txt").rename(out / "explain/mine.html")  # may be a page of `explain`: it is left alone
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", ".~lock.skipped.csv#"):
        (out / name).write_text("seen", encoding="utf-8")
    assert ttsprep(*house.words(command, out)).returncode < 2
    assert (out / ".DS_Store").read_text(encoding="utf-8") == "seen"
    if command == "audit":
        assert (out / "explain/mine.html").read_text(encoding="utf-8") == "mine"


@pytest.mark.slow
def test_a_foreign_file_in_an_export_is_refused(house: House, tmp_path: Path) -> None:
    recipe, out = tmp_path / "recipe.toml", tmp_path / "out"
    recipe.write_text('export = ["kaldi", "nemo"]\n', encoding="utf-8")
    words = (*house.words("build", out), "--recipe", recipe)
    assert ttsprep(*words).returncode == 0
    listed = hashes(out)
    for name in (
        "exports/nemo/notes.txt",
        "exports/kaldi/train/mine.scp",
        "exports/mine/a.wav",
        "exports/.hidden",
    ):
        path = out / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine", encoding="utf-8")
        done = ttsprep(*words)
        assert done.returncode == 2
        assert f"holds {name!r}, which" in done.stderr
        assert path.read_text(encoding="utf-8") == "mine"
        path.unlink()
    (out / "exports/mine").rmdir()
    recipe.write_text('export = ["nemo"]\n', encoding="utf-8")  # what an earlier run listed goes with its export
    assert ttsprep(*words).returncode == 0
    assert {path.name for path in (out / "exports").iterdir()} == {"nemo"}
    assert {name for name in listed if "/nemo/" in name} <= set(hashes(out))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "more", "moments"),
    [("encode", ("--format", "npy"), (2, 5, 13, 16, 20)), ("decode", (), (2, 5, 8, 12))],
)
def test_our_own_folder_is_taken_up_again_after_a_kill(
    house: House, tmp_path: Path, command: str, more: tuple[str, ...], moments: tuple[int, ...]
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "killed"
    assert ttsprep(*house.words(command, whole), *more).returncode == 0
    killed = 0
    for moment in moments:
        done = ttsprep(*house.words(command, out), *more, kill_at=moment, kill_in=str(out))
        assert "did not write" not in done.stderr
        killed += done.returncode == -signal.SIGKILL
    assert killed >= 2
    done = ttsprep(*house.words(command, out), *more)
    assert done.returncode == 0, done.stderr

    def names(folder: Path) -> dict[str, bytes]:
        visible = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        return {str(path.relative_to(folder)): path.read_bytes() for path in visible}

    assert names(out) == names(whole)


NEW, LOST = Path("deep/new"), Path("nowhere")


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        *(["audit", LOST], ["audit", "{corpus}", "--codes", LOST], ["audit", "{corpus}", "--decisions", LOST]),
        *(["build", "--source", LOST], ["encode", LOST], ["encode", "{corpus}", "--codec", LOST], ["decode", LOST]),
        *(["codec", "pack", "{recipe}", "--data", LOST], ["codec", "train", "{recipe}", "--speech", LOST]),
        *(["codec", "train", "--corpus", LOST], ["codec", "train", "--corpus", "{corpus}", "--set", "nothing=3"]),
        ["codec", "train", "--corpus", "{corpus}", "--from", LOST],
    ],
    ids=lambda words: " ".join(map(str, words)),
)
def test_an_input_that_is_not_there_leaves_no_folder(house: House, words: list[str | Path]) -> None:
    place = house.root / "empty"
    done = ttsprep(
        *(str(word).format(corpus=house.corpus, recipe=house.recipe) for word in words), "--out", NEW, cwd=place
    )
    assert done.returncode == 2, done.stderr
    assert list(place.iterdir()) == []


KIND = Kind("count", ("total.json", "pages/"))


@pytest.fixture
def held(tmp_path: Path) -> Path:
    with open_output(KIND, tmp_path / "out", []) as output:
        output.expect(["a.wav", "data/b.wav"])
        (output.path / "data").mkdir()
        for name in ("a.wav", "data/b.wav", "data/.b.wav.part", "total.json"):
            (output.path / name).write_text("ours", encoding="utf-8")
    return tmp_path / "out"


def test_only_what_is_listed_is_swept(held: Path) -> None:
    with open_output(KIND, held, []) as output:
        (held / "mine.wav").write_text("mine", encoding="utf-8")
        output.sweep(["a.wav"])
    assert {path.name for path in held.iterdir()} == {"a.wav", "total.json", "mine.wav", ".ttsprep-count"}


@pytest.mark.parametrize("name", ["../mine", "/etc/mine", "data/../../mine", "a//b"])
def test_a_mark_that_was_tampered_with_reaches_nothing_outside(held: Path, name: str) -> None:
    mine = held.parent / "mine"
    mine.write_text("mine", encoding="utf-8")
    mark = held / KIND.mark
    mark.write_text(mark.read_text(encoding="utf-8").replace('"a.wav"', f'"a.wav", "{name}"'), encoding="utf-8")
    with open_output(KIND, held, []) as output:
        assert output.listed == {"a.wav", "data/b.wav"}
        output.sweep([])
    assert mine.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda out: (out / KIND.mark).write_text("{}", encoding="utf-8"),
        lambda out: ((out / KIND.mark).rename(out.parent / "mark"), (out / KIND.mark).symlink_to(out.parent / "mark")),
        lambda out: (out / "linked").symlink_to(out.parent),
    ],
)
def test_a_mark_that_is_not_ours_and_links_are_refused(held: Path, spoil: Callable[[Path], object]) -> None:
    claim(KIND, held, [])
    spoil(held)
    with pytest.raises(OutputError, match=r"did not write|link to another folder"):
        claim(KIND, held, [])
