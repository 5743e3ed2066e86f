"""What can be known of training on a GPU without one: devices, waits, types, crops, compilation."""

from functools import partialmethod

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from codec.made_up_speech import small_base, small_base_training, small_training  # noqa: E402
from ttsprep.codec.device import autocast_dtype, compiles  # noqa: E402
from ttsprep.codec.training.adversary import load_optimiser  # noqa: E402
from ttsprep.codec.training.data import GpuCache, Speech  # noqa: E402
from ttsprep.codec.training.trainer import CodecTrainer  # noqa: E402


@pytest.fixture(scope="module")
def speech(packed):
    return Speech(packed)


def without_discriminator(warmup_steps, **changes):
    return small_base_training(quantiser={"warmup_steps": warmup_steps}, discriminator={"from_step": None}, **changes)


def on_another_device(config, train, speech):
    """A trainer past the start of its codebooks on a device whose tensors hold nothing.

    Whatever meets a tensor of the CPU there fails, and so does every look at a number: on a GPU that would be a
    wait at every step.
    """
    trainer = CodecTrainer(config, train, speech, "meta")
    trainer.step = max(train.quantiser.warmup_steps, train.discriminator.from_step or 0) + 1
    return trainer


@pytest.mark.parametrize(("kind", "beam"), [("rvq-ema", 2), ("rvq-l2", 1), ("residual-fsq", 1)])
def test_a_whole_step_stays_on_its_device_and_waits_for_nothing(speech, kind, beam):
    books = small_base().quantiser.model_copy(update={"kind": kind})
    trainer = on_another_device(
        small_base(quantiser=books.model_dump()), small_base_training(quantiser={"beam": beam}), speech
    )
    with pytest.raises(RuntimeError):  # or nothing would be tested here
        torch.zeros(3) + torch.zeros(3, device="meta")
    measured = trainer.advance()
    assert {"discriminator", "adversarial", "features", "loudness", "mel", "rms", "norm"} <= set(measured)
    assert all(value.device.type == "meta" for value in measured.values() if isinstance(value, torch.Tensor))
    modules = (trainer.model, trainer.average, trainer.adversarial.discriminator)
    state = {name: value for module in modules for name, value in module.state_dict().items()}
    assert {name for name, value in state.items() if value.device.type == "cpu"} == {"quantiser.updates"}
    assert trainer.model.quantiser.updates.tolist() == [1] * 3
    assert all(p.grad is not None for p in trainer.model.parameters())


def test_the_steps_before_the_codebooks_stay_there_too(speech):
    trainer = on_another_device(small_base(), without_discriminator(1000), speech)
    trainer.step = 1
    assert trainer.advance()["codes"].shape[1] == 0


def test_crops_are_taken_where_the_corpus_lies(speech):
    resident = GpuCache(speech, torch.device("cpu"))
    crops = resident.crops(32, 2000, torch.Generator().manual_seed(3))
    again = resident.crops(32, 2000, torch.Generator().manual_seed(3))
    assert torch.equal(crops, again)
    pieces = {piece.id: speech.clip(piece) / piece.level for piece in speech.training}
    found = set()
    for crop in crops.numpy():
        for name, clip in pieces.items():
            energy = np.convolve(clip**2, np.ones(2000), "valid") + 1e-6
            at = int((np.correlate(clip, crop, "valid") / np.sqrt(energy)).argmax())
            cut = clip[at : at + 2000]
            gain = float(crop @ cut / (cut @ cut))
            if np.allclose(crop, gain * cut, atol=1e-4):
                assert 10**-0.15 - 1e-3 < gain < 10**0.15 + 1e-3
                found.add(name)
                break
        else:
            pytest.fail("a crop that is no piece of the corpus")
    assert len(found) > 4
    assert float((crops.square().mean(1) > 0.02).float().mean()) > 0.9


def test_clips_shorter_than_a_crop_are_padded(speech):
    longest = max(piece.length for piece in speech.training)
    crops = GpuCache(speech, torch.device("cpu")).crops(4, longest + 500, torch.Generator().manual_seed(0))
    assert float(crops[:, longest:].abs().max()) == 0 < float(crops[:, : longest // 2].abs().max())


def test_settings_say_where_they_hold():
    automatic = small_training(precision="auto", compile="auto")
    assert autocast_dtype(automatic, torch.device("cpu")) is None
    assert autocast_dtype(automatic, torch.device("cuda")) is torch.bfloat16
    assert [compiles(automatic, torch.device(name)) for name in ("cpu", "cuda")] == [False, True]
    assert autocast_dtype(small_training(), torch.device("cuda")) is None


def test_bfloat16_is_used_inside_and_nowhere_else(speech):
    losses = {}
    for precision in ("fp32", "bf16"):
        train = small_base_training(precision=precision, quantiser={"warmup_steps": 2}, discriminator={"from_step": 3})
        trainer = CodecTrainer(small_base(), train, speech)
        seen = {}

        def look(name, module, seen=seen):
            def hook(_module, _inputs, out):
                seen[name] = out.dtype

            module.register_forward_hook(hook)

        model, discriminator = trainer.model, trainer.adversarial.discriminator
        for name, module in {
            "block": model.encoder.coarse[0].widen, "latents": model.encoder, "head": model.decoder.head,
            "samples": model.decoder, "discriminator": discriminator.periods[0].verdict,
        }.items():  # fmt: skip
            look(name, module)
        measured = [float(trainer.advance()["total"]) for _ in range(5)]
        low = torch.bfloat16 if precision == "bf16" else torch.float32
        assert {name for name, dtype in seen.items() if dtype == low != torch.float32} == (
            {"block", "discriminator"} if precision == "bf16" else set()
        )
        assert all(value.dtype == torch.float32 for value in model.state_dict().values() if value.is_floating_point())
        losses[precision] = measured
    assert losses["bf16"] == pytest.approx(losses["fp32"], rel=0.1)
    assert losses["bf16"] != losses["fp32"]


def test_gradients_that_are_not_finite_move_nothing(speech):
    """On a GPU the kernel of the optimiser itself skips the step; its twin on the CPU does the same."""
    weight = torch.nn.Parameter(torch.ones(3))
    optimiser = torch.optim.AdamW([weight], lr=0.1, fused=True)
    for bad, moved in ((False, True), (True, False)):
        before = weight.detach().clone()
        weight.grad = torch.full((3,), float("nan") if bad else 1.0)
        norm = torch.nn.utils.clip_grad_norm_([weight], 1.0)
        optimiser.found_inf = (~norm.isfinite()).float()
        optimiser.step()
        assert torch.equal(before, weight) is not moved


def test_the_state_of_an_optimiser_can_move_to_other_kernels():
    weight = torch.nn.Parameter(torch.ones(3))
    there = torch.optim.AdamW([weight], fused=True)
    weight.grad = torch.ones(3)
    there.step()
    here = torch.optim.AdamW([weight])
    load_optimiser(here, there.state_dict())
    assert here.param_groups[0]["fused"] is None
    here.step()
    assert float(here.state[weight]["step"]) == 2


@pytest.mark.filterwarnings("ignore")  # the compiler warns of torch's own code
@pytest.mark.slow
def test_compiled_networks_train_as_the_others_do(speech, monkeypatch):
    """As far as the graphs of both directions; what makes machine code of them takes minutes."""
    monkeypatch.setattr(torch.nn.Module, "compile", partialmethod(torch.nn.Module.compile, backend="aot_eager"))
    losses = {}
    for compiled in (False, True):
        config = small_base(encoder_fine_blocks=1, encoder_blocks=0, decoder_fine_blocks=1, decoder_blocks=0)
        trainer = CodecTrainer(
            config,
            without_discriminator(2, compile=compiled),
            speech,
        )
        losses[compiled] = [float(trainer.advance()["total"]) for _ in range(3)]
        assert (trainer.model.encoder._compiled_call_impl is not None) is compiled
        assert not any("_orig_mod" in name for name in trainer.state()["model"])
    assert losses[True] == pytest.approx(losses[False], rel=1e-2)
