"""Cuts text into sentences in any script: good enough to keep names and clauses whole, not a grammarian's answer."""

from collections.abc import Iterator

import regex

Span = tuple[int, int]

# No sentence is longer than this many code points, so that no single call of the tokenizer takes long.
MAX_SENTENCE = 2_000

_CLOSERS = r"[\p{Pe}\p{Pf}\"'”’»]*+"

# Ends of sentences that need no blank after them, and those that do (a full stop also stands in numbers and names).
# Runs are taken whole and begun only at their start, so that no text takes more than linear time.
_MARKS = "!?؟۔।॥։።፧፨။၊།៕។꘎⸮…"
_BOUNDARY = regex.compile(
    rf"\n\s*+"
    rf"|[。！？｡．⁇⁈⁉]++{_CLOSERS}\s*+"
    rf"|(?<![{_MARKS}])[{_MARKS}]++{_CLOSERS}\s++"
    rf"|(?<!\.)(?P<stop>\.++){_CLOSERS}\s++"
)

# What stands before a full stop that ends no sentence: an initial, the number of a day, a title or unit.
_ABBREVIATED = regex.compile(
    r"(?:^|[\s\p{P}])(?:\p{L}\p{M}*|\d{1,2}"
    r"|(?i:adm|al|art|ave|bros|brig|capt|cf|cmdr|co|col|corp|dr|dra|eng|fig|gen|gov|hon|inc|jr|kap|lt|ltd|maj|mme|mlle"
    r"|mr|mrs|ms|mt|mag|no|nr|op|pp|pres|prof|rep|rev|sen|sgt|sr|sra|st|ste|str|tel|vol|vs|ул|им|др|пр|см|гос))$"
)
_LOOK_BEHIND = 12


def sentences(text: str) -> Iterator[Span]:
    """The sentences in order as (start, end) in code points, without blanks around them; empty ones are left out."""
    for start, end in _between_boundaries(text):
        yield from _no_longer_than(text, start, end, MAX_SENTENCE)


def _between_boundaries(text: str) -> Iterator[Span]:
    start = 0
    for boundary in _BOUNDARY.finditer(text):
        if boundary["stop"] and not _ends_sentence(text, boundary.start(), boundary.end()):
            continue
        yield start, boundary.end()
        start = boundary.end()
    yield start, len(text)


def _ends_sentence(text: str, stop: int, after: int) -> bool:
    """Whether a full stop at `stop`, with the next word at `after`, ends a sentence."""
    if text[after : after + 1].islower():
        return False
    return not _ABBREVIATED.search(text[max(0, stop - _LOOK_BEHIND) : stop])


def _no_longer_than(text: str, start: int, end: int, longest: int) -> Iterator[Span]:
    """The stretch without blanks around it, cut at blanks (else anywhere) into pieces that aren't too long."""
    start, end = trimmed(text, start, end)
    while end - start > longest:
        cut = max(text.rfind(" ", start, start + longest), text.rfind("\t", start, start + longest))
        cut = cut if cut > start else start + longest
        yield trimmed(text, start, cut)
        start, end = trimmed(text, cut, end)
    if start < end:
        yield start, end


def trimmed(text: str, start: int, end: int) -> Span:
    """The stretch without the blanks at its ends; empty when there is nothing else."""
    while start < end and text[start].isspace():
        start += 1
    while start < end and text[end - 1].isspace():
        end -= 1
    return start, end
