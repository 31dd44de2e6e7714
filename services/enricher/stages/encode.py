"""Runs the encoder once over title and text; entities, sentiment, topics and embedding read what it says."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.enricher.assets import Assets
from services.enricher.numbers import softmax
from services.enricher.session import open_session
from services.enricher.stage import Draft, Encoding, Floats, Model, Stage, Window
from services.enricher.windows import Span, Tokenize, windows

Outputs = Sequence[Floats]
"""Logits of entities [tokens, labels], prefixes [tokens, 4], stances [tokens, 3], sentiment [3], topics [17], and the
embedding [dim]: what OUTPUTS names."""

Encode = Callable[[npt.NDArray[np.int32]], Outputs]
"""What the model says about a window's token numbers, special tokens included."""

OUTPUTS = ("entities", "prefixes", "stances", "sentiment", "topics", "embedding")


@dataclass(frozen=True)
class EncodeStage:
    """Fills `encoding`. Every window runs alone, so what else is in the batch can't change its numbers."""

    tokenize: Tokenize
    encode: Encode
    executor: Executor
    model: Model
    window_tokens: int
    begin: int
    end: int
    name: str = "encode"

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """Encodes all windows of all drafts side by side."""
        spans = [list(self._windows(draft)) for draft in drafts]
        answers = self.executor.map(self._answer, [span for of_draft in spans for span in of_draft])
        encodings = [Encoding(tuple(next(answers) for _ in of_draft)) for of_draft in spans]
        return [draft.answered(self.name, encoding=encoding) for draft, encoding in zip(drafts, encodings, strict=True)]

    def _windows(self, draft: Draft) -> Iterator[Span]:
        yield from windows("title", draft.title or "", self.tokenize, self.window_tokens)
        yield from windows("text", draft.annotated_text, self.tokenize, self.window_tokens)

    def _answer(self, span: Span) -> Window:
        ids = np.concatenate([[self.begin], span.ids, [self.end]]).astype(np.int32)
        entities, prefixes, stances, sentiment, topics, embedding = self.encode(ids)
        answered = slice(span.first, span.end)
        return Window(
            field=span.field,
            offsets=span.offsets[answered],
            entities=softmax(entities[1:-1][answered]).astype(np.float32),
            prefixes=softmax(prefixes[1:-1][answered]).astype(np.float32),
            stances=stances[1:-1][answered],
            sentiment=sentiment,
            topics=topics,
            embedding=embedding,
        )


def encoding_of(draft: Draft) -> Encoding:
    """What the encoder said; raises ValueError when there is nothing, which fails the stage that asks for this article."""
    if draft.encoding is None or not draft.encoding.windows:
        raise ValueError("the article was not encoded")
    return draft.encoding


def load(assets: Assets) -> Stage:
    """The stage with the built-in encoder; as many threads as processors, each running whole windows."""
    from concurrent.futures import ThreadPoolExecutor

    from services.enricher.tokenizer import BEGIN, END, open_tokenizer

    tokenizer = open_tokenizer(assets.file("tokenizer").path)

    def tokenize(text: str) -> tuple[Sequence[int], Sequence[tuple[int, int]]]:
        encoded = tokenizer.encode(text, add_special_tokens=False)
        return encoded.ids, encoded.offsets

    asset = assets.file("encoder")
    return EncodeStage(
        tokenize=tokenize,
        encode=open_encoder(asset.path),
        executor=ThreadPoolExecutor(assets.threads, thread_name_prefix="encode"),
        model=asset.model,
        window_tokens=assets.settings["encode"]["window_tokens"],
        begin=BEGIN,
        end=END,
    )


def open_encoder(path: Path) -> Encode:
    """One session for all threads. A window on one thread is faster than one on several, and never differs."""
    session = open_session(path)

    def encode(ids: npt.NDArray[np.int32]) -> Outputs:
        return [output[0] for output in session.run(OUTPUTS, {"ids": ids[None, :]})]

    return encode
