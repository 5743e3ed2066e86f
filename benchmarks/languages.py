"""How often the language of a small corpus is guessed right, on texts of installed programs' translations.

    python benchmarks/languages.py [--locale /usr/share/locale] [--texts 20] [--corpora 40]

The texts are sentences of gettext catalogues (`LANGUAGE/LC_MESSAGES/*.mo`) that differ from the English ones, of 20 to
150 letters, without placeholders and markup. Of each language with 60 or more, corpora of `--texts` are drawn with a
fixed seed. Prints how many guesses are right, wrong and left open, and how often the texts contradict their own
language, which never should be. Languages that are not to be told apart (`ALIKE`) count as one.
"""

import argparse
import gettext
import random
import re
from collections import Counter
from pathlib import Path

from ttsprep.text.language import alike, contradicts, guess_language, known_languages

MARKUP = re.compile(r"[%<{\\$=|/]|--|_")
SENTENCE = re.compile(r"\n|(?<=[.!?]) ")


def sentences(folder: Path) -> list[str]:
    """Return the sentences of the catalogues in a folder, sorted."""
    found: set[str] = set()
    for path in sorted(folder.glob("*.mo")):
        if path.name.startswith("iso_"):  # names of countries and languages
            continue
        with path.open("rb") as file:
            try:
                catalogue = vars(gettext.GNUTranslations(file))["_catalog"]
            except (OSError, ValueError, IndexError) as error:
                print(f"{path} is left out: {error}")
                continue
        for key, text in catalogue.items():
            if key and text != (key[0] if isinstance(key, tuple) else key):
                found.update(line.replace("&", "").strip() for line in SENTENCE.split(text) if is_prose(line))
    return sorted(found)


def is_prose(line: str) -> bool:
    """Return whether a line is text without placeholders, and of a usual length."""
    letters = sum(map(str.isalpha, line))
    return not MARKUP.search(line) and 20 <= letters <= 150 and letters > 0.7 * len(line)


def held_out(folder: Path) -> dict[str, list[str]]:
    """Return the sentences of files called LANGUAGE.txt, one a line."""
    return {path.stem: path.read_text(encoding="utf-8").splitlines() for path in sorted(folder.glob("*.txt"))}


def main() -> int:
    """Print the table; 1 if under 99 % of the guesses are right or a language contradicts itself."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--locale", type=Path, default=Path("/usr/share/locale"))
    parser.add_argument("--sentences", type=Path, help="folder of LANGUAGE.txt, texts that no profile was made from")
    parser.add_argument("--texts", type=int, default=20)
    parser.add_argument("--corpora", type=int, default=40, help="of each language")
    given = parser.parse_args()
    known = known_languages()
    names = {folder.name: re.split("[_@]", folder.name)[0] for folder in sorted(given.locale.iterdir())}
    sources = (
        held_out(given.sentences)
        if given.sentences
        else {name: sentences(given.locale / name / "LC_MESSAGES") for name in names if names[name] in known}
    )
    sources = {name: lines for name, lines in sources.items() if len(lines) >= max(60, given.texts)}
    declared = sorted({re.split("[_@]", name)[0] for name in sources})
    draw = random.Random(5)
    totals: Counter[str] = Counter()
    unseen: Counter[str] = Counter()
    for name, lines in sources.items():
        language = re.split("[_@]", name)[0]
        counts: Counter[str] = Counter()
        for _ in range(given.corpora):
            guess = guess_language(draw.sample(lines, given.texts))
            right = guess.language.split("-")[0] in alike(language)
            counts["right" if right else "wrong" if guess.language else "open"] += 1
            counts["false alarms"] += contradicts(language, guess)
            for other in declared:
                if other not in alike(language):
                    seen = contradicts(other, guess)
                    counts["wrong ones seen" if seen else "wrong ones not seen"] += 1
                    unseen[f"{language} as {other}"] += not seen
        totals += counts
        totals["languages"] += 1
        print(f"{name:<12} " + ", ".join(f"{what} {count}" for what, count in counts.items() if count))
    print(", ".join(f"{what} {count:,}" for what, count in totals.items()))
    print("wrong ones not seen: " + ", ".join(f"{pair} {count}" for pair, count in unseen.most_common(40) if count))
    tried = totals["right"] + totals["wrong"] + totals["open"]
    return int(totals["right"] < 0.99 * tried or totals["false alarms"] > 0)


if __name__ == "__main__":
    raise SystemExit(main())
