"""Persons, organisations and places: names found by the encoder, settled by all their places in the article."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from schemas.enriched_article import Entity, Mention
from schemas.languages import base_language
from services.enricher.assets import Assets
from services.enricher.names import Spotted, grouped, name_of, spotted
from services.enricher.prefixes import Prefixes, Rarity
from services.enricher.readings import read
from services.enricher.salience import salience
from services.enricher.stage import Draft, Encoding, Model, Stage
from services.enricher.stages.encode import encoding_of
from services.enricher.vote import Thresholds, find_names

_NO_PREFIXES = Prefixes()


@dataclass(frozen=True)
class EntitiesStage:
    """Fills `entities`, most salient first."""

    model: Model
    languages: frozenset[str]
    thresholds: Thresholds
    prefixes: Mapping[str, Prefixes]
    """By language, for those that attach any."""
    name: str = "entities"

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """Reads `language` and `encoding`."""
        return [self._answer(draft) for draft in drafts]

    def _answer(self, draft: Draft) -> Draft:
        language = base_language(draft.language.tag) if draft.language else ""
        if language not in self.languages:
            return draft.answered(self.name, "unsupported_language")
        prefixes = self.prefixes.get(language, _NO_PREFIXES)
        names = spot(draft.title or "", draft.annotated_text, encoding_of(draft), prefixes, self.thresholds)
        return draft.answered(self.name, entities=salient(names, len(draft.annotated_text)))


def spot(title: str, text: str, encoding: Encoding, prefixes: Prefixes, thresholds: Thresholds) -> Sequence[Spotted]:
    """The names of an article in reading order, title first."""
    readings = [read("title", title, encoding), read("text", text, encoding)]
    return [spotted(readings, found) for found in find_names(readings, prefixes, thresholds)]


def salient(names: Sequence[Spotted], text_length: int) -> tuple[Entity, ...]:
    """The named things with their mentions, most salient first."""
    groups = grouped(names)
    most_mentions = max(map(len, groups), default=1)
    found = [
        Entity(
            type=group[0].type,
            name=name_of(group),
            mentions=tuple(map(_mention, group)),
            salience=round(salience(group, most_mentions, text_length), 4),
        )
        for group in groups
    ]
    return tuple(sorted(found, key=lambda entity: -entity.salience))


def _mention(name: Spotted) -> Mention:
    return Mention.model_validate(
        {
            "field": name.field,
            "start": name.start,
            "end": name.end,
            "surface": name.surface,
            "confidence": round(name.confidence, 4),
        }
    )


def load(assets: Assets) -> Stage:
    """The stage for the built-in encoder's labels."""
    settings = assets.settings["entities"]
    rarity = open_rarity(assets)
    return EntitiesStage(
        model=assets.file("encoder").model,
        languages=assets.supported("entities"),
        thresholds=Thresholds(**settings["thresholds"]),
        prefixes={language: Prefixes(rarity=rarity, **learned) for language, learned in settings["prefixes"].items()},
    )


def open_rarity(assets: Assets) -> Rarity:
    """How rare a word is by the tokenizer's vocabulary, whose pieces are numbered from the commonest to the rarest."""
    import math

    from services.enricher.tokenizer import open_tokenizer

    tokenizer = open_tokenizer(assets.file("tokenizer").path)

    @lru_cache(maxsize=50_000)
    def rarity(word: str) -> float:
        return math.fsum(math.log(piece + 1) for piece in tokenizer.encode(word, add_special_tokens=False).ids)

    return rarity
