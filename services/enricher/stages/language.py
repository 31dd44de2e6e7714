"""The language stage: language, script and confidence of an article, and the stretches of a text that mixes languages."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, pairwise

from schemas.enriched_article import Language, LanguageGuess, LanguagePart
from schemas.languages import NO_SCRIPT, UNDETERMINED, base_language, iso639_3, language_tag
from services.enricher.assets import Assets
from services.enricher.language_text import normalised, plain
from services.enricher.language_windows import (
    WINDOW_CODE_POINTS,
    Window,
    glance,
    passages,
    sum_letters,
    windows,
)
from services.enricher.scripts import count_foreign, count_languages, count_letters, dominant_script, published_script, scripts_of
from services.enricher.stage import Draft, Model, Stage

Guess = Callable[[str], Sequence[tuple[str, float]]]
"""From text to the labels that it fits, each with how well (0–1), best first. They needn't add up to 1."""

LeastEvidence = Sequence[tuple[int, float]]
"""From so many letters on, so much evidence must speak for known languages; by rising letters."""

# Labels of what is in no language, and of what is in one that the model doesn't know.
_NO_LANGUAGE = frozenset(("und", "other"))

# Of a window the model reads the beginning, of several windows less of each: more takes time and tells little.
READ_CODE_POINTS = 200, 160
# Where a glance at a passage fits one language this well, and this many times better than any other, as in most news, its
# windows aren't read one by one.
SURE_AT_A_GLANCE, TIMES_SURER = 0.93, 150
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

# How many languages' shares are evidence of a known language. At 2 % of known sentences lost, 48 % of those in an unknown one
# are found with the best alone, 64 % with two, 73 % with three.
_RELATIVES = 3
# Labels asked of the model: close relatives share a text, but no text fits so many.
_MAX_LABELS = 8


@dataclass(frozen=True, slots=True)
class LanguageStage:
    """Fills in language; one that can't be told is "und", with status low_confidence when there are letters."""

    guess: Guess
    model: Model
    least_evidence: LeastEvidence = ()
    name: str = "language"

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        return [self._identified(draft) for draft in drafts]

    def _identified(self, draft: Draft) -> Draft:
        title = [self.read(draft.title)] if draft.title else []
        language = identify(
            title, self.windows(draft.annotated_text), len(draft.text), draft.article.language_hint, self.least_evidence
        )
        is_undecided = language.tag == UNDETERMINED and language.script != NO_SCRIPT
        return draft.answered(self.name, "low_confidence" if is_undecided else "ok", language=language)

    def windows(self, text: str) -> Sequence[Window]:
        """The stretches of a text, as far as they are read."""
        if len(text) <= WINDOW_CODE_POINTS:
            return self._read(text, 0)
        return [window for start, end in passages(text) for window in self._glanced(text[start:end], start)]

    def _glanced(self, text: str, start: int) -> Sequence[Window]:
        """A passage as one stretch where a glance at it is enough, else its windows."""
        visible = plain(text)
        letters = count_letters(visible)
        script = dominant_script(letters)
        if letters and count_foreign(letters, script) < MIN_PART_LETTERS_OTHER_SCRIPT:
            fits = self._fits(glance(visible), script)
            best, second = sorted((*fits.values(), 0.0, 0.0), reverse=True)[:2]
            if best >= max(SURE_AT_A_GLANCE, TIMES_SURER * second) and fits.get(UNDETERMINED) != best:
                return [_window(start, visible, letters, script, fits)]
        return self._read(text, start)

    def _read(self, text: str, start: int) -> Sequence[Window]:
        spans = list(windows(text))
        most = READ_CODE_POINTS[len(spans) > 1]
        return [self.read(text[first:end], start + first, most) for first, end in spans]

    def read(self, text: str, start: int = 0, most: int = READ_CODE_POINTS[0]) -> Window:
        """A stretch that starts at `start` in the article; the model reads the first `most` code points, all letters count."""
        text = plain(text)
        letters = count_letters(text)
        script = dominant_script(letters)
        return _window(start, text, letters, script, self._fits(text[:most], script) if letters else {})

    def _fits(self, text: str, script: str) -> Mapping[str, float]:
        """How well a text fits each language that is written in the script, and "und"."""
        fits: dict[str, float] = {}
        least = 0.0
        for label, fit in self.guess(text):
            if fit < least:
                break  # they come in order
            language, scripts = _written_in(label)
            if script in scripts or language == UNDETERMINED:
                least = least or _NEGLIGIBLE * fit
                fits[language] = fits.get(language, 0.0) + fit
        return fits


@lru_cache(maxsize=1_000)
def _written_in(label: str) -> tuple[str, frozenset[str]]:
    """The language that a label of the model stands for, and its scripts."""
    return (UNDETERMINED, frozenset()) if label in _NO_LANGUAGE else (base_language(label), scripts_of(label))


def _window(start: int, text: str, letters: Mapping[str, int], script: str, fits: Mapping[str, float]) -> Window:
    known = sorted((fit for language, fit in fits.items() if language != UNDETERMINED), reverse=True)
    likely = shares(fits)
    return Window(
        start,
        text,
        letters,
        script,
        likely,
        evidence=min(sum(known[:_RELATIVES]), 1.0),
        size=sum(letters.values()),
        best=max(likely, key=likely.__getitem__, default=UNDETERMINED),
    )


def shares(weights: Mapping[str, float]) -> Mapping[str, float]:
    """The weights divided by their sum."""
    total = math.fsum(weights.values())
    return {name: weight / total for name, weight in weights.items()} if total > 0 else {}


def identify(
    title: Sequence[Window], read: Sequence[Window], length: int, hint: str | None, least_evidence: LeastEvidence = ()
) -> Language:
    """The likeliest language of those written in the script of most letters, and the parts of a text of `length` code points.

    Each window counts with its letters, but one that is surely in another language (a quotation) makes the rest no less sure.
    """
    every = [window for window in (*title, *read) if window.size]
    text = "\n".join(window.text for window in every)
    script = dominant_script(sum_letters(every))
    ranked = ranking(every, script, hint)
    own = [window for window in every if ranked and not is_other(window, ranked[0][0], script, least_evidence)]
    if len(own) < len(every):
        ranked = ranking(own, script, hint)
    guesses = [_guess(*each, script, text) for each in ranked[:2]]
    if not guesses or guesses[0].confidence < MIN_CONFIDENCE or not is_known(own, script, least_evidence):
        guesses.insert(0, _guess(UNDETERMINED, 0.0, script, text))
    tag = guesses[0].tag
    return Language(
        tag=tag,
        confidence=guesses[0].confidence,
        iso639_3=iso639_3(tag),
        script=published_script(base_language(tag), script, text),
        runner_up=guesses[1] if len(guesses) > 1 and guesses[1].confidence > 0 else None,
        parts=() if tag == UNDETERMINED else parts(read, tag, script, length, least_evidence),
    )


def ranking(read: Sequence[Window], script: str, hint: str | None) -> list[tuple[str, float]]:
    """Languages of a script and their confidence, likeliest first; of two nearly as likely ones the hinted comes first."""
    weights: dict[str, float] = {}
    for window in read:
        for language, probability in window.likely.items():
            if language == UNDETERMINED or script in scripts_of(language):
                weights[language] = weights.get(language, 0.0) + probability * window.size
    sure = certainty(sum(window.size for window in read), script)
    ranked = [(language, round(sure * share, 4)) for language, share in shares(weights).items() if language != UNDETERMINED]
    ranked.sort(key=lambda guess: (-guess[1], guess[0]))
    if len(ranked) > 1 and hint and ranked[1][0] == base_language(hint) and ranked[0][1] - ranked[1][1] < NEAR_TIE:
        ranked[0], ranked[1] = ranked[1], ranked[0]
    return ranked


def is_known(read: Sequence[Window], script: str, least_evidence: LeastEvidence) -> bool:
    """Whether windows are in a language that the model knows: enough speaks for some, and more than for none."""
    size, evidence, none = evidence_of(read, script)
    least = next((enough for letters, enough in reversed(least_evidence) if letters <= size), 0.0)
    return size > 0 and evidence >= least and none <= 0.5


def evidence_of(read: Sequence[Window], script: str) -> tuple[int, float, float]:
    """How many letters windows have, and by letters how much speaks for known languages and for none, 0–1.

    Windows of another script say nothing about that: names in Latin letters are no text. Nor is it evidence against a
    language that a table or a line of code stands among its sentences.
    """
    own = [window for window in read if window.script == script] or read
    fitting = [window for window in own if window.best != UNDETERMINED] or own
    none = _mean(own, lambda window: window.likely.get(UNDETERMINED, 0.0))
    return sum(window.size for window in own), _mean(fitting, lambda window: window.evidence), none


def _mean(read: Sequence[Window], value: Callable[[Window], float]) -> float:
    return sum(value(window) * window.size for window in read) / max(sum(window.size for window in read), 1)


def certainty(letters: int, script: str) -> float:
    """How often the model is right on so many letters of a script when it is sure."""
    bits = math.log2(max(count_languages(script), 1))
    return 1 - math.exp(-letters / (_LETTERS_PER_BIT * bits)) if bits else 1.0


def parts(
    read: Sequence[Window], tag: str, script: str, length: int, least_evidence: LeastEvidence = ()
) -> tuple[LanguagePart, ...]:
    """The stretches of a text that mixes languages; none when it is all in the document's.

    A stretch lasts until the next window of another language, in long texts until the next one that was read.
    """
    if len(read) < 2:
        return ()
    language = base_language(tag)
    tags = [(one.start, _tag_of(one) if is_other(one, language, script, least_evidence) else tag) for one in read]
    firsts = [next(group) for _, group in groupby(tags, key=lambda window: window[1])]
    if len(firsts) < 2:
        return ()
    bounds = [0, *(start for start, _ in firsts[1:]), length]
    return tuple(
        LanguagePart(start=start, end=end, tag=own) for (start, end), (_, own) in zip(pairwise(bounds), firsts, strict=True)
    )


def is_other(window: Window, language: str, script: str, least_evidence: LeastEvidence = ()) -> bool:
    """Whether a window is surely in another language than the document's, whose script is known."""
    best = window.best
    least = MIN_PART_LETTERS_SAME_SCRIPT if window.script == script else MIN_PART_LETTERS_OTHER_SCRIPT
    if best in (language, UNDETERMINED) or window.size < least:
        return False
    return window.likely[best] >= MIN_PART_CONFIDENCE and is_known([window], window.script, least_evidence)


def _tag_of(window: Window) -> str:
    return language_tag(window.best, published_script(window.best, window.script, window.text))


def _guess(language: str, confidence: float, script: str, text: str) -> LanguageGuess:
    return LanguageGuess(tag=language_tag(language, published_script(language, script, text)), confidence=min(confidence, 1.0))


def load(assets: Assets) -> Stage:
    """The stage with the language model of the manifest."""
    import fasttext

    asset = assets.file("language")
    loaded = fasttext.load_model(str(asset.path))
    settings = assets.settings.get("language", {})

    def guess(text: str) -> Sequence[tuple[str, float]]:
        labels, fits = loaded.predict(normalised(text), _MAX_LABELS, _NEGLIGIBLE)
        return [(label.removeprefix("__label__"), fit) for label, fit in zip(labels, fits, strict=True)]

    return LanguageStage(guess, asset.model, [(letters, evidence) for letters, evidence in settings.get("least_evidence", ())])
