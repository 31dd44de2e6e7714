"""The books tell a service that counts rightly from one that doesn't: tried on an imitation of it in memory."""

from dataclasses import replace

import pytest

from services.runtime.partitioning import partition_of
from tests.trends.books import Books, balanced
from tests.trends.corpus import Corpus
from tests.trends.generation import entries
from tests.trends.imitation import Imitation
from tests.trends.recount import Recount
from tests.trends.similarity import true_similarity

CORPUS = Corpus(seed=3, records=3_000, start_s=1_790_000_000)


def books_of(imitation: Imitation, *, aborted_too: bool = False) -> Books:
    """What the imitation comes to when it is given the corpus."""
    recount = Recount()
    for offset, entry in enumerate(entries(CORPUS)):
        place = (partition_of(entry.key, 4), offset)
        if not entry.is_aborted:
            recount.enter(entry, place)
        if not entry.is_aborted or aborted_too:
            imitation.take(entry, place)
    return balanced(recount, imitation.finish(), CORPUS, true_similarity)


def test_right_counts_balance() -> None:
    books = books_of(Imitation(true_similarity))
    print("\n" + "\n".join(books.lines))
    assert books.balance and books.finds
    assert sum(books.outcomes.values()) == CORPUS.records
    assert len(books.duplicates) == len(books.bursts) == 6


@pytest.mark.parametrize("ignored", ["withdrawals", "revisions", "lateness", "dates", "case", "dead_letters"])
def test_whatever_is_ignored_is_seen(ignored: str) -> None:
    books = books_of(Imitation(true_similarity, ignores=ignored))
    print(f"\nwithout {ignored}: {len(books.off)} numbers off, {len(books.undead)} dead letters missing")
    assert not books.balance


def test_records_of_aborted_transactions_are_seen_when_they_are_counted() -> None:
    books = books_of(Imitation(true_similarity), aborted_too=True)
    print(f"\naborted too: {len(books.off)} numbers off")
    assert not books.balance


def test_copies_that_are_not_found_cost_recall_and_wrong_ones_precision() -> None:
    blind = books_of(Imitation(true_similarity, ignores="copies"))
    rash = books_of(Imitation(lambda one, other: min(1.0, true_similarity(one, other) + 0.3)))
    print(f"\nblind: {blind.duplicates['all']}; rash: {rash.duplicates['all']}")
    assert blind.balance and blind.duplicates["all"].recall == 0.0
    assert rash.balance and rash.duplicates["all"].precision < 0.9
    assert not blind.finds and not rash.finds


def test_one_mention_too_many_is_seen() -> None:
    imitation, recount = Imitation(true_similarity), Recount()
    for offset, entry in enumerate(entries(CORPUS)):
        if not entry.is_aborted:
            recount.enter(entry, (0, offset))
            imitation.take(entry, (0, offset))
    heard = imitation.finish()
    window, said = next(iter(heard.windows.items()))
    heard.windows[window] = replace(said, originals=said.originals + 1)
    assert [off[:2] for off in balanced(recount, heard, CORPUS, true_similarity).off] == [(window, "originals")]
