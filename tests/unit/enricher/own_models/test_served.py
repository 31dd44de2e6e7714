"""A folder that a setting names answers in the place of the built-in model, as users run it."""

import json
from pathlib import Path

import pytest

from schemas.raw_article import RawArticle
from services.enricher.assets import open_assets
from services.enricher.errors import AssetMissing
from services.enricher.loading import load_pipeline
from services.enricher.own_models import LOADS
from services.enricher.settings import EnricherSettings
from services.enricher.stage import Draft
from services.runtime.settings import read_settings
from tests.support.command import newsloom
from tests.support.tiny_model import sure, tiny_model

pytestmark = pytest.mark.model

TEXT = "Zoë Müller eröffnete am Montag in Łódź die neue Brücke. Die Leute freuten sich über die Feier und sangen am Fluss."
ENTITIES = ("O", "B-PER", "I-PER", "B-LOC")
SENTIMENT = ("negative", "neutral", "positive")
TOPICS = ("11", "lifestyle and leisure")
# Nothing here reads the encoder; without it the test is light.
NO_ENCODER = frozenset({"encode", "embedding"})


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    names = {"Zoë": "B-PER", "Müller": "I-PER", "Łódź": "B-LOC"}
    happy, leisure = sure(SENTIMENT, "positive"), sure(TOPICS, TOPICS[1])
    return {
        "entities": tiny_model(
            tmp_path / "ner", ENTITIES, {word: sure(ENTITIES, label) for word, label in names.items()}, is_by_token=True
        ),
        "sentiment": tiny_model(tmp_path / "mood", SENTIMENT, {"freuten": happy}, is_by_token=False, default=happy),
        "topics": tiny_model(tmp_path / "iptc", TOPICS, {"Feier": leisure}, is_by_token=False, default=leisure),
    }


def test_every_replaceable_stage_has_its_setting(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for stage, folder in folders.items():
        monkeypatch.setenv(f"ENRICHER_{stage.upper()}_MODEL", str(folder))
    assert read_settings(EnricherSettings).own_models == folders
    assert set(LOADS) == set(folders)


def test_the_command_enriches_with_them(folders: dict[str, Path], tmp_path: Path) -> None:
    env = {f"ENRICHER_{stage.upper()}_MODEL": str(folder) for stage, folder in folders.items()}
    env["ENRICHER_DISABLED_STAGES"] = json.dumps(sorted(NO_ENCODER))
    ended = newsloom("enrich", "-", "--json", data=tmp_path, standard_input=TEXT.encode(), env=env)
    assert (ended.code, ended.err) == (0, "")
    record = json.loads(ended.out)
    assert [(each["type"], each["name"]) for each in record["entities"]] == [("PER", "Zoë Müller"), ("LOC", "Łódź")]
    assert record["sentiment"]["label"] == "positive"
    assert [each["qcode"] for each in record["topics"]] == ["medtop:10000000"]
    made_by = {stage: record["annotations"][stage] for stage in folders}
    assert {stage: (each["model"], each["status"]) for stage, each in made_by.items()} == {
        "entities": ("ner", "ok"),
        "sentiment": ("mood", "ok"),
        "topics": ("iptc", "ok"),
    }
    assert len({each["digest"] for each in made_by.values()}) == 3


def test_the_other_stages_stay_as_they_are(folders: dict[str, Path]) -> None:
    settings = EnricherSettings(entities_model=folders["entities"], disabled_stages=NO_ENCODER | {"topics"})
    pipeline = load_pipeline(settings)
    names = [stage.name for stage in pipeline.stages]
    assert names == ["text", "language", "fingerprint", "entities", "sentiment"]
    by_name = {stage.name: stage.model for stage in pipeline.stages}
    assert by_name["entities"].name == "ner"
    assert by_name["sentiment"] == open_assets().file("encoder").model
    (answer,) = pipeline([Draft(RawArticle(url="https://herald.example/1", text=TEXT))])
    assert isinstance(answer, Draft) and len(answer.entities) == 2


def test_a_wrong_folder_ends_the_command_with_one_line(tmp_path: Path) -> None:
    env = {"ENRICHER_TOPICS_MODEL": str(tmp_path / "nowhere"), "ENRICHER_DISABLED_STAGES": json.dumps(sorted(NO_ENCODER))}
    ended = newsloom("enrich", "-", data=tmp_path, standard_input=b"anything", env=env)
    assert (ended.code, ended.out) == (1, b"")
    (line,) = ended.err.splitlines()
    assert str(tmp_path / "nowhere") in line and "No such file" in line


def test_a_disabled_stage_needs_no_folder(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    disabled = NO_ENCODER | {"entities", "sentiment", "topics"}
    load_pipeline(EnricherSettings(entities_model=nowhere, disabled_stages=disabled))
    with pytest.raises(AssetMissing, match="nowhere"):
        load_pipeline(EnricherSettings(entities_model=nowhere, disabled_stages=disabled - {"entities"}))
