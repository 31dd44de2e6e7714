"""From an input to the messages for news.raw: checked as the enricher will check it, keyed by article_id (pure)."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import orjson

from schemas.codec import CONTENT_TYPE, Decoded, Undecodable, decode_raw
from schemas.identity import article_id, content_digest
from schemas.topics import NEWS_RAW
from services.cli.inputs import Input
from services.runtime.errors import InvalidRecord
from services.runtime.records import Message

_CONTENT_TYPE = ("content-type", CONTENT_TYPE.encode())
_DIGEST = "newsloom.content_digest"

# What a record weighs besides its value (key, headers, the batch around it), with room to spare: a producer whose
# message the broker refused is of no more use.
MAX_VALUE_BYTES = NEWS_RAW.max_message_bytes - 100_000


def raw_messages(found: Input, repeat: int = 1) -> Iterator[Message]:
    """The article's message, then its copies: same text, other URLs and so other ids.

    Raises:
        InvalidRecord: it is no article; the class is the one that its dead letter would have.
    """
    if found.refusal is not None:
        raise found.refusal
    decoded = _decoded(found.value)
    yield _message(found.value, decoded)
    if repeat > 1:
        document = orjson.loads(found.value)
        for copy in range(2, repeat + 1):
            value = orjson.dumps(repeated(document, copy))
            yield _message(value, _decoded(value))


def unchecked_messages(found: Input, repeat: int = 1) -> Iterator[Message]:
    """The same, and the bytes as they are, without a key, where they are no article.

    Raises:
        InvalidRecord: there are more of them than fit into the topic.
    """
    if not found.is_whole or len(found.value) > MAX_VALUE_BYTES:
        raise InvalidRecord("body_too_large", f"no record of more than {MAX_VALUE_BYTES} bytes fits into {NEWS_RAW.name}")
    try:
        yield from raw_messages(found, repeat)
    except InvalidRecord:
        yield from [Message(NEWS_RAW.name, None, found.value, (_CONTENT_TYPE,))] * repeat


def repeated(document: dict[str, Any], copy: int) -> dict[str, Any]:
    """The article under other URLs that have no other meaning."""
    changed = {
        name: _repeated_url(document[name], copy) for name in ("url", "canonical_url") if isinstance(document.get(name), str)
    }
    return {**document, **changed, "article_id": None}


def _repeated_url(url: str, copy: int) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme.lower() in ("http", "https"):
        query = f"{parts.query}&repeat={copy}" if parts.query else f"repeat={copy}"
        return urlunsplit(parts._replace(query=query))
    # The canonical form of file: and urn: has no query.
    return urlunsplit(parts._replace(path=f"{parts.path}~{copy}"))


def _decoded(value: bytes) -> Decoded:
    try:
        return decode_raw(value)
    except Undecodable as error:
        raise InvalidRecord(error.error_class, str(error)) from error


def _message(value: bytes, decoded: Decoded) -> Message:
    article = decoded.article
    digest = content_digest(article.title, article.text or article.html or "")
    key = article_id(article.canonical_url or article.url)
    return Message(NEWS_RAW.name, key.encode(), value, (_CONTENT_TYPE, (_DIGEST, digest.encode())))
