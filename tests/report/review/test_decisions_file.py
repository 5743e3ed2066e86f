"""Decisions are saved whole or not at all, and never over those of another writer."""

import multiprocessing
import resource
from pathlib import Path

import pytest

from ttsprep.audit.decisions import Decision, read_decisions, write_decisions
from ttsprep.core.errors import OutputError, UsageError
from ttsprep.report.review.decisions_file import UNDECIDED, Change, ConflictError, DecisionsFile

IDS = [f"clip-{i:03d}" for i in range(200)]
KEEP, DROP = Decision(True, reviewer="Ada"), Decision(False, reason="noise")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "decisions.csv"


def test_each_change_is_in_the_file_at_once(path: Path) -> None:
    file = DecisionsFile(path, IDS)
    assert file.read() == {}
    file.save([Change("clip-001", UNDECIDED, KEEP)])
    assert read_decisions(path, IDS) == {"clip-001": KEEP}
    file.save([Change("clip-001", KEEP, UNDECIDED), Change("clip-002", UNDECIDED, DROP)])
    assert read_decisions(path, IDS) == {"clip-002": DROP}
    assert list(path.parent.iterdir()) == [path], "nothing is left beside it"


def test_a_change_that_is_sent_twice_is_saved_once(path: Path) -> None:
    file = DecisionsFile(path, IDS)
    file.save([Change("clip-001", UNDECIDED, KEEP)])
    before = path.stat()
    file.save([Change("clip-001", UNDECIDED, KEEP)])
    assert path.stat() == before


def test_a_decision_of_another_writer_is_a_conflict_and_nothing_is_saved(path: Path) -> None:
    ours, theirs = DecisionsFile(path, IDS), DecisionsFile(path, IDS)
    ours.save([Change("clip-001", UNDECIDED, KEEP)])
    with pytest.raises(ConflictError) as caught:
        theirs.save([Change("clip-002", UNDECIDED, DROP), Change("clip-001", UNDECIDED, DROP)])
    assert caught.value.current == {"clip-001": KEEP}
    assert read_decisions(path, IDS) == {"clip-001": KEEP}
    theirs.save([Change("clip-001", KEEP, DROP)])
    assert ours.read() == {"clip-001": DROP}


def test_lines_that_a_spreadsheet_adds_are_kept(path: Path) -> None:
    file = DecisionsFile(path, IDS)
    file.save([Change("clip-001", UNDECIDED, KEEP)])
    with path.open("a", encoding="utf-8") as lines:
        lines.write("clip-007,reject,,,,,\n")
    file.save([Change("clip-002", UNDECIDED, DROP)])
    assert set(read_decisions(path, IDS)) == {"clip-001", "clip-002", "clip-007"}
    path.write_text("nonsense\n", encoding="utf-8")
    with pytest.raises(UsageError, match="nonsense"):
        file.save([Change("clip-003", UNDECIDED, DROP)])
    assert path.read_text("utf-8") == "nonsense\n"


def _save_all(path: Path, names: list[str]) -> None:
    file = DecisionsFile(path, IDS)
    for name in names:
        file.save([Change(name, UNDECIDED, KEEP)])


def test_two_processes_lose_nothing_of_each_other(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=_save_all, args=(path, names)) for names in (IDS[:30], IDS[30:60])]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
        assert process.exitcode == 0
    assert read_decisions(path, IDS) == dict.fromkeys(IDS[:60], KEEP)


def test_a_full_disk_leaves_the_file_as_it_was(path: Path) -> None:
    file = DecisionsFile(path, IDS)
    write_decisions(path, {"clip-001": KEEP})
    before = path.read_bytes()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, old[1]))
    try:
        with pytest.raises(OutputError, match="disk full"):
            file.save([Change("clip-002", UNDECIDED, DROP)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert path.read_bytes() == before
    file.save([Change("clip-002", UNDECIDED, DROP)])
    assert read_decisions(path, IDS) == {"clip-001": KEEP, "clip-002": DROP}
