"""Reads the tags of tokens as spans: IOB1, IOB2, IOBES and BILOU, in one way."""

from collections.abc import Iterator, Sequence

from services.enricher.evaluation.scores import Span

OUTSIDE = "O"

# The last token of a span goes on like an inner one, a single one begins like a first one.
_EDGES = {"B": "B", "I": "I", "E": "I", "L": "I", "S": "B", "U": "B"}


def tag_spans(tags: Sequence[str]) -> list[Span]:
    """Spans in token numbers; an inner tag after another type begins a span.

    Raises:
        ValueError: a tag has no type, or no edge that we know.
    """
    return list(_spans([_read(tag) for tag in tags]))


def _read(tag: str) -> tuple[str, str]:
    if tag == OUTSIDE:
        return OUTSIDE, ""
    edge, _, kind = tag.partition("-")
    if edge not in _EDGES:
        raise ValueError(f"the tag {tag!r} is neither O nor B- or I- and a type")
    if not kind:
        raise ValueError(f"the tag {tag!r} has no type")
    return _EDGES[edge], kind


def _spans(tags: Sequence[tuple[str, str]]) -> Iterator[Span]:
    start: int | None = None
    for place, (edge, kind) in enumerate([*tags, (OUTSIDE, "")]):
        if start is not None and (edge != "I" or kind != tags[start][1]):
            yield start, place, tags[start][1]
            start = None
        if start is None and edge != OUTSIDE:
            start = place
