"""What is an article, what is not, and what happens to bad optional fields."""

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.codec import Undecodable, decode_raw
from tests.support.bad_input import BAD, WARNED, Bad, article

# What can only be seen once the markup and the invisible characters are gone.
_SEEN_BY_THE_TEXT_STAGE = {"blank-text", "invisible-text", "html-without-text", "empty-html"}


@pytest.mark.parametrize("bad", [pytest.param(bad, id=bad.name) for bad in BAD if bad.name not in _SEEN_BY_THE_TEXT_STAGE])
def test_no_article(bad: Bad) -> None:
    with pytest.raises(Undecodable) as refused:
        decode_raw(bad.value)
    assert refused.value.error_class == bad.error_class


@pytest.mark.parametrize(
    ("field", "value"), [pytest.param(f, v, id=f"{f}-{str(v)[:20]}") for f, values in WARNED.items() for v in values]
)
def test_bad_optional_field_becomes_null_with_a_warning(field: str, value: Any) -> None:
    decoded = decode_raw(article(**{field: value}))
    assert decoded.article.text == "Flood in Kisumu."
    assert getattr(decoded.article, field) is None
    assert field in [warning.field.split(".")[0] for warning in decoded.warnings]


def test_only_the_bad_part_of_a_field_is_lost() -> None:
    decoded = decode_raw(article(source={"id": "h", "country": "GBR"}, authors=["A", 3, None, "", "B"]))
    assert decoded.article.source is not None and decoded.article.source.id == "h"
    assert decoded.article.source.country is None
    assert decoded.article.authors == ("A", "B")
    assert {w.field for w in decoded.warnings} == {"source.country", "authors.1", "authors.2", "authors.3"}


def test_bad_text_leaves_good_html() -> None:
    decoded = decode_raw(article(text=7, html="<p>x</p>"))
    assert decoded.article.html == "<p>x</p>"
    assert [w.field for w in decoded.warnings] == ["text"]


def test_unknown_fields_are_no_matter() -> None:
    assert decode_raw(article(embargo="2030", nested={"a": [1]})).warnings == ()


@pytest.mark.parametrize(
    ("given", "value", "precision"),
    [
        ("2023", datetime(2023, 1, 1, tzinfo=UTC), "year"),
        ("2023-09", datetime(2023, 9, 1, tzinfo=UTC), "month"),
        ("2023-09-19", datetime(2023, 9, 19, tzinfo=UTC), "day"),
        ("2023-09-19T16:00+04:00", datetime(2023, 9, 19, 12, tzinfo=UTC), "minute"),
        ("2023-09-19T12:00:05Z", datetime(2023, 9, 19, 12, 0, 5, tzinfo=UTC), "second"),
        ("2023-09-19 12:00:05", datetime(2023, 9, 19, 12, 0, 5, tzinfo=UTC), "second"),
    ],
)
def test_date_is_as_exact_as_it_was_given(given: str, value: datetime, precision: str) -> None:
    date = decode_raw(article(published_at=given)).article.published_at
    assert date is not None
    assert (date.value, date.precision, date.evidence) == (value, precision, "given")
