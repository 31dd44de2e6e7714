"""Records as a person reads them: plain in a pipe, coloured and isolated on a terminal, and never obeyed by it."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from schemas.dead_letter import DeadLetter
from schemas.enriched_article import Annotation, EnrichedArticle, Entity, EntityType, Language, Mention, Sentiment, Topic
from schemas.raw_article import RawArticle
from services.cli.rendering import Renderer

FSI, PDI = "\u2068", "\u2069"
NOW = datetime(2023, 9, 19, tzinfo=UTC)


def console(is_terminal: bool, colours: str | None = "standard") -> Console:
    return Console(file=io.StringIO(), force_terminal=is_terminal, color_system=colours if is_terminal else None, width=80)  # type: ignore[arg-type]


def shown(target: Console) -> str:
    assert isinstance(target.file, io.StringIO)
    return target.file.getvalue()


def entity(kind: EntityType, name: str, mentions: int = 1) -> Entity:
    where = tuple(Mention(field="text", start=place, end=place + 1, surface="x", confidence=0.9) for place in range(mentions))
    return Entity(type=kind, name=name, mentions=where, salience=0.5)


def article(title: str | None = "أذربيجان تعلن عملية", **more: object) -> EnrichedArticle:
    values: dict[str, object] = {
        "article_id": "id",
        "url": "https://a.example/1",
        "canonical_url": "https://a.example/1",
        "title": title,
        "text": "في باكو",
        "collected_at": NOW,
        "word_count": 2,
        "content_digest": "sha256:0",
        "language": Language(tag="ar", confidence=0.987, iso639_3="ara", script="Arab"),
        "entities": (entity("LOC", "باكو", 2), entity("ORG", "NATO")),
        "sentiment": Sentiment(label="negative", score=-0.724, confidence=0.8),
        "topics": (Topic(qcode="medtop:16000000", name="conflict, war and peace", confidence=0.91),),
        "annotations": {},
    }
    return EnrichedArticle.model_validate({**values, **more})


def render(found: EnrichedArticle, is_terminal: bool, colours: str | None = "standard") -> str:
    target = console(is_terminal, colours)
    Renderer(target).enriched(found)
    return shown(target)


def test_a_record_in_a_pipe_is_plain_text() -> None:
    assert render(article(), is_terminal=False).splitlines() == [
        "ar Arabic 0.99 Arab · negative −0.72 · conflict, war and peace 0.91",
        "  أذربيجان تعلن عملية",
        "  LOC باكو ×2 · ORG NATO",
        "  https://a.example/1",
        "",
    ]


def test_right_to_left_names_are_isolated_on_a_terminal_and_a_title_has_its_own_line() -> None:
    lines = render(article(), is_terminal=True, colours=None).splitlines()
    assert f"LOC {FSI}باكو{PDI} ×2 · ORG NATO" in lines[2]
    assert lines[1] == "  أذربيجان تعلن عملية"


def test_entities_are_coloured_by_type() -> None:
    written = render(article(), is_terminal=True)
    assert f"\x1b[32m{FSI}باكو" in written and "\x1b[33mNATO" in written


def test_a_long_title_is_left_to_the_terminal_to_wrap() -> None:
    title = "عاجل " * 30
    assert render(article(title), is_terminal=True, colours=None).splitlines()[1].strip() == title.strip()


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("hostile", ["a\x1b[2Jb", "a\x9b2Jb", "a\rb\x07c"])
def test_a_terminal_is_never_given_commands_from_an_article(hostile: str, is_terminal: bool) -> None:
    written = render(article(hostile, entities=(entity("PER", hostile),)), is_terminal, colours=None)
    assert not set(written) & {"\x1b", "\x9b", "\r", "\x07"}


def test_markup_of_our_own_console_in_an_article_is_text() -> None:
    assert "[bold red]x[/]" in render(article("[bold red]x[/]"), is_terminal=False)


def test_more_entities_than_anybody_reads_are_counted() -> None:
    many = tuple(entity("PER", f"P{number}") for number in range(15))
    line = render(article(entities=many), is_terminal=False).splitlines()[2]
    assert line.endswith("PER P11 · 3 more")


def test_a_score_that_rounds_to_nothing_has_no_minus() -> None:
    neutral = Sentiment(label="neutral", score=-0.001, confidence=0.8)
    assert "neutral +0.00" in render(article(sentiment=neutral), is_terminal=False)


def test_a_stage_without_an_answer_is_said() -> None:
    unsupported = {"entities": Annotation(model="m", version="1", status="unsupported_language")}
    found = article(entities=(), sentiment=None, topics=(), annotations=unsupported)
    assert "  entities: unsupported language" in render(found, is_terminal=False).splitlines()


def test_an_article_without_a_title_shows_how_it_begins() -> None:
    assert render(article(None, text="這是" * 200), is_terminal=False).splitlines()[1] == "  " + "這是" * 100 + "…"


def test_a_dead_letter_shows_its_class_and_where_it_came_from() -> None:
    letter = DeadLetter(
        exception="Undecodable",
        message="byte 3 is not UTF-8",
        topic="news.raw",
        partition=2,
        offset=41,
        stage="decode",
        error_class="invalid_utf8",
        first_failed_at=NOW,
        last_failed_at=NOW,
        source_timestamp=0,
    )
    target = console(is_terminal=False)
    Renderer(target).dead_letter(letter)
    assert shown(target).splitlines()[:2] == ["dead letter invalid_utf8 in decode  news.raw-2@41", "  byte 3 is not UTF-8"]


def test_a_raw_article_shows_its_url_and_title() -> None:
    target = console(is_terminal=False)
    Renderer(target).raw(RawArticle(url="https://a.example/1", title="चुनाव", text="😀" * 1234))
    assert shown(target).splitlines()[:2] == ["https://a.example/1  1,234 characters of text", "  चुनाव"]
