"""Quality on annotated corpora, when NEWSLOOM_CORPORA names their folder: ner/, sentiment/, topic/ as in docs/evaluating.md.

The corpora are not part of the project. Measured on the first rows of the development files, as `newsloom evaluate` does.
"""

import gzip
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson
import pytest

from schemas.languages import base_language
from services.enricher.assets import open_assets
from services.enricher.evaluation.measuring import prepare
from services.enricher.evaluation.report import Document, document
from services.enricher.evaluation.tasks import TaskName

CORPORA = Path(os.environ.get("NEWSLOOM_CORPORA", ""))

pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not os.environ.get("NEWSLOOM_CORPORA"), reason="NEWSLOOM_CORPORA names no folder with annotated corpora"),
]

ROWS = 200

# By task and language, a little under what was measured. Entities: F1 over PER, ORG, LOC; sentiment, topics: macro-F1.
# French and Dutch: historical newspapers with reading errors only. Korean: without its blanks.
FLOORS: Mapping[str, Mapping[str, float]] = {
    "entities": {
        "ar": 0.72,
        "da": 0.83,
        "de": 0.84,
        "en": 0.74,
        "fi": 0.82,
        "fr": 0.32,
        "hi": 0.77,
        "hu": 0.74,
        "id": 0.73,
        "ja": 0.74,
        "kk": 0.85,
        "ko": 0.54,
        "nl": 0.49,
        "no": 0.90,
        "pt": 0.82,
        "ro": 0.76,
        "ru": 0.83,
        "sr": 0.85,
        "sv": 0.84,
        "th": 0.73,
        "tr": 0.80,
        "zh": 0.71,
    },
    "sentiment": {
        "ar": 0.67,
        "en": 0.66,
        "ru": 0.52,
    },
    "topics": {
        "ar": 0.77,
        "de": 0.80,
        "en": 0.84,
        "es": 0.82,
        "fa": 0.77,
        "fr": 0.81,
        "hi": 0.78,
        "ja": 0.77,
        "ru": 0.79,
        "sw": 0.74,
        "tr": 0.81,
        "uk": 0.78,
        "vi": 0.84,
        "zh": 0.82,
    },
}
SCORES = {"entities": "f1_per_org_loc", "sentiment": "macro_f1", "topics": "macro_f1"}

# German newspapers of the 19th century stand beside modern German, which is what we promise.
_APART = ("de.europeana_de",)
# News and what is near it; the others are reviews, or tweets about anything.
_SENTIMENT = ("ar.arsarcasm2", "en.newsmtsc", "ru.rusentne")


def ner_files(_folder: Path) -> list[Path]:
    return [path for path in sorted(CORPORA.glob("ner/*.dev.jsonl.gz")) if not path.name.startswith(_APART)]


def sentiment_files(_folder: Path) -> list[Path]:
    return [CORPORA / f"sentiment/{name}.dev.jsonl.gz" for name in _SENTIMENT]


def topic_files(folder: Path) -> list[Path]:
    """SIB-200's one file of all languages as one file of the first rows of each language with a floor."""
    path = folder / "sib200.jsonl"
    path.write_bytes(b"\n".join(_first_of_each(CORPORA / "topic/multi.sib200.dev.jsonl.gz")))
    return [path]


def _first_of_each(path: Path) -> Iterator[bytes]:
    taken: Counter[str] = Counter()
    with gzip.open(path) as lines:
        for line in lines:
            language = base_language(orjson.loads(line)["lang"])
            taken[language] += 1
            if language in FLOORS["topics"] and taken[language] <= ROWS:
                yield line.strip()


FILES = {"entities": ner_files, "sentiment": sentiment_files, "topics": topic_files}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Document]:
    """Each task's report."""
    folder = tmp_path_factory.mktemp("corpora")
    assets = open_assets()
    found = {}
    for task, files in FILES.items():
        evaluation = prepare(TaskName(task), files(folder), None if task == "topics" else ROWS)
        found[task] = document(TaskName(task), evaluation.run(assets, is_as_served=False))
    return found


@pytest.mark.parametrize(("task", "language"), [(task, language) for task in FLOORS for language in FLOORS[task]])
def test_a_language_stays_above_its_floor(task: str, language: str, reports: Mapping[str, Document]) -> None:
    found = reports[task]["languages"][language]
    print(f"\n{task} {language}: {SCORES[task]} {found[SCORES[task]]:.3f} of {found['n']} rows, ECE {found['ece']}")
    assert found[SCORES[task]] >= FLOORS[task][language]


def test_every_language_with_a_corpus_of_names_has_a_floor(reports: Mapping[str, Document]) -> None:
    assert set(reports["entities"]["languages"]) == set(FLOORS["entities"])
