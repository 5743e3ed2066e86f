import os
from pathlib import Path

import pytest

from corpora.layouts.corpus import audio, put
from ttsprep.core.errors import CorpusError
from ttsprep.corpora.audio_files import audio_files, is_audio, stem, walk
from ttsprep.corpora.paths import Lookup, Relative


@pytest.mark.parametrize("name", ["a.wav", "a.FLAC", "a.b.mp3", "a.ogg", "a.opus", "a.m4a", "a.aiff", "a.AIF"])
def test_audio_is_known_by_its_extension(name: str) -> None:
    assert is_audio(name)
    assert stem(name) == name.rsplit(".", 1)[0]


def test_other_names_keep_their_dots() -> None:
    assert not is_audio("LJ001.txt")
    assert stem("Mr. Smith 1.2") == "Mr. Smith 1.2"


def test_audio_files_come_folder_by_folder_sorted(tmp_path: Path) -> None:
    for name in (
        "b.wav",
        "a.FLAC",
        "z/1.mp3",
        "b/deep/x.opus",
        "b/y.ogg",
        ".hidden.wav",
        ".git/a.wav",
        "b/._y.wav",
    ):
        put(tmp_path, name, b"x")
    put(tmp_path, "b/y.txt", "text")
    assert list(audio_files(tmp_path)) == ["a.FLAC", "b.wav", "b/y.ogg", "b/deep/x.opus", "z/1.mp3"]
    assert list(audio_files(tmp_path, leave_out="b/*")) == ["a.FLAC", "b.wav", "z/1.mp3"]
    assert list(audio_files(tmp_path, leave_out="*")) == []


def test_walk_goes_as_deep_as_it_is_told(tmp_path: Path) -> None:
    put(tmp_path, "a/b/c/x.wav", b"x")
    assert [folder for folder, _ in walk(tmp_path)] == ["", "a/", "a/b/", "a/b/c/"]
    assert [folder for folder, _ in walk(tmp_path, depth=1)] == ["", "a/"]


def test_links_to_folders_are_not_followed_but_odd_files_are_named(tmp_path: Path) -> None:
    audio(tmp_path, "real/a.wav")
    (tmp_path / "real" / "loop").symlink_to(tmp_path)
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "broken.wav").symlink_to(tmp_path / "nowhere.wav")
    (tmp_path / "folder.wav").mkdir()
    os.mkfifo(tmp_path / "fifo.wav")
    assert list(audio_files(tmp_path)) == ["broken.wav", "fifo.wav", "real/a.wav"]


def test_names_that_are_not_utf8_come_as_surrogate_escapes(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.wav")).touch()
    (name,) = audio_files(tmp_path)
    assert name == "caf\udce9.wav"
    assert (tmp_path / name).exists()
    assert name.encode("utf-8", "backslashreplace").decode() == "caf\\udce9.wav"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"gone cannot be listed: No such file"):
        list(walk(tmp_path / "gone"))


def test_lookup_finds_any_extension_and_prefers_what_is_named(tmp_path: Path) -> None:
    for name in ("wavs/a.flac", "wavs/b.mp3", "wavs/b.wav", "wavs/v1.2.ogg", "wavs/p1/c.wav", "d.wav"):
        put(tmp_path, name, b"x")
    find = Lookup(tmp_path, ("wavs", "wav", "")).find
    assert find("a") == "wavs/a.flac"
    assert find("a.wav") == "wavs/a.flac"
    assert find("b") == "wavs/b.wav"
    assert find("b.mp3") == "wavs/b.mp3"
    assert find("v1.2") == "wavs/v1.2.ogg"
    assert find("p1/c") == "wavs/p1/c.wav"
    assert find("d") == "d.wav"
    assert find("nothing") is None
    assert find("../wavs/a") == "wavs/../wavs/a.flac"  # a later step refuses it


def test_lookup_says_where_a_missing_file_should_be(tmp_path: Path) -> None:
    (tmp_path / "wavs").mkdir()
    lookup = Lookup(tmp_path, ("wavs", ""))
    assert lookup.path("a") == "wavs/a.wav"
    assert lookup.path("a.flac") == "wavs/a.flac"
    assert Lookup(tmp_path, ("other", "more")).path("a") == "other/a.wav"


def test_absolute_paths_inside_become_relative(tmp_path: Path) -> None:
    root = tmp_path / "corpus"
    audio(root, "wavs/a.wav")
    link = tmp_path / "link"
    link.symlink_to(root)
    for relative in (Relative(root), Relative(link)):
        assert relative(f"{root}/wavs/a.wav") == "wavs/a.wav"
        assert relative(f"{root}//wavs/./a.wav") == "wavs/a.wav"
        assert relative("wavs/a.wav") == "wavs/a.wav"
        assert relative("./wavs/a.wav") == "wavs/a.wav"
        assert relative("wavs\\a.wav") == "wavs/a.wav"
    assert Relative(link)(f"{link}/wavs/a.wav") == "wavs/a.wav"


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.wav", "wavs/../../x.wav", "~/x.wav", "", "C:x.wav"])
def test_paths_that_lead_out_stay_as_they_are(tmp_path: Path, path: str) -> None:
    assert Relative(tmp_path)(path) == path


def test_a_path_through_the_root_and_out_again_stays(tmp_path: Path) -> None:
    assert Relative(tmp_path)(f"{tmp_path}/../x.wav") == f"{tmp_path}/../x.wav"
    assert Relative(tmp_path)(f"{tmp_path}-other/x.wav") == f"{tmp_path}-other/x.wav"


def test_a_folder_that_goes_while_it_is_read_is_named(tmp_path: Path) -> None:
    for name in ("a/1.wav", "b/2.wav", "c/3.wav"):
        put(tmp_path, name, b"x")
    unlisted: list[str] = []
    found = walk(tmp_path, unlisted=unlisted)
    assert [next(found), next(found)] == [("", []), ("a/", ["1.wav"])]
    (tmp_path / "b/2.wav").unlink()
    (tmp_path / "b").rmdir()
    assert list(found) == [("b/", []), ("c/", ["3.wav"])]
    assert unlisted == ["b/ cannot be listed: No such file or directory"]
    with pytest.raises(CorpusError, match="cannot be listed"):
        list(walk(tmp_path / "b"))
