"""Guessing the language of texts offline: by their script, its letters, and the words that every text has."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ttsprep.text.scripts import script

ENOUGH = 20
"""Texts from which on a guess is made."""
_MOST = 2000
"""Texts that are looked at."""
_SURE = 1.25
"""How many times as many words the likeliest language must have as the next; words of several count in parts."""
_BY_SCRIPT = {
    "HANGUL": "ko", "THAI": "th", "LAO": "lo", "KHMER": "km", "MYANMAR": "my", "GEORGIAN": "ka", "ARMENIAN": "hy",
    "HEBREW": "he", "GREEK": "el", "TAMIL": "ta", "TELUGU": "te", "KANNADA": "kn", "MALAYALAM": "ml", "SINHALA": "si",
    "GUJARATI": "gu", "GURMUKHI": "pa", "ORIYA": "or", "ETHIOPIC": "am", "CHEROKEE": "chr",
}  # fmt: skip
_LETTERS = {
    "CYRILLIC": {
        "be": "ў", "tg": "ҷӣӯ", "kk": "ғқұ", "tt": "җһә", "ky": "ң", "mn": "өү", "sr": "ђћ", "mk": "јѓќѕ",
        "uk": "іїєґ", "ru": "ыэё", "bg": "ъщ",
    },
    "ARABIC": {"ug": "ەېۆۈ", "ur": "ٹڈڑںے", "ps": "ټډړښې", "sd": "ڄڃڻڳ", "fa": "پچژگی", "ar": "ةىي"},
    "BENGALI": {"as": "ৰৱ", "bn": "র"},
}  # fmt: skip
"""Letters that a language has and its neighbours have not, those of fewer languages first."""
_WORDS = {
    "DEVANAGARI": {
        "hi": "है के की का में और को से नहीं हैं पर यह कि एक हो था ने भी तो हम मुझे बहुत आप मैं रहा",
        "mr": "आहे आणि च्या मी हे ते नाही होते तो ती आहेत खूप मला का हा ही त्या करा असे काय",
        "ne": "छ र को मा छन् गर्न हो यो पनि थियो म भने लाई हुन्छ धेरै छु गर्नुहोस् बाट",
    },
    "LATIN": {
        "en": "the and of to in is that was he for it with as his on be at by had not are but from have they which you",
        "de": "der die und das in zu den nicht von mit ist des sich auf dem ein es für auch im eine als war wir ich er",
        "fr": "de la le et les des en un une est que dans pour pas au qui sur se ce il plus par ne je avec nous elle",
        "es": "de la que el en y los se del las un por con no una su para es al lo como más pero sus le ha este muy",
        "it": "di che e la il un a è per in una sono non si con mi da ho lo ma le cosa del della anche come gli nel",
        "pt": "de que e o a do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem",
        "nl": "de het een en van ik te dat die in is niet met op voor zijn er maar aan ook hij als bij nog naar wij",
        "pl": "w i z na się nie do to że jest o jak po co tak za od jego ale przez był są ma już który tym",
        "cs": "a se v na je že to s z do i o k ve pro za by ale si po jsem jsou jak tak není byl která",
        "sk": "a sa v na je že to s z do i o k vo pre za by ale si po som sú ako tak nie bol ktorá",
        "sv": "och i att det som en på är av för med den till inte har de ett om men jag han var så från vi",
        "da": "og i at det er en til af på som for med den der ikke har de et om men jeg han var så fra vi blev",
        "nb": "og i å det er en til av på som for med den ikke har de et om men jeg han var så fra vi ble ikkje",
        "fi": "ja on ei se että oli hän mutta joka kun niin ovat myös kuin minä tämä olen mitä sen hyvin ole siitä",
        "hu": "a az és hogy nem is egy ez van volt csak meg de már ki még mint ha vagy azt nagyon kell mert",
        "ro": "de și în a la nu cu că o pe un este din care mai pentru se ce o fost sunt am lui eu dar foarte",
        "tr": "ve bir bu da de için ile çok ne var daha gibi ama kadar olarak o ben sonra değil mi en olan",
        "hr": "i je u se na da su za od s a o koji nije ali kao biti što to iz bio ili sam samo već",
        "sl": "in je v da se na so za z ki pa ne kot bi po tudi ni to iz bil ali sem še",
        "vi": "và của là có không được một cho trong người này những với đã đi tôi các anh ở nó thì rất lại ông",
        "id": "yang dan di itu dengan untuk tidak ini dari dalam akan pada saya ke ada bisa juga karena sudah sangat",
        "sw": "na ya wa kwa ni katika za la hii kama hiyo cha alisema lakini yake watu sana huo vya",
        "af": "die van en nie is het ek sy dat wat vir met op was om te sal kan aan jy hulle ons baie",
        "gl": "de que a o e do da en un unha para é con non os se por máis as dos como pero foi ao das ou moi",
        "ms": "yang dan di itu dengan untuk tidak ini dalam akan pada saya ke ada boleh juga kerana daripada ialah",
        "sq": "dhe të në një e i nuk që për me është si nga do ka më por kjo shumë",
        "eu": "eta da ez bat du dira den izan ere hori zen dut oso egin",
        "ga": "an agus na a ar is go le i do bhí tá ní sé sin mé ach leis",
        "eo": "la kaj de en al estas ne mi ke kun por li vi estis sed tre tio pri kiel ĝi unu",
        "ca": "de la que i el en a els per un una no les amb és del al es va com més són ha seva",
        "cy": "yn y a i o ar mae yr ei wedi gan am ond fod nid bod hefyd oedd roedd dw os",
        "is": "og að í á er sem til við var með ekki um en það hann af fyrir eru hún ég mjög",
        "et": "ja on ei et see ka oli mis kui ma ta oma aga nii siis seda väga olen",
        "lt": "ir yra kad į su iš tai ne kaip bet jis buvo į aš labai už tik man",
        "lv": "un ir ka uz no ar tas kā bet viņš bija es ļoti par nav tikai man šo",
        "az": "və bir bu da ki ilə üçün çox nə var daha kimi amma mən o sonra deyil olan",
        "uz": "va bir bu bilan uchun juda ham men u edi emas kerak bor keyin",
    },
}
"""The commonest words of each language."""
_SETS = {name: {code: frozenset(words.split()) for code, words in table.items()} for name, table in _WORDS.items()}
_BETWEEN = re.compile(r"[^\w\u0300-\u036f\u0900-\u0dff'’]+|[\d_]+|'s\b|’s\b")
_DIFFERENT = 4
"""Different words of a language that the texts must have."""


@dataclass(frozen=True, slots=True)
class Guess:
    """The likeliest language of some texts.

    Attributes
    ----------
    language
        A BCP 47 tag as eSpeak NG has it, or "" where none is sure.
    share
        Of the texts that were looked at, the share that shows it, from 0 to 1.
    """

    language: str
    share: float


UNSURE = Guess("", 0.0)


def guess_language(texts: Iterable[str]) -> Guess:
    """Guess the language that most of some texts are in.

    Parameters
    ----------
    texts
        Of one corpus; fewer than `ENOUGH` that hold letters are too few for a guess between languages of one script.
    """
    sample = [text for text in dict.fromkeys(texts) if any(map(str.isalpha, text))]
    sample = sample[:: max(1, len(sample) // _MOST)]
    scripts = [_script(text) for text in sample]
    if not sample:
        return UNSURE
    counts = Counter(scripts)
    usual, number = counts.most_common(1)[0]
    share = number / len(sample)
    chosen = [text.casefold() for text, kind in zip(sample, scripts, strict=True) if kind == usual]
    if usual in {"HIRAGANA", "KATAKANA", "CJK"}:
        kana = counts["HIRAGANA"] + counts["KATAKANA"]
        together = kana + counts["CJK"]
        return Guess("ja" if kana > 0.3 * together else "cmn", together / len(sample))
    if usual in _BY_SCRIPT:
        return Guess(_BY_SCRIPT[usual], share)
    if len(sample) < ENOUGH:
        return UNSURE
    if usual in _LETTERS:
        for code, letters in _LETTERS[usual].items():
            having = sum(not set(letters).isdisjoint(text) for text in chosen)
            if having > 0.1 * len(chosen):
                return Guess(code, share)
        return UNSURE
    return _by_words(chosen, _SETS[usual], share) if usual in _SETS else UNSURE


def _script(text: str) -> str:
    letters = Counter(script(letter) for letter in text[:200] if letter.isalpha())
    if letters["HIRAGANA"] + letters["KATAKANA"] > 0.1 * letters.total():
        return "HIRAGANA"
    return letters.most_common(1)[0][0] if letters else ""


def _by_words(texts: Iterable[str], known: dict[str, frozenset[str]], share: float) -> Guess:
    words = Counter(word for text in texts for word in _BETWEEN.split(text) if word)
    shared = Counter(word for own in known.values() for word in own)
    scores = {code: sum(words[word] / shared[word] for word in own) / words.total() for code, own in known.items()}
    (best, most), (_, next_most) = Counter(scores).most_common(2)
    different = sum(word in words for word in known[best])
    sure = most >= 0.03 and most >= _SURE * next_most and different >= _DIFFERENT
    return Guess(best, share) if sure else UNSURE


_NEAR = (
    {"hr", "bs", "sr", "sh"},
    {"id", "ms"},
    {"nb", "nn", "no", "da"},
    {"cmn", "zh", "yue", "hak", "nan"},
    {"cs", "sk"},
)
"""Languages that are taken for one another."""


def contradicts(declared: str, guess: Guess) -> bool:
    """Whether a guess is sure, and of another language than the one that is declared, not of a near one."""
    if not guess.language or guess.share < 0.7:
        return False
    base = declared.strip().lower().replace("_", "-").split("-")[0]
    base = {"zh": "cmn", "no": "nb", "iw": "he", "in": "id"}.get(base, base)
    if len(base) > 3:  # a name, such as English
        return False
    return base != guess.language and not any({base, guess.language} <= near for near in _NEAR)
