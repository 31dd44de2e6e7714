"""Makes a text look like what arrives: capitals, lost marks, and in Arabic spelling variants and attached prefixes.

Every function keeps names where they are: it returns a text with the same names at their new places.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from services.enricher.training.annotated import Annotated

# Code points that one letter may be replaced by without changing a word's length.
_ARABIC_VARIANTS = {"أ": "ا", "إ": "ا", "آ": "ا", "ة": "ه", "ى": "ي", "ئ": "ى", "ؤ": "و"}
_ARABIC_VOWELS = "\u064e\u064f\u0650\u0652\u0651"
_PREFIXES = {
    "am": ("የ", "በ", "ከ", "ለ"),
    "ar": ("و", "ب", "ل", "و", "ب", "ل", "ف", "ك", "وب", "ول"),
    "he": ("ו", "ב", "ל", "מ", "ה", "ש", "כ", "וב", "של"),
}
# Korean has blanks, but a corpus has lost them.
_WITHOUT_BLANKS = frozenset(("ja", "ko", "zh"))

_UPPER, _LOWER, _TITLE, _UNMARKED, _SPELT, _PREFIXED = 0.03, 0.015, 0.02, 0.12, 0.2, 0.15


def noisy(text: Annotated, rng: random.Random) -> Annotated:
    """The text, in some cases changed."""
    language = text.language
    if language in _PREFIXES and text.names:
        text = with_prefixes(text, rng, _PREFIXED)
    if language == "ar" and rng.random() < _SPELT:
        text = spelt_otherwise(text, rng)
    if rng.random() < _UNMARKED:
        text = without_last_mark(text)
    chance = rng.random()
    for share, change in ((_UPPER, str.upper), (_LOWER, str.lower), (_TITLE, str.title)):
        if chance < share:
            return in_case(text, change)
        chance -= share
    return text


def in_case(text: Annotated, change: Callable[[str], str]) -> Annotated:
    """The text in other case; unchanged when that would move a letter (ß, Turkish İ)."""
    changed = change(text.text)
    moved = len(changed) != len(text.text) or any(len(change(letter)) != 1 for letter in text.text)
    return text if moved else replace(text, text=changed)


def without_last_mark(text: Annotated) -> Annotated:
    """The text without the mark that ends it, as in headlines."""
    shorter = text.text.rstrip(".。।։።!؟?… ")
    inside = any(name.end > len(shorter) for name in text.names or ())
    return text if inside or not shorter else replace(text, text=shorter)


def spelt_otherwise(text: Annotated, rng: random.Random) -> Annotated:
    """Arabic with hamza, alif maqsura and ta marbuta as many write them, or with a few vowel signs."""
    if rng.random() < 0.7:
        chosen = {a: b for a, b in _ARABIC_VARIANTS.items() if rng.random() < 0.6}
        return replace(text, text="".join(chosen.get(letter, letter) for letter in text.text))
    inserted = [
        place
        for place, letter in enumerate(text.text[1:], 1)
        if "ء" <= letter <= "ي" and text.text[place - 1].isalpha() and rng.random() < 0.08
    ]
    for place in reversed(inserted):
        text = inserted_at(text, place, rng.choice(_ARABIC_VOWELS))
    return text


def with_prefixes(text: Annotated, rng: random.Random, share: float) -> Annotated:
    """The text with prefixes attached to some names that stand without one."""
    for number in reversed(range(len(text.names or ()))):
        name = (text.names or ())[number]
        at_word_start = not name.start or text.text[name.start - 1].isspace()
        if name.prefix != 0 or not at_word_start or not text.text[name.start].isalpha() or rng.random() > share:
            continue
        prefix = rng.choice(_PREFIXES[text.language])
        text = _prefixed(text, number, prefix)
    return text


def _prefixed(text: Annotated, number: int, prefix: str) -> Annotated:
    """The text with a prefix before its name; Arabic ل before ال turns into لل."""
    names = list(text.names or ())
    name = names[number]
    swallows = prefix.endswith("ل") and text.text[name.start : name.start + 2] == "ال" and name.end - name.start > 4
    longer = inserted_at(text, name.start, prefix)
    names = list(longer.names or ())
    start = name.start + len(prefix)
    names[number] = replace(name, start=start, end=name.end + len(prefix), prefix=len(prefix))
    longer = replace(longer, names=tuple(names))
    if swallows:  # the alif of the article is not written: ل + المدينة = للمدينة
        moved = [replace(one, start=one.start - (one.start > start), end=one.end - (one.end > start)) for one in names]
        longer = replace(longer, text=longer.text[:start] + longer.text[start + 1 :], names=tuple(moved))
    return longer


def inserted_at(text: Annotated, place: int, letters: str) -> Annotated:
    """The text with letters inserted; a name that begins there begins behind them."""
    size = len(letters)
    moved = None
    if text.names is not None:
        moved = tuple(
            replace(name, start=name.start + size * (name.start >= place), end=name.end + size * (name.end > place))
            for name in text.names
        )
    return replace(text, text=text.text[:place] + letters + text.text[place:], names=moved)


def with_other_names(text: Annotated, pool: Mapping[str, Sequence[str]], rng: random.Random, share: float) -> Annotated:
    """The text with some of its names replaced by others of their type."""
    for number in reversed(range(len(text.names or ()))):
        name = (text.names or ())[number]
        others = pool.get(name.type)
        if not others or rng.random() > share:
            continue
        other = rng.choice(others)
        if text.language in _WITHOUT_BLANKS and " " not in text.text:
            other = other.replace(" ", "")
        if name.prefix > 0 and text.text[name.start - 1] == "ل" and other.startswith("ال"):
            other = other[1:]  # ل and the article are written لل
        change = len(other) - (name.end - name.start)
        names = [
            replace(one, start=one.start + change * (one.start >= name.end), end=one.end + change * (one.end >= name.end))
            for one in text.names or ()
        ]
        text = replace(text, text=text.text[: name.start] + other + text.text[name.end :], names=tuple(names))
    return text
