"""What every stage promises, checked on every stage of the list with its real model."""

import dataclasses
from collections.abc import Sequence

import pytest

from schemas.enriched_article import EnrichedArticle
from schemas.raw_article import RawArticle
from services.enricher.assets import Assets, open_assets
from services.enricher.stage import Draft, Stage
from services.enricher.stages import STAGES, name_of

pytestmark = pytest.mark.model

TEXTS = {
    "ar": ("باكو تعلن", "أعلنت وزارة الدفاع في باكو يوم الثلاثاء عن عملية جديدة، وقالت أرمينيا إنها سترد."),
    "de": (
        "GROSSE FREUDE IN KÖLN",
        "Der Bürgermeister von Köln, Jürgen Weiß, eröffnete am Montag die neue Brücke über den Rhein.",
    ),
    "hi": ("मुंबई में बारिश", "मुंबई में सोमवार को भारी बारिश हुई। नगर निगम ने स्कूल बंद रखने की घोषणा की।"),
    "zh": ("东京地铁", "东京地铁公司周一宣布，新线路将于明年开通。市长表示欢迎。"),
    "emoji": (None, "😀🎉 👩‍👩‍👧 🇦🇲"),
    "numbers": (None, "1 2 3 4,5 % 6/7"),
    "mixed": ("Souk", "قال المدير: « Nous sommes très fiers de ce projet à Tunis. » وأضاف أن المشروع سيتوسع."),
    "long": ("Repeated", "The council of Kisumu met on Monday to discuss the flood. " * 400),
}


def first_drafts() -> list[Draft]:
    return [
        Draft(article=RawArticle(url=f"https://herald.example/{name}", title=title, text=text))
        for name, (title, text) in TEXTS.items()
    ]


@pytest.fixture(scope="module")
def assets() -> Assets:
    return open_assets()


@pytest.fixture(scope="module")
def runs(assets: Assets) -> list[tuple[Stage, Sequence[Draft], Sequence[Draft]]]:
    """Each stage with the drafts that it got and those that it gave."""
    drafts: Sequence[Draft] = first_drafts()
    found = []
    for load in STAGES:
        stage = load(assets)
        given = stage(drafts)
        found.append((stage, drafts, given))
        drafts = given
    return found


Runs = list[tuple[Stage, Sequence[Draft], Sequence[Draft]]]


def test_names_are_unique_and_every_stage_says_whose_values_they_are(runs: Runs) -> None:
    names = [stage.name for stage, _, _ in runs]
    assert len(set(names)) == len(names)
    assert all(stage.model.name and stage.model.version for stage, _, _ in runs)


def test_a_stage_is_named_as_its_file(runs: Runs) -> None:
    assert [stage.name for stage, _, _ in runs] == [name_of(load) for load in STAGES]


def test_a_batch_comes_out_as_long_and_in_the_same_order(runs: Runs) -> None:
    for stage, before, after in runs:
        assert [d.article.url for d in after] == [d.article.url for d in before], stage.name


def test_a_stage_answers_for_every_article(runs: Runs) -> None:
    for stage, _, after in runs:
        assert all(stage.name in draft.statuses for draft in after), stage.name


def test_a_stage_fills_in_only_its_own_field(runs: Runs) -> None:
    fields = [f.name for f in dataclasses.fields(Draft) if f.name != "statuses"]
    owner: dict[str, str] = {}
    for stage, before, after in runs:
        changed = {f for f in fields for b, a in zip(before, after, strict=True) if getattr(b, f) is not getattr(a, f)}
        assert stage.name == "text" or len(changed) <= 1, f"{stage.name} changed {sorted(changed)}"
        for field in changed:
            assert owner.setdefault(field, stage.name) == stage.name


def test_company_does_not_change_a_result(runs: Runs) -> None:
    published = [f.name for f in dataclasses.fields(Draft) if f.name in EnrichedArticle.model_fields]
    for stage, before, after in runs:
        for draft, together in zip(before, after, strict=True):
            (alone,) = stage([draft])
            for field in published:
                assert getattr(alone, field) == getattr(together, field), f"{stage.name}.{field} of {draft.article.url}"


def test_an_empty_batch_is_no_matter(runs: Runs) -> None:
    for stage, _, _ in runs:
        assert list(stage([])) == [], stage.name


def test_every_published_field_of_the_draft_is_in_the_contract(runs: Runs) -> None:
    filled = {f for _, before, after in runs for f in EnrichedArticle.model_fields if f in Draft.__slots__}
    assert {"language", "entities", "sentiment", "topics", "embedding", "fingerprint", "text", "title"} <= filled
