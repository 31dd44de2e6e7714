"""Annotated files as they lie on a disk: packed or not, JSON or columns, and what is wrong with those that can't be read."""

import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.enricher.evaluation.errors import BadAnnotation
from services.enricher.evaluation.rows import Form, Row
from services.enricher.evaluation.survey import Source, survey
from services.enricher.evaluation.tasks import TASKS, TaskName

ROOT = Path(__file__).parents[4]

CONLL = """-DOCSTART- -X- O

# text = Vitamin E hilft
Baku NNP B-LOC
grüßt VVFIN O
Ägypten NE B-LOC

# O
🎉 O
"""


def source(path: Path, task: TaskName, language: str | None = None) -> Source:
    return Source(path, TASKS[task].parse, TASKS[task].columns, language)


def rows(path: Path, task: TaskName = TaskName.ENTITIES, language: str | None = None) -> list[Row]:
    return list(source(path, task, language).rows())


def written(folder: Path, name: str, lines: Sequence[object]) -> Path:
    path = folder / name
    path.write_text("".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in lines), encoding="utf-8")
    return path


def test_tokens_and_tags(tmp_path: Path) -> None:
    path = written(tmp_path, "x.jsonl", [{"lang": "ar", "tokens": ["قالت", "وباكو", "."], "tags": ["O", "B-LOC", "O"]}])
    (row,) = rows(path)
    assert (row.language, row.text, row.words) == ("ar", "قالت وباكو.", [(0, 4), (5, 10), (10, 11)])
    assert row.gold == {(1, 2, "LOC")}


def test_text_and_entities_keep_their_offsets(tmp_path: Path) -> None:
    text = "🎉 Zürich grüßt  नई दिल्ली"
    entities = [{"start": 2, "end": 8, "type": "LOC"}, {"start": 16, "end": len(text), "type": "LOC"}]
    (row,) = rows(written(tmp_path, "x.jsonl", [{"lang": "de", "text": text, "entities": entities}]))
    assert row.text == text
    assert {text[start:end] for start, end, _ in row.gold} == {"Zürich", "नई दिल्ली"}


def test_packed_files_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    line = json.dumps({"lang": "zh", "text": "好消息", "label": "positive"}, ensure_ascii=False)
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + line.encode() + b"\r\n\r\n" + line.encode()))
    found = rows(path, TaskName.SENTIMENT)
    assert [(row.line, row.text, row.gold) for row in found] == [(n, "好消息", frozenset({("positive",)})) for n in (1, 3)]


def test_conll_columns_take_the_language_from_the_name(tmp_path: Path) -> None:
    path = written(tmp_path, "de.news.conll", [CONLL])
    found = rows(path)
    assert [(row.line, row.language, row.text) for row in found] == [(4, "de", "Baku grüßt Ägypten"), (8, "de", "# 🎉")]
    assert [row.gold for row in found] == [{(0, 1, "LOC"), (2, 3, "LOC")}, set()]


def test_what_is_said_wins_over_the_name(tmp_path: Path) -> None:
    assert rows(written(tmp_path, "de.conll", ["Paris\tB-LOC"]), language="fr")[0].language == "fr"


def test_code_and_text(tmp_path: Path) -> None:
    path = written(tmp_path, "codes.tsv", ["arb_Arab\tخبر عاجل", "zh-Hant\t新聞", "", "deu\tNachricht\tmit Tab", "pcm\tHow far"])
    assert [row.language for row in rows(path, TaskName.LANGUAGE)] == ["ar", "zh", "de", "pcm"]
    assert rows(path, TaskName.LANGUAGE)[2].text == "Nachricht\tmit Tab"


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("science/technology", "13"),
        ("travel", "10"),
        ("geography", "06"),
        ("sports", "15"),
        ("business", "04"),
        ("medtop:16000000", "16"),
        ("11", "11"),
        ("07000000", "07"),
        ("conflict, war and peace", "16"),
    ],
)
def test_topics_by_code_by_name_and_as_corpora_call_them(label: str, code: str, tmp_path: Path) -> None:
    (one,) = rows(written(tmp_path, "x.jsonl", [{"lang": "he", "text": "חדשות", "label": label}]), TaskName.TOPICS)
    assert (one.form, one.gold) == (Form.LABEL, frozenset({(f"medtop:{code}000000",)}))


def test_several_topics_with_a_title(tmp_path: Path) -> None:
    line = {"lang": "en", "title": "Vote", "text": "They voted.", "topics": ["11", "medtop:02000000"]}
    (row,) = rows(written(tmp_path, "x.jsonl", [line]), TaskName.TOPICS)
    assert (row.form, row.title) == (Form.TOPICS, "Vote")
    assert row.gold == {("medtop:11000000",), ("medtop:02000000",)}


def test_the_examples_of_the_documentation_can_be_read(tmp_path: Path) -> None:
    page = (ROOT / "docs/evaluating.md").read_text(encoding="utf-8")
    examples = re.findall(r"^\| (\w+)[^|]* \| `(\{.*?\})`", page, re.MULTILINE)
    read = [rows(written(tmp_path, "x.jsonl", [row]), TaskName(task)) for task, row in examples]
    conll, codes = re.findall(r"^```\n((?:\S+[ \t].+\n)+)```", page, re.MULTILINE)[-2:]
    read += [
        rows(written(tmp_path, "ar.conll", [conll])),
        rows(written(tmp_path, "codes.tsv", [codes.strip()]), TaskName.LANGUAGE),
    ]
    assert [len(each) for each in read] == [1, 1, 1, 1, 1, 1, 1, 3]


def test_the_survey_counts_the_whole_file(tmp_path: Path) -> None:
    lines = [{"lang": "en", "tokens": ["Ann"], "tags": [tag]} for tag in ("B-PER", "O", "B-PER", "B-MISC")]
    found = survey(source(written(tmp_path, "x.jsonl", lines), TaskName.ENTITIES))
    assert (found.form, found.classes, found.languages) == (Form.TOKENS, {"PER": 2, "MISC": 1}, {"en"})


GOOD = {"lang": "en", "tokens": ["Ann"], "tags": ["B-PER"]}
TEXT = {"lang": "en", "text": "Ann"}


@pytest.mark.parametrize(
    ("task", "lines", "said"),
    [
        ("entities", [], "x.jsonl: no rows"),
        ("entities", [GOOD, "{"], "x.jsonl:2: no JSON"),
        ("entities", [GOOD, "", "[1]"], "x.jsonl:3: no JSON object"),
        ("entities", [{**GOOD, "tags": ["B"]}], "x.jsonl:1: the tag 'B' has no type"),
        ("entities", [{**GOOD, "tags": ["B-DATE"]}], "x.jsonl:1: unknown type 'DATE': one of PER, ORG, LOC, MISC"),
        ("entities", [{**GOOD, "tags": []}], "x.jsonl:1: 1 tokens, but 0 tags"),
        ("entities", [{**GOOD, "tokens": "Ann"}], 'x.jsonl:1: "tokens" is no list of texts'),
        ("entities", [TEXT], 'x.jsonl:1: neither "tokens" and "tags" nor "text" and "entities"'),
        ("entities", [GOOD, {**TEXT, "entities": []}], "x.jsonl:2: mixed formats: text and entities, but tokens and tags before"),
        (
            "entities",
            [{**TEXT, "entities": [{"start": 0, "end": 4, "type": "PER"}]}],
            "x.jsonl:1: an entity from 0 to 4 in a",
        ),
        ("entities", [{**TEXT, "entities": [{"start": 2, "end": 2, "type": "PER"}]}], "x.jsonl:1: an entity from 2 to 2"),
        ("entities", [{**TEXT, "entities": [{"start": "0", "end": 2, "type": "PER"}]}], "x.jsonl:1: an entity from 0 to 2"),
        ("entities", [{**TEXT, "entities": [{"start": 0}]}], "x.jsonl:1: an entity without start, end and type"),
        ("entities", [{**GOOD, "lang": "english"}], "x.jsonl:1: 'english' is no language code"),
        ("entities", [{"tokens": ["Ann"], "tags": ["O"]}], "x.jsonl:1: no language"),
        ("sentiment", [{**TEXT, "label": "mixed"}], "x.jsonl:1: unknown label 'mixed': one of negative, neutral, positive"),
        ("sentiment", [{"lang": "en", "text": " ", "label": "neutral"}], 'x.jsonl:1: no "text"'),
        ("sentiment", [{**TEXT, "title": 7, "label": "neutral"}], 'x.jsonl:1: "title" is no text'),
        ("topics", [{**TEXT, "label": "gossip"}], "x.jsonl:1: unknown topic 'gossip'"),
        ("topics", [{**TEXT, "topics": ["99"]}], "x.jsonl:1: unknown topic '99'"),
        ("topics", [{**TEXT, "topics": [], "label": "health"}], 'x.jsonl:1: either "label" or a list "topics"'),
        ("topics", [{**TEXT, "label": "health"}, {**TEXT, "topics": ["07"]}], "x.jsonl:2: mixed formats"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(task: str, lines: Sequence[object], said: str, tmp_path: Path) -> None:
    path = written(tmp_path, "x.jsonl", lines)
    with pytest.raises(BadAnnotation) as caught:
        survey(source(path, TaskName(task)))
    assert str(caught.value).startswith(f"{tmp_path}/{said}")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("en.conll", b"Ann\n", "en.conll:1: one column"),
        ("dev.conll", b"Ann O\n", "dev.conll:1: no language"),
        ("en.conll", b"Ann O\n\nB\xfcro O\n", "en.conll:3: not UTF-8"),
        ("en.conll.gz", gzip.compress(b"Ann O\n" * 9)[:-9], "en.conll.gz:"),
        ("en.jsonl", b'{"a":"' + b"x" * 16_000_001 + b'"}', "en.jsonl:1: longer than 16,000,000 bytes"),
    ],
    ids=["one column", "no language", "not UTF-8", "cut off", "endless line"],
)
def test_a_file_that_is_none_is_named(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadAnnotation) as caught:
        rows(tmp_path / name)
    assert str(caught.value).startswith(f"{tmp_path}/{said}")


def test_a_line_without_a_tab_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadAnnotation, match=r"x\.tsv:2: no tab"):
        rows(written(tmp_path, "x.tsv", ["en\tHello", "Hello"]), TaskName.LANGUAGE)
