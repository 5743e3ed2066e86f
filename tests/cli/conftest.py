"""Speech to train a codec on, as in the tests of the codec."""

from codec.conftest import folder_of_speech

__all__ = ["folder_of_speech"]
