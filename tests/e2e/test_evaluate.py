"""`newsloom evaluate` as its users run it: files made from the seeds, the built-in model, a report; mistakes in one line."""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import ROOT, newsloom, said

SEEDS = ROOT / "seeds"
LANGUAGES = ("ar", "en", "hi", "zh")


def seeds() -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """The articles in four languages, with their gold."""
    articles = (SEEDS / "articles.jsonl").read_text(encoding="utf-8").splitlines()
    gold = (SEEDS / "gold.jsonl").read_text(encoding="utf-8").splitlines()
    for article, one in zip(map(json.loads, articles), map(json.loads, gold), strict=True):
        if "text" in article and one["language"].split("-")[0] in LANGUAGES:
            yield article, one


def entities(article: Mapping[str, Any], gold: Mapping[str, Any]) -> Mapping[str, Any]:
    names = [{name: each[name] for name in ("start", "end", "type")} for each in gold["entities"] if each["field"] == "text"]
    return {"lang": gold["language"], "text": article["text"], "entities": names}


def sentiment(article: Mapping[str, Any], gold: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"lang": gold["language"], "title": article.get("title"), "text": article["text"], "label": gold["sentiment"]}


def topics(article: Mapping[str, Any], gold: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"lang": gold["language"], "title": article.get("title"), "text": article["text"], "topics": gold["topics"]}


Make = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any]]


def packed(path: Path, make: Make) -> Path:
    lines = (json.dumps(make(article, gold), ensure_ascii=False) for article, gold in seeds())
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def report(*arguments: str, data: Path) -> Mapping[str, Any]:
    ended = newsloom("evaluate", *arguments, "--json", data=data)
    assert (ended.code, said(ended)) == (0, [])
    (line,) = ended.lines
    found: Mapping[str, Any] = json.loads(line)
    return found


@pytest.mark.model
@pytest.mark.parametrize(
    ("task", "make", "floor"), [("entities", entities, 0.70), ("sentiment", sentiment, 0.50), ("topics", topics, 0.50)]
)
def test_a_report_by_file_and_language(task: str, make: Make, floor: float, tmp_path: Path) -> None:
    path = packed(tmp_path / "seeds.jsonl.gz", make)
    found = report(task, str(path), "--as-served", data=tmp_path)
    of_file = found["files"][str(path)]
    print(f"\n{task}: f1 {of_file['f1']}, as served {of_file['as_served']['f1']}, macro {found['macro']}")
    assert of_file["n"] == len(list(seeds()))
    assert sorted(found["languages"]) == sorted(LANGUAGES)
    assert floor <= of_file["f1"] <= 1
    # Whole articles: the language is found, so that detection and gate cost next to nothing.
    assert of_file["as_served"]["language_right"] == 1.0
    assert of_file["as_served"]["f1"] == of_file["f1"]
    assert found["macro"] == pytest.approx(sum(one["f1"] for one in found["languages"].values()) / len(LANGUAGES), abs=1e-4)


@pytest.mark.model
def test_languages_from_two_columns(tmp_path: Path) -> None:
    path = tmp_path / "codes.tsv"
    codes = {"ar": "arb_Arab", "en": "eng", "hi": "hin_Deva", "zh": "zho_Hans"}
    lines = [f"{codes[gold['language'].split('-')[0]]}\t{' '.join(article['text'].split())}" for article, gold in seeds()]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = report("language", str(path), data=tmp_path)
    assert found["macro"] == 1.0
    assert set(found["languages"]) == set(codes)


@pytest.mark.model
def test_a_table_of_columns_and_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "de.news.conll"
    path.write_text("Angela B-PER\nMerkel I-PER\nbesuchte O\nZürich B-LOC\n. O\n\nAnna B-PER\nlacht O\n", encoding="utf-8")
    ended = newsloom("evaluate", "entities", path.name, "--limit", "1", data=tmp_path)
    cells = [line.split("\t") for line in ended.lines]
    assert cells[0][:3] == ["file", "rows", "F1"]
    assert cells[1][:3] == ["de.news.conll", "1", "1.000"]
    assert ["de.news.conll", "LOC", "1", "1.000", "1.000", "1.000"] in cells


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["names", "x.jsonl"], 2, "Invalid value for 'TASK'"),
        (["entities"], 2, "Missing argument 'PATH...'"),
        (["entities", "missing.jsonl"], 2, "missing.jsonl: No such file or directory"),
        (["entities", "-"], 2, "-: each file is read twice, a pipe can't be"),
        (["entities", "x.jsonl", "x.jsonl"], 2, "x.jsonl is named twice"),
        (["entities", "x.jsonl", "--limit", "0"], 2, "Invalid value for '--limit'"),
        (["entities", "x.jsonl", "--language", "german"], 2, "german is no language code"),
        (["entities", "x.jsonl"], 1, "x.jsonl:2: unknown type 'DATE': one of PER, ORG, LOC, MISC"),
        (["sentiment", "x.jsonl"], 1, "x.jsonl:1: unknown label None: one of negative, neutral, positive"),
        (["language", "empty.tsv"], 1, "empty.tsv: no rows"),
        (["entities", "good.jsonl", "--models", "/no/models"], 1, "can't read /no/models/manifest.toml"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_mistake_is_one_line(arguments: Sequence[str], code: int, expected: str, tmp_path: Path) -> None:
    good = '{"lang": "de", "tokens": ["Köln"], "tags": ["B-LOC"]}\n'
    (tmp_path / "good.jsonl").write_text(good, encoding="utf-8")
    (tmp_path / "x.jsonl").write_text(good + good.replace("LOC", "DATE"), encoding="utf-8")
    (tmp_path / "empty.tsv").write_text("", encoding="utf-8")
    ended = newsloom("evaluate", *arguments, data=tmp_path)
    (line,) = said(ended)
    assert line.startswith("newsloom: ") and expected in line
    assert (ended.code, ended.out) == (code, b"")
