"""Sentiment of title and text together."""

import numpy as np
import pytest

from services.enricher.numbers import softmax
from services.enricher.stage import Draft
from services.enricher.stages.sentiment import Calibration, SentimentStage, document_probabilities
from tests.support.encodings import MODEL, draft, window

PLAIN = Calibration(text_weight=0.5, title_weight=0.5, bias=(0.0, 0.0, 0.0))
NEGATIVE, NEUTRAL, POSITIVE = (4.0, 0.0, 0.0), (0.0, 4.0, 0.0), (0.0, 0.0, 4.0)


def stage(calibration: Calibration = PLAIN, min_confidence: float = 0.45) -> SentimentStage:
    return SentimentStage(MODEL, frozenset({"en", "ar"}), calibration, min_confidence)


def answer(article: Draft, calibration: Calibration = PLAIN) -> Draft:
    (answered,) = stage(calibration)([article])
    return answered


def test_the_likeliest_class_with_its_probability() -> None:
    sentiment = answer(draft("حرب", window("حرب", sentiment=NEGATIVE), language="ar")).sentiment
    assert sentiment is not None
    assert (sentiment.label, sentiment.confidence, sentiment.score) == ("negative", 0.9647, -0.9470)


def test_longer_windows_count_more() -> None:
    article = draft("x", window("a b c d e f", sentiment=NEGATIVE), window("g", sentiment=POSITIVE))
    found = answer(article).sentiment
    assert found is not None and found.label == "negative"


def test_title_and_text_have_their_own_weights() -> None:
    parts = (window("t", field="title", sentiment=NEGATIVE), window("a b c", sentiment=POSITIVE))
    by_title = answer(draft("x", *parts), Calibration(0.2, 0.8, (0.0, 0.0, 0.0))).sentiment
    by_text = answer(draft("x", *parts), Calibration(0.8, 0.2, (0.0, 0.0, 0.0))).sentiment
    assert by_title is not None and by_text is not None
    assert (by_title.label, by_text.label) == ("negative", "positive")


@pytest.mark.parametrize("field", ["title", "text"])
def test_one_of_them_is_enough(field: str) -> None:
    found = answer(draft("x", window("a b", field=field, sentiment=POSITIVE))).sentiment
    assert found is not None and found.label == "positive"


def test_the_bias_takes_sides_when_the_encoder_is_undecided() -> None:
    undecided = (window("a b", sentiment=(0.9, 1.0, 0.0)), window("c d", sentiment=(0.9, 1.0, 0.0)))
    encoding = draft("x", *undecided).encoding
    assert encoding is not None
    leaning = Calibration(1.0, 0.0, (0.5, -0.5, 0.0))
    assert document_probabilities(encoding, leaning).argmax() == 0


def test_a_text_of_one_window_has_a_weight_of_its_own_and_no_bias() -> None:
    encoding = draft("x", window("a b", sentiment=(1.0, 0.5, 0.0))).encoding
    assert encoding is not None
    calm = Calibration(1.0, 0.0, (-2.0, 0.0, 2.0), alone_weight=2.0)
    assert document_probabilities(encoding, calm) == pytest.approx(softmax(np.array([2.0, 1.0, 0.0])))


def test_an_unsure_answer_is_given_and_said() -> None:
    answered = answer(draft("x", window("a b")))
    assert answered.statuses["sentiment"] == "low_confidence"
    assert answered.sentiment is not None and answered.sentiment.confidence == pytest.approx(0.3333)


@pytest.mark.parametrize("tag", ["und", "eo"])
def test_an_unmeasured_language_gets_no_value(tag: str) -> None:
    answered = answer(draft("x", window("a", sentiment=NEGATIVE), language=tag))
    assert (answered.statuses["sentiment"], answered.sentiment) == ("unsupported_language", None)


def test_an_article_that_was_not_encoded_fails() -> None:
    with pytest.raises(ValueError, match="not encoded"):
        answer(draft("x"))
