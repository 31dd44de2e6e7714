"""The sources: outlets with their feeds and sitemaps, as data in TOML files; how to write one is in seeds/sources/README.md."""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.raw_article import Source as PublishedSource
from schemas.text_types import CountryCode, LanguageTag, Name, ShortText
from services.runtime.errors import ConfigurationError

HOUR_S = 3_600.0


def host_of(url: str) -> str:
    """Host, with its port unless that is the scheme's own: whose politeness interval a request counts for."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    host = f"[{host}]" if ":" in host else host
    return host if port in (None, 80 if parts.scheme == "http" else 443) else f"{host}:{port}"


def _web_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address begins with http:// or https:// and a host")
    return url


def _pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from error
    return pattern


_WebUrl = Annotated[str, AfterValidator(_web_url), Field(max_length=2_000)]
_Pattern = Annotated[str, AfterValidator(_pattern), Field(max_length=500)]


class Source(BaseModel):
    """One outlet: where its news is listed, which hosts its pages are on, and how gently to ask."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Name = Field(description="Stable identifier, e.g. a slug; state and records are kept under it")
    name: Name = Field(description="Name as readers know it")
    domain: Name = Field(description="Host name without scheme; its pages are on it, its subdomains and `hosts`")
    country: CountryCode | None = Field(None, description="ISO 3166-1 alpha-2")
    language: LanguageTag | None = Field(None, description="BCP 47 tag, when all its pages are in one language")
    licence: ShortText | None = Field(None, description="SPDX identifier or URL of the texts' licence")
    section: ShortText | None = Field(None, description="Section of all its articles, when pages don't name one")
    feeds: tuple[_WebUrl, ...] = Field((), description="RSS, Atom or JSON feeds")
    sitemaps: tuple[_WebUrl, ...] = Field((), description="News sitemaps and sitemap indexes")
    hosts: tuple[Name, ...] = Field((), description="More hosts (with subdomains) that pages may be on or redirect through")
    include: tuple[_Pattern, ...] = Field((), description="Only pages whose path matches one of these regular expressions")
    exclude: tuple[_Pattern, ...] = Field((), description="No pages whose path matches one of these")
    interval_s: float = Field(2.0, ge=0.0, description="Least time between two requests to a host; robots.txt may ask for more")
    concurrency: int = Field(1, ge=1, le=16, description="Requests to a host at the same time")
    poll_min_s: float = Field(120.0, gt=0, description="A feed is not asked more often")
    poll_max_s: float = Field(6 * HOUR_S, gt=0, description="A feed is not asked less often")
    recheck_after_s: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1 * HOUR_S, 6 * HOUR_S, 24 * HOUR_S), max_length=20, description="When a page is asked again, after it was first fetched"
    )
    max_age_days: float = Field(7.0, gt=0, description="Older entries of feeds and sitemaps are left alone")
    permission: ShortText | None = Field(
        None, description="Who allowed text and data mining in writing, and when: only with it are opted-out pages collected"
    )
    allow_private: bool = Field(False, description="Its feeds' own hosts may be at private or loopback addresses")

    @model_validator(mode="after")
    def _has_somewhere_to_look(self) -> Self:
        if not self.feeds and not self.sitemaps:
            raise ValueError("it has no feeds and no sitemaps")
        if self.poll_min_s > self.poll_max_s:
            raise ValueError("poll_min_s is above poll_max_s")
        if list(self.recheck_after_s) != sorted(self.recheck_after_s):
            raise ValueError("recheck_after_s has to rise")
        return self

    @property
    def published(self) -> PublishedSource:
        """The outlet as articles name it."""
        return PublishedSource(id=self.id, name=self.name, domain=self.domain, country=self.country)

    @property
    def private_hosts(self) -> frozenset[str]:
        """ "host:port" of the hosts that may be at private addresses."""
        if not self.allow_private:
            return frozenset()
        return frozenset(map(_host_and_port, (*self.feeds, *self.sitemaps)))

    def covers(self, url: str) -> bool:
        """Whether a page of this source may be on the URL's host."""
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            return False
        own = (self.domain, *self.hosts, *(urlsplit(listing).hostname or "" for listing in (*self.feeds, *self.sitemaps)))
        return any(host == name or host.endswith(f".{name}") for name in map(str.lower, own))

    def reads(self, url: str) -> bool:
        """Whether a sitemap that an index of this source names is to be read."""
        return self.covers(url) and not any(re.search(pattern, unquote(urlsplit(url).path)) for pattern in self.exclude)

    def wants(self, url: str) -> bool:
        """Whether the URL is one of its pages that we were asked to collect."""
        if not self.covers(url):
            return False
        path = unquote(urlsplit(url).path)
        is_included = not self.include or any(re.search(pattern, path) for pattern in self.include)
        return is_included and not any(re.search(pattern, path) for pattern in self.exclude)


def load_sources(folder: Path) -> tuple[Source, ...]:
    """Every source of the folder's *.toml files, each a list of [[source]] tables.

    Raises:
        ConfigurationError: a file that can't be read, a wrong or unknown field, an id twice; file, source and
            field are named.
    """
    sources = [source for path in sorted(folder.glob("*.toml")) for source in _read(path)]
    twice = {source.id for source in sources if sum(source.id == other.id for other in sources) > 1}
    if twice:
        raise ConfigurationError(f"{folder}: sources of the same id: {', '.join(sorted(twice))}")
    return tuple(sources)


def _read(path: Path) -> list[Source]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    unknown = set(document) - {"source"}
    if unknown or not isinstance(document.get("source", []), list):
        raise ConfigurationError(f"{path}: {', '.join(sorted(unknown)) or 'source'}: only [[source]] tables are known")
    return [_source(path, entry) for entry in document.get("source", [])]


def _source(path: Path, entry: dict[str, Any]) -> Source:
    try:
        return Source.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "the source"
        raise ConfigurationError(f"{path}: source {entry.get('id', '?')}: {field}: {first['msg']}") from error


def _host_and_port(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (80 if parts.scheme == 'http' else 443)}"


def needs_contact(sources: Sequence[Source]) -> bool:
    """Whether any source is on the public web, where a visitor has to say who is to be written to."""
    return any(not source.allow_private for source in sources)
