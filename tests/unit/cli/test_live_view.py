"""The services of `newsloom up` in a line each."""

from services.cli.live_view import line
from services.cli.probe import Reading
from services.cli.service_table import ENRICHER
from services.cli.supervision import State


def test_a_line_has_the_state_and_the_numbers() -> None:
    reading = Reading(True, {"enriched": 1_234, "dead_letter": 2}, lag=10)
    state = State(ENRICHER, "ready", restarts=1, reading=reading, rate=12.34)
    assert line(state) == "enricher ready  records/s 12.3  lag 10  restarts 1  so far dead letter 2, enriched 1,234"


def test_a_line_says_why() -> None:
    assert line(State(ENRICHER, "restarting", "ended with exit code 1: port taken")).endswith(
        "  ended with exit code 1: port taken"
    )
