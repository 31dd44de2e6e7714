"""When too many failures stop a group, and when they don't."""

from collections.abc import Sequence

from services.runtime.breaker import Breaker
from services.runtime.records import DEAD_LETTER, Message, Outcome, Record

RECORD = Record("news.raw", 0, 0, b"k", b"v", (), 0)


def outcomes(signs: str) -> Sequence[Outcome]:
    """`x` is a dead letter, `f` an article with a failed annotation, anything else a good one."""
    kinds = {"x": (DEAD_LETTER, ("decode", "invalid_json")), "f": ("enriched", ("entities", "failed"))}
    made = [kinds.get(sign, ("enriched", ("entities", "ok"))) for sign in signs]
    return [Outcome(RECORD, kind, Message("out", b"k", b"v"), (step,)) for kind, step in made]


def test_failures_in_a_row_are_counted_over_batches_and_forgotten_after_a_good_record() -> None:
    breaker = Breaker(in_a_row=4, share=0, window=100)
    assert breaker.observe(outcomes("xxx.")) is None
    assert breaker.observe(outcomes("xfx")) is None
    assert breaker.observe(outcomes("f")) == "4 records failed in a row"


def test_a_share_counts_once_the_window_is_full() -> None:
    breaker = Breaker(in_a_row=0, share=0.5, window=6)
    assert breaker.observe(outcomes("x.x.x")) is None
    assert breaker.observe(outcomes(".")) == "3 of the last 6 records failed"


def test_what_leaves_the_window_no_longer_counts() -> None:
    breaker = Breaker(in_a_row=0, share=0.5, window=4)
    assert breaker.observe(outcomes("x...x...x...x...")) is None
    assert breaker.observe(outcomes("xx")) is not None


def test_after_it_spoke_it_begins_anew() -> None:
    breaker = Breaker(in_a_row=3, share=0.5, window=3)
    assert breaker.observe(outcomes("xxx")) is not None
    assert breaker.observe(outcomes("xx")) is None
    breaker.reset()
    assert breaker.observe(outcomes("xx")) is None
    assert breaker.observe(outcomes("x")) is not None


def test_limits_of_nothing_switch_it_off() -> None:
    assert Breaker(in_a_row=0, share=0, window=5).observe(outcomes("x" * 1_000)) is None
