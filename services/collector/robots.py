"""robots.txt (RFC 9309): what a site lets us fetch and how fast, and what it refuses to the agents of AI makers."""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from protego import Protego

from services.collector.errors import FetchFailed, Refused
from services.collector.fetch import Fetcher
from services.collector.site_files import SiteFiles
from services.collector.sources import Source

# At least 500 KiB have to be read (RFC 9309 §2.5); what lies beyond is not.
MAX_ROBOTS_BYTES = 512_000

# Agents that say of themselves that they collect for AI training or answers (their makers' pages, as of 2025). A site
# that turns one of them away from a page has said what it thinks of text and data mining.
AI_AGENTS = (
    "AI2Bot",
    "Amazonbot",
    "anthropic-ai",
    "Applebot-Extended",
    "Bytespider",
    "CCBot",
    "ClaudeBot",
    "cohere-ai",
    "Diffbot",
    "FacebookBot",
    "Google-Extended",
    "GPTBot",
    "Meta-ExternalAgent",
    "omgili",
    "PerplexityBot",
    "Timpibot",
)


@dataclass(frozen=True)
class SiteRules:
    """What one robots.txt says."""

    rules: Protego
    agent: str

    def allows(self, url: str) -> bool:
        """Whether we may fetch the URL."""
        return bool(self.rules.can_fetch(url, self.agent))

    @property
    def interval_s(self) -> float:
        """The least time between two requests that Crawl-delay or Request-rate asks of us."""
        delay = self.rules.crawl_delay(self.agent) or 0.0
        rate = self.rules.request_rate(self.agent)
        return max(float(delay), rate.seconds / rate.requests if rate and rate.requests else 0.0)

    def refused_ai_agents(self, url: str) -> tuple[str, ...]:
        """The agents of AI makers that may not fetch the URL although anybody else may.

        A group for all agents is no word about AI: where it closes the URL, `allows` says so.
        """
        if not self.rules.can_fetch(url, _NOBODY):
            return ()
        return tuple(agent for agent in AI_AGENTS if not self.rules.can_fetch(url, agent))


_NOBODY = "somebody-nobody-has-a-rule-for"


@lru_cache(maxsize=128)
def _parsed(content: str) -> Protego:
    return Protego.parse(content)


@dataclass(frozen=True)
class Robots:
    """Every site's robots.txt, fetched when it is needed and kept for at most a day."""

    fetcher: Fetcher
    files: SiteFiles
    agent: str

    async def rules_for(self, url: str, source: Source) -> SiteRules:
        """The rules of the URL's site.

        Raises:
            FetchFailed: robots.txt can't be reached or answers 429 or 5xx: nothing of the site may be fetched then.
        """
        parts = urlsplit(url)
        robots_url = f"{parts.scheme}://{parts.netloc}/robots.txt"
        content = await self.files.content(robots_url, lambda: self._fetch(robots_url, source))
        return SiteRules(_parsed(content), self.agent)

    async def check(self, url: str, source: Source) -> float:
        """The interval for the URL's host in seconds, once robots.txt lets us fetch it; raises Refused when it doesn't."""
        if not source.covers(url):
            raise Refused("foreign_host", f"{urlsplit(url).hostname} is no host of source {source.id}")
        rules = await self.rules_for(url, source)
        if not rules.allows(url):
            raise Refused("robots", "robots.txt doesn't let us fetch it")
        return max(source.interval_s, rules.interval_s)

    async def _fetch(self, robots_url: str, source: Source) -> str:
        async def any_host(url: str) -> float:
            return source.interval_s  # its redirects are followed wherever they lead (§2.3.1.2), over checked addresses

        try:
            answer = await self.fetcher.get(robots_url, source, any_host, MAX_ROBOTS_BYTES, truncate=True)
        except Refused as error:
            if error.reason in ("forbidden_address", "bad_url", "scheme"):
                raise
            return ""  # lost among redirects counts as "there is none"
        if answer.status >= 500:
            raise FetchFailed("robots_unreachable", f"robots.txt answers {answer.status}: nothing may be fetched")
        return answer.body.decode("utf-8", "replace") if answer.status == 200 else ""
