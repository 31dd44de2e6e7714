"""Reads every corpus that the encoder learns from; the held-out stories, and all development files, stay out."""

import random
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from services.enricher.evaluation.joining import joined
from services.enricher.evaluation.tags import tag_spans
from services.enricher.prefixes import NONE, PREFIXES
from services.enricher.training.annotated import SENTIMENTS, UNKNOWN, Annotated, Name
from services.enricher.training.corpora import HELD_OUT, read_lines
from services.enricher.training.written import read_story_lines, read_written, topic_place

# SIB-200's labels as Media Topics: one of these seven is chosen, nothing is said about the other ten.
SIB_CHOICES: Mapping[str, int] = {
    "entertainment": topic_place("01"),
    "geography": topic_place("06"),
    "health": topic_place("07"),
    "politics": topic_place("11"),
    "science/technology": topic_place("13"),
    "sports": topic_place("15"),
    "travel": topic_place("10"),
}

# Corpora of news-like sentences, whose sentiment is that of the events or the stance of the report.
_NEWS_SENTIMENT = ("newsmtsc", "rusentne", "arsarcasm2")
_STANCE = ("newsmtsc", "rusentne")
_CLITICS = {"و": 1, "ف": 1, "ب": 1, "ل": 1, "ك": 1, "س": 1, "وب": 2, "ول": 2, "فب": 2, "فل": 2, "ال": 0, "وال": 1, "بال": 1}
_MERGED = 0.9
# A corpus that calls peoples persons: the Arabs, Israelis, Muslims.
_PEOPLES_ARE_PERSONS = "ar.newsfane"
_PEOPLE = re.compile(r"ال.*|.*(يين|يون|يات|مسلم[يو]ن)|عربا?|شيعة|سنة|قريش|نوبل")


def read_ner_corpora(corpora: Path, rng: random.Random) -> Iterator[Annotated]:
    """The training files with names of whole words."""
    for path in sorted(corpora.glob("ner/*.train.jsonl.gz")):
        rows = [row for row in read_lines(path) if row["tokens"] and all(row["tokens"])]
        has_misc = sum(tag == "B-MISC" for row in rows for tag in row["tags"]) > 20
        source = path.name.removesuffix(".train.jsonl.gz")
        if source == _PEOPLES_ARE_PERSONS:
            rows = [row for row in rows if not _has_people(row)]
        sentences = [_sentence(row, source, has_misc, rng) for row in rows]
        yield from with_known_prefixes(sentences)


def _sentence(row: Mapping[str, Any], source: str, has_misc: bool, rng: random.Random) -> Annotated:
    tokens, tags = list(row["tokens"]), list(row["tags"])
    prefixes = dict.fromkeys(range(len(tokens)), UNKNOWN)
    if row["lang"] == "ar":
        tokens, tags, prefixes = merged_clitics(tokens, tags, rng)
    text, words = joined(tokens, row["lang"])
    names = []
    for first, end, kind in tag_spans(tags):
        prefix = prefixes[first]
        start = words[first][0] + max(prefix, 0)
        last = words[end - 1][1]
        if row["lang"] == "tr":
            last = _before_ending(text, words[end - 1])
        names.append(Name(start, last, kind, prefix=prefix if row["lang"] in PREFIXES else 0))
    return Annotated(source, row["lang"], text, tuple(names), has_misc)


def _has_people(row: Mapping[str, Any]) -> bool:
    """Whether a person of one word may be a people."""
    persons = (span for span in tag_spans(row["tags"]) if span[2] == "PER")
    return any(end - first == 1 and _PEOPLE.fullmatch(row["tokens"][first]) for first, end, _ in persons)


def _before_ending(text: str, word: tuple[int, int]) -> int:
    """Where a Turkish name ends that has a case ending behind an apostrophe; corpora mark the whole word."""
    start, end = word
    return min((start + place for mark in "'’" if (place := text[start:end].find(mark)) > 0), default=end)


def merged_clitics(tokens: Sequence[str], tags: Sequence[str], rng: random.Random) -> tuple[list[str], list[str], dict[int, int]]:
    """Arabic tokens with the clitics that stand alone in a corpus put before the words they belong to, as they are written.

    Also returns, by token, how many letters of prefix it has where that is known.
    """
    words: list[str] = []
    labels: list[str] = []
    prefixes: dict[int, int] = {}
    place = 0
    while place < len(tokens):
        word, tag, length = tokens[place], tags[place], UNKNOWN
        follows = place + 1 < len(tokens) and tokens[place + 1][:1].isalpha()
        if word in _CLITICS and tag == "O" and follows and rng.random() < _MERGED:
            place += 1
            length, rest = _CLITICS[word], tokens[place]
            if word.endswith("ل") and word not in ("ال", "وال", "بال") and rest.startswith("ال") and len(rest) > 4:
                rest = rest[1:]
            word, tag = word + rest, tags[place]
        prefixes[len(words)] = length
        words.append(word)
        labels.append(tag)
        place += 1
    return words, labels, prefixes


def with_known_prefixes(sentences: Sequence[Annotated]) -> Iterator[Annotated]:
    """Sentences of a language with attached prefixes, with what the corpus as a whole tells about the prefixes of names.

    A first word that begins with no such letter has none; one that begins with one has it when more names begin with the
    rest of the word than with the whole, and not when no name begins with the rest.
    """
    counts: dict[str, int] = defaultdict(int)
    for sentence in sentences:
        for name in sentence.names or ():
            counts[_first_word(sentence, name)] += 1
    for sentence in sentences:
        if sentence.language not in PREFIXES:
            yield sentence
            continue
        letters = PREFIXES[sentence.language].letters
        names = tuple(_with_prefix(sentence, name, counts, letters) for name in sentence.names or ())
        yield replace(sentence, names=names)


def _with_prefix(sentence: Annotated, name: Name, counts: Mapping[str, int], letters: Collection[str]) -> Name:
    word = _first_word(sentence, name)
    if name.prefix != UNKNOWN:
        return name
    if word[0] not in letters or len(word) < 3:
        return replace(name, prefix=0)
    rest = word[1:] if not word.startswith("لل") else "ا" + word[1:]
    whole_count, rest_count = counts[word], counts.get(rest, 0)
    if rest_count >= 2 and rest_count > whole_count:
        return replace(name, start=name.start + 1, prefix=1)
    return name if rest_count else replace(name, prefix=0)


def _first_word(sentence: Annotated, name: Name) -> str:
    return sentence.text[name.start : name.end].split()[0]


def read_ntrex_lines(corpora: Path, only: Collection[str] | None = None) -> Iterator[Annotated]:
    """The lines of NTREX stories in 120 languages, with sentiment, and names where they are marked: of the stories for
    training, or of these.
    """
    sentiments = dict(_columns(corpora / "ntrex/sentences.tsv"))
    marked = {}
    for path in sorted(corpora.glob("ntrex/entities/*.jsonl.gz")):
        for row in read_lines(path):
            marked[row["lang"], row["id"]] = row
    for row in read_lines(corpora / "articles/ntrex128.jsonl.gz"):
        if row["doc"] not in only if only is not None else row["doc"] in HELD_OUT:
            continue
        for number, text in enumerate([row["title"], *row["text"].split("\n")]):
            line = f"{row['doc']}:{number}"
            own = marked.get((row["lang"], line))
            if not text.strip() or line not in sentiments:
                continue
            sentiment = own["sentiment"] if own else sentiments[line]
            yield Annotated(
                source="ntrex",
                language=row["lang"],
                text=own["text"] if own else text,
                names=_marked_names(own) if own else None,
                sentiment=SENTIMENTS.index(sentiment),
                meaning=f"ntrex:{line}",
                document=f"{row['doc']}.{row['lang']}",
            )


def _columns(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        first, second, *_ = line.split("\t")
        yield first, second


def _marked_names(row: Mapping[str, Any]) -> tuple[Name, ...]:
    text, names, end = row["text"], [], 0
    letters = PREFIXES.get(row["lang"], NONE).letters
    for entity in sorted(row["entities"], key=lambda entity: (entity["start"], -entity["end"])):
        start = entity["start"]
        if start < end:
            continue
        end = entity["end"]
        word = start
        while word and text[word - 1].isalpha():
            word -= 1
        is_prefix = all(letter in letters for letter in text[word:start]) and start - word <= 3
        names.append(Name(start, end, entity["type"], prefix=start - word if is_prefix else UNKNOWN))
    return tuple(names)


def read_story_topics(corpora: Path) -> Mapping[str, tuple[int, ...]]:
    """The topics of the NTREX stories by document."""
    topics = {}
    for line in (corpora / "ntrex/stories.tsv").read_text(encoding="utf-8").splitlines():
        document, _, codes = line.split("\t")
        topics[document] = tuple(topic_place(code[7:9]) for code in codes.split(","))
    return topics


def read_topic_sentences(corpora: Path) -> Iterator[Annotated]:
    """SIB-200, parallel in about 200 languages."""
    by_language: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in read_lines(corpora / "topic/multi.sib200.train.jsonl.gz"):
        by_language[row["flores"]].append(row)
    order = [row["label"] for row in by_language["eng_Latn"]]
    for rows in by_language.values():
        is_parallel = [row["label"] for row in rows] == order
        for number, row in enumerate(rows):
            yield Annotated(
                source="sib200",
                language=row["lang"],
                text=row["text"],
                topics=(SIB_CHOICES[row["label"]],),
                is_choice=True,
                meaning=f"sib:{number}" if is_parallel else "",
            )


def read_own_topic_sentences(folder: Path) -> Iterator[Annotated]:
    """Sentences in the manner of SIB-200, with its labels, written for this project."""
    for number, row in enumerate((folder / "topics.tsv").read_text(encoding="utf-8").splitlines()):
        language, label, text = row.split("\t")
        yield Annotated("written", language, text, topics=(SIB_CHOICES[label],), is_choice=True, meaning=f"own:{number}")


def read_sentiment_corpora(corpora: Path, limit: int, rng: random.Random) -> Iterator[Annotated]:
    """At most that many texts of each training file with sentiments."""
    for path in sorted(corpora.glob("sentiment/*.train.jsonl.gz")):
        source = path.name.removesuffix(".train.jsonl.gz")
        rows = read_lines(path)
        is_news = source.split(".")[1] in _NEWS_SENTIMENT
        for row in rows if is_news else rng.sample(rows, min(limit, len(rows))):
            label = SENTIMENTS.index(row["label"])
            stance = label if source.split(".")[1] in _STANCE else UNKNOWN
            yield Annotated(source, row["lang"], row["text"][:1200], sentiment=label, is_news=is_news, stance=stance)


def read_own(folder: Path) -> Iterator[Annotated]:
    """The lines of the items written for this project that are for training, and those of stories without names marked."""
    for item in read_written(folder):
        if not item.is_held_out:
            yield from item.lines
    yield from read_story_lines(folder)


def own_topics(folder: Path) -> Mapping[str, tuple[int, ...]]:
    """Their topics by document."""
    return {item.document: item.topics for item in read_written(folder) if not item.is_held_out}


def by_document(lines: Iterable[Annotated]) -> Mapping[str, Sequence[Annotated]]:
    """Lines of documents, in reading order."""
    documents: dict[str, list[Annotated]] = defaultdict(list)
    for line in lines:
        documents[line.document].append(line)
    return documents
