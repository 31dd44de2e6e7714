"""Services as child processes: watched, started again, drained, and never left behind."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from services.cli.errors import CouldNot
from services.cli.processes import Process
from services.cli.service_table import Service
from services.cli.supervision import Supervision
from services.runtime.settings import KafkaSettings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and /proc")

KAFKA = KafkaSettings(bootstrap_servers="broker.example:9092")
DEADLINE_S = 30.0

# Serves health as a real service does, and says what it was started with.
WELL = """
import json, os, signal, threading
from services.runtime.health import HealthServer, Verdict
from services.runtime.metrics import new_metrics
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
metrics = new_metrics()
metrics.records.labels(outcome="enriched").inc(5)
fine = lambda: Verdict(True, {})
with HealthServer("127.0.0.1", int(os.environ["TOY_HEALTH_PORT"]), fine, fine, metrics.registry):
    print(json.dumps({"event": "started", "pid": os.getpid(), "kafka": os.environ["KAFKA_BOOTSTRAP_SERVERS"]}), flush=True)
    stop.wait()
    print(json.dumps({"event": "drained"}), flush=True)
"""
HOPELESS = """
import sys
print('{"event": "can_not_work", "level": "error", "reason": "no such model"}', file=sys.stderr)
sys.exit(%d)
"""
PARENT = """
import asyncio, pathlib, sys
from services.cli.processes import Process
from services.cli.service_table import Service
from services.runtime.settings import KafkaSettings
async def main():
    toy = Service("toy", "toy_service", "TOY_HEALTH_PORT")
    await Process(toy, KafkaSettings(bootstrap_servers="b:1"), pathlib.Path(sys.argv[1])).start()
    print("started", flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def toy(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> Service:
    """A service whose module is this code."""
    (folder / "toy_service.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return Service("toy", "toy_service", "TOY_HEALTH_PORT")


def events(process: Process) -> list[dict[str, object]]:
    return [json.loads(line) for line in process.last_lines(20)]


async def until(is_so: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not is_so():
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def supervised(service: Service, logs: Path) -> AsyncIterator[tuple[Supervision, list[Process], asyncio.Event]]:
    """A supervision that runs, the processes that it made, and the event that ends it."""
    made: list[Process] = []

    def new_process() -> Process:
        made.append(Process(service, KAFKA, logs))
        return made[-1]

    supervision, stop = Supervision(service, new_process), asyncio.Event()
    task = asyncio.create_task(supervision.run(stop))
    try:
        yield supervision, made, stop
        stop.set()
        await asyncio.wait_for(task, DEADLINE_S)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_service_is_told_the_broker_and_drains_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process(toy(tmp_path, WELL, monkeypatch), KAFKA, tmp_path / "logs")
    await process.start()
    await until(lambda: events(process))
    await process.stop()
    assert [event["event"] for event in events(process)] == ["started", "drained"]
    assert events(process)[0]["kafka"] == "broker.example:9092"
    assert process.log.read_text().count("drained") == 1


async def test_only_this_runs_lines_are_its_last_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = toy(tmp_path, HOPELESS % 1, monkeypatch)
    (tmp_path / "toy.log").write_text('{"event": "of an earlier run"}\n')
    process = Process(service, KAFKA, tmp_path)
    await process.start()
    await until(lambda: process.status is not None)
    assert (process.status, [event["event"] for event in events(process)]) == (1, ["can_not_work"])
    await process.stop()


async def test_a_log_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CouldNot, match=r"can't start toy, logging to .*: Not a directory"):
        await Process(Service("toy", "toy_service", "TOY_HEALTH_PORT"), KAFKA, tmp_path / "file" / "logs").start()


async def test_a_service_is_ready_with_its_numbers_and_stopped_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with supervised(toy(tmp_path, WELL, monkeypatch), tmp_path) as (supervision, _, _stop):
        await until(lambda: supervision.state.word == "ready")
        assert supervision.state.reading.outcomes == {"enriched": 5}
    assert supervision.state.word == "stopped"


async def test_a_service_that_dies_is_started_again_and_its_counts_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with supervised(toy(tmp_path, WELL, monkeypatch), tmp_path) as (supervision, made, _stop):
        await until(lambda: supervision.state.word == "ready")
        os.kill(int(str(events(made[0])[0]["pid"])), signal.SIGKILL)
        await until(lambda: supervision.state.restarts == 1 and supervision.state.word == "ready")
        assert supervision.state.reading.outcomes == {"enriched": 10}
        assert len(made) == 2


@pytest.mark.parametrize(("exit_code", "starts"), [(2, 1), (1, 3)], ids=["wrong-settings", "never-ready"])
async def test_a_service_that_cannot_work_ends_it_all_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exit_code: int, starts: int
) -> None:
    service = toy(tmp_path, HOPELESS % exit_code, monkeypatch)
    made: list[Process] = []

    def new_process() -> Process:
        made.append(Process(service, KAFKA, tmp_path))
        return made[-1]

    with pytest.raises(CouldNot, match=rf"toy ended with exit code {exit_code}: no such model \(log: "):
        await asyncio.wait_for(Supervision(service, new_process).run(asyncio.Event()), DEADLINE_S)
    assert len(made) == starts


async def test_no_service_outlives_a_parent_that_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy(tmp_path, WELL, monkeypatch)
    root = str(Path(__file__).parents[3])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, str(tmp_path)])}
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], env=environment, stdout=subprocess.PIPE)
    log = tmp_path / "toy.log"
    with parent:
        await until(lambda: log.exists() and "started" in log.read_text())
        pid = json.loads(log.read_text().splitlines()[0])["pid"]
        parent.kill()
    await until(lambda: is_gone(pid))


def is_gone(pid: int) -> bool:
    """Whether the process has ended; a zombie has, and who reaps an orphan is not our business."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True
