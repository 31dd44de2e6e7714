"""Media Topics of an article."""

import pytest

from schemas.enriched_article import Topic
from services.enricher.stage import Draft
from services.enricher.stages.topics import TopicsStage
from tests.support.encodings import MODEL, draft, window


def logits(**by_place: float) -> list[float]:
    values = [-4.0] * 17
    for place, value in by_place.items():
        values[int(place.removeprefix("t"))] = value
    return values


def answer(article: Draft, slope: float = 1.0, shift: float = 0.0) -> Draft:
    (answered,) = TopicsStage(MODEL, frozenset({"en", "ar"}), slope, shift, 0.5, slope, shift)([article])
    return answered


def codes(topics: tuple[Topic, ...]) -> list[str]:
    return [topic.qcode for topic in topics]


def test_all_topics_at_the_threshold_likeliest_first() -> None:
    text = "حرب"
    answered = answer(draft(text, window(text, topics=logits(t10=1.0, t15=2.0, t14=-1.0)), language="ar"))
    assert codes(answered.topics) == ["medtop:16000000", "medtop:11000000"]
    assert answered.topics[0].name == "conflict, war and peace"
    assert answered.topics[0].confidence == 0.8808
    assert answered.statuses["topics"] == "ok"


def test_below_the_threshold_the_likeliest_is_given_and_said() -> None:
    answered = answer(draft("x", window("x", topics=logits(t14=-1.0))))
    assert codes(answered.topics) == ["medtop:15000000"]
    assert answered.statuses["topics"] == "low_confidence"


def test_calibration_moves_all_topics_alike() -> None:
    article = draft("x", window("x", topics=logits(t10=1.0, t15=-0.5)))
    assert codes(answer(article).topics) == ["medtop:11000000"]
    assert codes(answer(article, shift=1.0).topics) == ["medtop:11000000", "medtop:16000000"]
    assert answer(article, slope=2.0).topics[0].confidence == 0.8808


def test_a_text_of_one_window_has_a_calibration_of_its_own() -> None:
    one, two = draft("x", window("x", topics=logits(t14=2.0))), draft("x y", *[window("x", topics=logits(t14=2.0))] * 2)
    stage = TopicsStage(MODEL, frozenset({"en"}), slope=1.0, shift=0.0, threshold=0.5, alone_slope=0.5, alone_shift=-1.0)
    assert [answered.topics[0].confidence for answered in stage([one, two])] == [0.5, 0.8808]


def test_longer_windows_count_more() -> None:
    long, short = window("a b c d e f", topics=logits(t14=3.0)), window("g", topics=logits(t10=3.0))
    assert codes(answer(draft("x", long, short)).topics)[0] == "medtop:15000000"


@pytest.mark.parametrize("tag", ["und", "eo"])
def test_an_unmeasured_language_gets_no_topics(tag: str) -> None:
    answered = answer(draft("x", window("x", topics=logits(t14=3.0)), language=tag))
    assert (answered.statuses["topics"], answered.topics) == ("unsupported_language", ())


def test_an_article_that_was_not_encoded_fails() -> None:
    with pytest.raises(ValueError, match="not encoded"):
        answer(draft("x"))
