"""Measures a task on files: surveys them all, then takes their rows through the stages and adds up by file and language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from services.enricher.assets import Assets
from services.enricher.evaluation.judging import found_language
from services.enricher.evaluation.rows import Row
from services.enricher.evaluation.running import Steps, answers
from services.enricher.evaluation.survey import Source, Survey, counted, first_rows, survey
from services.enricher.evaluation.tally import Judgement, Tally
from services.enricher.evaluation.tasks import TASKS, Task, TaskName, load_steps
from services.enricher.stage import Draft


@dataclass(frozen=True, slots=True)
class FileResult:
    """What came out for a file, by language."""

    path: Path
    given: Mapping[str, Tally]
    """With the language that the file says."""
    served: Mapping[str, Tally] | None
    """With detection and the gate."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Annotated types that the model doesn't know, and how often."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A task, the files, and how they were read."""

    task: Task
    sources: Sequence[Source]
    surveys: Sequence[Survey]
    limit: int | None

    def run(self, assets: Assets, is_as_served: bool) -> list[FileResult]:
        """The results of the files in order; takes as long as enriching the texts does."""
        forms = {found.form for found in self.surveys}
        languages = {language for found in self.surveys for language in found.languages}
        steps = load_steps(self.task, assets, forms, languages, is_as_served)
        results = []
        for source, found in zip(self.sources, self.surveys, strict=True):
            results.append(self._measure(source, found, steps[found.form]))
        return results

    def _measure(self, source: Source, found: Survey, steps: Steps) -> FileResult:
        known = self.task.classes if self.task.classes is not None else frozenset(found.classes)
        classes, left_out = counted(found.classes, known)
        given: dict[str, Tally] = {}
        served: dict[str, Tally] = {}
        for row, in_own, as_served in answers(steps, first_rows(source, self.limit)):
            _tally(given, row).add(self.task.judge(row, in_own, classes), row.language)
            if as_served is not None:
                _tally(served, row).add(self._served(row, as_served, classes), row.language)
        return FileResult(source.path, given, served if steps.served else None, left_out)

    def _served(self, row: Row, draft: Draft, classes: frozenset[str]) -> Judgement:
        return replace(self.task.judge(row, draft, classes), language=found_language(draft.language))


def _tally(tallies: dict[str, Tally], row: Row) -> Tally:
    return tallies.setdefault(row.language, Tally())


def prepare(name: TaskName, paths: Sequence[Path], limit: int | None = None, language: str | None = None) -> Evaluation:
    """Reads the files from end to end, so that nothing is loaded for files with a mistake in them.

    language is that of files and rows that say none.

    Raises:
        BadAnnotation: a row can't be read.
        OSError: a file can't be read.
    """
    task = TASKS[name]
    sources = [Source(path, task.parse, task.columns, language) for path in paths]
    return Evaluation(task, sources, [survey(source) for source in sources], limit)
