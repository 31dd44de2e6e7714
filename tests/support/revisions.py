"""One article in many revisions, all on one partition, and what became of them."""

from collections import Counter

from schemas.codec import decode_enriched
from schemas.identity import article_id
from schemas.topics import NEWS_ENRICHED, NEWS_RAW
from services.runtime.partitioning import partition_of
from tests.support.bad_input import article
from tests.support.kafka import Broker
from tests.support.operator import committed

_TEXTS = ("Überschwemmung in Győr", "فيضان في كيسومو", "किसुमु में बाढ़", "基苏木洪水 🌊")


class Story:
    """An article that is published again and again."""

    def __init__(self, broker: Broker, name: str) -> None:
        self._broker, self.url = broker, f"https://herald.example/{name}"
        self.key = article_id(self.url).encode()
        self.partition = partition_of(self.key, NEWS_RAW.partitions)
        self.texts: list[str] = []

    async def publish(self, count: int) -> None:
        """Writes so many more revisions."""
        first = len(self.texts)
        more = [f"{_TEXTS[number % len(_TEXTS)]} {number}" for number in range(first, first + count)]
        await self._broker.publish(NEWS_RAW.name, [(self.key, article(url=self.url, text=text)) for text in more])
        self.texts += more

    async def enriched(self) -> list[str]:
        """The texts of the revisions that a read_committed reader sees once no transaction is open, in order."""
        records = [record for record in await committed(self._broker, NEWS_ENRICHED.name) if record.key == self.key]
        return [decode_enriched(record.value).text for record in records if record.value is not None]


def repeated(texts: list[str]) -> list[str]:
    """Those that are there more than once."""
    return [text for text, count in Counter(texts).items() if count > 1]
