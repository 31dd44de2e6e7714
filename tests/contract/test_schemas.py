"""Every topic's contract: its published JSON Schema, its compatibility, its examples."""

import copy
import importlib
import inspect
import re
from pathlib import Path

import orjson
import pytest

from schemas.dead_letter import DeadLetter
from schemas.json_schema import EXAMPLES, FOLDER, breaks, path_of, render, schema_of
from schemas.topics import INTERNAL_TOPICS, NEWS_ENRICHED, NEWS_RAW, PUBLIC_TOPICS, TOPICS, InternalTopic, PublicTopic, Topic

EVERY_TOPIC = [pytest.param(topic, id=topic.name) for topic in PUBLIC_TOPICS.values()]
EVERY_EXAMPLE = sorted(EXAMPLES.glob("*/v*/*.json"))


@pytest.mark.parametrize("topic", EVERY_TOPIC)
def test_published_schema_is_the_models(topic: PublicTopic) -> None:
    assert path_of(topic).read_bytes() == render(topic), "run: python3 dev.py schemas"


@pytest.mark.parametrize("topic", EVERY_TOPIC)
def test_models_break_nobody_who_knows_the_published_schema(topic: PublicTopic) -> None:
    assert list(breaks(orjson.loads(path_of(topic).read_bytes()), schema_of(topic))) == []


def test_every_schema_file_belongs_to_a_topic() -> None:
    assert {path.parent.name for path in FOLDER.glob("*/v*.json")} == set(PUBLIC_TOPICS)


@pytest.mark.parametrize("topic", EVERY_TOPIC)
def test_every_topic_has_examples(topic: PublicTopic) -> None:
    assert list((EXAMPLES / topic.name / f"v{topic.version}").glob("*.json"))


@pytest.mark.parametrize("path", EVERY_EXAMPLE, ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_examples_still_validate(path: Path) -> None:
    topic = PUBLIC_TOPICS[path.parent.parent.name]
    topic.model.model_validate_json(path.read_bytes())


@pytest.mark.parametrize("topic", EVERY_TOPIC)
def test_every_field_says_what_it_is(topic: PublicTopic) -> None:
    schema = schema_of(topic)
    for name, part in {topic.name: schema, **schema.get("$defs", {})}.items():
        silent = [field for field, spec in part.get("properties", {}).items() if not spec.get("description")]
        assert silent == [], f"{name}: fields without a description"


def test_input_and_output_have_as_many_partitions() -> None:
    assert NEWS_RAW.partitions == NEWS_ENRICHED.partitions


@pytest.mark.parametrize("topic", [pytest.param(t, id=t.name) for t in TOPICS.values() if t.dead_letter_topic])
def test_dead_letter_topic_takes_more_and_keeps_longer(topic: Topic) -> None:
    dead_letters = PUBLIC_TOPICS[str(topic.dead_letter_topic)]
    assert dead_letters.max_message_bytes >= topic.max_message_bytes
    assert dead_letters.retention_ms > topic.retention_ms
    assert dead_letters.model is DeadLetter


@pytest.mark.parametrize("topic", [pytest.param(topic, id=topic.name) for topic in INTERNAL_TOPICS.values()])
def test_internal_topic_stays_within_the_service_that_describes_it(topic: InternalTopic) -> None:
    """What is no contract has no schema file, one writer and reader, and a module there that makes and reads the bytes."""
    assert topic.producers == topic.consumers and len(topic.producers) == 1
    assert topic.layout.startswith(f"services.{topic.producers[0]}.")
    source = inspect.getsource(importlib.import_module(topic.layout))
    assert re.search(r"def \w+\(.*\) -> bytes:", source), "something there becomes a message"
    assert re.search(r"def \w*from_bytes\(.*data: bytes", source), "and is read again"


def test_every_topic_is_public_or_internal() -> None:
    assert set(TOPICS) == {*PUBLIC_TOPICS, *INTERNAL_TOPICS} and not set(PUBLIC_TOPICS) & set(INTERNAL_TOPICS)


class TestBreaks:
    OLD = schema_of(NEWS_RAW)

    def test_a_new_optional_field_is_fine(self) -> None:
        new = copy.deepcopy(self.OLD)
        new["properties"]["readability"] = {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None}
        assert list(breaks(self.OLD, new)) == []

    @pytest.mark.parametrize("field", ["url", "title"])
    def test_a_removed_field_is_not(self, field: str) -> None:
        new = copy.deepcopy(self.OLD)
        del new["properties"][field]
        assert f"/{field}: removed" in list(breaks(self.OLD, new))

    def test_a_newly_required_field_is_not(self) -> None:
        new = copy.deepcopy(self.OLD)
        new["required"].append("title")
        assert list(breaks(self.OLD, new)) == ["/title: newly required"]

    def test_a_changed_type_in_a_part_is_not(self) -> None:
        new = copy.deepcopy(self.OLD)
        new["$defs"]["Source"]["properties"]["id"]["type"] = "integer"
        assert list(breaks(self.OLD, new)) == ["/$defs/Source/id: type changed"]
