"""Stages applied in order; one bad article never fails the others."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from schemas.raw_article import RawArticle
from services.enricher.errors import NoText
from services.enricher.pipeline import Pipeline
from services.enricher.stage import ANNOTATED_CODE_POINTS, Draft, Model
from services.runtime.errors import InvalidRecord, TransientError


@dataclass(frozen=True)
class Chokes:
    """A stage that raises on some texts and writes its name on the others."""

    name: str
    on: frozenset[str] = frozenset()
    error: Exception = field(default_factory=ZeroDivisionError)
    model: Model = field(default_factory=lambda: Model("m", "1"))

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        if any(draft.text in self.on for draft in drafts):
            raise self.error
        return [draft.answered(self.name, fingerprint=(draft.fingerprint or "") + self.name) for draft in drafts]


def drafts(*texts: str) -> list[Draft]:
    return [Draft(article=RawArticle(url="https://herald.example/a"), text=text) for text in texts]


def test_stages_run_in_order() -> None:
    (result,) = Pipeline([Chokes("a"), Chokes("b")])(drafts("x"))
    assert isinstance(result, Draft)
    assert result.fingerprint == "ab"
    assert dict(result.statuses) == {"a": "ok", "b": "ok"}


def test_a_stage_that_raises_on_one_article_costs_that_annotation_alone() -> None:
    good, bad, also_good = Pipeline([Chokes("a", frozenset({"bad"})), Chokes("b")])(drafts("x", "bad", "東京"))
    assert isinstance(good, Draft) and isinstance(bad, Draft) and isinstance(also_good, Draft)
    assert bad.statuses == {"a": "failed", "b": "ok"} and bad.fingerprint == "b"
    assert good.statuses == also_good.statuses == {"a": "ok", "b": "ok"}


@pytest.mark.parametrize("stage", ["text", "language"])
def test_without_text_or_language_there_is_no_article(stage: str) -> None:
    good, bad = Pipeline([Chokes(stage, frozenset({"bad"})), Chokes("b")])(drafts("x", "bad"))
    assert isinstance(good, Draft)
    assert isinstance(bad, InvalidRecord)
    assert (bad.error_class, bad.stage) == ("stage_failed", stage)
    assert "test_pipeline" in bad.stack_trace


def test_a_stage_says_itself_what_is_wrong_with_a_record() -> None:
    (bad,) = Pipeline([Chokes("text", frozenset({"bad"}), NoText("nothing left"))])(drafts("bad"))
    assert isinstance(bad, InvalidRecord) and bad.error_class == "no_content"


def test_what_may_recover_is_for_the_worker_to_retry() -> None:
    with pytest.raises(TransientError):
        Pipeline([Chokes("a", frozenset({"bad"}), TransientError("away"))])(drafts("x", "bad"))


def test_a_stage_that_answers_to_too_few_fails_for_all() -> None:
    class Forgets(Chokes):
        def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
            return []

    results = Pipeline([Forgets("a")])(drafts("x", "y"))
    assert [r.statuses["a"] for r in results if isinstance(r, Draft)] == ["failed", "failed"]


def test_disabled_stages_say_so() -> None:
    (result,) = Pipeline([Chokes("a")], disabled=frozenset({"topics"}))(drafts("x"))
    assert isinstance(result, Draft)
    assert result.statuses["topics"] == "disabled"


def test_truncated_only_beyond_the_stated_limit() -> None:
    at, beyond = Pipeline([Chokes("a")])(drafts("م" * ANNOTATED_CODE_POINTS, "م" * (ANNOTATED_CODE_POINTS + 1)))
    assert isinstance(at, Draft) and isinstance(beyond, Draft)
    assert (at.statuses["a"], beyond.statuses["a"]) == ("ok", "truncated")
