"""The news that was written and annotated for this project."""

from itertools import pairwise
from pathlib import Path

import pytest

from services.enricher.training.annotated import SENTIMENTS
from services.enricher.training.written import Item, read_names, read_story_lines, read_written, topic_place
from tests.support.marked import surfaces

OWN = Path(__file__).parents[4] / "written"

ITEM = """\
# 15,11 | +
+ | {P+:Žofie Nováková} wins in {L0:Oslo}
0 | {O-:FC Köln} had lost {M0:the Cup} 🎉.
- | It rained.
"""


def read(folder: Path, content: str, language: str = "en") -> list[Item]:
    (folder / f"{language}.txt").write_text(content, encoding="utf-8")
    return list(read_written(folder))


def name_of(folder: Path, language: str, line: str) -> tuple[str, int]:
    """The last name of a line, and how many letters stand before it in its word."""
    (item,) = read(folder, f"# 01 | 0\n0 | -\n0 | {line}\n", language)
    name = (item.lines[1].names or ())[-1]
    return item.lines[1].text[name.start : name.end], name.prefix


def test_an_item_is_a_headline_and_lines_with_names(tmp_path: Path) -> None:
    (item,) = read(tmp_path, ITEM)
    assert [line.text for line in item.lines] == ["Žofie Nováková wins in Oslo", "FC Köln had lost the Cup 🎉.", "It rained."]
    assert surfaces(item.lines[0]) == [("Žofie Nováková", "PER"), ("Oslo", "LOC")]
    assert surfaces(item.lines[1]) == [("FC Köln", "ORG"), ("the Cup", "MISC")]
    assert item.lines[2].names == ()


def test_signs_are_sentiments_and_stances(tmp_path: Path) -> None:
    (item,) = read(tmp_path, ITEM)
    assert SENTIMENTS[item.sentiment] == "positive"
    assert [SENTIMENTS[line.sentiment] for line in item.lines] == ["positive", "neutral", "negative"]
    assert [SENTIMENTS[name.stance] for name in item.lines[1].names or ()] == ["negative", "neutral"]


def test_topics_are_in_order_of_importance(tmp_path: Path) -> None:
    (item,) = read(tmp_path, ITEM)
    assert item.codes == ("medtop:15000000", "medtop:11000000")
    assert item.topics == (topic_place("15"), topic_place("11"))


def test_all_lines_of_an_item_are_one_document(tmp_path: Path) -> None:
    items = read(tmp_path, ITEM + "\n \n\n" + ITEM)
    assert [item.document for item in items] == ["written.en.1", "written.en.2"]
    assert all(line.document == item.document and line.language == "en" for item in items for line in item.lines)


@pytest.mark.parametrize(
    ("language", "line", "expected"),
    [
        ("ar", "زار {L0:باكو}", ("باكو", 0)),
        ("ar", "زيد و{P0:عمر}", ("عمر", 1)),
        ("ar", "وقف ول{P0:عمر}", ("عمر", 2)),
        ("ar", "قال (ل{P0:عمر})", ("عمر", 1)),
        ("ar", "أبلغت «{O0:الأهرام}»", ("الأهرام", 0)),
        ("ar", "قال لل{O0:مدينة}", ("لمدينة", 1)),  # as in المدينة: the second letter is the article's
        ("ar", "قال ولل{O0:مدينة}", ("لمدينة", 2)),
        ("he", "גר ב{L0:חיפה}", ("חיפה", 1)),
        ("he", "{P0:דנה} שב{L0:חיפה}", ("חיפה", 2)),
        ("de", "in {L0:Köln}", ("Köln", 0)),
        ("en", "the {L0:Paris}-{L0:Oslo}", ("Oslo", 0)),
    ],
)
def test_letters_before_a_name_are_its_prefix(tmp_path: Path, language: str, line: str, expected: tuple[str, int]) -> None:
    assert name_of(tmp_path, language, line) == expected


@pytest.mark.parametrize(
    ("block", "says"),
    [
        ("no head | +\n+ | a\n+ | b", "not a first line: no head"),
        ("# 15 | ?\n+ | a\n+ | b", "not a first line"),
        ("# 99 | +\n+ | a\n+ | b", "99"),
        ("# 15 | +\n+ | a\nno sign", "not a line: no sign"),
        ("# 15 | +\n* | a\n+ | b", "not a line"),
        ("# 15 | +\n+ | a", "no headline with a line below it"),
        ("# 15 | +\n+ | a\n+ | {X0:Oslo}", "a mark that isn't one"),
        ("# 15 | +\n+ | a\n+ | {L:Oslo}", "a mark that isn't one"),
        ("# 15 | +\n+ | a\n+ | {L0:Oslo", "a mark that isn't one"),
    ],
)
def test_an_error_says_file_and_block(tmp_path: Path, block: str, says: str) -> None:
    with pytest.raises(ValueError, match=r"cs\.txt: block 2: ") as caught:
        read(tmp_path, f"{ITEM}\n{block}\n", "cs")
    assert says in str(caught.value)


def test_about_one_of_six_is_held_out_whatever_it_says(tmp_path: Path) -> None:
    items = read(tmp_path, "\n".join([ITEM] * 600))
    held_out = [item.document for item in items if item.is_held_out]
    assert 80 < len(held_out) < 120
    others = read(tmp_path, "\n".join([ITEM.replace("Oslo", "Bergen")] * 600))
    assert held_out == [item.document for item in others if item.is_held_out]


def test_the_projects_own_news_is_in_the_format() -> None:
    items = list(read_written(OWN))
    lines = [line for item in items for line in item.lines]
    held_out = {item.lines[0].language for item in items if item.is_held_out}
    print(f"{len(items)} items, {len(lines)} lines, {sum(item.is_held_out for item in items)} items held out")
    assert held_out == {path.stem for path in OWN.glob("*.txt")}
    for line in lines:
        names = line.names or ()
        assert all(surface == surface.strip() for surface, _ in surfaces(line))
        assert all(before.end <= name.start for before, name in pairwise(names))


def test_a_storys_lines_have_a_sentiment_and_no_names(tmp_path: Path) -> None:
    (tmp_path / "stories.tsv").write_text("en\tbridge\t-\tThe bridge fell.\nen\tbridge\t0\tIt was built in 1931.\n")
    first, second = read_story_lines(tmp_path)
    assert (first.text, first.sentiment, first.names, first.language) == ("The bridge fell.", 0, None, "en")
    assert second.sentiment == 1
    assert first.document == second.document == "written.bridge.en"


def test_lists_of_names_are_read_by_language_and_type(tmp_path: Path) -> None:
    (tmp_path / "names").mkdir()
    (tmp_path / "names/nn.tsv").write_text("PER\tKari Li\nLOC\tÅs\nPER\tOla\n")
    assert read_names(tmp_path) == {"nn": {"PER": ["Kari Li", "Ola"], "LOC": ["Ås"]}}


@pytest.mark.parametrize("line", ["PER Kari", "MAN\tKari", "PER\t", "PER\tKari ", ""])
def test_a_line_that_is_no_name_is_told(tmp_path: Path, line: str) -> None:
    (tmp_path / "names").mkdir()
    (tmp_path / "names/nn.tsv").write_text(f"LOC\tÅs\n{line}\nLOC\tOs\n")
    with pytest.raises(ValueError, match=r"nn\.tsv: line 2: not a type"):
        read_names(tmp_path)


def test_the_projects_own_lists_are_in_the_format() -> None:
    found = read_names(OWN)
    print({language: {kind: len(names) for kind, names in types.items()} for language, types in found.items()})
    assert {"ar", "en"} <= found.keys()
    for language, types in found.items():
        assert all(len(set(names)) == len(names) for names in types.values()), language
