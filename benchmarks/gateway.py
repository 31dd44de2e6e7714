"""The gateway: single articles beside a bare handler, batches, and memory while 1 GB streams in: `python -m benchmarks.gateway`.

The bare handler publishes the same bytes, key and value, with the same producer on the same server, and checks nothing: it gets
the key in a header, and the value as the gateway makes it. Both get the same requests from one client, by turns, in the same run.
"""

import argparse
import asyncio
import contextlib
import os
import socket
import statistics
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

import httpx
import orjson

from benchmarks.articles import small_articles
from benchmarks.bare_handler import KEY_HEADER
from benchmarks.broker import BenchBroker, started_broker
from benchmarks.http_load import Load, load, post, stream
from benchmarks.machine import print_machine
from benchmarks.process import processor_s, resident_bytes
from services.gateway.admission import admit, message

RATIO, BATCH_RATE, GROWTH = 0.70, 1_000.0, 1.10

_PUSH, _BATCH, _NDJSON = "/v1/articles", "/v1/articles:batch", "application/x-ndjson"
_BATCH_LINES = 10_000
_CHUNK_BYTES = 262_144
_LOOK_EVERY_S = 0.1
_MIB, _MB = 1_048_576, 1_000_000

# No limit but what is measured; a window that is full soon, so that memory has nothing left to grow by.
_ENVIRONMENT = {
    "GATEWAY_BATCH_MAX_BYTES": str(10**11),
    "GATEWAY_BATCH_MAX_LINES": str(10**9),
    "GATEWAY_WINDOW_MAX_ARTICLES": "20000",
    "GATEWAY_DELIVERY_DEADLINE_S": "10",
    "GATEWAY_STALL_AFTER_S": "10",
    "GATEWAY_HEALTH_PORT": "0",
    "LOG_LEVEL": "WARNING",
}


@dataclass
class Server:
    """A server that is measured."""

    name: str
    port: int
    pid: int
    rounds: list[Load] = field(default_factory=list)
    processor_us: list[float] = field(default_factory=list)

    async def measure(self, requests: Sequence[bytes], connections: int) -> None:
        """One round."""
        before = processor_s(self.pid)
        done = await load(self.port, requests, connections)
        self.processor_us.append((processor_s(self.pid) - before) / len(requests) * 1e6)
        self.rounds.append(done)
        assert set(done.statuses) == {202}, done.statuses

    @property
    def rate(self) -> float:
        """Median of the rounds, in answers a second."""
        return statistics.median(each.rate for each in self.rounds)


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000, help="single articles a round (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="counted rounds of each side, alternating (%(default)s)")
    parser.add_argument("--connections", type=int, default=32, help="at the same time (%(default)s)")
    parser.add_argument("--bytes", type=int, default=2_000, help="size of an article (%(default)s)")
    parser.add_argument("--batches", type=int, default=5, help=f"batches of {_BATCH_LINES:,} articles (%(default)s)")
    parser.add_argument("--stream", type=int, default=1_000, help="size of the streamed batch, in MB (%(default)s)")
    parser.add_argument("--short", action="store_true", help="a tenth of everything, one round: no measurement of anything")
    return parser


async def measure(given: argparse.Namespace) -> bool:
    """Runs everything and prints it; whether all limits hold."""
    async with (
        started_broker() as broker,
        _server("gateway", broker, _ENVIRONMENT, "services.gateway") as gateway,
        _server("bare", broker, {}, "benchmarks.bare_handler") as bare,
    ):
        held = [
            await _single(gateway, bare, given),
            await _batches(gateway, given),
            await _streamed(gateway, given),
        ]
    return all(held)


async def _single(gateway: Server, bare: Server, given: argparse.Namespace) -> bool:
    """The first round of each warms it up and isn't counted."""
    for number in range(given.rounds + 1):
        values = _values(f"single{number}", given.requests, given.bytes)
        admitted = [message(admit(value), 0, "bench") for value in values]
        requests = [post(_PUSH, each.value or b"", **{KEY_HEADER: (each.key or b"").decode()}) for each in admitted]
        for server in (gateway, bare):
            await server.measure(requests, given.connections)
    for server in (gateway, bare):
        del server.rounds[0], server.processor_us[0]
        last = server.rounds[-1]
        print(
            f"single     {server.name:8} {server.rate:7,.0f} articles/s, p50 {last.percentile_ms(0.5):.1f} ms, "
            f"p99 {last.percentile_ms(0.99):.1f} ms, {statistics.median(server.processor_us):.0f} µs of processor an article",
            flush=True,
        )
    ratio = gateway.rate / bare.rate
    print(f"ratio      {ratio:.2f} of the bare handler's rate (limit {RATIO})", flush=True)
    return ratio >= RATIO


async def _batches(gateway: Server, given: argparse.Namespace) -> bool:
    bodies = [b"\n".join(_values(f"batch{number}", _BATCH_LINES, given.bytes)) for number in range(given.batches)]
    done = await load(gateway.port, [post(_BATCH, body, _NDJSON) for body in bodies], 1)
    rate = _BATCH_LINES * given.batches / done.seconds
    print(f"batches    {rate:,.0f} articles/s, batches of {_BATCH_LINES:,} one after the other (limit {BATCH_RATE:,.0f})")
    return rate >= BATCH_RATE and set(done.statuses) == {200}


async def _streamed(gateway: Server, given: argparse.Namespace) -> bool:
    """Memory from a tenth of the way on: by then buffers and the window are full."""
    sent, samples = [0], list[tuple[int, int]]()
    looking = asyncio.create_task(_look(gateway.pid, sent, samples))
    status, answer = await stream(gateway.port, _BATCH, _NDJSON, _chunked(given.stream * _MB, given.bytes, sent))
    looking.cancel()
    count = orjson.loads(answer)["accepted"]
    early = max(size for at, size in samples if at <= sent[0] / 5)
    latest = max(size for _, size in samples)
    print(f"stream     {sent[0] / _MB:,.0f} MB in one batch, {count:,} articles accepted, status {status}")
    growth = latest / early
    print(f"memory     {early / _MIB:.1f} MiB in the first fifth, {latest / _MIB:.1f} in all: × {growth:.3f} (limit {GROWTH})")
    return growth <= GROWTH and status == 200


async def _look(pid: int, sent: list[int], samples: list[tuple[int, int]]) -> None:
    while True:
        samples.append((sent[0], resident_bytes(pid)))
        await asyncio.sleep(_LOOK_EVERY_S)


async def _chunked(size: int, article_bytes: int, sent: list[int]) -> AsyncIterator[bytes]:
    """So many bytes of articles as lines, in chunks that end anywhere."""
    waiting = bytearray()
    for line in _values("stream", size // (article_bytes + 1), article_bytes):
        waiting += line + b"\n"
        if len(waiting) >= _CHUNK_BYTES:
            sent[0] += len(waiting)
            yield bytes(waiting)
            waiting.clear()
    sent[0] += len(waiting)
    yield bytes(waiting)


def _values(name: str, count: int, size_bytes: int) -> Iterator[bytes]:
    """Articles that nobody pushed before: a few hundred texts again and again under new URLs."""
    templates = [orjson.loads(value) for _, value in small_articles(300, size_bytes)]
    for number in range(count):
        yield orjson.dumps(templates[number % len(templates)] | {"url": f"https://bench.example/{name}/{number}"})


@contextlib.asynccontextmanager
async def _server(name: str, broker: BenchBroker, environment: dict[str, str], module: str) -> AsyncIterator[Server]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    ours = {"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers, "GATEWAY_PORT": str(port)}
    command = (sys.executable, "-m", module, broker.bootstrap_servers, str(port))
    process = await asyncio.create_subprocess_exec(*command, env={**os.environ, **ours, **environment})
    try:
        await _until_ready(port, process)
        yield Server(name, port, process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _until_ready(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        while process.returncode is None:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise RuntimeError(f"the server ended with {process.returncode}")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all limits hold."""
    given = parser().parse_args(arguments)
    if given.short:
        given.requests, given.rounds, given.batches, given.stream = given.requests // 10, 1, 1, given.stream // 10
    print_machine()
    size = f"{given.requests:,} articles of {given.bytes:,} bytes"
    print(f"parameters {given.rounds} rounds of {size}, {given.connections} connections")
    return 0 if asyncio.run(measure(given)) else 1


if __name__ == "__main__":
    sys.exit(main())
