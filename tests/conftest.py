"""A spoken corpus for every test that needs one, made once."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, settings

from ttsprep.audit.defects.demo import make
from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.core.workers.forkserver import reused_servers

settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


def pytest_configure(config: pytest.Config) -> None:
    """Keep the cache of whoever runs the tests out of them, and of what they import."""
    patch, folder = pytest.MonkeyPatch(), tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    patch.setenv("TTSPREP_CACHE", f"{folder.name}/ttsprep")
    patch.setenv("TTSPREP_CACHE_BYTES", "0")
    patch.delenv("COLUMNS", raising=False)  # set where tests run in parallel; what is printed would be cut to them
    config.add_cleanup(patch.undo)
    config.add_cleanup(folder.cleanup)


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """Give each test an environment of its own: commands and libraries that run in this process change it."""
    with mock.patch.dict(os.environ):
        yield


@pytest.fixture(scope="module")
def one_server() -> Iterator[None]:
    """Fork the workers of all runs in a module from one process: its imports cost more than a dozen clips."""
    with reused_servers():
        yield


@pytest.fixture
def shared_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let the runs of a test share what they measure."""
    monkeypatch.setenv("TTSPREP_CACHE", str(tmp_path / "shared cache"))
    monkeypatch.delenv("TTSPREP_CACHE_BYTES")
    return tmp_path / "shared cache"


@pytest.fixture(scope="session")
def spoken_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen spoken clips in the layout of LJSpeech without any defect, and one orphan. Not to be changed."""
    folder = tmp_path_factory.mktemp("session") / "spoken"
    make(folder, SENTENCES[:14], planted=())
    return folder


@pytest.fixture
def spoken(spoken_once: Path, tmp_path: Path) -> Path:
    """Return a copy of the spoken corpus, which the test may change."""
    return Path(shutil.copytree(spoken_once, tmp_path / "spoken"))


@pytest.fixture(scope="session")
def few_once(spoken_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five spoken clips, where each costs seconds. Not to be changed."""
    folder = tmp_path_factory.mktemp("few") / "spoken"
    (folder / "wavs").mkdir(parents=True)
    lines = (spoken_once / "metadata.csv").read_text(encoding="utf-8").splitlines()[:5]
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for line in lines:
        shutil.copy(spoken_once / "wavs" / f"{line.split('|')[0]}.wav", folder / "wavs")
    return folder


@pytest.fixture(scope="module")
def spoken_module(spoken_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the spoken corpus, which the module may change."""
    return Path(shutil.copytree(spoken_once, tmp_path_factory.mktemp("module") / "spoken"))


@pytest.fixture
def add(spoken: Path) -> Callable[..., Path]:
    """Return a function that adds a line to the metadata of `spoken`, and the bytes of its audio."""

    def added(name: str, text: str = "Call me Ishmael.", audio: bytes | None = None) -> Path:
        with (spoken / "metadata.csv").open("a", encoding="utf-8", newline="") as file:
            file.write(f"{name}|{text}\n")
        path = spoken / "wavs" / f"{name}.wav"
        if audio is not None:
            path.write_bytes(audio)
        return path

    return added


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return weights of a small Whisper that knows nothing."""
    torch = pytest.importorskip("torch", reason="needs the extra asr")
    pytest.importorskip("whisper", reason="needs the extra asr")
    from whisper.model import ModelDimensions, Whisper

    torch.manual_seed(0)
    sizes = {"n_mels": 80, "n_vocab": 51865, "n_audio_ctx": 1500, "n_text_ctx": 64}
    layers = {"n_audio_state": 32, "n_audio_head": 2, "n_audio_layer": 3, "n_text_state": 32, "n_text_head": 2}
    dims = {**sizes, **layers, "n_text_layer": 3}
    path = tmp_path_factory.mktemp("weights") / "small.pt"
    model = Whisper(ModelDimensions(**dims))
    torch.nn.init.normal_(model.decoder.positional_embedding)
    torch.save({"dims": dims, "model_state_dict": model.state_dict()}, path)
    return path
