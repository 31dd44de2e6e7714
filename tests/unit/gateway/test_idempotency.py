"""Idempotency keys: the first answer again, never another request's, and bounded."""

import asyncio

import pytest

from services.gateway.errors import Refused
from services.gateway.idempotency import Answer, Idempotency

SCOPE = ("herald", "key")


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def once(
    kept: Idempotency, body: bytes, answer: Answer, scope: tuple[str, str] = SCOPE, wait_s: float = 0.5
) -> tuple[Answer, bool]:
    async def work() -> Answer:
        await asyncio.sleep(0)
        return answer

    return await kept.once(scope, body, asyncio.get_running_loop().time() + wait_s, work)


ONE, TWO = Answer(202, b"one"), Answer(202, b"two")


async def test_the_first_answer_comes_again_for_the_same_body_of_the_same_holder() -> None:
    kept = Idempotency(10, 10_000, 100)
    assert await once(kept, b"a", ONE) == (ONE, False)
    assert await once(kept, b"a", TWO) == (ONE, True)
    assert await once(kept, b"a", TWO, ("other", "key")) == (TWO, False)
    with pytest.raises(Refused) as refused:
        await once(kept, b"b", TWO)
    assert refused.value.kind.status == 422


async def test_requests_at_the_same_time_share_the_work() -> None:
    kept = Idempotency(10, 10_000, 100)
    answers = await asyncio.gather(*(once(kept, b"a", Answer(202, b"%d" % number)) for number in range(5)))
    assert [answer for answer, _ in answers] == [Answer(202, b"0")] * 5


async def test_after_an_error_the_key_is_free() -> None:
    kept = Idempotency(10, 10_000, 100)

    async def fails() -> Answer:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await kept.once(SCOPE, b"a", 0, fails)
    assert await once(kept, b"b", ONE) == (ONE, False)
    assert kept.held_bytes > 0


async def test_who_can_wait_no_longer_is_told_that_the_first_is_in_progress() -> None:
    kept = Idempotency(10, 10_000, 100)
    claim = kept.claim(SCOPE, b"a")
    with pytest.raises(Refused) as refused:
        await once(kept, b"a", ONE, wait_s=0)
    assert refused.value.kind.status == 409
    kept.keep(SCOPE, claim, b"a", TWO)
    assert kept.first_answer(SCOPE) == (b"a", TWO)


async def test_answers_are_bounded_in_number_bytes_and_age() -> None:
    clock = Clock()
    kept = Idempotency(3, 4_000, 100, clock)
    for number in range(10):
        await once(kept, b"a", Answer(202, b"x" * 1_000), ("herald", str(number)))
        assert kept.held_bytes <= 4_000
    assert kept.first_answer(("herald", "0")) is None and kept.first_answer(("herald", "9")) is not None
    clock.now = 101
    assert kept.first_answer(("herald", "9")) is None
    assert await once(kept, b"other", ONE, ("herald", "8")) == (ONE, False)


async def test_when_everything_is_forgotten_no_bytes_are_held() -> None:
    kept = Idempotency(1, 4_000, 100)
    for number in range(5):
        claim = kept.claim(("herald", str(number)))
        kept.release(("herald", str(number)), claim)
    assert kept.held_bytes == 0
