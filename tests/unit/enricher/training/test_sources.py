"""Every corpus is read into the same form, without what is kept for measuring."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from services.enricher.training.annotated import SENTIMENTS, UNKNOWN, Annotated
from services.enricher.training.sources import (
    SIB_CHOICES,
    merged_clitics,
    own_topics,
    read_ner_corpora,
    read_ntrex_lines,
    read_own,
    read_own_topic_sentences,
    read_sentiment_corpora,
    read_story_topics,
    read_topic_sentences,
    with_known_prefixes,
)
from tests.support.corpora import HELD, TRAINED, write_rows, write_stories, write_written
from tests.support.marked import marked, surfaces

OUT, PER, LOC, MISC = "O", "B-PER", "B-LOC", "B-MISC"


class Always(random.Random):
    """Chance that always says yes."""

    def random(self) -> float:
        return 0.0


class Never(random.Random):
    """Chance that always says no."""

    def random(self) -> float:
        return 0.999


def sentence(language: str, text: str, *tags: str) -> dict[str, Any]:
    return {"lang": language, "tokens": text.split(), "tags": list(tags)}


def read_ner(corpora: Path, *rows: dict[str, Any], rng: random.Random | None = None) -> list[Annotated]:
    write_rows(corpora / f"ner/{rows[0]['lang']}.test.train.jsonl.gz", *rows)
    return list(read_ner_corpora(corpora, rng or Always()))


@pytest.mark.parametrize(
    ("tokens", "words", "letters"),
    [
        ("في و باكو", ["في", "وباكو"], 1),
        ("في وب باكو", ["في", "وبباكو"], 2),
        ("في ل المدينة", ["في", "للمدينة"], 1),
        ("في ول المدينة", ["في", "وللمدينة"], 2),
        ("في ب المدينة", ["في", "بالمدينة"], 1),
        ("في ال مدينة", ["في", "المدينة"], 0),
        ("في وال مدينة", ["في", "والمدينة"], 1),
    ],
)
def test_clitics_are_put_before_the_words_they_belong_to(tokens: str, words: list[str], letters: int) -> None:
    merged, tags, prefixes = merged_clitics(tokens.split(), [OUT, OUT, LOC], Always())
    assert (merged, tags) == (words, [OUT, LOC])
    assert prefixes == {0: UNKNOWN, 1: letters}


def test_clitics_stay_alone_before_marks_and_at_the_end_and_now_and_then() -> None:
    assert merged_clitics(["و", "،", "ب"], [OUT, OUT, OUT], Always())[0] == ["و", "،", "ب"]
    assert merged_clitics(["و", "باكو"], [OUT, LOC], Never())[0] == ["و", "باكو"]
    assert merged_clitics(["و", "باكو"], [LOC, LOC], Always())[0] == ["و", "باكو"]  # a name of its own


def test_names_begin_behind_merged_clitics(tmp_path: Path) -> None:
    (text,) = read_ner(tmp_path, sentence("ar", "سافر زيد و عمر ل المدينة .", OUT, PER, OUT, PER, OUT, LOC, OUT))
    assert text.text == "سافر زيد وعمر للمدينة."
    assert surfaces(text) == [("زيد", "PER"), ("عمر", "PER"), ("لمدينة", "LOC")]
    assert [name.prefix for name in text.names or ()] == [0, 1, 1]


def test_languages_without_prefixes_have_none(tmp_path: Path) -> None:
    (text,) = read_ner(tmp_path, sentence("de", "Žofie fährt nach Bad Köln .", PER, OUT, OUT, LOC, "I-LOC", OUT))
    assert surfaces(text) == [("Žofie", "PER"), ("Bad Köln", "LOC")]
    assert [name.prefix for name in text.names or ()] == [0, 0]
    assert (text.source, text.sentiment, text.topics, text.document) == ("de.test", UNKNOWN, None, "")


@pytest.mark.parametrize(("count", "has_misc"), [(20, False), (21, True)])
def test_a_corpus_with_hardly_any_other_names_leaves_them_open(tmp_path: Path, count: int, has_misc: bool) -> None:
    texts = read_ner(tmp_path, *[sentence("en", "the Cup", OUT, MISC)] * count)
    assert {text.has_misc for text in texts} == {has_misc}


def test_rows_without_words_are_left_out(tmp_path: Path) -> None:
    empty = {"lang": "en", "tokens": ["a", ""], "tags": [OUT, OUT]}
    assert [text.text for text in read_ner(tmp_path, sentence("en", ""), empty, sentence("en", "b", OUT))] == ["b"]


def test_prefixes_are_known_by_how_often_a_corpus_has_the_words() -> None:
    names = ["LOC باكو"] * 3 + ["PER زيد"] * 2 + ["PER وزيد", "PER وعمر", "LOC للقاهرة"]
    texts = [marked("ar", f"[{name}]", prefix=UNKNOWN) for name in names]
    known = list(with_known_prefixes([*texts, *[marked("ar", "[LOC القاهرة]")] * 2]))
    found = Counter((surfaces(text)[0][0], text.names[0].prefix) for text in known if text.names)
    assert found == {
        ("باكو", 0): 3,  # often, and never as اكو
        ("زيد", 0): 2,  # begins with no prefix
        ("زيد", 1): 1,  # of وزيد: زيد is the commoner one
        ("وعمر", 0): 1,  # no name is عمر
        ("لقاهرة", 1): 1,  # as in القاهرة
        ("القاهرة", 0): 2,
    }


def test_hebrew_prefixes_are_told_apart_too() -> None:
    texts = [marked("he", f"[LOC {name}]", prefix=UNKNOWN) for name in ("חיפה", "חיפה", "בחיפה", "תל")]
    known = [text.names[0] for text in with_known_prefixes(texts) if text.names]
    assert [(name.start, name.prefix) for name in known] == [(0, 0), (0, 0), (1, 1), (0, 0)]


def test_lines_of_stories_have_sentiment_and_where_marked_names(tmp_path: Path) -> None:
    write_stories(tmp_path)
    lines = list(read_ntrex_lines(tmp_path))
    assert {line.document for line in lines} == {f"{TRAINED}.{language}" for language in ("ar", "en", "ja")}
    assert len(lines) == 9
    arabic = [line for line in lines if line.language == "ar"]
    assert [SENTIMENTS[line.sentiment] for line in arabic] == ["neutral", "neutral", "positive"]
    assert [surfaces(line) for line in arabic[:2]] == [[("باكو", "LOC")], [("زيد", "PER"), ("باكو", "LOC")]]
    assert [name.prefix for line in arabic[:2] for name in line.names or ()] == [0, 0, 1]
    assert [line.names for line in lines if line not in arabic[:2]] == [None] * 7


def test_held_out_stories_are_read_only_when_asked_for(tmp_path: Path) -> None:
    write_stories(tmp_path)
    held_out = list(read_ntrex_lines(tmp_path, {HELD}))
    assert {line.document.rsplit(".", 1)[0] for line in held_out} == {HELD}
    assert not {line.meaning for line in held_out} & {line.meaning for line in read_ntrex_lines(tmp_path)}
    assert list(read_story_topics(tmp_path).values()) == [(15, 10)] * 2


def test_lines_that_say_the_same_have_the_same_key(tmp_path: Path) -> None:
    write_stories(tmp_path)
    keys = Counter(line.meaning for line in read_ntrex_lines(tmp_path))
    assert keys == {f"ntrex:{TRAINED}:{line}": 3 for line in range(3)}


def test_parallel_sentences_with_topics_share_keys(tmp_path: Path) -> None:
    labels = {"eng_Latn": ["sports", "health"], "arb_Arab": ["sports", "health"], "jpn_Jpan": ["health"]}
    rows = [
        {"flores": flores, "lang": flores[:2], "text": f"{flores} {label}", "label": label}
        for flores, own in labels.items()
        for label in own
    ]
    texts = list(read_topic_sentences(write_rows(tmp_path / "topic/multi.sib200.train.jsonl.gz", *rows).parents[1]))
    assert [text.meaning for text in texts] == ["sib:0", "sib:1", "sib:0", "sib:1", ""]  # the Japanese one lacks a sentence
    assert [text.topics for text in texts[:2]] == [(SIB_CHOICES["sports"],), (SIB_CHOICES["health"],)]
    assert all(text.is_choice and text.names is None and text.sentiment == UNKNOWN for text in texts)


def test_news_is_told_from_tweets_and_stances_from_moods(tmp_path: Path) -> None:
    for name in ("en.newsmtsc", "ar.arsarcasm2", "en.tweets"):
        rows = [{"lang": name[:2], "text": f"{name} {number}", "label": "negative"} for number in range(30)]
        write_rows(tmp_path / f"sentiment/{name}.train.jsonl.gz", *rows)
    write_rows(tmp_path / "sentiment/en.newsmtsc.dev.jsonl.gz", {"lang": "en", "text": "development", "label": "positive"})
    texts = list(read_sentiment_corpora(tmp_path, 10, random.Random(1)))
    assert Counter(text.source for text in texts) == {"en.newsmtsc": 30, "ar.arsarcasm2": 30, "en.tweets": 10}
    assert {(text.source, text.is_news, text.stance) for text in texts} == {
        ("en.newsmtsc", True, 0),
        ("ar.arsarcasm2", True, UNKNOWN),
        ("en.tweets", False, UNKNOWN),
    }
    assert {SENTIMENTS[text.sentiment] for text in texts} == {"negative"}
    assert len({text.text for text in texts}) == 70


def test_own_items_are_for_training_unless_they_are_held_out(tmp_path: Path) -> None:
    write_written(tmp_path)
    lines = list(read_own(tmp_path))
    topics = own_topics(tmp_path)
    assert {line.document for line in lines} == {*topics, "written.bridge.en"}
    assert 30 < len(topics) < 48
    assert set(topics.values()) == {(14, 10), (15,)}


def test_own_sentences_have_one_topic_of_sib(tmp_path: Path) -> None:
    write_written(tmp_path)
    texts = list(read_own_topic_sentences(tmp_path))
    assert [(text.language, text.topics) for text in texts] == [("en", (14,)), ("ar", (10,))]
    assert all(text.is_choice for text in texts)
