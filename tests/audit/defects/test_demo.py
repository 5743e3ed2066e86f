"""The demo: the same files every time, and an audit that names what was planted."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from ttsprep.audit.defects.demo import PLANTED, make
from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.audit.pipeline import audit
from ttsprep.build.config import Recipe


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    corpus = tmp_path_factory.mktemp("demo") / "corpus"
    return corpus, make(corpus)


def test_it_is_the_same_however_often_and_in_every_process(demo, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ttsprep.audit.defects.demo", str(tmp_path / "alone")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert all(code in done.stderr for code in PLANTED)
    make(tmp_path / "again")
    assert digests(tmp_path / "again") == digests(demo[0]) == digests(tmp_path / "alone")


def test_the_audit_names_every_planted_defect_and_leaves_the_rest_alone(demo, tmp_path: Path) -> None:
    corpus, planted = demo
    result = audit(corpus, tmp_path / "out", Recipe(), jobs=2)
    found = set(zip(result.findings["clip"], result.findings["code"], strict=True))
    assert {(item.clip, item.code) for item in planted} <= found
    spoilt = {item.clip for item in planted}
    clean = result.findings[~result.findings["clip"].isin(spoilt)]
    assert clean[clean.severity != "note"].empty
    assert set(result.clips.id) >= {f"demo-{i + 1:03d}" for i in range(len(SENTENCES))}


def test_there_is_a_sentence_for_every_defect() -> None:
    assert 2 + 2 * len(PLANTED) <= len(SENTENCES)
    assert len(set(SENTENCES)) == len(SENTENCES)
