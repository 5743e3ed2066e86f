"""Which words of a book the pieces of its recording hold."""

from itertools import pairwise

from ttsprep.audit.defects.demo_sentences import SENTENCES
from ttsprep.build.longform.book_words import split_book
from ttsprep.build.longform.match_words import match_pieces, word_pairs
from ttsprep.text.characters import letters

TEXTS = [sentence for sentence in SENTENCES if len(sentence.split()) > 6][:14]


def texts_of(book: str, written: list[str]) -> list[str]:
    taken = split_book(book, "")
    return [
        taken.between(one.begin, one.end) if not one.reason else f"! {one.reason}"
        for one in match_pieces(taken, written)
    ]


def test_pieces_that_are_written_as_in_the_book_have_its_split_book() -> None:
    assert texts_of(" ".join(TEXTS), TEXTS) == TEXTS


def test_words_that_were_misheard_are_those_of_the_book() -> None:
    written = [text.replace("the", "a").replace("ing", "in") for text in TEXTS]
    written[3] = " ".join(["well", *TEXTS[3].split()[1:]])
    assert texts_of(" ".join(TEXTS), written) == TEXTS


def test_text_that_is_not_read_is_left_out() -> None:
    preface = "Preface by the editor, who thanks everybody for nothing in particular."
    book = " ".join([preface, *TEXTS[:5], "Footnote: this was not so.", *TEXTS[5:], "THE END"])
    assert texts_of(book, TEXTS) == TEXTS


def test_a_number_that_may_not_be_read_is_no_part_of_a_piece() -> None:
    words_of_it = TEXTS[4].split()
    book = " ".join([*TEXTS[:4], *words_of_it[:4], "17", *words_of_it[4:], "18", *TEXTS[5:]])
    found = texts_of(book, TEXTS)
    assert found[4] == "! numbers of the text may not be read"
    assert [*found[:4], *found[5:]] == [*TEXTS[:4], *TEXTS[5:]]


def test_a_number_between_two_pieces_is_of_neither() -> None:
    written = [f"{TEXTS[0]} so", TEXTS[1]]
    for one in match_pieces(split_book(f"{TEXTS[0]} 19 {TEXTS[1]}", ""), written):
        assert (one.reason, one.before, one.after) == ("", 0, 0)
    assert texts_of(f"{TEXTS[0]} 19 {TEXTS[1]}", written) == TEXTS[:2]


def test_speech_without_a_text_is_refused() -> None:
    found = texts_of(" ".join([*TEXTS[:6], *TEXTS[7:]]), TEXTS)
    assert found[6] == "! there is speech that the text does not have"
    assert [*found[:6], *found[7:]] == [*TEXTS[:6], *TEXTS[7:]]
    assert texts_of(" ".join(TEXTS), ["", "Quite another thing altogether happens."])[0].startswith("! there is speech")
    (short, *_) = texts_of(" ".join(TEXTS), [f"{TEXTS[0]} Calling.", *TEXTS[1:]])
    assert short == "! there is speech that the text does not have"
    assert match_pieces(split_book("", ""), ["one", ""]) == match_pieces(split_book("...", ""), ["one", ""])


def test_words_between_two_pieces_may_be_of_either() -> None:
    first, second = TEXTS[0].split(), TEXTS[1].split()
    one, two = match_pieces(split_book(" ".join(TEXTS[:3]), ""), [" ".join(first[:-1]), " ".join(second[1:])])
    assert (one.before, one.end, one.after) == (0, len(first) - 1, 2)
    assert (two.before, two.begin) == (2, len(first) + 1)


def test_a_phrase_that_the_book_has_twice_is_found_in_its_order() -> None:
    refrain = "and so on, and so on, and so on."
    book = f"{TEXTS[0]} {refrain} {TEXTS[1]} {refrain} {TEXTS[2]}"
    assert texts_of(book, [TEXTS[0], refrain, TEXTS[1], refrain, TEXTS[2]])[1::2] == [refrain, refrain]


def test_pairs_are_in_order() -> None:
    book = [letters(word) for word in " ".join(TEXTS).split()]
    said = [*book[5:40], "never", "written", *book[50:]]
    found = word_pairs(book, said)
    assert all(a < c and b < d for (a, b), (c, d) in pairwise(found))
    assert {(i, i + 5) for i in range(35)} <= set(found)
