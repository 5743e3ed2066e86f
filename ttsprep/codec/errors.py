"""What the codec refuses to do.

::

    TtsprepError
    └── CodecError              the codec cannot do what was asked
        ├── CheckpointError     a checkpoint is foreign, damaged or does not fit its own config
        ├── UntrainedError      more codebooks were asked for than were trained
        └── CollapseError       a training run was stopped because the model is collapsing
"""

from ttsprep.errors import TtsprepError


class CodecError(TtsprepError):
    """The codec cannot do what was asked."""


class CheckpointError(CodecError):
    """A checkpoint is foreign, damaged, or does not fit its own config."""


class UntrainedError(CodecError):
    """More codebooks were asked for than were trained."""


class CollapseError(CodecError):
    """A training run was stopped because the model is collapsing."""
