"""A spider that hands every article of a feed to Newsloom: `scrapy runspider example_spider.py -a feed=https://…/rss.xml`."""

import os
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import scrapy

SETTINGS = {
    "ITEM_PIPELINES": {"newsloom_pipeline.NewsloomPipeline": 900},
    "NEWSLOOM_GATEWAY": os.environ.get("NEWSLOOM_GATEWAY", "http://127.0.0.1:8080"),
    "NEWSLOOM_API_KEY": os.environ.get("NEWSLOOM_API_KEY"),
    "ROBOTSTXT_OBEY": True,
    "AUTOTHROTTLE_ENABLED": True,
    "USER_AGENT": "example-bot (+https://example.org/bot)",  # who you are, and where you can be reached
}


class ExampleSpider(scrapy.Spider):
    """Takes each page of an RSS feed whole: Newsloom finds the text in it."""

    name = "example"
    custom_settings = SETTINGS

    def __init__(self, feed: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start_urls = [feed]

    def parse(self, response: Any, **_: Any) -> Iterator[Any]:
        for item in response.xpath("//item"):
            date = item.xpath("pubDate/text()").get()
            published = parsedate_to_datetime(date) if date else None
            yield response.follow(item.xpath("link/text()").get().strip(), self.article, cb_kwargs={"published": published})

    def article(self, response: Any, published: datetime | None) -> Iterator[dict[str, Any]]:
        canonical = response.css("link[rel=canonical]::attr(href)").get()
        yield {
            "url": response.url,
            "canonical_url": response.urljoin(canonical) if canonical else None,
            "html": response.text,
            "published_at": published,
            "language_hint": response.css("html::attr(lang)").get(),
        }
