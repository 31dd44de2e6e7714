"""Fits the few numbers between the encoder and the answers, and writes them into the manifest's settings:
`python -m services.enricher.training.calibrate CORPORA`.

Fitted on every second sentence of a sample of the development files (confidence of names: two numbers), on half of
the items that were written for this project and kept out of training (all else), and for texts of one window on lines of half
of the held-out NTREX stories and half of three development files (sentiment, one number), and on half of SIB-200's development
sentences (topics, two numbers). The other halves and the seeds are for measuring.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import numpy as np

from schemas.media_topics import MEDIA_TOPICS
from services.enricher.assets import BUILT_IN, Assets, open_assets
from services.enricher.evaluation.scores import Span, in_words
from services.enricher.numbers import LABELS, Floats64, log_odds, softmax
from services.enricher.prefixes import NONE, PREFIXES
from services.enricher.stage import Encoding, Stage
from services.enricher.stages import encode
from services.enricher.stages.encode import encoding_of
from services.enricher.stages.entities import spot
from services.enricher.stages.sentiment import Calibration, document_probabilities
from services.enricher.stages.topics import topic_log_odds
from services.enricher.training.corpora import HELD_OUT, THIRTY, Labelled, ner_files, read_lines, read_ner
from services.enricher.training.fitting import fit_logistic, fit_softmax, fit_weight
from services.enricher.training.held_out import for_calibration
from services.enricher.training.manifest import update_manifest
from services.enricher.training.running import answers
from services.enricher.training.sources import SIB_CHOICES, read_ntrex_lines
from services.enricher.training.written import Item, read_written
from services.enricher.vote import Thresholds

# Longer windows are further from what the encoder was trained on, shorter ones have less context (docs/model.md).
_WINDOW_TOKENS = 96
# Of a grid, on the held-out stories in English and Arabic: 0.4 and 0.5 points above where nothing spreads.
_THRESHOLDS = {"kept": 0.5, "spread": 0.6, "sure": 0.99, "hint": 0.3}
# Below this about half of the answers are wrong.
_MIN_CONFIDENCE = 0.45
_SENTENCES_PER_FILE, _TEXTS_PER_FILE = 300, 400
_TEXTS_PER_KIND = 1_000
_CODES = list(MEDIA_TOPICS)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text with what the encoder says about it."""

    labelled: Labelled
    encoding: Encoding


def encoded(encoder: Stage, labelled: Sequence[Labelled]) -> list[Encoded]:
    """The texts with their encodings."""
    return [Encoded(item, encoding_of(draft)) for item, draft in answers([encoder], labelled)]


def fit_sentiment(wholes: Sequence[Encoded], alone: Sequence[Sequence[Encoded]]) -> Calibration:
    """The weights of title and text, and the classes' biases, that make the gold of whole articles likeliest; and how much a text
    of one window counts, on as many of each kind of them.

    Those aren't lines of our own, which are clearer than what others write: they would make it too sure.
    """
    by_field = (Calibration(1.0, 0.0, (0.0,) * 3), Calibration(0.0, 1.0, (0.0,) * 3))
    weights, bias = fit_softmax(_log_probabilities(wholes, by_field), _gold_sentiments(wholes))
    text, title = (round(float(weight), 3) for weight in weights)
    real = [line for kind in alone for line in _short(kind)[:_TEXTS_PER_KIND]]
    weight = fit_weight(_log_probabilities(real, by_field[:1])[:, 0], _gold_sentiments(real))
    return Calibration(text, title, _rounded(bias), round(weight, 3))


def _short(texts: Sequence[Encoded]) -> list[Encoded]:
    return [text for text in texts if len(text.encoding.windows) == 1]


def _log_probabilities(texts: Sequence[Encoded], ways: Sequence[Calibration]) -> Floats64:
    """[texts, ways, 3]."""
    return np.array([[np.log(document_probabilities(text.encoding, way)) for way in ways] for text in texts])


def _gold_sentiments(texts: Sequence[Encoded]) -> Floats64:
    """[texts, 3] of 0 and 1."""
    gold: Floats64 = np.eye(3)[[[*LABELS].index(text.labelled.sentiment) for text in texts]]  # type: ignore[arg-type]
    return gold


def _rounded(values: Floats64) -> tuple[float, ...]:
    return tuple(round(float(value), 3) for value in values)


def fit_topics(texts: Sequence[Encoded]) -> dict[str, float]:
    """Slope and shift of the log odds over all topics of all texts, and the threshold with the best micro-F1."""
    gold = np.array([text.labelled.topic_row for text in texts])
    odds = np.array([topic_log_odds(text.encoding) for text in texts])
    rows = np.stack([odds.ravel(), np.ones(odds.size)], axis=1)
    slope, shift = (round(float(weight), 3) for weight in fit_logistic(rows, gold.ravel()))
    likely = 1 / (1 + np.exp(-(slope * odds + shift)))
    threshold = max(np.arange(0.15, 0.85, 0.05), key=lambda least: _micro_f1(gold, likely, least))
    return {"slope": slope, "shift": shift, "threshold": round(float(threshold), 2)}


def fit_topics_alone(lines: Sequence[Encoded], sentences: Sequence[Encoded]) -> dict[str, float]:
    """Slope and shift for texts of one window: of as many lines of our own, whose article's topics hold, as sentences of
    SIB-200, of which one of seven topics holds.
    """
    choices = sorted(SIB_CHOICES.values())
    both = [(line, range(len(_CODES))) for line in lines[: len(sentences)]] + [(one, choices) for one in sentences]
    odds = np.concatenate([topic_log_odds(text.encoding)[asked] for text, asked in both])
    gold = np.concatenate([text.labelled.topic_row[asked] for text, asked in both])
    slope, shift = (round(float(weight), 3) for weight in fit_logistic(np.stack([odds, np.ones(odds.size)], axis=1), gold))
    return {"alone_slope": slope, "alone_shift": shift}


def _micro_f1(gold: Floats64, likely: Floats64, least: float) -> float:
    """Of what the stage would answer: topics over the threshold, or else the likeliest."""
    answered = (likely >= least) | (likely == likely.max(axis=1, keepdims=True))
    return float(2 * (gold * answered).sum() / (gold.sum() + answered.sum()))


def fit_confidence(texts: Sequence[Encoded], thresholds: Thresholds) -> dict[str, float]:
    """Slope and shift of the log odds of names, so that they say how often exactly this name is right."""
    odds, right = [], []
    for text in texts:
        item = text.labelled
        for name in spot("", item.text, text.encoding, PREFIXES.get(item.language, NONE), thresholds):
            span: Span = (name.start, name.end, name.type)
            if item.words:
                (span,) = in_words([span], item.words) or [span]
            if name.type in item.types:
                odds.append(float(log_odds(np.array(name.confidence))))
                right.append(float(span in item.spans))
    slope, shift = fit_logistic(np.stack([np.array(odds), np.ones(len(odds))], axis=1), np.array(right))
    print(f"confidence of {len(odds)} names, {np.mean(right):.3f} right")
    return {"slope": round(float(slope), 3), "shift": round(float(shift), 3)}


def fit_stance(texts: Sequence[Encoded], thresholds: Thresholds) -> dict[str, object]:
    """Slope and biases of the stance towards names that were found."""
    inputs, gold = [], []
    for text in texts:
        item = text.labelled
        for name in spot("", item.text, text.encoding, PREFIXES.get(item.language, NONE), thresholds):
            stance = item.stances.get((name.start, name.end))
            if stance is not None and name.stance is not None:
                inputs.append([np.log(np.maximum(name.stance, 1e-9))])
                gold.append(stance)
    weights, bias = fit_softmax(np.array(inputs), np.eye(3)[gold])
    likely = softmax(np.array(inputs)[:, 0] * weights[0] + bias)
    print(f"stance towards {len(gold)} names, {(likely.argmax(1) == gold).mean():.3f} right")
    return {"slope": round(float(weights[0]), 3), "bias": _rounded(bias)}


def line_texts(items: Sequence[Item]) -> list[Labelled]:
    """Each line of items alone, with names, stances, its sentiment and the item's topics."""
    return [
        Labelled(
            line.language,
            line.text,
            spans=frozenset((name.start, name.end, name.type) for name in line.names or ()),
            stances={(name.start, name.end): name.stance for name in line.names or ()},
            sentiment=LABELS[line.sentiment],
            types=("PER", "ORG", "LOC", "MISC"),
            topics=item.codes,
        )
        for item in items
        for line in item.lines
    ]


def news_lines(corpora: Path) -> list[Labelled]:
    """Lines of half of the held-out stories in thirty languages, in an order of chance."""
    lines = [
        Labelled(line.language, line.text, sentiment=LABELS[line.sentiment])
        for line in read_ntrex_lines(corpora, HELD_OUT)
        if line.language in THIRTY and for_calibration(line.document.rsplit(".", 1)[0])
    ]
    Random(1).shuffle(lines)
    return lines


def judged_texts(corpora: Path) -> list[Labelled]:
    """Every second text of the development files that judge as news does, at most 400 of each, in an order of chance."""
    texts = []
    for name in ("ar.arsarcasm2", "en.newsmtsc", "ru.rusentne"):
        rows = read_lines(corpora / f"sentiment/{name}.dev.jsonl.gz")[::2][:_TEXTS_PER_FILE]
        texts += [Labelled(row["lang"], row["text"], sentiment=row["label"]) for row in rows]
    Random(1).shuffle(texts)
    return texts


def topic_sentences(corpora: Path) -> list[Labelled]:
    """Every second development sentence of SIB-200, the same ones in each of thirty languages."""
    seen: dict[str, int] = defaultdict(int)
    sentences = []
    for row in read_lines(corpora / "topic/multi.sib200.dev.jsonl.gz"):
        seen[row["flores"]] += 1
        if row["lang"] in THIRTY and seen[row["flores"]] % 2:
            sentences.append(Labelled(row["lang"], row["text"], topics=(_CODES[SIB_CHOICES[row["label"]]],)))
    return sentences


def whole_texts(items: Sequence[Item]) -> list[Labelled]:
    """Items as articles, with sentiment and topics."""
    return [
        Labelled(
            item.lines[0].language,
            "\n".join(line.text for line in item.lines[1:]),
            title=item.lines[0].text,
            sentiment=LABELS[item.sentiment],
            topics=item.codes,
        )
        for item in items
    ]


def calibrate(corpora: Path, written: Path, assets: Assets) -> dict[str, dict[str, object]]:
    """The settings of all stages."""
    encoder = encode.load(assets)
    thresholds = Thresholds(**_THRESHOLDS)
    items = [item for item in read_written(written) if item.is_held_out and for_calibration(item.document)]
    lines, wholes = encoded(encoder, line_texts(items)), encoded(encoder, whole_texts(items))
    sentences = [item for path in ner_files(corpora) for item in read_ner(path, _SENTENCES_PER_FILE)[::2]]
    sentiment = fit_sentiment(wholes, [encoded(encoder, news_lines(corpora)), encoded(encoder, judged_texts(corpora))])
    return {
        "encode": {"window_tokens": _WINDOW_TOKENS},
        "entities": {
            "thresholds": _THRESHOLDS,
            "confidence": fit_confidence([*encoded(encoder, sentences), *lines], thresholds),
            "stance": fit_stance(lines, thresholds),
        },
        "sentiment": {"calibration": asdict(sentiment), "min_confidence": _MIN_CONFIDENCE},
        "topics": {**fit_topics(wholes), **fit_topics_alone(lines, encoded(encoder, topic_sentences(corpora)))},
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path, help="folder with ner/")
    parser.add_argument("--written", type=Path, default=Path("written"), help="folder with our own annotated news")
    parser.add_argument("--models", type=Path, default=BUILT_IN, help="folder of the model and its manifest")
    options = parser.parse_args()
    update_manifest(options.models, settings={"encode": {"window_tokens": _WINDOW_TOKENS}})
    settings = calibrate(options.corpora, options.written, open_assets(options.models))
    for stage, values in settings.items():
        print(stage, values)
    update_manifest(options.models, settings=settings)


if __name__ == "__main__":
    main()
