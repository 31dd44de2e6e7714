"""The sentences that the language identifier learns from and is measured on: SIB-200 and NTREX-128, and who is left out.

Development: SIB-200's own development sentences and, of NTREX-128, the stories of held_out.txt. No sentence of these is in
training (compared as the model reads it).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from schemas.languages import LANGUAGES, base_language
from services.enricher.language_text import normalised
from services.enricher.training.corpora import HELD_OUT, read_lines

# Left out of the list, so that "other" can be learned from some languages and measured on others. Small ones of several
# families, none with a near relative in the list; the other 190 stay. NusaX adds Toba Batak, Madurese and Ngaju (CC-BY-SA-4.0).
OTHER_TRAINED = ("kbp", "umb")
OTHER_TRAINED_NUSAX = ("bbc",)
OTHER_TESTED = ("kac", "nus", "pag")
OTHER_TESTED_SENTIMENT = ("mad", "nij")
LEFT_OUT = frozenset((*OTHER_TRAINED, *OTHER_TESTED))

# The corpora's names of what is another label here; Chinese is told by its characters.
_LABELS: Mapping[str, str] = MappingProxyType({"arb_Latn": "ar-Latn", "zho_Hans": "zh-Hans", "zho_Hant": "zh-Hant"})
_NTREX_LABELS: Mapping[str, str] = MappingProxyType({"srp-Latn": "sr-Latn", "zho-CN": "zh-Hans", "zho-TW": "zh-Hant"})


# Of SIB-200's Cantonese hardly a sentence has one of these; NTREX-128's has them in six lines of seven.
_CANTONESE = frozenset("嘅係喺唔佢咗嚟啲冇嘢咁哋乜睇俾畀噉嗰")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A text and its label: a language of the table, with the script where it isn't the language's default."""

    label: str
    text: str
    document: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """A held-out story in one language."""

    label: str
    title: str
    text: str


def label_of_sib(language: str, flores: str) -> str:
    """The label of a SIB-200 row: "ace-Arab" for ("ace", "ace_Arab"), "ar" for a dialect."""
    if flores in _LABELS:
        return _LABELS[flores]
    tag, script = base_language(language), flores.partition("_")[2]
    is_default = script.startswith("Han") or script in (LANGUAGES[tag].script, "Jpan")
    return tag if is_default else f"{tag}-{script}"


def read_sib(corpora: Path, part: str) -> Iterator[Sentence]:
    """The sentences of a part ("train", "dev")."""
    for row in read_lines(corpora / f"topic/multi.sib200.{part}.jsonl.gz"):
        yield Sentence(label_of_sib(row["lang"], row["flores"]), row["text"])


def read_ntrex(corpora: Path, *, held_out: bool) -> Iterator[tuple[str, Article]]:
    """The stories, each with its name: those held out or all others."""
    for row in read_lines(corpora / "articles/ntrex128.jsonl.gz"):
        if (row["doc"] in HELD_OUT) == held_out:
            variant = row["url"].rpartition(":")[2]
            label = _NTREX_LABELS.get(variant, base_language(row["lang"]))
            yield row["doc"], Article(label, row["title"], row["text"])


def read_nusax(corpora: Path, language: str, part: str = "train") -> list[Sentence]:
    """Sentences of a language of Indonesia."""
    return [Sentence(language, row["text"]) for row in read_lines(corpora / f"sentiment/{language}.nusax.{part}.jsonl.gz")]


def development(corpora: Path) -> list[Sentence]:
    """Sentences never trained on: SIB-200's development part, and held-out stories for the languages that it hasn't.

    What is called Cantonese and has none of its words counts as the Chinese that it is: nearly all of SIB-200's.
    """
    sentences = [sentence if _is_true(sentence) else Sentence("zh", sentence.text) for sentence in read_sib(corpora, "dev")]
    known = {sentence.label for sentence in sentences} - {"yue"}
    for document, article in read_ntrex(corpora, held_out=True):
        if article.label not in known:
            lines = [Sentence(article.label, line, document) for line in article.text.split("\n") if len(line) >= 15]
            sentences += filter(_is_true, lines)
    return sentences


def _is_true(sentence: Sentence) -> bool:
    """Whether a sentence is in the language of its label: Cantonese has its own words, or is Chinese as written anywhere."""
    return sentence.label != "yue" or not _CANTONESE.isdisjoint(sentence.text)


def training(corpora: Path) -> list[Sentence]:
    """Sentences to learn from, languages left out among them, none of which is in development; in the corpora's order."""
    never = {normalised(sentence.text) for sentence in development(corpora)}
    never |= {normalised(line) for _, story in read_ntrex(corpora, held_out=True) for line in _lines(story)}
    sentences = [sentence for sentence in read_sib(corpora, "train") if normalised(sentence.text) not in never]
    for document, story in read_ntrex(corpora, held_out=False):
        sentences += [Sentence(story.label, line, document) for line in _lines(story) if normalised(line) not in never]
    return [sentence for sentence in sentences if _is_true(sentence)]


def _lines(story: Article) -> Sequence[str]:
    return [line for line in (story.title, *story.text.split("\n")) if len(line) >= 15]
