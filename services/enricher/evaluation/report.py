"""The results as one JSON object: by file, by language (over all its files), and the mean of the languages (pure)."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.enricher.evaluation.measuring import FileResult
from services.enricher.evaluation.scores import Counts
from services.enricher.evaluation.tally import Tally, joined_tally
from services.enricher.evaluation.tasks import TaskName

Document = dict[str, Any]
ByLanguage = Mapping[str, Tally]

# What corpora agree on: MISC is marked in few of them, and means another thing in each.
CLASSIC = ("PER", "ORG", "LOC")

# What is averaged over languages, and how the mean is called.
_MEANS = {"f1": "macro", "macro_f1": "macro_f1", "f1_per_org_loc": "macro_per_org_loc"}


def document(task: TaskName, results: Sequence[FileResult]) -> Document:
    """{"files": {path: scores}, "languages": {code: scores}, "macro": …, "ece": …}; scores are 0–1, four decimals.

    "macro" is the mean of the languages, "ece" that of all answers together.
    """
    languages = _by_language(task, [result.given for result in results])
    report: Document = {
        "task": str(task),
        "files": {str(result.path): _file(task, result) for result in results},
        "languages": languages,
        **_means(languages),
        "ece": _rounded(joined_tally(tally for result in results for tally in result.given.values()).ece),
    }
    served = [result.served for result in results if result.served is not None]
    if served:
        as_served = _by_language(task, served, is_served=True)
        report["as_served"] = _means(as_served)
        report["languages"] = {language: {**languages[language], "as_served": as_served[language]} for language in languages}
    return report


def _file(task: TaskName, result: FileResult) -> Document:
    scores = _scores(task, joined_tally(result.given.values()))
    if len(result.given) == 1:
        scores["language"] = next(iter(result.given))
    if result.left_out:
        scores["left_out"] = dict(result.left_out)
    if result.served is not None:
        scores["as_served"] = _scores(task, joined_tally(result.served.values()), is_served=True)
    return scores


def _by_language(task: TaskName, tallies: Sequence[ByLanguage], is_served: bool = False) -> dict[str, Document]:
    languages = sorted({language for by_language in tallies for language in by_language})
    pooled = {language: joined_tally(each[language] for each in tallies if language in each) for language in languages}
    if task is TaskName.LANGUAGE:
        every = joined_tally(pooled.values())
        return {language: _of_language(every.counts[language], tally) for language, tally in pooled.items()}
    return {language: _scores(task, tally, is_served) for language, tally in pooled.items()}


def _of_language(counts: Counts, own: Tally) -> Document:
    """What was taken for a language, whatever it was; and its own texts."""
    return {**_counts(counts), "n": own.rows, "ece": _rounded(own.ece), **own.withheld}


def _scores(task: TaskName, tally: Tally, is_served: bool = False) -> Document:
    scores = {**_counts(tally.total()), "n": tally.rows, "macro_f1": _rounded(tally.macro_f1), "ece": _rounded(tally.ece)}
    if task is TaskName.ENTITIES:
        scores["f1_per_org_loc"] = _rounded(tally.total(CLASSIC).f1)
        if tally.reachable_of:
            scores["ceiling"] = _rounded(tally.reachable / tally.reachable_of)
    if is_served:
        scores["language_right"] = _rounded(tally.right_language / max(tally.rows, 1))
    kinds = "types" if task is TaskName.ENTITIES else "classes"
    return {**scores, **tally.withheld, kinds: {name: _of_class(tally.counts[name]) for name in tally.classes}}


def _of_class(counts: Counts) -> Document:
    return {**_counts(counts), "n": counts.gold}


def _counts(counts: Counts) -> Document:
    return {"f1": _rounded(counts.f1), "precision": _rounded(counts.precision), "recall": _rounded(counts.recall)}


def _means(languages: Mapping[str, Document]) -> Document:
    """The means over languages, each counting alike."""
    means = {}
    for name, mean in _MEANS.items():
        scores = [float(found[name]) for found in languages.values() if name in found]
        if scores:
            means[mean] = _rounded(sum(scores) / len(scores))
    return means


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 4)
