"""The lines that the language identifier is trained on: sentences, cuts of them as short as titles, and what is no language."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from schemas.languages import UNDETERMINED
from services.enricher.language_text import normalised, without_accents
from services.enricher.scripts import count_letters, dominant_script
from services.enricher.training.language_code import code
from services.enricher.training.language_corpora import (
    OTHER_TESTED,
    OTHER_TRAINED,
    OTHER_TRAINED_NUSAX,
    read_nusax,
    training,
)
from services.enricher.training.language_invented import Cipher, blend
from services.enricher.training.language_noise import noise
from services.enricher.training.language_romanise import ROMANISED, serbian

OTHER = "other"

# Lines of a label, as near as its sentences allow: those with few sentences give more cuts of each.
_CUTS = 5_000
_MAX_CUTS_EACH = 6
_ROMANISED = 2_500
_NOISE = 25_000
_CIPHERS = 40
_CIPHER_LINES = 250
_BLENDS = 20
_BLEND_LINES = 250
_CODE = 8_000

# Words in a cut; code points in one of a script without blanks.
_CUT_WORDS = (2, 8)
_CUT_CODE_POINTS = (4, 30)
_LEFTOVERS = ("nbsp", "amp", "quot", "br", "div class", "span", "img src", "href", "p", "li", "strong", "http", "html", "jpg")

Line = tuple[str, str]
"""Label and text as the model reads it."""


def lines(corpora: Path, seed: int) -> list[Line]:
    """Every line of a training, shuffled."""
    rng = random.Random(seed)
    by_label: dict[str, list[str]] = defaultdict(list)
    for sentence in training(corpora):
        by_label[sentence.label].append(sentence.text)
    by_label["sr-Latn"] += map(serbian, by_label["sr"])
    others = {label: by_label.pop(label) for label in (*OTHER_TRAINED, *OTHER_TESTED)}
    made = [line for label, texts in by_label.items() for line in _of_language(rng, label, texts)]
    made += [line for label, spell in ROMANISED.items() for line in _romanised(rng, label, by_label[label])]
    for texts in (*(others[label] for label in OTHER_TRAINED), *_of_nusax(corpora)):
        made += _of_language(rng, OTHER, texts)
    made += _ciphered(rng, by_label)
    made += _blended(rng, by_label)
    made += [(UNDETERMINED, noise(rng)) for _ in range(_NOISE)]
    names = [word for text in by_label["en"] for word in text.lower().split() if word.isalpha()]
    made += [(UNDETERMINED, code(rng, names)) for _ in range(_CODE)]
    ready = [(label, text) for label, text in ((label, normalised(text)) for label, text in made) if text]
    rng.shuffle(ready)
    return ready


def _of_nusax(corpora: Path) -> Iterator[list[str]]:
    return ([sentence.text for sentence in read_nusax(corpora, language)] for language in OTHER_TRAINED_NUSAX)


def _of_language(rng: random.Random, label: str, texts: Sequence[str]) -> Iterator[Line]:
    for text in texts:
        yield label, altered(rng, text)
    each = min(_CUTS / len(texts), _MAX_CUTS_EACH)
    for text in texts:
        for _ in range(int(each + rng.random())):
            yield label, altered(rng, cut(rng, text))


def _romanised(rng: random.Random, language: str, texts: Sequence[str]) -> Iterator[Line]:
    for _ in range(_ROMANISED):
        text = ROMANISED[language](rng, rng.choice(texts))
        yield f"{language}-Latn", cut(rng, text) if rng.random() < 0.5 else text


def _ciphered(rng: random.Random, by_label: Mapping[str, Sequence[str]]) -> Iterator[Line]:
    labels = sorted(label for label in by_label if label != "ar-Latn")
    for _ in range(_CIPHERS):
        texts = by_label[rng.choice(labels)]
        drawn = [rng.choice(texts).lower() for _ in range(_CIPHER_LINES)]
        cipher = Cipher(rng, sorted({letter for text in drawn for letter in text if letter.isalpha()}))
        for text in drawn:
            yield OTHER, cipher(cut(rng, text) if rng.random() < 0.5 else text)


def _blended(rng: random.Random, by_label: Mapping[str, Sequence[str]]) -> Iterator[Line]:
    """Languages that don't exist, of words of three to five that do, in one script."""
    labels: dict[str, list[str]] = defaultdict(list)
    for label in sorted(by_label):
        labels[dominant_script(count_letters(by_label[label][0]))].append(label)
    mixable = [group for group in labels.values() if len(group) > 4]
    for _ in range(_BLENDS):
        group = rng.choices(mixable, [len(each) for each in mixable])[0]
        chosen = rng.sample(group, rng.randint(3, 5))
        vocabularies = [[word for text in rng.sample(by_label[label], 100) for word in text.split()] for label in chosen]
        for _ in range(_BLEND_LINES):
            yield OTHER, blend(rng, vocabularies)


def cut(
    rng: random.Random,
    text: str,
    words_of_cut: tuple[int, int] = _CUT_WORDS,
    code_points_of_cut: tuple[int, int] = _CUT_CODE_POINTS,
) -> str:
    """Some words from within a text, as many as a title has; code points where words are as long as sentences."""
    words = text.split()
    if len(words) > len(text) / 15:
        count = rng.randint(*words_of_cut)
        start = rng.randrange(max(len(words) - count, 0) + 1)
        return " ".join(words[start : start + count])
    count = rng.randint(*code_points_of_cut)
    start = rng.randrange(max(len(text) - count, 0) + 1)
    return text[start : start + count]


def altered(rng: random.Random, text: str) -> str:
    """Mostly the text itself; else in capitals, without accents, or with a leftover of markup."""
    chance = rng.random()
    if chance < 0.04:
        return text.upper()
    if chance < 0.07:
        return without_accents(text.upper())
    if chance < 0.09:
        words = text.split()
        words.insert(rng.randrange(len(words) + 1), rng.choice(_LEFTOVERS))
        return " ".join(words)
    return text
