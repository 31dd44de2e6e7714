"""Small and large edits of a text: what newsrooms do to agency copy."""

from collections.abc import Sequence
from random import Random


def edited(words: Sequence[str], vocabulary: Sequence[str], similarity: float, chance: Random) -> Sequence[str]:
    """The words with an edit that leaves about so much similarity (Jaccard, 0.5–1.0); how much exactly is for measuring."""
    return chance.choice((_block, _scattered, _cut, _added))(list(words), vocabulary, similarity, chance)


def _block(words: list[str], vocabulary: Sequence[str], similarity: float, chance: Random) -> list[str]:
    """Another paragraph: of n words m are replaced, n − m of n + m stay in common."""
    count = round(len(words) * (1 - similarity) / (1 + similarity))
    at = chance.randint(0, len(words) - count)
    return [*words[:at], *chance.choices(vocabulary, k=count), *words[at + count :]]


def _scattered(words: list[str], vocabulary: Sequence[str], similarity: float, chance: Random) -> list[str]:
    """Other words here and there; each spoils the shingles around it too, taken as three of them."""
    count = round(len(words) * (1 - similarity) / (1 + similarity) / 3)
    for at in chance.sample(range(len(words)), count):
        words[at] = chance.choice(vocabulary)
    return words


def _cut(words: list[str], _vocabulary: Sequence[str], similarity: float, _chance: Random) -> list[str]:
    """Without its end."""
    return words[: round(len(words) * similarity)]


def _added(words: list[str], vocabulary: Sequence[str], similarity: float, chance: Random) -> list[str]:
    """With an end of its own."""
    return [*words, *chance.choices(vocabulary, k=round(len(words) * (1 / similarity - 1)))]
