"""Workers and machines of a cluster that go while they work: the run finishes, and comes out as it does at home."""

import json
import os
import shutil
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from commands import ttsprep
from recorder import Recorder

from faults.house import audited, out_of, tables
from ttsprep.audit.pipeline import audit
from ttsprep.build.config import Recipe
from ttsprep.core.errors import MissingExtraError, TtsprepError, UsageError
from ttsprep.core.workers.pool import map_shards
from ttsprep.core.workers.ray_cluster import TRIES, connected

STORE = 80 << 20


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two machines of one core each, beside one that only leads."""
    pytest.importorskip("ray", reason="needs ray")
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        patch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))  # `Doubling` is in the tests
        from ray.cluster_utils import Cluster

        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": STORE})
        for _ in range(2):
            made.add_node(num_cpus=1, object_store_memory=STORE)
        yield made
        made.shutdown()


class Doubling:
    """Doubles numbers; kills its worker, or the actor that watches the worker, where it is told to."""

    def __init__(self, marks: Path) -> None:
        self.marks = marks

    batch = 1

    def setup(self) -> None:
        pass

    def setup_batch(self, items: Sequence[object]) -> None:
        pass

    def rows(self, items: Sequence[object]) -> list[object]:
        return [self.row(item) for item in items]

    def row(self, item: object) -> object:
        if item == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if item == "kill the actor":
            os.kill(self.actor(), signal.SIGKILL)
        if item == "kill the actor once" and not self.marks.exists():
            self.marks.touch()
            os.kill(self.actor(), signal.SIGKILL)
        if item == "stop":
            raise UsageError("no such thing")
        return item * 2 if isinstance(item, int) else item

    @staticmethod
    def actor() -> int:
        nursery = Path(f"/proc/{os.getppid()}/stat").read_text(encoding="utf-8")
        return int(nursery.rpartition(")")[2].split()[1])

    def failed(self, item: object, reason: str) -> object:
        return ("lost", item, reason)


def results(work: Doubling, shards: list[list[object]], address: str) -> list[list[object]]:
    with connected(address), closing(map_shards(work, shards, workers=1)) as answers:
        found = dict(answers)
    return [found[i] for i in range(len(shards))]


pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # of Ray
    pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc"),
]


@pytest.mark.slow
def test_what_kills_a_worker_is_lost_alone(cluster: Any, tmp_path: Path) -> None:
    first, empty, last = results(Doubling(tmp_path / "mark"), [[1, "die", 3], [], [4, 5]], cluster.address)
    assert (first[0], empty, last) == (2, [], [8, 10])
    assert first[1][:2] == ("lost", "die") and "SIGKILL" in first[1][2]
    assert first[2] == 6


def test_the_shard_of_a_lost_actor_is_done_by_another(cluster: Any, tmp_path: Path) -> None:
    shards: list[list[object]] = [[1, 2], [3, "kill the actor once", 4], [5], [6]]
    found = results(Doubling(tmp_path / "mark"), shards, cluster.address)
    assert found == [[2, 4], [6, "kill the actor once", 8], [10], [12]]
    assert (tmp_path / "mark").exists()


@pytest.mark.slow
def test_a_shard_that_kills_every_actor_is_lost(cluster: Any, tmp_path: Path) -> None:
    first, last = results(Doubling(tmp_path / "mark"), [[1, "kill the actor"], [2]], cluster.address)
    assert last == [4]
    assert [row[:2] for row in first] == [("lost", 1), ("lost", "kill the actor")]
    assert f"{TRIES} workers" in first[0][2]


def test_an_error_of_the_whole_run_stops_it(cluster: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^no such thing$"):
        results(Doubling(tmp_path / "mark"), [[1], ["stop"]], cluster.address)


def test_every_machine_must_see_the_corpus(cluster: Any, tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match=r"does not see .*nowhere"),
        connected(cluster.address, paths=[tmp_path / "nowhere"]),
    ):
        list(map_shards(Doubling(tmp_path), [[1]], workers=1))


@pytest.mark.slow
def test_a_machine_that_is_lost_changes_no_byte(cluster: Any, spoken: Path) -> None:
    """FAULTS 30: one of two machines goes in the middle of an audit of six shards."""
    lines = (spoken / "metadata.csv").read_text(encoding="utf-8").splitlines()
    names = [f"copy{number:03}" for number in range(320)]
    for number, name in enumerate(names):
        os.link(spoken / "wavs" / f"{lines[number % len(lines)].split('|')[0]}.wav", spoken / "wavs" / f"{name}.wav")
    more = [f"{name}|{lines[number % len(lines)].split('|', 1)[1]}" for number, name in enumerate(names)]
    (spoken / "metadata.csv").write_text("\n".join([*lines, *more, ""]), encoding="utf-8")
    audited(spoken)
    wanted = tables(out_of(spoken))
    shutil.rmtree(out_of(spoken))
    extra = cluster.add_node(num_cpus=1, object_store_memory=STORE)
    gone = []

    def lose_a_machine(clips: int, _: float) -> None:
        if clips and not gone:
            gone.append(clips)
            cluster.remove_node(extra, allow_graceful=False)

    with connected(cluster.address, paths=[spoken]):
        audit(spoken, out_of(spoken), Recipe(), jobs=1, progress=Recorder(on_advance=lose_a_machine))
    assert gone
    assert tables(out_of(spoken)) == wanted


def test_the_command_prints_only_its_result(cluster: Any, spoken: Path, tmp_path: Path) -> None:
    done = ttsprep("audit", spoken, "--out", tmp_path / "there", "--cluster", cluster.address, "--json")
    home = ttsprep("audit", spoken, "--out", tmp_path / "home", "--json")
    assert done.returncode == home.returncode, done.stderr
    assert json.loads(done.stdout).keys() == json.loads(home.stdout).keys()
    assert tables(tmp_path / "there") == tables(tmp_path / "home")


def test_no_cluster_and_no_ray_are_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="needs ray")
    with pytest.raises(UsageError, match="no Ray cluster answers at 'nonsense'"), connected("nonsense"):
        pass
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"ttsprep\[cluster\]"), connected("auto"):
        pass
    assert issubclass(MissingExtraError, TtsprepError)
