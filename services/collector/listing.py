"""What a feed or sitemap lists: pages with what it says about them, and more sitemaps."""

from dataclasses import dataclass
from urllib.parse import urljoin

from pydantic import TypeAdapter, ValidationError

from schemas.publication_date import GivenDate, PublicationDate

_DATE: TypeAdapter[PublicationDate] = TypeAdapter(GivenDate)


@dataclass(frozen=True, slots=True)
class Entry:
    """One page or sitemap as a listing names it."""

    url: str
    title: str | None = None
    published: PublicationDate | None = None
    modified: PublicationDate | None = None

    @property
    def latest(self) -> PublicationDate | None:
        """The last time that the listing says anything happened to it."""
        dates = [date for date in (self.published, self.modified) if date]
        return max(dates, key=lambda date: date.value, default=None)


@dataclass(frozen=True, slots=True)
class Listing:
    """One feed, sitemap or sitemap index."""

    pages: tuple[Entry, ...] = ()
    sitemaps: tuple[Entry, ...] = ()
    least_interval_s: float = 0.0
    """How long it asks to be left alone, in seconds."""


def absolute(base: str, link: str) -> str:
    """The link against the listing's own address; as it is when it is no address (whoever uses it finds that out)."""
    try:
        return urljoin(base, link.strip())
    except ValueError:
        return link


def read_date(text: str | None, evidence: str) -> PublicationDate | None:
    """A date in RFC 3339 or W3C form (also only a year, month or day) with its precision; None when it is none."""
    if not text:
        return None
    try:
        return _DATE.validate_python(text.strip()).model_copy(update={"evidence": evidence})
    except (ValidationError, ValueError):
        return None
