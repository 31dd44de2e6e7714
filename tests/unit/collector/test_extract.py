"""From a page to an article: JSON-LD, dates, canonical addresses, authors, and what is no article."""

import json
import unicodedata
from typing import Any

import pytest

from schemas.codec import encode
from schemas.publication_date import PublicationDate
from schemas.raw_article import OptOut
from services.collector.canonical import canonical_link
from services.collector.errors import Unreadable
from services.collector.extract import extract, parse_page
from services.collector.listing import Entry, read_date
from tests.support.pages import BODY, NOW, SOURCE, answer, article, page, tree


def ld(document: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(document, ensure_ascii=False)}</script>'


def news(**fields: Any) -> dict[str, Any]:
    return {"@context": "https://schema.org", "@type": "NewsArticle", **fields}


def date(html: str, listed: Entry | None = None, url: str = "https://a.example/news/1") -> tuple[str, str, str | None] | None:
    found = article(html, listed, url=url).published_at
    return (found.value.strftime("%Y-%m-%dT%H:%MZ"), found.precision, found.evidence) if found else None


@pytest.mark.parametrize(
    "document",
    [
        news(headline="Fähre läuft wieder"),
        [{"@type": "BreadcrumbList"}, news(headline="Fähre läuft wieder")],
        {"@graph": [{"@type": "WebPage", "headline": "x"}, news(headline="Fähre läuft wieder")]},
        {"@type": "WebPage", "mainEntity": news(headline="Fähre läuft wieder")},
        {"@type": ["Thing", "http://schema.org/ReportageNewsArticle"], "headline": "<b>Fähre</b> l&auml;uft\n wieder"},
    ],
)
def test_json_ld_comes_before_the_page(document: Any) -> None:
    assert article(page('<meta property="og:title" content="other">' + ld(document))).title == "Fähre läuft wieder"


@pytest.mark.parametrize(
    "script",
    ["{", "null", "[[[[]]]]", '"x"', '{"@type": 5}', '{"@type": "NewsArticle", "headline": ["", 3, {}], "author": [[]]}'],
)
def test_json_ld_that_is_none_does_no_harm(script: str) -> None:
    found = article(page(f'<script type="application/ld+json">{script}</script>'))
    assert (found.title, found.authors) == ("Harbour reopens", None)


def test_halves_of_characters_in_json_ld() -> None:
    found = article(page('<script type="application/ld+json">{"@type": "Article", "headline": "a \\ud83c b"}</script>'))
    assert found.title == "a \ufffd b"
    assert encode(found)


def test_a_json_ld_bomb_ends() -> None:
    nested = '{"@graph":' * 50_000
    assert article(page(f'<script type="application/ld+json">{nested}</script>')).title == "Harbour reopens"


def test_line_breaks_and_wrappings_in_json_ld() -> None:
    script = '/*<![CDATA[*/{"@type": "Article", "headline": "खबर\nअब"}/*]]>*/'
    assert article(page(f'<script type="application/ld+json">{script}</script>')).title == "खबर अब"


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        ("هدى صبري", ("هدى صبري",)),
        ({"@type": "Person", "name": "हेमा राव"}, ("हेमा राव",)),
        ([{"name": "A. B."}, "C. D.", {"name": ["E. F.", "A. B."]}], ("A. B.", "C. D.", "E. F.")),
        ({"givenName": "Jörg", "familyName": "Weiß"}, ("Jörg Weiß",)),
        ({"name": "https://a.example/authors/1"}, None),
        (None, None),
    ],
)
def test_authors(author: Any, expected: tuple[str, ...] | None) -> None:
    assert article(page(ld(news(author=author)))).authors == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"isAccessibleForFree": True}, True),
        ({"isAccessibleForFree": "False"}, False),
        ({"isAccessibleForFree": "http://schema.org/False"}, False),
        ({"hasPart": [{"isAccessibleForFree": "false"}]}, False),
        ({"isAccessibleForFree": True, "hasPart": {"isAccessibleForFree": False}}, False),
        ({"isAccessibleForFree": "perhaps"}, None),
        ({}, None),
    ],
)
def test_whether_it_is_free_to_read(fields: dict[str, Any], expected: bool | None) -> None:
    assert article(page(ld(news(**fields)))).is_accessible_for_free is expected


def test_a_locked_page_without_json_ld() -> None:
    assert article(page('<meta property="article:content_tier" content="locked">')).is_accessible_for_free is False


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("2025-11-07T12:00:00+09:00", ("2025-11-07T03:00Z", "second", "json-ld")),
        ("2025-11-07T12:00+0900", ("2025-11-07T03:00Z", "minute", "json-ld")),
        ("2025-11-07", ("2025-11-07T00:00Z", "day", "json-ld")),
        ("2025-11", ("2025-11-01T00:00Z", "month", "json-ld")),
        ("Fri, 07 Nov 2025 12:00:00 GMT", ("2025-11-07T12:00Z", "second", "json-ld")),
        ("2099-01-01T00:00:00Z", None),
        ("soon", None),
    ],
)
def test_dates_of_json_ld(stated: str, expected: tuple[str, str, str] | None) -> None:
    assert date(page(ld(news(datePublished=stated)))) == expected


LISTED = Entry("https://a.example/news/1", published=read_date("2025-11-05T05:00:00Z", "feed"))
META = '<meta property="article:published_time" content="2025-11-03T03:00:00Z">'
MODIFIED = '<meta property="article:modified_time" content="2025-11-09T09:00:00Z">'
TIME = '<time itemprop="datePublished" datetime="2025-11-04T04:00:00Z">4</time>' + BODY


def test_the_nearest_date_to_the_text_counts() -> None:
    json_date, dated_url = ld(news(datePublished="2025-11-02T02:00:00Z")), "https://a.example/2025/11/06/x"
    assert date(page(json_date + META, TIME), LISTED) == ("2025-11-02T02:00Z", "second", "json-ld")
    assert date(page(META, TIME), LISTED) == ("2025-11-03T03:00Z", "second", "meta")
    assert date(page("", TIME), LISTED) == ("2025-11-04T04:00Z", "second", "time")
    assert date(page(), LISTED, dated_url) == ("2025-11-05T05:00Z", "second", "feed")
    assert date(page(), url=dated_url) == ("2025-11-06T00:00Z", "day", "url")
    assert date(page("", '<p class="date">Published: 1 November 2025</p>' + BODY)) == ("2025-11-01T00:00Z", "day", "page")
    assert date(page()) is None


def test_the_year_of_a_copyright_line_is_no_date() -> None:
    assert date(page("", BODY + "</article><footer>© 2025 A</footer><article>")) is None


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('<link rel="canonical" href="/news/one">', "https://a.example/news/one"),
        ('<link rel="canonical" href="https://www.a.example/news/one">', "https://www.a.example/news/one"),
        ('<meta property="og:url" content="https://a.example/og">', "https://a.example/og"),
        (
            '<link rel="canonical" href="https://b.example/stolen"><meta property="og:url" content="https://a.example/og">',
            "https://a.example/og",
        ),
        ('<link rel="canonical" href="/">', None),
        ('<link rel="canonical" href="https://a.example">', None),
        ('<link rel="canonical" href="http://[broken">', None),
        ('<link rel="canonical" href="javascript:alert(1)">', None),
        ('<link rel="canonical" href="">', None),
        ("", None),
    ],
)
def test_canonical_addresses(head: str, expected: str | None) -> None:
    assert canonical_link(tree(page(head)), "https://a.example/news/1") == expected


@pytest.mark.parametrize(
    "text",
    [
        "کتاب\u200cها را می\u200cخواهم و خانه\u200cای در تهران دارم که پنجره\u200cهایش رو به کوه است و نسیم می\u200cآید.",
        "क्\u200dष और ज्ञ में फ़र्क़ है, यह बात बच्चे भी जानते हैं और बड़े भूल जाते हैं 🇮🇳👩\u200d🚀।",
    ],
    ids=["fa", "hi"],
)
def test_joiners_are_spelling(text: str) -> None:
    assert article(page("", f"<p>{text}</p>")).text == unicodedata.normalize("NFC", text)


def test_paragraphs_lists_and_tables() -> None:
    body = (
        f"{BODY}<h2>Prices</h2><ul><li>Wheat rose again in the course of the week</li><li>Maize fell</li></ul>"
        "<table><tr><th>Port</th><th>Tonnes</th></tr><tr><td>Rouen</td><td>312</td></tr></table>"
        "<p>The next auction takes place<br>on Friday, when the silos are open to buyers.</p>"
    )
    text = article(page("", body)).text or ""
    assert "Wheat rose again in the course of the week\n\nMaize fell\n\nPort | Tonnes\n\nRouen | 312\n\nThe next" in text.replace(
        "- ", ""
    )
    assert "takes place\n\non Friday" in text


def test_the_headline_is_not_repeated_in_the_text() -> None:
    assert (article(page()).text or "").startswith("The harbour")


def test_the_source_fills_in_what_the_page_does_not_say() -> None:
    source = SOURCE.model_copy(update={"language": "en-GB", "section": "Shipping", "licence": "CC-BY-4.0", "country": "GB"})
    found = article(page(), source=source)
    assert (found.language_hint, found.section, found.licence) == ("en-GB", "Shipping", "CC-BY-4.0")
    assert found.source is not None and found.source.country == "GB"


def test_images_that_are_not_to_be_used() -> None:
    parsed = parse_page(answer(page('<meta property="og:image" content="/i.jpg">')))
    said = (OptOut(mechanism="meta-robots", value="noimageai"),)
    assert extract(parsed, SOURCE, LISTED, (), NOW, "1").image == "https://a.example/i.jpg"
    assert extract(parsed, SOURCE, LISTED, said, NOW, "1").image is None


def test_a_bad_optional_field_does_not_cost_the_article() -> None:
    html = page(ld(news(headline="x" * 20_000, image="http://[broken", author="A" * 500, articleSection="S")))
    found = article(html.replace('lang="en"', 'lang="???"'))
    assert (found.image, found.authors, found.language_hint, found.section) == (None, None, None, "S")
    assert found.text


@pytest.mark.parametrize(
    ("html", "content_type"),
    [
        ("", "text/html"),
        ("http://127.0.0.1/", "text/html"),
        ("no markup at all", "text/html"),
        ("<html><body><p>Please enable scripts.</p></body></html>", "text/html"),
        (page(), "application/pdf"),
        (page("", "<p>x</p>" * 40_000), "text/html"),
    ],
    ids=["empty", "address", "plain", "nothing-to-read", "pdf", "too-many-tags"],
)
def test_what_is_no_article(html: str, content_type: str) -> None:
    with pytest.raises(Unreadable):
        extract(parse_page(answer(html, content_type=content_type)), SOURCE, LISTED, (), NOW, "1")


def test_dates_say_where_they_are_from() -> None:
    assert read_date("2025", "feed") == PublicationDate.model_validate(
        {"value": "2025-01-01T00:00:00Z", "precision": "year", "evidence": "feed"}
    )
