"""A codec in seconds and in closed form: the floor under every trained one, and a quick one for tests."""

from ttsprep.codec.checkpoint import Checkpoint
from ttsprep.codec.config import CodecConfig
from ttsprep.codec.corpus import Speech
from ttsprep.codec.export import level_gain, settle, stored
from ttsprep.codec.settings import TrainConfig
from ttsprep.codec.trainer import Trainer


def fit(config: CodecConfig, speech: Speech, *, seed: int = 0, licence: str = "") -> Checkpoint:
    """Fit a codec without gradient steps: principal components, least squares, k-means.

    Parameters
    ----------
    config
        The network; its nonlinear parts stay as they are drawn.
    speech
        Packed training speech.
    seed
        Of every random choice; the same seed gives the same codec.
    licence
        Of the speech.

    Returns
    -------
    Checkpoint
    """
    trainer = Trainer(config, TrainConfig(seed=seed), speech)
    trainer.begin()
    trainer.start_quantiser()
    model, depth = trainer.model.eval(), config.quantiser.depth
    settle(model)
    gain = round(level_gain(model, speech, depth), 4)
    return Checkpoint(
        config=config.model_copy(update={"output_gain": gain}),
        state=stored(model, half=True),
        active_depth=depth,
        updates_per_quantiser=[1] * depth,
        step=0,
        training_summary={"fitted": "closed form, no gradient steps"},
        corpus_digest=speech.digest,
        licence=licence,
    )
