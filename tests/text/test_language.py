"""Languages are guessed from texts, and where the texts do not decide, none is."""

import time

import pytest
from checks.texts import SENTENCES, texts

from ttsprep.text.function_words import LETTERS, WORDS
from ttsprep.text.language import Guess, alike, contradicts, drawn, guess_language

MORE = {
    "ja": "電車が遅れたので、会議に間に合わなかった。|彼女は三つの言葉を話します。|母が作った料理が一番おいしい。",
    "zh": "卡尔普陪外孙玩滑梯。|他昨天买了一本新的词典，在书店里看到的。|请把门关上，外面太冷了。",
    "yue": "佢哋琴日去咗邊度呀？|我唔知道佢喺邊。|今日嘅天氣好好。",
    "ko": "그는 괜찮은 척하려고 애쓰는 것 같았다.|이번 주말에는 비가 올 것 같습니다.",
    "uk": "Я не знаю, що він сказав.|Вони прийшли до нас, але вже було пізно.|Це дуже гарний день, чи не так?",
    "be": "Я не ведаю, што ён сказаў.|Яны прыйшлі да нас, але ўжо было позна.|Гэта вельмі добры дзень.",
    "bg": "Не знам какво каза той.|Те дойдоха при нас, но вече беше късно.|Това е много хубав ден, нали?",
    "sr": "Не знам шта је он рекао.|Они су дошли код нас, али је већ било касно.|Ово је врло леп дан, зар не?",
    "mk": "Не знам што рече тој.|Тие дојдоа кај нас, но веќе беше доцна.|Ова е многу убав ден, нели?",
    "ar": "لا أعرف ماذا قال هذا الرجل.|ذهبنا إلى البيت في المساء مع أصدقائنا.|كان الجو جميلا جدا اليوم.",
    "fa": "نمی‌دانم که او چه گفت.|هوا امروز خیلی خوب است و ما به پارک می‌رویم.|این کتاب را از کجا خریدی؟",
    "ur": "مجھے نہیں معلوم کہ اس نے کیا کہا۔|آج موسم بہت اچھا ہے اور ہم باہر جا رہے ہیں۔",
    "hi": "मुझे नहीं पता कि उसने क्या कहा।|आज मौसम बहुत अच्छा है और हम बाहर जा रहे हैं।",
    "mr": "मला माहीत नाही की तो काय म्हणाला.|आज हवा खूप छान आहे आणि आम्ही बाहेर जात आहोत.",
    "ne": "मलाई थाहा छैन कि उसले के भन्यो।|आज मौसम धेरै राम्रो छ र हामी बाहिर जाँदैछौं।",
    "nb": "Jeg vet ikke hva han sa til henne i går.|Vi gikk en tur etter frokost, og så kom de hjem igjen.|Det "
    "er noe jeg må gjøre før vi går ut på byen.",
    "da": "Jeg ved ikke, hvad han sagde til hende i går.|Vi gik en tur efter morgenmaden, og så kom de hjem "
    "igen.|Der er noget, jeg skal gøre, før vi går ud i byen, men jeg har ikke meget tid.",
    "sv": "Jag vet inte vad han sade till henne i går.|Vi gick en promenad efter frukosten och sedan kom de "
    "hem.|Det är något som jag måste göra innan vi går ut.",
    "gl": "Non sei o que lle dixo onte á súa nai.|Despois do almorzo fomos dar unha volta e logo volveron á "
    "casa.|Hai unha cousa que teño que facer antes de saír.",
    "pt": "Não sei o que ele disse ontem à sua mãe.|Depois do almoço fomos dar uma volta e eles voltaram para "
    "casa.|Há uma coisa que tenho de fazer antes de sair.",
    "es": "No sé lo que le dijo ayer a su madre.|Después del desayuno fuimos a dar una vuelta y luego volvieron "
    "a casa.",
    "cs": "Nevím, co jí včera řekl.|Po snídani jsme šli na procházku a pak se vrátili domů.|Je to věc, kterou "
    "musím udělat.",
    "sk": "Neviem, čo jej včera povedal.|Po raňajkách sme išli na prechádzku a potom sa vrátili domov.|Je to "
    "vec, ktorú musím urobiť, pretože už je neskoro.",
    "hr": "Ne znam što joj je jučer rekao.|Poslije doručka smo išli u šetnju, a onda su se vratili kući.|To je "
    "nešto što moram napraviti prije nego što odemo.",
    "pl": "Nie wiem, co jej wczoraj powiedział.|Po śniadaniu poszliśmy na spacer, a potem wrócili do domu.",
    "nl": "Ik weet niet wat hij gisteren tegen haar zei.|Na het ontbijt gingen wij wandelen en toen kwamen ze "
    "naar huis.",
    "tr": "Dün ona ne söylediğini bilmiyorum.|Kahvaltıdan sonra yürüyüşe çıktık ve onlar eve döndüler.|Bu çok "
    "güzel bir gün, değil mi?|Bugün ne yapacaksın, bana da söyle.",
    "fi": "En tiedä, mitä hän sanoi minulle eilen.|Aamiaisen jälkeen menimme kävelylle, ja sitten he palasivat "
    "kotiin.|Tämä on jo kolmas kerta, kun hän ei ole tullut.",
    "hu": "Nem tudom, mit mondott neki tegnap.|Reggeli után elmentünk sétálni, és aztán hazajöttek.|Ez egy "
    "nagyon szép nap.",
    "vi": "Tôi không biết anh ấy đã nói gì với cô ấy.|Hôm nay trời rất đẹp và chúng tôi đi ra ngoài.",
    "id": "Saya tidak tahu apa yang dia katakan kepada ibunya.|Hari ini cuaca sangat bagus dan kami akan pergi "
    "ke luar.",
    "he": "אני לא יודע מה הוא אמר לה אתמול.|היום מזג האוויר יפה מאוד.",
    "th": "วันนี้อากาศดีมาก|ฉันไม่รู้ว่าเขาพูดอะไร",
    "el": "Δεν ξέρω τι της είπε χθες.|Σήμερα ο καιρός είναι πολύ καλός.",
}  # fmt: skip


@pytest.mark.parametrize("language", MORE)
def test_a_few_sentences_show_their_language(language: str) -> None:
    assert guess_language(MORE[language].split("|")).language == language


@pytest.mark.parametrize("language", SENTENCES)
def test_literature_shows_its_language(language: str) -> None:
    assert guess_language(texts(language)).language == {"pt-br": "pt"}.get(language, language)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["", "12", "..."],
        ["Jakarta", "Paris 1905", "Miller", "Berlin"],
        ["iphone", "Да"],
        ["ja"],
        ["Anna Karenina, Tolstoi, Dostojewski, Puschkin, Lermontow, Gogol, Turgenjew, Tschechow, Bunin, Nabokow"],
        ["Мой дядя самых честных правил", "It was the best of times, it was the worst"],
    ],
)
def test_names_numbers_and_a_word_decide_nothing(lines: list[str]) -> None:
    assert guess_language(lines).language == ""


def test_foreign_words_asides_and_numbers_do_not_mislead() -> None:
    german = [
        "Das Meeting im Office war lang.",
        "Der Download dauert noch eine Minute.",
        "[laughs] Wir gehen heute los.",
    ]
    assert guess_language(german).language == "de"
    assert guess_language(["我想买一部iphone。", "请给我发一封email。"] * 3).language == "zh"
    assert guess_language(["<music> [laughter] {noise}"] * 20).language == ""


def test_one_language_of_two_much_alike_is_no_other() -> None:
    assert alike("nb_NO") == alike("no") >= {"nn"}
    assert alike("de-AT") == {"de"}
    guess = guess_language(MORE["hr"].split("|"))
    assert guess.score("sr-latn") == guess.score("hr") == max(guess.scores.values())
    assert guess.score("xx") is None


def test_a_million_texts_cost_as_much_as_a_few_hundred() -> None:
    lines = texts("en-us") * 70_000
    assert len(drawn(lines)) <= 400
    start = time.process_time()
    guess = guess_language(lines)
    assert time.process_time() - start < 0.5
    assert (guess.language, guess.texts) == ("en-us", len(drawn(lines)))


def test_every_language_is_listed_once_and_its_words_can_be_met() -> None:
    languages = [code for table in WORDS.values() for code in table]
    assert len(set(languages)) == len(languages)
    assert set(LETTERS) <= set(languages)
    for table in WORDS.values():
        for line in table.values():
            words = line.split()
            assert words
            assert line == line.lower()


def test_texts_contradict_other_languages_and_never_their_own() -> None:
    for language, line in MORE.items():
        guess = guess_language(line.split("|") * 4)
        assert not contradicts(language, guess)
        assert not contradicts(f"{language}_XX", guess)
        others = [other for other in ("en-us", "de", "ru", "ja", "th") if other not in alike(language)]
        assert all(contradicts(other, guess) for other in others), language


def test_what_is_not_known_contradicts_nothing() -> None:
    german = guess_language(MORE["nl"].split("|") * 4)
    assert not any(contradicts(declared, german) for declared in ("xx", "English", "de-latn", "kk", "ast", ""))
    assert not contradicts("de", Guess())
    assert not contradicts("de", guess_language(MORE["nl"].split("|")[:1]))


@pytest.mark.parametrize(("one", "other"), [("nb", "no"), ("hr", "sr"), ("id", "ms"), ("zh-HK", "cmn"), ("yue", "zh")])
def test_languages_much_alike_do_not_contradict_each_other(one: str, other: str) -> None:
    assert not contradicts(one, Guess(other, words=1000, scores={other: 0.4}))
