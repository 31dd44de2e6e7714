"""The enricher as it is, but watched from inside; says what it saw as one line of JSON when SIGTERM has drained it."""

import argparse
import asyncio
import sys
import time
from typing import Any
from unittest import mock

import orjson

from benchmarks.observation import CallbackTimes, GarbagePauses, Work, percentiles_ms
from services.enricher import app
from services.enricher.loading import load_pipeline
from services.enricher.settings import EnricherSettings
from services.runtime.lifecycle import LoopWatch, keep_what_is_loaded
from services.runtime.logs import set_up_logs
from services.runtime.settings import KafkaSettings, LogSettings, read_settings


async def run(bootstrap_servers: str, settings: EnricherSettings) -> dict[str, Any]:
    """Runs until SIGTERM and returns what was seen since the models were loaded (before, nobody needs the loop)."""
    work, callbacks, garbage, watch = Work(), CallbackTimes(), GarbagePauses(), LoopWatch()
    loop, loaded, loaded_s, lags_s = asyncio.get_running_loop(), asyncio.Event(), 0.0, list[float]()

    def last_of_loading() -> None:
        nonlocal loaded_s
        keep_what_is_loaded()
        loaded_s = time.process_time()
        loop.call_soon_threadsafe(loaded.set)

    async def measure_lag() -> None:
        await loaded.wait()
        garbage.forget()
        watch.lags_s = lags_s
        async with watch.running():
            await loop.create_future()

    kafka = KafkaSettings(bootstrap_servers=bootstrap_servers)
    with (
        mock.patch.object(app, "load_pipeline", lambda *given: work.watched(load_pipeline(*given))),
        mock.patch.object(app, "keep_what_is_loaded", last_of_loading),
        callbacks.observing(),
        garbage.observing(),
    ):
        measuring = asyncio.create_task(measure_lag())
        await app.run(bootstrap_servers, kafka, settings)
        measuring.cancel()
    return {
        "callbacks": callbacks.summary(),
        "lag_samples": len(lags_s),
        "lag_ms": percentiles_ms(lags_s),
        "processor_s": time.process_time() - loaded_s,
        "encoder_s": work.encoder_s,
        "subtokens": work.subtokens,
        "windows": work.windows,
        "stage_s": work.stage_s,
        "garbage": garbage.summary(),
    }


def main() -> None:
    """`python -m benchmarks.observed_enricher BOOTSTRAP_SERVERS GROUP`; ENRICHER_… settings count."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("bootstrap_servers")
    parser.add_argument("group")
    given = parser.parse_args()
    set_up_logs(LogSettings(level="WARNING"), "enricher")
    settings = read_settings(EnricherSettings, group=given.group, health_port=0)
    seen = asyncio.run(run(given.bootstrap_servers, settings))
    sys.stdout.buffer.write(orjson.dumps(seen) + b"\n")


if __name__ == "__main__":
    main()
