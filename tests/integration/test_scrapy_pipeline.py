"""The Scrapy pipeline: every item gets its own result, nothing is lost when the gateway is slow, away or says no."""

import ast
import asyncio
import gzip
import importlib.util
import json
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from schemas.codec import decode_raw
from schemas.topics import NEWS_RAW
from tests.support.command import ROOT, environment
from tests.support.kafka import Broker
from tests.support.recorded_web import RecordedWeb

FOLDER = ROOT / "docs/examples/scrapy"
MODULE = FOLDER / "newsloom_pipeline.py"
TEXTS = ("Überschwemmung in Győr", "فيضان في كيسومو", "किसुमु में बाढ़", "基苏木洪水 🌊")

Answer = tuple[int, dict[str, str], Any]


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("newsloom_pipeline", MODULE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


pipeline = _load()


@dataclass
class StandIn:
    """A gateway that answers as it is told, then takes everything; it keeps what it took."""

    answers: list[Callable[[list[Any]], Answer]] = field(default_factory=list)
    taken: list[Any] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str], list[Any]]] = field(default_factory=list)
    address: str = ""

    def answer(self, path: str, headers: dict[str, str], lines: list[Any]) -> Answer:
        self.requests.append((path, headers, lines))
        if "dry_run" in path:
            return 200, {}, results(lines)
        if self.answers:
            return self.answers.pop(0)(lines)
        self.taken += lines
        return 200, {}, results(lines)

    @property
    def batches(self) -> list[list[Any]]:
        return [lines for path, _, lines in self.requests if "dry_run" not in path]


def results(lines: list[Any], **of: Any) -> dict[str, Any]:
    """What the gateway says of a batch; `of` gives other results by the article's name."""
    named = [(number, line["url"].rpartition("/")[2]) for number, line in enumerate(lines, 1)]
    return {"results": [{"line": number, "status": "accepted", **of.get(name, {})} for number, name in named]}


@pytest.fixture
def gateway() -> Iterator[StandIn]:
    stand_in = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            lines = [json.loads(line) for line in body.splitlines()]
            status, headers, document = stand_in.answer(self.path, dict(self.headers), lines)
            content = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stand_in.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield stand_in
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Run:
    """A pipeline in a crawl, and what the crawl counted."""

    pipeline: Any
    stats: dict[str, int]
    unsent: Path

    async def process(self, *items: Any) -> list[Any]:
        """What becomes of items that arrive together: the item, or what was raised."""
        return await asyncio.gather(*map(self.pipeline.process_item, items), return_exceptions=True)

    @property
    def kept(self) -> list[Any]:
        return [json.loads(line) for line in self.unsent.read_bytes().splitlines()] if self.unsent.exists() else []


@pytest.fixture
def run(gateway: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    from scrapy.settings import Settings

    monkeypatch.setattr(pipeline, "_FIRST_WAIT_S", 0.01)

    def made(**settings: Any) -> Run:
        stats: dict[str, int] = {}

        def inc_value(name: str, count: int) -> None:
            stats[name] = stats.get(name, 0) + count

        unsent = tmp_path / "unsent.jsonl"
        values = {"NEWSLOOM_GATEWAY": gateway.address, "NEWSLOOM_UNSENT": str(unsent), "NEWSLOOM_LINGER_S": 0.02, **settings}
        crawler = SimpleNamespace(settings=Settings(values), stats=SimpleNamespace(inc_value=inc_value), spider=None)
        return Run(pipeline.NewsloomPipeline.from_crawler(crawler), stats, unsent)

    return made


def an_item(name: int | str, **more: Any) -> dict[str, Any]:
    return {"url": f"https://herald.example/{name}", "text": TEXTS[len(str(name)) % len(TEXTS)], **more}


def refusing(status: int, **headers: str) -> Callable[[list[Any]], Answer]:
    return lambda lines: (status, {name.replace("_", "-"): value for name, value in headers.items()}, {"detail": "not now"})


async def test_items_that_arrive_together_are_one_batch(gateway: StandIn, run: Callable[..., Run]) -> None:
    crawl = run(NEWSLOOM_API_KEY="secret")
    items = [an_item(n) for n in range(40)]
    assert await crawl.process(*items) == items
    assert len(gateway.batches) == 1 and [line["url"] for line in gateway.taken] == [item["url"] for item in items]
    path, headers, lines = gateway.requests[0]
    assert path == "/v1/articles:batch" and headers["Authorization"] == "Bearer secret"
    assert headers["Content-Type"] == "application/x-ndjson" and lines[0]["collector"] == {"name": "scrapy"}
    assert crawl.stats == {"newsloom/accepted": 40}


async def test_a_batch_has_bounds(gateway: StandIn, run: Callable[..., Run]) -> None:
    crawl = run(NEWSLOOM_BATCH_LINES=10)
    await crawl.process(*(an_item(n) for n in range(25)))
    assert [len(batch) for batch in gateway.batches] == [10, 10, 5]
    by_bytes = run(NEWSLOOM_BATCH_BYTES=1_000)
    await by_bytes.process(*(an_item(n, title="x" * 400) for n in range(4)))
    assert [len(batch) for batch in gateway.batches[3:]] == [2, 2]


async def test_each_item_gets_its_own_result(gateway: StandIn, run: Callable[..., Run]) -> None:
    rejected = {"status": "rejected", "field": "url", "reason": "invalid_url", "detail": "a URL has a host"}
    gateway.answers.append(lambda lines: (200, {}, results(lines, b={"status": "duplicate"}, c=rejected)))
    crawl = run()
    a, b, c = await crawl.process(*map(an_item, "abc"))
    assert (a, b) == (an_item("a"), an_item("b"))
    assert isinstance(c, pipeline.DropItem) and str(c).endswith("gateway: url: invalid_url a URL has a host")
    assert crawl.stats == {"newsloom/accepted": 1, "newsloom/duplicate": 1, "newsloom/rejected": 1}


async def test_an_item_becomes_an_article(gateway: StandIn, run: Callable[..., Run]) -> None:
    item = {
        "link": "https://herald.example/1",
        "html": "<p>किसुमु</p>".encode(),
        "published_at": datetime(2023, 9, 19, 8, 30),
        "collected_at": datetime(2023, 9, 19, 8, 30, tzinfo=UTC),
        "price": object(),
        "title": None,
    }
    await run(NEWSLOOM_FIELDS={"url": "link"}).process(item)
    assert gateway.taken == [
        {
            "url": "https://herald.example/1",
            "html": "<p>किसुमु</p>",
            "published_at": "2023-09-19T08:30:00+00:00",
            "collected_at": "2023-09-19T08:30:00+00:00",
            "collector": {"name": "scrapy"},
        }
    ]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_what_may_get_better_is_tried_again(status: int, gateway: StandIn, run: Callable[..., Run]) -> None:
    gateway.answers += [refusing(status)] * 3
    crawl = run()
    assert await crawl.process(an_item("a")) == [an_item("a")]
    assert len(gateway.batches) == 4 and len(gateway.taken) == 1 and crawl.stats["newsloom/retries"] == 3


async def test_the_gateway_says_when(gateway: StandIn, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        await sleep(0)

    monkeypatch.setattr(pipeline.asyncio, "sleep", pause)
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    for said in ("7", date, "soon", "-5", "999999"):
        gateway.answers.append(refusing(503, Retry_After=said))
    await run(NEWSLOOM_GIVE_UP_S=10_000).process(an_item("a"))
    assert waits[0] == 7 and 80 < waits[1] <= 90 and waits[4] == 3_600
    assert waits[2] < 1 and waits[3] <= 1  # nothing that can be followed: our own pace


async def test_a_batch_that_is_too_large_is_halved(gateway: StandIn, run: Callable[..., Run]) -> None:
    def at_most_three(lines: list[Any]) -> Answer:
        return (413, {}, {"detail": "too large"}) if len(lines) > 3 or lines[0]["url"].endswith("/4") else _take(gateway, lines)

    gateway.answers += [at_most_three] * 20
    outcomes = await run().process(*(an_item(n) for n in range(8)))
    assert [type(each).__name__ for each in outcomes] == ["dict"] * 4 + ["DropItem"] + ["dict"] * 3
    assert sorted(line["url"][-1] for line in gateway.taken) == list("0123567")


def _take(gateway: StandIn, lines: list[Any]) -> Answer:
    gateway.taken += lines
    return 200, {}, results(lines)


@pytest.mark.parametrize(
    ("answer", "settings"),
    [
        (refusing(401), {}),
        (refusing(302, Location="http://127.0.0.1:1/"), {}),
        (refusing(503), {"NEWSLOOM_GIVE_UP_S": 0}),
        (lambda lines: (200, {}, results(lines, a={"status": "rejected", "reason": "quota_used_up"})), {}),
    ],
    ids=["no-key", "redirect", "given-up", "quota"],
)
async def test_what_cannot_be_handed_over_is_kept(
    answer: Callable[[list[Any]], Answer], settings: dict[str, Any], gateway: StandIn, run: Callable[..., Run]
) -> None:
    gateway.answers.append(answer)
    crawl = run(**settings)
    (outcome,) = await crawl.process(an_item("a", title="عنوان"))
    assert isinstance(outcome, pipeline.DropItem) and str(outcome).startswith("unsent by the Newsloom gateway")
    assert crawl.kept == [an_item("a", title="عنوان", collector={"name": "scrapy"})]
    assert crawl.stats["newsloom/unsent"] == 1
    assert await crawl.process(an_item("b")) == [an_item("b")] and len(crawl.kept) == 1


async def test_a_gateway_that_is_away_is_waited_for(run: Callable[..., Run]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    crawl = run(NEWSLOOM_GATEWAY=f"http://127.0.0.1:{port}", NEWSLOOM_GIVE_UP_S=0.1)
    await crawl.pipeline.open_spider()
    await crawl.process(an_item("a"))
    assert [kept["url"] for kept in crawl.kept] == ["https://herald.example/a"] and crawl.stats["newsloom/retries"] >= 1


async def test_a_wrong_key_is_noticed_before_anything_is_fetched(gateway: StandIn, run: Callable[..., Run]) -> None:
    gateway.answer = lambda *_: (401, {}, {"detail": "no such key"})  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match=r"refuses us \(401: no such key\): see NEWSLOOM_GATEWAY and NEWSLOOM_API_KEY"):
        await run().pipeline.open_spider()


async def test_closing_waits_for_what_is_on_its_way(gateway: StandIn, run: Callable[..., Run]) -> None:
    crawl = run()
    waiting = asyncio.ensure_future(crawl.pipeline.process_item(an_item("a")))
    await asyncio.sleep(0)
    await crawl.pipeline.close_spider()
    assert len(gateway.taken) == 1
    await waiting


def test_the_module_needs_nothing_but_scrapy_and_what_it_brings() -> None:
    tree = ast.parse(MODULE.read_text(encoding="utf-8"))
    names = [
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [each.name for each in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    assert set(names) - sys.stdlib_module_names == {"itemadapter", "scrapy"}


@pytest.mark.kafka
async def test_the_example_spider_gets_the_recorded_site_onto_the_topic(broker: Broker, tmp_path: Path) -> None:
    site = "manara-news.example"
    async with RecordedWeb() as web, _gateway(broker, tmp_path) as address:
        stats = await _crawl(tmp_path, address, site, f"{web.origin(site)}/rss.xml")
        assert stats["newsloom/accepted"] == stats["item_scraped_count"] == 2 and stats["ours"] == []
        again = await _crawl(tmp_path, address, site, f"{web.origin(site)}/rss.xml")
        assert again["newsloom/duplicate"] == 2
        assert web.asked(site, "/robots.txt")
    records = await broker.read(NEWS_RAW.name)
    assert len(records) == 2
    (seed,) = (decode_raw(record.value or b"").article for record in records if b"karabakh" in (record.value or b""))
    assert "أذربيجان" in (seed.html or "") and seed.published_at is not None and seed.published_at.value.year == 2023
    repeated = again["newsloom/duplicate"]
    print(f"{site} crawled by Scrapy: {len(records)} pages on news.raw, the second time {repeated} duplicates")


async def _crawl(folder: Path, gateway: str, host: str, feed: str) -> dict[str, Any]:
    """Runs the example spider where nothing of ours can be imported."""
    runner, settings = folder / "run.py", {"NEWSLOOM_UNSENT": str(folder / "unsent.jsonl"), "AUTOTHROTTLE_ENABLED": False}
    runner.write_bytes((ROOT / "tests/support/scrapy_project.py").read_bytes())
    arguments = [str(FOLDER), json.dumps(settings), json.dumps({"host": host, "feed": feed})]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(runner), *arguments),
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "NEWSLOOM_GATEWAY": gateway},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0 and out, err.decode()
    return dict(json.loads(out.splitlines()[-1]))


@asynccontextmanager
async def _gateway(broker: Broker, data: Path) -> AsyncIterator[str]:
    """A gateway in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free, socket.create_server(("127.0.0.1", 0)) as other:
        port, health_port = free.getsockname()[1], other.getsockname()[1]
    kafka = {"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers}
    ports = {"GATEWAY_PORT": str(port), "GATEWAY_HEALTH_PORT": str(health_port)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.gateway"), env=environment(data, kafka | ports), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()
