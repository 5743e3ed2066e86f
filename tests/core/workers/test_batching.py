"""Where memory runs out, groups are halved until they fit."""

import subprocess
import sys
import textwrap

import pytest

torch = pytest.importorskip("torch")

from ttsprep.core.workers.batching import in_groups, out_of_memory  # noqa: E402

SCRIPT = """
    import resource
    import numpy as np, torch
    torch.set_num_threads(1)
    from ttsprep.codec import tiles
    from ttsprep.codec.codec import Codec
    from ttsprep.core.workers.batching import in_groups
    codec = Codec.load("nano16")
    rng = np.random.default_rng(0)
    clip = rng.standard_normal(16000 * 2).astype(np.float32) * 0.05
    (alone,) = codec.encode([clip], num_codebooks=2)
    pieces = tiles.cut(torch.from_numpy(clip), alone.scale, codec.hop_length) * 40
    work = lambda group: tiles.encode_tiles(codec.model, group, 2, rows=len(group))  # the way of a GPU
    work(pieces[:1])
    data = int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmData"))) * 1024
    room = data + (40 << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (room, room))
    less = []
    together = list(in_groups(work, pieces, 40, less.append))
    assert len(together) == 40 and less
    assert all((one.codes.numpy() == alone.codes).mean() > 0.98 for one in together)
    print(less[-1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of Linux")
def test_a_real_shortage_halves_the_group():
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(SCRIPT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 1 <= int(done.stdout) < 40


def test_a_real_error_of_the_allocator_is_known():
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 55)
    assert out_of_memory(caught.value)
    with pytest.raises(MemoryError) as caught:
        bytearray(1 << 62)
    assert out_of_memory(caught.value)
    with pytest.raises(RuntimeError) as caught:
        torch.zeros(2) @ torch.zeros(3)
    assert not out_of_memory(caught.value)


def test_groups_shrink_and_stay_small_and_keep_the_order():
    sizes, less = [], []

    def work(group):
        sizes.append(len(group))
        if len(group) > 3:
            torch.empty(1 << 55)
        return [2 * item for item in group]

    assert list(in_groups(work, range(20), 16, less.append)) == list(range(0, 40, 2))
    assert sizes == [16, 8, 4, *[2] * 10] and less == [8, 4, 2]


def test_what_does_not_fit_alone_is_an_error():
    with pytest.raises(RuntimeError, match="allocate"):
        list(in_groups(lambda group: torch.empty(1 << 55), [1, 2], 2))
    with pytest.raises(ValueError, match="other"):
        list(in_groups(lambda group: int("other"), [1, 2], 2))
