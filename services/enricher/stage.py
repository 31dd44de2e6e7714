"""The Stage protocol and the Draft that stages work on (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from schemas.enriched_article import Embedding, Entity, Language, Sentiment, Status, Topic
from schemas.raw_article import RawArticle

# Stages read this much of a text (Unicode code points, about 20,000 words); beyond it a status says "truncated".
ANNOTATED_CODE_POINTS = 100_000

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Model:
    """Who makes a stage's values: a model file with its digest, or a method with a version of its own."""

    name: str
    version: str
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """What the encoder says about one run of whole sentences of a field."""

    field: str
    """ "title" or "text"."""
    offsets: npt.NDArray[np.int32]
    """[tokens, 2]: code points into the field, without special tokens."""
    entities: Floats
    """[tokens, labels]: probabilities, see spans.LABELS."""
    prefixes: Floats
    """[tokens, 4]: probabilities of 0 to 3 letters of attached prefix before a name that begins with the token."""
    stances: Floats
    """[tokens, 3]: logits of a negative, neutral, positive stance towards what the token names."""
    sentiment: Floats
    """[3]: logits of negative, neutral, positive."""
    topics: Floats
    """[17]: logits, one per IPTC Media Topic."""
    embedding: Floats
    """[dim]: not normalised."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoder's outputs for one article, window by window, title first; dropped before the record is written."""

    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """An article part-way through enrichment; each stage fills in one field (the text stage title and text).

    A field with the name of a field of EnrichedArticle is published.
    """

    article: RawArticle
    title: str | None = None
    text: str = ""
    word_count: int = 0
    language: Language | None = None
    encoding: Encoding | None = None
    entities: tuple[Entity, ...] = ()
    sentiment: Sentiment | None = None
    topics: tuple[Topic, ...] = ()
    embedding: Embedding | None = None
    fingerprint: str | None = None
    statuses: Mapping[str, Status] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def annotated_text(self) -> str:
        """The beginning of the text that stages read."""
        return self.text[:ANNOTATED_CODE_POINTS]

    @property
    def is_truncated(self) -> bool:
        """Whether the text is longer than what stages read."""
        return len(self.text) > ANNOTATED_CODE_POINTS

    def answered(self, stage: str, status: Status = "ok", **values: Any) -> "Draft":
        """The draft with a stage's values and status; "ok" becomes "truncated" when the text is longer than was read."""
        if status == "ok" and self.is_truncated:
            status = "truncated"
        return replace(self, statuses=MappingProxyType({**self.statuses, stage: status}), **values)


class Stage(Protocol):
    """A pure, synchronous function from a batch of drafts to the same batch, in order.

    One article's result never depends on what else is in the batch. An article that can't be processed raises; the
    pipeline then runs the batch one by one, so that only that article fails.
    """

    @property
    def name(self) -> str:
        """Unique; the key of `annotations` in the record."""
        ...

    @property
    def model(self) -> Model:
        """Who makes the values."""
        ...

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """A batch in, the same batch out, in order."""
        ...
