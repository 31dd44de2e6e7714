"""The true similarity of two texts: Jaccard over the very shingles that the service makes, all of them."""

from functools import lru_cache

from services.trends.shingles import shingles


def true_similarity(one: str, other: str) -> float:
    """Shingles that both texts have, of those that either has; 0 when neither has any."""
    a, b = _shingles(one), _shingles(other)
    return len(a & b) / len(a | b) if a or b else 0.0


@lru_cache(maxsize=2_000)
def _shingles(text: str) -> frozenset[int]:
    return frozenset(shingles(text).tolist())
