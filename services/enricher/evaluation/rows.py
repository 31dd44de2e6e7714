"""What a row of an annotated file says: a text in a language, and its gold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, get_args

from schemas.enriched_article import EntityType
from schemas.languages import language_of
from services.enricher.evaluation.joining import joined
from services.enricher.evaluation.tags import tag_spans
from services.enricher.evaluation.topic_labels import topic_of
from services.enricher.numbers import LABELS

Answer = tuple[Any, ...]
"""Something right or wrong; its last element is its class: (start, end, type) of a name, else (class,)."""

Object = Mapping[str, Any]


class Form(StrEnum):
    """How rows are annotated; all of a file alike."""

    TOKENS = "tokens and tags"
    CHARACTERS = "text and entities"
    LABEL = "text and label"
    TOPICS = "text and topics"
    LANGUAGE = "language and text"


@dataclass(frozen=True, slots=True)
class Row:
    """One row."""

    form: Form
    language: str
    """Base tag, as in schemas/languages.py."""
    text: str
    gold: frozenset[Answer]
    title: str | None = None
    words: Sequence[tuple[int, int]] = ()
    """Where the gold is in token numbers: the tokens' places in the text."""
    line: int = 0


def read_entities(found: Object, language: str | None) -> Row:
    """Names by tokens and tags, or by text and entities with offsets in code points; raises ValueError."""
    if "tokens" in found:
        return _from_tokens(found, _language(found, language))
    if "entities" not in found:
        raise ValueError('neither "tokens" and "tags" nor "text" and "entities"')
    text, entities = _text(found), found["entities"]
    if not isinstance(entities, list):
        raise ValueError('"entities" is no list')
    return Row(Form.CHARACTERS, _language(found, language), text, frozenset(_span(entity, len(text)) for entity in entities))


def read_sentiment(found: Object, language: str | None) -> Row:
    """One of three classes; raises ValueError."""
    label = found.get("label")
    if label not in LABELS:
        raise ValueError(f"unknown label {label!r}: one of {', '.join(LABELS)}")
    return _of_text(Form.LABEL, found, language, [label])


def read_topics(found: Object, language: str | None) -> Row:
    """One topic, or any number; raises ValueError."""
    if "topics" not in found:
        return _of_text(Form.LABEL, found, language, [_topic(found.get("label"))])
    topics = found["topics"]
    if "label" in found or not isinstance(topics, list):
        raise ValueError('either "label" or a list "topics"')
    return _of_text(Form.TOPICS, found, language, map(_topic, topics))


def read_language(found: Object, language: str | None) -> Row:
    """A text whose language is the gold; raises ValueError."""
    own = _language(found, language)
    return _of_text(Form.LANGUAGE, found, own, [own])


def _of_text(form: Form, found: Object, language: str | None, classes: Any) -> Row:
    title = found.get("title")
    if title is not None and not isinstance(title, str):
        raise ValueError('"title" is no text')
    gold = frozenset((each,) for each in classes)
    return Row(form, _language(found, language), _text(found), gold, title)


def _from_tokens(found: Object, language: str) -> Row:
    tokens, tags = _strings(found, "tokens"), _strings(found, "tags")
    if len(tokens) != len(tags):
        raise ValueError(f"{len(tokens)} tokens, but {len(tags)} tags")
    text, words = joined(tokens, language)
    if not text.strip():
        raise ValueError("no text")
    gold = frozenset((first, end, _type(kind)) for first, end, kind in tag_spans(tags))
    return Row(Form.TOKENS, language, text, gold, words=words)


def _strings(found: Object, name: str) -> Sequence[str]:
    strings = found.get(name)
    if not isinstance(strings, list) or not all(isinstance(each, str) for each in strings):
        raise ValueError(f'"{name}" is no list of texts')
    return strings


def _text(found: Object) -> str:
    text = found.get("text")
    if not isinstance(text, str) or not text.strip():
        raise ValueError('no "text"')
    return text


def _language(found: Object, default: str | None) -> str:
    code = found.get("lang", default)
    if code is None:
        raise ValueError('no language: give "lang", or say --language')
    language = language_of(code) if isinstance(code, str) else None
    if language is None:
        raise ValueError(f"{code!r} is no language code")
    return language


def _span(entity: Any, length: int) -> Answer:
    try:
        start, end, kind = entity["start"], entity["end"], entity["type"]
    except (KeyError, TypeError):
        raise ValueError("an entity without start, end and type") from None
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= length:
        raise ValueError(f"an entity from {start} to {end} in a text of {length} code points")
    return start, end, _type(kind)


def _type(kind: Any) -> str:
    if kind not in (known := get_args(EntityType)):
        raise ValueError(f"unknown type {kind!r}: one of {', '.join(known)}")
    return str(kind)


def _topic(label: Any) -> str:
    topic = topic_of(label) if isinstance(label, str) else None
    if topic is None:
        raise ValueError(f"unknown topic {label!r}: a Media Topic's code (medtop:11000000 or 11) or name was expected")
    return topic


def at_line(row: Row, line: int) -> Row:
    """The row with the number of its first line."""
    return replace(row, line=line)
