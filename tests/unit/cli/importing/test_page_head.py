"""What a page's head declares is found without parsing the page, and nothing that isn't meant for readers of it."""

import time

import pytest
from lxml.html import fromstring

from services.cli.importing.page_head import declared, own_canonical
from services.collector.canonical import canonical_link

URL = "https://www.herald.example/2023/crue"


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ("", {}),
        ('<html lang="pt_BR">', {"language_hint": "pt-BR"}),
        ("<html lang='Portuguese (Brazil)'>", {}),
        ("<LINK REL=canonical HREF=/a>", {"canonical_url": "https://www.herald.example/a"}),
        ('<link href="/a" rel="alternate canonical">', {"canonical_url": "https://www.herald.example/a"}),
        ('<base href="/b/"><link rel="canonical" href="a">', {"canonical_url": "https://www.herald.example/b/a"}),
        ('<link rel="amphtml" href="/amp">', {}),
        ('<meta property="og:url" content="/a">', {"canonical_url": "https://www.herald.example/a"}),
        (
            '<link rel="canonical" href="/"><meta property="og:url" content="/a">',
            {"canonical_url": "https://www.herald.example/a"},
        ),
        ('<!-- <link rel="canonical" href="/old"> --><link rel="canonical" href="/new">', {"canonical_url": URL[:-10] + "/new"}),
        (
            '<script>"<link rel=canonical href=/x>"</SCRIPT><link rel="canonical" href="/new">',
            {"canonical_url": URL[:-10] + "/new"},
        ),
        ('<!-- never closed <link rel="canonical" href="/x">', {}),
        ('<body><link rel="canonical" href="/x">', {}),
        ('</head><link rel="canonical" href="/x">', {}),
        ('<meta property="og:title" content="किसुमु &amp; बाढ़ 🌊 > 3">', {"title": "किसुमु & बाढ़ 🌊 > 3"}),
        ('<meta property="og:title" content="فيضان"><meta property="og:title" content="b">', {"title": "فيضان"}),
        ('<meta property="og:title" content="  ">', {}),
        ('<meta property="og:title" content="never closed', {}),
        (
            '<meta property="article:published_time" content="2023-09-19T08:30:00+02:00">',
            {"published_at": "2023-09-19T08:30:00+02:00"},
        ),
        ('<meta property="article:published_time" content="yesterday">', {}),
    ],
)
def test_the_head_says(head: str, found: dict[str, str]) -> None:
    assert declared(head, URL) == found


@pytest.mark.parametrize(
    ("candidate", "is_own"),
    [
        ("https://herald.example/a", True),
        ("https://m.herald.example/a", True),
        ("https://news.herald.example/a", False),
        ("https://www.herald.example/?p=7", True),
        ("https://www.herald.example/", False),
        ("https://www.herald.example", False),
        ("https://agency.example/a", False),
        ("https://notherald.example/a", False),
        ("ftp://herald.example/a", False),
        ("https://herald.example/a b", False),
        ("https://[broken/a", False),
        ("", False),
    ],
)
def test_a_canonical_url_is_an_article_of_the_same_site(candidate: str, is_own: bool) -> None:
    assert own_canonical(candidate, URL) == (candidate if is_own else None)


@pytest.mark.parametrize(
    "link", ["/a", "a?b=1", "//m.herald.example/a", "https://x.herald.example/a", "/", "", "ftp://a/b", "https://[b"]
)
@pytest.mark.parametrize("og", ["", "/og", "https://other.example/"])
def test_an_imported_page_has_the_canonical_url_of_a_collected_one(link: str, og: str) -> None:
    head = f'<html><head><link rel="canonical" href="{link}"><meta property="og:url" content="{og}"></head><body></body></html>'
    assert declared(head, URL).get("canonical_url") == canonical_link(fromstring(head), URL)


def test_a_front_page_may_be_its_own_canonical() -> None:
    assert own_canonical("https://herald.example/", "https://herald.example/") == "https://herald.example/"


@pytest.mark.parametrize(
    "attack", ["<!--", "<script>", '<meta a="', "<meta ", "<link rel=canonical href=", "<", "<title></title"]
)
def test_what_is_never_closed_takes_no_time(attack: str) -> None:
    began = time.process_time()
    declared(attack * (1_000_000 // len(attack)), URL)
    assert time.process_time() - began < 30.0, "what grows with the square takes hours"
