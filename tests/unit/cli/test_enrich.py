"""`newsloom enrich` around made-up stages: order, exit codes, and who is told what."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.cli.commands.enrich import batches, enrich_all
from services.cli.formats import Format
from services.cli.inputs import Input
from services.enricher.offline import offline
from services.enricher.pipeline import Pipeline
from services.enricher.settle import Published
from services.enricher.stage import Draft, Model
from services.runtime.errors import InvalidRecord
from tests.support.enricher import AlwaysEnglish, PlainText

ENRICHER = offline(Pipeline((PlainText(), AlwaysEnglish())), 1_000)


@dataclass(frozen=True)
class Refusing:
    """A language stage that can't stand one word."""

    name: str = "language"
    model: Model = field(default_factory=lambda: Model("refusing", "1"))

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        if any("refused" in draft.text for draft in drafts):
            raise InvalidRecord("no_language", "nothing to say", "language")
        return AlwaysEnglish()(drafts)


def run(folder: Path, lines: Sequence[str | bytes], enricher: object = ENRICHER) -> tuple[int, list[Published]]:
    path = folder / "articles.jsonl"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    shown: list[Published] = []
    return enrich_all([str(path)], Format.AUTO, enricher, shown.append), shown  # type: ignore[arg-type]


def line(text: str, number: int = 0) -> str:
    return json.dumps({"url": f"https://a.example/{number}", "text": text}, ensure_ascii=False)


def test_every_article_comes_out_in_order_and_the_exit_code_is_0(tmp_path: Path) -> None:
    texts = ["Größe", "خبر", "समाचार", "新闻", "😀"] * 5
    code, shown = run(tmp_path, [line(text, number) for number, text in enumerate(texts)])
    assert code == 0
    assert [enriched.article.text for enriched in shown] == texts


def test_the_bytes_shown_are_the_record(tmp_path: Path) -> None:
    _, (enriched,) = run(tmp_path, [line("خبر")])
    assert json.loads(enriched.outcome.message.value or b"")["article_id"] == enriched.article.article_id


def test_what_cannot_be_enriched_is_named_with_file_line_and_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str | bytes] = [
        line("a", 1),
        "",
        b'{"url": "https://a.example/2", "text": "\xff"}',
        "[]",
        line("b" * 2_000, 3),
        line("c", 4),
    ]
    code, shown = run(tmp_path, lines)
    assert code == 1
    assert [enriched.article.text for enriched in shown] == ["a", "c"]
    told = [text.removeprefix(str(tmp_path / "articles.jsonl")).split(": ")[:2] for text in capsys.readouterr().err.splitlines()]
    assert told == [[":3", "invalid_utf8"], [":4", "invalid_shape"], [":5", "body_too_large"]]


def test_one_article_that_a_stage_refuses_costs_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refusing = offline(Pipeline((PlainText(), Refusing())), 1_000)
    code, shown = run(tmp_path, [line("a", 1), line("refused", 2), line("b", 3), line("c", 4)], refusing)
    assert (code, [enriched.article.text for enriched in shown]) == (1, ["a", "b", "c"])
    assert ":2: no_language: nothing to say" in capsys.readouterr().err


def test_collected_at_of_a_file_is_when_it_was_last_changed(tmp_path: Path) -> None:
    _, (enriched,) = run(tmp_path, [line("a")])
    changed_ms = (tmp_path / "articles.jsonl").stat().st_mtime_ns // 1_000_000
    assert round(enriched.article.collected_at.timestamp() * 1000) == changed_ms


def test_the_first_batch_is_one_input_and_no_batch_is_large() -> None:
    inputs = [Input("x", number, b"{}", 0) for number in range(40)]
    sizes = [len(batch) for batch in batches(iter(inputs))]
    assert (sizes[0], sum(sizes), max(sizes) <= 8) == (1, 40, True)
