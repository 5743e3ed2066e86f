"""Turn the state of a training run into a checkpoint to share: averaged weights, float16, nothing else."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ttsprep.codec.checkpoint import Checkpoint
from ttsprep.codec.config import CodecConfig
from ttsprep.codec.network import CodecModel
from ttsprep.codec.quantisers.rvq import ResidualEma
from ttsprep.codec.training.config import TrainConfig
from ttsprep.codec.training.data import Speech
from ttsprep.codec.training.trainer import CodecTrainer, load_run
from ttsprep.core.errors import UsageError
from ttsprep.core.untrusted import parse_json

GAINS = (1 / 1.2, 1 / 0.8)
"""Output gains that make up for what a healthy decoder loses of the level, as `Guard` understands healthy."""


def export(
    folder: Path, *, half: bool = True, averaged: bool = True, licence: str = "", speech: Speech | None = None
) -> Checkpoint:
    """Return the checkpoint of a training run.

    Parameters
    ----------
    folder
        Of the run.
    half
        Store float16.
    averaged
        Use the averaged weights instead of the last ones.
    licence
        Of the speech the run was trained on.
    speech
        What it was trained on, to measure the output gain (on training clips only); None leaves it at 1, and so does
        a level so far off that the run has collapsed.

    Returns
    -------
    Checkpoint
    """
    state = load_run(folder / "state.pt")
    if speech is not None and speech.digest != state["corpus"]:
        raise UsageError(f"{folder} was trained on other speech: the output gain is measured on what it was trained on")
    config = CodecConfig.model_validate(state["config"])
    model = CodecModel(config)
    model.load_state_dict(state["average" if averaged else "model"])
    updates = [int(u) for u in state["model"]["quantiser.updates"]]
    active = next((q for q, count in enumerate(updates) if count == 0), len(updates))
    freeze_codebooks(model)
    if speech is not None and active:
        config = with_output_gain(config, model.eval(), speech, active)
    return Checkpoint(
        config=config,
        state=stored_state(model, half),
        trained_codebooks=active,
        updates_per_quantiser=updates,
        step=int(state["step"]),
        training_summary=_summary(folder, state),
        corpus_digest=str(state["corpus"]),
        licence=licence,
    )


def with_output_gain(config: CodecConfig, model: CodecModel, speech: Speech, num_codebooks: int) -> CodecConfig:
    """Return the config with the output gain of its model; unchanged where the level is so far off as to be a collapse.

    A gain beyond what a guard lets pass would only hide a collapse from `doctor`, which names it.
    """
    gain = round(level_gain(model, speech, num_codebooks), 4)
    return config.model_copy(update={"output_gain": gain}) if GAINS[0] <= gain <= GAINS[1] else config


@torch.no_grad()
def freeze_codebooks(model: CodecModel) -> None:
    """Replace sums and usages, which have done their work, by the codes they stand for."""
    if isinstance(model.quantiser, ResidualEma):
        for stage in range(model.quantiser.num_codebooks):
            model.quantiser.total[stage] = model.quantiser.codes(stage)
        model.quantiser.usage.fill_(1.0)


def stored_state(model: CodecModel, half: bool) -> dict[str, Tensor]:
    """Return the tensors of a model as a checkpoint holds them, float16 if `half`."""
    out = {}
    for name, value in model.state_dict().items():
        copied = value.detach().clone()
        out[name] = copied.to(torch.float16) if half and copied.is_floating_point() else copied
    return out


@torch.inference_mode()
def level_gain(model: CodecModel, speech: Speech, num_codebooks: int, *, clips: int = 48) -> float:
    """Return what brings decoded speech back to its level, from five seconds each of some clips of the training."""
    size = model.config.hop_length
    pieces = speech.training
    ratios = []
    for piece in pieces[:: max(1, len(pieces) // clips)][:clips]:
        whole = torch.from_numpy(speech.clip(piece)[: 5 * speech.rate] / piece.level)
        samples = whole[None, : len(whole) // size * size]
        codes = model.quantiser.encode(model.encoder(samples), num_codebooks)
        decoded = model.decoder(model.quantiser.decode(codes))
        ratios.append(float(decoded.square().mean().sqrt() / (samples.square().mean().sqrt() + 1e-6)))
    return len(ratios) / sum(ratios)


def _summary(folder: Path, state: dict[str, Any]) -> dict[str, Any]:
    log = folder / "log.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
    last: dict[str, Any] = parse_json(lines[-1]) if lines else {}
    last.pop("seconds", None)
    return {"training": state["train"], "last_logged": last}


def fit(config: CodecConfig, speech: Speech, *, seed: int = 0, licence: str = "") -> Checkpoint:
    """Fit a codec without gradient steps, by principal components, least squares and k-means.

    The nonlinear parts of the network stay as they are drawn; the same seed gives the same codec.
    """
    trainer = CodecTrainer(config, TrainConfig(seed=seed), speech)
    trainer.begin()
    trainer.start_quantiser()
    model, num_codebooks = trainer.model.eval(), config.quantiser.num_codebooks
    freeze_codebooks(model)
    gain = round(level_gain(model, speech, num_codebooks), 4)
    return Checkpoint(
        config=config.model_copy(update={"output_gain": gain}),
        state=stored_state(model, half=True),
        trained_codebooks=num_codebooks,
        updates_per_quantiser=[1] * num_codebooks,
        step=0,
        training_summary={"fitted": "closed form, no gradient steps"},
        corpus_digest=speech.digest,
        licence=licence,
    )
