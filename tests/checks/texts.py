"""Public-domain sentences, other than those the checks were tuned on, and the table a check judges."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ttsprep.checks.base import Check
from ttsprep.core.signal import Signal
from ttsprep.core.types import Audio, Clip, Finding

SENTENCES = {
    "en-us": """Call me Ishmael.
Some years ago I thought I would sail about a little and see the watery part of the world.
Whenever I find myself growing grim about the mouth, I account it high time to get to sea as soon as I can.
It was the best of times, it was the worst of times.
There was no possibility of taking a walk that day.
You don't know about me without you have read a book by the name of The Adventures of Tom Sawyer.
The sun shone, having no alternative, on the nothing new.
Happy families are all alike; every unhappy family is unhappy in its own way.
It is a truth universally acknowledged, that a single man in possession of a good fortune must want a wife.
Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do.
"What is the use of a book," thought Alice, "without pictures or conversations?"
All children, except one, grow up.
Far out in the ocean the water is as blue as the petals of the loveliest cornflower.
He was an inch, perhaps two, under six feet, powerfully built.
The cold passed reluctantly from the earth, and the retiring fogs revealed an army.""",
    "ru": """Мой дядя самых честных правил, когда не в шутку занемог, он уважать себя заставил.
Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.
В начале июля, в чрезвычайно жаркое время, под вечер, один молодой человек вышел из своей каморки.
Однажды весною, в час небывало жаркого заката, в Москве появились два гражданина.
У лукоморья дуб зелёный, златая цепь на дубе том.
Я помню чудное мгновенье: передо мной явилась ты.
Белеет парус одинокий в тумане моря голубом.
Скажи-ка, дядя, ведь недаром Москва, спалённая пожаром, французу отдана?
Мороз и солнце; день чудесный! Ещё ты дремлешь, друг прелестный.
Люблю грозу в начале мая, когда весенний первый гром, как бы резвяся и играя, грохочет.""",
    "es": """En un lugar de la Mancha, de cuyo nombre no quiero acordarme, vivía un hidalgo.
Una olla de algo más vaca que carnero, salpicón las más noches, duelos y quebrantos los sábados.
Muchos años después había de recordar aquella tarde remota.
¿Quién ha visto jamás cosa semejante?
La libertad, Sancho, es uno de los más preciosos dones que a los hombres dieron los cielos.
El que lee mucho y anda mucho, ve mucho y sabe mucho.
La heroica ciudad dormía la siesta. El viento sur, caliente y perezoso, empujaba las nubes blanquecinas.
Volverán las oscuras golondrinas en tu balcón sus nidos a colgar.""",
    "fr": """Longtemps, je me suis couché de bonne heure.
Il était une fois une petite fille, la plus éveillée qu'on eût su voir.
C'était à Mégara, faubourg de Carthage, dans les jardins d'Hamilcar.
« Où vas-tu ? » demanda le loup ; mais il n'osa la manger, à cause des bûcherons.
Maître Corbeau, sur un arbre perché, tenait en son bec un fromage.""",
    "de": """Es war einmal eine kleine süße Dirne, die hatte jedermann lieb.
Wer reitet so spät durch Nacht und Wind? Es ist der Vater mit seinem Kind.
Habe nun, ach! Philosophie, Juristerei und Medizin durchaus studiert, mit heißem Bemühn.
Er sprach: „Es macht mir großen Spaß“, und ging über die Brücke nach „Ä“.""",
    "pt-br": """Minha terra tem palmeiras, onde canta o sabiá; as aves não gorjeiam como lá.
Algum tempo hesitei se devia abrir estas memórias pelo princípio ou pelo fim.
Não consultes médico; consulta alguém que tenha estado doente. “ATENÇÃO”, “MAÇÔ e “PÃO”.
As armas e os barões assinalados, que da ocidental praia lusitana, por mares nunca dantes navegados.""",
    "gu": """જ્યાં જ્યાં વસે એક ગુજરાતી, ત્યાં ત્યાં સદાકાળ ગુજરાત.
વૈષ્ણવ જન તો તેને કહીએ, જે પીડ પરાઈ જાણે રે.
પરદુઃખે ઉપકાર કરે તોયે, મન અભિમાન ન આણે રે.""",
    "ja": """わがはいはねこである。なまえはまだない。
国境の長いトンネルを抜けると雪国であった。
メロスは激怒した。必ず、かの邪智暴虐の王を除かなければならぬと決意した。""",
}  # fmt: skip


def texts(language: str) -> list[str]:
    """Return the sentences of a language."""
    return SENTENCES[language].split("\n")


def measured(lines: Sequence[str], check: type[Check], language: str, speakers: Sequence[str] = ()) -> pd.DataFrame:
    """Return the table of clips c0, c1 ... with the measures of `check`."""

    silence = Signal(Audio(np.zeros((0, 1), np.float32), 16000))
    rows = []
    for at, line in enumerate(lines):
        speaker = speakers[at] if speakers else ""
        clip = Clip(id=f"c{at}", path=f"c{at}.wav", text=line, language=language, speaker=speaker)
        table_text = line.encode("utf-8", "backslashreplace").decode()
        row = {"id": clip.id, "text": table_text, "language": language, "speaker": speaker}
        measures = check.measure(clip, silence)
        assert measures.keys() == dict(check.measures).keys()
        rows.append(row | measures)
    return pd.DataFrame(rows)


def judged(lines: Sequence[str], check: Check, language: str, speakers: Sequence[str] = ()) -> list[Finding]:
    """Return what `check` finds in clips c0, c1 ..."""
    findings = list(check.judge(measured(lines, type(check), language, speakers)))
    known = {code.code for code in check.codes}
    assert all(finding.code in known for finding in findings)
    return findings
