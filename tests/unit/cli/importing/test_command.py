"""`newsloom import` without a broker: help with examples, wrong use in one line, and a broken file in one line."""

import gzip
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.cli.__main__ import main
from tests.support.archive import TEXTS, Record, answer, archive, page


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    """What the command sets up for its process does not reach the next test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize("format", ["warc", "jsonl", "csv", "parquet"])
def test_every_format_teaches_with_an_example(format: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", format, "--help"]) == 0
    assert f"Example: newsloom import {format}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["warc"], 2, "Missing argument 'PATH...'"),
        (["warc", "missing.warc"], 2, "missing.warc: No such file or directory"),
        (["warc", "."], 2, ". is a folder"),
        (["warc", "-"], 2, "an import reads files"),
        (["warc", "/dev/null"], 2, "an import reads files"),
        (["warc", "--map", "url=a", "a.csv"], 2, "No such option: --map"),
        (["jsonl", "--map", "url", "a.csv"], 2, "--map is FIELD=COLUMN, not url"),
        (["parquet", "--map", "headline=title", "a.csv"], 2, "a raw article has no field headline"),
        (["csv", "--encoding", "utf-9", "a.csv"], 2, "there is no encoding utf-9"),
        (["csv", "--delimiter", ", ", "a.csv"], 2, "--delimiter is one character"),
        (
            ["csv", "--dry-run", "a.csv"],
            1,
            "a.csv has no column url: say which one it is with --map url=COLUMN; it has link, text",
        ),
        (["csv", "--dry-run", "--map", "url=href", "a.csv"], 1, "a.csv has no column href for url: it has link, text"),
        (["csv", "--dry-run", "--encoding", "ascii", "--map", "url=link", "cut.gz"], 1, "cut.gz is cut off"),
        (["jsonl", "--dry-run", "a.csv"], 1, "a.csv is no file of JSON lines"),
        (["warc", "--dry-run", "a.csv"], 1, "a.csv is no WARC file: it begins with b'link,text"),
        (["warc", "--dry-run", "cut.gz"], 1, "cut.gz is no WARC file"),
        (["parquet", "--dry-run", "a.csv"], 1, "a.csv is no Parquet file"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_bytes(b"link,text\nurn:a:1,a\n")
    Path("cut.gz").write_bytes(gzip.compress(b"link,text\n" + b"urn:a:1,a\n" * 100_000)[:-1_000])
    assert main(["import", *arguments]) == code
    captured = capsys.readouterr()
    assert captured.err.startswith("newsloom: ") and captured.err.count("\n") == 1
    assert said in captured.err and captured.out == ""


def test_the_books_of_several_files_are_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = archive(tmp_path / "one.warc.gz", [answer("https://herald.example/1", page(TEXTS[0])), Record("request")])
    two = archive(tmp_path / "two.warc.gz", [Record(status="302 Found")])
    assert main(["import", "warc", "--dry-run", str(one), str(two)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{one}: in 2 = articles 1 + skipped 1 (request_record: 1); nothing was sent (--dry-run)",
        f"{two}: in 1 = articles 0 + skipped 1 (redirect: 1); nothing was sent (--dry-run)",
    ]
