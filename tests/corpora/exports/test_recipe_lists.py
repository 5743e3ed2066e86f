"""Whatever a recipe says of a list is refused by name, or gives a list that its reader reads back."""

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.exports.build import build, write
from ttsprep.build.config import Segment, parse
from ttsprep.core.errors import UsageError
from ttsprep.corpora.exports.base import Entry
from ttsprep.corpora.exports.filelist import Filelist

TEXTS = ("Plain words.", '"Quoted," he said', "a, b; c|d\te", "it's {braces}", "a'b", "1 2 3", "wide\u3000blank")
SIGNS = st.sampled_from(["|", ",", ";", "\t", "\x01", "\x1f", "||", " ", '"', "'", "{", "}", "\n", "\r", "\x85", "\0"])


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Entry]]:
    root = tmp_path_factory.mktemp("built") / "a"
    return root, build(root, TEXTS)


@settings(max_examples=60, deadline=None)
@given(SIGNS | st.text(max_size=2), st.booleans(), st.sampled_from(["", "name|text"]) | st.text(max_size=4))
def test_a_list_is_read_back_or_its_recipe_is_refused(
    built: tuple[Path, list[Entry]], delimiter: str, quoted: bool, header: str
) -> None:
    root, entries = built
    try:
        form = Filelist(
            template=f"{{file}}{delimiter}{{text}}", delimiter=delimiter, quoted=quoted, header=header, files="all.txt"
        )
    except UsageError as error:
        assert "delimiter" in str(error) or "header" in str(error) or "template" in str(error)
        return
    kept = [entry for entry in entries if not form.refuse(entry)]
    folder = write(form, entries, root)
    with (folder / "all.txt").open(encoding="utf-8", newline="\n") as file:
        lines = file.read().split("\n")[:-1]
    assert lines[0] == header or not header
    rows = lines[1:] if header else lines
    found = list(csv.reader(rows, delimiter=delimiter)) if quoted else [row.split(delimiter) for row in rows]
    assert found == [[Path(entry.path).name, entry.text] for entry in kept]


def test_a_delimiter_in_the_path_of_the_build_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "a;b"
    entries = build(root, ["one"])
    with pytest.raises(UsageError, match="cannot be written to a table"):
        write(Filelist(template="{path};{text}", delimiter=";", absolute=True), entries, root)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('[exports.filelist]\nheader = "a\\nb"', "header is one line"),
        ('[exports.filelist]\ntemplate = "{path}|\\n{text}"', "template is one line"),
        ("[exports.filelist]\ndelimiter = '\"'", "no quote"),
        ("[exports.filelist]\ndelimiter = '{'", "no brace"),
        ("[exports.parquet]\nclips = 0", "a count from 1 on"),
        ("[exports.webdataset]\nmegabytes = -1.0", "more than 0"),
        ("[segment]\nlongest_s = 1e308", "segment.longest_s"),
        ("[segment]\nshortest_s = 0.001", "segment.shortest_s"),
        ("[stages.resample]\nsample_rate = -5", "sample_rate"),
        ("[stages.trim]\nfade_s = nan", "fade_s"),
        (f"[split]\nseed = {'1' * 400}", "64 bits"),
        (f"about = {'1' * 5000}", "300 digits"),
        (f"about = {'[' * 5000}{']' * 5000}", "64 arrays or tables"),
        (f"a{'.a' * 3000} = 1", "64 arrays or tables"),
    ],
)
def test_numbers_and_signs_that_are_refused_by_name(line: str, words: str) -> None:
    forms = 'export = ["filelist", "parquet", "webdataset"]\n'
    with pytest.raises(UsageError) as caught:
        parse(f"{'' if line[0] == 'a' else forms}{line}", "mine.toml")
    assert str(caught.value).startswith("mine.toml")
    assert words in str(caught.value)


def test_a_cut_has_a_length_that_a_clip_can_have() -> None:
    assert Segment(shortest_s=0.1, longest_s=3600).longest_s == 3600
