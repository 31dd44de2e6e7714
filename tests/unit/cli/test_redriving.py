"""What may be sent back to news.raw, and as what."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from schemas.dead_letter import DeadLetter
from schemas.identity import article_id
from services.cli.dead_letters import Found, as_found
from services.cli.errors import WrongUse
from services.cli.redriving import Account, Edit, Rules, allowed, edited, redriven, refusal
from services.enricher.history import history_of
from services.runtime.records import Record
from tests.support.fetched import FetchedRecord, dead_letter_record

RULES = Rules(max_attempts=3)
ARTICLE = '{"url": "https://herald.example/ü", "text": "सैलाब 🌊"}'.encode()


def found(value: bytes | None = ARTICLE, state: str = "open", **changes: Any) -> Found:
    record = dead_letter_record(b"k", value)
    letter = DeadLetter.from_headers(record.headers).model_copy(update=changes)
    record = replace(record, headers=[("traceparent", b"00-1-2-01"), ("x", b"y"), *letter.to_headers()])
    sure = as_found(record, {})
    if state == "open":
        return sure
    from tests.unit.cli.test_dead_letters import decision

    return replace(sure, decision=decision(action=state))


def test_an_open_one_may_be_sent() -> None:
    assert refusal(found(), RULES) is None


@pytest.mark.parametrize(("attempts", "is_refused"), [(1, False), (2, False), (3, True), (7, True)])
def test_the_loop_guard_refuses_what_was_tried_too_often(attempts: int, is_refused: bool) -> None:
    letter = found(attempts=attempts)
    assert (refusal(letter, RULES) is not None) is is_refused
    assert refusal(letter, replace(RULES, is_forced=True)) is None


@pytest.mark.parametrize("rules", [RULES, replace(RULES, is_forced=True), Rules(3, is_forced=True, is_named=True)])
def test_nothing_is_sent_twice_whoever_insists(rules: Rules) -> None:
    assert refusal(found(state="redriven"), rules) == "already redriven"


def test_a_parked_one_is_sent_only_by_name_and_force() -> None:
    parked = found(state="parked")
    assert refusal(parked, RULES) == "already parked"
    assert refusal(parked, replace(RULES, is_named=True)) == "already parked"
    assert refusal(parked, replace(RULES, is_forced=True)) == "already parked"
    assert refusal(parked, Rules(3, is_forced=True, is_named=True)) is None


def test_what_was_never_read_can_only_be_edited() -> None:
    unreadable = found(value=None, error_class="unreadable")
    assert "no bytes" in (refusal(unreadable, RULES) or "")
    assert refusal(unreadable, RULES, Edit(ARTICLE, b"k")) is None
    assert refusal(found(error_class="unreadable"), RULES) is None


def test_what_does_not_fit_into_the_topic_stays() -> None:
    assert "doesn't take" in (refusal(found(value=b"x" * 12_000_000), RULES) or "")


def test_a_stranger_stays() -> None:
    assert refusal(as_found(FetchedRecord("news.raw.dlq", b"{}"), {}), RULES) == "without our headers"


def test_the_record_goes_back_as_it_was_with_its_trace_and_its_past() -> None:
    letter = found(attempts=2, source_timestamp=1_695_081_600_000)
    message = redriven(letter)
    assert (message.topic, message.key, message.value) == ("news.raw", b"k", ARTICLE)
    headers = dict(message.headers)
    assert headers["traceparent"] == b"00-1-2-01" and "x" not in headers
    assert headers["newsloom.redriven_from"] == b"news.raw.dlq-0-7"
    history = history_of(Record("news.raw", 0, 9, message.key, message.value, message.headers, 5))
    assert (history.attempts, history.timestamp_ms) == (2, 1_695_081_600_000)
    assert history.first_failed_at == letter.sure.first_failed_at


def test_an_edit_takes_the_key_of_its_url() -> None:
    edit = edited(ARTICLE + b"\n", is_forced=False)
    assert edit == Edit(ARTICLE, article_id("https://herald.example/ü").encode())
    message = redriven(found(value=b"broken"), edit)
    assert (message.key, message.value) == (edit.key, ARTICLE)


def test_an_edit_that_is_no_article_needs_force_and_keeps_the_key() -> None:
    with pytest.raises(WrongUse, match="given up again: invalid_json"):
        edited(b"{", is_forced=False)
    assert redriven(found(), edited(b"{", is_forced=True)).key == b"k"


async def test_what_is_left_is_counted_by_its_reason_and_the_limit_is_of_those_that_are_sent() -> None:
    async def letters() -> AsyncIterator[Found]:
        for attempts in (3, 1, 3, 1, 1):
            yield found(attempts=attempts)

    account = Account()
    sent = [each async for each in allowed(letters(), account, lambda each: refusal(each, RULES), limit=2)]
    assert len(sent) == 2
    assert account.left == {"tried 3 times or more (--force)": 2}
