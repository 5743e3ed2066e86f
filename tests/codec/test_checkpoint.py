"""A checkpoint is complete, safe to load, and refused with a reason where it does not fit itself."""

import pickle

import pytest

torch = pytest.importorskip("torch")

from ttsprep.codec.checkpoint import read_checkpoint, write_checkpoint  # noqa: E402
from ttsprep.codec.codec import Codec  # noqa: E402
from ttsprep.codec.training.export import export  # noqa: E402
from ttsprep.core.errors import CheckpointError, UntrainedError  # noqa: E402


@pytest.fixture
def file(trained, tmp_path):
    write_checkpoint(export(trained, licence="made up"), tmp_path / "checkpoint.pt")
    return tmp_path / "checkpoint.pt"


def edited(file, **changes):
    raw = torch.load(file, weights_only=True)
    raw.update(changes)
    torch.save(raw, file)
    return file


def test_what_is_written_is_read(file, trained):
    checkpoint = read_checkpoint(file)
    assert checkpoint.trained_codebooks == 4
    assert checkpoint.updates_per_quantiser == [100] * 4
    assert checkpoint.step == 120
    assert checkpoint.licence == "made up"
    assert checkpoint.training_summary["training"]["seed"] == 1
    assert len(checkpoint.corpus_digest) == 64
    assert checkpoint.digest() == export(trained).digest()
    assert all(v.dtype == torch.float16 for v in checkpoint.state.values() if v.is_floating_point())


def test_the_digest_names_the_weights(file):
    before = read_checkpoint(file).digest()
    raw = torch.load(file, weights_only=True)
    raw["state"]["decoder.head.bias"][3] += 1
    torch.save(raw, file)
    assert read_checkpoint(file).digest() != before


def test_float16_and_averaging_change_little(trained):
    short, full = export(trained).model(), export(trained, half=False).model()
    for (name, a), b in zip(short.state_dict().items(), full.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, atol=2e-3, rtol=2e-3, msg=name)


class Evil:
    def __reduce__(self):
        return (print, ("this must not run",))


def test_a_pickle_is_refused_and_not_run(tmp_path, capsys):
    path = tmp_path / "evil.pt"
    path.write_bytes(pickle.dumps({"format": "ttsprep-codec", "x": Evil()}))
    with pytest.raises(CheckpointError, match="without running code"):
        read_checkpoint(path)
    torch.save({"format": "ttsprep-codec", "x": Evil()}, path)
    with pytest.raises(CheckpointError, match="without running code"):
        read_checkpoint(path)
    assert "must not run" not in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 half a zip"])
def test_damaged_files_are_refused(tmp_path, content):
    path = tmp_path / "bad.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError):
        read_checkpoint(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="no such file"):
        read_checkpoint(tmp_path / "none.pt")


def test_a_training_state_is_no_checkpoint(trained):
    with pytest.raises(CheckpointError, match="exported"):
        read_checkpoint(trained / "state.pt")


def test_wrong_sizes_are_refused_before_a_model_is_made(file):
    raw = torch.load(file, weights_only=True)
    with pytest.raises(CheckpointError, match="the config says"):
        read_checkpoint(edited(file, config={**raw["config"], "decoder_width": 4096, "decoder_blocks": 1}))
    del raw["state"]["encoder.enter.weight"]
    with pytest.raises(CheckpointError, match=r"encoder\.enter\.weight"):
        read_checkpoint(edited(file, config=raw["config"], state=raw["state"]))


def test_nan_weights_are_refused(file):
    raw = torch.load(file, weights_only=True)
    raw["state"]["decoder.head.bias"][0] = float("nan")
    with pytest.raises(CheckpointError, match="diverged"):
        read_checkpoint(edited(file, state=raw["state"]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": 1}, "version 1, this ttsprep reads version 2"),
        ({"format": "other"}, "not a ttsprep codec checkpoint"),
        ({"surprise": 1}, "surprise"),
        ({"trained_codebooks": 9}, "trained_codebooks"),
        ({"trained_codebooks": True}, "trained_codebooks"),
        ({"updates_per_quantiser": [5, 5, 0, 0]}, "codebook 2 was never trained"),
        ({"updates_per_quantiser": [5]}, "4 numbers"),
        ({"config": {"sample_rate": "many"}}, "sample_rate"),
        ({"config": {"colour": 3}}, "colour"),
    ],
)
def test_what_does_not_fit_is_named(file, changes, words):
    with pytest.raises(CheckpointError, match=words):
        read_checkpoint(edited(file, **changes))


def test_depth_that_was_not_trained_cannot_be_used(packed, tmp_path):
    """The failure this is against: 3 of 8 books trained, all 8 used, noise comes out."""
    from codec.made_up_speech import small_training
    from ttsprep.codec.config import preset
    from ttsprep.codec.training.data import Speech
    from ttsprep.codec.training.run import Run

    Run(tmp_path, Speech(packed), preset("tiny8"), small_training(quantiser={"warmup_steps": 5, "grow_every": 10})).go(
        steps=20
    )
    checkpoint = export(tmp_path)
    assert checkpoint.trained_codebooks == 2
    assert checkpoint.updates_per_quantiser == [15, 5, 0, 0]
    write_checkpoint(checkpoint, tmp_path / "short.pt")
    codec = Codec.load(tmp_path / "short.pt")
    clip = [torch.randn(3000).numpy()]
    assert codec.encode(clip)[0].codes.shape[0] == 2
    with pytest.raises(UntrainedError, match="2 of its 4 codebooks"):
        codec.encode(clip, num_codebooks=3)
