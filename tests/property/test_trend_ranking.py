"""The lazy ranking is the same as sorting everything."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from services.trends.bounds import is_in_range
from services.trends.counter import Counter
from services.trends.event_time import BUCKET_S
from services.trends.keys import TrendKey
from services.trends.ranking import Order, Ranking, Row, row_of
from tests.support.counting import counter_of

BUCKET = 1_883_472
NAMES = ["أذربيجان", "zürich", "बाकू", "東京", "🏆", "x"]
LANGUAGES = ["ar", "zh", "zh-Hant", "en"]
COUNTS = st.one_of(st.integers(0, 3), st.integers(0, 60))
AGES = st.one_of(st.integers(0, 6), st.integers(0, 110), st.integers(0, 700))


@dataclass(frozen=True)
class Update:
    """A key as it was at a moment, in buckets after the one before."""

    after: int
    key: TrendKey
    counts: tuple[tuple[int, int], ...]
    steady: int


@dataclass(frozen=True)
class Question:
    """What is asked, so many buckets after the last update."""

    after: int
    width: int
    language: str | None
    type: str | None
    order: Order
    limit: int
    watched: int


updates = st.builds(
    Update,
    st.sampled_from([0, 0, 0, 1, 5, 90]),
    st.builds(TrendKey, st.just("entity"), st.sampled_from(["PER", "LOC"]), st.sampled_from(NAMES), st.sampled_from(LANGUAGES)),
    st.lists(st.tuples(AGES, COUNTS), max_size=4).map(tuple),
    st.sampled_from([0, 0, 1, 7]),
)
questions = st.builds(
    Question,
    st.sampled_from([0, 0, 1, 3, 96, 300]),
    st.sampled_from([4, 96, 672]),
    st.sampled_from([None, "zh", "AR", "en", "*"]),
    st.sampled_from([None, "PER"]),
    st.sampled_from(["burst", "burst", "mentions"]),
    st.integers(1, 4),
    st.sampled_from([0, 1, 30, 500]),
)


@dataclass
class World:
    """Counters, and the ranking that hears of them."""

    bucket: int = BUCKET
    counters: dict[TrendKey, Counter] = field(default_factory=dict)
    ranking: Ranking = field(default_factory=lambda: Ranking(1_000))

    def hear(self, update: Update) -> None:
        self.bucket += update.after
        steady = [(self.bucket - ago, update.steady) for ago in range(700)] if update.steady else []
        counter = counter_of([*steady, *((self.bucket - ago, count) for ago, count in update.counts)])
        self.counters[update.key] = counter
        self.ranking.update(update.key, counter, self.bucket * BUCKET_S)

    def top(self, asked: Question) -> list[Row]:
        counters = {key.to_bytes(): counter for key, counter in self.counters.items()}
        return self.ranking.top(
            asked.width * BUCKET_S,
            self.now_s(asked),
            "entity",
            asked.type,
            asked.language,
            asked.limit,
            asked.order,
            read=counters.get,
            started_s=self.started_s(asked),
        )

    def every(self, asked: Question) -> list[Row]:
        """All rows, each from its counters."""
        names: dict[tuple[str, str], list[tuple[TrendKey, Counter]]] = {}
        for key, counter in self.counters.items():
            if asked.type in (None, key.type) and (asked.language is None or is_in_range(key.language, asked.language)):
                names.setdefault((key.type, key.name), []).append((key, counter))
        rows = (row_of(group, asked.width, self.now_s(asked), self.started_s(asked)) for group in names.values())
        return [row for row in rows if row is not None]

    def now_s(self, asked: Question) -> int:
        return (self.bucket + asked.after) * BUCKET_S

    def started_s(self, asked: Question) -> int:
        return (self.bucket - asked.watched) * BUCKET_S if asked.watched else 0


def values(rows: list[Row], order: Order) -> list[float]:
    return [row.burst.score if order == "burst" else row.total.mentions for row in rows]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.lists(updates, max_size=8), questions), max_size=4))
def test_the_lazy_ranking_is_the_same_as_sorting_everything(course: list[tuple[list[Update], Question]]) -> None:
    world = World()
    for heard, asked in course:
        for update in heard:
            world.hear(update)
        rows, every = world.top(asked), world.every(asked)
        assert values(rows, asked.order) == sorted(values(every, asked.order), reverse=True)[: asked.limit]
        truth = {(row.type, row.name): (row.total, row.burst, set(row.languages)) for row in every}
        assert [(row.total, row.burst, set(row.languages)) for row in rows] == [truth[row.type, row.name] for row in rows]
        assert world.top(asked) == rows
