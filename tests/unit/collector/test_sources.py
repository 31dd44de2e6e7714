"""Sources as data: what a file may say, and how a wrong one is told."""

from pathlib import Path
from urllib.parse import quote

import pytest

from services.collector.app import read_sources, user_agent
from services.collector.settings import CollectorSettings
from services.collector.sources import Source, host_of, load_sources
from services.runtime.errors import ConfigurationError

GOOD = '[[source]]\nid = "a"\nname = "ए"\ndomain = "a.example"\nfeeds = ["https://a.example/rss"]\n'


def load(folder: Path, *files: str) -> tuple[Source, ...]:
    for number, content in enumerate(files):
        (folder / f"{number}.toml").write_text(content, encoding="utf-8")
    return load_sources(folder)


def test_many_sources_in_many_files(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD, GOOD.replace('"a"', '"b"') + GOOD.replace('"a"', '"c"'))
    assert [source.id for source in found] == ["a", "b", "c"]
    assert found[0].recheck_after_s == (3_600, 21_600, 86_400)


def test_no_folder_is_no_sources(tmp_path: Path) -> None:
    assert load_sources(tmp_path / "none") == ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (GOOD + "feed = []\n", "0.toml: source a: feed: Extra inputs"),
        (GOOD.replace("https://a", "file:///a"), "begins with http"),
        (GOOD.replace('feeds = ["https://a.example/rss"]', ""), "no feeds and no sitemaps"),
        (GOOD + "interval_s = -1\n", "interval_s"),
        (GOOD + 'include = ["("]\n', "no regular expression"),
        (GOOD + "poll_min_s = 9000000\n", "poll_min_s is above"),
        (GOOD + "recheck_after_s = [5.0, 1.0]\n", "has to rise"),
        (GOOD + GOOD, "same id: a"),
        ("[source]\n", "0.toml"),
        ("[[sources]]\n", "only [[source]]"),
        ("not toml", "0.toml"),
    ],
)
def test_a_wrong_file_is_told_by_name(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path, content)
    assert told in str(error.value)


def source(**fields: object) -> Source:
    return Source.model_validate(
        {"id": "a", "name": "A", "domain": "a.example", "feeds": ["https://feeds.b.example/a"], **fields}
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example/1", True),
        ("https://www.a.example/1", True),
        ("https://feeds.b.example/1", True),
        ("https://c.example/1", True),
        ("https://evil-a.example/1", False),
        ("https://a.example.evil.example/1", False),
        ("http://169.254.169.254/", False),
        ("http://[broken/", False),
    ],
)
def test_whose_page_it_is(url: str, expected: bool) -> None:
    assert source(hosts=["C.example"]).covers(url) is expected


def test_which_pages_are_wanted() -> None:
    picky = source(include=["^/news/", "^/समाचार/"], exclude=[r"/video/", r"\.pdf$"])
    paths = ("/news/1", "/समाचार/1", f"/{quote('समाचार')}/1", "/sport/1", "/news/video/1", "/news/a.pdf")
    assert [picky.wants(f"https://a.example{path}") for path in paths] == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://A.example/x", "a.example"),
        ("https://a.example:443/", "a.example"),
        ("http://a.example:443/", "a.example:443"),
        ("http://[2001:DB8::1]:80/", "[2001:db8::1]"),
    ],
)
def test_hosts_as_politeness_counts_them(url: str, host: str) -> None:
    assert host_of(url) == host


def test_the_public_web_is_not_visited_without_a_contact(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="COLLECTOR_CONTACT"):
        read_sources(CollectorSettings(sources_dir=tmp_path))
    settings = CollectorSettings(sources_dir=tmp_path, contact="desk@a.example")
    assert len(read_sources(settings)) == 1
    assert user_agent(settings, "1.2") == "newsloom/1.2 (+desk@a.example)"


def test_a_private_source_alone_needs_no_contact(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD + "allow_private = true\n", encoding="utf-8")
    [marked] = read_sources(CollectorSettings(sources_dir=tmp_path))
    assert marked.private_hosts == {"a.example:443"}


def test_the_examples_that_come_with_it_are_right() -> None:
    folder = Path(__file__).parents[3] / "seeds" / "sources"
    found = load_sources(folder)
    assert found and all(each.allow_private or each.domain.endswith(".example") for each in found)
