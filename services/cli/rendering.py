"""Records as a person reads them on a terminal: one block each, the title on a line of its own.

Plain text comes out where nothing can be coloured; the isolates around right-to-left pieces only go to terminals.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rich.text import Text

from schemas.publication_date import rfc3339
from services.cli.bidi import isolated
from services.cli.screen import harmless

if TYPE_CHECKING:
    from rich.console import Console

    from schemas.control import Order
    from schemas.dead_letter import DeadLetter
    from schemas.decision import Decision
    from schemas.duplicate import Duplicate
    from schemas.enriched_article import EnrichedArticle, Entity, Language, Sentiment, Topic
    from schemas.raw_article import RawArticle
    from schemas.trend import Trend

TYPE_STYLES: Mapping[str, str] = {"PER": "cyan", "ORG": "yellow", "LOC": "green", "MISC": "magenta"}
_SENTIMENT_STYLES: Mapping[str, str] = {"negative": "red", "neutral": "dim", "positive": "green"}

# More than this of a kind makes a block that nobody reads; the rest is counted.
_MAX_ENTITIES = 12
_MAX_TOPICS = 3
_SEPARATOR = " · "


class Renderer:
    """Writes records to a console."""

    def __init__(self, console: "Console") -> None:
        self._console = console
        self._isolate = isolated if console.is_terminal else str

    def enriched(self, article: "EnrichedArticle") -> None:
        """An enriched article: language, sentiment and topics; the title; the entities by salience; what went wrong."""
        self._print(self._summary(article))
        self._print(_title(article.title or article.text, article.title is not None))
        if article.entities:
            self._print(self._entities(article.entities))
        if article.url:
            self._print(Text("  " + self._piece(article.url), "dim"))
        if remarks := _remarks(article):
            self._print(Text("  " + self._isolate(harmless(remarks)), "yellow"))
        self._console.print()

    def raw(self, article: "RawArticle") -> None:
        """A raw article: its URL and title."""
        body = article.text or article.html or ""
        kind = "text" if article.text is not None else "html"
        self._print(Text.assemble((self._piece(article.url), "bold"), (f"  {len(body):,} characters of {kind}", "dim")))
        self._print(_title(article.title or body, article.title is not None))
        self._console.print()

    def dead_letter(self, letter: "DeadLetter") -> None:
        """A dead letter: its class, where it failed and why, where it came from."""
        origin = f"{letter.topic}-{letter.partition}@{letter.offset}"
        head = Text.assemble(
            ("dead letter ", "red"), (letter.error_class, "bold red"), f" in {letter.stage}", (f"  {origin}", "dim")
        )
        self._print(head)
        self._print(Text("  " + self._piece(letter.message or letter.exception)))
        self._console.print()

    def decision(self, decision: "Decision") -> None:
        """What was decided about a dead letter."""
        where = f" to {decision.redriven_to}" if decision.redriven_to else ""
        self._print(
            Text.assemble((decision.action, "bold"), f" {decision.dead_letter}{where}", (f"  {decision.error_class}", "dim"))
        )
        if decision.note:
            self._print(Text("  " + self._piece(decision.note)))
        self._console.print()

    def order(self, order: "Order") -> None:
        """What a group was told to do."""
        self._print(Text.assemble((order.action, "bold"), f" {self._piece(order.group)}", (f"  {order.ordered_by}", "dim")))
        self._print(Text("  " + self._piece(order.reason)))
        self._console.print()

    def trend(self, trend: "Trend") -> None:
        """What was counted of a name in a quarter of an hour."""
        style = TYPE_STYLES.get(trend.type or "", "")
        window = f"{rfc3339(trend.window.start)[:16]}–{rfc3339(trend.window.end)[11:16]}Z"
        head = Text.assemble((trend.type or trend.kind, f"dim {style}"), " ", (self._piece(trend.label), f"bold {style}"))
        self._print(head.append(f"  {trend.language}", "blue").append(f"  {window}", "dim"))
        numbers = f"{trend.originals} originals, {trend.duplicates} duplicates, {trend.sources} sources"
        burst = f"{'rising' if trend.burst.rising else 'score'} {trend.burst.score:.2f} (expected {trend.burst.expected:.2f})"
        self._print(Text(f"  {numbers}{_SEPARATOR}").append(burst, "red" if trend.burst.rising else "dim"))
        self._console.print()

    def duplicate(self, duplicate: "Duplicate") -> None:
        """Which article is a copy of which."""
        alike = (f"  {duplicate.similarity:.2f} alike, {duplicate.group_size} in the group", "dim")
        self._print(Text.assemble(("duplicate ", "yellow"), self._piece(duplicate.article_id), alike))
        self._print(Text("  of " + self._piece(duplicate.original_id)))
        self._console.print()

    def withdrawn(self, key: str) -> None:
        """A tombstone."""
        self._print(Text.assemble(("withdrawn ", "magenta"), self._piece(key)))
        self._console.print()

    def unreadable(self, place: str, reason: str) -> None:
        """A record that isn't what its topic promises."""
        self._print(Text.assemble(("unreadable ", "red"), f"{place}: {self._piece(reason)}"))
        self._console.print()

    def _print(self, line: Text) -> None:
        # Soft wrap: the terminal breaks lines itself, and only it knows how to break one that runs from right to left.
        self._console.print(line, soft_wrap=True)

    def _piece(self, text: str) -> str:
        return self._isolate(harmless(text))

    def _summary(self, article: "EnrichedArticle") -> Text:
        line = _language(article.language)
        if article.sentiment is not None:
            line.append(_SEPARATOR).append(_sentiment(article.sentiment))
        if article.topics:
            line.append(_SEPARATOR).append(_topics(article.topics))
        return line

    def _entities(self, entities: Iterable["Entity"]) -> Text:
        entities = list(entities)
        pieces = [self._entity(entity) for entity in entities[:_MAX_ENTITIES]]
        if len(entities) > _MAX_ENTITIES:
            pieces.append(Text(f"{len(entities) - _MAX_ENTITIES} more", "dim"))
        return Text("  ").append(Text(_SEPARATOR).join(pieces))

    def _entity(self, entity: "Entity") -> Text:
        style = TYPE_STYLES[entity.type]
        piece = Text.assemble((entity.type, f"dim {style}"), " ", (self._piece(entity.name), style))
        if len(entity.mentions) > 1:
            piece.append(f" ×{len(entity.mentions)}", "dim")
        return piece


def _title(text: str, is_title: bool) -> Text:
    """On a line of its own it needs no isolate: the terminal takes the line's direction from its first letter."""
    shown = harmless(text[:200]) + ("…" if len(text) > 200 else "")
    return Text("  " + shown, "bold" if is_title else "")


def _language(language: "Language") -> Text:
    from schemas.languages import language_name

    return Text.assemble(
        (language.tag, "bold blue"), f" {language_name(language.tag)} ", (f"{language.confidence:.2f} {language.script}", "dim")
    )


def _sentiment(sentiment: "Sentiment") -> Text:
    score = f"{round(sentiment.score, 2) + 0.0:+.2f}".replace("-", "−")
    return Text(f"{sentiment.label} {score}", _SENTIMENT_STYLES[sentiment.label])


def _topics(topics: Iterable["Topic"]) -> Text:
    return Text(", ".join(f"{topic.name} {topic.confidence:.2f}" for topic in list(topics)[:_MAX_TOPICS]))


def _remarks(article: "EnrichedArticle") -> str:
    """Stages that have no answer, and optional fields that were bad."""
    statuses = [
        f"{stage}: {annotation.status.replace('_', ' ')}"
        for stage, annotation in article.annotations.items()
        if annotation.status != "ok"
    ]
    return "; ".join(statuses + [f"{warning.field}: {warning.reason}" for warning in article.warnings])
