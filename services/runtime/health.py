"""Alive and ready over HTTP, beside the metrics; answered by a thread, so that a stuck event loop can still be seen."""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

from services.runtime.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a claim holds, and the reasons as they are shown to an operator."""

    holds: bool
    details: dict[str, Any]


Check = Callable[[], Verdict]


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class HealthServer:
    """Serves /healthz (alive), /readyz (ready) and /metrics on a port; 200 when the claim holds, else 503."""

    def __init__(self, host: str, port: int, alive: Check, ready: Check, registry: CollectorRegistry) -> None:
        self._alive, self._ready = alive, ready
        self._metrics = make_wsgi_app(registry)
        try:
            self._server: WSGIServer = make_server(host, port, self._answer, handler_class=_QuietHandler)
        except OSError as error:
            raise ConfigurationError(
                f"can't serve health and metrics on {host}:{port}: {error.strerror}; set another health port"
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="health", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._server.server_port

    def __enter__(self) -> "HealthServer":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        checks = {"/healthz": self._alive, "/readyz": self._ready}
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            answer: Iterable[bytes] = self._metrics(environ, start_response)
            return answer
        if path not in checks:
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"/healthz, /readyz or /metrics\n"]
        verdict = checks[path]()
        start_response("200 OK" if verdict.holds else "503 Service Unavailable", [("Content-Type", "application/json")])
        return [json.dumps(verdict.details, ensure_ascii=False).encode() + b"\n"]
