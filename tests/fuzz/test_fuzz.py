"""Nothing that is read ends in an internal fault: each reader gives a result, or an error of its own.

``make fuzz`` runs these for ten minutes, every time with other inputs; a failure prints the seed number to set as
``FUZZ_SEED`` and keeps the input in ``.fuzz``.
"""

import os
import resource
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from fuzz.mutations import json_like, mutated
from fuzz.readers import READERS
from ttsprep.core.errors import TtsprepError

SECONDS = float(os.environ.get("FUZZ_SECONDS", "10"))
"""Of this process, for all readers together."""
FIRST = int(os.environ.get("FUZZ_SEED", "0"))
BATCH = 50
FOUND = Path(".fuzz")
MEMORY = 6 << 30


@pytest.fixture
def little_memory() -> Iterator[None]:
    """A size in a damaged header is not believed: what is allocated for it fails here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.parametrize("name", list(READERS))
@pytest.mark.usefixtures("little_memory")
def test_a_reader_refuses_what_it_cannot_read(name: str, tmp_path: Path) -> None:
    reader = READERS[name]
    changed = reader.seed(tmp_path)
    good = changed.read_bytes()
    reader.read(tmp_path)  # the seed itself is read
    inputs: st.SearchStrategy[bytes] = mutated(good) | st.binary(max_size=200)
    inputs = inputs | json_like(good) | json_like(good) if reader.json else inputs

    def feed(data: bytes) -> None:
        changed.unlink(missing_ok=True)
        changed.write_bytes(data)
        try:
            reader.read(tmp_path)
        except TtsprepError as error:
            assert str(error)
        except BaseException:
            FOUND.mkdir(exist_ok=True)
            (FOUND / f"{name}-{sha256(data).hexdigest()[:12]}").write_bytes(data)
            raise

    end, number = time.process_time() + SECONDS / len(READERS), FIRST
    while True:
        quick = settings(max_examples=BATCH, database=None, derandomize=False, print_blob=False)
        seed(number)(quick(given(inputs)(feed)))()
        number += 1
        if time.process_time() > end:
            break
