"""Metadata as people and programs write it: the text reaches the tables exactly, or a finding names the line."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from commands import ttsprep

from faults.house import audited, audited_by_command, out_of

pytestmark = pytest.mark.usefixtures("one_server")

TEXTS = (
    '"It begins with a quote, and never ends.',
    "null",
    "NA",
    "007",
    "1e5",
    '=HYPERLINK("http://x.invalid")',
    "+1",
    "-1",
    "@home",
    "\ttab first",
    "a\u2028b\u2029c\x0bd\x85e",
    "carriage\rreturn",
    "NUL \0 within",
    "\u202eright to left\u202c",
    "zero\u200bwidth\ufeff",
    "  blanks around  ",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }} ${7*7} %s {0}",
    "👩‍👩‍👧‍👦 نص عربي हिन्दी",
    "e\u0301 is not \u00e9",
)


@pytest.fixture
def names(spoken: Path) -> list[str]:
    """Return the names of twenty files that are there."""
    audio = (spoken / "wavs" / "demo-001.wav").read_bytes()
    for i in range(len(TEXTS)):
        (spoken / "wavs" / f"t{i:02d}.wav").write_bytes(audio)
    return [f"t{i:02d}" for i in range(len(TEXTS))]


def test_hostile_texts_are_kept_exactly(spoken: Path, names: list[str]) -> None:
    lines = "".join(f"{name}|{text}\n" for name, text in zip(names, TEXTS, strict=True))
    (spoken / "metadata.csv").write_bytes(lines.encode())
    document = audited_by_command(spoken)
    assert document["clips"] == len(TEXTS)
    table = pq.read_table(out_of(spoken) / "clips.parquet")
    assert table["text"].to_pylist() == list(TEXTS)
    assert table["id"].to_pylist() == names
    assert set(table["status"].to_pylist()) == {"ok"}


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8-sig", ""), ("utf-16", ""), ("utf-16-be", "\ufeff")])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings_and_line_ends(spoken: Path, encoding: str, mark: str, end: str) -> None:
    texts = ["Ein Café.", "Zwei Straßen.", "Three."]
    lines = "".join(f"demo-{i + 1:03d}|{text}{end}" for i, text in enumerate(texts))
    (spoken / "metadata.csv").write_bytes((mark + lines).encode(encoding))
    assert list(audited(spoken, jobs=1, checks={"only": ("audio-missing",)}).clips.text) == texts


def test_damaged_lines_are_findings_with_their_number(spoken: Path) -> None:
    good = (spoken / "metadata.csv").read_bytes()
    damaged = (
        b"demo-002",
        b"|no name",
        b"long|" + b"x" * (1 << 21),
        b"demo-003|one|two|many",
        b"demo-004|\xff\xfe bytes",
    )
    (spoken / "metadata.csv").write_bytes(good + b"\n".join(damaged) + b"\n")
    result = audited(spoken)
    messages = " ".join(result.findings.message[result.findings.code.isin(["metadata-malformed", "text-encoding"])])
    for line in (15, 16, 17, 18, 19):
        assert f"line {line}" in messages
    assert list(result.clips.text)[:14] == [line.split("|")[1] for line in good.decode().splitlines()]


@pytest.mark.parametrize(
    "content", [b"", b"\n\n\n", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, b"\x7fELF" + bytes(9000)]
)
def test_what_is_no_text_is_refused(spoken: Path, content: bytes) -> None:
    (spoken / "metadata.csv").write_bytes(content)
    done = ttsprep("audit", spoken, "--out", out_of(spoken))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "metadata.csv" in done.stderr
    assert not out_of(spoken).exists()
