"""Every kind of fault, struck while a worker's batch waits at a place; when a strike returns, the system is whole again.

A strike lets its victim go on, or ends it. Times come from the scene's seed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from signal import SIGCONT, SIGSTOP

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.topics import NEWS_ENRICHED, NEWS_RAW
from tests.fault.scene import GROUP, Broken, Scene
from tests.fault.stages import CRASH, SLOW, SWELL
from tests.fault.workers import Worker
from tests.support.cluster import BROKER_SESSION_S, Node
from tests.support.command import newsloom

# The partition of news.enriched that only one broker of three has.
LONELY_PARTITION, LONELY_BROKER = 3, 3

# From how many workers to how many.
NEXT_SCALE: Mapping[int, int] = {2: 1, 1: 4, 4: 2}

_TINY_BYTES = 100
_SKIP_TRIES = 10

Strike = Callable[[Scene, Worker], Awaitable[None]]


async def kill_9(scene: Scene, victim: Worker) -> None:
    """The process is gone in the middle of a batch."""
    await victim.kill()


async def zombie(scene: Scene, victim: Worker) -> None:
    """The process freezes past its session, another takes over, and then it goes on where it was."""
    if not scene.others(victim):
        await scene.workers.start()
    victim.signal(SIGSTOP)
    await scene.workers.settled(among=scene.others(victim))
    await scene.pause(0.0, 0.5)
    victim.go()
    victim.signal(SIGCONT)


async def restart(scene: Scene, victim: Worker) -> None:
    """SIGTERM in the middle of a batch, and a new process."""
    victim.signal_stop()
    await scene.pause(0.0, 0.5)
    victim.go()
    await victim.stop()


async def scale(scene: Scene, victim: Worker) -> None:
    """The number of workers goes from 1 to 4 to 2 to 1; the victim's batch waits while the others come or go."""
    scene.wanted = NEXT_SCALE[scene.wanted]
    surplus = scene.others(victim)[max(scene.wanted - 1, 0) :]
    going = [asyncio.create_task(worker.stop()) for worker in surplus]
    await scene.mend()
    await scene.pause(0.2, 1.5)
    victim.go()
    await asyncio.gather(*going)


async def broker_killed(scene: Scene, victim: Worker) -> None:
    """kill -9 of a broker, which comes back."""
    await _kill_and_restart(scene, victim, scene.random.choice(scene.cluster.nodes), lambda: scene.pause(0.0, 1.0))


async def leader_killed(scene: Scene, victim: Worker) -> None:
    """kill -9 of the broker that leads one of the victim's partitions; another takes the lead."""
    partition = await scene.partition_of(victim)
    leader = await _leader(scene, NEWS_RAW.name, partition)
    node = scene.cluster.node(leader)
    await _kill_and_restart(scene, victim, node, lambda: _led_otherwise(scene, NEWS_RAW.name, partition, leader))


async def leaderless(scene: Scene, victim: Worker) -> None:
    """An output partition without any leader for a while: its only broker is killed."""

    async def nobody_leads() -> None:
        await _led_otherwise(scene, NEWS_ENRICHED.name, LONELY_PARTITION, LONELY_BROKER)
        await scene.pause(0.5, 2.0)

    await _kill_and_restart(scene, victim, scene.cluster.node(LONELY_BROKER), nobody_leads)


async def _kill_and_restart(scene: Scene, victim: Worker, node: Node, meanwhile: Callable[[], Awaitable[None]]) -> None:
    # Kafka 4.3.0 skips the markers of a partition without a leader (see tests/support/cluster.py): of a transaction that has
    # records there, the end must wait.
    is_exposed = node.number == LONELY_BROKER and scene.place in ("after_send", "after_offsets")
    with scene.watch.excusing():
        await node.kill()
        await scene.pause(0.0, 0.3)
        if not is_exposed:
            victim.go()
        await meanwhile()
        await node.start()
        victim.go()


async def broker_paused(scene: Scene, victim: Worker) -> None:
    """A broker freezes for a while, shorter or longer than the workers' sessions are."""
    node = scene.random.choice(scene.cluster.nodes)
    with scene.watch.excusing():
        node.pause()
        victim.go()
        await scene.pause(1.0, 0.85 * BROKER_SESSION_S)
        node.resume()


async def connections_dropped(scene: Scene, victim: Worker) -> None:
    """The workers' connections are reset; some of the times new ones are refused, or bytes stall first."""
    proxies, manner = scene.cluster.proxies, scene.random.choice(("drop", "refuse", "stall"))
    for proxy in proxies:
        if manner == "refuse":
            proxy.refuse()
        if manner == "stall":
            proxy.stall()
        else:
            proxy.drop()
    victim.go()
    if manner != "drop":
        await scene.pause(0.3, 1.2 * scene.session_s)
    for proxy in proxies:
        if manner == "stall":
            proxy.drop()
        proxy.flow()
        proxy.accept()


async def oversized(scene: Scene, victim: Worker) -> None:
    """A record that comes out larger than any enriched record may be, amid others."""
    await scene.publisher.publish_marked(await scene.partition_of(victim), SWELL)
    victim.go()


async def refused(scene: Scene, victim: Worker) -> None:
    """The broker refuses every record of news.enriched for its size, for a while."""
    await _limit(scene, _TINY_BYTES)
    victim.go()
    await scene.pause(0.5, 2.0)
    await _limit(scene, NEWS_ENRICHED.max_message_bytes)


async def unreadable(scene: Scene, victim: Worker) -> None:
    """A record that the client can't read stops its partition; somebody skips it, as the manual says."""
    partition = await scene.partition_of(victim)
    _, offset = await scene.publisher.publish_unreadable(partition)
    victim.go()
    reason = f"unreadable record at offset {offset}:"
    await scene.until(lambda: _halted(scene, partition, reason), f"partition {partition} stops at {offset}")
    for _ in range(_SKIP_TRIES):
        arguments = ("skip", NEWS_RAW.name, str(partition), str(offset), "--group", GROUP)
        env = {"KAFKA_BOOTSTRAP_SERVERS": scene.cluster.broker.bootstrap_servers}
        ended = await asyncio.to_thread(newsloom, *arguments, data=scene.folder, env=env)
        if ended.code == 0:
            break
        await asyncio.sleep(0.5)
    else:
        raise Broken(f"newsloom skip: {ended.err}")
    await (await scene.owner_of(partition)).stop()


async def slow(scene: Scene, victim: Worker) -> None:
    """A stage takes longer than a session lasts: the group must not notice."""
    await scene.mend()
    partition = await scene.partition_of(victim)
    victim.go()
    before = await scene.workers.settled()
    _, offset = await scene.publisher.publish_marked(partition, SLOW)
    await scene.passed(partition, offset)
    after = await scene.workers.settled()
    if after != before:
        scene.rebalances.append(f"generation {before} became {after} during {scene.slow_s:g} s of work")


async def crash(scene: Scene, victim: Worker) -> None:
    """A text ends every process that works on it, until one has it in a process of its own."""
    partition = await scene.partition_of(victim)
    scene.crashing += 1
    try:
        _, offset = await scene.publisher.publish_marked(partition, CRASH)
        with contextlib.suppress(TimeoutError):  # it may lie behind the batch that waits
            await asyncio.wait_for(asyncio.shield(victim.ended), 1.0)
        victim.go()
        await scene.passed(partition, offset)
    finally:
        scene.crashing -= 1


async def poison(scene: Scene, victim: Worker) -> None:
    """A record that is no article."""
    await scene.publisher.publish_poison(await scene.partition_of(victim))
    victim.go()


async def _halted(scene: Scene, partition: int, reason: str) -> bool:
    await scene.mend()
    states = [await worker.status() for worker in scene.workers.living]
    partitions = [each for state in states for each in state["partitions"]]
    return any(each["partition"] == partition and reason in each["state"] for each in partitions)


async def _limit(scene: Scene, max_bytes: int) -> None:
    """How large a record of news.enriched may be; this request replaces all of a topic's settings."""
    configs = {**NEWS_ENRICHED.config, "max.message.bytes": str(max_bytes)}
    wanted = ConfigResource(ConfigResourceType.TOPIC, NEWS_ENRICHED.name, configs)
    for answer in await scene.ask(lambda admin: admin.alter_configs([wanted])):
        for code, message, *_ in answer.resources:
            if code:
                raise Broken(f"the broker refuses a limit: {message}")


async def _leader(scene: Scene, topic: str, partition: int) -> int:
    """The broker that leads the partition; -1 when none does."""
    (described,) = await scene.ask(lambda admin: admin.describe_topics([topic]))
    return next(int(each["leader"]) for each in described["partitions"] if each["partition"] == partition)


async def _led_otherwise(scene: Scene, topic: str, partition: int, leader: int) -> None:
    async def is_so() -> bool:
        return await _leader(scene, topic, partition) != leader

    await scene.until(is_so, f"{topic}-{partition} has another leader than {leader}, or none")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault and where it can be had."""

    strike: Strike
    brokers: frozenset[int] = frozenset({1, 3})
    """In clusters of how many brokers."""
    needs_peace: bool = False
    """Whether the group must be complete and quiet before."""
    lonely: bool = False
    """Whether the victim is whoever has the partition that only one broker has."""


KINDS: Mapping[str, Kind] = {
    "kill -9": Kind(kill_9),
    "zombie": Kind(zombie, needs_peace=True),
    "restart": Kind(restart),
    "scale": Kind(scale),
    "broker kill -9": Kind(broker_killed),
    "broker paused": Kind(broker_paused),
    "leader kill -9": Kind(leader_killed, frozenset({3})),
    "leaderless": Kind(leaderless, frozenset({3}), lonely=True),
    "connections": Kind(connections_dropped),
    "oversized": Kind(oversized),
    "refused": Kind(refused),
    "unreadable": Kind(unreadable),
    "slow": Kind(slow, needs_peace=True),
    "crash": Kind(crash),
    "poison": Kind(poison),
}
