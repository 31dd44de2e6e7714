"""Our own work never costs us our place in the group: generations are counted on a real broker."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState

from services.enricher.stage import Draft, Model
from tests.support.enricher import FAST_SETTINGS, AlwaysEnglish, PlainText, Running, running_enricher
from tests.support.kafka import Broker, until
from tests.support.revisions import Story

pytestmark = pytest.mark.kafka

STAGE_S = 8.0
"""More than twice the session."""


@dataclass(frozen=True)
class Slow:
    """A stage that takes its time with each batch."""

    takes_s: float
    name: str = "language"
    model: Model = field(default_factory=lambda: Model("slow", "1"))

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        time.sleep(self.takes_s)  # in the inference thread
        return AlwaysEnglish()(drafts)


@dataclass
class Heartbeats:
    """When the group's coordinator answered that the member lives, in seconds."""

    answered_s: list[float] = field(default_factory=list)

    @property
    def longest_gap_s(self) -> float:
        """The longest silence between two."""
        return max(later - sooner for sooner, later in zip(self.answered_s, self.answered_s[1:], strict=False))


def heard_heartbeats(monkeypatch: pytest.MonkeyPatch) -> Heartbeats:
    """Notes each heartbeat of this process that was answered well."""
    heard, beat = Heartbeats(), GroupCoordinator._do_heartbeat

    async def noted(coordinator: GroupCoordinator) -> bool:
        is_member: bool = await beat(coordinator)
        if is_member:
            heard.answered_s.append(time.monotonic())
        return is_member

    monkeypatch.setattr(GroupCoordinator, "_do_heartbeat", noted)
    return heard


def generation(running: Running) -> int:
    """How often the group was put together anew, as its member knows it."""
    number: int = running.worker._consumer._coordinator.generation
    return number


async def test_stage_slower_than_the_session_causes_no_rebalance(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(broker, "slow-stage")
    await story.publish(2)
    heard = heard_heartbeats(monkeypatch)
    async with running_enricher(broker, "slow-stage", (PlainText(), Slow(STAGE_S))) as running:
        await until(lambda: running.worker.ready().holds)
        before = generation(running)
        await until(lambda: running.settled >= 2)
        after = generation(running)
    print(
        f"a stage of {STAGE_S:.0f} s in a session of {FAST_SETTINGS.session_timeout_s:.0f} s: generation {before} before, "
        f"{after} after, {len(heard.answered_s)} heartbeats, at most {heard.longest_gap_s:.2f} s apart"
    )
    assert before == after > 0
    assert heard.longest_gap_s < FAST_SETTINGS.session_timeout_s / 2


async def test_worker_that_has_room_for_nothing_stays_in_the_group(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks the client for records while every lane is full: by its own default it would leave after five minutes."""
    monkeypatch.setattr(SubscriptionState, "fetcher_idle_time", property(lambda _: 3_600.0))
    heard = heard_heartbeats(monkeypatch)
    async with running_enricher(broker, "full") as running:
        await until(lambda: running.worker.ready().holds)
        before = generation(running)
        heard_before = len(heard.answered_s)
        await until(lambda: len(heard.answered_s) >= heard_before + 4 or generation(running) != before)
        after = generation(running)
    print(f"nothing fetched for an hour, as far as the client knows: generation {before} before, {after} after")
    assert before == after > 0


async def test_a_slow_start_of_a_producer_causes_no_rebalance(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client sends no heartbeat until its listener returns, so producers are not started there."""
    go_on = asyncio.Event()

    async def at(place: str) -> None:
        if place == "during_producer_start":
            await go_on.wait()

    heard = heard_heartbeats(monkeypatch)
    async with running_enricher(broker, "slow-start", at=at) as running:
        await until(lambda: len(heard.answered_s) >= 2 * FAST_SETTINGS.session_timeout_s / FAST_SETTINGS.heartbeat_interval_s)
        before = generation(running)
        go_on.set()
        await until(lambda: running.worker.ready().holds)
        after = generation(running)
    print(
        f"producers that start for two sessions: {len(heard.answered_s)} heartbeats meanwhile, generation {before}, then {after}"
    )
    assert before == after > 0 and heard.longest_gap_s < FAST_SETTINGS.session_timeout_s / 2
