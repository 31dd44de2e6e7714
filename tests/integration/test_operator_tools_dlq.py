"""Dead letters on a real broker: listed, shown, sent back exactly once, parked."""

import json
import signal
from pathlib import Path

import pytest

from schemas.codec import decode_enriched
from schemas.dead_letter import DeadLetter
from schemas.topics import NEWS_ENRICHED, NEWS_RAW, NEWS_RAW_DLQ
from services.cli.errors import CouldNot
from services.cli.transactions import open_transactions
from services.runtime.records import Message
from tests.support.bad_input import article
from tests.support.enricher import LIGHT_STAGES, PlainText, running_enricher
from tests.support.kafka import Broker, started_broker, until
from tests.support.operator import Broken, Operator, articles, committed, connection_to, header, keys

pytestmark = pytest.mark.kafka

GROUP = "enricher"


async def settle(broker: Broker, count: int, *, is_broken: bool = False) -> None:
    """Lets a worker take so many records of news.raw, with or without the bug."""
    async with running_enricher(broker, GROUP, (PlainText(), Broken()) if is_broken else LIGHT_STAGES) as running:
        await until(lambda: running.settled >= count)


async def test_a_thousand_dead_letters_are_enriched_exactly_once_though_the_redrive_is_killed_half_way(tmp_path: Path) -> None:
    sent = articles("thousand", 1_000)
    async with started_broker() as broker:
        operator = Operator(broker, tmp_path)
        await broker.publish(NEWS_RAW.name, sent)
        await settle(broker, 1_000, is_broken=True)
        assert len(await committed(broker, NEWS_RAW_DLQ.name)) == 1_000

        first = await operator.start("dlq", "redrive", "--stage", "language", "--rate", "250")
        while len(await operator.decisions()) < 200:
            assert first.returncode is None
        first.kill()
        assert -(await first.wait()) == signal.SIGKILL
        half = len(await operator.decisions())
        assert 200 <= half < 1_000

        second = await operator("dlq", "redrive", "--stage", "language")
        assert second.code == 0, second.err
        assert second.lines == [f"sent {1_000 - half} dead letters back to news.raw; left {half}: {half} already redriven"]
        third = await operator("dlq", "redrive", "--stage", "language")
        assert third.lines == ["sent 0 dead letters back to news.raw; left 1,000: 1,000 already redriven"]

        await settle(broker, 1_000)
        enriched, raw = await committed(broker, NEWS_ENRICHED.name), await committed(broker, NEWS_RAW.name)
        decisions = await operator.decisions()
        dead = await committed(broker, NEWS_RAW_DLQ.name)
    assert keys(enriched) == sorted(key for key, _ in sent)
    assert len(raw) == 2_000 and len(dead) == 1_000 and len(decisions) == 1_000
    places = {(d.redriven_to.partition, d.redriven_to.offset) for d in decisions if d.redriven_to}
    assert places == {(r.partition, r.offset) for r in raw if header(r, "newsloom.redriven_from")}


async def test_what_fails_again_counts_on_until_the_loop_guard_stops_it(tmp_path: Path) -> None:
    async with started_broker() as broker:
        operator = Operator(broker, tmp_path)
        await broker.publish(NEWS_RAW.name, articles("loop", 4))
        await settle(broker, 4, is_broken=True)
        first = {r.key: DeadLetter.from_headers(r.headers) for r in await committed(broker, NEWS_RAW_DLQ.name)}
        for attempts in (2, 3):
            assert (await operator("dlq", "redrive", "--all")).code == 0
            await settle(broker, 4, is_broken=True)
            letters = [(r.key, DeadLetter.from_headers(r.headers)) for r in await committed(broker, NEWS_RAW_DLQ.name)]
            latest = {key: letter for key, letter in letters if letter.attempts == attempts}
            assert len(latest) == 4
            for key, letter in latest.items():
                assert letter.first_failed_at == first[key].first_failed_at < letter.last_failed_at
                assert letter.source_timestamp == first[key].source_timestamp

        guarded = await operator("dlq", "redrive", "--all")
        assert guarded.code == 1
        assert "sent 0" in guarded.lines[0] and "4 tried 3 times or more (--force)" in guarded.lines[0]
        forced = await operator("dlq", "redrive", "--all", "--force")
        assert forced.code == 0 and forced.lines[0].startswith("sent 4 ")
        assert len(await committed(broker, NEWS_RAW.name)) == 16


async def test_parked_ones_stay_and_one_is_mended_by_an_edit(tmp_path: Path) -> None:
    bad = article(url=None, title="فيضان")
    values: list[tuple[bytes | None, bytes | None]] = [(b"mended", bad), (b"parked", bad), (b"other", b"{")]
    async with started_broker() as broker:
        operator = Operator(broker, tmp_path)
        await broker.publish(NEWS_RAW.name, values)
        await settle(broker, 3)
        places = {r.key: f"{r.partition}:{r.offset}" for r in await committed(broker, NEWS_RAW_DLQ.name)}

        preview = await operator("dlq", "redrive", "--class", "invalid_url", "--dry-run")
        assert preview.lines[-1] == "would be done: 2; nothing was done (--dry-run)"
        assert await operator.decisions() == []

        parked = await operator("dlq", "park", places[b"parked"], "--note", "空白页")
        assert parked.lines == ["parked 1 dead letters"]
        found = await operator("dlq", "show", places[b"mended"], "--value")
        assert found.out == bad
        (tmp_path / "bad.json").write_bytes(found.out)
        refused = await operator("dlq", "redrive", places[b"mended"], "--edit", "bad.json")
        assert refused.code == 2 and "given up again: invalid_url" in refused.err
        (tmp_path / "good.json").write_bytes(article(url="https://herald.example/mended", title="فيضان") + b"\n")
        mended = await operator("dlq", "redrive", places[b"mended"], "--edit", "good.json")
        assert mended.code == 0 and mended.lines == ["sent 1 dead letters back to news.raw"], mended.err

        rest = await operator("dlq", "redrive", "--class", "invalid_url")
        assert rest.code == 0 and rest.lines[0].startswith("sent 0 ")
        assert "1 already parked" in rest.lines[0] and "1 already redriven" in rest.lines[0]
        await settle(broker, 1)
        enriched = await committed(broker, NEWS_ENRICHED.name)
        listed = await operator("dlq", "list")
        shown = await operator("dlq", "show", places[b"parked"])
        lines = [json.loads(line) for line in (await operator("dlq", "list", "--open", "--json")).lines]
    (mended_article,) = [decode_enriched(r.value) for r in enriched if r.value]
    assert (mended_article.url, mended_article.title) == ("https://herald.example/mended", "فيضان")
    assert "invalid_url\tdecode\tparked\t1" in listed.lines and "invalid_url\tdecode\tredriven\t1" in listed.lines
    assert any("空白页" in line for line in shown.lines)
    assert [line["dead_letter"] for line in lines] == [places[b"other"]]


async def test_a_second_redrive_takes_over_and_the_first_says_so_in_one_line(tmp_path: Path) -> None:
    async with started_broker() as broker:
        operator = Operator(broker, tmp_path)
        await broker.publish(NEWS_RAW.name, articles("rival", 60))
        await settle(broker, 60, is_broken=True)
        first = await operator.start("dlq", "redrive", "--all", "--rate", "10")
        while len(await operator.decisions()) < 20:
            assert first.returncode is None
        second = await operator("dlq", "redrive", "--all")
        assert second.code == 0, second.err
        _, said = await first.communicate()
        await settle(broker, 60)
        enriched = await committed(broker, NEWS_ENRICHED.name)
    assert first.returncode == 1
    (line,) = [line for line in said.decode().splitlines() if line.startswith("newsloom: ")]
    assert "another command has taken over as enricher.redrive" in line
    assert len(enriched) == len(set(keys(enriched))) == 60


async def test_what_a_dead_redrive_left_open_is_neither_seen_nor_lost(tmp_path: Path) -> None:
    async with started_broker() as broker, connection_to(broker) as connection:
        operator = Operator(broker, tmp_path)
        await broker.publish(NEWS_RAW.name, articles("open", 5))
        await settle(broker, 5, is_broken=True)
        with pytest.raises(CouldNot, match="another command has taken over"):
            async with open_transactions(connection, "enricher.redrive") as transactions, transactions.one():
                await transactions.deliver([Message(NEWS_RAW.name, key, value) for key, value in articles("open", 5)])
                second = await operator("dlq", "redrive", "--all")
        assert second.lines == ["sent 5 dead letters back to news.raw"], second.err
        await settle(broker, 5)
        assert len(await committed(broker, NEWS_RAW.name)) == 10
        assert keys(await committed(broker, NEWS_ENRICHED.name)) == sorted(key for key, _ in articles("open", 5))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("dlq", "show", "0:0"), "there is no dead letter at 0:0"),
        (("dlq", "redrive", "3:99"), "there is no dead letter at 3:99"),
    ],
)
async def test_a_dead_letter_that_is_not_there_is_named(
    broker: Broker, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    ended = await Operator(broker, tmp_path)(*arguments)
    assert ended.code == 1 and said in ended.err
