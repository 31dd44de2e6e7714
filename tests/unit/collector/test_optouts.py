"""What publishers say to machines, and what of it keeps us away."""

import time
from typing import Any

import httpx
import orjson
import pytest

from schemas.raw_article import OptOut
from services.collector.optouts import forbids_images, opt_outs, refuses

URL = "https://a.example/news/1.html"


def said(
    headers: Any = (), metas: tuple[tuple[str, str], ...] = (), ai: tuple[str, ...] = (), file: Any = None, url: str = URL
) -> dict[str, str]:
    found = opt_outs(url, httpx.Headers(headers), metas, ai, orjson.dumps(file).decode() if file is not None else "", "newsloom")
    return {each.mechanism: each.value for each in found}


def test_nothing_said() -> None:
    assert said() == {}
    assert said(metas=(("robots", "index, follow"), ("description", "noai"))) == {}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([("X-Robots-Tag", "noindex")], "noindex"),
        ([("X-Robots-Tag", "NOAI, noimageai")], "noai, noimageai"),
        ([("X-Robots-Tag", "otherbot: noindex"), ("X-Robots-Tag", "newsloom: none")], "none"),
        ([("X-Robots-Tag", "otherbot: noindex, nofollow")], None),
        ([("X-Robots-Tag", "unavailable_after: 25 Jun 2030 15:00:00 PST")], None),
        ([("X-Robots-Tag", "max-snippet:-1, noarchive")], "noarchive"),
    ],
)
def test_x_robots_tag(headers: list[tuple[str, str]], expected: str | None) -> None:
    assert said(headers).get("x-robots-tag") == expected


def test_robots_meta_elements_for_all_and_for_us() -> None:
    metas = (("robots", "noarchive"), ("googlebot", "noindex"), ("newsloom", "noai"))
    assert said(metas=metas) == {"meta-robots": "noarchive, noai"}


def test_agents_of_ai_makers() -> None:
    assert said(ai=("CCBot", "GPTBot")) == {"robots-ai": "CCBot, GPTBot"}


RESERVED = {"tdm-reservation": "1"}
FREE = {"tdm-reservation": "0"}
META_RESERVED = (("tdm-reservation", "1"),)
FILE_RESERVED = [{"location": "/", "tdm-reservation": 1}]


@pytest.mark.parametrize(
    ("headers", "metas", "file", "expected"),
    [
        ({}, (), FILE_RESERVED, {"tdm-file": "1"}),
        (RESERVED, (), None, {"tdm-header": "1"}),
        ({}, META_RESERVED, None, {"tdm-meta": "1"}),
        (FREE, (), FILE_RESERVED, {}),
        (FREE, META_RESERVED, FILE_RESERVED, {"tdm-meta": "1"}),
        (RESERVED, (("tdm-reservation", "0"),), FILE_RESERVED, {}),
        ({"tdm-reservation": "2"}, (), FILE_RESERVED, {"tdm-file": "1"}),
        ({"tdm-reservation": ""}, (("tdm-reservation", "yes"),), None, {}),
    ],
)
def test_the_nearest_reservation_counts(headers: Any, metas: Any, file: Any, expected: dict[str, str]) -> None:
    assert said(headers, metas, file=file) == expected


@pytest.mark.parametrize(
    ("location", "path", "matches"),
    [
        ("/", "/news/1.html", True),
        ("/news/", "/news/1.html", True),
        ("/sport/", "/news/1.html", False),
        ("/news/*.html", "/news/a/b.html?x", True),
        ("/*/1", "/news/1.html", True),
        ("/news/1$", "/news/1.html", False),
        ("/news/1.html$", "/news/1.html", True),
        ("/*.html$", "/news/1.html", True),
        ("/*.htm$", "/news/1.html", False),
        ("*", "/", True),
        ("/a*a$", "/a", False),
        ("/%E3%81%82", "/あ", True),
        ("/News", "/news", False),
        ("", "/news", True),
    ],
)
def test_locations(location: str, path: str, matches: bool) -> None:
    file = [{"location": location, "tdm-reservation": 1}]
    assert bool(said(file=file, url=f"https://a.example{path}")) is matches


def test_the_first_location_that_matches_decides() -> None:
    file = [{"location": "/news/free/", "tdm-reservation": 0}, {"location": "/news/", "tdm-reservation": 1}]
    assert said(file=file, url="https://a.example/news/free/1") == {}
    assert said(file=file, url="https://a.example/news/2") == {"tdm-file": "1"}


@pytest.mark.parametrize("file", [{}, "x", [1, None, {"location": 1, "tdm-reservation": 1}, {"location": "/"}]])
def test_a_file_that_is_none(file: Any) -> None:
    assert said(file=file) == {}


def test_no_location_takes_long() -> None:
    started = time.perf_counter()
    assert (
        said(file=[{"location": "/" + "*a" * 4_000 + "b$", "tdm-reservation": 1}], url="https://a.example/" + "a" * 8_000) == {}
    )
    assert time.perf_counter() - started < 10.0


def test_the_policy_goes_along() -> None:
    [found] = opt_outs(URL, httpx.Headers({**RESERVED, "tdm-policy": "/policy.json"}), (), (), "", "newsloom")
    assert found.policy == "https://a.example/policy.json"
    [found] = opt_outs(URL, httpx.Headers({**RESERVED, "tdm-policy": "http://[broken"}), (), (), "", "newsloom")
    assert found.policy is None


@pytest.mark.parametrize(
    ("mechanism", "value", "expected"),
    [
        ("tdm-file", "1", True),
        ("robots-ai", "GPTBot", True),
        ("meta-robots", "noarchive, noindex", True),
        ("x-robots-tag", "noai", True),
        ("x-robots-tag", "none", True),
        ("meta-robots", "noarchive, nosnippet", False),
        ("meta-robots", "noimageai", False),
    ],
)
def test_what_keeps_us_away(mechanism: str, value: str, expected: bool) -> None:
    assert refuses(OptOut(mechanism=mechanism, value=value)) is expected


def test_images_alone() -> None:
    assert forbids_images([OptOut(mechanism="meta-robots", value="noarchive, noimageai")])
    assert not forbids_images([OptOut(mechanism="meta-robots", value="noarchive")])
