"""What the HTTP API can be asked: the parameters of /trends, each with what it may be (pure)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import get_args

from schemas.enriched_article import EntityType
from schemas.trend import Kind

WINDOWS: Mapping[str, int] = MappingProxyType({"1h": 3_600, "24h": 86_400, "7d": 604_800})
KINDS: Sequence[str] = get_args(Kind)
TYPES: Sequence[str] = get_args(EntityType)
ORDERS = ("burst", "mentions")
MAX_LIMIT = 500

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_MAX_TAG = 35
_LATEST_S = 32_503_680_000  # the year 3000


class WrongParameter(ValueError):
    """A parameter that isn't known, or that can't be what it is; the message says what it may be, never what it was."""

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(f"{parameter} {detail}")
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Query:
    """A question."""

    window: str = "1h"
    kind: str = "entity"
    type: str | None = None
    language: str | None = None
    limit: int = 20
    order: str = "burst"
    is_local: bool = False
    """Whether only this worker's share is wanted: how workers ask each other."""
    now_s: int | None = None
    """The stream's time that the window ends at, seconds since 1970; None for this worker's own."""

    @property
    def window_s(self) -> int:
        """Length of the window, in seconds."""
        return WINDOWS[self.window]

    def for_another_worker(self, now_s: int | None) -> "Query":
        """The same question about that worker's share alone, at our time."""
        return replace(self, is_local=True, now_s=now_s)

    def parameters(self) -> dict[str, str]:
        """The question as parameters again."""
        given = {
            "window": self.window,
            "kind": self.kind,
            "type": self.type,
            "lang": self.language,
            "limit": str(self.limit),
            "order": self.order,
            "local": "1" if self.is_local else None,
            "now": None if self.now_s is None else str(self.now_s),
        }
        return {name: value for name, value in given.items() if value is not None}


def parse(parameters: Sequence[tuple[str, str]]) -> Query:
    """The question in an address's parameters.

    Raises:
        WrongParameter: one is unknown, given twice, or can't be what it is.
    """
    given: dict[str, str] = {}
    for name, value in parameters:
        if name not in _READ:
            raise WrongParameter(name[:40], f"is no parameter: {', '.join(_PUBLIC)} are")
        if name in given:
            raise WrongParameter(name, "is given twice")
        given[name] = value
    query = Query()
    for name, value in given.items():
        query = _READ[name](query, value)
    if query.type is not None and query.kind != "entity":
        raise WrongParameter("type", "is for kind=entity")
    return query


def _one_of(parameter: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise WrongParameter(parameter, f"is one of {', '.join(allowed)}")
    return value


def _number(parameter: str, value: str, lowest: int, highest: int) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < 15 and lowest <= int(value) <= highest):
        raise WrongParameter(parameter, f"is a whole number from {lowest} to {highest}")
    return int(value)


def _tag(value: str) -> str:
    if len(value) > _MAX_TAG or not _TAG.fullmatch(value):
        raise WrongParameter("lang", "is a BCP 47 language tag such as ar or zh-Hant; zh is also zh-Hans and zh-Hant")
    return value


_READ: Mapping[str, Callable[[Query, str], Query]] = MappingProxyType(
    {
        "window": lambda query, value: replace(query, window=_one_of("window", value, tuple(WINDOWS))),
        "kind": lambda query, value: replace(query, kind=_one_of("kind", value, KINDS)),
        "type": lambda query, value: replace(query, type=_one_of("type", value, TYPES)),
        "lang": lambda query, value: replace(query, language=_tag(value)),
        "limit": lambda query, value: replace(query, limit=_number("limit", value, 1, MAX_LIMIT)),
        "order": lambda query, value: replace(query, order=_one_of("order", value, ORDERS)),
        "local": lambda query, value: replace(query, is_local=_one_of("local", value, ("0", "1")) == "1"),
        "now": lambda query, value: replace(query, now_s=_number("now", value, 0, _LATEST_S)),
    }
)
_PUBLIC = tuple(name for name in _READ if name not in ("local", "now"))
