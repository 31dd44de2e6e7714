"""The text stage."""

import pytest

from schemas.raw_article import RawArticle
from services.enricher.errors import NoText
from services.enricher.markup import Page
from services.enricher.stage import Draft
from services.enricher.stages.text import TextStage, without_headline

URL = "https://bote.example/a"


def stage_that_extracts(title: str | None, text: str) -> TextStage:
    return TextStage(extract=lambda html: Page(title, text))


STAGE = stage_that_extracts("Titel der Seite", "Titel der Seite\n\nText der  Seite")


def published(**fields: str) -> Draft:
    return STAGE([Draft(RawArticle(url=URL, **fields))])[0]


def test_title_text_and_words_are_filled_in() -> None:
    draft = published(title=" Cafe\u0301 &\nBar ", text="<p>أعلنت وزارة</p><p>नमस्ते 😀</p>")
    assert (draft.title, draft.text, draft.word_count) == ("Café & Bar", "أعلنت وزارة\n\nनमस्ते 😀", 3)
    assert draft.statuses == {"text": "ok"}


def test_text_wins_over_html() -> None:
    assert published(text="中文", html="<p>x</p>").text == "中文"


@pytest.mark.parametrize("text", [None, "", " \u200b\n", "<br/>"])
def test_html_is_read_when_there_is_no_text(text: str | None) -> None:
    draft = STAGE([Draft(RawArticle(url=URL, text=text, html="<p>x</p>"))])[0]
    assert (draft.title, draft.text) == ("Titel der Seite", "Text der Seite")


def test_own_title_wins_over_the_one_of_the_page() -> None:
    assert published(title="Eigener", html="<p>x</p>").title == "Eigener"


@pytest.mark.parametrize("title", ["", " \u200f ", "<b></b>"])
def test_empty_title_is_none(title: str) -> None:
    assert published(title=title, text="x").title is None


@pytest.mark.parametrize("text", ["", " ", "\n\u200b\u202e", "<p></p>", "\ufeff"])
def test_nothing_left_is_no_text(text: str) -> None:
    with pytest.raises(NoText) as raised:
        published(text=text)
    assert raised.value.error_class == "no_content"


def test_page_with_no_text_is_no_text() -> None:
    with pytest.raises(NoText):
        stage_that_extracts("T", "")([Draft(RawArticle(url=URL, html="<script>x</script>"))])


def test_headline_is_not_repeated_unless_it_is_all_there_is() -> None:
    assert without_headline("ÜBER UNS", "Über  uns\n\nText") == "Text"
    assert without_headline("Über uns", "Über uns") == "Über uns"
    assert without_headline("", "Text\n\nmehr") == "Text\n\nmehr"


def test_article_is_the_same_alone_and_in_a_batch() -> None:
    drafts = [Draft(RawArticle(url=URL, text=text)) for text in ("eins", "اثنان", "三")]
    assert list(STAGE(drafts)) == [STAGE([draft])[0] for draft in drafts]
