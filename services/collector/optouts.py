"""What publishers say to machines against text and data mining, and which of it makes us leave a page alone.

TDM Reservation Protocol: final report of the W3C community group, 10 May 2024. X-Robots-Tag and robots meta elements: the
directives of the search engines, with `noai` and `noimageai` as several hosts of pictures and pages introduced them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import orjson
from lxml import etree
from pydantic import ValidationError

from schemas.raw_article import OptOut
from services.collector.listing import absolute

TDM_FILE = "/.well-known/tdmrep.json"

# Kept with the article. The first three mean that a page isn't to be read by a machine like ours at all.
_REFUSING = frozenset(("noai", "noindex", "none"))
_KEPT = _REFUSING | frozenset(("noimageai", "noarchive", "nosnippet", "notranslate", "noimageindex"))
# Directives with a value after a colon; whatever else stands before one is an agent's name.
_WITH_VALUE = frozenset(("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"))


@dataclass(frozen=True, slots=True)
class Reservation:
    """TDM rights are reserved (or expressly not), perhaps with a policy that says how to get a licence."""

    mechanism: str
    is_reserved: bool
    policy: str | None = None


def opt_outs(
    url: str, headers: httpx.Headers, metas: Sequence[tuple[str, str]], ai_agents: Sequence[str], tdm_file: str, agent: str
) -> tuple[OptOut, ...]:
    """Everything that the site, the answer and the page say, each mechanism at most once.

    metas are the page's meta elements by lower-case name. Of the three ways to reserve TDM rights the nearest to the text
    counts: the page's elements before the header before the site's file.
    """
    found = [
        _opt_out("robots-ai", ", ".join(ai_agents)),
        _opt_out("x-robots-tag", ", ".join(_header_directives(headers, agent))),
        _opt_out("meta-robots", ", ".join(_meta_directives(metas, agent))),
    ]
    stated = (_in_metas(metas), _in_headers(headers), _in_file(tdm_file, url))
    decisive = next((reservation for reservation in stated if reservation), None)
    if decisive and decisive.is_reserved:
        found.append(_opt_out(decisive.mechanism, "1", decisive.policy and absolute(url, decisive.policy)))
    return tuple(each for each in found if each)


def refuses(opt_out: OptOut) -> bool:
    """Whether it asks us not to collect the page; `noarchive` and the like are only kept with the article."""
    if opt_out.mechanism in ("x-robots-tag", "meta-robots"):
        return not _REFUSING.isdisjoint(opt_out.value.split(", "))
    return True


def forbids_images(found: Iterable[OptOut]) -> bool:
    """Whether the page doesn't want its images used."""
    return any(word in ("noimageai", "noimageindex") for each in found for word in each.value.split(", "))


def metas_of(tree: etree._Element) -> tuple[tuple[str, str], ...]:
    """The page's named meta elements in order: (name in lower case, content)."""
    found = ((meta.get("name") or meta.get("property") or "", meta.get("content") or "") for meta in tree.iter("meta"))
    return tuple((name.strip().lower(), content) for name, content in found if name)


def _opt_out(mechanism: str, value: str, policy: str | None = None) -> OptOut | None:
    if not value:
        return None
    try:
        return OptOut(mechanism=mechanism, value=value, policy=policy)
    except ValidationError:  # of the policy's address
        return OptOut(mechanism=mechanism, value=value)


def _header_directives(headers: httpx.Headers, agent: str) -> Iterator[str]:
    for header in headers.get_list("X-Robots-Tag"):
        name, colon, rest = header.partition(":")
        is_for_agent = bool(colon) and "," not in name and name.strip().lower() not in _WITH_VALUE
        if not is_for_agent:
            yield from _directives(header)
        elif name.strip().lower() == agent.lower():
            yield from _directives(rest)


def _meta_directives(metas: Sequence[tuple[str, str]], agent: str) -> Iterator[str]:
    for name, content in metas:
        if name in ("robots", agent.lower()):
            yield from _directives(content)


def _directives(text: str) -> list[str]:
    return sorted({word.strip().lower() for word in text.split(",")} & _KEPT)


def _in_headers(headers: httpx.Headers) -> Reservation | None:
    return _reservation("tdm-header", headers.get("tdm-reservation"), headers.get("tdm-policy"))


def _in_metas(metas: Sequence[tuple[str, str]]) -> Reservation | None:
    named = dict(reversed(metas))
    return _reservation("tdm-meta", named.get("tdm-reservation"), named.get("tdm-policy"))


def _in_file(content: str, url: str) -> Reservation | None:
    """The first rule of tdmrep.json whose location matches the path."""
    path = unquote(urlsplit(url).path) or "/"
    for rule in _rules(content):
        location = rule.get("location")
        if isinstance(location, str) and _matches(location, path):
            return _reservation("tdm-file", rule.get("tdm-reservation"), rule.get("tdm-policy"))
    return None


def _rules(content: str) -> list[Mapping[str, Any]]:
    try:
        document = orjson.loads(content) if content else []
    except ValueError:
        return []
    return [rule for rule in document if isinstance(rule, dict)] if isinstance(document, list) else []


def _matches(location: str, path: str) -> bool:
    """By robots.txt's patterns: `*` is anything, `$` at the end is the end; everything else is the beginning of a path.

    Piece by piece, each as early as it can be: linear whatever a stranger writes.
    """
    is_whole, location = location.endswith("$"), location.removesuffix("$")
    first, *others = map(unquote, location.split("*"))
    if not path.startswith(first):
        return False
    place = len(first)
    last = others.pop() if others and is_whole else ""
    for piece in others:
        if (found := path.find(piece, place)) < 0:
            return False
        place = found + len(piece)
    if not is_whole:
        return True
    return path.endswith(last) and len(path) - len(last) >= place if "*" in location else place == len(path)


def _reservation(mechanism: str, value: object, policy: object) -> Reservation | None:
    """Anything but 0 and 1 is an error, and counts as not said."""
    said = str(value).strip() if isinstance(value, int | str) else ""
    if said not in ("0", "1"):
        return None
    return Reservation(mechanism, said == "1", policy.strip() if isinstance(policy, str) and policy.strip() else None)
