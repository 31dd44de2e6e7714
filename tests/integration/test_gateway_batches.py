"""Batches through the gateway onto a real broker."""

import gzip
from collections.abc import AsyncIterator, Callable
from typing import Any

import orjson
import pytest
from backports import zstd

from schemas.topics import NEWS_RAW
from tests.support.bad_input import BAD
from tests.support.gateway import TEXTS, Gateway, article, raw, running_gateway, together
from tests.support.kafka import Broker

pytestmark = pytest.mark.kafka

PACK: dict[str, Callable[[bytes], bytes]] = {"identity": bytes, "gzip": gzip.compress, "zstd": zstd.compress}
ARRAY = {"content-type": "application/json"}


def lines(name: str, count: int) -> list[bytes]:
    return [orjson.dumps(article(f"{name}/{number}", TEXTS[number % len(TEXTS)])) for number in range(count)]


async def push_array(gateway: Gateway, body: bytes, **headers: str) -> Any:
    return await gateway.client.post("/v1/articles:batch", content=body, headers={**ARRAY, **headers})


async def test_every_line_has_a_result_in_order_and_is_on_the_topic(broker: Broker) -> None:
    found = lines("many", 700)
    async with running_gateway(broker) as gateway:
        answer = await gateway.push_lines(*found[:300], found[0], b"", b"{not json", b'{"url":"x"}', *found[300:])
    document = answer.json()
    counts = {name: document[name] for name in ("accepted", "duplicate", "rejected")}
    assert answer.status_code == 200 and counts == {"accepted": 700, "duplicate": 1, "rejected": 2}
    assert [each["line"] for each in document["results"]] == [*range(1, 302), *range(303, 705)]
    assert {"line": 303, "status": "rejected", "reason": "invalid_json"}.items() <= document["results"][301].items()
    assert (document["results"][302]["field"], document["results"][302]["reason"]) == ("text", "no_content")
    assert len(await raw(broker, "herald.example/many/")) == 700


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
@pytest.mark.parametrize("kind", ["lines", "array"])
async def test_bodies_may_be_compressed_and_lines_or_an_array(broker: Broker, encoding: str, kind: str) -> None:
    found = lines(f"{encoding}-{kind}", 40)
    body = b"\n".join(found) if kind == "lines" else b"[" + b" ,\n".join(found) + b"]"
    packed = PACK[encoding](body)
    type_ = {"lines": "application/x-ndjson", "array": "application/json"}[kind]
    async with running_gateway(broker) as gateway:
        answer = await push_array(gateway, packed, **{"content-type": type_, "content-encoding": encoding})
    assert answer.json()["accepted"] == 40
    written = [orjson.loads(record.value or b"")["text"] for record in await raw(broker, f"/{encoding}-{kind}/")]
    assert sorted(written) == sorted(TEXTS * 10)


async def test_revisions_of_one_article_in_a_batch_are_in_order(broker: Broker) -> None:
    async with running_gateway(broker) as gateway:
        answer = await gateway.push_lines(*(orjson.dumps(article("batch-raced", f"v{number}")) for number in range(50)))
    assert [each["revision"] for each in answer.json()["results"]] == list(range(50))
    written = [orjson.loads(record.value or b"") for record in await raw(broker, "batch-raced")]
    assert [each["text"] for each in written] == [f"v{number}" for number in range(50)]


async def test_a_broken_array_is_told_by_element_and_the_others_are_taken(broker: Broker) -> None:
    first, second = lines("broken-array", 2)
    async with running_gateway(broker) as gateway:
        cut = await push_array(gateway, b"[" + first + b"," + second[:-5])
        trailing = await push_array(gateway, b"[" + first + b",]")
        empty = await push_array(gateway, b" [ ] ")
        none = await push_array(gateway, b"")
    assert [each["status"] for each in cut.json()["results"]] == ["accepted", "rejected"]
    assert [each["status"] for each in trailing.json()["results"]] == ["duplicate", "rejected"]
    assert empty.json()["results"] == []
    assert none.json()["results"][0]["reason"] == "empty_value"


async def test_every_foreseen_bad_input_is_rejected_and_its_neighbours_are_taken(broker: Broker) -> None:
    bad = [each for each in BAD if b"\n" not in each.value and each.value.strip() and len(each.value) < 100_000]
    good = lines("beside-bad", len(bad))
    async with running_gateway(broker) as gateway:
        pairs = zip((each.value for each in bad), good, strict=True)
        answer = await gateway.push_lines(*(line for pair in pairs for line in pair))
    results = answer.json()["results"]
    known = {each.name: (result["status"], result.get("reason")) for each, result in zip(bad, results[::2], strict=True)}
    only_enricher = {"invisible-text", "html-without-text"}  # whether anything is left is found out by cleaning
    assert {name: known[name] for name in known if name not in only_enricher} == {
        each.name: ("rejected", each.error_class) for each in bad if each.name not in only_enricher
    }
    assert {result["status"] for result in results[1::2]} == {"accepted"}


async def test_limits_of_lines_bytes_and_articles(broker: Broker) -> None:
    found = lines("limits", 12)
    async with running_gateway(broker, batch_max_lines=10, batch_max_bytes=20_000, article_max_bytes=2_000) as gateway:
        too_many = await gateway.push_lines(*found)
        too_large = await gateway.push_lines(b" " * 30_000)
        bomb = await push_array(gateway, gzip.compress(b" " * 3_000_000), **{"content-encoding": "gzip"})
        long_line = await gateway.push_lines(orjson.dumps(article("limits/long", "a" * 5_000)), found[0])
    assert [answer.status_code for answer in (too_many, too_large, bomb)] == [413] * 3
    assert "10 articles" in too_many.json()["detail"]
    assert [each["status"] for each in long_line.json()["results"]] == ["rejected", "duplicate"]
    assert long_line.json()["results"][0]["reason"] == "body_too_large"


async def test_a_stream_without_a_length_is_taken_as_it_comes(broker: Broker) -> None:
    found = b"\n".join(lines("streamed", 100))

    async def dribble() -> AsyncIterator[bytes]:
        for at in range(0, len(found), 777):
            yield found[at : at + 777]

    async with running_gateway(broker) as gateway:
        answer = await gateway.client.post(
            "/v1/articles:batch", content=dribble(), headers={"content-type": "application/x-ndjson"}
        )
    assert answer.json()["accepted"] == 100


async def test_a_dry_run_publishes_nothing(broker: Broker) -> None:
    async with running_gateway(broker) as gateway:
        before = await broker.end_offset(NEWS_RAW.name)
        answer = await gateway.push_lines(*lines("batch-dry", 5), query="?dry_run=true")
    assert (answer.json()["accepted"], answer.json()["dry_run"]) == (5, True)
    assert await broker.end_offset(NEWS_RAW.name) == before


async def test_a_batch_with_an_idempotency_key_is_answered_again_and_another_body_is_refused(broker: Broker) -> None:
    found = lines("batch-keyed", 30)
    async with running_gateway(broker) as gateway:
        first, same = [await gateway.push_lines(*found, **{"idempotency-key": "b1"}) for _ in range(2)]
        other = await gateway.push_lines(*found[:29], **{"idempotency-key": "b1"})
        both = await together(*(gateway.push_lines(*lines("batch-at-once", 200), **{"idempotency-key": "b2"}) for _ in range(2)))
    assert first.content == same.content and same.headers["idempotency-replayed"] == "true"
    assert first.json()["accepted"] == 30
    assert other.status_code == 422
    assert sorted(answer.status_code for answer in both) in ([200, 409], [200, 200])
    assert len(await raw(broker, "/batch-at-once/")) == 200
