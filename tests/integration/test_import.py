"""Files onto a real news.raw: the books are right, and an import that was interrupted goes on with nothing lost."""

import asyncio
import gzip
import json
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from schemas.codec import decode_raw
from schemas.identity import article_id
from schemas.topics import NEWS_RAW
from services.cli.importing.run import BATCH_RECORDS
from services.runtime.partitioning import partition_of
from tests.support.archive import TEXTS, Record, answer, archive, page, record_bytes
from tests.support.command import Ended
from tests.support.kafka import Broker, Records, started_broker
from tests.support.operator import Operator

pytestmark = pytest.mark.kafka

RECORDS = 1_000


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    """One for each test: what is on the topic is counted."""
    async with started_broker() as started:
        yield started


@pytest.fixture
def operator(broker: Broker, tmp_path: Path) -> Operator:
    return Operator(broker, tmp_path)


@dataclass(frozen=True)
class Crawl:
    """An archive and what is in it."""

    path: Path
    pages: dict[str, str]
    """Key → what its page says."""
    reasons: Counter[str]

    @property
    def balance(self) -> str:
        skipped = sum(self.reasons.values())
        return f"in {RECORDS} = articles {len(self.pages)} + skipped {skipped}"


def crawl(path: Path) -> Crawl:
    """A thousand records as CC-NEWS has them: a page with its request beside it, and what else a crawler meets."""
    chance = random.Random(19)
    records: list[Record | bytes] = [Record("warcinfo", body=b"software: ours\r\n")]
    reasons, pages = Counter(["warcinfo_record"]), dict[str, str]()
    while len(records) < RECORDS - 1:
        number = len(records)
        url, text = f"https://herald{number % 7}.example/{number}/خبر", TEXTS[number % len(TEXTS)]
        good = answer(url, page(text, number, declared=number % 3 == 0), None if number % 3 == 0 else text.encoding)
        kinds: list[tuple[Record | bytes, str]] = [
            (good, ""),
            (Record("request", url=url), "request_record"),
            (Record(url=url, status="301 Moved Permanently", headers=[("Location", "/")]), "redirect"),
            (Record(url=url, status="404 Not Found", body=b"<p>no"), "status_4xx"),
            (Record(url=url, headers=[("Content-Type", "application/json")], body=b"{}"), "not_html"),
            (Record(url=url, body=good.body, warc_headers=[("WARC-Truncated", "length")]), "truncated_page"),
            (Record(url="https://bad host.example/", body=good.body), "invalid_url"),
            (_damaged(good), "broken_record"),
        ]
        ((record, reason),) = chance.choices(kinds, [60, 25, 4, 3, 3, 2, 1, 2])
        records.append(record)
        if reason:
            reasons[reason] += 1
        else:
            pages[article_id(url)] = text.sentence
    records.append(gzip.compress(record_bytes(good))[:-50])
    return Crawl(archive(path, records), pages, reasons + Counter(["truncated_record"]))


def _damaged(record: Record) -> bytes:
    packed = bytearray(gzip.compress(record_bytes(record)))
    packed[len(packed) // 2] ^= 0xFF
    return bytes(packed)


async def published(broker: Broker) -> Records:
    return await broker.read(NEWS_RAW.name)


def repeats(records: Records) -> int:
    """How many records are there a second time; a repeated one is the same, byte for byte."""
    values = dict[bytes, bytes]()
    for record in records:
        assert values.setdefault(record.key or b"", record.value or b"") == record.value
    return len(records) - len(values)


def require_whole(records: Records, wanted: Crawl) -> None:
    """Every page is there under its key, in its partition, readable."""
    assert {(record.key or b"").decode() for record in records} == set(wanted.pages)
    for record in records:
        article = decode_raw(record.value or b"")
        assert not article.warnings and wanted.pages[(record.key or b"").decode()] in (article.article.html or "")
        assert record.partition == partition_of(record.key or b"", NEWS_RAW.partitions)


def reasons_of(ended: Ended) -> Counter[str]:
    listed = ended.lines[-1].partition("(")[2].rstrip(")").split(", ")
    return Counter({name: int(count) for name, _, count in (each.partition(": ") for each in listed)})


async def test_a_thousand_records_are_articles_or_counted(operator: Operator, broker: Broker, tmp_path: Path) -> None:
    wanted = crawl(tmp_path / "CC-NEWS-20230919.warc.gz")
    ended = await operator("import", "warc", str(wanted.path))
    assert ended.lines[-1].startswith(wanted.balance), ended
    assert reasons_of(ended) == wanted.reasons and ended.code == 1  # some should have been articles
    records = await published(broker)
    require_whole(records, wanted)
    assert repeats(records) == 0
    print(ended.lines[-1])

    again = await operator("import", "warc", str(wanted.path))
    assert again.lines == ended.lines and "imported whole at" in again.err
    assert len(await published(broker)) == len(records)
    anew = await operator("import", "warc", str(wanted.path), "--restart")
    assert anew.lines == ended.lines
    assert repeats(await published(broker)) == len(records)


async def test_an_import_that_was_killed_goes_on(operator: Operator, broker: Broker, tmp_path: Path) -> None:
    wanted = crawl(tmp_path / "a.warc.gz")
    process = await operator.start("import", "warc", str(wanted.path), "--rate", "250")
    kept = await _checkpoint(tmp_path)
    while await broker.end_offset(NEWS_RAW.name) < kept["articles"] + 40:
        await asyncio.sleep(0.02)
    process.kill()
    await process.communicate()
    before = await published(broker)
    assert len(before) < len(wanted.pages)

    ended = await operator("import", "warc", str(wanted.path))
    records = await published(broker)
    assert ended.lines[-1].startswith(wanted.balance) and reasons_of(ended) == wanted.reasons
    assert "a.warc.gz: goes on behind record " in ended.err
    require_whole(records, wanted)
    assert 0 < repeats(records) <= BATCH_RECORDS
    print(f"killed with {len(before)} of {len(wanted.pages)} articles sent, went on: {repeats(records)} came again, 0 lost")


async def test_ctrl_c_says_where_it_goes_on(operator: Operator, broker: Broker, tmp_path: Path) -> None:
    wanted = crawl(tmp_path / "a.warc.gz")
    process = await operator.start("import", "warc", str(wanted.path), "--rate", "250")
    await _checkpoint(tmp_path)
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert process.returncode == 130 and "stopped; the same command goes on behind record " in err.decode()
    assert (await operator("import", "warc", str(wanted.path))).lines[-1].startswith(wanted.balance)
    require_whole(await published(broker), wanted)


async def test_what_was_exported_can_be_imported(operator: Operator, broker: Broker, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"url": f"https://herald.example/{n}", "text": f"{text.sentence}\n— “{n}”"} for n, text in enumerate(TEXTS)
    ]
    rows[0] |= {
        "authors": ["А. Иванов", "李雷"],
        "published_at": "2023-09-19T08:30:00Z",
        "source": {"id": "herald"},
        "title": "عنوان",
    }
    (tmp_path / "rows.jsonl").write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    assert (await operator("import", "jsonl", "rows.jsonl")).lines == [f"in {len(rows)} = articles {len(rows)} + skipped 0"]
    for format in ("csv", "parquet"):
        await operator("export", "news.raw", "--format", format, "--latest", "-o", f"rows.{format}")
        ended = await operator("import", format, f"rows.{format}")
        assert ended.lines == [f"in {len(rows)} = articles {len(rows)} + skipped 0"], ended.err
    articles = [decode_raw(record.value or b"") for record in await published(broker)]
    by_key = dict[str, set[str]]()
    for decoded in articles:
        assert not decoded.warnings
        by_key.setdefault(decoded.article.url, set()).add(decoded.article.model_dump_json(exclude={"published_at", "article_id"}))
    assert len(articles) == 3 * len(rows) and all(len(versions) == 1 for versions in by_key.values())


async def test_a_dry_run_needs_no_broker_and_keeps_nothing(tmp_path: Path) -> None:
    wanted = crawl(tmp_path / "a.warc.gz")
    ended = await Operator(Broker("127.0.0.1:1"), tmp_path)("import", "warc", str(wanted.path), "--dry-run")
    assert ended.lines[-1].startswith(wanted.balance) and ended.lines[-1].endswith("; nothing was sent (--dry-run)")
    assert not (tmp_path / "imports").exists()
    shown = [line for line in ended.err.splitlines() if line.startswith(f"{wanted.path}:")]
    assert len(shown) == 10 and "further ones are only counted" in ended.err


async def _checkpoint(data: Path) -> dict[str, int]:
    """The first one."""
    async with asyncio.timeout(60):
        while not (found := sorted(data.glob("imports/*.json"))):
            await asyncio.sleep(0.02)
    return dict(json.loads(found[0].read_bytes()))
