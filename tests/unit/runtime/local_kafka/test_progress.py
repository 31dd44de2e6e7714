"""What a person sees of the first download."""

import io

from rich.console import Console

from services.runtime.local_kafka.progress import DownloadProgress


def download(console: Console) -> None:
    progress = DownloadProgress("Apache Kafka 4.3.0", console)
    for done in range(3):
        progress(done, 2)
    progress.close()


def test_without_a_terminal_it_is_one_plain_line() -> None:
    out = io.StringIO()
    download(Console(file=out, width=80))
    assert out.getvalue() == "Fetching Apache Kafka 4.3.0 (2 files), once\n"


def test_on_a_terminal_a_bar_runs_to_the_end() -> None:
    out = io.StringIO()
    download(Console(file=out, force_terminal=True, width=100))
    assert "2/2" in out.getvalue()


def test_no_color_is_respected() -> None:
    out = io.StringIO()
    download(Console(file=out, force_terminal=True, width=100, _environ={"NO_COLOR": "1", "TERM": "xterm-256color"}))
    assert "\x1b[3" not in out.getvalue()


def test_nothing_to_fetch_says_nothing() -> None:
    out = io.StringIO()
    DownloadProgress("Apache Kafka 4.3.0", Console(file=out, force_terminal=True)).close()
    assert out.getvalue() == ""
