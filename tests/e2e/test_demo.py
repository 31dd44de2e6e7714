"""`newsloom demo` as a newcomer runs it."""

import json
import re
from pathlib import Path

import pytest

from tests.support.command import ROOT, newsloom

pytestmark = [pytest.mark.kafka, pytest.mark.model]


def test_the_demo_shows_what_it_enriched_and_its_books_balance(tmp_path: Path) -> None:
    ended = newsloom("demo", "--limit", "5", "--json", data=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.err.splitlines()[-1] == "in 5 = enriched 5 + dead letters 0 + withdrawn 0"
    records = [json.loads(line) for line in ended.lines]
    first = json.loads((ROOT / "seeds/articles.jsonl").read_text("utf-8").splitlines()[0])
    karabakh = next(record for record in records if record["url"] == first["url"])
    assert len(records) == 5
    assert (karabakh["language"]["tag"], karabakh["sentiment"]["label"]) == ("ar", "negative")
    assert "باكو" in {entity["name"] for entity in karabakh["entities"] if entity["type"] == "LOC"}


def test_what_is_no_article_is_a_dead_letter_and_still_balances(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_bytes(b'{"url": "https://a.example/1", "text": "Hello from Nairobi."}\nnot json\n\xff\n')
    ended = newsloom("demo", "--seeds", "mine.jsonl", data=tmp_path, env={"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"})
    assert ended.code == 0, ended.err
    assert ended.lines[-1] == "in 3 = enriched 1 + dead letters 2 + withdrawn 0"
    assert {"dead letter invalid_json in decode", "dead letter invalid_utf8 in decode"} <= {
        re.sub(r"  news\.raw-.*", "", line) for line in ended.lines
    }
    assert "KAFKA_BOOTSTRAP_SERVERS is set and not used" in ended.err
    assert "\x1b" not in ended.out.decode()


def test_an_enricher_that_cannot_work_is_one_clear_line_with_its_last_words(tmp_path: Path) -> None:
    ended = newsloom("demo", "--limit", "1", data=tmp_path, env={"ENRICHER_MODELS_DIR": str(tmp_path)})
    assert ended.code == 1
    last = ended.err.splitlines()[-1]
    assert last.startswith("newsloom: the enricher ended with exit code 1: ") and "manifest.toml" in last
