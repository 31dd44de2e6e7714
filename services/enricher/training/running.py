"""Runs stages over labelled texts whose language is known."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from schemas.enriched_article import Language
from schemas.raw_article import RawArticle
from services.enricher.stage import Draft, Stage
from services.enricher.training.corpora import Labelled

_AT_ONCE = 64
_ARTICLE = RawArticle(url="urn:newsloom:training", text="-")


def answers(stages: Sequence[Stage], labelled: Iterable[Labelled]) -> Iterator[tuple[Labelled, Draft]]:
    """What the stages make of each text."""
    rest = iter(labelled)
    while batch := list(islice(rest, _AT_ONCE)):
        drafts: Sequence[Draft] = [_draft(item) for item in batch]
        for stage in stages:
            drafts = stage(drafts)
        yield from zip(batch, drafts, strict=True)


def _draft(item: Labelled) -> Draft:
    language = Language(tag=item.language, confidence=1.0, iso639_3="und", script="Zyyy")
    return Draft(article=_ARTICLE, title=item.title, text=item.text, language=language)
