"""A run is the same run whether or not it was interrupted, and it is stopped when it collapses."""

import json

import numpy as np
import pytest
import soundfile as sf

torch = pytest.importorskip("torch")

from codec.made_up_speech import small_base, small_base_training, small_training  # noqa: E402
from ttsprep.codec.config import preset  # noqa: E402
from ttsprep.codec.training.data import Speech  # noqa: E402
from ttsprep.codec.training.run import (  # noqa: E402
    Guard,
    Log,
    Run,
)
from ttsprep.codec.training.trainer import CodecTrainer, load_run  # noqa: E402
from ttsprep.core.errors import CollapseError, UsageError  # noqa: E402


def same(a, b, path="") -> None:
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b), path
    elif isinstance(a, dict):
        assert a.keys() == b.keys(), path
        for key in a:
            same(a[key], b[key], f"{path}/{key}")
    elif isinstance(a, list):
        assert len(a) == len(b), path
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            same(x, y, f"{path}/{i}")
    else:
        assert a == b, path


@pytest.mark.slow
def test_a_run_interrupted_and_resumed_is_bit_identical(packed, tmp_path):
    """Through the warm-up, the start of the codebooks, and the start of the discriminator."""
    train = small_training(discriminator={"from_step": 30, "batch": 2}, loss={"loudness": 0.5})
    speech = Speech(packed)
    Run(tmp_path / "whole", speech, preset("tiny8"), train).go(steps=50, log_every=10)
    for stop in (13, 27, 41, 50):
        Run(tmp_path / "parts", speech, preset("tiny8"), train).go(steps=stop, log_every=10)
    same(load_run(tmp_path / "whole" / "state.pt"), load_run(tmp_path / "parts" / "state.pt"))


@pytest.mark.slow
def test_the_shape_of_base16_is_healthy_and_resumes_to_the_bit(packed, tmp_path):
    """Causal, two discriminators, mel loss at seven sizes; through the start of codebooks and discriminator."""
    speech, config, train = Speech(packed), small_base(causal=True), small_base_training()
    Run(tmp_path / "whole", speech, config, train).go(steps=36, log_every=9)
    for stop in (16, 36):
        Run(tmp_path / "parts", speech, config, train).go(steps=stop, log_every=10)
    whole = load_run(tmp_path / "whole" / "state.pt")
    same(whole, load_run(tmp_path / "parts" / "state.pt"))
    lines = [json.loads(s) for s in (tmp_path / "whole" / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines[-1]["total"] < 0.95 * lines[0]["total"]
    assert all(0.5 < line["rms"] < 1.2 for line in lines)
    assert len(lines[-1]["perplexity"]) == 3
    assert min(lines[-1]["perplexity"]) > 30
    assert "discriminator" in lines[-1]
    assert "discriminator" not in lines[0]
    assert any(name.startswith("periods.4.") for name in whole["discriminator"])


def test_a_step_may_be_skipped_but_not_most_of_them(packed, tmp_path):
    run = Run(tmp_path, Speech(packed), preset("tiny8"), small_training())
    log = Log(tmp_path / "log.jsonl", 0)
    rows = [{"total": torch.tensor(2.0), "rms": torch.tensor(1.0), "norm": torch.tensor(n)} for n in (3.0, 5.0, 7.0)]
    rows[1]["norm"] = torch.tensor(float("inf"))
    run._look(list(rows), log, logging=False)
    log.write(3, [])
    assert json.loads((tmp_path / "log.jsonl").read_text(encoding="utf-8"))["norm"] == 5.0
    with pytest.raises(CollapseError, match="2 of the last 2 steps"):
        run._look([rows[1], rows[1]], log, logging=False)


def test_a_state_that_is_not_finite_is_not_saved(packed, tmp_path):
    run = Run(tmp_path, Speech(packed), preset("tiny8"), small_training())
    run.go(steps=3)
    with torch.no_grad():
        run.trainer.model.encoder.leave.bias[0] = float("nan")
    with pytest.raises(CollapseError, match="not finite"):
        run.go(steps=6)
    state = load_run(tmp_path / "state.pt")
    assert state["step"] == 3
    assert all(value.isfinite().all() for value in state["model"].values())


@pytest.mark.slow
def test_the_loss_falls_and_every_codebook_moves(trained):
    lines = [json.loads(s) for s in (trained / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["step"] for line in lines] == list(range(20, 121, 20))
    assert lines[-1]["total"] < 0.9 * lines[0]["total"]
    assert len(lines[-1]["perplexity"]) == 4
    assert min(lines[-1]["perplexity"]) > 10
    assert load_run(trained / "state.pt")["model"]["quantiser.updates"].tolist() == [100] * 4


def test_a_run_can_be_listened_to(trained):
    first, rate = sf.read(trained / "samples" / "original.wav")
    names = sorted(path.name for path in (trained / "samples").glob("step-*.wav"))
    assert names[-1] == f"step-{load_run(trained / 'state.pt')['step']:06d}.wav"
    last, _ = sf.read(trained / "samples" / names[-1])
    assert len(first) == len(last) == 12 * rate
    assert 0.3 < np.sqrt(np.mean(last**2)) / np.sqrt(np.mean(first**2)) < 3


def test_decay_can_begin_at_any_moment_and_ends_the_run(packed, tmp_path):
    speech = Speech(packed)
    Run(tmp_path, speech, preset("tiny8"), small_training()).go(steps=5)
    run = Run(tmp_path, speech, preset("tiny8"), small_training(), {"optimiser": {"decay_from": 5, "decay_steps": 4}})
    rates = [run.trainer.train.optimiser.rate_at(step) for step in (30, 40)]
    assert rates[0] == rates[1] == pytest.approx(3e-3 * 0.02)
    run.go()
    assert run.trainer.step == 9


@pytest.mark.parametrize("kind", ["rvq-ema", "rvq-l2"])
def test_the_averaged_weights_begin_with_the_codebooks_that_were_started(packed, kind):
    books = preset("tiny8").quantiser.model_copy(update={"kind": kind})
    trainer = CodecTrainer(preset("tiny8").model_copy(update={"quantiser": books}), small_training(), Speech(packed))
    trainer.start_quantiser()
    same(trainer.model.quantiser.state_dict(), trainer.average.quantiser.state_dict())


def test_depth_grows_book_by_book(packed):
    trainer = CodecTrainer(
        preset("tiny8"), small_training(quantiser={"warmup_steps": 5, "grow_every": 10}), Speech(packed)
    )
    seen = []
    for step in (0, 4, 5, 14, 15, 25, 35, 999):
        trainer.step = step
        seen.append(trainer.active)
    assert seen == [0, 0, 1, 1, 2, 3, 4, 4]


def test_held_out_speakers_are_never_cropped(packed):
    speech = Speech(packed)
    assert len({p.speaker for p in speech.held_out}) == 1
    assert not {p.id for p in speech.held_out} & {p.id for p in speech._train}


def test_a_run_is_not_resumed_on_other_speech(trained, packed, tmp_path):
    state = load_run(trained / "state.pt")
    state["corpus"] = "another"
    torch.save(state, tmp_path / "state.pt")
    with pytest.raises(UsageError, match="other speech"):
        Run(tmp_path, Speech(packed), preset("tiny8"), small_training())


def test_guards_name_the_collapse():
    guard = Guard(rms_from=0, patience=20)
    with pytest.raises(CollapseError, match="amplitude collapse"):
        for step in range(500):
            guard.check(step, 1.0, 0.3, None)
    with pytest.raises(CollapseError, match="codebook collapse"):
        Guard().check(5000, 1.0, 1.0, 3.0)
    with pytest.raises(CollapseError, match="nan"):
        Guard().check(1, float("nan"), 1.0, None)
    healthy = Guard()
    for step in range(6000):
        healthy.check(step, 1.0, 0.97, 400.0)


def test_a_learning_rate_that_blows_up_is_caught(packed, tmp_path):
    run = Run(
        tmp_path, Speech(packed), preset("tiny8"), small_training(optimiser={"learning_rate": 1e4, "warmup_steps": 1})
    )
    run.guard.rms_from, run.guard.patience = 20, 10
    with pytest.raises(CollapseError):
        run.go(steps=200)


def test_a_new_run_can_begin_from_a_checkpoint(trained, packed, tmp_path):
    from ttsprep.codec.training.export import export

    checkpoint = export(trained)
    run = Run(tmp_path, Speech(packed), preset("tiny8"), small_training(quantiser={"warmup_steps": 0}))
    run.trainer.adopt(checkpoint)
    first = run.trainer.advance()["total"]
    cold = Run(tmp_path / "cold", Speech(packed), preset("tiny8"), small_training())
    assert first < 0.95 * cold.trainer.advance()["total"]
    run.go(steps=12)
    assert export(tmp_path).updates_per_quantiser == [111] * 4
    with pytest.raises(UsageError, match="warmup_steps = 0"):
        Run(tmp_path / "b", Speech(packed), preset("tiny8"), small_training()).trainer.adopt(checkpoint)
