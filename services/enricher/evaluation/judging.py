"""Sets the answers of the stages beside the gold of a row (pure)."""

from bisect import bisect_left
from collections.abc import Iterator

from schemas.enriched_article import Language
from schemas.languages import UNDETERMINED, base_language
from services.enricher.evaluation.joining import UNSPACED
from services.enricher.evaluation.rows import Answer, Form, Row
from services.enricher.evaluation.scores import Span, in_words
from services.enricher.evaluation.tally import Judgement
from services.enricher.stage import Draft

_WITHHELD = frozenset({"unsupported_language", "failed"})


def judge_entities(row: Row, draft: Draft, types: frozenset[str]) -> Judgement:
    """Names of these types; where the gold is in tokens, a name found is first widened to the tokens it touches."""
    found: dict[Answer, float] = {}
    for span, confidence in _mentions(draft):
        for widened in in_words([span], row.words) if row.form is Form.TOKENS else [span]:
            if widened[2] in types:
                found[widened] = max(confidence, found.get(widened, 0.0))
    gold = frozenset(answer for answer in row.gold if answer[2] in types)
    is_asked = row.language in UNSPACED and draft.encoding is not None
    return Judgement(gold, found, _withheld(draft, "entities"), _reachable(row, gold, draft) if is_asked else None)


def _mentions(draft: Draft) -> Iterator[tuple[Span, float]]:
    for entity in draft.entities:
        for mention in entity.mentions:
            if mention.field == "text":
                yield (mention.start, mention.end, entity.type), mention.confidence


def _reachable(row: Row, gold: frozenset[Answer], draft: Draft) -> int:
    """How many of the spans some run of the tokenizer's pieces makes, widened as an answer is."""
    offsets = [offset for window in draft.encoding.windows for offset in window.offsets] if draft.encoding else []
    starts, ends = sorted({int(start) for start, _ in offsets}), sorted({int(end) for _, end in offsets})
    reachable = 0
    for first, end, _ in gold:
        in_first = row.words[first] if row.words else (first, first + 1)
        in_last = row.words[end - 1] if row.words else (end - 1, end)
        reachable += _has(starts, in_first[0], in_first[1]) and _has(ends, in_last[0] + 1, in_last[1] + 1)
    return reachable


def _has(places: list[int], least: int, below: int) -> bool:
    found = bisect_left(places, least)
    return found < len(places) and places[found] < below


def judge_sentiment(row: Row, draft: Draft, _classes: frozenset[str]) -> Judgement:
    """The likeliest class."""
    answers = {(draft.sentiment.label,): draft.sentiment.confidence} if draft.sentiment else {}
    return Judgement(row.gold, answers, _withheld(draft, "sentiment"))


def judge_topics(row: Row, draft: Draft, classes: frozenset[str]) -> Judgement:
    """Where the gold is one topic: the likeliest of those that the file uses; else all that are given."""
    topics = [((topic.qcode,), topic.confidence) for topic in draft.topics]
    if row.form is Form.LABEL:
        topics = [(answer, confidence) for answer, confidence in topics if answer[0] in classes][:1]
    return Judgement(row.gold, dict(topics), _withheld(draft, "topics"))


def judge_language(row: Row, draft: Draft, _classes: frozenset[str]) -> Judgement:
    """The language found; "und" is an answer like others."""
    found = found_language(draft.language)
    confidence = draft.language.confidence if draft.language else 0.0
    return Judgement(row.gold, {(found,): confidence}, UNDETERMINED if found == UNDETERMINED else "", language=found)


def found_language(language: Language | None) -> str:
    """Its base tag, "und" when there is none."""
    return base_language(language.tag) if language else UNDETERMINED


def _withheld(draft: Draft, stage: str) -> str:
    status = draft.statuses.get(stage, "ok")
    return status if status in _WITHHELD else ""
