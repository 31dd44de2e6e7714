"""The made corpus is what it says it is."""

from collections import Counter, defaultdict
from itertools import combinations, islice

import pytest

from schemas.codec import decode_enriched
from services.runtime.partitioning import partition_of
from tests.trends.corpus import AFTERWARDS, SECOND, Corpus
from tests.trends.generation import entries
from tests.trends.recount import Recount
from tests.trends.similarity import true_similarity
from tests.trends.words import LANGUAGES, SCRIPTS

START_S = 1_790_000_000
SMALL = Corpus(seed=1, records=3_000, start_s=START_S, afterwards=200)


def test_a_seed_decides_every_byte() -> None:
    again = Corpus(seed=1, records=3_000, start_s=START_S, afterwards=200)
    other = Corpus(seed=2, records=3_000, start_s=START_S, afterwards=200)
    assert list(entries(SMALL)) == list(entries(again))
    assert [entry.value for entry in entries(SMALL)] != [entry.value for entry in entries(other)]


def test_a_large_corpus_begins_at_once() -> None:
    begun = list(islice(entries(Corpus(seed=1, records=100_000_000, start_s=START_S)), 100))
    assert len(begun) == 100


def test_every_article_keeps_to_the_contract_and_its_offsets_name_what_they_say() -> None:
    seen = Counter[str]()
    for entry in entries(SMALL):
        if entry.article is None:
            continue
        assert entry.value is not None
        article = decode_enriched(entry.value)
        assert article.article_id == entry.key.decode()
        for entity in article.entities:
            for mention in entity.mentions:
                assert article.text[mention.start : mention.end] == mention.surface
        seen[LANGUAGES[article.language.tag].name] += 1
    print(f"\n{seen.total()} articles: {dict(seen)}")
    assert set(seen) == {script.name for script in SCRIPTS}


def test_it_has_everything_that_makes_counting_hard() -> None:
    kinds = Counter((entry.kind, entry.is_aborted) for entry in entries(SMALL))
    datings = Counter(entry.article.dating for entry in entries(SMALL) if entry.article is not None)
    print(f"\n{dict(kinds)}, {dict(datings)}")
    committed = sum(count for (_, is_aborted), count in kinds.items() if not is_aborted)
    assert (committed, kinds.total() - committed) == (3_200, SMALL.aborted)
    assert min(kinds[kind, False] for kind in ("revision", "repeat", "withdrawal", "unreadable")) >= 20
    assert min(datings[dating] for dating in ("late", "beyond", "future", "day", "missing", "ancient")) >= 5
    assert any(entry.article is None and entry.stretch == AFTERWARDS for entry in entries(SMALL))


def test_fifty_thousand_have_a_thousand_aborted_records_and_a_hundred_and_twenty_bursts() -> None:
    large = Corpus(seed=1, records=50_000, start_s=START_S)
    assert (large.aborted, len(large.bursts)) == (1_000, 120)
    assert {burst.language for burst in large.bursts} == set(LANGUAGES)
    assert {burst.is_new for burst in large.bursts} == {True, False}


def test_whether_an_article_is_late_depends_on_no_order_of_partitions() -> None:
    recount = Recount()
    for offset, entry in enumerate(entries(SMALL)):
        if not entry.is_aborted and entry.stretch <= SECOND:
            recount.enter(entry, (partition_of(entry.key, 4), offset))  # asserts it
    assert recount.outcomes["late"] >= 10


@pytest.mark.parametrize("script", [script.name for script in SCRIPTS])
def test_copies_are_planted_on_both_sides_of_the_threshold(script: str) -> None:
    groups = defaultdict(list)
    for entry in entries(Corpus(seed=1, records=10_000, start_s=START_S)):
        article = entry.article
        if article is not None and article.cluster is not None and LANGUAGES[article.language].name == script:
            groups[article.cluster].append(article.text)
    found = [true_similarity(one, other) for texts in groups.values() for one, other in combinations(texts[:4], 2)]
    above = sum(each >= 0.8 for each in found)
    strangers = [true_similarity(one[0], other[0]) for one, other in combinations(list(groups.values())[:30], 2)]
    print(
        f"\n{script}: {len(groups)} groups, {above} of {len(found)} pairs at 0.8 or more, strangers at most {max(strangers):.2f}"
    )
    assert 0.2 <= above / len(found) <= 0.8
    assert max(strangers) < 0.3
