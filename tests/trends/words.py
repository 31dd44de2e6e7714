"""Made-up words in five scripts: no text of anybody's, and yet letters as each script has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from types import MappingProxyType

_VOCABULARY = 1_500


@dataclass(frozen=True)
class Script:
    """How words of a script are built: an onset and a nucleus make a syllable."""

    name: str
    iso15924: str
    languages: Mapping[str, str]
    """BCP 47 tags with their ISO 639-3 codes."""
    onsets: Sequence[str]
    nuclei: Sequence[str]
    syllables: tuple[int, int]
    blank: str = " "
    has_case: bool = False

    def word(self, chance: Random) -> str:
        """A new word."""
        count = chance.randint(*self.syllables)
        return "".join(chance.choice(self.onsets) + chance.choice(self.nuclei) for _ in range(count))


_HAN = [chr(code) for code in range(0x4E00, 0x9FA5, 11)]

SCRIPTS = (
    Script(
        "Latin",
        "Latn",
        MappingProxyType({"es": "spa", "sv": "swe"}),
        ["b", "č", "d", "fr", "g", "k", "l", "m", "ñ", "p", "r", "š", "t", "v", "z"],
        ["a", "á", "e", "é", "i", "o", "ö", "ő", "u", "ų"],
        (2, 4),
        has_case=True,
    ),
    Script(
        "Arabic",
        "Arab",
        MappingProxyType({"ar": "ara", "fa": "fas"}),
        list("بتثجحخدذرزسشصضطعغفقكلمنهي"),
        ["", "", "ا", "و", "ي"],
        (3, 5),
    ),
    Script(
        "Devanagari",
        "Deva",
        MappingProxyType({"hi": "hin", "ne": "nep"}),
        list("कखगघचछजझटठडढतथदधनपफबभमयरलवशसह"),
        ["", "ा", "ि", "ी", "ु", "ू", "े", "ो", "ं"],
        (2, 4),
    ),
    Script(
        "Cyrillic",
        "Cyrl",
        MappingProxyType({"uk": "ukr", "bg": "bul"}),
        list("бвгджзклмнпрстфхцчш"),
        list("аеиоуя"),
        (2, 4),
        has_case=True,
    ),
    Script("Han", "Hani", MappingProxyType({"zh": "zho", "zh-Hant": "zho"}), _HAN, _HAN, (1, 1), blank=""),
)

LANGUAGES: Mapping[str, Script] = MappingProxyType({tag: script for script in SCRIPTS for tag in script.languages})


@lru_cache(maxsize=len(LANGUAGES))
def vocabulary(language: str) -> Sequence[str]:
    """The words of a language, always the same."""
    chance = Random(f"words of {language}")
    return sorted({LANGUAGES[language].word(chance) for _ in range(_VOCABULARY)})


def names(language: str, count: int) -> list[str]:
    """So many names, all different also when case is ignored, and the same at every call."""
    script, chance, found = LANGUAGES[language], Random(f"names of {language}"), dict[str, str]()
    words = vocabulary(language)
    while len(found) < count:
        parts = [chance.choice(words) for _ in range(chance.randint(2, 3))]
        name = script.blank.join(part.title() if script.has_case else part for part in parts)
        found.setdefault(name.casefold(), name)
    return list(found.values())
