"""docker-compose.yml names only what exists, and runs nothing with more rights than it needs."""

import copy
import importlib
import importlib.util
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic_settings import BaseSettings
from typer.testing import CliRunner

from schemas.topics import TOPICS
from services.collector.settings import CollectorSettings
from services.enricher.settings import EnricherSettings
from services.gateway.settings import GatewaySettings
from services.runtime.local_kafka.jars import kafka_version, locked_jars
from services.runtime.local_kafka.properties import Node, Ports, server_properties
from services.runtime.settings import SECRETS_VARIABLE, KafkaSettings, LogSettings, read_settings
from services.trends.settings import TrendsSettings
from tests.support.compose import Service, broker_properties, container_port, read_compose, seconds, with_defaults
from tests.support.dockerfile import environment, last_of, parse_dockerfile, sources_and_target

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
COMPOSE = read_compose(ROOT / "docker-compose.yml")
SERVICES: dict[str, Service] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
LASTING = [name for name, service in SERVICES.items() if service["restart"] != "no"]
STAGES = parse_dockerfile((ROOT / "Dockerfile").read_text("utf-8"))
SETTINGS: dict[str, type[BaseSettings]] = {
    "KAFKA_": KafkaSettings,
    "LOG_": LogSettings,
    "ENRICHER_": EnricherSettings,
    "GATEWAY_": GatewaySettings,
    "COLLECTOR_": CollectorSettings,
    "TRENDS_": TrendsSettings,
}
SPEAKS_KAFKA = [name for name in OURS if "KAFKA_BOOTSTRAP_SERVERS" in SERVICES[name].get("environment", {})]

# Where a broker is, rather than how it works: in a container these differ from local Kafka's.
PLACE = {"listeners", "advertised.listeners", "inter.broker.listener.name", "log.dirs"}

# After the stop deadline: the batch that is in the models is read to its end, and the interpreter leaves.
STOP_MARGIN_S = 10.0


def compose_schema() -> dict[str, Any]:
    """The schema of the Compose Specification that check-jsonschema carries; its package isn't imported for it."""
    spec = importlib.util.find_spec("check_jsonschema")
    assert spec is not None and spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0], "builtin_schemas", "vendor", "compose-spec.json")
    schema: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return schema


def schema_errors(document: dict[str, Any]) -> list[str]:
    """What the schema says against a compose file."""
    validator = jsonschema.Draft202012Validator(compose_schema())
    return [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(document)]


def is_setting(variable: str) -> bool:
    """Whether some settings class, or the reading of all of them, reads this variable."""
    return variable == SECRETS_VARIABLE or any(
        variable.startswith(prefix) and variable.removeprefix(prefix).lower() in settings.model_fields
        for prefix, settings in SETTINGS.items()
    )


def variables_of(name: str) -> dict[str, str]:
    """What one of our services finds in its environment: the image's variables, then those of the compose file."""
    service = SERVICES[name]
    given = {key: with_defaults(str(value)) for key, value in service.get("environment", {}).items()}
    return {**environment(STAGES, service["build"]["target"]), **given}


def listeners(variable: str) -> dict[str, tuple[str, int]]:
    """The broker's listeners by name, each with host and port."""
    entries = re.findall(r"(\w+)://([^:,]*):(\d+)", with_defaults(SERVICES["kafka"]["environment"][variable]))
    return {name: (host, int(port)) for name, host, port in entries}


# The compose file


def test_compose_file_follows_the_compose_specification() -> None:
    assert schema_errors(COMPOSE) == []


@pytest.mark.parametrize("change", [{"cap_dropp": ["ALL"]}, {"read_only": 7}, {"depends_on": {"kafka": {"condition": "up"}}}])
def test_the_specification_refuses_what_is_misspelt(change: Service) -> None:
    document = copy.deepcopy(COMPOSE)
    document["services"]["enricher"].update(change)
    assert schema_errors(document)


@pytest.mark.parametrize("name", SERVICES)
def test_service_can_do_no_more_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "network_mode", "pid", "ipc", "userns_mode", "devices"} & set(service)
    assert service["user"].partition(":")[0] not in ("", "0", "root")


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_bounded(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"]) and service["pids_limit"] > 0
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])
    assert all(re.search(r":(.*,)?size=\d+m", mount) for mount in service["tmpfs"])
    assert "/tmp" in [mount.partition(":")[0] for mount in service["tmpfs"]]


@pytest.mark.parametrize("name", SERVICES)
def test_image_is_pinned(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].partition(":")
    assert re.fullmatch(r"\d+\.\d+\.\d+", tag)


@pytest.mark.parametrize("name", OURS)
def test_own_image_is_built_here_and_never_pulled(name: str) -> None:
    service = SERVICES[name]
    assert service["image"] == f"newsloom-{service['build']['target']}:{PROJECT['version']}"
    assert service["build"]["target"] in STAGES and (ROOT / service["build"]["context"] / "Dockerfile").is_file()
    assert service["pull_policy"] == "build"


@pytest.mark.parametrize("name", OURS)
def test_user_is_the_one_of_the_image(name: str) -> None:
    user = last_of(STAGES, SERVICES[name]["build"]["target"], "USER")
    assert user is not None and SERVICES[name]["user"] == user.argument


def test_broker_is_the_one_that_the_tests_run_on() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka_version(locked_jars())}"


@pytest.mark.parametrize("name", [name for name in SERVICES if "ports" in SERVICES[name]])
def test_ports_are_published_to_this_machine_only(name: str) -> None:
    assert {container_port(port)[0] for port in SERVICES[name]["ports"]} == {"127.0.0.1"}


@pytest.mark.parametrize("name", [name for name in OURS if "ports" in SERVICES[name]])
def test_published_port_is_exposed_by_the_image(name: str) -> None:
    exposed = last_of(STAGES, SERVICES[name]["build"]["target"], "EXPOSE")
    assert exposed is not None
    assert {str(container_port(port)[1]) for port in SERVICES[name]["ports"]} == set(exposed.words)


def test_published_broker_port_is_the_listener_for_this_machine() -> None:
    (published,) = SERVICES["kafka"]["ports"]
    assert container_port(published)[1] == listeners("KAFKA_LISTENERS")["HOST"][1]
    assert with_defaults(published).rpartition(":")[0] == "127.0.0.1:" + str(listeners("KAFKA_ADVERTISED_LISTENERS")["HOST"][1])


@pytest.mark.parametrize("name", SPEAKS_KAFKA)
def test_services_reach_the_broker_where_it_listens_for_them(name: str) -> None:
    host, port = listeners("KAFKA_ADVERTISED_LISTENERS")["INSIDE"]
    assert variables_of(name)["KAFKA_BOOTSTRAP_SERVERS"] == f"{host}:{port}"
    assert host in SERVICES and listeners("KAFKA_LISTENERS")["INSIDE"] == ("", port)
    assert f"{host}:{port}" in SERVICES["kafka"]["healthcheck"]["test"]


def test_controller_is_out_of_reach_for_other_containers() -> None:
    assert listeners("KAFKA_LISTENERS")["CONTROLLER"][0] == "localhost"


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(name: str) -> None:
    given = SERVICES[name].get("environment", {})
    built_in = [variable for variable in environment(STAGES, SERVICES[name]["build"]["target"]) if "_" in variable]
    assert [variable for variable in given if not is_setting(variable)] == []
    assert [variable for variable in built_in if variable.startswith(tuple(SETTINGS)) and not is_setting(variable)] == []


@pytest.mark.parametrize("name", OURS)
def test_settings_can_be_read_from_the_variables(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in variables_of(name).items():
        if is_setting(variable) and variable != SECRETS_VARIABLE:  # the folder is the container's
            monkeypatch.setenv(variable, value)
    read = {prefix: read_settings(settings) for prefix, settings in SETTINGS.items()}
    assert ("bootstrap_servers" in read["KAFKA_"].model_fields_set) is (name in SPEAKS_KAFKA)


def test_volumes_are_declared_and_used() -> None:
    mounts = [with_defaults(mount) for service in SERVICES.values() for mount in service.get("volumes", [])]
    named = {mount.partition(":")[0] for mount in mounts if not mount.startswith(".")}
    assert named == set(COMPOSE["volumes"])
    assert all(mount.endswith(":ro") for mount in mounts if mount.startswith(".")), "nothing of the host's is written"


@pytest.mark.parametrize("name", [name for name in OURS if "volumes" in SERVICES[name]])
def test_volume_is_mounted_on_a_folder_that_the_user_owns(name: str) -> None:
    target = SERVICES[name]["build"]["target"]
    user = last_of(STAGES, target, "USER")
    owned = [copy for copy in STAGES[target].all_of("COPY") if user and copy.flags.get("chown") == user.argument]
    mounted = {with_defaults(mount).split(":")[1] for mount in SERVICES[name]["volumes"] if not mount.startswith("$")}
    assert mounted <= {sources_and_target(copy)[1] for copy in owned}


def test_gateway_has_the_keys_that_are_made_and_the_collector_sends_its_own() -> None:
    made = SERVICES["keys"]["command"][0]
    assert f"--file {variables_of('gateway')['GATEWAY_KEYS_FILE']} " in made
    folder = variables_of("collector")[SECRETS_VARIABLE]
    assert f"new collector --file /keys/keys.toml > {folder}/collector_gateway_api_key" in made


def test_collector_finds_the_gateway() -> None:
    host, _, port = variables_of("collector")["COLLECTOR_GATEWAY_URL"].removeprefix("http://").partition(":")
    assert host in SERVICES and port == variables_of(host)["GATEWAY_PORT"]


def test_broker_keeps_its_records_on_the_volume() -> None:
    paths = {mount.split(":")[1] for mount in SERVICES["kafka"]["volumes"]}
    assert broker_properties(SERVICES["kafka"])["log.dirs"] in paths


def test_broker_behaves_like_the_one_of_the_tests() -> None:
    ours, tested = broker_properties(SERVICES["kafka"]), server_properties(Node(Ports(broker=9092, controller=9093)))
    shared = set(ours) & set(tested) - PLACE
    assert {name: ours[name] for name in shared} == {name: tested[name] for name in shared}
    assert {"message.max.bytes", "auto.create.topics.enable", "offsets.topic.replication.factor"} <= shared


def test_broker_may_load_the_native_code_that_it_unpacks() -> None:
    # Seen on Kafka 4.3.0 with a /tmp that is noexec, as a tmpfs is: zstd and snappy records are refused as UnknownError.
    (temporary,) = [mount for mount in SERVICES["kafka"]["tmpfs"] if mount.startswith("/tmp:")]
    assert "exec" in temporary.partition(":")[2].split(",")


def test_broker_takes_the_largest_record() -> None:
    properties = broker_properties(SERVICES["kafka"])
    assert int(properties["message.max.bytes"]) > max(topic.max_message_bytes for topic in TOPICS.values())


# Starting and stopping


def test_what_is_waited_for_can_come_true() -> None:
    waits = [(on, wait["condition"]) for service in SERVICES.values() for on, wait in service.get("depends_on", {}).items()]
    assert {on for on, condition in waits if condition == "service_healthy"} == {"kafka", "gateway"} <= set(SERVICES)
    assert {on for on, condition in waits if condition == "service_completed_successfully"} == set(SERVICES) - set(LASTING)


@pytest.mark.parametrize("name", [name for name in SPEAKS_KAFKA if name in LASTING])
def test_topics_are_there_before_a_service_starts(name: str) -> None:
    assert (
        SERVICES[name]["depends_on"].items()
        >= {
            "kafka": {"condition": "service_healthy"},
            "topics": {"condition": "service_completed_successfully"},
        }.items()
    )


@pytest.mark.parametrize("name", ["gateway", "collector"])
def test_keys_are_there_before_a_service_starts_that_reads_them(name: str) -> None:
    assert SERVICES[name]["depends_on"]["keys"] == {"condition": "service_completed_successfully"}


def test_topics_job_runs_a_command_that_exists() -> None:
    app = importlib.import_module("services.cli.app").app
    shown = CliRunner().invoke(app, [*SERVICES["topics"]["command"], "--help"])
    assert shown.exit_code == 0 and "newsloom topics apply" in shown.output


@pytest.mark.parametrize("name", LASTING)
def test_lasting_service_comes_back_and_says_how_it_is(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert "healthcheck" in service or last_of(STAGES, service["build"]["target"], "HEALTHCHECK")


@pytest.mark.parametrize("name", ["enricher", "gateway", "collector", "trends"])
def test_service_may_drain_before_it_is_killed(name: str) -> None:
    prefix = f"{name.upper()}_"
    deadline_s = SETTINGS[prefix].model_fields["stop_deadline_s"].default
    deadline_s = float(variables_of(name).get(f"{prefix}STOP_DEADLINE_S", deadline_s))
    assert seconds(SERVICES[name]["stop_grace_period"]) >= deadline_s + STOP_MARGIN_S


@pytest.mark.parametrize("name", ["enricher", "gateway", "collector", "trends"])
def test_health_check_asks_the_port_that_is_served(name: str) -> None:
    check = last_of(STAGES, name, "HEALTHCHECK")
    assert check is not None and check.argument.startswith("CMD exec python -m services.runtime.probe ")
    assert check.argument.endswith(f'"http://127.0.0.1:${name.upper()}_HEALTH_PORT/healthz"')
    port = variables_of(name)[f"{name.upper()}_HEALTH_PORT"]
    assert int(port) in [container_port(entry)[1] for entry in SERVICES[name]["ports"]]
