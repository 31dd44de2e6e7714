"""Writes what was held out of training as files for `newsloom evaluate`:
`python -m services.enricher.training.held_out CORPORA OUT`.

OUT gets, of the seeds, seeds-entities.LANGUAGE.jsonl; of the 20 NTREX stories, entities.LANGUAGE.jsonl,
sentiment.LANGUAGE.jsonl (line by line) and topics.LANGUAGE.jsonl (whole stories); of the items written for this project
that were kept out of training, the same as own-entities, own-sentiment and own-topics, and of the half of them that
calibration uses as calibration-entities and so on.
"""

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from schemas.media_topics import MEDIA_TOPICS
from services.enricher.training.annotated import SENTIMENTS, Annotated
from services.enricher.training.corpora import HELD_OUT, read_lines, read_seeds
from services.enricher.training.sources import read_ntrex_lines, read_story_topics
from services.enricher.training.written import Item, read_written

Row = Mapping[str, Any]
_CODES = list(MEDIA_TOPICS)


def held_out_rows(corpora: Path, written: Path) -> Mapping[str, Sequence[Row]]:
    """The rows by name of file."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for line in read_ntrex_lines(corpora, HELD_OUT):
        for task, row in _of_line(line):
            rows[f"{task}.{line.language}"].append(row)
    topics = read_story_topics(corpora)
    for story in read_lines(corpora / "articles/ntrex128.jsonl.gz"):
        if story["doc"] in HELD_OUT and story["doc"] in topics:
            rows[f"topics.{story['lang']}"].append(_story(story, topics[story["doc"]]))
    for item in read_written(written):
        if item.is_held_out:
            prefix = "calibration" if for_calibration(item.document) else "own"
            for line in item.lines:
                for task, row in _of_line(line):
                    rows[f"{prefix}-{task}.{line.language}"].append(row)
            rows[f"{prefix}-topics.{item.lines[0].language}"].append(_item(item))
    return rows


def seed_rows(seeds: Path) -> Mapping[str, Sequence[Row]]:
    """The names in the texts of the seeds, by name of file."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for article, gold in read_seeds(seeds):
        if "text" in article:
            entities = [entity for entity in gold["entities"] if entity["field"] == "text"]
            row = {"lang": gold["language"], "text": article["text"], "entities": entities}
            rows[f"seeds-entities.{gold['language']}"].append(row)
    return rows


def write_held_out(corpora: Path, written: Path, seeds: Path, out: Path) -> None:
    """Writes all files."""
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in {**held_out_rows(corpora, written), **seed_rows(seeds)}.items():
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (out / f"{name}.jsonl").write_text(content, encoding="utf-8")


def for_calibration(document: str) -> bool:
    """Whether a held-out item or story is for fitting calibration, not for measuring what was fitted."""
    return hashlib.sha256(document.encode()).digest()[0] % 2 == 0


def _of_line(line: Annotated) -> Iterator[tuple[str, Row]]:
    base = {"lang": line.language, "text": line.text}
    yield "sentiment", {**base, "label": SENTIMENTS[line.sentiment]}
    if line.names is not None:
        entities = [{"start": name.start, "end": name.end, "type": name.type} for name in line.names]
        yield "entities", {**base, "entities": entities}


def _story(story: Row, topics: Sequence[int]) -> Row:
    codes = [_CODES[place] for place in topics]
    return {"lang": story["lang"], "title": story["title"], "text": story["text"], "topics": codes}


def _item(item: Item) -> Row:
    title, *lines = (line.text for line in item.lines)
    codes = [_CODES[place] for place in item.topics]
    return {"lang": item.lines[0].language, "title": title, "text": "\n".join(lines), "topics": codes}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path, help="folder with ntrex/ and articles/")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--written", type=Path, default=Path("written"), help="folder with our own annotated news")
    parser.add_argument("--seeds", type=Path, default=Path("seeds"), help="folder with articles.jsonl and gold.jsonl")
    options = parser.parse_args()
    write_held_out(options.corpora, options.written, options.seeds, options.out)


if __name__ == "__main__":
    main()
