"""Sentiment and topics from a sequence classifier of the user's."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from schemas.enriched_article import SentimentLabel
from services.enricher.assets import Assets
from services.enricher.numbers import sigmoid
from services.enricher.own_models import sentiment, topics
from services.enricher.own_models.sentiment import in_classes
from services.enricher.own_models.topics import NO_TOPIC, by_topic
from services.enricher.stage import Stage
from tests.support.encodings import draft
from tests.support.tiny_model import sure, tiny_model

ASSETS = Assets(Path(), {})
THREE = ("Negative", "Neutral", "Positive")
POLITICS, SPORT, WEATHER, CONFLICT = "medtop:11000000", "medtop:15000000", "medtop:17000000", "medtop:16000000"
MULTI, SINGLE = "multi_label_classification", "single_label_classification"


def feeling(folder: Path, labels: Sequence[str] = THREE, notes: str = "") -> Stage:
    rows = {"triste": sure(labels, labels[0], 9), "فوز": sure(labels, labels[-1], 9), "勝": sure(labels, labels[-1], 9)}
    return sentiment.load(tiny_model(folder, labels, rows, is_by_token=False, default=[0.0] * len(labels), notes=notes), ASSETS)


def subjects(folder: Path, labels: Sequence[str], problem_type: str | None, notes: str = "") -> Stage:
    words = {"vote": 0, "但": 0, "مباراة": 1, "storm": 2}
    quiet = [-9.0] * len(labels)
    rows = {word: [*quiet[:place], 9.0, *quiet[place + 1 :]] for word, place in words.items()}
    folder = tiny_model(folder, labels, rows, is_by_token=False, default=quiet, notes=notes, problem_type=problem_type)
    return topics.load(folder, ASSETS)


@pytest.mark.parametrize(
    ("title", "text", "label"),
    [
        (None, "triste triste triste", "negative"),
        ("فوز", "فوز فوز", "positive"),
        ("勝", "勝勝", "positive"),
        ("", "le maire", "neutral"),
    ],
)
def test_sentiment_by_the_labels_names(title: str | None, text: str, label: str, tmp_path: Path) -> None:
    (answer,) = feeling(tmp_path / "mood")([draft(text, title=title)])
    assert answer.sentiment is not None
    if label == "neutral":  # every class is as likely
        assert answer.statuses["sentiment"] == "low_confidence"
        assert (answer.sentiment.score, answer.sentiment.confidence) == (0.0, 0.3333)
        return
    assert (answer.sentiment.label, answer.statuses["sentiment"]) == (label, "ok")
    assert np.sign(answer.sentiment.score) == (1 if label == "positive" else -1)


def test_windows_count_by_their_length(tmp_path: Path) -> None:
    labels = ("negative", "positive")
    rows = {"bad": [60.0, 0.0], "good": [0.0, 60.0]}
    model = tiny_model(tmp_path / "mood", labels, rows, is_by_token=False, max_position_embeddings=14)
    (answer,) = sentiment.load(model, ASSETS)([draft("good " * 9, title="bad " * 3)])
    assert answer.sentiment is not None
    assert answer.sentiment.score == pytest.approx((9 - 3) / 12, abs=1e-4)


def test_stars_are_mapped_and_count_together(tmp_path: Path) -> None:
    stars = ("1 star", "2 stars", "3 stars", "4 stars", "5 stars")
    notes = "[labels]\n" + "\n".join(
        f'"{star}" = "{label}"'
        for star, label in zip(stars, ("negative", "negative", "neutral", "positive", "positive"), strict=True)
    )
    (answer,) = feeling(tmp_path / "mood", stars, notes)([draft("triste")])
    assert answer.sentiment is not None and answer.sentiment.label == "negative"
    classes: list[SentimentLabel] = ["negative", "negative", "neutral", "positive", "positive"]
    assert in_classes(np.array([0.3, 0.3, 0.1, 0.2, 0.1], np.float32), classes) == pytest.approx([0.6, 0.1, 0.3])


def test_topics_multi_label_each_with_its_own_probability(tmp_path: Path) -> None:
    stage = subjects(tmp_path / "topics", ("medtop:11000000", "sport", "17"), MULTI)
    both, one = stage([draft("vote storm 但"), draft("مباراة مباراة", title="مباراة")])
    assert [topic.qcode for topic in one.topics] == [SPORT]
    assert one.topics[0].confidence > 0.9 and one.statuses["topics"] == "ok"
    assert both.topics[0].qcode == POLITICS


def test_topics_multi_label_several_hold_at_once(tmp_path: Path) -> None:
    labels = ("11", "15", "17")
    rows = {"derby": [-9.0, 9.0, 9.0]}
    folder = tiny_model(tmp_path / "t", labels, rows, is_by_token=False, default=[-9.0] * 3, problem_type=MULTI)
    (answer,) = topics.load(folder, ASSETS)([draft("derby derby derby")])
    assert {topic.qcode for topic in answer.topics} == {SPORT, WEATHER}
    assert all(topic.confidence > 0.9 for topic in answer.topics)


@pytest.mark.parametrize("problem_type", [SINGLE, None])
def test_topics_single_label_share_one_probability(problem_type: str | None, tmp_path: Path) -> None:
    stage = subjects(tmp_path / "topics", ("politics", "sport", "weather"), problem_type)
    sure_of, torn = stage([draft("vote"), draft("vote مباراة")])
    assert [topic.qcode for topic in sure_of.topics] == [POLITICS]
    assert torn.statuses["topics"] == "low_confidence" and len(torn.topics) == 1
    assert torn.topics[0].confidence <= 0.5


def test_labels_without_a_topic_are_left_out(tmp_path: Path) -> None:
    notes = '[labels]\nGOVERNMENT = "11"\nWAR = "conflict, war and peace"\nmisc = "none"\n'
    stage = subjects(tmp_path / "topics", ("GOVERNMENT", "WAR", "misc"), SINGLE, notes)
    voted, fought, stormed = stage([draft("vote"), draft("مباراة"), draft("storm")])
    assert [answer.topics[0].qcode for answer in (voted, fought)] == [POLITICS, CONFLICT]
    assert stormed.statuses["topics"] == "low_confidence"


def test_labels_of_one_topic_count_together() -> None:
    qcodes = (POLITICS, POLITICS, NO_TOPIC, SPORT)
    shares = np.array([0.3, 0.4, 0.2, 0.1], np.float32)
    assert by_topic(shares, qcodes, is_multi_label=False)[[10, 14]] == pytest.approx([0.7, 0.1])
    assert by_topic(shares, qcodes, is_multi_label=True)[[10, 14]] == pytest.approx([0.4, 0.1])


def test_log_odds_of_any_size_are_probabilities() -> None:
    assert sigmoid(np.array([-1e4, 0, 1e4], np.float32)).tolist() == pytest.approx([0.0, 0.5, 1.0])


def test_unsupported_languages_are_said(tmp_path: Path) -> None:
    for stage in (
        feeling(tmp_path / "mood", notes='languages = ["fr"]'),
        tiny_topics(tmp_path / "topics", notes='languages = ["fr"]'),
    ):
        french, german = stage([draft("triste", language="fr"), draft("triste", language="de")])
        assert french.statuses[stage.name] != "unsupported_language"
        assert german.statuses[stage.name] == "unsupported_language"
        assert (german.sentiment, german.topics) == (None, ())


def tiny_topics(folder: Path, notes: str) -> Stage:
    return subjects(folder, ("11", "15", "17"), MULTI, notes)


def test_alone_and_in_any_batch_the_answer_is_the_same(tmp_path: Path) -> None:
    drafts = [
        draft(text, title=title) for text in ("triste vote. فوز", "勝" * 200, "storm 但 " * 40) for title in (None, "triste")
    ]
    for stage in (feeling(tmp_path / "mood"), tiny_topics(tmp_path / "topics", notes="")):
        together = stage(drafts)
        alone = [stage([article])[0] for article in drafts]
        assert [(a.sentiment, a.topics, a.statuses) for a in alone] == [(a.sentiment, a.topics, a.statuses) for a in together]


def test_an_article_in_which_nothing_can_be_read_fails_alone(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="finds nothing"):
        feeling(tmp_path / "mood")([draft(" ")])
