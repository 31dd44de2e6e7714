"""The language stage: language, script and confidence of an article, and the stretches of a text that mixes languages."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from schemas.enriched_article import Language, LanguageGuess, LanguagePart
from schemas.languages import NO_SCRIPT, UNDETERMINED, base_language, iso639_3, language_tag
from services.enricher.assets import Assets
from services.enricher.scripts import count_languages, count_letters, dominant_script, published_script, scripts_of
from services.enricher.sentences import Span, sentences
from services.enricher.stage import Draft, Model, Stage

Guess = Callable[[str], Sequence[tuple[str, float]]]
"""From normalised text to every label of the model with its probability, likeliest first."""

# The model was trained on sentences; 250 code points are about two, long enough to be sure, short enough to find a quotation.
WINDOW_CODE_POINTS = 250
# A window takes 0.4 ms. Texts of up to 25,000 code points are read whole, longer ones at places spread evenly.
MAX_WINDOWS = 100

# A text whose best language is less likely than this is "und"; low enough for two close relatives to share the rest.
MIN_CONFIDENCE = 0.4
# The model is as sure about two words as about two sentences. Of stretches of n letters in Latin script it names the language of
# 1 − e^(−n/15), within eight points at every length from 4 to 250 (2,280 stretches of the seeds, 10 languages); there it takes 7
# bits to tell one language from all others. A script with fewer languages says more by itself: in proportion to those bits.
_LETTERS_PER_BIT = 2.1

# A stretch is called another language only when that is sure; within one script close relatives are taken for each other.
MIN_PART_CONFIDENCE = 0.9
MIN_PART_LETTERS_OTHER_SCRIPT = 30
MIN_PART_LETTERS_SAME_SCRIPT = 100
# Languages this much less likely than the likeliest would be 0 in four decimals.
_NEGLIGIBLE = 0.0001
# Between two languages nearer than this, the source's own word decides.
NEAR_TIE = 0.1

_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of the article: where in the text it starts, its letters by script, and how likely it is in which language."""

    start: int
    text: str
    letters: Counter[str]
    script: str
    likely: Mapping[str, float]

    @property
    def size(self) -> int:
        """How many letters it has."""
        return self.letters.total()

    @property
    def best(self) -> str:
        """The likeliest language, "und" without letters."""
        return max(self.likely, key=lambda language: (self.likely[language], language), default=UNDETERMINED)


@dataclass(frozen=True, slots=True)
class LanguageStage:
    """Fills in language; one that can't be told is "und", with status low_confidence when there are letters."""

    guess: Guess
    model: Model
    name: str = "language"

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        return [self._identified(draft) for draft in drafts]

    def _identified(self, draft: Draft) -> Draft:
        text = draft.annotated_text
        title = self._read(draft.title or "")
        read = [self._read(text[start:end], start) for start, end in spread(windows(text))]
        language = identify(title, read, len(draft.text), draft.article.language_hint)
        is_undecided = language.tag == UNDETERMINED and language.script != NO_SCRIPT
        return draft.answered(self.name, "low_confidence" if is_undecided else "ok", language=language)

    def _read(self, text: str, start: int = 0) -> Window:
        letters = count_letters(text)
        script = dominant_script(letters)
        return Window(start, text, letters, script, self._likely(text, script) if letters else {})

    def _likely(self, text: str, script: str) -> Mapping[str, float]:
        """The probability of each language that is written in the script."""
        likely: dict[str, float] = {}
        least = 0.0
        for label, probability in self.guess(normalised(text)):
            if probability < least:
                break  # they come in order
            if script in scripts_of(label):
                least = least or _NEGLIGIBLE * probability
                language = base_language(label)
                likely[language] = likely.get(language, 0.0) + probability
        return shares(likely)


def windows(text: str) -> Iterator[Span]:
    """Stretches of whole sentences of one script, of at most 250 code points unless a sentence is longer."""
    first = last = 0
    script = NO_SCRIPT
    for start, end in sentences(text):
        own = dominant_script(count_letters(text[start:end]))
        changed = own != script and NO_SCRIPT not in (own, script)
        if last and (changed or end - first > WINDOW_CODE_POINTS):
            yield first, last
            first, script = start, own
        first, last = (first, end) if last else (start, end)
        script = own if script == NO_SCRIPT else script
    if last:
        yield first, last


def spread(spans: Iterable[Span]) -> Sequence[Span]:
    """At most MAX_WINDOWS of the spans, evenly spread, the first among them."""
    spans = list(spans)
    count = min(len(spans), MAX_WINDOWS)
    return [spans[place * len(spans) // count] for place in range(count)]


def normalised(text: str) -> str:
    """The text as the model was trained on it: lower case, each number 0, one blank between words."""
    return " ".join(_DIGITS.sub("0", text).split()).lower()


def shares(weights: Mapping[str, float]) -> Mapping[str, float]:
    """The weights divided by their sum."""
    total = math.fsum(weights.values())
    return {name: weight / total for name, weight in weights.items()} if total > 0 else {}


def identify(title: Window, read: Sequence[Window], length: int, hint: str | None) -> Language:
    """The likeliest language of those written in the script of most letters, and the parts of a text of `length` code points.

    Each window counts with its letters, but one that is surely in another language (a quotation) makes the rest no less sure.
    """
    every = (title, *read)
    text = "\n".join(window.text for window in every)
    script = dominant_script(sum((window.letters for window in every), Counter[str]()))
    likeliest = next(iter(ranking(every, script, hint)), (UNDETERMINED, 0.0))[0]
    own = [window for window in every if not is_other(window, likeliest, script)]
    guesses = [_guess(*ranked, script, text) for ranked in ranking(own, script, hint)[:2]]
    if not guesses or guesses[0].confidence < MIN_CONFIDENCE:
        guesses.insert(0, _guess(UNDETERMINED, 0.0, script, text))
    tag = guesses[0].tag
    return Language(
        tag=tag,
        confidence=guesses[0].confidence,
        iso639_3=iso639_3(tag),
        script=published_script(base_language(tag), script, text),
        runner_up=guesses[1] if len(guesses) > 1 and guesses[1].confidence > 0 else None,
        parts=() if tag == UNDETERMINED else parts(read, tag, script, length),
    )


def ranking(read: Sequence[Window], script: str, hint: str | None) -> list[tuple[str, float]]:
    """Languages of a script and their confidence, likeliest first; of two nearly as likely ones the hinted comes first."""
    weights: dict[str, float] = {}
    for window in read:
        for language, probability in window.likely.items():
            if script in scripts_of(language):
                weights[language] = weights.get(language, 0.0) + probability * window.size
    sure = certainty(sum(window.size for window in read), script)
    ranked = [(language, round(sure * share, 4)) for language, share in shares(weights).items()]
    ranked.sort(key=lambda guess: (-guess[1], guess[0]))
    if len(ranked) > 1 and hint and ranked[1][0] == base_language(hint) and ranked[0][1] - ranked[1][1] < NEAR_TIE:
        ranked[0], ranked[1] = ranked[1], ranked[0]
    return ranked


def certainty(letters: int, script: str) -> float:
    """How often the model is right on so many letters of a script when it is sure."""
    bits = math.log2(max(count_languages(script), 1))
    return 1 - math.exp(-letters / (_LETTERS_PER_BIT * bits)) if bits else 1.0


def parts(read: Sequence[Window], tag: str, script: str, length: int) -> tuple[LanguagePart, ...]:
    """The stretches of a text that mixes languages; none when it is all in the document's.

    A stretch lasts until the next window of another language, in long texts until the next one that was read.
    """
    tags = [(window.start, _tag_of(window) if is_other(window, base_language(tag), script) else tag) for window in read]
    firsts = [next(group) for _, group in groupby(tags, key=lambda window: window[1])]
    if len(firsts) < 2:
        return ()
    bounds = [0, *(start for start, _ in firsts[1:]), length]
    return tuple(
        LanguagePart(start=start, end=end, tag=own) for (start, end), (_, own) in zip(pairwise(bounds), firsts, strict=True)
    )


def is_other(window: Window, language: str, script: str) -> bool:
    """Whether a window is surely in another language than the document's, whose script is known."""
    best = window.best
    least = MIN_PART_LETTERS_SAME_SCRIPT if window.script == script else MIN_PART_LETTERS_OTHER_SCRIPT
    return best != language and window.likely.get(best, 0.0) >= MIN_PART_CONFIDENCE and window.size >= least


def _tag_of(window: Window) -> str:
    return language_tag(window.best, published_script(window.best, window.script, window.text))


def _guess(language: str, confidence: float, script: str, text: str) -> LanguageGuess:
    return LanguageGuess(tag=language_tag(language, published_script(language, script, text)), confidence=min(confidence, 1.0))


def load(assets: Assets) -> Stage:
    """The stage with the language model of the manifest."""
    import fasttext

    asset = assets.file("language")
    loaded = fasttext.load_model(str(asset.path))

    def guess(text: str) -> Sequence[tuple[str, float]]:
        labels, probabilities = loaded.predict(text, -1)
        return [(label.removeprefix("__label__"), float(p)) for label, p in zip(labels, probabilities, strict=True)]

    return LanguageStage(guess, asset.model)
