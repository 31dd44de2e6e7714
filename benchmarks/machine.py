"""Says what a benchmark ran on, so that its numbers mean something later."""

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LIBRARIES = ("aiokafka", "faust-streaming", "pydantic", "pydantic-core", "orjson", "onnxruntime", "tokenizers", "cramjam")
_CPUINFO = Path("/proc/cpuinfo")


def print_machine() -> None:
    """Prints processor, Python, libraries and how busy the machine is before the run begins."""
    print(f"machine    {_cores()} cores, {_cpu_model()}, {platform.system()} {platform.release()}, load {_load()}")
    print(f"python     {platform.python_implementation()} {platform.python_version()}")
    print(f"libraries  {', '.join(_versions())}", flush=True)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu_model() -> str:
    try:
        lines = _CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _load() -> str:
    """Load averages over 1, 5 and 15 minutes: above zero before the run, somebody else uses the machine."""
    return " ".join(f"{load:.2f}" for load in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"


def _versions() -> Iterator[str]:
    for name in _LIBRARIES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            yield f"{name} (not installed)"
