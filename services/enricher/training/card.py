"""Prints the tables of docs/model.md from what services.enricher.training.measure reported:
`python -m services.enricher.training.card report.json`.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from schemas.media_topics import MEDIA_TOPICS
from services.enricher.training.corpora import THIRTY

Document = Mapping[str, Any]

TYPES = ("PER", "ORG", "LOC", "MISC")


def tables(report: Mapping[str, Document]) -> Iterator[str]:
    """The tables as Markdown, each under its heading."""
    yield from _entities(report)
    yield from _sentiment(report)
    yield from _topics(report)
    yield from _calibration(report)


def _entities(report: Mapping[str, Document]) -> Iterator[str]:
    development, stories = report["entities development"], report["entities stories"]
    yield "## Names by language (strict span F1)\n"
    yield "| language | development files | PER | ORG | LOC | MISC | ECE | held-out stories | seeds |"
    yield "|---|---|---|---|---|---|---|---|---|"
    seeds = report["entities seeds"]["languages"]
    languages = sorted({*development["languages"], *stories["languages"], *seeds})
    for language in languages:
        own = development["languages"].get(language, {})
        types = [_of(own.get("types", {}).get(kind, {}), "f1") for kind in TYPES]
        cells = [
            _of(own, "f1_per_org_loc"),
            *types,
            _of(own, "ece"),
            _of(stories["languages"].get(language, {}), "f1_per_org_loc"),
        ]
        yield _row(language, *cells, _of(seeds.get(language, {}), "f1_per_org_loc"))
    means = [_mean(development, "f1_per_org_loc"), *(_mean_of_type(development, kind) for kind in TYPES)]
    yield _row(
        "**mean**",
        *means,
        _mean(development, "ece"),
        _mean(stories, "f1_per_org_loc"),
        _mean(report["entities seeds"], "f1_per_org_loc"),
    )
    yield ""
    historical = report["entities historical"]["languages"]
    yield "Historical newspapers, apart: " + ", ".join(f"{x} {_of(found, 'f1_per_org_loc')}" for x, found in historical.items())
    without = [x for x in stories["languages"] if x not in development["languages"]]
    scores = [stories["languages"][x]["f1_per_org_loc"] for x in without]
    yield f"Languages that have only NTREX lines ({len(without)}): mean {sum(scores) / max(len(scores), 1):.3f}"
    yield f"Our own held-out items: {_mean(report['entities own'], 'f1_per_org_loc')} (mean of languages)\n"
    ceilings = {x: found["ceiling"] for x, found in development["languages"].items() if "ceiling" in found}
    yield "Ceiling of the tokenizer's edges: " + ", ".join(f"{x} {value:.3f}" for x, value in ceilings.items()) + "\n"


def _sentiment(report: Mapping[str, Document]) -> Iterator[str]:
    lines = report["sentiment lines"]["languages"]
    yield "## Sentiment (macro-F1)\n"
    mean = sum(lines[x]["macro_f1"] for x in THIRTY) / len(THIRTY)
    english = lines["en"]
    yield f"Lines of held-out stories: English {english['macro_f1']:.3f} (ECE {english['ece']:.3f}), mean of 30 {mean:.3f}"
    yield " ".join(f"{language} {found['macro_f1']:.2f}" for language, found in sorted(lines.items())) + "\n"
    yield "| file | macro-F1 | ECE |\n|---|---|---|"
    for path, found in report["sentiment development"]["files"].items():
        yield _row(Path(path).name.removesuffix(".dev.jsonl.gz"), _of(found, "macro_f1"), _of(found, "ece"))
    yield f"\nOur own held-out items: {_mean(report['sentiment own'], 'macro_f1')} (mean of languages)\n"


def _topics(report: Mapping[str, Document]) -> Iterator[str]:
    sentences = report["topics sentences"]["languages"]
    yield "## Topics\n"
    mean = sum(sentences[x]["macro_f1"] for x in THIRTY) / len(THIRTY)
    every = sum(found["macro_f1"] for found in sentences.values()) / len(sentences)
    yield f"SIB-200, macro-F1 of seven topics: mean of 30 languages {mean:.3f}, of {len(sentences)} {every:.3f}"
    stories = report["topics stories"]["languages"]
    others = [found["f1"] for language, found in stories.items() if language != "en"]
    rest = f"mean of {len(others)} others {sum(others) / len(others):.3f}"
    yield f"Media Topics of held-out stories, micro-F1: English {stories['en']['f1']:.3f}, {rest}\n"
    yield "| topic | stories (all languages) F1 | n | own items F1 | n |\n|---|---|---|---|---|"
    for code, name in MEDIA_TOPICS.items():
        cells = [cell for kind in ("stories", "own") for cell in _class(report[f"topics {kind}"], code)]
        yield _row(f"{code[7:9]} {name}", *cells)
    own = report["topics own"]["files"].values()
    yield f"\nOur own held-out items, micro-F1: {_pooled(own):.3f}\n"


def _calibration(report: Mapping[str, Document]) -> Iterator[str]:
    yield "## Calibration (expected calibration error over all answers of a set, 15 bins of equal mass)\n"
    yield ", ".join(f"{name} {document['ece']:.3f}" for name, document in report.items()) + "\n"


def _class(document: Document, code: str) -> tuple[str, str]:
    found = [file["classes"][code] for file in document["files"].values() if code in file.get("classes", {})]
    total = sum(each["n"] for each in found)
    f1 = sum(each["f1"] * each["n"] for each in found) / total if total else None
    return ("" if f1 is None else f"{f1:.3f}"), str(total)


def _pooled(files: Any) -> float:
    files = list(files)
    return float(sum(found["f1"] * found["n"] for found in files) / sum(found["n"] for found in files))


def _mean(document: Document, key: str) -> str:
    values = [found[key] for found in document["languages"].values() if found.get(key) is not None]
    return f"{sum(values) / len(values):.3f}" if values else ""


def _mean_of_type(document: Document, kind: str) -> str:
    values = [found["types"][kind]["f1"] for found in document["languages"].values() if kind in found["types"]]
    return f"{sum(values) / len(values):.3f}" if values else ""


def _of(found: Document, key: str) -> str:
    return f"{found[key]:.3f}" if found.get(key) is not None else ""


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("report", type=Path, help="what services.enricher.training.measure wrote")
    report = json.loads(parser.parse_args(arguments).report.read_text(encoding="utf-8"))
    print("\n".join(tables(report)))


if __name__ == "__main__":
    main()
