"""The HTTP routes: each lets in, reads, takes and answers; what goes wrong is raised and becomes a problem."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable

from fastapi import FastAPI, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response, StreamingResponse

from services.gateway import answers
from services.gateway.admission import Rejected
from services.gateway.batch import Batch, Results
from services.gateway.bodies import drain, pieces, require_media_type, whole
from services.gateway.caller import Caller, caller, given_article_id
from services.gateway.cutting import Cutter, Elements, Lines
from services.gateway.document import BATCH, HEALTH, METRICS, PUSH, WITHDRAW
from services.gateway.errors import INVALID, TOO_LARGE, Refused, Unconfirmed
from services.gateway.guard import require_may_withdraw
from services.gateway.idempotency import REPLAYED, Answer, require_same
from services.gateway.parts import PARTS, Parts
from services.runtime.health import Check

Work = Callable[[], Awaitable[Answer]]
Body = AsyncIterator[bytes]


PUSH_PATH = "/v1/articles"

ARTICLE_TYPES = ("application/json",)
LINE_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")

_JSON = "application/json"
_KEPT_ANSWER_BYTES = 1_000_000

# How long a client that is still sending a batch that we have refused may go on, so that it reads why.
_DRAIN_S = 5.0


def add_routes(app: FastAPI) -> None:
    """Adds the routes. Parameters are read in caller.py: FastAPI's own way of it took a third of a request's time."""
    app.post(PUSH_PATH, **PUSH)(push)
    app.post("/v1/articles:batch", **BATCH)(push_batch)
    app.delete("/v1/articles/{article_id}", **WITHDRAW)(withdraw)
    app.get("/healthz", **HEALTH)(healthz)
    app.get("/readyz", **HEALTH)(readyz)
    app.get("/metrics", **METRICS)(metrics)


async def push(request: Request) -> Response:
    """Takes one article; answers when it is certainly on news.raw."""
    parts, who = _parts(request), _let_in(request)
    require_media_type(request, ARTICLE_TYPES)
    with parts.room.share() as share:
        body = await whole(request, share, parts.bounds.article_bytes, parts.bounds.timeout_s)

        async def work() -> Answer:
            try:
                taken = await parts.intake.article(body, who, parts.bounds.delivery_s)
            except Rejected as rejected:
                raise _refused(rejected) from None
            return Answer(200 if who.dry_run else 202, answers.pushed(taken, who.dry_run))

        return await _once(parts, who, b"article\n", body, work)


async def withdraw(request: Request) -> Response:
    """Withdraws an article; answers when its tombstone is certainly on news.raw."""
    parts, who = _parts(request), _let_in(request)
    require_may_withdraw(who.key)
    article_id = given_article_id(request)

    async def work() -> Answer:
        receipt = await parts.intake.withdrawal(article_id, who, parts.bounds.delivery_s)
        return Answer(200 if who.dry_run else 202, answers.withdrawn(receipt, who.dry_run))

    return await _once(parts, who, b"withdrawal\n", article_id.encode(), work)


async def push_batch(request: Request) -> Response:
    """Takes many articles; answers when each is on news.raw or rejected."""
    parts, who = _parts(request), _let_in(request)
    media_type = require_media_type(request, (*LINE_TYPES, *ARTICLE_TYPES))
    if not parts.door.is_open and not who.dry_run:
        raise Unconfirmed(f"the gateway takes nothing now: {parts.door.why_closed}")
    digest = hashlib.sha256(b"batch\n")
    body = _hashed(pieces(request, parts.bounds.batch_bytes, parts.bounds.timeout_s), digest)
    try:
        if who.idempotency_key is None:
            return _streamed(await _taken(parts, who, body, media_type), who.dry_run)
        return await _batch_once(parts, who, (who.key.id, who.idempotency_key), body, media_type, digest)
    except (Refused, Unconfirmed):
        await drain(request, parts.bounds.batch_bytes, _DRAIN_S)
        raise


async def healthz(request: Request) -> Response:
    """Whether the process is alive."""
    return _verdict(_parts(request).alive)


async def readyz(request: Request) -> Response:
    """Whether articles are taken."""
    return _verdict(_parts(request).ready)


async def metrics(request: Request) -> Response:
    """Prometheus metrics."""
    _let_in(request)
    return Response(generate_latest(_parts(request).metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _parts(request: Request) -> Parts:
    parts: Parts = request.scope[PARTS]
    return parts


def _let_in(request: Request) -> Caller:
    """Before anything else of a request is looked at: who comes, and not too often."""
    parts = _parts(request)
    return caller(request, parts.guard.let_in(request), parts.limits)


async def _once(parts: Parts, who: Caller, kind: bytes, body: bytes, work: Work) -> Response:
    """The work's answer; with an Idempotency-Key that of the first request that came with it."""
    if who.idempotency_key is None:
        return _answer(await work())
    digest = hashlib.sha256(kind)
    digest.update(body)
    fingerprint = digest.digest()
    deadline = asyncio.get_running_loop().time() + parts.bounds.delivery_s
    answer, is_replay = await parts.idempotency.once((who.key.id, who.idempotency_key), fingerprint, deadline, work)
    return _answer(answer, is_replay)


async def _taken(parts: Parts, who: Caller, body: Body, media_type: str) -> Results:
    cutter: Cutter = (Elements if media_type in ARTICLE_TYPES else Lines)(parts.bounds.article_bytes)
    with parts.room.share() as share:
        batch = Batch(parts.intake, who, parts.bounds.batch_delivery_s, parts.bounds.batch_lines, share)
        return await batch.take(body, cutter)


async def _batch_once(
    parts: Parts, who: Caller, scope: tuple[str, str], body: Body, media_type: str, digest: "hashlib._Hash"
) -> Response:
    """The body has to be read before it is known whether it is the same; until then nothing of it is taken."""
    if first := parts.idempotency.first_answer(scope):
        async for _ in body:
            pass
        require_same(first[0], digest.digest())
        return _answer(first[1], is_replay=True)
    claim = parts.idempotency.claim(scope)
    try:
        results = await _taken(parts, who, body, media_type)
    except BaseException:
        parts.idempotency.release(scope, claim)
        raise
    if results.size_bytes > _KEPT_ANSWER_BYTES:
        parts.idempotency.release(scope, claim)
        return _streamed(results, dry_run=False)
    answer = Answer(200, b"".join([part async for part in results.document(dry_run=False)]))
    parts.idempotency.keep(scope, claim, digest.digest(), answer)
    return _answer(answer)


async def _hashed(body: Body, digest: "hashlib._Hash") -> Body:
    async for piece in body:
        digest.update(piece)
        yield piece


def _answer(answer: Answer, is_replay: bool = False) -> Response:
    return Response(answer.body, answer.status, {REPLAYED: "true"} if is_replay else None, _JSON)


def _streamed(results: Results, dry_run: bool) -> Response:
    return StreamingResponse(results.document(dry_run), media_type=_JSON)


def _refused(rejected: Rejected) -> Refused:
    error = rejected.error
    kind = TOO_LARGE if error.reason == "body_too_large" else INVALID
    return Refused(kind, f"{error.field}: {error.detail}" if error.field else error.detail, errors=(error,))


def _verdict(check: Check) -> Response:
    verdict = check()
    return JSONResponse(verdict.details, 200 if verdict.holds else 503)
