"""Measures the built-in model through the product's own stages and writes scores into its manifest:
`python -m services.enricher.training.measure CORPORA --seeds seeds`.

What a score is measured on stands in the manifest's `evidence`:
- entities: sentences of the development files, else the seeds, else lines of NTREX in languages whose names the encoder
  wasn't trained on (it was on the same stories in other languages, which flatters it: Greek has 0.89 there, 0.72 on the
  seeds); strict spans of PER, ORG, LOC (the encoder has no MISC). Where corpora label whole words, spans are widened.
- sentiment: title and beginning of the NTREX stories that calibration left out (the encoder saw their single lines, not
  the stories' labels); macro-F1 of three classes.
- topics: sentences of SIB-200, each on one of five topics; macro-F1 of the likeliest of the five (single sentences are
  harder than articles, but no articles with topics are at hand that the encoder never saw).
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from schemas.enriched_article import Language
from schemas.languages import LANGUAGES, base_language
from schemas.media_topics import MEDIA_TOPICS
from schemas.raw_article import RawArticle
from services.enricher.assets import BUILT_IN, Assets, open_assets
from services.enricher.evaluation.scores import Counts, count, in_words, macro_f1
from services.enricher.stage import Draft, Stage
from services.enricher.stages import encode, entities, sentiment, topics
from services.enricher.training.corpora import (
    SIB_TOPICS,
    UNSEEN_NTREX,
    Labelled,
    held_out,
    ner_files,
    read_annotated_lines,
    read_ner,
    read_seeds,
    read_sib,
    read_stories,
)
from services.enricher.training.manifest import update_manifest

_SENTENCES_PER_FILE = 150
_LINES_PER_LANGUAGE = 190
_SIB_PER_LANGUAGE = 99
# A short news article; the stories run to several times that.
_STORY_CODE_POINTS = 1_000
_BATCH = 64
# Fewer gold spans than this say nothing about a language.
_MIN_SPANS = 8

_SAMPLES = {
    "sentiment": {"every_language": "28 NTREX stories, first 1,000 code points"},
    "topics": {"every_language": "SIB-200 development sentences on five topics"},
}

_ARTICLE = RawArticle(url="urn:newsloom:measure", text="-")
Scores = Mapping[str, float]


def unlimited(assets: Assets) -> Assets:
    """The assets with every language supported, so that its answers can be measured."""
    scores = {stage: dict.fromkeys(LANGUAGES, 1.0) for stage in ("entities", "sentiment", "topics")}
    return replace(assets, scores=scores)


def answers(stages: Sequence[Stage], labelled: Iterable[Labelled]) -> Iterator[tuple[Labelled, Draft]]:
    """What the stages make of each text, its language given."""
    batch: list[Labelled] = []
    for item in labelled:
        batch.append(item)
        if len(batch) == _BATCH:
            yield from _answers(stages, batch)
            batch = []
    yield from _answers(stages, batch)


def _answers(stages: Sequence[Stage], batch: Sequence[Labelled]) -> Iterator[tuple[Labelled, Draft]]:
    drafts: Sequence[Draft] = [_draft(item) for item in batch]
    for stage in stages:
        drafts = stage(drafts)
    yield from zip(batch, drafts, strict=True)


def _draft(item: Labelled) -> Draft:
    language = Language(tag=item.language, confidence=1.0, iso639_3="und", script="Zyyy")
    return Draft(article=_ARTICLE, title=item.title, text=item.text, language=language)


def found_spans(draft: Draft) -> set[tuple[str, int, int, str]]:
    """The mentions of an answer as (field, start, end, type)."""
    return {(mention.field, mention.start, mention.end, entity.type) for entity in draft.entities for mention in entity.mentions}


def entity_counts(stages: Sequence[Stage], labelled: Iterable[Labelled]) -> dict[str, Counts]:
    """By language: what was found against the gold."""
    counts: dict[str, Counts] = defaultdict(Counts)
    for item, draft in answers(stages, labelled):
        spans = found_spans(draft)
        if item.words:
            found = in_words({span[1:] for span in spans}, item.words)
            counts[base_language(item.language)] += count(found, item.spans)
        else:
            counts[base_language(item.language)] += count(spans, {span for span in item.spans if span[3] != "MISC"})
    return dict(counts)


def measure_entities(stages: Sequence[Stage], corpora: Path, seeds: Path) -> tuple[Scores, Mapping[str, str]]:
    """F1 by language and what it was measured on: the first kind of gold that there is for a language."""
    kinds = {
        "development files": (item for path in ner_files(corpora) for item in read_ner(path, _SENTENCES_PER_FILE)),
        "seeds": seed_items(seeds),
        "NTREX lines": (
            item for language in UNSEEN_NTREX for item in read_annotated_lines(corpora, language, _LINES_PER_LANGUAGE)
        ),
    }
    scores: dict[str, float] = {}
    evidence: dict[str, str] = {}
    for kind, labelled in kinds.items():
        for language, counts in sorted(entity_counts(stages, labelled).items()):
            print(f"entities  {language:4} {kind:18} P {counts.precision:.3f} R {counts.recall:.3f} F1 {counts.f1:.3f}")
            if language not in scores and counts.right + counts.missed >= _MIN_SPANS:
                scores[language], evidence[language] = round(counts.f1, 4), kind
    return scores, evidence


def seed_items(seeds: Path) -> Iterator[Labelled]:
    """The seeds that come as text, with their gold."""
    for article, gold in read_seeds(seeds):
        if "text" in article:
            yield Labelled(
                language=gold["language"],
                text=article["text"],
                title=article.get("title"),
                spans=frozenset((e["field"], e["start"], e["end"], e["type"]) for e in gold["entities"]),
                sentiment=gold["sentiment"],
                topics=gold["topics"],
            )


def measure_sentiment(stages: Sequence[Stage], corpora: Path) -> Scores:
    """Macro-F1 by language on the stories that calibration left out."""
    stories = [
        replace(story, text=story.text[:_STORY_CODE_POINTS])
        for story in read_stories(corpora, sorted(LANGUAGES))
        if held_out(story.document)
    ]
    return _by_language(
        (item, item.sentiment or "", draft.sentiment.label if draft.sentiment else "") for item, draft in answers(stages, stories)
    )


def measure_topics(encoder: Stage, shifts: Sequence[float], corpora: Path) -> Scores:
    """Macro-F1 by language of the likeliest of SIB-200's topics."""
    codes = list(MEDIA_TOPICS)
    choices = [codes.index(code) for code in sorted(set(SIB_TOPICS.values()))]

    def likeliest(draft: Draft) -> str:
        probabilities = topics.topic_probabilities(encode.encoding_of(draft), shifts)
        return codes[max(choices, key=lambda place: probabilities[place])]

    sentences = read_sib(corpora, _SIB_PER_LANGUAGE)
    return _by_language((item, item.topics[0], likeliest(draft)) for item, draft in answers([encoder], sentences))


def _by_language(rows: Iterable[tuple[Labelled, str, str]]) -> Scores:
    gold: dict[str, list[str]] = defaultdict(list)
    answered: dict[str, list[str]] = defaultdict(list)
    for item, right, answer in rows:
        language = base_language(item.language)
        gold[language].append(right)
        answered[language].append(answer)
    return {language: round(macro_f1(gold[language], answered[language]), 4) for language in sorted(gold)}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path, help="folder with ner/, ntrex/, articles/ and topic/")
    parser.add_argument("--seeds", type=Path, default=Path("seeds"), help="folder with articles.jsonl and gold.jsonl")
    parser.add_argument("--models", type=Path, default=BUILT_IN, help="folder of the model and its manifest")
    parser.add_argument("--stages", nargs="+", default=("entities", "sentiment", "topics"), help="what to measure")
    options = parser.parse_args()
    assets = unlimited(open_assets(options.models))
    encoder = encode.load(assets)
    scores: dict[str, Scores] = {}
    if "entities" in options.stages:
        names, kinds = measure_entities([encoder, entities.load(assets)], options.corpora, options.seeds)
        scores["entities"] = names
        update_manifest(options.models, evidence={"entities": kinds})
    if "sentiment" in options.stages:
        scores["sentiment"] = measure_sentiment([encoder, sentiment.load(assets)], options.corpora)
    if "topics" in options.stages:
        scores["topics"] = measure_topics(encoder, assets.settings["topics"]["shifts"], options.corpora)
    for stage, found in scores.items():
        print(*(f"{stage:9} {language:4} {score:.3f}" for language, score in found.items()), sep="\n")
    update_manifest(options.models, scores=scores, evidence={stage: _SAMPLES[stage] for stage in scores if stage in _SAMPLES})


if __name__ == "__main__":
    main()
