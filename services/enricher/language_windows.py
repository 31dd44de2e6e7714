"""The stretches in which an article's language is read: whole sentences of one script."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from schemas.languages import NO_SCRIPT, UNDETERMINED
from services.enricher.scripts import count_letters, dominant_script
from services.enricher.sentences import Span, sentences

# The model was trained on sentences; 250 code points are about two, long enough to be sure, short enough to find a quotation.
WINDOW_CODE_POINTS = 250
# A sentence's script is that of its beginning.
_SCRIPT_CODE_POINTS = 80
# A window takes 0.08 ms. Texts of up to 25,000 code points are read whole, longer ones at places spread evenly.
MAX_WINDOWS = 100


@dataclass(frozen=True)
class Window:
    """One stretch of the article: where in the text it starts, its letters by script, and how likely it is in which language.

    `likely` adds up to 1 with "und", which stands for no language that the model knows.
    """

    start: int
    text: str
    letters: Mapping[str, int]
    script: str
    likely: Mapping[str, float]
    evidence: float = 1.0
    """How well it fits the few languages that it fits best together, 0–1: close relatives share a text."""

    @cached_property
    def size(self) -> int:
        """How many letters it has."""
        return sum(self.letters.values())

    @cached_property
    def best(self) -> str:
        """The likeliest language, "und" without letters."""
        highest = max(self.likely.values(), default=0.0)
        return max((language for language, share in self.likely.items() if share == highest), default=UNDETERMINED)


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


def spread(spans: Iterable[Span]) -> Sequence[Span]:
    """At most MAX_WINDOWS of the spans, evenly spread, the first among them."""
    spans = list(spans)
    count = min(len(spans), MAX_WINDOWS)
    return [spans[place * len(spans) // count] for place in range(count)]


def sum_letters(read: Iterable[Window]) -> Mapping[str, int]:
    """The letters of all windows by script."""
    letters: dict[str, int] = {}
    for window in read:
        for script, times in window.letters.items():
            letters[script] = letters.get(script, 0) + times
    return letters
