"""Small corpora in the formats of the big ones, written by a test into a folder of its own."""

import gzip
import json
from pathlib import Path
from typing import Any

from services.enricher.training.corpora import HELD_OUT

HELD, TRAINED = sorted(HELD_OUT)[0], "test.1"
"""A story that is kept out of training, and one that isn't."""


def write_rows(path: Path, *rows: dict[str, Any]) -> Path:
    """Writes a JSONL file, packed if its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)
    return path


def write_stories(corpora: Path) -> None:
    """Writes two stories, HELD and TRAINED, in three languages; names are marked in the Arabic ones."""
    (corpora / "ntrex").mkdir(parents=True, exist_ok=True)
    stories = ""
    sentences = ""
    rows, names = [], []
    for document, sentiment in ((HELD, "negative"), (TRAINED, "positive")):
        stories += f"{document}\t{sentiment}\tmedtop:16000000,medtop:11000000\n"
        sentences += "".join(f"{document}:{line}\t{sentiment}\n" for line in range(3))
        for language, title, text in (
            ("en", "Calm in Baku", "Nothing moved.\nThey waited."),
            ("ar", "هدوء في باكو", "سافر زيد لباكو.\nانتظروا."),
            ("ja", "バクーは静か", "何も動かなかった。\n彼らは待った。"),
        ):
            rows.append({"lang": language, "doc": document, "title": f"{title} {document}", "text": text})
        places = [{"start": 8, "end": 12, "type": "LOC"}]
        names.append({"id": f"{document}:0", "lang": "ar", "text": f"هدوء في باكو {document}", "entities": places})
        places = [{"start": 10, "end": 14, "type": "LOC"}, {"start": 5, "end": 8, "type": "PER"}]
        names.append({"id": f"{document}:1", "lang": "ar", "text": "سافر زيد لباكو.", "entities": places})
    (corpora / "ntrex/stories.tsv").write_text(stories, encoding="utf-8")
    (corpora / "ntrex/sentences.tsv").write_text(sentences, encoding="utf-8")
    write_rows(corpora / "articles/ntrex128.jsonl.gz", *rows)
    write_rows(corpora / "ntrex/entities/ar.jsonl.gz", *({**row, "sentiment": "neutral"} for row in names))


def write_written(folder: Path, items: int = 24) -> None:
    """Writes as many items of our own in English and in Arabic, a story without names, and a few sentences with a topic."""
    folder.mkdir(parents=True, exist_ok=True)
    english = "# 15,11 | +\n+ | {{P+:Žofie Nováková}} wins {0} times\n0 | She likes {{M0:the Cup}} {0} 🎉.\n- | It rained.\n"
    arabic = "# 16 | -\n- | قصف {{L0:المدينة}} {0}\n0 | قال {{P0:زيد}} و{{P-:عمر}} إن لل{{O0:مدينة}} رقما {0}.\n"
    for language, item in (("en", english), ("ar", arabic)):
        (folder / f"{language}.txt").write_text("\n".join(item.format(number) for number in range(items)), encoding="utf-8")
    (folder / "stories.tsv").write_text(
        "en\tbridge\t-\tThe bridge fell.\nen\tbridge\t0\tIt was built in 1931.\n", encoding="utf-8"
    )
    (folder / "topics.tsv").write_text("en\tsports\tThey won the cup.\nar\tpolitics\tاجتمع البرلمان.\n", encoding="utf-8")
