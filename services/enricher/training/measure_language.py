"""Measures the language stage line by line: `python -m services.enricher.training.measure_language CORPORA [--models FOLDER]`.

"served" is what the stage answers, "und" among the answers; "likeliest" is the model's best language, whatever speaks for it.
With `--start FILE` another fastText model is measured on the same titles; one that has seen the held-out stories is flattered
by their titles, not by cuts of SIB-200. Chinese of SIB-200 that is labelled Cantonese counts as Chinese.
"""

import argparse
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from schemas.languages import UNDETERMINED, base_language
from schemas.raw_article import RawArticle
from services.enricher.assets import BUILT_IN, open_assets
from services.enricher.stage import Draft, Model
from services.enricher.stages.language import LanguageStage, load
from services.enricher.training.language_corpora import Sentence
from services.enricher.training.language_fit import measuring
from services.enricher.training.language_samples import (
    PIDGIN,
    known_sentences,
    no_language,
    romanised,
    stories,
    story_titles,
    titles,
    unseen,
)

_ARTICLE = RawArticle(url="urn:newsloom:measure", text="-")
_SPEED_TEXTS, _SPEED_ROUNDS = 1_000, 3
_SPEED_CODE_POINTS = 500
_MIXED = 200


def tags(stage: LanguageStage, texts: Sequence[str]) -> list[str]:
    """What the stage answers for each text alone, as base tags."""
    drafts = stage([Draft(_ARTICLE, text=text) for text in texts])
    return [base_language(draft.language.tag) if draft.language else UNDETERMINED for draft in drafts]


def likeliest(stage: LanguageStage, texts: Sequence[str]) -> list[str]:
    """The model's best language for each text, base tags."""
    found = []
    for text in texts:
        likely = {language: share for language, share in stage.read(text).likely.items() if language != UNDETERMINED}
        found.append(max(likely, key=lambda language: likely[language], default=UNDETERMINED))
    return found


def f1_by_language(sentences: Sequence[Sentence], answers: Sequence[str]) -> dict[str, float]:
    """F1 of every language of the gold; all answers count."""
    gold = [base_language(one.label) for one in sentences]
    right = Counter(g for g, a in zip(gold, answers, strict=True) if g == a)
    expected, given = Counter(gold), Counter(answers)
    return {language: 2 * right[language] / (expected[language] + given[language]) for language in sorted(expected)}


def line(name: str, sentences: Sequence[Sentence], answers: Sequence[str]) -> str:
    """One line of the report: macro-F1, Arabic, what became "und", the worst languages."""
    scores = f1_by_language(sentences, answers)
    worst = " ".join(f"{tag} {score:.2f}" for tag, score in sorted(scores.items(), key=lambda each: each[1])[:8])
    lost = answers.count(UNDETERMINED) / len(answers)
    macro = sum(scores.values()) / len(scores)
    arabic = f"{scores['ar']:.4f}" if "ar" in scores else "-"
    return (
        f"{name:34} n {len(answers):6} languages {len(scores):3} macro-F1 {macro:.4f} ar {arabic} und {lost:.4f}; worst: {worst}"
    )


def start_stage(path: Path) -> LanguageStage:
    """Another fastText model, which read text in lower case with numbers as 0."""
    import fasttext

    loaded = fasttext.load_model(str(path))

    def guess(text: str) -> Sequence[tuple[str, float]]:
        labels, fits = loaded.predict(" ".join(re.sub(r"\d+", "0", text).split()).lower(), -1)
        return [(label.removeprefix("__label__"), fit) for label, fit in zip(labels, fits, strict=True)]

    return LanguageStage(guess, Model(path.name, "start"))


def report(corpora: Path, stage: LanguageStage, start: LanguageStage | None, every: int = 1) -> Iterator[str]:
    """The lines of the report, one by one, on every so-manieth development sentence that nothing was fitted on."""
    sentences = measuring(known_sentences(corpora))[::every]
    short, heads, beginnings = titles(sentences), measuring(story_titles(corpora)), measuring(stories(corpora))
    for name, sample in (
        ("sentences", sentences),
        ("titles (cuts)", short),
        ("titles (stories)", heads),
        ("articles", beginnings),
    ):
        yield line(f"{name}, served", sample, tags(stage, [one.text for one in sample]))
        yield line(f"{name}, likeliest", sample, likeliest(stage, [one.text for one in sample]))
        if start and sample in (short, heads):
            yield line(f"{name}, likeliest, start", sample, likeliest(start, [one.text for one in sample]))
    capitals = [Sentence(one.label, one.text.upper()) for one in sentences]
    yield line("sentences in capitals, served", capitals, tags(stage, [one.text for one in capitals]))
    residue = [Sentence(one.label, f'<p class="lead">{one.text}&nbsp;</p> https://a.example/b?c=d') for one in sentences]
    yield line("sentences with residue, served", residue, tags(stage, [one.text for one in residue]))
    latin = romanised(sentences)
    yield line("romanised, served", latin, tags(stage, [one.text for one in latin]))
    yield from _rejected(corpora, stage)
    yield _speed(stage, sentences)
    yield _mixed(stage, beginnings)


def _rejected(corpora: Path, stage: LanguageStage) -> Iterator[str]:
    shares = {name: tags(stage, texts).count(UNDETERMINED) / len(texts) for name, texts in no_language().items()}
    yield "no language -> und: " + " ".join(f"{name} {share:.3f}" for name, share in shares.items())
    shares = {name: tags(stage, texts).count(UNDETERMINED) / len(texts) for name, texts in unseen(corpora).items()}
    mean = sum(shares.values()) / len(shares)
    without = (sum(shares.values()) - shares[PIDGIN]) / (len(shares) - 1)
    each = " ".join(f"{name} {share:.3f}" for name, share in shares.items())
    yield f"unseen languages -> und: mean {mean:.3f}, without {PIDGIN} {without:.3f}: {each}"


def _speed(stage: LanguageStage, sentences: Sequence[Sentence]) -> str:
    texts = [
        (one.text + " ") * (_SPEED_CODE_POINTS // len(one.text) + 1) for one in sentences[:: len(sentences) // _SPEED_TEXTS or 1]
    ]
    drafts = [Draft(_ARTICLE, text=text[:_SPEED_CODE_POINTS]) for text in texts]
    spent = []
    for _ in range(_SPEED_ROUNDS):
        started = time.process_time()
        stage(drafts)
        spent.append(time.process_time() - started)
    rate = len(drafts) / min(spent)
    return f"{rate:.0f} texts of {_SPEED_CODE_POINTS} code points a second of processor time"


def _mixed(stage: LanguageStage, beginnings: Sequence[Sentence]) -> str:
    """How often two stories, one after the other, give both languages as parts."""
    pairs = list(zip(beginnings[::2], beginnings[1::2][::-1], strict=False))[:_MIXED]
    right = 0
    for first, second in pairs:
        draft = stage([Draft(_ARTICLE, text=f"{first.text}\n\n{second.text}")])[0]
        found = [base_language(part.tag) for part in draft.language.parts] if draft.language else []
        right += found == [base_language(first.label), base_language(second.label)]
    return f"mixed text: exactly its two parts in {right / len(pairs):.3f} of {len(pairs)}"


def main() -> None:
    """Prints the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--models", type=Path, default=BUILT_IN, help="folder with the manifest and the language model")
    parser.add_argument("--start", type=Path, help="another model to measure on titles")
    parser.add_argument("--every", type=int, default=1, help="only every Nth sentence, for a quick look")
    given = parser.parse_args()
    stage = load(open_assets(given.models))
    assert isinstance(stage, LanguageStage)
    for each in report(given.corpora, stage, start_stage(given.start) if given.start else None, given.every):
        print(each, flush=True)


if __name__ == "__main__":
    main()
