"""The text stage: title and text as they are published, from plain text or a page, and the number of words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schemas.raw_article import RawArticle
from services.enricher.assets import Assets
from services.enricher.clean_text import clean, clean_line
from services.enricher.errors import NoText
from services.enricher.markup import Page, load_extractor, read_page, without_markup
from services.enricher.stage import Draft, Model, Stage
from services.enricher.words import count_words

MODEL = Model("newsloom-text", "1")


@dataclass(frozen=True, slots=True)
class TextStage:
    """Fills in title, text and word_count; raises NoText for an article in which nothing can be read."""

    extract: Callable[[str], Page]
    name: str = "text"
    model: Model = MODEL

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        return [self._published(draft) for draft in drafts]

    def _published(self, draft: Draft) -> Draft:
        title, text = self._title_and_text(draft.article)
        if not text:
            raise NoText("nothing is left when markup and invisible characters are taken away")
        return draft.answered(self.name, title=title or None, text=text, word_count=count_words(text))

    def _title_and_text(self, article: RawArticle) -> tuple[str, str]:
        title = clean_line(without_markup(article.title or ""))
        text = clean(without_markup(article.text or ""))
        if text or not article.html:
            return title, text
        page = read_page(self.extract, article.html)
        title = title or clean_line(page.title or "")
        return title, without_headline(title, clean(page.text))


def without_headline(title: str, text: str) -> str:
    """A page's text without its first paragraph when that is only the title again."""
    first, _, rest = text.partition("\n\n")
    return rest if rest and " ".join(first.split()).casefold() == title.casefold() else text


def load(_assets: Assets) -> Stage:
    """The stage with the extractor for pages."""
    return TextStage(load_extractor())
