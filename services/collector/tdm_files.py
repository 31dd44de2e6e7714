"""/.well-known/tdmrep.json: what a site reserves, fetched before any page of it and kept for at most a day."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from services.collector.charset import decode
from services.collector.errors import Refused
from services.collector.fetch import Fetcher
from services.collector.optouts import TDM_FILE
from services.collector.robots import Robots
from services.collector.site_files import SiteFiles
from services.collector.sources import Source

_MAX_BYTES = 1_000_000


@dataclass(frozen=True)
class TdmFiles:
    """Every site's file."""

    fetcher: Fetcher
    files: SiteFiles
    robots: Robots

    async def content(self, url: str, source: Source) -> str:
        """The file of the URL's site; empty when it has none.

        Raises:
            FetchFailed: it can't be reached, so what it says isn't known; try again later.
        """
        parts = urlsplit(url)
        file_url = f"{parts.scheme}://{parts.netloc}{TDM_FILE}"
        return await self.files.content(file_url, lambda: self._fetch(file_url, source))

    async def _fetch(self, file_url: str, source: Source) -> str:
        async def by_robots_pace(url: str) -> float:
            # robots.txt rules for pages don't forbid reading the conditions; how often to ask they do say.
            rules = await self.robots.rules_for(url, source)
            return max(source.interval_s, rules.interval_s)

        try:
            answer = await self.fetcher.get(file_url, source, by_robots_pace, _MAX_BYTES)
        except Refused as error:
            if error.reason == "forbidden_address":
                raise
            return ""
        return decode(answer.body, answer.charset) if answer.status == 200 else ""
