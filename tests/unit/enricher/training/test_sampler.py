"""Batches are drawn the same from the same seed and state, and hold what they promise."""

import copy
import itertools
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pytest

from services.enricher.training.annotated import UNKNOWN
from services.enricher.training.sampler import _SHARES, Pack, Sampler, Window, collate

# A text as the test gives it: its group, its tokens, its document or UNKNOWN.
Text = tuple[str, int, int]


def pack(texts: Sequence[Text]) -> Pack:
    """Texts whose tokens are numbered from 3 on, all through the pack."""
    groups = list(dict.fromkeys(group for group, _, _ in texts))
    lengths = np.array([length for _, length, _ in texts], np.int32)
    total = int(lengths.sum())
    arrays = {
        "groups": np.array(groups),
        "group": np.array([groups.index(group) for group, _, _ in texts], np.int32),
        "lengths": lengths,
        "document": np.array([document for _, _, document in texts], np.int32),
        "ids": np.arange(3, total + 3, dtype=np.uint32),
        "entities": (np.arange(total) % 9).astype(np.int8),
        "prefixes": (np.arange(total) % 4).astype(np.int8),
        "stances": (np.arange(total) % 3).astype(np.int8),
        "has_misc": np.arange(len(texts)) % 5 != 0,
        "sentiment": (np.arange(len(texts)) % 3).astype(np.int8),
        "is_news": np.arange(len(texts)) % 2 == 0,
        "stance": (np.arange(len(texts)) % 3).astype(np.int8),
        "topics": np.arange(len(texts), dtype=np.int32),
        "is_choice": np.arange(len(texts)) % 2 == 1,
        "meaning": np.arange(len(texts), dtype=np.int32),
    }
    return Pack(arrays, np.concatenate([[0], np.cumsum(lengths[:-1], dtype=np.int64)]))


def mixed() -> Pack:
    rng = random.Random(3)
    texts = [(f"names.{language}", rng.randint(2, 126), UNKNOWN) for language in ("ar", "de", "ja") for _ in range(300)]
    texts += [("own.he", rng.randint(5, 40), place // 4) for place in range(200)]
    texts += [("lines.hi", rng.randint(5, 40), 50 + place // 10) for place in range(200)]
    texts += [("topics.sib200", rng.randint(5, 60), UNKNOWN) for _ in range(300)]
    return pack([*texts, *[("sentiment.en.newsmtsc", rng.randint(5, 60), UNKNOWN) for _ in range(100)]])


MIXED = mixed()


def first(sampler: Sampler, count: int) -> list[Sequence[Window]]:
    return list(itertools.islice(sampler.batches(), count))


def rounds(sampler: Sampler, count: int) -> Iterator[Window]:
    """The windows of the first rounds."""
    for batch in sampler.batches():
        if sampler.state["round"] == count:
            return
        yield from batch


def batches_of_a_round(sampler: Sampler) -> int:
    for count, _ in enumerate(sampler.batches()):
        if sampler.state["round"] == 1:
            return count
    raise AssertionError


def texts_of(windows: Iterable[Window]) -> list[int]:
    return [text for window in windows for text in window.texts]


def test_the_same_seed_draws_the_same_and_another_others() -> None:
    assert first(Sampler(MIXED, 1, 1024), 150) == first(Sampler(MIXED, 1, 1024), 150)
    assert first(Sampler(MIXED, 1, 1024), 5) != first(Sampler(MIXED, 2, 1024), 5)


@pytest.mark.parametrize("taken", [1, 40, "all", "one of the next round"])
def test_a_state_goes_on_with_exactly_the_batches_that_would_have_come(taken: int | str) -> None:
    per_round = batches_of_a_round(Sampler(MIXED, 1, 1024))
    count = taken if isinstance(taken, int) else per_round + (taken != "all")
    sampler = Sampler(MIXED, 1, 1024)
    batches = sampler.batches()
    for _ in range(count):
        next(batches)
    resumed = Sampler(MIXED, 1, 1024, state=copy.deepcopy(sampler.state))
    following = list(itertools.islice(batches, per_round + 10))
    assert first(resumed, per_round + 10) == following
    assert resumed.state == sampler.state
    print(f"{per_round} batches a round; the same ones after {count}")


def test_each_text_comes_once_in_a_pass() -> None:
    sampler = Sampler(pack([("topics.own", 5, UNKNOWN)] * 400), 1, 1024)
    drawn = texts_of(rounds(sampler, 1))  # three passes
    assert Counter(drawn) == dict.fromkeys(range(400), 3)


def test_a_pass_goes_on_in_the_next_round() -> None:
    drawn = texts_of(rounds(Sampler(pack([("topics.own", 5, UNKNOWN)] * 1_600), 1, 1024), 2))
    assert set(drawn) == set(range(1_600))
    assert max(Counter(drawn).values()) == 2
    assert len(drawn) == 2_400


def test_passes_are_in_different_order() -> None:
    sampler = Sampler(pack([("topics.own", 5, UNKNOWN)] * 50), 1, 1024)
    orders = [tuple(sampler._next("topics.own") for _ in range(50)) for _ in range(4)]
    assert len(set(orders)) == 4
    assert all(sorted(order) == list(range(50)) for order in orders)


def test_texts_without_documents_are_joined_and_come_once_in_a_pass() -> None:
    windows = list(rounds(Sampler(pack([("names.de", 10, UNKNOWN)] * 20_000), 1, 1024), 1))
    drawn = texts_of(windows)
    assert len(set(drawn)) == len(drawn)
    assert 0.3 < sum(len(window.texts) > 1 for window in windows) / len(windows) < 0.4


def test_packs_of_different_sizes_dont_share_their_orders() -> None:
    for size in (10, 1_000, 30):
        assert set(texts_of(rounds(Sampler(pack([("topics.own", 5, UNKNOWN)] * size), 1, 1024), 1))) == set(range(size))


def test_windows_of_a_document_are_lines_that_follow_each_other() -> None:
    lengths, document = MIXED.arrays["lengths"], MIXED.arrays["document"]
    joined = [window for window in rounds(Sampler(MIXED, 1, 1024), 2) if len(window.texts) > 1]
    of_documents = [window for window in joined if document[window.texts[0]] != UNKNOWN]
    assert len(of_documents) > 50
    for window in of_documents:
        assert len({int(document[text]) for text in window.texts}) == 1
        assert list(window.texts) == list(range(window.texts[0], window.texts[-1] + 1))
    for window in joined:
        assert window.tokens == sum(int(lengths[text]) for text in window.texts) <= 180


@pytest.mark.parametrize("limit", [128, 1024, 2048])
def test_batches_keep_their_limit(limit: int) -> None:
    for batch in first(Sampler(MIXED, 1, limit), 150):
        longest = max(window.tokens for window in batch)
        assert len(batch) == 1 or (longest + 2) * len(batch) <= limit + 3 * len(batch)


def test_kinds_of_groups_have_their_shares() -> None:
    groups, group = MIXED.arrays["groups"], MIXED.arrays["group"]
    windows = list(rounds(Sampler(MIXED, 1, 1024), 10))
    drawn = Counter(str(groups[group[window.texts[0]]]).split(".")[0] for window in windows)
    assert set(drawn) == {"names", "own", "lines", "topics", "sentiment"}
    total = sum(_SHARES[kind][0] for kind in drawn)
    for kind, count in drawn.items():
        assert count / len(windows) == pytest.approx(_SHARES[kind][0] / total, abs=0.02)


def test_large_groups_are_drawn_less_than_their_size_says() -> None:
    texts: list[Text] = [("own.de", 5, UNKNOWN)] * 900 + [("own.ja", 5, UNKNOWN)] * 100
    windows = list(rounds(Sampler(pack(texts), 1, 1024), 5))
    share = sum(window.texts[0] < 900 for window in windows) / len(windows)
    assert share == pytest.approx(0.75, abs=0.03)  # 30 to 10


def test_a_batch_is_padded_and_labelled() -> None:
    small = pack([("names.de", 2, UNKNOWN), ("names.de", 3, UNKNOWN), ("topics.own", 2, UNKNOWN)])
    batch = collate(small, [Window((0, 1), 5), Window((2,), 2)])
    assert batch.ids.tolist() == [[0, 3, 4, 5, 6, 7, 2], [0, 8, 9, 2, 1, 1, 1]]
    assert batch.entities.tolist() == [[-1, 0, 1, 2, 3, 4, -1], [-1, 5, 6, -1, -1, -1, -1]]
    assert batch.prefixes.tolist() == [[-1, 0, 1, 2, 3, 0, -1], [-1, 1, 2, -1, -1, -1, -1]]
    assert batch.stances.tolist() == [[-1, 0, 1, 2, 0, 1, -1], [-1, 2, 0, -1, -1, -1, -1]]


def test_what_is_said_about_one_text_doesnt_hold_for_several() -> None:
    small = pack([("names.de", 2, UNKNOWN), ("names.de", 3, UNKNOWN), ("topics.own", 2, UNKNOWN)])
    batch = collate(small, [Window((1, 0), 5), Window((2,), 2)])
    assert [row.tolist() for row in (batch.sentiment, batch.stance, batch.meaning)] == [[-1, 2]] * 3
    assert batch.has_misc.tolist() == [False, True]  # one of the two texts leaves other names open
    assert (batch.is_news.tolist(), batch.is_choice.tolist(), batch.topics.tolist()) == ([False, True], [True, False], [1, 2])
