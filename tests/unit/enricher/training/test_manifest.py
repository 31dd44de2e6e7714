"""The manifest is written by programs and read back as it was."""

from pathlib import Path

from services.enricher.training.manifest import NAME, read_manifest, update_manifest


def test_tables_come_back_as_they_were_written(tmp_path: Path) -> None:
    settings = {"entities": {"kept": 0.4, "prefixes": {"ar": {"letters": {"ب": -0.5}, "kinds": {"ب": (1.0, 2.5)}}}}}
    update_manifest(tmp_path, settings=settings, files={"encoder": {"file": 'a "b" \\ c', "size_bytes": 3}})
    manifest = read_manifest(tmp_path)
    assert manifest["settings"]["entities"]["prefixes"]["ar"] == {"letters": {"ب": -0.5}, "kinds": {"ب": [1.0, 2.5]}}
    assert manifest["files"]["encoder"] == {"file": 'a "b" \\ c', "size_bytes": 3}


def test_an_update_keeps_what_it_doesnt_name(tmp_path: Path) -> None:
    update_manifest(tmp_path, scores={"entities": {"en": 0.9}, "topics": {"en": 0.8}})
    update_manifest(tmp_path, scores={"topics": {"zh": 0.7}})
    assert read_manifest(tmp_path)["scores"] == {"entities": {"en": 0.9}, "topics": {"zh": 0.7}}


def test_equal_tables_give_equal_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        update_manifest(tmp_path / folder, scores={"entities": {"en": 0.1 + 0.2}})
    assert (tmp_path / "a" / NAME).read_bytes() == (tmp_path / "b" / NAME).read_bytes()
