"""A run: faults of every kind at every place, in an order that the seed decides, while articles keep coming."""

import asyncio
import random
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import get_args

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.topics import NEWS_ENRICHED
from services.runtime.failpoints import Place
from services.runtime.topic_admin import apply_topics
from tests.fault.articles import open_publisher
from tests.fault.blocked import ReaderWatch, Waits
from tests.fault.books import Books, Ledger, open_ledger
from tests.fault.kinds import KINDS, LONELY_BROKER, LONELY_PARTITION, NEXT_SCALE
from tests.fault.scene import GROUP, Broken, Scene
from tests.fault.truth import Truth
from tests.fault.worker import stages_of
from tests.fault.workers import NotAnswered, Worker, open_workers
from tests.support.cluster import started_cluster
from tests.support.enricher import FAST_SETTINGS

PLACES: tuple[Place, ...] = get_args(Place)

_REVISED_OFTEN = 20
_CLEAN_UP_S = 1.0  # FAST_PROPERTIES
_SLACK_S = 1.0
_CHECK_EVERY = 25
_SETTLE_DEADLINE_S = 120.0
_ARRIVE_S, _ARRIVE_TRIES, _AGAIN = 4.0, 12, 8
_SESSION_S = 3.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """What a run is to be."""

    seed: int
    faults: int
    articles: int
    brokers: int = 1
    kinds: Sequence[str] = tuple(KINDS)
    places: Sequence[Place] = PLACES
    is_model: bool = False
    worker_options: Sequence[str] = ()
    """Those that take a guarantee away, so that the books can be seen to fail."""
    first: int = 1
    """The number of the first fault: one that failed is had again without those before it."""

    @property
    def plan(self) -> list[tuple[str, Place]]:
        """The faults in order: rounds of all kinds at all places, each shuffled by the seed."""
        kinds = [name for name in self.kinds if self.brokers in KINDS[name].brokers]
        return list(islice(_rounds(random.Random(self.seed), kinds, self.places), self.faults))


@dataclass
class Report:
    """What a run found."""

    wanted: Wanted
    books: Books | None = None
    table: Counter[tuple[str, Place]] = field(default_factory=Counter)
    waits: Waits = field(default_factory=Waits)
    rebalances: list[str] = field(default_factory=list)
    trouble: str = ""
    """Why the run ended early."""
    often: int = 0
    """How many keys were revised often."""
    crashes: int = 0
    skipped_markers: list[str] = field(default_factory=list)
    """What the brokers say of transactions that they did not end as they should (tests/support/cluster.py)."""
    seconds: float = 0.0

    @property
    def bound_s(self) -> float:
        """How long a reader may be kept waiting by a worker that was killed."""
        return FAST_SETTINGS.transaction_timeout_s + _CLEAN_UP_S + _SLACK_S

    @property
    def is_good(self) -> bool:
        """Whether everything held."""
        is_whole = self.books is not None and self.books.balance and not self.trouble
        return is_whole and not self.rebalances and self.waits.longest <= self.bound_s


async def run(wanted: Wanted, say: Say, logs: Path | None = None) -> Report:
    """Injects the faults and closes the books; what goes wrong is in the report, with the workers' logs in their folder."""
    report, began = Report(wanted), time.monotonic()
    async with AsyncExitStack() as stack:
        scene = await stack.enter_async_context(_opened(wanted, logs))
        report.waits, report.rebalances = scene.watch.waits, scene.rebalances
        truth = await asyncio.to_thread(lambda: Truth(stages_of(wanted.is_model)))
        ledger = await stack.enter_async_context(open_ledger(scene.cluster.broker, truth))
        say(f"Apache Kafka {scene.cluster.version}, {wanted.brokers} node(s); seed {wanted.seed}, {wanted.faults} faults")
        try:
            await _inject_all(scene, ledger, report, say)
        except (Broken, NotAnswered) as error:
            report.trouble = f"{type(error).__name__}: {error}"
            scene.workers.say_what_waits()
            await ledger.advance()
            if logs is not None:
                await asyncio.to_thread(_keep_what_brokers_stored, scene, logs)
        report.books, report.crashes = ledger.books, scene.crashes
        report.skipped_markers = scene.cluster.skipped_markers
        report.often = sum(count >= _REVISED_OFTEN for count in ledger.revisions.values())
    report.seconds = time.monotonic() - began
    return report


def _keep_what_brokers_stored(scene: Scene, folder: Path) -> None:
    """For Kafka's own tools, which tell what each transaction wrote: kafka.tools.DumpLogSegments."""
    for node in scene.cluster.nodes:
        shutil.copytree(node.folder, folder / node.folder.name, dirs_exist_ok=True)


async def _inject_all(scene: Scene, ledger: Ledger, report: Report, say: Say) -> None:
    wanted = report.wanted
    each = max(2, wanted.articles // wanted.faults)
    for number, (kind, place) in enumerate(wanted.plan, start=1):
        if number < wanted.first:
            scene.wanted = NEXT_SCALE[scene.wanted] if kind == "scale" else scene.wanted
            continue
        scene.random = random.Random(f"fault {number} of {wanted.seed}")  # the same without those before it
        before, scene.watch.doing, scene.place = time.monotonic(), kind, place
        try:
            victim = await _inject(scene, kind, place, each)
        except (Broken, NotAnswered) as error:
            raise Broken(f"fault {number}, {kind} at {place}: {error}") from error
        report.table[(kind, place)] += 1
        what = f"#{number} {kind} at {place}, worker {victim.number} of {scene.wanted}"
        say(f"{datetime.now(UTC):%H:%M:%S} {what}: {time.monotonic() - before:.1f} s")
        if number % _CHECK_EVERY == 0 or number == wanted.faults:
            await _settle(scene, ledger)
            say(f"books after {number}: {ledger.books}")
            if not ledger.books.balance:
                raise Broken(f"the books don't balance after fault {number}")
    await scene.workers.stop()
    await scene.until(lambda: _is_quiet(scene), "no transaction is left open")
    await ledger.advance()


async def _inject(scene: Scene, kind: str, place: Place, articles: int) -> Worker:
    """Lets a batch of some worker come to the place, strikes there, and puts everything right again; who it was."""
    if KINDS[kind].needs_peace:
        await scene.mend()
        await scene.workers.settled()
    victim = await _at(scene, KINDS[kind].lonely, place, articles // 2)
    more = asyncio.create_task(scene.publisher.publish(articles - articles // 2))
    try:
        await KINDS[kind].strike(scene, victim)
        victim.clear()
        await scene.mend()
    finally:
        await more
    return victim


async def _at(scene: Scene, is_lonely: bool, place: Place, articles: int) -> Worker:
    reason = ""
    for _ in range(_ARRIVE_TRIES):
        await scene.mend()
        if is_lonely:
            victim = await scene.owner_of(LONELY_PARTITION)
        else:
            victim = scene.random.choice(scene.workers.living)
        victim.hold(place)
        await scene.publisher.publish(articles)
        try:
            for is_last in (False, False, True):
                try:
                    await victim.arrives(_ARRIVE_S)
                    return victim
                except NotAnswered:
                    if is_last or not victim.is_alive:
                        raise
                    await scene.publisher.publish(_AGAIN)
        except NotAnswered as error:
            reason = str(error)
            victim.clear()
        articles = _AGAIN
    raise Broken(f"no batch comes to {place}: {reason}")


async def _settle(scene: Scene, ledger: Ledger) -> None:
    """Reads on until every input has its outcome."""
    try:
        async with asyncio.timeout(_SETTLE_DEADLINE_S):
            while True:
                await scene.mend()
                await ledger.advance()
                if not ledger.pending:
                    return
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise Broken(f"inputs without an outcome after {_SETTLE_DEADLINE_S:g} s: {ledger.pending[:20]}") from None


async def _is_quiet(scene: Scene) -> bool:
    return scene.watch.is_quiet


@asynccontextmanager
async def _opened(wanted: Wanted, logs: Path | None) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(started_cluster(wanted.brokers))
        folder = logs or cluster.folder / "workers"
        folder.mkdir(parents=True, exist_ok=True)
        chance = random.Random(f"articles {wanted.seed}")
        slow_s = 1.5 * _SESSION_S
        arguments = [cluster.through_proxies.bootstrap_servers, GROUP, "--slow-s", str(slow_s)]
        arguments += ["--session-timeout-s", str(_SESSION_S), "--revoke-deadline-s", "3", "--rebalance-timeout-s", "8"]
        arguments += [*wanted.worker_options, *(["--model"] if wanted.is_model else [])]
        scene = Scene(
            cluster=cluster,
            workers=await stack.enter_async_context(open_workers(arguments, folder)),
            publisher=await stack.enter_async_context(open_publisher(cluster.broker, chance)),
            watch=ReaderWatch(cluster.broker, FAST_SETTINGS.transaction_timeout_s + _CLEAN_UP_S),
            random=random.Random(wanted.seed),
            folder=folder,
            session_s=_SESSION_S,
            slow_s=slow_s,
        )
        await scene.ask(lambda admin: _create_topics(admin, wanted.brokers))
        await stack.enter_async_context(scene.watch.running())
        yield scene


async def _create_topics(admin: AIOKafkaAdminClient, brokers: int) -> None:
    """The topics of the list; with three brokers one output partition is on a single one."""
    if brokers > 1:
        everywhere = list(range(1, brokers + 1))
        copies = {number: everywhere[number % brokers :] + everywhere[: number % brokers] for number in range(4)}
        copies[LONELY_PARTITION] = [LONELY_BROKER]
        await admin.create_topics([NewTopic(NEWS_ENRICHED.name, -1, -1, copies, dict(NEWS_ENRICHED.config))])
    await apply_topics(admin)


def _rounds(chance: random.Random, kinds: Sequence[str], places: Sequence[Place]) -> Iterator[tuple[str, Place]]:
    """Each round has every kind once; as many rounds as there are places have every kind at every place once."""
    while True:
        turns = {kind: chance.sample(list(places), len(places)) for kind in kinds}
        for number in range(len(places)):
            for kind in chance.sample(list(kinds), len(kinds)):
                yield kind, turns[kind][number]
