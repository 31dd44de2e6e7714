"""What the gateway is measured against: a handler that publishes the key and the body it gets, on the same server and loop."""

import asyncio
import socket
import sys

import uvicorn
import uvloop
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from schemas.topics import NEWS_RAW
from services.runtime.settings import KafkaSettings
from services.runtime.sink import new_producer

KEY_HEADER = "x-key"


def application(producer: AIOKafkaProducer) -> FastAPI:
    """One route, which answers when the broker has confirmed the bytes."""
    app = FastAPI()

    @app.get("/readyz")
    async def readyz() -> str:
        return "yes"

    @app.post("/v1/articles")
    async def push(request: Request) -> JSONResponse:
        await producer.send_and_wait(NEWS_RAW.name, await request.body(), request.headers[KEY_HEADER].encode())
        return JSONResponse({"status": "accepted"}, 202)

    return app


async def _serve(servers: str, port: int) -> None:
    producer = new_producer(servers, KafkaSettings(bootstrap_servers=servers), NEWS_RAW.max_message_bytes)
    await producer.start()
    try:
        config = uvicorn.Config(application(producer), log_config=None, access_log=False, lifespan="off", server_header=False)
        with socket.create_server(("127.0.0.1", port), backlog=2048) as listener:
            await uvicorn.Server(config).serve(sockets=[listener])
    finally:
        await producer.stop()


def main() -> None:
    """`python -m benchmarks.bare_handler SERVERS PORT`."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(sys.argv[1], int(sys.argv[2])))


if __name__ == "__main__":
    main()
