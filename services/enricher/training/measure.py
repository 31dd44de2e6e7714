"""Measures the built-in model as `newsloom evaluate` does, and writes the scores by language into its manifest:
`python -m services.enricher.training.measure CORPORA --report report.json`.

What a score is measured on stands in the manifest's `evidence`:
- entities: sentences of the development files; in languages without any, lines of the held-out NTREX stories, else the
  seeds; strict spans of PER, ORG, LOC.
- sentiment: the lines of the held-out NTREX stories, in 120 languages; macro-F1 of three classes.
- topics: the development sentences of SIB-200, in 200 languages; macro-F1 of the likeliest of its seven topics.
The report has all that, and what is not in the manifest; `services.enricher.training.card` makes docs/model.md's tables of it.
"""

import argparse
import gzip
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from services.enricher.assets import BUILT_IN, Assets, open_assets
from services.enricher.evaluation.measuring import prepare
from services.enricher.evaluation.report import Document, document
from services.enricher.evaluation.tasks import TaskName
from services.enricher.training.corpora import HISTORICAL, THIRTY, ner_files
from services.enricher.training.held_out import write_held_out
from services.enricher.training.manifest import update_manifest

# Rows of a file: all of them would take an hour.
_ROWS = 400
# Fewer gold names than this say nothing about a language.
_MIN_NAMES = 20

Scores = Mapping[str, float]
Report = Mapping[str, Document]


def sets(corpora: Path, held_out: Path) -> Iterator[tuple[str, TaskName, Sequence[Path], int | None]]:
    """What is measured: its name in the report, the task, the files, and how many rows of each."""

    def ours(pattern: str) -> list[Path]:
        return sorted(held_out.glob(f"{pattern}.*.jsonl"))

    yield "entities development", TaskName.ENTITIES, ner_files(corpora), _ROWS
    yield "entities historical", TaskName.ENTITIES, sorted(corpora.glob(f"ner/*{HISTORICAL}*.dev.jsonl.gz")), _ROWS
    yield "entities stories", TaskName.ENTITIES, ours("entities"), None
    yield "entities seeds", TaskName.ENTITIES, ours("seeds-entities"), None
    yield "entities own", TaskName.ENTITIES, ours("own-entities"), None
    yield "sentiment lines", TaskName.SENTIMENT, ours("sentiment"), None
    yield "sentiment development", TaskName.SENTIMENT, sorted(corpora.glob("sentiment/*.dev.jsonl.gz")), 800
    yield "sentiment own", TaskName.SENTIMENT, ours("own-sentiment"), None
    yield "topics sentences", TaskName.TOPICS, ours("sib"), None
    yield "topics stories", TaskName.TOPICS, [held_out / f"topics.{language}.jsonl" for language in THIRTY], None
    yield "topics own", TaskName.TOPICS, ours("own-topics"), None


def measure(corpora: Path, held_out: Path, assets: Assets) -> Report:
    """What `newsloom evaluate` says about each of the sets."""
    report = {}
    for name, task, paths, limit in sets(corpora, held_out):
        report[name] = document(task, prepare(task, paths, limit).run(assets, is_as_served=False))
        print(f"{name:22} {len(paths):3} files, macro {report[name]['macro']:.4f}, ECE {report[name]['ece']}", flush=True)
    return report


def entity_scores(report: Report) -> tuple[Scores, Mapping[str, str]]:
    """F1 by language, and what it was measured on: the first set in which there is enough gold."""
    scores: dict[str, float] = {}
    evidence: dict[str, str] = {}
    for kind in ("development", "stories", "seeds"):
        for language, found in report[f"entities {kind}"]["languages"].items():
            names = sum(of_type["n"] for of_type in found["types"].values())
            if language not in scores and names >= _MIN_NAMES:
                scores[language], evidence[language] = found["f1_per_org_loc"], kind
    return scores, evidence


def class_scores(report: Document) -> Scores:
    """Macro-F1 by language."""
    return {language: found["macro_f1"] for language, found in report["languages"].items()}


def split_by_language(path: Path, folder: Path) -> None:
    """Writes a file of many languages as one for each: sib.LANGUAGE.jsonl."""
    files: dict[str, list[bytes]] = {}
    for line in gzip.decompress(path.read_bytes()).splitlines():
        files.setdefault(json.loads(line)["lang"], []).append(line)
    for language, lines in files.items():
        (folder / f"sib.{language}.jsonl").write_bytes(b"\n".join(lines))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path, help="folder with ner/, ntrex/, articles/, sentiment/ and topic/")
    parser.add_argument("--report", type=Path, help="file to write all that was measured to, as JSON")
    parser.add_argument("--written", type=Path, default=Path("written"), help="folder with our own annotated news")
    parser.add_argument("--seeds", type=Path, default=Path("seeds"), help="folder with articles.jsonl and gold.jsonl")
    parser.add_argument("--models", type=Path, default=BUILT_IN, help="folder of the model and its manifest")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        held_out = Path(folder)
        write_held_out(options.corpora, options.written, options.seeds, held_out)
        split_by_language(options.corpora / "topic/multi.sib200.dev.jsonl.gz", held_out)
        report = measure(options.corpora, held_out, open_assets(options.models))
    if options.report:
        options.report.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    entities, evidence = entity_scores(report)
    sentiment, topics = class_scores(report["sentiment lines"]), class_scores(report["topics sentences"])
    update_manifest(
        options.models,
        scores={"entities": entities, "sentiment": sentiment, "topics": topics},
        evidence={
            "entities": evidence,
            "sentiment": {"every_language": "lines of held-out NTREX stories"},
            "topics": {"every_language": "SIB-200 development sentences, seven topics"},
        },
    )


if __name__ == "__main__":
    main()
