"""The collector is killed with -9 at random moments: nothing is lost, nothing is asked again too soon.

Four kills by default; NEWSLOOM_COLLECTOR_KILLS sets another number (the long form: 20).
"""

import asyncio
import itertools
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

from schemas.identity import canonical_url
from tests.support.collector import SOUND_SITES, StandInGateway, fast_settings, write_sources
from tests.support.command import ROOT
from tests.support.recorded_web import RecordedWeb, expected_articles

KILLS = int(os.environ.get("NEWSLOOM_COLLECTOR_KILLS", "4"))
SEED = 20_250_310

ENDLESS_REDIRECT = "/go/round"

# Slow enough that most lives of the collector end in the middle of a request, or between the gateway's answer and the state.
INTERVAL_S = 0.5
WEB_DELAY_S = 0.3
GATEWAY_DELAY_S = 0.1
LONGEST_LIFE_S = 1.2
STARTED_DEADLINE_S = 60.0
END_DEADLINE_S = 180.0


async def start(settings_json: str, port: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.collector_process", settings_json, str(port), cwd=ROOT
    )


async def test_nothing_is_lost_and_nothing_asked_twice_too_soon(tmp_path: Path) -> None:
    chance, at_work = random.Random(SEED), 0
    async with RecordedWeb(delay_s=WEB_DELAY_S) as web, StandInGateway(delay_s=GATEWAY_DELAY_S) as gateway:
        write_sources(tmp_path / "sources", web, SOUND_SITES, interval_s=INTERVAL_S)
        # What a killed collector was asking for is due again after its lease: the retry wait or the deadline, the longer.
        settings = fast_settings(tmp_path, gateway.port, retry_first_s=1.0, fetch_deadline_s=1.0)
        given = settings.model_dump_json(exclude_none=True)
        for _ in range(KILLS):
            seen = len(web.log) + len(gateway.got)
            process = await start(given, web.port)
            async with asyncio.timeout(STARTED_DEADLINE_S):
                while len(web.log) + len(gateway.got) == seen and process.returncode is None:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(chance.uniform(0.0, LONGEST_LIFE_S))
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                at_work += 1
            await process.wait()
        last = await start(given, web.port)
        async with asyncio.timeout(END_DEADLINE_S):
            assert await last.wait() == 0

    expected = {canonical_url(web.origin(each.site) + each.path) for each in expected_articles() if each.site in SOUND_SITES}
    found = Counter(canonical_url(each.get("canonical_url") or each["url"]) for each in gateway.got)
    accepted = Counter(canonical_url(each.get("canonical_url") or each["url"]) for each in gateway.accepted)
    by_site = {site: [each.at for each in web.log if each.site == site] for site in SOUND_SITES}
    gaps = [later - earlier for times in by_site.values() for earlier, later in itertools.pairwise(times)]
    asked = Counter((each.site, each.path) for each in web.log if each.path != ENDLESS_REDIRECT)
    print(
        f"\n{at_work} kills at work: {len(found)} of {len(expected)} articles, {found.total() - len(found)} handed over again, "
        f"{asked.total() - len(asked)} of {asked.total()} requests repeated, closest two {min(gaps):.3f} s"
    )
    assert at_work >= KILLS * 0.7
    assert set(found) == expected
    assert set(accepted.values()) == {1}
    assert min(gaps) >= INTERVAL_S


async def test_asked_to_stop_it_finishes_what_it_is_at(tmp_path: Path) -> None:
    async with RecordedWeb() as web, StandInGateway() as gateway:
        write_sources(tmp_path / "sources", web, SOUND_SITES, interval_s=INTERVAL_S)
        given = fast_settings(tmp_path, gateway.port).model_dump_json(exclude_none=True)
        process = await start(given, web.port)
        async with asyncio.timeout(STARTED_DEADLINE_S):
            while not gateway.got and process.returncode is None:
                await asyncio.sleep(0.01)
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
        asked = len(web.log)
        last = await start(given, web.port)
        async with asyncio.timeout(END_DEADLINE_S):
            assert await last.wait() == 0
    pages = (each for each in web.log if each.path.endswith(".html"))
    again = Counter((each.site, each.path) for each in pages).values()
    print(f"\nstopped after {asked} requests and begun again: no page of {len(again)} asked twice")
    assert set(again) == {1}
    assert len(gateway.got) == len({each["url"] for each in gateway.got})
