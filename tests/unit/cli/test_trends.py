"""`newsloom trends`: where it asks, what it says when nobody answers, and names in every script and direction."""

import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from schemas.publication_date import rfc3339
from services.cli.__main__ import main
from services.cli.errors import WrongUse
from services.cli.trends_address import find, remember
from services.cli.trends_view import HEADER, plain, sparkline, table
from services.trends.answer import Answer
from services.trends.web import window_of
from tests.support.command import environment
from tests.support.trend_rows import NOW_S, a_row

FSI, PDI = "\u2068", "\u2069"
WINDOW = window_of(NOW_S, 3_600)
BAKU = a_row(
    "أذربيجان",
    7.25,
    1,
    20,
    languages=(("ar", 15), ("fa", 4), ("ckb", 1), ("az", 1)),
    first_seen=WINDOW.start,
    burst=a_row().burst.model_copy(update={"score": 7.25, "rising": True}),
)
ROWS = (
    BAKU,
    a_row("東京電力ホールディングス" * 5, type="ORG", languages=(("ja", 3),)),
    a_row("çankırı 🌊", sentiment=None),
    a_row("दिल्ली", sentiment=0.3125, sources_complete=False),
)
ANSWER = Answer(now=WINDOW.end, window=WINDOW, trends=ROWS, workers=1, partitions=(0, 1, 2, 3), partial=False)


def drawn(answer: Answer, width: int = 140) -> list[str]:
    """The table's lines on a terminal of so many cells."""
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width)
    console.print(table(answer, width, "Ctrl-C ends"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@contextmanager
def service(status: int, body: bytes, content_type: str = "application/json") -> Iterator[tuple[str, list[str]]]:
    """Something that answers like this at its address, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


# Where


def test_the_address_is_the_given_one(tmp_path: Path) -> None:
    remember(tmp_path, "http://127.0.0.1:7000")
    assert find("https://trends.example/", tmp_path).url == "https://trends.example"


def test_else_that_of_the_last_up(tmp_path: Path) -> None:
    remember(tmp_path / "new", "http://127.0.0.1:7000")
    assert find(None, tmp_path / "new").url == "http://127.0.0.1:7000"


@pytest.mark.parametrize("left", [None, b"", b"\xff\xfe", "صفحة".encode(), b"ftp://a.example"])
def test_else_the_default(left: bytes | None, tmp_path: Path) -> None:
    if left is not None:
        (tmp_path / "trends.address").write_bytes(left)
    assert find(None, tmp_path).url == "http://127.0.0.1:6066"


@pytest.mark.parametrize("given", ["", "localhost:6066", "ftp://a.example", "http://", "http://a.example:port"])
def test_what_is_no_address_is_wrong_use(given: str, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="such as http://127"):
        find(given, tmp_path)


# The command


def test_in_a_pipe_it_comes_once_and_tab_separated(capsys: pytest.CaptureFixture[str]) -> None:
    with service(200, ANSWER.model_dump_json().encode()) as (url, asked):
        assert main(["trends", "--url", url, "--window", "24h", "--type", "LOC", "--lang", "ar", "--limit", "5"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == list(HEADER) and [line[0] for line in lines[1:]] == [row.label for row in ROWS]
    assert len({len(line) for line in lines}) == 1
    assert asked == ["/trends?window=24h&kind=entity&type=LOC&lang=ar&limit=5&order=burst"]


def test_json_is_the_answer(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    with service(200, ANSWER.model_dump_json().encode()) as (url, _):
        assert main(["trends", "--json", "--url", f"{url}/trends"]) == 0
    (line,) = capsysbinary.readouterr().out.splitlines()
    assert Answer.model_validate_json(line) == ANSWER


def test_when_nobody_is_there_it_says_where_it_looked_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with service(200, b"") as (url, _):
        remember(tmp_path, url)
    monkeypatch.setenv("NEWSLOOM_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("TRENDS_URL", raising=False)
    assert main(["trends"]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and len(captured.err.splitlines()) == 1
    assert f"no trends service answers at {url} (where the last `newsloom up` had it)" in captured.err
    assert "`newsloom up` runs one, --url names another" in captured.err


@pytest.mark.parametrize(
    ("status", "body", "code", "said"),
    [
        (503, b'{"detail": "Try again in some seconds."}', 1, "isn't ready: Try again in some seconds."),
        (400, b'{"detail": "order is one of burst, mentions"}', 2, "order is one of burst, mentions"),
        (404, b"404: Not Found", 1, "answered 404: what answers there is no trends service"),
        (200, "<html>صفحة</html>".encode(), 1, "what answers there is no trends service"),
        (200, b"{}", 1, "what answers there is no trends service"),
        (500, b"[]", 1, "answered 500"),
    ],
)
def test_an_answer_that_is_none_is_one_line(
    status: int, body: bytes, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with service(status, body) as (url, _):
        assert main(["trends", "--url", url]) == code
    captured = capsys.readouterr()
    assert said in captured.err and len(captured.err.splitlines()) == 1 and captured.out == ""


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--window", "2h", "--window is one of 1h, 24h, 7d"),
        ("--kind", "person", "--kind is one of entity, language, country, topic"),
        ("--type", "person", "--type is one of PER, ORG, LOC, MISC"),
        ("--lang", "عربي", "--lang is a BCP 47 language tag"),
        ("--order", "new", "--order is one of burst, mentions"),
    ],
)
def test_wrong_use_is_noticed_before_anybody_is_asked(
    option: str, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trends", "--url", "http://127.0.0.1:1", option, value]) == 2
    assert said in capsys.readouterr().err


# The table


def test_every_row_is_a_line_that_fits() -> None:
    lines = drawn(ANSWER)
    assert sum("▲" in line for line in lines) == 1
    assert all(cell_len(line) <= 140 for line in lines)
    assert len(lines) == 4 + len(ROWS), "title, heading, rule and footer beside them: no row is broken"


@pytest.mark.parametrize("width", [30, 60, 80, 100, 200])
def test_no_isolate_is_left_open_however_narrow_the_terminal_is(width: int) -> None:
    for line in drawn(ANSWER.model_copy(update={"trends": (a_row("أذربيجان " * 20), *ROWS)}), width):
        assert line.count(FSI) == line.count(PDI)


@pytest.mark.parametrize(
    ("width", "left_out"),
    [(140, set()), (120, {"since"}), (80, {"since", "score", "languages", "sources", "sentiment", "type"})],
)
def test_a_narrow_terminal_gets_fewer_columns_whole(width: int, left_out: set[str]) -> None:
    heading, *rows = [line for line in drawn(ANSWER, width)[1:-1] if "──" not in line]
    every = {"name", "type", "mentions", "score", "originals", "copies", "sources", "sentiment", "languages", "since"}
    assert set(heading.split()) == every - left_out
    assert all("▁" * 23 + "█" in row for row in rows)


def test_a_name_from_right_to_left_is_isolated_on_a_terminal_and_plain_in_a_pipe() -> None:
    assert any(f"{FSI}أذربيجان{PDI}" in line for line in drawn(ANSWER))
    assert plain(BAKU)[0] == "أذربيجان"


def test_a_row_says_all_that_is_known() -> None:
    (line,) = [line for line in drawn(ANSWER) if "أذربيجان" in line]
    said = line.replace(FSI, "").replace(PDI, "").split()
    assert said == ["▲", "أذربيجان", "LOC", "▁" * 23 + "█", "7.2", "1", "20", "2", "−0.42", "ar", "fa", "ckb", "+1", "new"]


def test_in_a_pipe_a_row_has_every_number() -> None:
    assert plain(ROWS[3]) == (
        "दिल्ली",
        "LOC",
        "",
        "0.50",
        "3",
        "0",
        "2+",
        "+0.31",
        "en:3",
        rfc3339(ROWS[3].first_seen),
        "0 " * 23 + "3",
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"partial": True}, "NOT COMPLETE"),
        ({"now": None, "window": None, "trends": ()}, "no article so far"),
        ({"trends": ()}, "nothing yet"),
        ({}, "2023-09-19 12:45 to 2023-09-19 13:45 UTC"),
    ],
)
def test_the_table_says_what_it_is_about(change: dict[str, Any], said: str) -> None:
    assert said in " ".join(" ".join(drawn(ANSWER.model_copy(update=change))).split())


def test_a_name_is_never_obeyed_by_the_terminal() -> None:
    assert not any(
        "\x1b" in line or "\x07" in line for line in drawn(ANSWER.model_copy(update={"trends": (a_row("a\x1b[2J\x07b"),)}))
    )


@pytest.mark.parametrize(
    ("counts", "bars"),
    [((0, 0, 0), "▁▁▁"), ((0, 1, 7), "▁▂█"), ((1,), "█"), ((1, 1_000), "▂█"), ((), ""), ((4, 8), "▅█")],
)
def test_a_sparkline_shows_the_smallest_number_that_is_not_zero(counts: tuple[int, ...], bars: str) -> None:
    assert sparkline(counts) == bars


def test_the_command_needs_no_faust(tmp_path: Path) -> None:
    """The image of the command has it not."""
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('faust', 'rocksdict', 'numpy', 'aiohttp')));"
        "from services.cli.__main__ import main; sys.exit(main(['trends', '--url', 'http://127.0.0.1:1', '--json']))"
    )
    ran = subprocess.run([sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True)
    assert ran.returncode == 1 and "no trends service answers at http://127.0.0.1:1" in ran.stderr
