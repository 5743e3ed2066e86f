"""Hostile ids become names of files that are safe everywhere, and no two become one."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttsprep.core.files import atomic_write, safe_name, safe_names

HOSTILE = [
    "../../etc/passwd",
    "/etc/passwd",
    "C:\\Windows\\x",
    "a\0b",
    "~",
    "~root",
    "clip.",
    "clip..",
    ".",
    "..",
    "...",
    "",
    ".hidden",
    "-rf",
    "CON",
    "con.txt",
    "lpt1",
    "COM¹",
    "a" * 300,
    "é" * 200,
    "\udcff\udcfe",
    "a/b",
    "a b",
    "a\nb",
    "a|b",
    "a\u202eb",
    "a\u200bb",
    "e\u0301",
    "name~0123456789",
    "ends with space ",
]


class TestSafeName:
    @pytest.mark.parametrize(
        "plain", ["LJ001-0001", "p225_001", "84_121550_000007_000000", "été", "клип_1", "音声.01", "हिन्दी"]
    )
    def test_a_good_id_stays_as_it_is(self, plain: str) -> None:
        assert safe_name(plain) == plain

    @pytest.mark.parametrize("hostile", HOSTILE)
    def test_a_hostile_id_becomes_a_file(self, hostile: str, tmp_path: Path) -> None:
        name = safe_name(hostile)
        assert name != hostile
        atomic_write(tmp_path / f"{name}.phonemes.parquet", b"x")
        assert [p.name for p in tmp_path.iterdir()] == [f"{name}.phonemes.parquet"]

    @given(st.text(alphabet=st.characters(codec=None, categories=None), max_size=400))
    def test_any_id_gives_a_name_that_is_safe_everywhere(self, identity: str) -> None:
        name = safe_name(identity)
        assert name == safe_name(identity)
        assert 0 < len(name.encode()) <= 170
        assert not set(name) & set('/\\:*?"<>|\0 \t\n')
        assert name[0] not in ".-~"
        assert name[-1] != "."
        assert name.isprintable()
        assert unicodedata.is_normalized("NFC", name)
        assert name.split("~")[0].split(".")[0].casefold() not in {"con", "prn", "aux", "nul", "com1", "lpt9"}

    @given(st.lists(st.text(alphabet="aA.éÉ\u0301e~_-/ßs", max_size=6), max_size=30))
    def test_no_two_ids_share_a_name_even_where_case_is_ignored(self, identities: list[str]) -> None:
        names = safe_names(identities)
        assert names.keys() == set(identities)
        folded = {unicodedata.normalize("NFC", name.casefold()) for name in names.values()}
        assert len(folded) == len(names)
        assert names == safe_names(reversed(identities))

    def test_only_ids_that_collide_are_renamed(self) -> None:
        names = safe_names(["LJ001", "Clip", "clip", "other"])
        assert names["LJ001"] == "LJ001"
        assert names["other"] == "other"
        assert names["Clip"].startswith("Clip~")
        assert names["clip"].startswith("clip~")

    def test_paths_are_names_with_a_hash_only_where_two_would_be_one(self) -> None:
        assert safe_names(["wavs/1", "wavs/2", "more/1"]) == {
            "wavs/1": "wavs_1",
            "wavs/2": "wavs_2",
            "more/1": "more_1",
        }
        names = safe_names(["a/b", "a_b", "a b", "c d"])
        assert (names["a_b"], names["c d"]) == ("a_b", "c_d")
        assert names["a/b"].startswith("a_b~")
        assert names["a b"].startswith("a_b~")
