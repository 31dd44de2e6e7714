"""The stretches in which an article's language is read: passages that are only glanced at, windows of whole sentences."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from schemas.languages import NO_SCRIPT
from services.enricher.scripts import count_letters, dominant_script
from services.enricher.sentences import Span, sentences

# The model was trained on sentences; 250 code points are about two, long enough to be sure, short enough to find a quotation.
WINDOW_CODE_POINTS = 250
# A sentence's script is that of its beginning.
_SCRIPT_CODE_POINTS = 80
# What is glanced at together. Texts of up to 25,000 code points are read whole, longer ones at places spread evenly: reading
# every window of a passage takes 0.3 ms.
PASSAGE_CODE_POINTS = 1_000
MAX_PASSAGES = 25
# A glance is a few words at places spread evenly over a passage.
_GLANCES, _GLANCE_CODE_POINTS = 4, 32


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of the article: where in the text it starts, its letters by script, and how likely it is in which language.

    `likely` adds up to 1 with "und", which stands for no language that the model knows.
    """

    start: int
    text: str
    letters: Mapping[str, int]
    script: str
    likely: Mapping[str, float]
    evidence: float
    """How well it fits the few languages that it fits best together, 0–1: close relatives share a text."""
    size: int
    """How many letters it has."""
    best: str
    """The likeliest language, "und" without letters."""


def windows(text: str) -> Iterator[Span]:
    """Stretches of whole sentences of one script, of at most 250 code points unless a sentence is longer."""
    first = last = 0
    script = NO_SCRIPT
    is_mixed = len(count_letters(text)) > 1  # in one script no sentence changes it
    for start, end in sentences(text):
        own = dominant_script(count_letters(text[start : min(end, start + _SCRIPT_CODE_POINTS)])) if is_mixed else NO_SCRIPT
        changed = own != script and NO_SCRIPT not in (own, script)
        if last and (changed or end - first > WINDOW_CODE_POINTS):
            yield first, last
            first, script = start, own
        first, last = (first, end) if last else (start, end)
        script = own if script == NO_SCRIPT else script
    if last:
        yield first, last


def passages(text: str) -> Sequence[Span]:
    """At most 25 stretches of at most 1,000 code points, evenly spread, the first among them; they end between lines or words
    where they can.
    """
    found = []
    start = 0
    while start < len(text):
        end = min(start + PASSAGE_CODE_POINTS, len(text))
        if end < len(text):
            halfway = start + PASSAGE_CODE_POINTS // 2
            end = next((cut + 1 for mark in "\n " if (cut := text.rfind(mark, halfway, end)) >= 0), end)
        found.append((start, end))
        start = end
    count = min(len(found), MAX_PASSAGES)
    return [found[place * len(found) // count] for place in range(count)]


def glance(text: str) -> str:
    """A few words from each of four places of a text."""
    apart = len(text) // _GLANCES
    places = range(0, apart * _GLANCES, apart) if apart else (0,)
    return " ".join(_words(text, max(text.rfind(" ", place, place + apart // 2) + 1, place)) for place in places)


def _words(text: str, start: int) -> str:
    """The text from a place on, up to a blank where there is one."""
    words = text[start : start + _GLANCE_CODE_POINTS]
    blank = words.rfind(" ")
    return words[:blank] if blank > _GLANCE_CODE_POINTS // 2 else words


def sum_letters(read: Iterable[Window]) -> Mapping[str, int]:
    """The letters of all windows by script."""
    letters: dict[str, int] = {}
    for window in read:
        for script, times in window.letters.items():
            letters[script] = letters.get(script, 0) + times
    return letters
