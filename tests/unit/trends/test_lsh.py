"""The index of band hashes: what it finds, forgets and weighs."""

from collections.abc import Iterator

import numpy as np
import pytest

from services.trends.lsh import MOST_CANDIDATES, SEGMENT_S, BandIndex
from services.trends.lsh_rows import RUN_ROWS, TAIL_ROWS
from services.trends.signature import BANDS

START_S = 1_700_006_400 // SEGMENT_S * SEGMENT_S


def bands_of(*hashes: int) -> bytes:
    return np.array((*hashes, *range(9_000_000, 9_000_000 + BANDS - len(hashes))), dtype="<u4").tobytes()


def originals(count: int, seed: int = 1) -> Iterator[tuple[bytes, bytes]]:
    random = np.random.default_rng(seed)
    for _ in range(count):
        yield random.bytes(16), random.bytes(BANDS * 4)


def filled(count: int, every_s: int = 0, capacity: int = 1_000_000) -> tuple[BandIndex, list[tuple[bytes, bytes]]]:
    index, articles = BandIndex(capacity), list(originals(count))
    for order, (article, bands) in enumerate(articles):
        index.add(article, bands, START_S + order * every_s, order)
    return index, articles


def test_candidates_share_a_band_and_come_earliest_first() -> None:
    index = BandIndex(10)
    index.add(b"b" * 16, bands_of(1, 2), START_S, 7)
    index.add(b"a" * 16, bytes(4) + bands_of(1, 2)[4:], START_S + SEGMENT_S, 5)
    index.add(b"c" * 16, bytes(range(100, 100 + BANDS * 4)), START_S, 1)
    assert index.candidates(bands_of(1, 2)) == [(5, b"a" * 16), (7, b"b" * 16)]


def test_a_hash_counts_in_its_own_band_only() -> None:
    index = BandIndex(10)
    index.add(b"a" * 16, np.arange(BANDS, dtype="<u4").tobytes(), START_S, 1)
    assert index.candidates(np.roll(np.arange(BANDS, dtype="<u4"), 1).tobytes()) == []


@pytest.mark.parametrize("article", [bytes(16), bytes(range(16)), b"\xff" * 16, b"abc" + bytes(13)])
def test_ids_come_back_whole(article: bytes) -> None:
    index, _ = filled(TAIL_ROWS - 1)
    index.add(article, bands_of(), START_S, 1_000_000)
    assert (1_000_000, article) in index.candidates(bands_of())
    index.remove(article)
    assert index.candidates(bands_of()) == []


@pytest.mark.parametrize("count", [1, TAIL_ROWS - 1, TAIL_ROWS, TAIL_ROWS + 1, 5 * TAIL_ROWS + 7])
def test_each_is_found_in_runs_and_tail(count: int) -> None:
    index, articles = filled(count, every_s=20)
    assert len(index) == count
    assert all((order, article) in index.candidates(bands) for order, (article, bands) in enumerate(articles))


def test_more_than_a_run_holds_in_one_segment() -> None:
    count = RUN_ROWS + 3 * TAIL_ROWS
    index, articles = filled(count)
    looked_for = range(0, count, 997)
    assert all((order, articles[order][0]) in index.candidates(articles[order][1]) for order in looked_for)
    print(f"{count} originals in one segment: {index.nbytes / count:.1f} bytes each")


def test_what_is_removed_is_found_no_more_and_can_come_again() -> None:
    index, articles = filled(3 * TAIL_ROWS, every_s=30)
    for article, _ in articles[::2]:
        index.remove(article)
    index.remove(b"unknown" + bytes(9))
    assert len(index) == len(articles) // 2
    assert not any(index.candidates(bands) for _, bands in articles[::2])
    assert all(index.candidates(bands) for _, bands in articles[1::2])
    article, bands = articles[0]
    index.add(article, bands, START_S, 99_999)
    assert index.candidates(bands) == [(99_999, article)]


def test_removing_gives_memory_back() -> None:
    index, articles = filled(20 * TAIL_ROWS)
    before = index.nbytes
    for article, _ in articles[: 15 * TAIL_ROWS]:
        index.remove(article)
    assert index.nbytes < 0.6 * before
    assert all(index.candidates(bands) for _, bands in articles[15 * TAIL_ROWS :: 50])
    for article, _ in articles:
        index.remove(article)
    assert len(index) == index.nbytes == 0


def test_one_article_revised_for_ever_needs_no_memory() -> None:
    index, revisions = BandIndex(10), list(originals(4 * TAIL_ROWS))
    for order, (_, bands) in enumerate(revisions):
        index.remove(b"r" * 16)
        index.add(b"r" * 16, bands, START_S, order)
    assert len(index) == 1
    assert index.nbytes <= 2 * filled(1)[0].nbytes
    assert index.candidates(revisions[-1][1]) == [(len(revisions) - 1, b"r" * 16)]


def test_expiry_is_exact_and_drops_whole_segments() -> None:
    index, articles = filled(3_000, every_s=60)
    memory = index.nbytes
    index.expire(START_S + 2_000 * 60)
    assert len(index) == 1_000
    assert not any(index.candidates(bands) for _, bands in articles[:2_000])
    assert all(index.candidates(bands) for _, bands in articles[2_000:])
    assert index.nbytes < memory / 2
    index.expire(START_S)
    assert len(index) == 1_000


def test_what_is_over_is_not_taken_in() -> None:
    index = BandIndex(10)
    index.expire(START_S)
    index.add(b"o" * 16, bands_of(), START_S - 1, 1)
    assert len(index) == 0
    index.add(b"o" * 16, bands_of(), START_S, 1)
    assert len(index) == 1


def test_beyond_the_capacity_the_earliest_seen_of_the_oldest_hours_goes() -> None:
    index, articles = filled(100, every_s=SEGMENT_S // 50, capacity=100)
    late, bands = next(originals(1, seed=2))
    index.add(late, bands, START_S, 50)
    assert (len(index), index.evicted) == (100, 1)
    assert index.candidates(articles[0][1]) == []
    assert index.candidates(bands) == [(50, late)]


@pytest.mark.parametrize("backwards", [False, True])
def test_who_goes_does_not_depend_on_the_order_of_coming_in(backwards: bool) -> None:
    index, articles = BandIndex(3_000), list(enumerate(originals(3_000)))
    for order, (article, bands) in reversed(articles) if backwards else articles:
        index.add(article, bands, START_S + order * 20, order)
    for order, (article, bands) in enumerate(originals(500, seed=2), start=3_000):
        index.add(article, bands, START_S + order * 20, order)
    assert (len(index), index.evicted) == (3_000, 500)
    assert [order for order, (_, bands) in articles if index.candidates(bands)] == list(range(500, 3_000))


def test_of_too_many_candidates_the_most_alike_stay() -> None:
    index = BandIndex(1_000)
    for number in range(300):
        index.add(number.to_bytes(16, "big"), bands_of()[:4] + bands_of(*range(number, number + BANDS))[4:], START_S, number)
    index.add(b"alike" + bytes(11), bands_of(), START_S, 300)
    found = index.candidates(bands_of())
    assert len(found) == MOST_CANDIDATES
    assert found == [
        *((number, number.to_bytes(16, "big")) for number in range(MOST_CANDIDATES - 1)),
        (300, b"alike" + bytes(11)),
    ]


def test_memory_is_at_most_150_bytes_an_original() -> None:
    index, _ = filled(60_000, every_s=1)
    print(f"{index.nbytes / len(index):.1f} bytes an original")
    assert index.nbytes / len(index) < 150
