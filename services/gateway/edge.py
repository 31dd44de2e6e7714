"""Around the application: measures every request, and catches what nobody foresaw without telling an article's text."""

import time
import traceback
from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.errors import Refused, Unconfirmed
from services.gateway.parts import PARTS, Parts
from services.gateway.problems import bug, problem_of
from services.runtime.logs import get_log

log = get_log(__name__)

_OTHER = "other"

Handler = Callable[[Request], Awaitable[Response]]


class Edge:
    """ASGI middleware, the outermost."""

    def __init__(self, app: ASGIApp, parts: Parts, direct: Mapping[str, Handler]) -> None:
        """`direct` are handlers of POST by path that are asked without FastAPI between.

        Its router, exit stacks and dependencies took a quarter of the time of a single article; its document still has them.
        """
        self._app, self._parts, self._direct, self._metrics = app, parts, direct, parts.metrics
        self._counters: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        scope[PARTS] = self._parts
        began, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        handler = self._direct.get(scope["path"]) if scope["method"] == "POST" else None
        try:
            if handler is not None:
                await _answered(handler, scope, receive, noted)
            else:
                await self._app(scope, receive, noted)
        except Exception as error:  # the one place: a bug of ours, which must end neither the process nor the connection
            where = "".join(traceback.format_tb(error.__traceback__))[-4_000:]
            log.error("unexpected", error=type(error).__name__, where=where)
            if not status:
                await bug()(scope, receive, noted)
        finally:
            route = scope["path"] if handler is not None else getattr(scope.get("route"), "path", _OTHER)
            self._count(route, status, time.perf_counter() - began)

    def _count(self, route: str, status: int, seconds: float) -> None:
        counters = self._counters.get((route, status))
        if counters is None:
            labelled = self._metrics.requests.labels(route=route, status=status)
            counters = self._counters[route, status] = (labelled, self._metrics.request_seconds.labels(route=route))
        counters[0].inc()
        counters[1].observe(seconds)


async def _answered(handler: Handler, scope: Scope, receive: Receive, send: Send) -> None:
    try:
        response = await handler(Request(scope, receive))
    except (Refused, Unconfirmed) as error:
        response = problem_of(error)
    await response(scope, receive, send)
