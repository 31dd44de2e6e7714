"""What can be measured, and which stages and files each needs."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from schemas.media_topics import MEDIA_TOPICS
from services.enricher.assets import Assets
from services.enricher.evaluation.files import Columns, code_and_text, tokens_and_tags
from services.enricher.evaluation.judging import judge_entities, judge_language, judge_sentiment, judge_topics
from services.enricher.evaluation.rows import Form, Row, read_entities, read_language, read_sentiment, read_topics
from services.enricher.evaluation.running import Steps, without_gate
from services.enricher.evaluation.survey import Parse
from services.enricher.evaluation.tally import Judgement
from services.enricher.numbers import LABELS
from services.enricher.pipeline import Pipeline
from services.enricher.spans import TYPES
from services.enricher.stage import Draft, Stage
from services.enricher.stages import encode, entities, language, sentiment, text, topics
from services.enricher.stages.topics import TopicsStage

Head = Callable[[Assets, Form], Stage]


class TaskName(StrEnum):
    """What can be measured."""

    ENTITIES = "entities"
    SENTIMENT = "sentiment"
    TOPICS = "topics"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to be measured."""

    name: TaskName
    parse: Parse
    judge: Callable[[Row, Draft, frozenset[str]], Judgement]
    head: Head | None = None
    """The stage that is measured, behind the encoder; None for the language stage, which comes before it."""
    columns: Columns | None = None
    classes: frozenset[str] | None = None
    """What the stage can answer; None where that is open."""
    keeps_offsets: bool = False


def _topics_head(assets: Assets, form: Form) -> Stage:
    """As served for any number of topics; every topic with its probability where one is right of those a file uses."""
    stage = topics.load(assets)
    return replace(stage, threshold=0.0) if form is Form.LABEL and isinstance(stage, TopicsStage) else stage


TASKS: Mapping[TaskName, Task] = MappingProxyType(
    {
        task.name: task
        for task in (
            Task(
                TaskName.ENTITIES,
                read_entities,
                judge_entities,
                head=lambda assets, _: entities.load(assets),
                columns=tokens_and_tags,
                classes=frozenset(TYPES),
                keeps_offsets=True,
            ),
            Task(
                TaskName.SENTIMENT,
                read_sentiment,
                judge_sentiment,
                head=lambda assets, _: sentiment.load(assets),
                classes=frozenset(LABELS),
            ),
            Task(TaskName.TOPICS, read_topics, judge_topics, head=_topics_head, classes=frozenset(MEDIA_TOPICS)),
            Task(TaskName.LANGUAGE, read_language, judge_language, columns=code_and_text),
        )
    }
)


def load_steps(
    task: Task, assets: Assets, forms: Collection[Form], languages: Collection[str], is_as_served: bool
) -> Mapping[Form, Steps]:
    """The stages for files of these forms and languages, loaded once; takes seconds.

    Raises:
        ConfigurationError: a model file is missing.
    """
    first = [] if task.keeps_offsets else [text.load(assets)]
    if task.head is None:
        steps = Steps(Pipeline(first), Pipeline([language.load(assets)]), says_language=False)
        return dict.fromkeys(forms, steps)
    shared = Pipeline([*first, encode.load(assets)])
    every_language = without_gate(assets, languages)
    detection = language.load(assets) if is_as_served else None

    def steps_for(form: Form, head: Head) -> Steps:
        served = Pipeline([detection, head(assets, form)]) if detection else None
        given = Pipeline([head(every_language, form)])
        return Steps(shared, given, served=served, keeps_offsets=task.keeps_offsets)

    return {form: steps_for(form, task.head) for form in sorted(forms)}
