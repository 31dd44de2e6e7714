"""What robots.txt lets us do."""

import pytest
from protego import Protego

from services.collector.robots import SiteRules

PAGE = "https://a.example/news/über-1?x=1"


def rules(content: str) -> SiteRules:
    return SiteRules(Protego.parse(content), "newsloom")


@pytest.mark.parametrize(
    ("content", "allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow: /news/", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: newsloom\nDisallow:", True),
        ("User-agent: Newsloom\nDisallow: /news/", False),
        ("User-agent: *\nDisallow: /news/\nAllow: /news/%C3%BCber", True),
        ("User-agent: *\nDisallow: /*?x=", False),
        ("User-agent: otherbot\nDisallow: /", True),
        ("<html>not found</html>", True),
    ],
)
def test_what_may_be_fetched(content: str, allowed: bool) -> None:
    assert rules(content).allows(PAGE) is allowed


@pytest.mark.parametrize(
    ("content", "interval_s"),
    [
        ("User-agent: *\nCrawl-delay: 7.5", 7.5),
        ("User-agent: *\nRequest-rate: 1/30s", 30.0),
        ("User-agent: *\nRequest-rate: 10/5\nCrawl-delay: 2", 2.0),
        ("User-agent: otherbot\nCrawl-delay: 60", 0.0),
        ("User-agent: *\nCrawl-delay: soon", 0.0),
    ],
)
def test_how_fast(content: str, interval_s: float) -> None:
    assert rules(content).interval_s == interval_s


def test_agents_of_ai_makers_that_are_turned_away() -> None:
    turned_away = "User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /"
    content = f"User-agent: *\nDisallow: /private/\n\n{turned_away}\n\nUser-agent: Amazonbot\nDisallow: /x/"
    assert rules(content).refused_ai_agents(PAGE) == ("CCBot", "GPTBot")
    assert rules("User-agent: *\nDisallow: /").refused_ai_agents(PAGE) == ()
    assert rules("").refused_ai_agents(PAGE) == ()
