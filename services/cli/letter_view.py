"""Dead letters for a person and as JSON: counted, in a row each, or whole."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from schemas.publication_date import rfc3339
from services.cli.dead_letters import Found, domain_of
from services.cli.json_view import as_json
from services.cli.screen import harmless
from services.cli.tables import print_table

_SHOWN_CODE_POINTS = 4_000
_NO_TIME = "?"

Counts = Counter[tuple[str, str, str]]
"""By class, stage and state."""


def print_counts(counts: Counts) -> None:
    """How many there are of each kind."""
    if not counts:
        print("no dead letters")
        return
    print_table(("class", "stage", "state", "dead letters"), [(*kind, f"{count:,}") for kind, count in counts.most_common()])


def row(found: Found) -> Sequence[str]:
    """A dead letter in a few words, never its text."""
    letter = found.letter
    if letter is None:
        return (str(found.id), _NO_TIME, found.error_class, found.stage, "?", "?", "", found.state, "")
    origin = f"{letter.partition}:{letter.offset}"
    outlet = domain_of(found.record.value) or ""
    what = letter.message or letter.exception
    failed_at, attempts = rfc3339(letter.last_failed_at), str(letter.attempts)
    return (str(found.id), failed_at, letter.error_class, letter.stage, origin, attempts, outlet, found.state, what)


def print_letters(rows: Sequence[Sequence[str]]) -> None:
    """The rows under their names."""
    if rows:
        print_table(("dead letter", "failed at", "class", "stage", "raw", "attempts", "outlet", "state", "why"), rows)


def summary(found: Found) -> dict[str, Any]:
    """A dead letter as one JSON object, without key and value."""
    letter = {} if found.letter is None else found.letter.model_dump(mode="json", exclude={"stack_trace"})
    return {"dead_letter": str(found.id), "state": found.state, **letter, "outlet": domain_of(found.record.value)}


def whole(found: Found) -> dict[str, Any]:
    """All of it as one JSON object; bytes that are no text are in base64, under a name that says so."""
    headers: dict[str, Any] = {}
    for name, value in found.record.headers:
        headers |= as_json(name, value)
    return {
        "dead_letter": str(found.id),
        "state": found.state,
        "decision": None if found.decision is None else found.decision.model_dump(mode="json"),
        "headers": headers,
        **as_json("key", found.record.key),
        **as_json("value", found.record.value),
    }


def print_letter(found: Found) -> None:
    """All of it for a person, with nothing that a terminal would obey."""
    print(f"dead letter {found.id}  {found.state}")
    for line in _decision(found):
        print(line)
    for name, content in found.record.headers:
        for place, line in enumerate(safe_lines(content)):
            print(f"  {harmless(name) if place == 0 else '':<40} {line}")
    print(f"key    {'none' if found.record.key is None else ' '.join(safe_lines(found.record.key))}")
    value = found.record.value
    print("value  none" if value is None else f"value  {len(value):,} bytes")
    for line in safe_lines(value or b""):
        print(f"  {line}")
    if len(value or b"") > _SHOWN_CODE_POINTS:
        print(f"  … only the beginning; `newsloom dlq show {found.id} --value` writes all")


def safe_lines(value: bytes) -> list[str]:
    """The beginning of the bytes as lines of text: other bytes as \\xff, control characters as �."""
    text = value[: 4 * _SHOWN_CODE_POINTS].decode("utf-8", "backslashreplace")[:_SHOWN_CODE_POINTS]
    return [_harmless_line(line) for line in text.splitlines()]


def _harmless_line(line: str) -> str:
    """As `harmless`, but blanks stay; of invisible characters only those that join letters or part them."""
    return "".join(letter if letter.isprintable() or letter in "\u200c\u200d" else "�" for letter in line)


def _decision(found: Found) -> Iterable[str]:
    decision = found.decision
    if decision is None:
        return
    where = f" to {decision.redriven_to}" if decision.redriven_to else ""
    how = ", edited" if decision.edited else ""
    yield f"  {decision.action}{where}{how} at {rfc3339(decision.decided_at)}"
    if decision.note:
        yield f"  note: {harmless(decision.note)}"
