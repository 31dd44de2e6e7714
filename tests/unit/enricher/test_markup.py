"""Markup: tags that someone left in a text, and articles in pages."""

import pytest

from services.enricher.clean_text import clean
from services.enricher.markup import MAX_EXTRACTED_TAGS, Page, load_extractor, read_page, strip_tags, without_markup

extract = load_extractor()


@pytest.mark.parametrize(
    "text",
    [
        "a < b",
        "<3 <3 <3",
        "5 > 4 und 3 < 4",
        "R&D &amp; mehr",
        "use the <b> tag",
        "<Ctrl> + <Entf>",
        "x<y>z",
        "إذا كان س < ص",
        "甲<乙>丙",
    ],
)
def test_text_without_real_tags_stays_as_it_is(text: str) -> None:
    assert without_markup(text) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("<p>Café &amp; bar</p><p>R&amp;D</p>", "Café & bar\n\nR&D"),
        ("نص <b>مهم</b> هنا", "نص مهم هنا"),
        ("एक<br/>दो", "एक\nदो"),
        ("中<span class='x > y'>文</span>😀", "中文😀"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("a <!-- b <i>c</i> --> d", "a d"),
        ("<script>let a = '<p>no</p>'</script>yes <STYLE>p{}</STYLE><i>and</i>", "yes and"),
        ("<script>never closed <i>stays</i>", "never closed stays"),
        ("<!-- never closed <i>stays</i>", "never closed stays"),
        ("İ<style>x</style>ß<i>ı</i>", "İßı"),
        ("1 < 2 &lt;b&gt; <i>3</i>", "1 < 2 <b> 3"),
        ("<td>1</td><td>2</td>", "1 2"),
    ],
)
def test_left_over_tags_are_taken_away(text: str, seen: str) -> None:
    assert clean(without_markup(text)) == seen


PAGE = """<html><head><title>{title} | Der Bote</title><script>var x = "Reklame"</script></head><body>
<nav><a href="/">Start</a></nav><article><h1>{title}</h1>{body}</article><footer>Impressum</footer></body></html>"""

PARAGRAPH = "Die Brücke über den Fluss ist nach neun Jahren wieder offen, sagte die Bürgermeisterin am Montag."


def test_page_gives_title_and_article() -> None:
    page = read_page(extract, PAGE.format(title="Brücke offen", body=f"<p>{PARAGRAPH}</p><p>Zweiter\nAbsatz,<br>neue Zeile.</p>"))
    assert page.title == "Brücke offen"
    assert clean(page.text) == f"Brücke offen\n\n{PARAGRAPH}\n\nZweiter Absatz,\nneue Zeile."


def test_lists_and_tables_of_a_page_keep_their_lines() -> None:
    table = "<table><tr><th>Ort</th><th>Preis</th></tr><tr><td>Köln</td><td>5 €</td></tr></table>"
    body = f"<p>{PARAGRAPH}</p><ul><li>eins</li><li><b>zwei</b> drei</li></ul>{table}"
    assert clean(read_page(extract, PAGE.format(title="T", body=body)).text).endswith(
        "eins\nzwei drei\n\nOrt | Preis\nKöln | 5 €"
    )


@pytest.mark.parametrize("html", ["<p>قصير</p>", "नमस्ते", "<div>短い</div>", "<b>😀 kurz</b>", "<p>\ud800 x\x01</p>"])
def test_page_too_short_for_an_article_gives_all_that_it_shows(html: str) -> None:
    assert read_page(extract, html).text == strip_tags(html).replace("\ud800", "").replace("\x01", "")


@pytest.mark.parametrize(
    "html", ["", "<html><head><title>T</title></head><body></body></html>", "<script>x</script>", "<!-- x -->", "<img src=x>"]
)
def test_page_without_text_gives_none(html: str) -> None:
    assert not clean(read_page(extract, html).text)


def test_page_with_too_many_tags_is_not_extracted() -> None:
    def never(html: str) -> Page:
        raise AssertionError("extracted")

    assert clean(read_page(never, "<p>x</p>" * MAX_EXTRACTED_TAGS).text).startswith("x\n\nx")


def test_extraction_is_the_same_every_time() -> None:
    html = PAGE.format(title="Brücke offen", body=f"<p>{PARAGRAPH}</p>" * 3)
    assert len({read_page(extract, html) for _ in range(5)}) == 1


@pytest.mark.parametrize(
    ("head", "title"),
    [
        ("<meta property='og:title' content='Declared'><title>Shown | X</title>", "Declared"),
        ("<meta property='og:title' content=' '><title>Shown | X</title>", "Shown | X"),
        ("", None),
    ],
)
def test_declared_title_comes_first(head: str, title: str | None) -> None:
    assert read_page(extract, f"<html><head>{head}</head><body><p>{PARAGRAPH}</p></body></html>").title == title
