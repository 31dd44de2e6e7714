"""Reads the news items that were written and annotated for this project (written/LANGUAGE.txt; the format is in its README)."""

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.media_topics import MEDIA_TOPICS
from services.enricher.prefixes import PREFIXES
from services.enricher.training.annotated import Annotated, Name

_HEAD = re.compile(r"# (?P<topics>\d\d(?:,\d\d)*) \| (?P<sentiment>[-0+])")
_LINE = re.compile(r"(?P<sentiment>[-0+]) \| (?P<text>\S.*)")
_NAME = re.compile(r"\{(?P<type>[POLM])(?P<stance>[-0+]):(?P<surface>[^{}]+)\}")
_TYPES = {"P": "PER", "O": "ORG", "L": "LOC", "M": "MISC"}
_SIGNS = "-0+"

# One item of six is kept for measuring, in every language.
_HELD_OUT = 6


@dataclass(frozen=True, slots=True)
class Item:
    """A news item: its headline is the first line."""

    document: str
    lines: tuple[Annotated, ...]
    topics: tuple[int, ...]
    """Places in MEDIA_TOPICS, most important first."""
    sentiment: int

    @property
    def codes(self) -> tuple[str, ...]:
        """The topics' QCodes."""
        return tuple(list(MEDIA_TOPICS)[place] for place in self.topics)

    @property
    def is_held_out(self) -> bool:
        """Whether the item is kept away from training."""
        return zlib.crc32(self.document.encode()) % _HELD_OUT == 0


def read_written(folder: Path) -> Iterator[Item]:
    """All items; raises ValueError, with file and block, for one that isn't in the format."""
    for path in sorted(folder.glob("*.txt")):
        blocks = re.split(r"\n\s*\n", path.read_text(encoding="utf-8").strip())
        for number, block in enumerate(blocks, 1):
            try:
                yield _item(path.stem, f"written.{path.stem}.{number}", block.split("\n"))
            except ValueError as error:
                raise ValueError(f"{path}: block {number}: {error}") from None


def _item(language: str, document: str, block: list[str]) -> Item:
    head = _HEAD.fullmatch(block[0].strip())
    if not head:
        raise ValueError(f"not a first line: {block[0]}")
    topics = tuple(topic_place(code) for code in head["topics"].split(","))
    lines = tuple(_line(language, document, line) for line in block[1:] if line.strip())
    if len(lines) < 2:
        raise ValueError("no headline with a line below it")
    return Item(document, lines, topics, _SIGNS.index(head["sentiment"]))


def _line(language: str, document: str, line: str) -> Annotated:
    found = _LINE.fullmatch(line.strip())
    if not found:
        raise ValueError(f"not a line: {line}")
    text, names = "", []
    end = 0
    for name in _NAME.finditer(found["text"]):
        text += found["text"][end : name.start()]
        word = len(text) - len(re.split(r"[\s\"'«“„(\-–—،,]", text)[-1])
        start, end = len(text), name.end()
        start -= language == "ar" and text.endswith("لل")  # the second letter is the article's
        text += name["surface"]
        prefix = min(start - word, 3) if language in PREFIXES else 0
        names.append(Name(start, len(text), _TYPES[name["type"]], _SIGNS.index(name["stance"]), prefix))
    text += found["text"][end:]
    if "{" in text or "}" in text:
        raise ValueError(f"a mark that isn't one: {line}")
    return Annotated(
        source="written",
        language=language,
        text=text,
        names=tuple(names),
        sentiment=_SIGNS.index(found["sentiment"]),
        document=document,
    )


def read_story_lines(folder: Path) -> Iterator[Annotated]:
    """The lines of stories.tsv, whose sentiment is marked but not their names: language, story, sentiment, text."""
    for line in (folder / "stories.tsv").read_text(encoding="utf-8").splitlines():
        language, story, sentiment, text = line.split("\t")
        yield Annotated("written", language, text, sentiment=_SIGNS.index(sentiment), document=f"written.{story}.{language}")


def read_names(folder: Path) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The lists of real names (names/LANGUAGE.tsv) by language and type; raises ValueError for a line of another form."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in sorted((folder / "names").glob("*.tsv")):
        types = found.setdefault(path.stem, defaultdict(list))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            kind, _, name = line.partition("\t")
            if kind not in _TYPES.values() or not name or name != name.strip():
                raise ValueError(f"{path}: line {number}: not a type, a tab and a name: {line}")
            types[kind].append(name)
    return found


def topic_place(code: str) -> int:
    """The place in MEDIA_TOPICS of a two-digit code; raises ValueError for another."""
    return list(MEDIA_TOPICS).index(f"medtop:{code}000000")
