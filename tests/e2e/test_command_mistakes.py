"""Every foreseeable mistake is one clear line on standard error, an exit code, and never a traceback."""

import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.command import DEADLINE_S, environment, newsloom, said

UNREACHABLE = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
FULL = Path("/dev/full")


@pytest.mark.parametrize(
    ("arguments", "env", "code", "expected"),
    [
        (["enrich", "--colour"], {}, 2, "No such option: --colour"),
        (["enrish"], {}, 2, "No such command 'enrish'"),
        (["enrich", "missing.jsonl"], {}, 2, "missing.jsonl: No such file or directory"),
        (["publish", "missing.jsonl"], {}, 2, "missing.jsonl: No such file or directory"),
        (["publish", "."], {}, 2, ". is a folder"),
        (["demo", "--seeds", "missing"], {}, 2, "missing is no file"),
        (["publish", "-"], UNREACHABLE, 1, "no Kafka broker answers at 127.0.0.1:1"),
        (["tail", "news.raw"], UNREACHABLE, 1, "no Kafka broker answers at 127.0.0.1:1"),
        (["export", "news.raw"], UNREACHABLE, 1, "no Kafka broker answers at 127.0.0.1:1"),
        (["status"], UNREACHABLE, 1, "no Kafka broker answers at 127.0.0.1:1"),
        (["topics", "apply"], UNREACHABLE, 1, "no Kafka broker answers at 127.0.0.1:1"),
        (["up"], UNREACHABLE, 1, "no Kafka broker answers at 127.0.0.1:1"),
        (["status"], {}, 1, "no broker: set KAFKA_BOOTSTRAP_SERVERS to host:port"),
        (["status"], {"KAFKA_SECURITY_PROTOCOL": "TLS"}, 1, "wrong settings: KAFKA_SECURITY_PROTOCOL"),
        (["up"], {"NEWSLOOM_DATA_DIR": "/dev/null/data"}, 1, "the data folder /dev/null/data/kafka cannot be written"),
        (["enrich", "-"], {"ENRICHER_MODELS_DIR": "/no/models"}, 1, "can't read /no/models/manifest.toml"),
        (["enrich", "-"], {"ENRICHER_INFERENCE_THREADS": "many"}, 1, "wrong settings: ENRICHER_INFERENCE_THREADS"),
        (["models", "list", "--folder", "/no/models"], {}, 1, "can't read /no/models/manifest.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_one_line(
    arguments: Sequence[str], env: Mapping[str, str], code: int, expected: str, tmp_path: Path
) -> None:
    ended = newsloom(*arguments, data=tmp_path, env=env)
    (line,) = said(ended)
    assert line.startswith("newsloom: ") and expected in line
    assert ended.code == code
    assert ended.out == b""


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ended = newsloom("up", "--port", str(port), data=tmp_path)
    assert ended.code == 1
    assert ended.err.splitlines() == [f"newsloom: port {port} of 127.0.0.1 cannot be had: Address already in use"]


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
@pytest.mark.parametrize("arguments", [["schema", "show", "news.raw"], ["topics", "--help"], ["doctor"]], ids=" ".join)
def test_a_full_disk_is_one_line(arguments: Sequence[str], tmp_path: Path) -> None:
    command = f"exec {sys.executable} -m services.cli {' '.join(arguments)} > {FULL}"
    ended = shell(command, tmp_path)
    assert ended == (1, "newsloom: No space left on device; free some space\n")


def test_a_reader_that_is_gone_is_no_reason_for_words(tmp_path: Path) -> None:
    command = f"{sys.executable} -m services.cli schema show news.enriched | true; exit ${{PIPESTATUS[0]}}"
    assert shell(command, tmp_path) == (1, "")


def test_an_extra_that_is_missing_is_named(tmp_path: Path) -> None:
    """As in an environment with the base installation only: the module can't be found."""
    (tmp_path / "aiokafka.py").write_text("raise ModuleNotFoundError(\"No module named 'aiokafka'\", name='aiokafka')")
    ended = newsloom("topics", "list", data=tmp_path)
    assert ended.code == 1
    assert ended.err.splitlines() == [
        "newsloom: this needs the extra kafka (aiokafka is missing): run `pip install 'newsloom[kafka]'`"
    ]


def shell(command: str, folder: Path) -> tuple[int, str]:
    """Exit code and standard error of a shell command."""
    ended = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        cwd=folder,
        env=environment(folder),
        timeout=DEADLINE_S,
        stdin=subprocess.DEVNULL,
    )
    return ended.returncode, ended.stderr.decode()
