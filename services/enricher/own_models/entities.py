"""Persons, organisations, places and other names, from a token classifier of the user's."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from services.enricher.assets import Assets
from services.enricher.names import Spotted
from services.enricher.numbers import softmax
from services.enricher.own_models.folder import read_folder
from services.enricher.own_models.reader import Reader, Reading, answered, open_reader
from services.enricher.own_models.tags import Edge, Tag, read_tags, spans
from services.enricher.readings import comparable
from services.enricher.scripts import script_of
from services.enricher.spans import words_of
from services.enricher.stage import Draft, Model, Stage
from services.enricher.stages.entities import salient

# Where words touch each other anyway.
_WITHOUT_BLANKS = frozenset(("Hani", "Hira", "Kana", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"))


@dataclass(frozen=True)
class OwnEntitiesStage:
    """Fills `entities`, most salient first. Edges are the model's own: attached prefixes stay where it puts them."""

    model: Model
    languages: frozenset[str] | None
    tags: Sequence[Tag]
    reader: Reader
    name: str = "entities"

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """Reads `language`."""
        return answered(self.name, self.languages, self.reader, drafts, self._answer)

    def _answer(self, draft: Draft, readings: Sequence[Reading]) -> Draft:
        names = [
            name
            for field, text in (("title", draft.title or ""), ("text", draft.annotated_text))
            for name in spot(field, text, [reading for reading in readings if reading.field == field], self.tags)
        ]
        return draft.answered(self.name, entities=salient(names, len(draft.annotated_text)))


def spot(field: str, text: str, readings: Sequence[Reading], tags: Sequence[Tag]) -> Iterator[Spotted]:
    """The names of a field in reading order. A word has the label of its first piece; no name goes on in the next line."""
    tokens = [(int(start), int(end)) for reading in readings for start, end in reading.offsets]
    words = list(words_of(text, tokens))
    if not words:
        return
    logits = np.concatenate([reading.logits for reading in readings])
    labels = softmax(logits[[token for _, _, token in words]])
    inside = [_edge(text, before[1], word[0]) for before, word in pairwise(words)]
    for first, end, kind, confidence in spans([Edge.END, *inside], labels, tags):
        edges = words[first][0], words[end - 1][1]
        surface = text[slice(*edges)]
        if any(map(str.isalnum, surface)):
            forms = tuple(comparable(text[word[0] : word[1]]) for word in words[first:end])
            name = " ".join(unicodedata.normalize("NFKC", surface).split())
            yield Spotted(field, *edges, surface, name, forms, kind, confidence)


def _edge(text: str, before: int, start: int) -> Edge:
    """Between words that end and start there. "al-Assad" was one word to most corpora: models know only its first piece."""
    if before == start and script_of(text[start]) not in _WITHOUT_BLANKS:
        return Edge.INNER
    return Edge.END if "\n" in text[before:start] else Edge.OPEN


def load(folder: Path, assets: Assets) -> Stage:
    """The stage with the folder's model.

    Raises:
        AssetMissing: a file isn't there.
        AssetCorrupt: a file isn't as it should be, or a label means nothing here.
    """
    read = read_folder(folder)
    tags = read_tags(read)
    return OwnEntitiesStage(read.model, read.languages, tags, open_reader(read, assets.threads, by_token=True))
