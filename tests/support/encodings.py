"""Encodings made by hand: what an encoder would say about a text, without one."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from schemas.enriched_article import Language
from schemas.raw_article import RawArticle
from services.enricher.spans import LABELS
from services.enricher.stage import Draft, Encoding, Floats, Model, Window

MODEL = Model("encoder", "1", "sha256:0")
ARTICLE = RawArticle(url="https://example.org/1", text="-")


def row(**labels: float) -> Floats:
    """Probabilities of labels ("B_PER" for B-PER); what is left over goes to O."""
    values = np.zeros(len(LABELS), np.float32)
    for label, probability in labels.items():
        values[LABELS.index(label.replace("_", "-"))] = probability
    values[0] += 1 - values.sum()
    return values


def window(
    text: str,
    names: Mapping[str, Sequence[Floats]] | None = None,
    *,
    field: str = "text",
    prefixes: Mapping[str, int] | None = None,
    stances: Mapping[str, Sequence[float]] | None = None,
    sentiment: Sequence[float] = (0.0, 0.0, 0.0),
    topics: Sequence[float] = (0.0,) * 17,
    embedding: Sequence[float] = (1.0, 0.0),
) -> Window:
    """A window over a whole text with a token for every word and mark: names gives the rows of their words in order,
    prefixes how many letters stand before the name in a word, stances the logits of a word's stance.
    """
    tokens = [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]
    rows = [row() for _ in tokens]
    for name, given in (names or {}).items():
        at = text.index(name)
        first = next(place for place, (start, end) in enumerate(tokens) if start <= at < end)
        rows[first : first + len(given)] = given
    words = [text[start:end] for start, end in tokens]
    return Window(
        field=field,
        offsets=np.array(tokens, np.int32).reshape(-1, 2),
        entities=np.array(rows, np.float32).reshape(-1, len(LABELS)),
        prefixes=np.eye(4, dtype=np.float32)[[(prefixes or {}).get(word, 0) for word in words]],
        stances=_floats([(stances or {}).get(word, (0.0, 0.0, 0.0)) for word in words]).reshape(-1, 3),
        sentiment=_floats(sentiment),
        topics=_floats(topics),
        embedding=_floats(embedding),
    )


def draft(text: str, *windows: Window, language: str = "en", title: str | None = None) -> Draft:
    """An article in a language after the encoder."""
    return Draft(
        article=ARTICLE,
        title=title,
        text=text,
        language=Language(tag=language, confidence=1.0, iso639_3="und", script="Zyyy"),
        encoding=Encoding(windows),
    )


def _floats(values: Sequence[float] | Sequence[Sequence[float]]) -> npt.NDArray[np.float32]:
    return np.array(values, np.float32)
