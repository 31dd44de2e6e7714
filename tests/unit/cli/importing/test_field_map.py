"""Columns become fields: the given ones, else those of the same name."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from services.cli.errors import CouldNot, WrongUse
from services.cli.importing.field_map import document, parse_map


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        (["title"], "--map is FIELD=COLUMN, not title"),
        (["titel=a"], "a raw article has no field titel: one of url, canonical_url, title"),
        (["title=a", "title=b"], "gives title two columns"),
    ],
)
def test_a_map_is_checked(pairs: list[str], said: str) -> None:
    with pytest.raises(WrongUse, match=said):
        parse_map(pairs)


@pytest.mark.parametrize(
    ("pairs", "columns", "found"),
    [
        ([], ["url", "text", "other"], {"url": "url", "text": "text"}),
        (["url=link", "text=body.plain"], ["link", "body", "title"], {"url": "link", "text": "body.plain", "title": "title"}),
        (["title="], ["url", "text", "title"], {"url": "url", "text": "text"}),
        (["html=seite"], ["url", "seite"], {"url": "url", "html": "seite"}),
    ],
)
def test_the_columns_of_a_table(pairs: list[str], columns: list[str], found: dict[str, str]) -> None:
    assert parse_map(pairs).required_columns(columns, "a.csv") == found


@pytest.mark.parametrize(
    ("pairs", "columns", "said"),
    [
        ([], ["link", "text"], "a.csv has no column url: say which one it is with --map url=COLUMN; it has link, text"),
        ([], ["url", "body"], "a.csv has neither a column text nor html: say which one it is with --map text=COLUMN"),
        (["title=kop"], ["url", "text"], "a.csv has no column kop for title: it has url, text"),
    ],
)
def test_a_missing_column_is_named(pairs: list[str], columns: list[str], said: str) -> None:
    with pytest.raises(CouldNot) as caught:
        parse_map(pairs).required_columns(columns, "a.csv")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("किसुमु", "किसुमु"),
        (datetime(2023, 9, 19, 8, 30), "2023-09-19T08:30:00Z"),
        (datetime(2023, 9, 19, 8, 30, 0, 5, UTC), "2023-09-19T08:30:00.000005Z"),
        (date(2023, 9, 19), "2023-09-19"),
        (7, "7"),
        (Decimal("1.50"), "1.50"),
        ("पाठ".encode(), "पाठ"),
        (float("nan"), None),
        (None, None),
        ("", None),
    ],
)
def test_a_cell_as_json(cell: Any, value: str | None) -> None:
    assert document({"a": cell}, {"section": "a"}).get("section") == value


@pytest.mark.parametrize(
    ("cell", "names"),
    [("А. Иванов; 李雷;", ["А. Иванов", "李雷"]), (["a", None, " b "], ["a", "b"]), ("", None), (7, None)],
)
def test_authors_are_a_list(cell: Any, names: list[str] | None) -> None:
    assert document({"authors": cell}, {"authors": "authors"}).get("authors") == names


def test_a_source_is_put_together_and_a_dot_leads_into_a_column() -> None:
    row = {"outlet": {"slug": "herald", "land": "KE"}, "outlet.name": "The Herald"}
    columns = {
        "source_id": "outlet.slug",
        "source_name": "outlet.name",
        "source_country": "outlet.land",
        "title": "outlet.no.such",
    }
    assert document(row, columns) == {"source": {"id": "herald", "name": "The Herald", "country": "KE"}}
