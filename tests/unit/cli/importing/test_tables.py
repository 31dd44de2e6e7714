"""JSON lines, CSV and Parquet: each row an article or a reason, from wherever reading begins; broken files in one line."""

import gzip
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas.raw_article import RawArticle
from services.cli.errors import CouldNot
from services.cli.importing import csv_rows, jsonl
from services.cli.importing.csv_rows import open_csv
from services.cli.importing.field_map import parse_map
from services.cli.importing.jsonl import open_jsonl
from services.cli.importing.parquet import open_parquet
from services.cli.importing.zstandard import zstd
from services.cli.inputs import Input

TEXTS = ("Überschwemmung in Győr", "فيضان في كيسومو", "किसुमु में बाढ़", "基苏木洪水 🌊")
ROWS = [{"url": f"https://herald.example/{n}", "text": text} for n, text in enumerate(TEXTS)]


def lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def from_jsonl(path: Path, *pairs: str, after: int = 0) -> list[Input]:
    with open_jsonl(path, after, parse_map(pairs)) as opened:
        return list(opened.inputs)


def from_csv(path: Path, *pairs: str, after: int = 0, encoding: str = "utf-8-sig", delimiter: str | None = None) -> list[Input]:
    with open_csv(path, after, parse_map(pairs), encoding, delimiter) as opened:
        return list(opened.inputs)


def from_parquet(path: Path, *pairs: str, after: int = 0) -> list[Input]:
    with open_parquet(path, after, parse_map(pairs)) as opened:
        return list(opened.inputs)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def articles(found: list[Input]) -> list[dict[str, Any]]:
    return [json.loads(each.value) for each in found if each.refusal is None]


def reasons(found: list[Input]) -> list[str]:
    return [each.refusal.error_class if each.refusal else "article" for each in found]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress], ids=["plain", "gzip", "zstd"])
def test_lines_are_articles_as_they_are(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", pack(b"\xef\xbb\xbf" + lines(*ROWS[:2]) + b"\r\n \n") + pack(lines(*ROWS[2:])[:-1]))
    assert articles(from_jsonl(path)) == ROWS
    assert articles(from_jsonl(path, after=3)) == ROWS[3:]


def test_objects_of_another_shape_are_mapped(tmp_path: Path) -> None:
    rows = [
        {"link": "https://a.example/1", "body": {"plain": TEXTS[2]}, "title": "عنوان", "id": 7},
        {"link": "https://a.example/2"},
    ]
    found = from_jsonl(written(tmp_path / "a.jsonl", lines(*rows) + b"[]\n{\n"), "url=link", "text=body.plain", "source_id=id")
    assert articles(found) == [
        {"url": "https://a.example/1", "title": "عنوان", "text": TEXTS[2], "source": {"id": "7"}},
        {"url": "https://a.example/2"},
    ]
    assert reasons(found)[2:] == ["invalid_shape", "invalid_json"]


def test_a_line_that_is_too_long_is_refused_and_the_next_one_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MAX_BYTES", 100)
    path = written(tmp_path / "a.jsonl", lines(ROWS[0], {"text": "x" * 200_000}, ROWS[1]))
    assert reasons(from_jsonl(path)) == ["article", "body_too_large", "article"]


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress], ids=["gzip", "zstd"])
def test_a_compressed_file_that_breaks_off_gives_what_it_has_and_then_says_so(
    pack: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    packed = pack(lines(*ROWS * 20_000))
    with open_jsonl(written(tmp_path / "a.jsonl.gz", packed[: len(packed) // 2]), 0, parse_map([])) as opened:
        assert [next(opened.inputs).line for _ in range(3)] == [1, 2, 3]
        with pytest.raises(CouldNot, match=r"a\.jsonl\.gz is cut off"):
            list(opened.inputs)


@pytest.mark.parametrize("content", [b"[{}]", b"url,text\n", gzip.compress(b"WARC/1.0\r\n", mtime=0), b"PAR1"])
def test_another_file_is_no_file_of_lines(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(CouldNot, match="is no file of JSON lines: it "):
        from_jsonl(written(tmp_path / "a.jsonl", content))


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    assert from_jsonl(written(tmp_path / "a.jsonl", b"")) == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress], ids=["plain", "gzip", "zstd"])
def test_rows_are_articles(delimiter: str, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    rows = [["url", "text", "authors"], *([row["url"], f'"{row["text"]}\n—"', '"A. B; 李雷"'] for row in ROWS)]
    path = written(tmp_path / "a.csv", pack("\ufeff".encode() + "\r\n".join(map(delimiter.join, rows)).encode()))
    expected = [{**row, "text": f"{row['text']}\n—", "authors": ["A. B", "李雷"]} for row in ROWS]
    assert articles(from_csv(path)) == expected
    assert articles(from_csv(path, after=1)) == expected[1:]


def test_a_legacy_encoding_and_a_delimiter_can_be_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", f"url^text\nurn:a:1^{TEXTS[1]}\n".encode("cp1256"))
    assert articles(from_csv(path, encoding="cp1256", delimiter="^")) == [{"url": "urn:a:1", "text": TEXTS[1]}]


def test_what_is_wrong_with_a_row_costs_that_row(tmp_path: Path) -> None:
    content = b"""url,text\nurn:a:1,a\nurn:a:2,a,b\nurn:a:3,\xff\n"urn:a:4"x,a\n\nurn:a:5\nurn:a:6,a\n"urn:a:7,open"""
    found = from_csv(written(tmp_path / "a.csv", content))
    assert reasons(found) == ["article", "broken_row", "invalid_utf8", "broken_row", "article", "article", "broken_row"]
    assert [each["url"] for each in articles(found)] == ["urn:a:1", "urn:a:5", "urn:a:6"]


def test_a_quote_that_is_never_closed_does_not_take_the_rest_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "_MAX_ROW_CHARACTERS", 1_000)
    path = written(tmp_path / "a.csv", b'url,text\nurn:a:1,a\nurn:a:2,"' + b"x\n" * 2_000)
    with open_csv(path, 0, parse_map([]), "utf-8", None) as opened:
        assert next(opened.inputs).refusal is None
        with pytest.raises(CouldNot, match=r"has a row without an end, number 2: is a quote not closed"):
            next(opened.inputs)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no CSV file"),
        (b"PAR1\x15", "is no CSV file: it looks like Parquet"),
        (b"\x00\x01\x02\x03", "is no CSV file: its first line"),
        (b"link,text\n", "has no column url: say which one it is with --map url=COLUMN; it has link, text"),
        ("url,text\n".encode("utf-16"), "is no CSV file"),
    ],
)
def test_another_file_is_no_csv(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(CouldNot, match=r"a\.csv") as caught:
        from_csv(written(tmp_path / "a.csv", content))
    assert said in str(caught.value)


def parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=50)
    return path


def test_parquet_rows_are_articles(tmp_path: Path) -> None:
    rows = [
        {"link": f"https://herald.example/{n}", "body": {"plain": TEXTS[n % 4]}, "at": datetime(2023, 9, 19), "authors": ["李雷"]}
        for n in range(200)
    ]
    path = parquet(tmp_path / "a.parquet", rows)
    found = articles(from_parquet(path, "url=link", "text=body.plain", "published_at=at"))
    assert found[199] == {
        "url": "https://herald.example/199",
        "text": TEXTS[3],
        "published_at": "2023-09-19T00:00:00Z",
        "authors": ["李雷"],
    }
    assert articles(from_parquet(path, "url=link", "text=body.plain", "published_at=at", after=130)) == found[130:]
    assert RawArticle.model_validate(found[0]).published_at is not None


def test_a_parquet_cell_that_is_no_text_costs_its_row(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", [{"url": "urn:a:1", "text": b"\xff"}, {"url": "urn:a:2", "text": TEXTS[2].encode()}])
    assert reasons(from_parquet(path)) == ["invalid_utf8", "article"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no Parquet file: it is empty"),
        (b"url,text\n", "is no Parquet file: it begins with b'url,text"),
        (gzip.compress(b"PAR1", mtime=0), "is no Parquet file: it looks like gzip"),
        (b"PAR1" + b"\0" * 100, "is no whole Parquet file: "),
    ],
)
def test_another_file_is_no_parquet(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(CouldNot, match="parquet") as caught:
        from_parquet(written(tmp_path / "a.parquet", content))
    assert said in str(caught.value)


def test_a_parquet_file_that_is_damaged_inside_says_where(tmp_path: Path) -> None:
    path = parquet(tmp_path / "a.parquet", [{"url": f"urn:a:{n}", "text": f"{n} {TEXTS[1]}" * 50} for n in range(500)])
    broken = bytearray(path.read_bytes())
    middle = len(broken) // 2
    broken[middle : middle + 400] = b"\xff" * 400
    with pytest.raises(CouldNot, match=r"is damaged behind row \d+: "):
        from_parquet(written(path, bytes(broken)))
