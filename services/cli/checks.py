"""What `newsloom doctor` looks at: each check is a function to one finding, and CHECKS is the order."""

import asyncio
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from services.runtime.errors import IngestError

Level = Literal["ok", "warning", "fail"]

_MIN_FREE_BYTES, _GOOD_FREE_BYTES = 200_000_000, 2_000_000_000
# Two sockets a partition and some files: a small machine's 256 is not enough for 64 partitions, 1,024 is for 256.
_MIN_OPEN_FILES, _GOOD_OPEN_FILES = 256, 1_024

_MODULES = {
    "kafka": ("aiokafka", "prometheus_client", "pydantic_settings", "structlog"),
    "enricher": ("fasttext", "numpy", "onnxruntime", "regex", "tokenizers", "trafilatura"),
    "trends": ("faust", "numpy", "rensa", "rocksdict"),
    "local": ("jgo",),
    "export": ("pyarrow",),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what was found and, unless that is fine, what to do."""

    level: Level
    subject: str
    found: str
    advice: str = ""

    def __str__(self) -> str:
        advice = f": {self.advice}" if self.advice else ""
        return f"{self.level:<8} {self.subject}: {self.found}{advice}"


def python() -> Finding:
    """The interpreter; an older one than we need couldn't have come so far."""
    return Finding("ok", "Python", f"{platform.python_version()} at {sys.executable}")


def packages() -> Finding:
    """What the extras bring."""
    missing = [extra for extra, modules in _MODULES.items() if not all(map(importlib.util.find_spec, modules))]
    if not missing:
        return Finding("ok", "packages", f"extras {', '.join(_MODULES)}")
    return Finding("warning", "packages", f"without {', '.join(missing)}", f"pip install 'newsloom[{','.join(missing)}]'")


def broker() -> Finding:
    """Which broker, and whether it answers."""
    from services.cli.connection import BROKER_FOLDER
    from services.runtime.broker import VARIABLE, given_or_running
    from services.runtime.data_folder import data_folder
    from services.runtime.settings import KafkaSettings, read_settings

    kafka = read_settings(KafkaSettings)
    try:
        found = asyncio.run(given_or_running(kafka, data_folder() / BROKER_FOLDER))
    except IngestError as error:
        if kafka.bootstrap_servers is not None:
            return Finding("fail", "broker", str(error))
        return Finding("ok", "broker", f"none runs, {VARIABLE} is not set", "`newsloom up` starts a local one")
    return Finding("ok", "broker", found.why.removeprefix("broker: "))


def topics() -> Finding:
    """Whether the topics are there and take what we write; a limit below ours stops a partition at the first larger record."""
    from services.cli.connection import BROKER_FOLDER, connected_to
    from services.runtime.broker import given_or_running
    from services.runtime.data_folder import data_folder
    from services.runtime.settings import KafkaSettings, read_settings
    from services.runtime.topic_admin import TopicState, topic_states

    async def states() -> tuple[TopicState, ...] | None:
        kafka = read_settings(KafkaSettings)
        try:
            broker = await given_or_running(kafka, data_folder() / BROKER_FOLDER)
        except IngestError:
            return None
        async with connected_to(broker) as connection:
            return await topic_states(connection.admin)

    found = asyncio.run(states())
    if found is None:
        return Finding("ok", "topics", "no broker to ask")
    missing = [state.topic.name for state in found if not state.partitions]
    if missing:
        return Finding("warning", "topics", f"{', '.join(missing)} missing", "newsloom topics apply")
    differences = [f"{state.topic.name}: {each}" for state in found for each in state.differences]
    if differences:
        return Finding("warning", "topics", "; ".join(differences), "meant so? a smaller max.message.bytes stops partitions")
    return Finding("ok", "topics", f"{len(found)} as they should be")


def java() -> Finding:
    """The Java runtime for a local broker."""
    from services.runtime.local_kafka.errors import JavaMissing
    from services.runtime.local_kafka.java import find_java

    try:
        return Finding("ok", "Java", str(found := find_java()) + f" at {found.executable}")
    except JavaMissing as error:
        return Finding(_needed_locally(), "Java", str(error))


def jars() -> Finding:
    """Kafka's jars for a local broker."""
    from services.runtime.local_kafka.cache import cache_folder
    from services.runtime.local_kafka.jars import is_intact, kafka_version, locked_jars

    locked = locked_jars()
    folder = cache_folder() / f"kafka-{kafka_version(locked)}"
    intact = sum(is_intact(folder / jar.file_name, jar) for jar in locked)
    found = f"{intact} of {len(locked)} intact in {folder}"
    if intact == len(locked):
        return Finding("ok", "Kafka's jars", found)
    return Finding(
        "warning" if _needed_locally() == "fail" else "ok", "Kafka's jars", found, "the first local broker fetches them (45 MB)"
    )


def models() -> Finding:
    """The model files against their digests."""
    from services.enricher.assets import open_assets
    from services.enricher.settings import EnricherSettings
    from services.runtime.settings import read_settings

    settings = read_settings(EnricherSettings)
    assets = open_assets(settings.models_dir)
    assets.verify()
    total = sum(asset.size_bytes for asset in assets.files.values())
    return Finding("ok", "models", f"{len(assets.files)} files verified, {total / 1e6:.0f} MB in {settings.models_dir}")


def disk() -> Finding:
    """Free space where data, jars and temporary files go; the tightest of them counts."""
    from services.runtime.data_folder import data_folder
    from services.runtime.local_kafka.cache import cache_folder

    folders = [_existing(folder) for folder in (data_folder(), cache_folder(), Path(tempfile.gettempdir()))]
    for folder in folders:
        if not os.access(folder, os.W_OK):
            return Finding(
                "fail", "disk", f"{folder} can't be written", "set NEWSLOOM_DATA_DIR and NEWSLOOM_CACHE_DIR to folders of yours"
            )
    free, folder = min((shutil.disk_usage(folder).free, folder) for folder in folders)
    level: Level = "ok" if free >= _GOOD_FREE_BYTES else "warning" if free >= _MIN_FREE_BYTES else "fail"
    return Finding(
        level,
        "disk",
        f"{free / 1e9:.1f} GB free at {folder}",
        "" if level == "ok" else "free some space, or set NEWSLOOM_DATA_DIR",
    )


def open_files() -> Finding:
    """How many sockets and files a process may hold."""
    if sys.platform == "win32":
        return Finding("ok", "open files", "no limit to look at on this system")
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _GOOD_OPEN_FILES:
        return Finding("ok", "open files", f"limit {'none' if soft == resource.RLIM_INFINITY else soft}")
    return Finding(
        "warning" if soft >= _MIN_OPEN_FILES else "fail", "open files", f"limit {soft}", f"ulimit -n {_GOOD_OPEN_FILES * 4}"
    )


Check = Callable[[], Finding]

CHECKS: tuple[Check, ...] = (python, packages, broker, topics, java, jars, models, disk, open_files)


def run_check(check: Check) -> Finding:
    """The finding; what a check raises because something is missing is a finding too."""
    from services.cli.errors import ending_of, one_line

    subject = check.__name__.replace("_", " ")
    try:
        return check()
    except (IngestError, OSError, ModuleNotFoundError) as error:
        return Finding("fail", subject, one_line(ending_of(error).line))


def _needed_locally() -> Level:
    """A local broker's needs are none of ours when another broker is given."""
    return "ok" if os.environ.get("KAFKA_BOOTSTRAP_SERVERS") else "fail"


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.exists())
