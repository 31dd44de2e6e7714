"""What the language stage is fitted and measured on: development sentences, cuts of them, stories, and text in no language."""

import random
import string
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.enricher.training.corpora import read_lines
from services.enricher.training.language_corpora import (
    LEFT_OUT,
    OTHER_TESTED,
    OTHER_TESTED_SENTIMENT,
    Sentence,
    development,
    read_ntrex,
    read_nusax,
    read_sib,
)
from services.enricher.training.language_lines import cut
from services.enricher.training.language_noise import noise
from services.enricher.training.language_romanise import ROMANISED

# Another seed than a training's.
_SEED = 99
_TITLE_WORDS = (3, 8)
_TITLE_CODE_POINTS = (8, 24)
_NOISE = 2_000
_ADDRESSES = 500
_CODE_LINES = 4
_CODE_SAMPLES = 800
_STORY_CODE_POINTS = 600
# Nigerian Pidgin: no training had it, but nearly every word of it is English.
PIDGIN = "pcm"


def known_sentences(corpora: Path) -> list[Sentence]:
    """Development sentences in the languages of the list."""
    return [sentence for sentence in development(corpora) if sentence.label not in LEFT_OUT]


def titles(sentences: Sequence[Sentence]) -> list[Sentence]:
    """3 to 8 words from within each sentence; 8 to 24 code points where there are no blanks between words."""
    rng = random.Random(_SEED)
    return [Sentence(sentence.label, cut(rng, sentence.text, _TITLE_WORDS, _TITLE_CODE_POINTS)) for sentence in sentences]


def stories(corpora: Path) -> list[Sentence]:
    """Title and beginning of the held-out stories."""
    held_out = read_ntrex(corpora, held_out=True)
    return [Sentence(story.label, f"{story.title}\n{story.text[:_STORY_CODE_POINTS]}", name) for name, story in held_out]


def story_titles(corpora: Path) -> list[Sentence]:
    """Titles of the held-out stories."""
    return [Sentence(story.label, story.title, name) for name, story in read_ntrex(corpora, held_out=True)]


def romanised(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Development sentences of five languages in Latin letters, by the tables that training used, and people's Arabic."""
    rng = random.Random(_SEED)
    spelled = [Sentence(f"{one.label}-Latn", ROMANISED[one.label](rng, one.text)) for one in sentences if one.label in ROMANISED]
    return [one for one in sentences if one.label == "ar-Latn"] + spelled


def unseen(corpora: Path) -> dict[str, list[str]]:
    """Sentences in languages that no training saw, by language."""
    found: dict[str, list[str]] = {language: [] for language in OTHER_TESTED}
    for sentence in read_sib(corpora, "dev"):
        if sentence.label in found:
            found[sentence.label].append(sentence.text)
    for language in OTHER_TESTED_SENTIMENT:
        found[language] = [sentence.text for sentence in read_nusax(corpora, language, "dev")]
    rows = read_lines(corpora / f"sentiment/{PIDGIN}.afrisenti.dev.jsonl.gz")[:300]
    return found | {PIDGIN: [row["text"] for row in rows]}


def no_language() -> dict[str, list[str]]:
    """Text in no language, by kind; the code is the standard library's, which no training saw."""
    rng = random.Random(_SEED)
    return {
        "noise": [noise(rng) for _ in range(_NOISE)],
        "numbers": [_numbers(rng) for _ in range(_ADDRESSES)],
        "addresses": [_address(rng) for _ in range(_ADDRESSES)],
        "code": list(_code()),
    }


def _numbers(rng: random.Random) -> str:
    numbers = [
        f"{rng.randint(0, 10 ** rng.randint(1, 6)):,}{rng.choice(('', '%', ' €', '.5', '°C'))}" for _ in range(rng.randint(1, 12))
    ]
    return rng.choice((" ", ", ", " – ", "\n")).join(numbers)


def _address(rng: random.Random) -> str:
    host = "".join(rng.choices(string.ascii_lowercase, k=rng.randint(3, 12)))
    path = "/".join("".join(rng.choices(string.ascii_lowercase + string.digits + "-", k=rng.randint(2, 14))) for _ in range(3))
    return rng.choice(
        (f"https://www.{host}.example/{path}?id={rng.randint(1, 999)}", f"www.{host}.example/{path}", f"{host}@{host}.example")
    )


def _code() -> Iterator[str]:
    """Runs of lines of the standard library that hold some punctuation of code, no comments."""
    taken = 0
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        text = path.read_text(encoding="utf-8", errors="ignore").splitlines()
        rows = [row for row in text if len(row) > 15 and "#" not in row and '"""' not in row and set(row) & set("=()[]{}")]
        for start in range(0, len(rows) - _CODE_LINES, 40):
            yield "\n".join(rows[start : start + _CODE_LINES])
            taken += 1
            if taken == _CODE_SAMPLES:
                return
