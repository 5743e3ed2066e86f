"""What an error says fits on a screen."""

from ttsprep.core.errors import CorpusError, shortened


def test_a_long_name_is_cut_in_the_middle() -> None:
    name = f"{'a' * 3000}MIDDLE{'b' * 3000}"
    said = str(CorpusError(f"there is no file {name}: look elsewhere"))
    assert said.startswith("there is no file aaa") and said.endswith("bbb: look elsewhere")
    assert "..." in said and len(said) < 400


def test_a_message_is_no_longer_than_a_page_and_a_short_one_stays() -> None:
    assert len(shortened("word " * 6000)) < 2100
    assert shortened("there is no file a.wav") == "there is no file a.wav"
