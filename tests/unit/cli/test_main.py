"""`newsloom` itself: help, versions, wrong use; one line on standard error and no traceback."""

import logging
from collections.abc import Iterator

import pytest

from services.cli.__main__ import main


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    """What the command sets up for its process does not reach the next test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize(
    "command",
    [
        *("up", "demo", "enrich", "publish", "tail", "trends", "export", "evaluate", "status", "doctor"),
        *("topics apply", "topics list"),
        *("dlq list", "dlq show", "dlq redrive", "dlq park", "skip", "replay"),
        *("group pause", "group resume", "group seek", "keys new"),
        *("import warc", "import jsonl", "import csv", "import parquet"),
        *("models list", "models verify", "schema list", "schema show"),
    ],
)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_teaches_with_an_example(command: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command.split(), option]) == 0
    assert f"Example: newsloom {command}" in " ".join(capsys.readouterr().out.split())


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert {"demo", "up", "enrich"} <= set(capsys.readouterr().out.split())


@pytest.mark.parametrize("arguments", [[], ["topics"], ["schema"]])
def test_a_missing_command_is_wrong_use_and_shows_the_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("Usage: newsloom") and captured.out == ""


def test_the_version_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("newsloom ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["enrich", "--wrong"], "No such option: --wrong"),
        (["wrong"], "No such command 'wrong'"),
        (["tail"], "Missing argument 'TOPIC'"),
        (["tail", "news.wrong"], "there is no topic news.wrong: one of news.raw, news.enriched, news.raw.dlq"),
        (["tail", "news.raw", "--lang", "ar"], "--lang is for news.enriched"),
        (["tail", "news.raw", "--from", "yesterday"], "--from is beginning, end, an offset or a time"),
        (["publish", "--repeat", "0", "-"], "Invalid value for '--repeat'"),
        (["export", "news.raw", "--format", "xls"], "Invalid value for '--format'"),
        (["export", "news.raw", "-o", "/no/such/folder/x.csv"], "/no/such/folder is no folder"),
        (["enrich", "no-such-file.txt"], "no-such-file.txt: No such file or directory"),
        (["demo", "--seeds", "no-such-folder"], "no-such-folder is no file, and no folder with articles.jsonl"),
        (["schema", "show", "news.raw", "--version", "9"], "news.raw has no version 9"),
        (["dlq", "redrive"], "which dead letters? Name some (PARTITION:OFFSET), give a filter, or say --all"),
        (["dlq", "redrive", "--edit", "x.json", "--all"], "--edit is for one dead letter"),
        (["dlq", "redrive", "0:1", "--edit", "no-such-file.json"], "no-such-file.json: No such file or directory"),
        (["dlq", "park", "7"], "a dead letter is named PARTITION:OFFSET, such as 2:17, not 7"),
        (["dlq", "list", "--since", "yesterday"], "--since is a time such as 2024-05-31T12:00:00Z, not yesterday"),
        (["skip", "news.wrong", "0", "0"], "there is no topic news.wrong"),
        (["skip", "news.raw", "-1", "0"], "No such option: -1"),
        (["replay", "--revision", "New Model"], "a revision is named by small letters"),
        (["replay", "--revision", "a", "--to", "soon"], "--to is beginning, end, an offset or a time"),
        (["group", "seek", "soon"], "POSITION is beginning, end, an offset or a time"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("newsloom: ") and captured.err.count("\n") == 1
    assert said in captured.err
    assert captured.out == ""


@pytest.mark.parametrize("arguments", [["--debug", "tail", "news.wrong"], ["tail", "news.wrong", "--debug"]])
def test_debug_shows_where_a_mistake_was_noticed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_schema_is_printed_as_it_is_published(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["schema", "show", "news.raw.dlq"]) == 0
    assert b'"$id": "urn:newsloom:news.raw.dlq:v1"' in capsysbinary.readouterr().out
