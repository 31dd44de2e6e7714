"""The collector against the recorded web: everything found once, politely, and nothing fetched again that hasn't changed."""

import itertools
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from schemas.identity import canonical_url
from services.collector.errors import NotHandedOver
from services.collector.settings import CollectorSettings
from tests.support.collector import (
    BROKEN_SITE,
    INTERVAL_S,
    LISTINGS,
    SOUND_SITES,
    StandInGateway,
    collect_once,
    fast_settings,
    write_sources,
)
from tests.support.recorded_web import Asked, Expected, RecordedWeb, expected_articles

HOUR_S = 3_600.0
CRAWL_DELAY_S = 0.4  # of severny-mayak's robots.txt
REQUEST_RATE_S = 0.3  # of nanqiao-ribao's: 10 in 3 seconds

# Files that say what may be asked; they are asked for when they are too old, not when something changed.
SITE_FILES = ("/robots.txt", "/.well-known/tdmrep.json")


@dataclass
class Ran:
    """A collector that ran twice: now, and an hour later."""

    web: RecordedWeb
    gateway: StandInGateway
    settings: CollectorSettings
    first: list[Asked] = field(default_factory=list)
    second: list[Asked] = field(default_factory=list)
    handed_over_first: int = 0

    def rows(self, query: str) -> list[Any]:
        """What the state file says."""
        assert self.settings.state_path is not None
        connection = sqlite3.connect(self.settings.state_path)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def outcome(self, site: str, path: str) -> str:
        """What became of a target in the end."""
        found = self.rows(f"SELECT outcome FROM targets WHERE key = '{self.web.origin(site)}{path}'")
        return str(found[0][0])

    def address(self, expected: Expected) -> str:
        """An article's canonical URL."""
        return canonical_url(self.web.origin(expected.site) + expected.path)


@pytest.fixture(scope="module")
async def ran(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ran]:
    folder = tmp_path_factory.mktemp("collector")
    async with RecordedWeb() as web, StandInGateway() as gateway:
        write_sources(folder / "sources", web, list(LISTINGS))
        ran = Ran(web, gateway, fast_settings(folder, gateway.port))
        await collect_once(ran.settings, web)
        ran.first, ran.handed_over_first = list(web.log), len(gateway.got)
        await collect_once(ran.settings, web, later_s=HOUR_S + 60)
        ran.second = web.log[len(ran.first) :]
        yield ran


def test_every_article_is_found_once(ran: Ran) -> None:
    expected = {ran.address(each) for each in expected_articles()}
    found = Counter(canonical_url(article.get("canonical_url") or article["url"]) for article in ran.gateway.got)
    print(f"\n{len(found)} articles of {len(expected)} in {len({each.language for each in expected_articles()})} languages")
    assert set(found) == expected
    assert set(found.values()) == {1}


@pytest.mark.parametrize("expected", expected_articles(), ids=lambda each: f"{each.site}{each.path}")
def test_an_article_is_what_a_person_reads_on_the_page(ran: Ran, expected: Expected) -> None:
    article = ran.gateway.by_address()[ran.address(expected)]
    assert article["title"].split() == expected.title.split()
    assert article["text"].split() == expected.text.split()
    assert tuple(article.get("authors", ())) == expected.authors
    assert article.get("is_accessible_for_free") == expected.free
    published = article.get("published_at", {})
    stated = (published.get("value"), published.get("precision"), published.get("evidence"))
    assert expected.published is None or stated == (expected.published, expected.precision, expected.evidence)
    assert expected.published or not published


def test_a_second_run_fetches_nothing_that_is_unchanged(ran: Ran) -> None:
    again = [each for each in ran.second if each.path not in SITE_FILES and each.site != BROKEN_SITE]
    whole = [each for each in again if each.status == 200]
    unchanged = [each for each in again if each.status == 304]
    print(f"\nsecond run: {len(again)} requests, {len(unchanged)} answered 304, {len(whole)} whole")
    assert whole == []
    assert len(unchanged) > len(expected_articles())
    assert len(ran.gateway.got) == ran.handed_over_first


def test_two_requests_to_a_host_are_apart(ran: Ran) -> None:
    asks_more = {"severny-mayak.example": CRAWL_DELAY_S, "nanqiao-ribao.example": REQUEST_RATE_S}
    closest: dict[str, float] = {}
    for log in (ran.first, ran.second):
        for site in LISTINGS:
            times = [each.at for each in log if each.site == site]
            gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
            closest[site] = min([*gaps, closest.get(site, 9.0)])
    print("\nclosest two requests, in seconds: " + ", ".join(f"{site.split('.')[0]} {gap:.3f}" for site, gap in closest.items()))
    assert all(gap >= asks_more.get(site, INTERVAL_S) for site, gap in closest.items())


def test_robots_txt_comes_first_and_is_obeyed(ran: Ran) -> None:
    for site in LISTINGS:
        assert next(each for each in ran.first if each.site == site).path == "/robots.txt"
    assert ran.web.asked("stille-post.example", "/intern/geheim.html") == []
    assert ran.outcome("stille-post.example", "/intern/geheim.html") == "robots"


def test_site_files_are_kept_for_a_day(ran: Ran) -> None:
    assert [each for each in ran.second if each.path in SITE_FILES] == []


def test_retry_after_is_obeyed(ran: Ran) -> None:
    first, second = ran.web.asked(BROKEN_SITE, "/busy.html")[:2]
    between = [each for each in ran.web.asked(BROKEN_SITE) if first.at < each.at < second.at]
    assert (first.status, second.status) == (503, 200)
    assert all(each.at - first.at >= 1.0 for each in [*between, second])  # the header says one second, to the whole host


@pytest.mark.parametrize(
    ("path", "mechanism", "is_fetched"),
    [
        ("/ki/bericht.html", "robots-ai", False),
        ("/reserviert/reportage.html", "tdm-file", False),
        ("/meta-tdm.html", "tdm-meta", True),
        ("/kopf-tdm.html", "tdm-header", True),
        ("/noai.html", "meta-robots", True),
        ("/kopf-noindex.html", "x-robots-tag", True),
    ],
)
def test_who_opts_out_is_left_alone_and_it_is_written_down(ran: Ran, path: str, mechanism: str, is_fetched: bool) -> None:
    site = "stille-post.example"
    key = ran.web.origin(site) + path
    assert ran.rows(f"SELECT outcome, json_extract(detail, '$[0].mechanism') FROM targets WHERE key = '{key}'") == [
        ("opted_out", mechanism)
    ]
    assert bool(ran.web.asked(site, path)) is is_fetched


def test_a_wish_that_forbids_nothing_goes_with_the_article(ran: Ran) -> None:
    article = ran.gateway.by_address()[f"{ran.web.origin('stille-post.example')}/archivlos.html"]
    assert article["opt_outs"] == [{"mechanism": "meta-robots", "value": "noarchive"}]


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/truncated.html", "given_up"),
        ("/reset.html", "given_up"),
        ("/bad-gzip.html", "given_up"),
        ("/wrong-encoding.html", "given_up"),
        ("/stall.html", "given_up"),
        ("/not-http.html", "given_up"),
        ("/bomb.html", "too_large"),
        ("/endless.html", "too_large"),
        ("/huge.html", "too_large"),
        ("/broken-redirect.html", "bad_url"),
        ("/empty.html", "unreadable"),
        ("/picture.html", "unreadable"),
        ("/entities.xml", "unreadable"),
    ],
)
def test_what_is_broken_harms_nobody_else(ran: Ran, path: str, outcome: str) -> None:
    assert ran.outcome(BROKEN_SITE, path) == outcome


@pytest.mark.parametrize(
    ("path", "outcome"),
    [("/go/round", "redirects"), ("/go/inside", "foreign_host"), ("/world/gone.html", "status_410"), ("/go/3", "not_modified")],
)
def test_redirects_lead_where_they_may(ran: Ran, path: str, outcome: str) -> None:
    assert ran.outcome("harbour-herald.example", path) == outcome


def test_an_old_sitemap_is_left_alone(ran: Ran) -> None:
    assert ran.web.asked("courrier-deux-rives.example", "/sitemaps/1998.xml") == []
    assert ran.web.asked("courrier-deux-rives.example", "/sitemaps/2025-03.xml")


async def test_changes_are_found_at_a_re_check(tmp_path: Path) -> None:
    site, path = "manara-news.example", "/africa/fayadan.html"
    async with RecordedWeb() as web, StandInGateway() as gateway:
        write_sources(tmp_path / "sources", web, [site])
        settings = fast_settings(tmp_path, gateway.port)
        await collect_once(settings, web)
        before = gateway.by_address()[web.origin(site) + path]
        recorded = (Path(__file__).parents[1] / "recorded" / site / path.lstrip("/")).read_bytes()
        web.replaced[site, path] = recorded.replace("٢٬٣٠٠".encode("cp1256", "replace"), b"2500").replace(
            "كيسومو".encode("cp1256"), "مدينة كيسومو".encode("cp1256")
        )
        for later_s in (0.5 * HOUR_S, 1.1 * HOUR_S, 6.1 * HOUR_S, 24.1 * HOUR_S, 48 * HOUR_S):
            await collect_once(settings, web, later_s=later_s)
        asked = [each.status for each in web.asked(site, path)]
        print(f"\nasked five more times over two days: {asked}; handed over {len(gateway.got)} articles")
        assert asked == [200, 200, 304, 304]
        after = gateway.by_address()[web.origin(site) + path]
        assert len(gateway.got) == 3  # two articles, one of them twice
        assert after["text"] != before["text"] and "مدينة كيسومو" in after["text"]


async def test_a_public_source_that_leads_inside_reaches_nothing(tmp_path: Path) -> None:
    """Its names resolve to this machine, and it is not marked: not even robots.txt is asked for."""
    site = "harbour-herald.example"
    async with RecordedWeb() as web, StandInGateway() as gateway:
        folder = write_sources(tmp_path / "sources", web, [site])
        marked = (folder / "recorded.toml").read_text(encoding="utf-8")
        (folder / "recorded.toml").write_text(marked.replace("allow_private = true", ""), encoding="utf-8")
        settings = fast_settings(tmp_path, gateway.port, contact="desk@newsloom.example")
        await collect_once(settings, web)
        [(outcome, detail)] = Ran(web, gateway, settings).rows("SELECT outcome, detail FROM targets")
        print(f"\n{outcome}: {detail}")
        assert outcome == "forbidden_address" and site in detail
        assert web.log == [] and gateway.got == []


async def test_a_run_to_the_end_does_not_wait_for_a_gateway_for_ever(tmp_path: Path) -> None:
    async with RecordedWeb() as web, StandInGateway() as gateway:
        write_sources(tmp_path / "sources", web, ["manara-news.example"])
        settings = fast_settings(tmp_path, gateway.port, stop_deadline_s=0.1)
        gateway.refusals += [(503, {"Retry-After": "0"})] * 2_000
        with pytest.raises(NotHandedOver, match="2 articles wait"):
            await collect_once(settings, web)
        gateway.refusals.clear()
        await collect_once(settings, web)
        assert len(gateway.got) == 2  # kept in the state file, and nothing fetched for it again
        assert [each.status for each in web.asked("manara-news.example", "/africa/fayadan.html")] == [200]


async def test_with_permission_an_opted_out_page_is_collected_and_says_so(tmp_path: Path) -> None:
    site = "stille-post.example"
    async with RecordedWeb() as web, StandInGateway() as gateway:
        write_sources(tmp_path / "sources", web, [site], more='permission = "letter of 3 March 2025"')
        await collect_once(fast_settings(tmp_path, gateway.port), web)
        said = {
            address.removeprefix(web.origin(site)): [each["mechanism"] for each in article.get("opt_outs", ())]
            for address, article in gateway.by_address().items()
        }
        assert said == {
            "/offen.html": [],
            "/archivlos.html": ["meta-robots"],
            "/meta-tdm.html": ["tdm-meta"],
            "/kopf-tdm.html": ["tdm-header"],
            "/noai.html": ["meta-robots"],
            "/kopf-noindex.html": ["x-robots-tag"],
            "/ki/bericht.html": ["robots-ai"],
            "/reserviert/reportage.html": ["tdm-file"],
        }
        assert web.asked(site, "/intern/geheim.html") == []  # a licence to mine is none to go where robots may not


def test_every_sound_site_was_asked(ran: Ran) -> None:
    assert {each.site for each in ran.first} == set(LISTINGS) >= set(SOUND_SITES)
