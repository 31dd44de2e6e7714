"""Reads articles written in the seeds' inline markup and appends them to seeds/*.jsonl: python -m tests.support.seed_markup FILE…

The markup is described in seeds/README.md. The published texts never contain it: gold spans point into the plain text.
"""

import argparse
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import orjson

from schemas.identity import article_id
from schemas.languages import LANGUAGES, base_language
from schemas.raw_article import RawArticle

SEEDS = Path(__file__).parents[2] / "seeds"
ARTICLES = SEEDS / "articles.jsonl"
GOLD = SEEDS / "gold.jsonl"

# The first seed reports real facts; every other event and every other person is invented.
REAL_EVENTS = frozenset({"nagorno-karabakh"})

_REQUIRED = ("id", "event", "url", "source", "section", "authors", "language", "sentiment", "topics")
_ENTITY = re.compile(r"\[\[(PER|ORG|LOC|MISC)\|(.+?)\]\]")

_PAGE = """<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body {{ font-family: serif; max-width: 42rem; }} aside {{ float: right; }}</style>
<script>window.metrics = window.metrics || []; metrics.push({{"page": "article", "html": "<p>no article text</p>"}});</script>
</head>
<body>
<header><a href="/">{outlet}</a>
<nav><ul><li><a href="/news">News</a></li><li><a href="/science">Science</a></li><li><a href="/sport">Sport</a></li></ul></nav>
</header>
<main>
<article>
<h1>{title}</h1>
{paragraphs}
</article>
<aside><h2>Most read</h2><ul><li><a href="/a/1">Bus lanes to stay</a></li><li><a href="/a/2">Crossword 512</a></li></ul></aside>
</main>
<footer><p>© 2025 {outlet}. <a href="/contact">Contact</a> | <a href="/privacy">Privacy</a></p></footer>
<script async src="/static/metrics.js"></script>
</body>
</html>
"""


class MarkupError(ValueError):
    """A file isn't in the seeds' markup; the message names what to change."""


@dataclass(frozen=True, slots=True)
class Seed:
    """One seed article: its header, its plain title and text, and the entities marked in them."""

    header: Mapping[str, str]
    title: str
    text: str
    entities: tuple[Mapping[str, Any], ...]

    def raw_article(self) -> dict[str, Any]:
        """The article's line in articles.jsonl; raises pydantic.ValidationError when it is no RawArticle."""
        identifier, name, domain, country = (part.strip() for part in self.header["source"].split("|"))
        body: dict[str, Any] = {"title": self.title, "text": self.text}
        if self.header.get("format") == "html":
            body = {"html": page(self.title, self.text, outlet=name)}
        authors = [] if self.header["authors"] == "-" else [a.strip() for a in self.header["authors"].split(";")]
        document = {
            "url": self.header["url"],
            **body,
            "source": {"id": identifier, "name": name, "domain": domain, "country": country},
            "authors": authors or None,
            "published_at": self.header.get("published_at"),
            "section": self.header["section"],
            "licence": "CC0-1.0",
            "collector": {"name": "newsloom-seeds", "version": "1"},
        }
        document = {name: value for name, value in document.items() if value is not None}
        RawArticle.model_validate(document)
        return document

    def gold(self) -> dict[str, Any]:
        """The article's line in gold.jsonl."""
        language = self.header["language"]
        script = language.partition("-")[2] or LANGUAGES[base_language(language)].script
        return {
            "id": self.header["id"],
            "article_id": article_id(self.header["url"]),
            "event": self.header["event"],
            "invented": self.header["event"] not in REAL_EVENTS,
            "language": language,
            "script": script,
            "sentiment": self.header["sentiment"],
            "topics": [f"medtop:{topic}" for topic in self.header["topics"].split()],
            "entities": list(self.entities),
        }


def read(document: str) -> Seed:
    """The seed in a file's content.

    Raises:
        MarkupError: a header line is missing or stray brackets are left.
    """
    head, separator, body = unicodedata.normalize("NFC", document).partition("\n---\n")
    header = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    missing = [name for name in _REQUIRED if name not in header]
    if missing or not separator:
        raise MarkupError(f"the header lacks {', '.join(missing) or 'its closing ---'}")
    marked_title, _, marked_text = body.strip().partition("\n\n")
    title, in_title = plain("title", marked_title)
    text, in_text = plain("text", marked_text.strip())
    return Seed(header, title, text, (*in_title, *in_text))


def plain(field: str, marked: str) -> tuple[str, list[Mapping[str, Any]]]:
    """The text without its markup, and the entities with their code points in it."""
    pieces: list[str] = []
    entities: list[Mapping[str, Any]] = []
    length = last = 0
    for found in _ENTITY.finditer(marked):
        before, surface = marked[last : found.start()], found[2]
        start = length + len(before)
        length, last = start + len(surface), found.end()
        pieces += (before, surface)
        entities.append({"field": field, "start": start, "end": length, "type": found[1], "surface": surface})
    text = "".join((*pieces, marked[last:]))
    if "[[" in text or "]]" in text:
        raise MarkupError(f"the {field} has brackets that mark nothing")
    return text, entities


def page(title: str, text: str, outlet: str) -> str:
    """A news page with the article among navigation, scripts and other pages' titles."""
    paragraphs = "\n".join(f"<p>{escape(paragraph, quote=False)}</p>" for paragraph in text.split("\n\n"))
    return _PAGE.format(title=escape(title, quote=False), outlet=escape(outlet, quote=False), paragraphs=paragraphs)


def append(seeds: Iterable[Seed], articles: Path = ARTICLES, gold: Path = GOLD) -> None:
    """Appends the seeds to both files.

    Raises:
        MarkupError: an id or article is already there; nothing is written then.
    """
    known = [orjson.loads(line) for line in gold.read_bytes().splitlines()] if gold.exists() else []
    taken = {value for entry in known for value in (entry["id"], entry["article_id"])}
    lines: list[tuple[bytes, bytes]] = []
    for seed in seeds:
        entry = seed.gold()
        if not taken.isdisjoint((entry["id"], entry["article_id"])):
            raise MarkupError(f"{entry['id']} is already there")
        taken |= {entry["id"], entry["article_id"]}
        lines.append((orjson.dumps(seed.raw_article()), orjson.dumps(entry)))
    with articles.open("ab") as to_articles, gold.open("ab") as to_gold:
        for article_line, gold_line in lines:
            to_articles.write(article_line + b"\n")
            to_gold.write(gold_line + b"\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Appends the named files to seeds/articles.jsonl and seeds/gold.jsonl."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.seed_markup", description=main.__doc__)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    files: list[Path] = parser.parse_args(arguments).files
    try:
        append([read(file.read_text(encoding="utf-8")) for file in files])
    except (MarkupError, OSError) as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
