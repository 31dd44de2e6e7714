"""What the trends API can be asked."""

import pytest

from services.trends.query import Query, WrongParameter, parse


def test_nothing_asked_is_the_last_hour_of_entities() -> None:
    assert parse([]) == Query(window="1h", kind="entity", limit=20, order="burst") and Query().window_s == 3_600


def test_everything_can_be_asked() -> None:
    asked = parse([("window", "7d"), ("type", "PER"), ("lang", "zh-Hant"), ("limit", "500"), ("order", "mentions")])
    assert asked == Query(window="7d", type="PER", language="zh-Hant", limit=500, order="mentions")


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("window", "2h", "1h, 24h, 7d"),
        ("window", "", "1h, 24h, 7d"),
        ("kind", "entities", "entity, language, country, topic"),
        ("type", "per", "PER, ORG, LOC, MISC"),
        ("lang", "العربية", "zh-Hant"),
        ("lang", "ar; drop", "zh-Hant"),
        ("lang", "en" + "-x" * 40, "zh-Hant"),
        ("limit", "0", "1 to 500"),
        ("limit", "501", "1 to 500"),
        ("limit", "२०", "1 to 500"),
        ("limit", "-1", "1 to 500"),
        ("order", "newest", "burst, mentions"),
        ("local", "yes", "0, 1"),
        ("now", "9" * 30, "whole number"),
        ("language", "ar", "window, kind, type, lang, limit, order"),
        ("😀" * 200, "", "window, kind, type, lang, limit, order"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_it_may_be(name: str, value: str, allowed: str) -> None:
    with pytest.raises(WrongParameter) as wrong:
        parse([(name, value)])
    assert name.startswith(wrong.value.parameter) and allowed in str(wrong.value)


def test_what_was_sent_is_not_sent_back() -> None:
    with pytest.raises(WrongParameter) as wrong:
        parse([("window", "<script>")])
    assert "script" not in str(wrong.value)


def test_a_parameter_is_given_once() -> None:
    with pytest.raises(WrongParameter, match="lang is given twice"):
        parse([("lang", "ar"), ("lang", "he")])


@pytest.mark.parametrize("kind", ["language", "country", "topic"])
def test_only_entities_have_a_type(kind: str) -> None:
    with pytest.raises(WrongParameter, match="type is for kind=entity"):
        parse([("type", "PER"), ("kind", kind)])


@pytest.mark.parametrize(
    "query", [Query(), Query("24h", "entity", "ORG", "ar", 3, "mentions"), Query(kind="topic", is_local=True, now_s=7)]
)
def test_a_question_is_the_same_when_it_is_asked_again(query: Query) -> None:
    assert parse(list(query.parameters().items())) == query


def test_another_worker_is_asked_for_its_share_at_our_time() -> None:
    assert Query(language="fa").for_another_worker(1_695_130_930) == Query(language="fa", is_local=True, now_s=1_695_130_930)
