"""Entities of an article: spans, names, order, languages."""

import pytest

from schemas.enriched_article import Entity
from services.enricher.prefixes import Prefixes
from services.enricher.stage import Draft
from services.enricher.stages.entities import EntitiesStage
from services.enricher.vote import Thresholds
from tests.support.encodings import MODEL, draft, row, window

LIMITS = Thresholds(kept=0.4, spread=0.5, sure=0.9, hint=0.2, neighbour=0.15, lone_person=0.33)
ALWAYS_PREFIXED = Prefixes(
    letters={"ب": 9.0, "ل": 9.0},
    weights={"bias": -1.0, "rarer": 0, "rest_stands": 0, "whole_stands": 0, "article": 0, "hamza": 0, "bare_alif": 0}
    | {"length": 0},
)
STAGE = EntitiesStage(MODEL, frozenset({"en", "ar", "zh", "hi"}), LIMITS, {"ar": ALWAYS_PREFIXED})


def entities(article: Draft) -> tuple[Entity, ...]:
    (answer,) = STAGE([article])
    assert answer.statuses["entities"] == "ok"
    return answer.entities


def test_mentions_are_exact_stretches_of_title_and_text() -> None:
    title, text = "दिल्ली में", "वह दिल्ली गया 🎉"
    article = draft(
        text,
        window(title, {"दिल्ली": [row(B_LOC=0.9)]}, field="title"),
        window(text, {"दिल्ली": [row(B_LOC=0.8)]}),
        language="hi",
        title=title,
    )
    (delhi,) = entities(article)
    assert [(m.field, m.start, m.end, m.surface) for m in delhi.mentions] == [
        ("title", 0, 6, "दिल्ली"),
        ("text", 3, 9, "दिल्ली"),
    ]


def test_a_clitic_is_no_part_of_a_name() -> None:
    text = "اجتماع بأنقرة"
    (ankara,) = entities(draft(text, window(text, {"بأنقرة": [row(B_LOC=0.9)]}), language="ar"))
    assert (ankara.name, ankara.mentions[0].surface, ankara.mentions[0].start) == ("أنقرة", "أنقرة", 8)


def test_the_most_salient_comes_first() -> None:
    title, text = "Léo left", "Ana met Léo in Oslo"
    names = {"Ana": [row(B_PER=0.9)], "Oslo": [row(B_LOC=0.9)], "Léo": [row(B_PER=0.9)]}
    in_title = window(title, {"Léo": [row(B_PER=0.9)]}, field="title")
    article = draft(text, in_title, window(text, names), title=title)
    assert [entity.name for entity in entities(article)] == ["Léo", "Ana", "Oslo"]


def test_numbers_have_four_decimals() -> None:
    text = "a b c Oslo d e f"
    (oslo,) = entities(draft(text, window(text, {"Oslo": [row(B_LOC=0.123456 + 0.7)]})))
    assert oslo.mentions[0].confidence == 0.8235
    assert oslo.salience == round(oslo.salience, 4)
    assert oslo.sentiment is None


@pytest.mark.parametrize("tag", ["zh-Hans", "zh-Hant"])
def test_a_language_counts_by_its_base(tag: str) -> None:
    text = "北京"
    assert entities(draft(text, window(text, {"北京": [row(B_LOC=0.9)]}), language=tag))[0].name == "北京"


@pytest.mark.parametrize("tag", ["und", "eo"])
def test_an_unmeasured_language_is_said_and_gets_no_values(tag: str) -> None:
    text = "Oslo"
    (answer,) = STAGE([draft(text, window(text, {"Oslo": [row(B_LOC=0.9)]}), language=tag)])
    assert answer.statuses["entities"] == "unsupported_language"
    assert answer.entities == ()


def test_no_names_is_an_answer() -> None:
    assert entities(draft("only words", window("only words"))) == ()


def test_an_article_that_was_not_encoded_fails_alone() -> None:
    with pytest.raises(ValueError, match="not encoded"):
        STAGE([draft("Oslo")])
