"""The example spider as a user runs it: in a project of their own, without our packages; sites are found at one loopback address.

Run as `python scrapy_project.py FOLDER SETTINGS ARGUMENTS`, the last two as JSON; prints Scrapy's statistics as JSON.
"""

import json
import sys


def main(folder: str, settings: str, arguments: str) -> None:
    """Crawls to the end."""
    sys.path[0] = folder  # the project, in place of this file's folder
    from example_spider import ExampleSpider  # type: ignore[import-not-found]
    from scrapy.crawler import CrawlerProcess
    from scrapy.resolver import dnscache

    given = json.loads(arguments)
    dnscache[given.pop("host")] = "127.0.0.1"
    process = CrawlerProcess({"TELNETCONSOLE_ENABLED": False, "LOG_LEVEL": "WARNING", **json.loads(settings)})
    crawler = process.create_crawler(ExampleSpider)
    process.crawl(crawler, **given)
    process.start()
    ours = {name.split("/")[0] for name in sys.modules} & {"services", "schemas"}
    print(json.dumps({**(crawler.stats.get_stats() if crawler.stats else {}), "ours": sorted(ours)}, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
