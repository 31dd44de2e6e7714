"""The encoder runs once over title and text, window by window."""

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from services.enricher.stage import ANNOTATED_CODE_POINTS, Draft
from services.enricher.stages.encode import EncodeStage, Outputs, encoding_of
from tests.support.encodings import ARTICLE, MODEL


def by_letter(text: str) -> tuple[Sequence[int], Sequence[tuple[int, int]]]:
    """A token for every character but blanks, numbered by its code point."""
    found = [match.span() for match in re.finditer(r"\S", text)]
    return [ord(text[start]) for start, _ in found], found


def echo(ids: npt.NDArray[np.int32]) -> Outputs:
    """Answers that show what was asked: the token numbers, and how many there were."""
    entities = np.zeros((len(ids), 9), np.float32)
    entities[:, 3] = ids
    prefixes, stances = np.zeros((len(ids), 4), np.float32), np.zeros((len(ids), 3), np.float32)
    length = np.array([len(ids)], np.float32)
    return entities, prefixes, stances, length, length, ids.astype(np.float32)


def stage(window_tokens: int = 8) -> EncodeStage:
    return EncodeStage(by_letter, echo, ThreadPoolExecutor(2), MODEL, window_tokens, begin=0, end=2)


def article(text: str, title: str | None = None) -> Draft:
    return Draft(article=ARTICLE, title=title, text=text)


def test_title_comes_first_and_windows_are_whole_sentences() -> None:
    (draft,) = stage()([article("Aaa. Bbb.\nकगघ।", title="日本")])
    windows = encoding_of(draft).windows
    assert [window.field for window in windows] == ["title", "text", "text"]
    assert [len(window.offsets) for window in windows] == [2, 8, 4]
    assert draft.statuses["encode"] == "ok"


def test_the_model_reads_special_tokens_around_a_window() -> None:
    (draft,) = stage()([article("ab")])
    assert encoding_of(draft).windows[0].embedding.tolist() == [0, ord("a"), ord("b"), 2]


def test_special_tokens_have_no_labels() -> None:
    (draft,) = stage()([article("🎉é")])
    window = encoding_of(draft).windows[0]
    assert window.offsets.tolist() == [[0, 1], [1, 2]]
    assert window.entities.argmax(axis=1).tolist() == [3, 3]
    assert np.allclose(window.entities.sum(axis=1), 1) and np.allclose(window.prefixes.sum(axis=1), 1)
    assert len(window.stances) == 2


def test_a_long_sentence_keeps_only_what_each_window_answers_for() -> None:
    text = "ا" * 30
    (draft,) = stage(window_tokens=8)([article(text)])
    offsets = np.concatenate([window.offsets for window in encoding_of(draft).windows])
    assert offsets[:, 0].tolist() == list(range(30))


def test_answers_come_back_in_order_and_to_the_right_article() -> None:
    texts = [f"{'x' * length}." for length in range(1, 12)]
    drafts = stage()([article(text) for text in texts])
    assert [sum(len(w.offsets) for w in encoding_of(draft).windows) for draft in drafts] == [len(t) for t in texts]


@pytest.mark.parametrize("title", [None, "", " \n"])
def test_an_empty_title_has_no_window(title: str | None) -> None:
    (draft,) = stage()([article("ab", title=title)])
    assert [window.field for window in encoding_of(draft).windows] == ["text"]


def test_text_beyond_the_limit_is_not_read() -> None:
    text = "a " * ANNOTATED_CODE_POINTS
    (draft,) = stage(window_tokens=64)([article(text)])
    assert encoding_of(draft).windows[-1].offsets[-1][1] <= ANNOTATED_CODE_POINTS
    assert draft.statuses["encode"] == "truncated"


def test_whoever_reads_an_article_that_was_not_encoded_fails() -> None:
    with pytest.raises(ValueError, match="not encoded"):
        encoding_of(replace(article("ab"), encoding=None))
