"""Fetches one exact Maven artefact with jgo's Python resolver; no Maven, and no transitive resolution.

(jgo's own resolution of the broker's dependencies picked a kafka-clients of another version; hence our lock.)
"""

from pathlib import Path

from services.runtime.local_kafka.errors import JarsUnavailable
from services.runtime.local_kafka.jars import Jar

_TIMEOUT_S = 30  # for connecting, and for each read


def fetch_jar(jar: Jar, folder: Path) -> Path:
    """The artefact's file, unverified, somewhere under `folder`; raises JarsUnavailable."""
    try:
        from jgo.maven import MavenContext, PythonResolver
    except ImportError as error:
        raise JarsUnavailable("fetching Kafka's jars needs jgo: run `pip install 'newsloom[local]'`") from error
    context = MavenContext(PythonResolver(), repo_cache=folder, timeout=_TIMEOUT_S)
    try:
        return context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    # jgo raises RuntimeError for whatever the registry answers but 200; requests' errors are OSErrors.
    except (OSError, RuntimeError) as error:
        raise JarsUnavailable(f"{jar} could not be fetched (is there a network?): {type(error).__name__}") from error
