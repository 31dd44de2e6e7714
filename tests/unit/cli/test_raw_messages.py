"""Inputs become messages keyed by article_id; what is no article is refused, or sent as it is."""

import json

import pytest

from schemas.identity import article_id, content_digest
from services.cli.inputs import Input
from services.cli.raw_messages import MAX_VALUE_BYTES, raw_messages, unchecked_messages
from services.runtime.errors import InvalidRecord


def an_input(value: bytes, refusal: InvalidRecord | None = None, is_whole: bool = True) -> Input:
    return Input("articles.jsonl", 1, value, 0, refusal, is_whole)


def article(url: str, **more: str) -> bytes:
    return json.dumps({"url": url, "text": "नमस्ते दुनिया", **more}, ensure_ascii=False).encode()


def keys(value: bytes, repeat: int) -> list[str]:
    return [(message.key or b"").decode() for message in raw_messages(an_input(value), repeat)]


def test_the_message_has_the_articles_id_and_digest_and_its_own_bytes() -> None:
    value = article("https://a.example/خبر", title="عنوان")
    (message,) = raw_messages(an_input(value))
    assert message.value == value
    assert message.key == article_id("https://a.example/خبر").encode()
    assert dict(message.headers)["newsloom.content_digest"] == content_digest("عنوان", "नमस्ते दुनिया").encode()
    assert dict(message.headers)["content-type"] == b"application/json"


@pytest.mark.parametrize(
    "url",
    ["https://a.example/x?id=7", "https://a.example", "file:///tmp/a.txt", "urn:sha256:abc"],
    ids=["query", "bare", "file", "urn"],
)
@pytest.mark.parametrize("more", [{}, {"canonical_url": "https://a.example/canonical"}], ids=["url", "canonical-url"])
def test_copies_have_ids_of_their_own(url: str, more: dict[str, str]) -> None:
    found = keys(article(url, **more), 3)
    assert len(set(found)) == 3
    assert found[0] == keys(article(url, **more), 1)[0]
    assert found == keys(article(url, **more), 3)


def test_copies_have_the_same_text() -> None:
    messages = list(raw_messages(an_input(article("https://a.example/x", title="標題 😀")), 3))
    assert {json.loads(message.value or b"")["text"] for message in messages} == {"नमस्ते दुनिया"}
    assert len({dict(message.headers)["newsloom.content_digest"] for message in messages}) == 1


@pytest.mark.parametrize(
    ("value", "error_class"),
    [(b"\xff", "invalid_utf8"), (b"[]", "invalid_shape"), (b'{"url": "ftp://a.example", "text": "x"}', "invalid_url")],
)
def test_what_is_no_article_is_refused_with_the_class_of_its_dead_letter(value: bytes, error_class: str) -> None:
    with pytest.raises(InvalidRecord) as caught:
        list(raw_messages(an_input(value)))
    assert caught.value.error_class == error_class


def test_a_refusal_of_the_reader_stands() -> None:
    with pytest.raises(InvalidRecord, match="byte 3"):
        list(raw_messages(an_input(b"caf\xe9", InvalidRecord("invalid_utf8", "byte 3 is not UTF-8"))))


def test_unchecked_sends_what_is_no_article_as_it_is_and_so_often() -> None:
    messages = list(unchecked_messages(an_input(b"\xff\x00"), 2))
    assert [(message.key, message.value) for message in messages] == [(None, b"\xff\x00")] * 2


def test_unchecked_treats_articles_as_ever() -> None:
    assert [m.key for m in unchecked_messages(an_input(article("urn:a:b")), 2)] == [
        m.key for m in raw_messages(an_input(article("urn:a:b")), 2)
    ]


@pytest.mark.parametrize(
    "found", [an_input(b"x" * (MAX_VALUE_BYTES + 1)), an_input(b"x", None, is_whole=False)], ids=["long", "cut"]
)
def test_nothing_is_sent_that_the_topic_would_not_take(found: Input) -> None:
    with pytest.raises(InvalidRecord) as caught:
        list(unchecked_messages(found))
    assert caught.value.error_class == "body_too_large"
