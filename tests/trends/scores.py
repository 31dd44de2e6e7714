"""How well copies and bursts are found: precision and recall by script, against what was planted."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.trends.corpus import BURST_S, HOUR_S, Burst
from tests.trends.documents import Article
from tests.trends.recount import Recount, Window, normalised
from tests.trends.words import LANGUAGES, SCRIPTS

Similarity = Callable[[str, str], float]

THRESHOLD = 0.8
_ALL = "all"


@dataclass
class Score:
    """How many were found rightly, how many wrongly, and how many not."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """Of what was found, how much is right."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Of what there is, how much was found."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    def __str__(self) -> str:
        counts = f"{self.right} right, {self.wrong} wrong, {self.missed} missed"
        return f"precision {self.precision:.3f}, recall {self.recall:.3f} ({counts})"


Scores = Mapping[str, Score]


def score_copies(recount: Recount, originals: Mapping[str, str], similarity: Similarity) -> Scores:
    """Copies with a true similarity of at least 0.8, given what the service takes for the original of each.

    Right is a copy whose original is that similar. Missed is an article that the service takes for an original though another
    original of its group is that similar: one of the two came later, and should have been found. Articles that were revised,
    withdrawn or late are left out: nobody can say what they were compared with.
    """
    scores = _by_script()
    for copy, original in originals.items():
        if {copy, original} & recount.disturbed:
            continue
        first, second = recount.texts.get(copy), recount.texts.get(original)
        is_right = first is not None and second is not None and similarity(first.text, second.text) >= THRESHOLD
        for score in _of(scores, first or second):
            score.right += is_right
            score.wrong += not is_right
    for group in _groups(recount):
        left = [article for article in group if article.article_id not in originals]
        for score in _of(scores, group[0]):
            score.missed += _alike(left, similarity)
    return scores


def score_bursts(bursts: Sequence[Burst], rising: Collection[Window], since_s: int) -> Scores:
    """Names whose records say that they rise, against the planted ones; what rises more than an hour too late isn't found.

    Only what rises since then counts: to a service that has watched for some hours, much is new that isn't (see `unplanned`).
    """
    scores = _by_script()
    planted = {(burst.language, burst.named.type, normalised(burst.named.name)): burst for burst in bursts}
    found = defaultdict(list)
    for key, start_s in rising:
        if key.kind == "entity" and start_s >= since_s:
            found[(key.language, key.type, key.name)].append(start_s)
    for name in found.keys() | planted.keys():
        burst = planted.get(name)
        is_right = burst is not None and any(_is_in_time(burst, start_s) for start_s in found[name])
        for score in (scores[LANGUAGES[name[0]].name], scores[_ALL]):
            score.right += is_right
            score.wrong += bool(found[name]) and not is_right
            score.missed += burst is not None and not is_right
    return scores


def unplanned(bursts: Sequence[Burst], rising: Collection[Window]) -> Sequence[Window]:
    """Where entities, languages, countries and topics rise that were not made to, the first first."""
    planted = {(burst.language, normalised(burst.named.name)) for burst in bursts}
    return sorted((each for each in rising if (each[0].language, each[0].name) not in planted), key=lambda each: each[1])


def _is_in_time(burst: Burst, start_s: int) -> bool:
    return burst.start_s - HOUR_S <= start_s <= burst.start_s + BURST_S + HOUR_S


def _groups(recount: Recount) -> Iterator[Sequence[Article]]:
    """The undisturbed articles of each planted group."""
    groups = defaultdict(list)
    for which, counted in recount.live.items():
        if counted.article.cluster is not None and which not in recount.disturbed:
            groups[counted.article.cluster].append(counted.article)
    return iter(groups.values())


def _alike(originals: Sequence[Article], similarity: Similarity) -> int:
    """How many are similar to one before them that is an original rightly."""
    rightly: list[Article] = []
    for article in originals:
        if all(similarity(article.text, other.text) < THRESHOLD for other in rightly):
            rightly.append(article)
    return len(originals) - len(rightly)


def _by_script() -> dict[str, Score]:
    return {name: Score() for name in (*(script.name for script in SCRIPTS), _ALL)}


def _of(scores: Mapping[str, Score], article: Article | None) -> Iterable[Score]:
    script = LANGUAGES[article.language].name if article is not None else _ALL
    return [scores[script], scores[_ALL]] if script != _ALL else [scores[_ALL]]
