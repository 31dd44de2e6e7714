"""A real Apache Kafka for a first run, a test or a day's work, started and stopped by us."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from services.runtime.local_kafka.cache import cache_folder
from services.runtime.local_kafka.errors import LocalKafkaError
from services.runtime.local_kafka.folder import DataFolder, open_folder
from services.runtime.local_kafka.jars import Jar, ensure_jars, kafka_version, locked_jars
from services.runtime.local_kafka.java import Java, find_java
from services.runtime.local_kafka.jgo_fetch import fetch_jar
from services.runtime.local_kafka.progress import DownloadProgress
from services.runtime.local_kafka.server import Abandoned, Broker, Plan, start_broker


class LocalKafka:
    """One node of Apache Kafka on 127.0.0.1, as a context manager, asynchronous or not.

    It ends when the context does, and also when this process dies in any way. Nothing here is tied to an event loop.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        port: int | None = None,
        heap_mib: int = 512,
        properties: Mapping[str, str] | None = None,
        is_quick: bool = True,
        start_deadline_s: float = 60.0,
        stop_grace_s: float = 10.0,
    ) -> None:
        """Only remembers what it is told.

        Args:
            data_dir: Folder that keeps records, logs and cluster id from one start to the next;
                None for a temporary one that is removed at the end.
            port: TCP port for clients; None for the folder's last one when it is free, else any.
            heap_mib: Java heap, in MiB; the process takes about as much again at most.
            properties: Broker properties that win over ours. Not for listeners, log.dirs, process.roles or node.id.
            is_quick: Compile little (TieredStopAtLevel=1): ready sooner, slower under a long load.
            start_deadline_s: Seconds from the jars being there to the broker being ready.
            stop_grace_s: Seconds that the broker has to stop before it is killed.
        """
        self._data_dir = data_dir
        self._port = port
        self._heap_mib = heap_mib
        self._properties = dict(properties or {})
        self._is_quick = is_quick
        self._start_deadline_s = start_deadline_s
        self._stop_grace_s = stop_grace_s
        self._abandon = threading.Event()
        self._folder: DataFolder | None = None
        self._broker: Broker | None = None
        self._description = ""

    @property
    def bootstrap_servers(self) -> str:
        """`host:port` for a client."""
        return self._running.bootstrap_servers

    @property
    def description(self) -> str:
        """One line: which Kafka, which Java, which folder."""
        return self._description

    @property
    def data_dir(self) -> Path:
        """The folder in use, with the broker's `server.log`."""
        assert self._folder is not None, "start first"
        return self._folder.path

    @property
    def pid(self) -> int | None:
        """The broker's process id."""
        return self._running.child.pid

    @property
    def is_running(self) -> bool:
        """Whether the broker was started and has not ended."""
        return self._broker is not None and self._broker.child.status() is None

    def start(self) -> Self:
        """Blocks until the broker is ready; raises a LocalKafkaError, and then nothing is left behind."""
        assert self._folder is None, "already started"
        try:
            java, jars = find_java(), locked_jars()
            classpath = _classpath(jars, self._abandon)
            self._folder = open_folder(self._data_dir, self._abandon.wait)
            self._broker = start_broker(self._plan(self._folder, java, classpath), self._abandon)
            self._description = _describe(jars, java, self._folder, self._broker)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Blocks until the broker has ended; a throw-away folder is removed. Stopping twice does nothing."""
        broker, self._broker = self._broker, None
        folder, self._folder = self._folder, None
        try:
            if broker is not None:
                broker.child.stop()
        finally:
            if folder is not None:
                folder.release()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        starting = asyncio.ensure_future(asyncio.to_thread(self.start))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._abandon.set()
            with contextlib.suppress(LocalKafkaError, Abandoned):
                await starting
            await asyncio.to_thread(self.stop)
            raise

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await asyncio.shield(asyncio.to_thread(self.stop))

    @property
    def _running(self) -> Broker:
        assert self._broker is not None, "start first"
        return self._broker

    def _plan(self, folder: DataFolder, java: Java, classpath: str) -> Plan:
        return Plan(
            folder=folder,
            java=java,
            classpath=classpath,
            port=self._port,
            heap_mib=self._heap_mib,
            is_quick=self._is_quick,
            deadline_s=self._start_deadline_s,
            grace_s=self._stop_grace_s,
            extra=self._properties,
        )


def _classpath(jars: tuple[Jar, ...], abandon: threading.Event) -> str:
    version = kafka_version(jars)
    with contextlib.closing(DownloadProgress(f"Apache Kafka {version}")) as bar:

        def progress(done: int, total: int) -> None:
            if abandon.is_set():
                raise Abandoned
            bar(done, total)

        files = ensure_jars(jars, cache_folder() / f"kafka-{version}", fetch_jar, progress)
    # Every file by name: a wildcard would also take what a damaged or shared cache holds besides.
    return os.pathsep.join(map(str, files))


def _describe(jars: tuple[Jar, ...], java: Java, folder: DataFolder, broker: Broker) -> str:
    kept = "removed at the end" if folder.is_throw_away else "kept"
    return f"Apache Kafka {kafka_version(jars)} on {broker.bootstrap_servers} ({java}), data in {folder.path} ({kept})"
