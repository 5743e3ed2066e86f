"""Weights to listen with."""

from pathlib import Path

import pytest


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
