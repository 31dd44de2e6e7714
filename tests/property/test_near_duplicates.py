"""What holds for any text and any index: sketches tell the truth, the index is what a plain list would be, time is linear."""

import time
import unicodedata
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.trends.lsh import SEGMENT_S, BandIndex
from services.trends.lsh_rows import TAIL_ROWS
from services.trends.shingles import shingles
from services.trends.signature import BANDS, LEAST_WORDS, signature, similarity
from services.trends.units import units

anything = st.text(st.characters(codec=None, categories=None))
_WORDS = """Größe été год أمس ٢٠ خبر नदी शहर 水灾 トン ข่าว 한국 😀 , — ’"""
words = st.lists(st.sampled_from(_WORDS.split(" ")), max_size=80).map(" ".join)
hashes = st.frozensets(st.integers(0, 2**32 - 1), max_size=511)


@given(st.one_of(anything, words))
def test_shingles_of_any_text_are_distinct_and_sorted_and_fewer_than_its_units(text: str) -> None:
    found = shingles(text)
    assert (np.diff(found.astype(np.int64)) > 0).all()
    assert found.size <= units(text).hashes.size


@given(st.one_of(anything, words), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_the_form_of_unicode_makes_no_difference(text: str, form: str) -> None:
    assert np.array_equal(shingles(text), shingles(unicodedata.normalize(form, text)))  # type: ignore[arg-type]


@given(words, st.sampled_from([" ", "\n", " — ", "! ", "\u3000"]))
def test_signs_and_blanks_make_no_difference(text: str, between: str) -> None:
    assert np.array_equal(shingles(text), shingles(between.join(text.split(" "))))


@given(words)
def test_a_text_is_like_itself_and_shares_every_band(text: str) -> None:
    one, other = signature(text), signature(f"«{text}»")
    assert one == other
    assert one is None or similarity(one.sketch, one.sketch) == 1.0
    assert (one is not None) or shingles(text).size < LEAST_WORDS * 3


@given(hashes, hashes)
def test_similarity_of_short_texts_is_that_of_the_sets(one: frozenset[int], other: frozenset[int]) -> None:
    a, b = (np.array(sorted(each), dtype="<u4").tobytes() for each in (one, other))
    truth = len(one & other) / len(one | other) if one | other else 0.0
    assert similarity(a, b) == similarity(b, a) == pytest.approx(truth)


@dataclass
class PlainIndex:
    """The index as a dictionary."""

    capacity: int
    before_s: int = 0
    evicted: int = 0
    originals: dict[bytes, tuple[bytes, int, int]] = field(default_factory=dict)

    def add(self, article: bytes, bands: bytes, event_time_s: int, order: int) -> None:
        if event_time_s >= self.before_s:
            self.originals[article] = (bands, event_time_s, order)
        if len(self.originals) > self.capacity:
            oldest = min(self.originals, key=lambda each: (self.originals[each][1] // SEGMENT_S, self.originals[each][2]))
            del self.originals[oldest]
            self.evicted += 1

    def remove(self, article: bytes) -> None:
        self.originals.pop(article, None)

    def expire(self, before_s: int) -> None:
        self.before_s = max(self.before_s, before_s)
        self.originals = {article: kept for article, kept in self.originals.items() if kept[1] >= self.before_s}

    def candidates(self, bands: bytes) -> list[tuple[int, bytes]]:
        wanted = np.frombuffer(bands, dtype="<u4")
        shared = {article: int((np.frombuffer(kept[0], dtype="<u4") == wanted).sum()) for article, kept in self.originals.items()}
        found = sorted((-count, self.originals[article][2], article) for article, count in shared.items() if count)
        return sorted((order, article) for _, order, article in found[:100])


def some_bands(random: np.random.Generator) -> bytes:
    """Few hashes in each band, so that they are shared."""
    return random.integers(0, 60, BANDS, dtype=np.uint32).astype("<u4").tobytes()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32), st.integers(1, 400), st.sampled_from([3, 40, 100_000]), st.sampled_from([0.0, 0.2, 0.5]))
def test_the_index_is_what_a_dictionary_would_be(seed: int, steps: int, capacity: int, removals: float) -> None:
    random = np.random.default_rng(seed)
    compare(random, BandIndex(capacity), PlainIndex(capacity), steps, removals)


@pytest.mark.parametrize("removals", [0.0, 0.4, 0.55])
def test_so_it_is_when_runs_are_merged(removals: float) -> None:
    index = BandIndex(2_500)
    compare(np.random.default_rng(7), index, PlainIndex(2_500), 4 * TAIL_ROWS, removals)
    print(f"{removals:.0%} removals: {len(index)} originals left, {index.evicted} evicted, {index.nbytes:,} bytes")


def compare(random: np.random.Generator, index: BandIndex, plain: PlainIndex, steps: int, removals: float) -> None:
    now_s = 10 * SEGMENT_S
    articles: list[bytes] = []
    for order in range(steps):
        now_s += int(random.integers(0, SEGMENT_S // 400))
        if articles and random.random() < removals:
            article = articles[random.integers(len(articles))]
            index.remove(article)
            plain.remove(article)
            continue
        articles.append(random.bytes(16))
        event_time_s, bands = now_s - int(random.exponential(SEGMENT_S)), some_bands(random)
        index.add(articles[-1], bands, event_time_s, order)
        plain.add(articles[-1], bands, event_time_s, order)
        if random.random() < 0.02:
            index.expire(now_s - 3 * SEGMENT_S)
            plain.expire(now_s - 3 * SEGMENT_S)
        if random.random() < 0.1:
            wanted = some_bands(random)
            assert index.candidates(wanted) == plain.candidates(wanted)
        assert (len(index), index.evicted) == (len(plain.originals), plain.evicted)
    assert all(index.candidates(bands) == plain.candidates(bands) for bands, _, _ in list(plain.originals.values())[:200])


HOSTILE = {
    "letters": "a", "words": "a ", "ideographs": "漢", "thai": "ก่", "marks": "\u0301", "unsorted-marks": "\u0315\u0300",
    "half-width-marks": "\u0315\uff9e", "piles-of-marks": "Z" + "\u0315\u0300" * 20, "growing": "\ufdfa", "tatweel": "ـ",
    "zero-width": "\u200b", "signs": "!", "surrogates": "\ud800", "hangul": "\u1112\u1161\u11ab",
}  # fmt: skip


def cpu_seconds(text: str) -> float:
    """The least of three, so that a busy machine doesn't count."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        signature(text)
        spent.append(time.process_time() - start)
    return min(spent)


@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
def test_eight_times_the_text_takes_no_more_than_linear_time(unit: str) -> None:
    short = unit * (10_000 // len(unit))
    assert cpu_seconds(short * 8) / max(cpu_seconds(short), 0.002) < 8 * 3  # with the square it would be 64
