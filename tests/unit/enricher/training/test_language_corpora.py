"""Which sentences the language identifier learns from, and which it never sees."""

import gzip
import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from services.enricher.language_text import normalised
from services.enricher.training.corpora import HELD_OUT
from services.enricher.training.language_corpora import development, label_of_sib, read_ntrex, training
from services.enricher.training.language_lines import altered, cut

GERMAN = "Die Brücke über den Fluss ist nach neun Jahren wieder offen."
ARABIC = "أعلنت وزارة الدفاع يوم الثلاثاء بدء عملية محلية في الإقليم."
CANTONESE = "佢話條橋開返咗，大家都好開心，可以過河喇。"
MANDARIN = "市長週一在來賓面前宣布，河上的大橋重新開放，大家都很高興。"


def write(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))


def sib(language: str, flores: str, text: str) -> dict[str, str]:
    return {"lang": language, "flores": flores, "text": text, "label": "travel"}


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    held_out = min(HELD_OUT)
    write(
        tmp_path / "topic/multi.sib200.train.jsonl.gz",
        [
            sib("de", "deu_Latn", GERMAN),
            sib("de", "deu_Latn", "Nur hier steht dieser eine deutsche Satz."),
            sib("arz", "arz_Arab", ARABIC),
            sib("yue", "yue_Hant", MANDARIN),
            sib("yue", "yue_Hant", CANTONESE),
        ],
    )
    write(tmp_path / "topic/multi.sib200.dev.jsonl.gz", [sib("de", "deu_Latn", GERMAN.upper())])
    story = {"lang": "sr", "title": "Most je otvoren posle devet godina", "text": "Most preko reke ponovo je otvoren.\nKratko."}
    write(
        tmp_path / "articles/ntrex128.jsonl.gz",
        [
            {**story, "doc": "paper.1", "url": "ntrex:paper.1:srp-Latn"},
            {**story, "doc": held_out, "url": f"ntrex:{held_out}:srp-Latn", "title": "Zatvoren je most preko reke", "lang": "sr"},
        ],
    )
    return tmp_path


def test_twenty_stories_are_held_out() -> None:
    assert len(HELD_OUT) == 20


def test_no_development_sentence_is_trained_on(corpora: Path) -> None:
    developed = {normalised(sentence.text) for sentence in development(corpora)}
    taught = [sentence.text for sentence in training(corpora)]
    assert normalised(GERMAN) in developed
    assert developed.isdisjoint(map(normalised, taught))
    assert "Nur hier steht dieser eine deutsche Satz." in taught


def test_a_held_out_story_is_not_trained_on_nor_its_lines_in_other_stories(corpora: Path) -> None:
    assert [story.title for _, story in read_ntrex(corpora, held_out=True)] == ["Zatvoren je most preko reke"]
    taught = [sentence for sentence in training(corpora) if sentence.label == "sr-Latn"]
    assert [sentence.text for sentence in taught] == ["Most je otvoren posle devet godina"]


def test_languages_without_development_sentences_have_held_out_stories(corpora: Path) -> None:
    assert [sentence.label for sentence in development(corpora)] == ["de", "sr-Latn"]


def test_cantonese_is_taught_by_its_own_words(corpora: Path) -> None:
    assert [sentence.text for sentence in training(corpora) if sentence.label == "yue"] == [CANTONESE]


@pytest.mark.parametrize(
    ("language", "flores", "label"),
    [
        ("arz", "arz_Arab", "ar"), ("ar-Latn", "arb_Latn", "ar-Latn"), ("prs", "prs_Arab", "fa"), ("ace", "ace_Arab", "ace-Arab"),
        ("zh", "zho_Hans", "zh-Hans"), ("yue", "yue_Hant", "yue"), ("ja", "jpn_Jpan", "ja"), ("ko", "kor_Hang", "ko"),
        ("sr", "srp_Cyrl", "sr"), ("taq", "taq_Tfng", "taq-Tfng"),
    ],
)  # fmt: skip
def test_label_names_a_script_only_beside_the_default(language: str, flores: str, label: str) -> None:
    assert label_of_sib(language, flores) == label


@pytest.mark.parametrize(("text", "least", "most"), [(GERMAN, 2, 8), (ARABIC, 2, 8), ("एक दो तीन", 2, 3)])
def test_cut_is_some_words_in_a_row(text: str, least: int, most: int) -> None:
    for seed in range(50):
        words = cut(random.Random(seed), text)
        assert words in text and least <= len(words.split()) <= most


def test_cut_of_text_without_blanks_is_some_letters_in_a_row() -> None:
    cuts = {cut(random.Random(seed), MANDARIN) for seed in range(50)}
    assert len(cuts) > 20
    assert all(each in MANDARIN and 4 <= len(each) <= 30 for each in cuts)


def test_few_sentences_are_altered_and_none_loses_its_words() -> None:
    made = [altered(random.Random(seed), GERMAN) for seed in range(1_000)]
    assert 850 < made.count(GERMAN) < 950
    assert {"DIE BRÜCKE ÜBER", "DIE BRUCKE UBER"} <= {each[:15] for each in made}
    assert all(len(each.split()) >= len(GERMAN.split()) for each in made)
