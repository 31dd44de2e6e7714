"""When an article was published, as exactly as its source said it: RFC 3339 in UTC, with precision and evidence."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, PlainSerializer

from schemas.contract import Contract

Precision = Literal["year", "month", "day", "minute", "second"]

# Newspapers exist since 1605; beyond the next century a date is a placeholder such as 9999-12-31.
_FIRST_YEAR, _LAST_YEAR = 1600, 2199
_PARTIAL = re.compile(r"^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$")
_MINUTE = re.compile(r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(?:[Zz]|[+-]\d{2}:?\d{2})?$")


def rfc3339(moment: datetime) -> str:
    """The moment in UTC as RFC 3339 with "Z"; fractions of a second only when there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_moment(value: Any) -> Any:
    """An aware datetime of a plausible year from an RFC 3339 string (a missing zone is UTC).

    Raises:
        ValueError: not a string or datetime, not a date, or a year outside 1600–2199.
    """
    if isinstance(value, str):
        value = datetime.fromisoformat(value.strip())
    if not isinstance(value, datetime):
        raise ValueError("a time is a string in RFC 3339")
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"the year is outside {_FIRST_YEAR}–{_LAST_YEAR}")
    return moment.astimezone(UTC)


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(parse_moment, json_schema_input_type=str),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
]
"""A time: RFC 3339 in UTC with "Z"."""


class PublicationDate(Contract):
    """A publication time with how exact it is and where it was found."""

    value: Moment = Field(description="RFC 3339, UTC; what lies below the precision is the period's first moment")
    precision: Precision = Field(description="The smallest unit that the source stated")
    evidence: str | None = Field(None, max_length=100, description='Where it was found, e.g. "given", "json-ld", "url"')


def _read(value: Any) -> Any:
    """Accepts what sources write: 2023, 2023-09, 2023-09-19, or a time in RFC 3339; an object passes through."""
    if not isinstance(value, str):
        return value
    value = value.strip()
    if found := _PARTIAL.match(value):
        year, month, day = found.groups()
        precision = "day" if day else "month" if month else "year"
        value = f"{year}-{month or '01'}-{day or '01'}T00:00:00+00:00"
    else:
        precision = "minute" if _MINUTE.match(value) else "second"
    return {"value": value, "precision": precision, "evidence": "given"}


GivenDate = Annotated[PublicationDate, BeforeValidator(_read, json_schema_input_type=str | PublicationDate)]
"""A PublicationDate, or a string in RFC 3339 (also only a year, month or day) that becomes one."""
