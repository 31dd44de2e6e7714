"""The trends API: one answer from several workers' shares, and an answer for every question."""

import socket
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import faust
import orjson
import pytest
from aiohttp.web import AppRunner, TCPSite

from services.trends.answer import Answer, Row
from services.trends.query import Query
from services.trends.web import Door, Reply, fetch_with, install, other_workers, window_of
from tests.support.trend_rows import NOW_S, a_row

BAKU, KISUMU = a_row("باكو", 6.0, 2, 19, languages=(("ar", 20), ("fa", 1))), a_row("kisumu", 1.5, 40)


@dataclass
class Share:
    """A worker's counters."""

    rows: Sequence[Row] = ()
    now_s: int | None = NOW_S
    partitions: Collection[int] = (0, 1)
    asked: list[tuple[Query, int]] = field(default_factory=list)

    def top(self, query: Query, now_s: int) -> Sequence[Row]:
        self.asked.append((query, now_s))
        return self.rows


class Others:
    """Doors of other workers, by address."""

    def __init__(self, **shares: Share) -> None:
        self.doors = {f"http://{name}:6066": Door(share, 4, list, self) for name, share in shares.items()}
        self.away: set[str] = set()
        self.urls: list[str] = []

    async def __call__(self, url: str) -> bytes:
        self.urls.append(url)
        parts = urlsplit(url)
        address = f"{parts.scheme}://{parts.netloc}"
        if address in self.away:
            raise TimeoutError
        return (await self.doors[address].reply(parse_qsl(parts.query))).body


def answer_of(reply: Reply) -> Answer:
    assert (reply.status, reply.content_type) == (200, "application/json")
    return Answer.model_validate_json(reply.body)


async def asked(own: Share, others: Others | None = None, **parameters: str) -> Answer:
    others = others or Others()
    partitions = 4 if others.doors else len(own.partitions)
    return answer_of(await Door(own, partitions, lambda: list(others.doors), others).reply(list(parameters.items())))


async def test_one_worker_answers_alone() -> None:
    answer = await asked(Share([KISUMU, BAKU]))
    assert [row.name for row in answer.trends] == ["باكو", "kisumu"], "bursts first"
    assert answer.now == datetime(2023, 9, 19, 13, 42, 10, tzinfo=UTC)
    assert (answer.workers, answer.partial) == (1, False)


async def test_shares_of_several_workers_are_put_together() -> None:
    others = Others(b=Share([KISUMU], partitions=(2,)), c=Share([a_row("東京", 3.0)], partitions=(3,)))
    answer = await asked(Share([BAKU]), others, limit="2")
    assert [row.name for row in answer.trends] == ["باكو", "東京"]
    assert (answer.workers, answer.partial, answer.partitions) == (3, False, (0, 1, 2, 3))


async def test_most_said_first_when_asked_so() -> None:
    answer = await asked(Share([BAKU]), Others(b=Share([KISUMU], partitions=(2, 3))), order="mentions")
    assert [row.name for row in answer.trends] == ["kisumu", "باكو"]


async def test_every_share_is_of_the_same_window() -> None:
    """A worker that heard nothing for a while would sum an hour that ended long ago."""
    ahead, behind, own = Share([BAKU], NOW_S + 7_200, (2,)), Share([], NOW_S - 7_200, (3,)), Share([KISUMU])
    answer = await asked(own, Others(ahead=ahead, behind=behind))
    assert {share.asked[-1][1] for share in (ahead, behind, own)} == {NOW_S + 7_200}
    assert answer.window == window_of(NOW_S + 7_200, 3_600) and not answer.partial


async def test_a_share_without_an_article_takes_the_time_of_the_others() -> None:
    answer = await asked(Share([], None), Others(b=Share([BAKU], partitions=(2, 3))))
    assert [row.name for row in answer.trends] == ["باكو"] and answer.window == window_of(NOW_S, 3_600)


async def test_before_the_first_article_there_is_nothing_to_tell() -> None:
    answer = await asked(Share([], None))
    assert (answer.now, answer.window, answer.trends, answer.partial) == (None, None, (), False)


async def test_a_worker_that_does_not_answer_makes_the_answer_partial() -> None:
    others = Others(b=Share([KISUMU], partitions=(2, 3)))
    others.away = set(others.doors)
    answer = await asked(Share([BAKU]), others)
    assert [row.name for row in answer.trends] == ["باكو"]
    assert (answer.workers, answer.partial, answer.partitions) == (2, True, (0, 1))


async def test_a_worker_that_answers_nonsense_does_too() -> None:
    async def fetch(_url: str) -> bytes:
        return "<html>صفحة</html>".encode()

    answer = answer_of(await Door(Share([BAKU]), 4, lambda: ["http://b:6066"], fetch).reply([]))
    assert answer.partial and [row.name for row in answer.trends] == ["باكو"]


async def test_what_two_workers_tell_of_while_partitions_move_is_told_once() -> None:
    answer = await asked(Share([BAKU]), Others(b=Share([BAKU, KISUMU], partitions=(1, 2, 3))))
    assert [row.name for row in answer.trends] == ["باكو", "kisumu"]


async def test_a_worker_asked_by_another_asks_nobody() -> None:
    others = Others(b=Share([KISUMU], partitions=(2, 3)))
    await asked(Share([BAKU]), others, local="1")
    assert others.urls == []


async def test_the_question_reaches_the_other_workers_whole() -> None:
    other = Share([], partitions=(2, 3))
    await asked(Share(), Others(b=other), window="24h", type="PER", lang="zh-Hant", limit="7")
    assert other.asked[0] == (Query("24h", "entity", "PER", "zh-Hant", 7, is_local=True, now_s=NOW_S), NOW_S)


async def test_while_nothing_is_read_back_yet_the_client_is_told_to_wait() -> None:
    reply = await Door(Share([], None, ()), 4, list, Others()).reply([])
    assert (reply.status, reply.content_type) == (503, "application/problem+json")
    assert dict(reply.headers)["Retry-After"] == "5"


async def test_a_wrong_parameter_is_a_problem_that_names_it() -> None:
    reply = await Door(Share(), 2, list, Others()).reply([("window", "heute")])
    problem = orjson.loads(reply.body)
    assert (reply.status, reply.content_type) == (400, "application/problem+json")
    assert problem["parameter"] == "window" and problem["detail"] == "window is one of 1h, 24h, 7d"


def test_the_window_ends_with_the_quarter_of_an_hour_that_is_now() -> None:
    window = window_of(NOW_S, 3_600)
    assert (window.start, window.end) == (
        datetime(2023, 9, 19, 12, 45, tzinfo=UTC),
        datetime(2023, 9, 19, 13, 45, tzinfo=UTC),
    )


# On Faust's own web server


@asynccontextmanager
async def served(door: Door) -> AsyncIterator[str]:
    """The address of the door on a Faust application's web server."""
    app = faust.App("door", broker="kafka://127.0.0.1:1", autodiscover=False, web_host="127.0.0.1")
    install(app, door)
    runner = AppRunner(await app.web.wsgi())
    await runner.setup()
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    await TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def get(url: str, method: str = "GET") -> tuple[int, Any, bytes]:
    async with aiohttp.ClientSession() as session, session.request(method, url) as response:
        return response.status, response.headers, await response.read()


async def test_faust_serves_it() -> None:
    async with served(Door(Share([BAKU]), 2, list, Others())) as address:
        status, headers, body = await get(f"{address}/trends?lang=ar")
        assert status == 200 and headers["Content-Type"] == "application/json" and headers["Cache-Control"] == "no-store"
        assert orjson.loads(body)["trends"][0]["label"] == "باكو"
        status, headers, _ = await get(f"{address}/trends?limit=many")
        assert status == 400 and headers["Content-Type"] == "application/problem+json"
        assert (await get(f"{address}/trends", "POST"))[0] == 405


async def test_workers_reach_each_other_through_it() -> None:
    async with served(Door(Share([KISUMU], partitions=(2, 3)), 4, list, Others())) as address, aiohttp.ClientSession() as session:
        answer = answer_of(await Door(Share([BAKU]), 4, lambda: [address], fetch_with(session)).reply([]))
        missing = answer_of(await Door(Share([BAKU]), 4, lambda: [f"{address}/nowhere"], fetch_with(session)).reply([]))
    assert {row.name for row in answer.trends} == {"باكو", "kisumu"} and not answer.partial
    assert missing.partial


def test_the_other_workers_are_those_with_counters() -> None:
    class App:
        class conf:
            canonical_url = "http://a:6066"

        class router:
            @staticmethod
            def tables_metadata() -> dict[str, dict[str, list[int]]]:
                return {
                    "http://a:6066": {"trends-counters-changelog": [0, 1]},
                    "http://b:6066": {"trends-counters-changelog": [2, 3]},
                    "http://c:6066": {"trends-articles-changelog": [0], "trends-counters-changelog": []},
                }

    assert other_workers(App, "trends-counters-changelog") == ["http://b:6066"]


@pytest.mark.parametrize("order", ["burst", "mentions"])
async def test_equal_rows_have_one_order(order: str) -> None:
    rows = [a_row("b"), a_row("a"), a_row("ç"), a_row("日本")]
    there = await asked(Share(rows), order=order)
    back = await asked(Share(rows[::-1]), order=order)
    assert there.trends == back.trends
