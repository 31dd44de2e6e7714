"""The reader of the seeds' markup."""

from pathlib import Path

import orjson
import pytest

from schemas.codec import decode_raw
from schemas.identity import article_id
from tests.support.seed_markup import MarkupError, append, main, plain, read

DOCUMENT = """id: ferry-bergen.no
event: ferry-bergen
url: https://kystposten.example/nyheter/ferje-bergen
source: kystposten | Kystposten | kystposten.example | NO
published_at: 2025-11-03T08:00:00Z
section: Nyheter
authors: Åse Bø; NTX
language: no
sentiment: positive
topics: 04000000 14000000
---
Ny ferje til [[LOC|Bergen]]

[[PER|Åse Sølvi]] 😀 åpnet ruta.

[[ORG|Fjordlinjen]] venter 3 000 reisende.
"""


@pytest.mark.parametrize(
    ("marked", "text", "spans"),
    [
        ("في [[LOC|باكو]] و[[ORG|وزارة الدفاع]]", "في باكو ووزارة الدفاع", [(3, 7), (9, 21)]),
        ("[[LOC|東京]]で", "東京で", [(0, 2)]),
        ("[[LOC|काठमांडू]] 😀 [[PER|Zoë]]", "काठमांडू 😀 Zoë", [(0, 8), (11, 14)]),
        ("a [b] | c", "a [b] | c", []),
    ],
    ids=["arabic", "japanese", "devanagari-emoji", "nothing-marked"],
)
def test_offsets_are_code_points_into_the_plain_text(marked: str, text: str, spans: list[tuple[int, int]]) -> None:
    found, entities = plain("text", marked)
    assert found == text
    assert [(entity["start"], entity["end"]) for entity in entities] == spans
    assert all(found[entity["start"] : entity["end"]] == entity["surface"] for entity in entities)


@pytest.mark.parametrize("marked", ["[[LOC|Bergen", "Bergen]]", "[[CITY|Bergen]]"])
def test_brackets_that_mark_nothing_are_refused(marked: str) -> None:
    with pytest.raises(MarkupError, match="brackets"):
        plain("title", marked)


def test_article_and_gold_say_the_same() -> None:
    seed = read(DOCUMENT)
    article, gold = decode_raw(orjson.dumps(seed.raw_article())).article, seed.gold()
    assert article.title == "Ny ferje til Bergen"
    assert article.text == "Åse Sølvi 😀 åpnet ruta.\n\nFjordlinjen venter 3 000 reisende."
    assert article.authors == ("Åse Bø", "NTX")
    assert gold["article_id"] == article_id(article.url)
    assert (gold["language"], gold["script"], gold["invented"]) == ("no", "Latn", True)
    assert gold["topics"] == ["medtop:04000000", "medtop:14000000"]


def test_decomposed_file_gets_offsets_of_the_composed_text() -> None:
    seed = read(DOCUMENT.replace("Åse Sølvi", "A\u030ase Sølvi"))
    assert seed.entities[1]["surface"] == "Åse Sølvi" == seed.text[:9]


def test_html_format_puts_the_text_into_a_page() -> None:
    article = read(DOCUMENT.replace("topics:", "format: html\ntopics:")).raw_article()
    assert "text" not in article and "title" not in article
    assert "<p>Åse Sølvi 😀 åpnet ruta.</p>" in article["html"]


@pytest.mark.parametrize("line", ["url: ", "language: ", "---"])
def test_incomplete_header_is_named(line: str) -> None:
    kept = [each for each in DOCUMENT.splitlines() if not each.startswith(line)]
    with pytest.raises(MarkupError, match=line.strip(": ")):
        read("\n".join(kept))


def test_appending_twice_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    articles, gold = tmp_path / "articles.jsonl", tmp_path / "gold.jsonl"
    append([read(DOCUMENT)], articles, gold)
    with pytest.raises(MarkupError, match=r"ferry-bergen\.no is already there"):
        append([read(DOCUMENT)], articles, gold)
    assert len(articles.read_bytes().splitlines()) == len(gold.read_bytes().splitlines()) == 1


def test_command_says_in_one_line_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path / "missing.txt")])
    assert stopped.value.code == 1
    assert capsys.readouterr().err.count("\n") == 1
