"""The books balance exactly when every input has one outcome."""

from services.cli.tally import Tally
from tests.support.fetched import dead_letter_record, enriched_record


def test_each_kind_of_outcome_is_counted() -> None:
    tally = Tally()
    for record in (
        enriched_record(b"{}"),
        enriched_record(b"{}", "zh-Hans"),
        enriched_record(None),
        dead_letter_record(b"", b""),
    ):
        tally.count(record)
    assert tally.balance(4) == "in 4 = enriched 2 + dead letters 1 + withdrawn 1"
    assert tally.languages == {"ar", "zh-Hans"}


def test_books_that_do_not_balance_do_not_say_so() -> None:
    assert Tally(enriched=3).balance(2) == "in 2 ≠ enriched 3 + dead letters 0 + withdrawn 0"
