"""Fits from how much evidence on a text is in a language that the model knows, and writes it into the manifest:
`python -m services.enricher.training.language_fit CORPORA --models FOLDER`.

Fitted on every other development sentence, on cuts of these as short as titles and on every other held-out story in a
language; measure_language takes the others. No text
in an unknown language is needed: the threshold is where a given share of the known is lost, in classes of length, since a few
words give less evidence.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from services.enricher.assets import open_assets
from services.enricher.language_windows import sum_letters
from services.enricher.scripts import dominant_script
from services.enricher.stages.language import LanguageStage, evidence_of, load
from services.enricher.training.language_corpora import Sentence
from services.enricher.training.language_samples import known_sentences, stories, titles
from services.enricher.training.manifest import update_manifest

# Classes of length by the letters that they begin with, and the share of their known texts that may be lost. Articles have
# names, tables and quotations; of them hardly any may be.
LOST = ((0, 0.008), (15, 0.008), (25, 0.008), (40, 0.008), (80, 0.008), (250, 0.001))


def fitting(sentences: Sequence[Sentence]) -> list[Sentence]:
    """The sentences that thresholds are fitted on."""
    return list(sentences[::2])


def measuring(sentences: Sequence[Sentence]) -> list[Sentence]:
    """The others."""
    return list(sentences[1::2])


def fit(stage: LanguageStage, texts: Sequence[str]) -> Iterator[tuple[int, float]]:
    """For each class of length the evidence that all but the given share of its texts have."""
    read = [evidence_of(found, dominant_script(sum_letters(found))) for found in map(stage.windows, texts)]
    for (first, lost), end in zip(LOST, (*(first for first, _ in LOST[1:]), 10**9), strict=True):
        evidence = sorted(evidence for size, evidence, _ in read if first <= size < end)
        if evidence:
            yield first, round(evidence[int(lost * len(evidence))], 4)


def main() -> None:
    """Fits and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--models", type=Path, required=True, help="folder with the manifest and the language model")
    given = parser.parse_args()
    stage = load(open_assets(given.models))
    assert isinstance(stage, LanguageStage)
    sentences = fitting(known_sentences(given.corpora))
    samples = (*sentences, *titles(sentences), *fitting(stories(given.corpora)))
    least = list(fit(stage, [one.text for one in samples]))
    print(least)
    update_manifest(given.models, settings={"language": {"least_evidence": [list(each) for each in least]}})


if __name__ == "__main__":
    main()
