"""Makes the training pack, all that training reads: `python -m services.enricher.training.pack CORPORA START PACK`.

A pack is a folder of three files: examples.npz (token numbers and labels), weights.safetensors (the base model, with the
word embeddings that occur in the examples), meaning.npy (what the base model makes of texts that exist in many languages).
START is a folder with start.safetensors and tokenizer.json.
"""

import argparse
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from services.enricher.tokenizer import open_tokenizer
from services.enricher.training import sources
from services.enricher.training.annotated import UNKNOWN, Annotated
from services.enricher.training.corpora import HISTORICAL
from services.enricher.training.examples import Example, examples
from services.enricher.training.meaning import meaning_vectors
from services.enricher.training.noise import noisy, with_other_names
from services.enricher.training.start import prune
from services.enricher.training.written import read_names

_SEED = 20261125
# Of tweets and reviews, of each file; of SIB-200's sentences, of each language.
_SENTIMENT_LIMIT, _TOPIC_LIMIT = 2_500, 350
# How often a text with names marked by hand is in the pack, with other names in all copies but the first.
_COPIES = 3
_OTHER_NAMES = 0.7
# How many of a corpus's texts have other names, where we have lists of them.
_WITH_OTHER_NAMES = 0.4
# Of historical newspapers, read by machines, a few are enough to know the kind.
_HISTORICAL_SHARE = 0.35
# Endings change inside names of these languages: their names can't be exchanged.
_UNINFLECTED = frozenset(
    [
        "ar",
        "de",
        "en",
        "es",
        "fa",
        "fr",
        "he",
        "hi",
        "id",
        "it",
        "ja",
        "ko",
        "ne",
        "nl",
        "pt",
        "sw",
        "th",
        "ur",
        "vi",
        "yo",
        "zh",
        "ig",
        "ha",
        "wo",
        "ny",
    ]
)


def gather(corpora: Path, written: Path, rng: random.Random) -> Iterator[tuple[str, Annotated]]:
    """Every text with its group, noise included; groups are what the sampler weighs."""
    listed = read_names(written)
    for text in sources.read_ner_corpora(corpora, rng):
        is_historical = HISTORICAL in text.source
        if is_historical and rng.random() > _HISTORICAL_SHARE:
            continue
        if text.language in _UNINFLECTED and not is_historical and rng.random() < _WITH_OTHER_NAMES:
            text = with_other_names(text, listed.get(text.language, {}), rng, _OTHER_NAMES)
        yield f"names.{text.language}", noisy(text, rng)
    lines = list(sources.read_ntrex_lines(corpora))
    own = list(sources.read_own(written))
    pools = _pools([*lines, *own], listed)
    topics = {**_by_language_document(sources.read_story_topics(corpora), lines), **sources.own_topics(written)}
    for copy in range(_COPIES):
        for line in (*lines, *own):
            if line.names is None and copy:
                continue
            kind = "own" if line.source == "written" else "marked" if line.names is not None else "lines"
            line = replace(line, topics=topics.get(line.document))
            yield f"{kind}.{line.language}", _changed(line, copy, pools[line.language], rng) if copy else line
    for text in sources.read_sentiment_corpora(corpora, _SENTIMENT_LIMIT, rng):
        yield f"sentiment.{text.source}", text
    for text in sources.read_topic_sentences(corpora):
        if rng.random() < _TOPIC_LIMIT / 701:
            yield "topics.sib200", text
    for text in sources.read_own_topic_sentences(written):
        yield "topics.own", text


def _by_language_document(topics: Mapping[str, tuple[int, ...]], lines: Sequence[Annotated]) -> Mapping[str, tuple[int, ...]]:
    documents = {line.document for line in lines}
    return {document: topics[document.rsplit(".", 1)[0]] for document in documents if document.rsplit(".", 1)[0] in topics}


def _changed(line: Annotated, copy: int, pool: Mapping[str, Sequence[str]], rng: random.Random) -> Annotated:
    """A copy of a line, with other names where the language allows it, and with noise."""
    if line.language in _UNINFLECTED:
        line = with_other_names(line, pool, rng, _OTHER_NAMES)
    return noisy(replace(line, document=f"{line.document}#{copy}", meaning=""), rng)


def _pools(
    lines: Iterable[Annotated], listed: Mapping[str, Mapping[str, Sequence[str]]]
) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The names of each language by type: those of the lines and those of the lists."""
    pools: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        for name in line.names or ():
            if name.prefix < 1 or line.text[name.start] != "ل":  # an Arabic article has lost its alif there
                pools[line.language][name.type].append(line.text[name.start : name.end])
    for language, types in listed.items():
        for kind, names in types.items():
            pools[language][kind].extend(names)
    return pools


def write_pack(found: Iterable[tuple[str, Example]], start: Path, folder: Path, meaning: Mapping[str, str]) -> None:
    """Writes the three files; meaning maps a text's key to the text that the base model reads for it."""
    groups: dict[str, int] = {}
    documents: dict[str, int] = {}
    keys: dict[str, int] = {key: place for place, key in enumerate(meaning)}
    rows: dict[str, list[Any]] = defaultdict(list)
    for group, example in found:
        of = example.of
        rows["ids"].append(example.ids)
        rows["entities"].append(example.entities)
        rows["prefixes"].append(example.prefixes)
        rows["stances"].append(example.stances)
        rows["lengths"].append(len(example.ids))
        rows["group"].append(groups.setdefault(group, len(groups)))
        rows["document"].append(documents.setdefault(of.document, len(documents)) if of.document else UNKNOWN)
        rows["has_misc"].append(of.has_misc)
        rows["sentiment"].append(of.sentiment)
        rows["is_news"].append(of.is_news)
        rows["stance"].append(of.stance)
        rows["topics"].append(sum(1 << place for place in of.topics) if of.topics is not None else UNKNOWN)
        rows["is_choice"].append(of.is_choice)
        rows["meaning"].append(keys.get(of.meaning, UNKNOWN))
    ids = np.concatenate(rows.pop("ids"))
    pieces = np.unique(np.concatenate([ids, np.array([0, 1, 2], np.uint32)]))
    arrays: dict[str, Any] = {name: np.concatenate(rows.pop(name)) for name in ("entities", "prefixes", "stances")}
    small = {"has_misc": np.bool_, "is_news": np.bool_, "is_choice": np.bool_, "sentiment": np.int8, "stance": np.int8}
    arrays |= {name: np.array(values, small.get(name, np.int32)) for name, values in rows.items()}
    arrays |= {"ids": np.searchsorted(pieces, ids).astype(np.uint32), "groups": np.array(list(groups))}
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(folder / "examples.npz", **arrays)
    prune(start / "start.safetensors", pieces, folder / "weights.safetensors")
    np.save(folder / "meaning.npy", meaning_vectors(list(meaning.values()), start).astype(np.float16))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path, help="folder with ner/, ntrex/, articles/, sentiment/ and topic/")
    parser.add_argument("start", type=Path, help="folder with start.safetensors and tokenizer.json")
    parser.add_argument("pack", type=Path, help="folder to write to")
    parser.add_argument("--written", type=Path, default=Path("written"), help="folder with our own annotated news")
    options = parser.parse_args()
    rng = random.Random(_SEED)
    tokenizer = open_tokenizer(options.start / "tokenizer.json")
    texts = list(gather(options.corpora, options.written, rng))
    meaning = {text.meaning: text.text for _, text in texts if text.meaning and text.language == "en"}
    found = _with_groups(texts, examples((text for _, text in texts), tokenizer))
    write_pack(found, options.start, options.pack, meaning)
    for path in sorted(options.pack.iterdir()):
        print(f"{path.name}: {path.stat().st_size / 2**20:.1f} MiB")


def _with_groups(texts: Sequence[tuple[str, Annotated]], found: Iterable[Example]) -> Iterator[tuple[str, Example]]:
    group_of = {id(text): group for group, text in texts}
    for example in found:
        yield group_of[id(example.of)], example


if __name__ == "__main__":
    main()
