"""Following docs/adding-an-enricher.md word for word adds a stage, and touches only the files that it names."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

pytestmark = pytest.mark.model

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/adding-an-enricher.md").read_text(encoding="utf-8")

_SECTION = re.compile(r"^## \d\. [^`\n]*`(?P<path>[^`]+)`\n(?P<body>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)

# Where the page says "a field" or "the list": the line that the new one goes behind.
_BEHIND = {
    "schemas/enriched_article.py": re.compile(r"^    fingerprint: str \| None = Field.*\n", re.MULTILINE),
    "services/enricher/stage.py": re.compile(r"^    fingerprint: str \| None = None\n", re.MULTILINE),
}


def sections() -> Iterator[tuple[str, str]]:
    for section in _SECTION.finditer(PAGE):
        yield section["path"], _CODE.findall(section["body"])[0]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages in a folder of their own; model files are linked, not copied."""
    for package in ("schemas", "services"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "models"))
    (tmp_path / "services/enricher/models").symlink_to(ROOT / "services/enricher/models")
    return tmp_path


def follow_the_page(folder: Path) -> set[str]:
    touched = set()
    for name, code in sections():
        path = folder / name
        if name in _BEHIND:
            text = path.read_text(encoding="utf-8")
            changed = _BEHIND[name].sub(lambda line, code=code: line.group() + code, text)  # type: ignore[misc]
            assert changed != text, f"{name} has no line to put the field behind"
        elif name.endswith("stages/__init__.py"):
            changed = path.read_text(encoding="utf-8").replace("import embedding,", "import embedding, questions,")
            changed = changed.replace("    embedding.load,\n", "    embedding.load,\n    questions.load,\n")
        else:
            changed = code
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(changed, encoding="utf-8")
        touched.add(name)
    return touched


def run(folder: Path, *command: str) -> str:
    done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_following_the_page_publishes_the_new_field(copy: Path) -> None:
    touched = follow_the_page(copy)
    assert len(touched) == 5
    run(copy, "-m", "schemas.json_schema")
    schema = orjson.loads((copy / "schemas/json/news.enriched/v1.json").read_bytes())
    assert schema["properties"]["questions"]["description"]

    run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/enricher/stages/test_questions.py")
    script = """
from schemas.raw_article import RawArticle
from services.enricher.loading import load_pipeline
from services.enricher.assemble import assemble, models_of
from services.enricher.decode import identify
from services.enricher.settings import EnricherSettings

heavy = frozenset({"encode", "entities", "sentiment", "topics", "embedding"})
pipeline = load_pipeline(EnricherSettings(disabled_stages=heavy))
arrived = identify(RawArticle(url="https://herald.example/a", text="What? ماذا؟ Nothing."), (), 0)
(draft,) = pipeline([arrived.draft])
print(assemble(arrived, draft, models_of(pipeline.stages)).model_dump_json())
"""
    record = orjson.loads(run(copy, "-c", script))
    assert record["questions"] == 2
    assert record["annotations"]["questions"] == {
        "model": "newsloom-questions", "version": "1", "digest": None, "status": "ok",
    }  # fmt: skip
