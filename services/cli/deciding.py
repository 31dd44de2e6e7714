"""A run of `dlq redrive` or `dlq park` from the first dead letter to the closing line."""

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.topics import NEWS_RAW
from services.cli.connection import Connection, connected
from services.cli.dead_letters import Criteria, Found, LetterId, find_dead_letters
from services.cli.decisions import Pen, read_decisions, transactional_id
from services.cli.errors import COULD_NOT, FINE, CouldNot
from services.cli.letter_view import print_counts
from services.cli.redriving import Account, Desk, Edit, Rules, allowed, parking_refusal, refusal
from services.cli.screen import note
from services.cli.transactions import open_transactions

WhyNot = Callable[[Found], str | None]


@dataclass(frozen=True, slots=True)
class Job:
    """What the operator asked for."""

    criteria: Criteria
    group: str
    is_dry: bool = False
    limit: int | None = None
    note: str | None = None
    rate: float | None = None


async def redrive(job: Job, rules: Rules, edit: Edit | None) -> int:
    """Sends back what may be; the exit code.

    Raises:
        CouldNot: another command took over, the broker went away, or a named dead letter doesn't exist.
    """

    def why_not(found: Found) -> str | None:
        return refusal(found, rules, edit)

    if job.is_dry:
        return await _preview(job, why_not)
    async with connected() as connection, _desk(job, connection) as (desk, letters, account):
        await desk.redrive(letters(why_not), edit)
    print(f"sent {account.done:,} dead letters back to {NEWS_RAW.name}{_left(account)}")
    return _exit_code(account)


async def park(job: Job) -> int:
    """Parks what is open; the exit code. Raises as `redrive` does."""
    if job.is_dry:
        return await _preview(job, parking_refusal)
    async with connected() as connection, _desk(job, connection) as (desk, letters, account):
        await desk.park(letters(parking_refusal))
    print(f"parked {account.done:,} dead letters{_left(account)}")
    return _exit_code(account)


@contextlib.asynccontextmanager
async def _desk(
    job: Job, connection: Connection
) -> AsyncIterator[tuple[Desk, Callable[[WhyNot], AsyncIterator[Found]], Account]]:
    """The desk, and how to get the dead letters for it; what was done before an error is said."""
    account = Account()
    async with contextlib.AsyncExitStack() as stack:
        # The name first: whoever had it is fenced off and has nothing open any more when the decisions are read.
        transactions = await stack.enter_async_context(open_transactions(connection, transactional_id(job.group)))
        decisions = await read_decisions(connection)
        found = find_dead_letters(connection, job.criteria, decisions)
        await stack.enter_async_context(contextlib.aclosing(found))
        seen: set[LetterId] = set()
        watched = _watched(found, seen)
        desk = Desk(transactions, Pen(lambda: datetime.now(UTC), job.note), account, job.rate)
        try:
            yield desk, lambda why_not: allowed(watched, account, why_not, job.limit), account
        except BaseException:
            note(f"{account.done:,} dead letters were done; run this again for the rest")
            raise
    _require_all(job.criteria, seen)


async def _preview(job: Job, why_not: WhyNot) -> int:
    """Says what would be done; takes nothing over from anyone."""
    account, counts, seen = Account(), Counter[tuple[str, str, str]](), set[LetterId]()
    async with connected() as connection:
        letters = find_dead_letters(connection, job.criteria, await read_decisions(connection))
        async with contextlib.aclosing(letters):
            async for found in allowed(_watched(letters, seen), account, why_not, job.limit):
                counts[found.error_class, found.stage, found.state] += 1
    _require_all(job.criteria, seen)
    print_counts(counts)
    print(f"would be done: {counts.total():,}{_left(account)}; nothing was done (--dry-run)")
    return FINE


async def _watched(letters: AsyncIterator[Found], seen: set[LetterId]) -> AsyncIterator[Found]:
    async for found in letters:
        seen.add(found.id)
        yield found


def _require_all(criteria: Criteria, seen: set[LetterId]) -> None:
    if missing := sorted(criteria.ids - seen):
        raise CouldNot(f"there is no dead letter at {', '.join(map(str, missing))} that meets the filters")


def _left(account: Account) -> str:
    """What wasn't, and why."""
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in account.left.most_common())
    return f"; left {account.left.total():,}: {reasons}" if reasons else ""


def _exit_code(account: Account) -> int:
    """What is decided already is no failure: running a command again must end well."""
    return COULD_NOT if any(not reason.startswith("already") for reason in account.left) else FINE
