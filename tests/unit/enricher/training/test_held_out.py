"""What was held out of training becomes files that can be measured, and nothing else does."""

from pathlib import Path

import pytest

from services.enricher.evaluation.measuring import prepare
from services.enricher.evaluation.tasks import TaskName
from services.enricher.training.corpora import read_lines
from services.enricher.training.held_out import for_calibration, write_held_out
from services.enricher.training.written import read_written
from tests.support.corpora import TRAINED, write_rows, write_stories, write_written

ITEMS = 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Corpora, our own items, seeds and, in out/, the files made of them."""
    folder = tmp_path_factory.mktemp("held_out")
    write_stories(folder / "corpora")
    write_written(folder / "written", ITEMS)
    entities = [
        {"field": "title", "start": 0, "end": 4, "type": "LOC"},
        {"field": "text", "start": 9, "end": 13, "type": "LOC"},
    ]
    gold = {"language": "ar", "entities": entities}
    articles = {"url": "a", "title": "باكو", "text": "هدوء في  باكو."}, {"url": "b", "html": "<p>x"}
    write_rows(folder / "seeds/articles.jsonl", *articles)
    write_rows(folder / "seeds/gold.jsonl", gold, gold)
    write_held_out(folder / "corpora", folder / "written", folder / "seeds", folder / "out")
    return folder


def test_every_kind_of_gold_has_a_file_for_each_language(folder: Path) -> None:
    stories = {"entities.ar", *(f"{task}.{language}" for task in ("sentiment", "topics") for language in ("ar", "en", "ja"))}
    tasks = ("entities", "sentiment", "topics")
    own = {f"{half}-{task}.{language}" for half in ("own", "calibration") for task in tasks for language in ("ar", "en")}
    assert {path.stem for path in (folder / "out").iterdir()} == stories | own | {"seeds-entities.ar"}


@pytest.mark.parametrize("task", [TaskName.ENTITIES, TaskName.SENTIMENT, TaskName.TOPICS])
def test_the_files_can_be_measured(folder: Path, task: TaskName) -> None:
    paths = sorted((folder / "out").glob(f"*{task}.*.jsonl"))
    evaluation = prepare(task, paths)
    assert [source.path for source in evaluation.sources] == paths
    assert all(survey.classes for survey in evaluation.surveys)
    print(f"{len(paths)} files of {task} read")


def test_names_stand_where_the_rows_say(folder: Path) -> None:
    for name, surfaces in (("entities.ar", ["باكو", "زيد", "باكو"]), ("seeds-entities.ar", ["باكو"])):
        rows = read_lines(folder / f"out/{name}.jsonl")
        found = [row["text"][entity["start"] : entity["end"]] for row in rows for entity in row["entities"]]
        assert found == surfaces


def test_stories_are_whole_for_topics_and_in_lines_for_the_rest(folder: Path) -> None:
    (story,) = read_lines(folder / "out/topics.ja.jsonl")
    assert story["text"] == "何も動かなかった。\n彼らは待った。"
    assert story["topics"] == ["medtop:16000000", "medtop:11000000"]
    lines = read_lines(folder / "out/sentiment.ja.jsonl")
    assert [line["label"] for line in lines] == ["negative"] * 3
    assert lines[1]["text"] == "何も動かなかった。"


def test_nothing_that_is_for_training_is_in_them(folder: Path) -> None:
    items = list(read_written(folder / "written"))
    trained = {line.text for item in items if not item.is_held_out for line in item.lines}
    held_out = {line.text for item in items if item.is_held_out for line in item.lines}
    for path in (folder / "out").iterdir():
        for row in read_lines(path):
            texts = {row["text"], *row["text"].split("\n"), row.get("title", "")}
            assert not (texts & trained) - held_out, path.name
            assert all(TRAINED not in text for text in texts), path.name


def test_what_calibration_uses_isnt_measured(folder: Path) -> None:
    items = [item for item in read_written(folder / "written") if item.is_held_out]
    calibrating = {item.lines[0].text for item in items if for_calibration(item.document)}
    measured = {item.lines[0].text for item in items if not for_calibration(item.document)}
    for language in ("ar", "en"):
        for name, titles in (("own", measured), ("calibration", calibrating)):
            rows = read_lines(folder / f"out/{name}-topics.{language}.jsonl")
            assert rows
            assert all(row["title"] in titles for row in rows)
    assert not calibrating & measured
