"""Measures what `newsloom evaluate` has no files for, on held-out stories and items:
`python -m services.enricher.training.measure_more CORPORA`.

- Prefixes: of the Amharic, Arabic and Hebrew names that carry one, how many of those found come out without it; of the
  names that carry none, how many keep their first letter; in whole stories and line by line.
- Meaning: how often an English line's vector is nearest to its own translation's, among all held-out lines.
- Stance: towards the names of our own held-out items, as served; macro-F1 of three classes.
- Whole articles: names in the windows that are served against names sentence by sentence.
- Letters: names in lines as they are written, in capitals and in lower case.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from services.enricher.assets import BUILT_IN, Assets, open_assets
from services.enricher.evaluation.running import without_gate
from services.enricher.evaluation.scores import Counts, calibration_error, count, macro_f1
from services.enricher.numbers import LABELS
from services.enricher.prefixes import PREFIXES
from services.enricher.stage import Draft, Floats, Stage
from services.enricher.stages import embedding, encode, entities
from services.enricher.stages.encode import encoding_of
from services.enricher.training.annotated import Annotated, Name
from services.enricher.training.corpora import HELD_OUT, Labelled
from services.enricher.training.held_out import for_calibration
from services.enricher.training.running import answers
from services.enricher.training.sources import by_document, read_ntrex_lines
from services.enricher.training.written import read_written

_RETRIEVED = ("ar", "de", "es", "fa", "fr", "hi", "ja", "ru", "sw", "tr", "uk", "zh")
_CASED = ("en", "es", "ru", "tr")
_ROOTS = ("باكو", "بغداد", "لبنان", "كوريا", "فرنسا", "واشنطن")
_SENTENCES = (
    "قال مسؤول في {} إن الاجتماع سيعقد غدا.",
    "{} تعلن نتائج الانتخابات",
    "بدأ الاجتماع ب{} يوم الأحد.",
    "زار الوزير سوريا و{} الأسبوع الماضي.",
    "قدم الاتحاد الأوروبي مساعدات ل{}.",
)


def found_names(draft: Draft) -> set[tuple[int, int, str]]:
    """The mentions in the text."""
    return {(m.start, m.end, entity.type) for entity in draft.entities for m in entity.mentions if m.field == "text"}


def whole_stories(lines: Sequence[Annotated]) -> list[Annotated]:
    """The lines of each document as one text, with the names of those that have any marked."""
    wholes = []
    for story in by_document(lines).values():
        text, names = "", list[Name]()
        for line in story:
            moved = [replace(name, start=len(text) + name.start, end=len(text) + name.end) for name in line.names or ()]
            text, names = text + line.text + "\n", names + moved
        wholes.append(replace(story[0], text=text, names=tuple(names)))
    return wholes


def prefixes(stages: Sequence[Stage], lines: Sequence[Annotated]) -> str:
    """What becomes of the first letters of names, in whole stories as they are served and line by line."""
    return f"whole: {_first_letters(stages, whole_stories(lines))}; line by line: {_first_letters(stages, lines)}"


def _first_letters(stages: Sequence[Stage], texts: Sequence[Annotated]) -> str:
    kept: dict[str, list[bool]] = defaultdict(list)
    for text, (_, draft) in zip(texts, answers(stages, [Labelled(text.language, text.text) for text in texts]), strict=True):
        found = found_names(draft)
        for name in text.names or ():
            if name.prefix < 0:
                continue
            word = name.start - name.prefix
            starts = [start for start, end, _ in found if start < name.end and end > word and start <= name.start + 1]
            if starts:
                kept["with a prefix" if name.prefix else "without"].append(min(starts) == name.start)
    return ", ".join(f"{kind} {np.mean(right):.3f} of {len(right)}" for kind, right in sorted(kept.items()))


def roots(stages: Sequence[Stage]) -> str:
    """Names whose first letter is their own, with and without a prefix, in a few sentences."""
    texts = [(root, frame.format(root)) for root in _ROOTS for frame in _SENTENCES]
    wrong, missed = [], 0
    for (root, text), (_, draft) in zip(texts, answers(stages, [Labelled("ar", text) for _, text in texts]), strict=True):
        start = text.index(root)
        near = [text[first:end] for first, end, _ in found_names(draft) if first < start + len(root) and end >= start]
        missed += not near
        wrong += [surface for surface in near if surface != root]
    return f"{len(texts)} sentences, {missed} not found, cut wrongly: {wrong or 'none'}"


def retrieval(encoder: Stage, lines: Sequence[Annotated]) -> dict[str, float]:
    """By language: how often the nearest vector to an English line's is that of the same line."""
    vectors: dict[str, dict[str, Floats]] = defaultdict(dict)
    asked = [line for line in lines if line.language in ("en", *_RETRIEVED)]
    for line, (_, draft) in zip(asked, answers([encoder], [Labelled(x.language, x.text) for x in asked]), strict=True):
        vectors[line.language][line.meaning] = embedding.mean_vector(encoding_of(draft))
    scores = {}
    for language in _RETRIEVED:
        keys = [key for key in vectors["en"] if key in vectors[language]]
        english = np.array([vectors["en"][key] for key in keys])
        other = np.array([vectors[language][key] for key in keys])
        scores[language] = float(((english @ other.T).argmax(axis=1) == np.arange(len(keys))).mean())
    return scores


def stances(stages: Sequence[Stage], written: Path) -> str:
    """Of the names that were found."""
    lines = [
        line for item in read_written(written) if item.is_held_out and not for_calibration(item.document) for line in item.lines
    ]
    gold, found, sure = [], [], []
    for line, (_, draft) in zip(lines, answers(stages, [Labelled(x.language, x.text) for x in lines]), strict=True):
        by_span = {(m.start, m.end): entity.sentiment for entity in draft.entities for m in entity.mentions}
        for name in line.names or ():
            sentiment = by_span.get((name.start, name.end))
            if sentiment is not None and name.type in ("PER", "ORG"):
                gold.append(LABELS[name.stance])
                found.append(sentiment.label)
                sure.append(sentiment.confidence)
    error = calibration_error(sure, [a == b for a, b in zip(gold, found, strict=True)]) or 0.0
    return f"macro-F1 {macro_f1(gold, found):.3f} of {len(gold)} persons and organisations, ECE {error:.3f}"


def whole_articles(stages: Sequence[Stage], lines: Sequence[Annotated]) -> Iterator[str]:
    """Names of held-out stories that are marked in every line, whole and line by line: of all types, of PER, ORG and LOC."""
    for language in ("en", "ar"):
        own = [line for line in lines if line.language == language]
        scores = []
        for texts in (whole_stories(own), own):
            every, three = Counts(), Counts()
            for text, (_, draft) in zip(texts, answers(stages, [Labelled(language, x.text) for x in texts]), strict=True):
                found, gold = found_names(draft), {(n.start, n.end, n.type) for n in text.names or ()}
                every += count(found, gold)
                three += count(_without_misc(found), _without_misc(gold))
            scores.append(f"{every.f1:.3f} (without MISC {three.f1:.3f})")
        yield f"{language}: whole {scores[0]}, line by line {scores[1]}"


def _without_misc(names: set[tuple[int, int, str]]) -> set[tuple[int, int, str]]:
    return {name for name in names if name[2] != "MISC"}


def letters(stages: Sequence[Stage], lines: Sequence[Annotated]) -> Iterator[str]:
    """F1 of names in held-out lines whose letters are changed; lines that get longer by that stay out."""
    for language in _CASED:
        own = [line for line in lines if line.language == language and line.names is not None]
        scores = []
        for change in (str, str.upper, str.lower):
            kept = [line for line in own if len(change(line.text)) == len(line.text)]
            counts = Counts()
            for line, (_, draft) in zip(kept, answers(stages, [Labelled(language, change(x.text)) for x in kept]), strict=True):
                counts += count(found_names(draft), {(n.start, n.end, n.type) for n in line.names or ()})
            scores.append(f"{counts.f1:.3f}")
        yield f"{language} {' '.join(scores)}"


def measure_more(corpora: Path, written: Path, assets: Assets) -> Mapping[str, str]:
    """All of it, in words."""
    ungated = without_gate(assets, ())
    encoder, names = encode.load(ungated), entities.load(ungated)
    lines = list(read_ntrex_lines(corpora, HELD_OUT))
    by_language = {language: [x for x in lines if x.language == language] for language in PREFIXES}
    nearest = retrieval(encoder, lines)
    return {
        **{f"prefixes {x}": prefixes([encoder, names], by_language[x]) for x in by_language},
        "roots": roots([encoder, names]),
        "meaning": f"P@1 {np.mean(list(nearest.values())):.3f}: " + " ".join(f"{x} {s:.3f}" for x, s in nearest.items()),
        "stance": stances([encoder, names], written),
        "letters": "as written, capitals, lower case: " + "; ".join(letters([encoder, names], lines)),
        "whole articles": "; ".join(whole_articles([encoder, names], lines)),
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path, help="folder with ntrex/ and articles/")
    parser.add_argument("--written", type=Path, default=Path("written"), help="folder with our own annotated news")
    parser.add_argument("--models", type=Path, default=BUILT_IN, help="folder of the model and its manifest")
    options = parser.parse_args()
    for name, said in measure_more(options.corpora, options.written, open_assets(options.models)).items():
        print(f"{name:14} {said}")


if __name__ == "__main__":
    main()
