"""Single articles through the gateway onto a real broker: what is answered, and what then is on news.raw."""

import orjson
import pytest

from schemas.codec import decode_raw
from schemas.identity import article_id, content_digest
from tests.support.gateway import HEADERS, TEXTS, article, raw, running_gateway, together
from tests.support.kafka import Broker

pytestmark = pytest.mark.kafka


@pytest.mark.parametrize("text", TEXTS)
async def test_an_accepted_article_is_on_the_topic_with_its_identity(broker: Broker, text: str) -> None:
    name = f"accepted-{TEXTS.index(text)}"
    async with running_gateway(broker) as gateway:
        answer = await gateway.push(article(name + "?utm_source=x#top", text, title=text))
    own_id = article_id(f"https://herald.example/{name}")
    assert answer.status_code == 202
    assert answer.json() == {"status": "accepted", "article_id": own_id, "revision": 0, "dry_run": False, "warnings": []}
    (record,) = await raw(broker, name)
    written = decode_raw(record.value or b"").article
    headers = dict(record.headers)
    assert record.key == own_id.encode()
    assert (written.text, written.title, written.article_id, written.revision) == (text, text, own_id, 0)
    assert written.canonical_url == f"https://herald.example/{name}"
    assert headers["newsloom.content_digest"].decode() == content_digest(text, text)
    assert (headers["newsloom.schema"], headers["newsloom.revision"]) == (b"news.raw/v1", b"0")
    assert (headers["newsloom.pushed_by"], headers["content-type"]) == (b"local", b"application/json")


async def test_the_same_content_is_published_once_and_a_change_is_a_revision(broker: Broker) -> None:
    async with running_gateway(broker) as gateway:
        answers = [await gateway.push(article("revised", text)) for text in ("one", "one", "two", "two", "one")]
    found = [(answer.json()["status"], answer.json()["revision"]) for answer in answers]
    assert found == [("accepted", 0), ("duplicate", 0), ("accepted", 1), ("duplicate", 1), ("accepted", 2)]
    written = [orjson.loads(record.value or b"") for record in await raw(broker, "revised")]
    assert [(each["text"], each["revision"]) for each in written] == [("one", 0), ("two", 1), ("one", 2)]


async def test_a_higher_revision_of_the_scrapers_own_counts(broker: Broker) -> None:
    async with running_gateway(broker) as gateway:
        answers = [
            await gateway.push(article("own-revision", text, revision=revision))
            for text, revision in (("a", 3), ("b", 1), ("c", 9))
        ]
    assert [answer.json()["revision"] for answer in answers] == [3, 4, 9]


async def test_equal_requests_at_the_same_time_are_one_record(broker: Broker) -> None:
    async with running_gateway(broker) as gateway:
        answers = await together(*(gateway.push(article("together")) for _ in range(30)))
    assert sorted(answer.json()["status"] for answer in answers) == ["accepted"] + ["duplicate"] * 29
    assert len(await raw(broker, "together")) == 1


async def test_revisions_at_the_same_time_are_in_the_order_of_their_numbers(broker: Broker) -> None:
    async with running_gateway(broker) as gateway:
        await together(*(gateway.push(article("raced", f"version {number}")) for number in range(20)))
    revisions = [orjson.loads(record.value or b"")["revision"] for record in await raw(broker, "raced")]
    assert revisions == list(range(20))


async def test_a_withdrawal_is_a_tombstone_once_and_the_article_may_come_back(broker: Broker) -> None:
    own_id = article_id("https://herald.example/withdrawn")
    async with running_gateway(broker) as gateway:
        answers = [await gateway.push(article("withdrawn"))]
        answers += [await gateway.client.delete(f"/v1/articles/{own_id}") for _ in range(2)]
        answers += [await gateway.push(article("withdrawn"))]
    assert [answer.status_code for answer in answers] == [202] * 4
    assert [answer.json()["status"] for answer in answers] == ["accepted", "accepted", "duplicate", "accepted"]
    records = await raw(broker, own_id)
    assert [record.value is None for record in records] == [False, True, False]
    assert orjson.loads(records[-1].value or b"")["revision"] == 1


async def test_a_restart_knows_what_was_accepted_before(broker: Broker) -> None:
    async with running_gateway(broker) as gateway:
        await gateway.push(article("before", "one"))
        await gateway.push(article("before", "two"))
        await gateway.push(article("gone"))
        await gateway.client.delete(f"/v1/articles/{article_id('https://herald.example/gone')}")
    async with running_gateway(broker) as gateway:
        again = await gateway.push(article("before", "two"))
        changed = await gateway.push(article("before", "three"))
        back = await gateway.push(article("gone"))
    assert (again.json()["status"], again.json()["revision"]) == ("duplicate", 1)
    assert (changed.json()["status"], changed.json()["revision"]) == ("accepted", 2)
    assert back.json()["status"] == "accepted"


async def test_what_others_wrote_without_headers_is_known_after_a_start(broker: Broker) -> None:
    found = article("foreign", "content", title="Title")
    await broker.publish("news.raw", [(article_id(found["url"]).encode(), orjson.dumps({**found, "revision": 4}))])
    async with running_gateway(broker) as gateway:
        again = await gateway.push(found)
        changed = await gateway.push({**found, "text": "changed"})
    assert (again.json()["status"], again.json()["revision"]) == ("duplicate", 4)
    assert changed.json()["revision"] == 5


async def test_a_bad_optional_field_costs_the_field_and_not_the_article(broker: Broker) -> None:
    async with running_gateway(broker) as gateway:
        answer = await gateway.push(article("warned", published_at="0000-01-01", authors=["Ada", 7], article_id="x"))
    assert answer.status_code == 202
    assert {each["field"] for each in answer.json()["warnings"]} == {"published_at", "authors.1", "article_id"}
    (record,) = await raw(broker, "warned")
    assert orjson.loads(record.value or b"")["authors"] == ["Ada"]


async def test_a_dry_run_says_what_would_be_and_publishes_nothing(broker: Broker) -> None:
    own_id = article_id("https://herald.example/dry")
    async with running_gateway(broker) as gateway:
        first = await gateway.client.post("/v1/articles?dry_run=true", json=article("dry"))
        await gateway.push(article("dry"))
        again = await gateway.client.post("/v1/articles?dry_run=true", json=article("dry"))
        gone = await gateway.client.delete(f"/v1/articles/{own_id}?dry_run=true")
    assert [answer.status_code for answer in (first, again, gone)] == [200] * 3
    assert [answer.json()["status"] for answer in (first, again, gone)] == ["accepted", "duplicate", "accepted"]
    assert all(answer.json()["dry_run"] for answer in (first, again, gone))
    assert len(await raw(broker, "dry")) == 1


async def test_an_idempotency_key_gives_the_first_answer_again_and_refuses_another_body(broker: Broker) -> None:
    async with running_gateway(broker) as gateway:
        first, same = [await gateway.push(article("keyed"), **{"idempotency-key": "k1"}) for _ in range(2)]
        other = await gateway.push(article("keyed", "changed"), **{"idempotency-key": "k1"})
        without = await gateway.push(article("keyed"))
    assert (same.status_code, same.content) == (first.status_code, first.content)
    assert same.headers["idempotency-replayed"] == "true" and "idempotency-replayed" not in first.headers
    assert (other.status_code, other.json()["type"].rpartition("/")[2]) == (422, "idempotency-key-reused")
    assert without.json()["status"] == "duplicate"


async def test_the_trace_of_a_request_goes_on_with_the_record(broker: Broker) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    async with running_gateway(broker) as gateway:
        await gateway.push(article("traced"), traceparent=trace)
        await gateway.push(article("untraced"), traceparent="nonsense")
    (traced,), (untraced,) = await raw(broker, "https://herald.example/traced"), await raw(broker, "untraced")
    assert dict(traced.headers)["traceparent"] == trace.encode()
    assert "traceparent" not in dict(untraced.headers)


async def test_large_articles_pass_and_too_large_ones_are_refused(broker: Broker) -> None:
    async with running_gateway(broker) as gateway:
        large = await gateway.push(article("large", "字" * 3_600_000))
        larger = await gateway.push(article("larger", "a" * 11_000_001))
        # As it comes it fits; written out with its identity it doesn't.
        grown = await gateway.push(article("grown", "a" * (11_000_000 - 60)))
    assert [answer.status_code for answer in (large, larger, grown)] == [202, 413, 413]
    assert larger.headers["content-type"] == grown.headers["content-type"] == "application/problem+json"


async def test_metrics_and_health_tell_what_happened(broker: Broker) -> None:
    async with running_gateway(broker) as gateway:
        await gateway.push(article("counted"))
        await gateway.client.post("/v1/articles", content=b"{}", headers=HEADERS)
        seen = (await gateway.client.get("/metrics")).text
        health = [(await gateway.client.get(path)).status_code for path in ("/healthz", "/readyz")]
    assert 'newsloom_gateway_articles_total{outcome="accepted"} 1.0' in seen
    assert 'newsloom_gateway_rejections_total{reason="invalid_url"} 1.0' in seen
    assert 'newsloom_gateway_requests_total{route="/v1/articles",status="202"} 1.0' in seen
    assert health == [200, 200]
