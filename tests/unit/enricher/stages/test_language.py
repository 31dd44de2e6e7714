"""The language stage: its rules with a model of the test's choice, and the built-in model on the seeds."""

from collections.abc import Sequence
from dataclasses import replace

import orjson
import pytest

from schemas.codec import decode_raw
from schemas.enriched_article import Language
from schemas.raw_article import RawArticle
from services.enricher.assets import open_assets
from services.enricher.language_windows import MAX_PASSAGES, PASSAGE_CODE_POINTS, WINDOW_CODE_POINTS, glance, passages, windows
from services.enricher.stage import Draft, Model, Stage
from services.enricher.stages import language, text
from services.enricher.stages.language import MIN_CONFIDENCE, READ_CODE_POINTS, LanguageStage
from tests.support.seed_markup import ARTICLES, GOLD

MODEL = Model("heard", "1")

LONG = {
    "de": "Die Brücke über den Fluss ist nach neun Jahren Bauzeit wieder offen, sagte die Bürgermeisterin am Montag vor Gästen.",
    "fr": "Le pont sur la rivière est de nouveau ouvert après neuf années de travaux, a dit la maire lundi devant ses invités.",
    "ar": "أعلنت وزارة الدفاع يوم الثلاثاء بدء عملية محلية في الإقليم بعد مقتل ستة من المواطنين بلغمين.",
    "hi": "शहर के पास नदी का पुल नौ साल बाद फिर खुल गया, महापौर ने सोमवार को मेहमानों के सामने यह जानकारी दी।",
    "ja": "市長は月曜日、九年間の工事を経て川にかかる橋が再び開通したと来賓の前で発表した。",
    "zh": "市長週一在來賓面前宣布，歷時九年的工程結束，河上的大橋重新開放，交通部門對此表示歡迎，並感謝所有工人。",
}


def stage_that_hears(**guesses: float) -> LanguageStage:
    """Hears the same in every text; in a label "_" stands for "-"."""
    heard = sorted(((label.replace("_", "-"), p) for label, p in guesses.items()), key=lambda guess: -guess[1])
    return LanguageStage(guess=lambda text: heard, model=MODEL)


def stage_that_recognises(**marks: str) -> LanguageStage:
    """Hears a language where a text has its mark, for certain when there is no other's."""

    def guess(heard: str) -> Sequence[tuple[str, float]]:
        found = [label for label, mark in marks.items() if mark in heard.lower()]
        return [(label, 1 / len(found)) for label in found]

    return LanguageStage(guess, MODEL)


def identified(stage: Stage, text: str, title: str | None = None, hint: str | None = None) -> Language:
    article = RawArticle(url="https://bote.example/a", text=text or "x", language_hint=hint)
    found = stage([Draft(article, title=title, text=text)])[0].language
    assert found
    return found


def status(stage: Stage, text: str) -> str:
    draft = Draft(RawArticle(url="https://bote.example/a", text="x"), text=text)
    return stage([draft])[0].statuses["language"]


@pytest.mark.parametrize(
    ("guesses", "text", "tag", "iso639_3", "script"),
    [
        ({"de": 0.9, "nl": 0.1}, LONG["de"], "de", "deu", "Latn"),
        ({"arz": 0.9, "fa": 0.1}, LONG["ar"], "ar", "ara", "Arab"),
        ({"prs": 0.9, "ar": 0.1}, LONG["ar"], "fa", "fas", "Arab"),
        ({"ar_Latn": 0.9, "de": 0.1}, LONG["de"], "ar-Latn", "ara", "Latn"),
        ({"sr": 0.9, "hr": 0.1}, LONG["de"], "sr-Latn", "srp", "Latn"),
        ({"hi": 0.9, "mr": 0.1}, LONG["hi"], "hi", "hin", "Deva"),
        ({"zh": 0.9, "yue": 0.1}, LONG["zh"], "zh-Hant", "zho", "Hant"),
        ({"zh": 0.9, "yue": 0.1}, "国家主席今天访问了法国，会见记者", "zh-Hans", "zho", "Hans"),
        ({"ja": 0.9, "zh": 0.1}, LONG["ja"], "ja", "jpn", "Jpan"),
    ],
)
def test_language_is_written_as_the_standards_do(
    guesses: dict[str, float], text: str, tag: str, iso639_3: str, script: str
) -> None:
    found = identified(stage_that_hears(**guesses), text)
    assert (found.tag, found.iso639_3, found.script) == (tag, iso639_3, script)


def test_labels_of_one_language_add_up() -> None:
    found = identified(stage_that_hears(acm=0.3, apc=0.3, fa=0.4), LONG["ar"])
    assert (found.tag, found.runner_up and found.runner_up.tag) == ("ar", "fa")
    assert found.confidence > 0.59


@pytest.mark.parametrize(("text", "tag"), [(LONG["ar"], "fa"), (LONG["hi"], "mr"), (LONG["ja"], "ja")])
def test_language_of_another_script_is_ruled_out(text: str, tag: str) -> None:
    assert identified(stage_that_hears(de=0.97, fa=0.01, mr=0.01, ja=0.01), text).tag == tag


@pytest.mark.parametrize("text", ["😀👍🏽", "12 345,67 – 8%", "…", ""])
def test_text_without_letters_is_undetermined(text: str) -> None:
    assert identified(stage_that_hears(taq=1.0), text) == Language(tag="und", confidence=0.0, iso639_3="und", script="Zyyy")
    assert status(stage_that_hears(taq=1.0), text) == "ok"


def test_undecided_rather_than_wrong() -> None:
    found = identified(stage_that_hears(gl=0.38, pt=0.35, es=0.27), LONG["de"])
    assert (found.tag, found.confidence, found.script) == ("und", 0.0, "Latn")
    assert found.runner_up and found.runner_up.tag == "gl" and found.runner_up.confidence < MIN_CONFIDENCE
    assert status(stage_that_hears(gl=0.38, pt=0.35, es=0.27), LONG["de"]) == "low_confidence"


def test_script_that_no_language_of_the_table_has_is_named() -> None:
    assert identified(stage_that_hears(de=1.0), "ᎣᏏᏲ ᏙᎯᏧ") == Language(tag="und", confidence=0.0, iso639_3="und", script="Cher")


def test_few_letters_make_less_sure() -> None:
    stage = stage_that_hears(de=1.0)
    sure = [identified(stage, text).confidence for text in ("Ja", "Überschwemmung", LONG["de"])]
    assert sure[0] == 0.0 < sure[1] < 0.8 < sure[2]
    assert sure == [round(each, 4) for each in sure]


def test_script_of_one_language_is_enough() -> None:
    assert identified(stage_that_hears(de=0.9, el=0.1), "Ναι").confidence == 1.0


@pytest.mark.parametrize(("hint", "tag"), [("sr-Latn", "sr-Latn"), ("de", "hr"), (None, "hr")])
def test_hint_only_decides_a_near_tie(hint: str | None, tag: str) -> None:
    assert identified(stage_that_hears(hr=0.52, sr=0.48), LONG["de"], hint=hint).tag == tag


def test_hint_does_not_outweigh_the_text() -> None:
    assert identified(stage_that_hears(hr=0.6, sr=0.4), LONG["de"], hint="sr").tag == "hr"


def test_title_counts() -> None:
    stage = stage_that_recognises(de="brücke", fr="pont")
    assert identified(stage, "123", title=LONG["de"]).tag == "de"


def test_quotation_in_another_script_is_a_part_and_makes_no_less_sure() -> None:
    text = f"{LONG['ar']} {LONG['fr']}\n\n{LONG['ar']}"
    found = identified(stage_that_recognises(fr="pont", ar="وزارة"), text)
    assert found.tag == "ar" and found.confidence > 0.99
    assert [part.tag for part in found.parts] == ["ar", "fr", "ar"]
    assert text[found.parts[1].start : found.parts[1].end].strip() == LONG["fr"]


def test_parts_cover_the_whole_text() -> None:
    text = f"{LONG['de'] * 3}\n\n{LONG['fr'] * 3}\n\n{LONG['de'] * 3}\n\n{LONG['hi']}\n\n{LONG['de'] * 5}"
    parts = identified(stage_that_recognises(fr="pont", de="brücke", hi="शहर"), text).parts
    assert [part.tag for part in parts] == ["de", "fr", "de", "hi", "de"]
    assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end == len(text)


def with_least_evidence(stage: LanguageStage, *least: tuple[int, float]) -> LanguageStage:
    return replace(stage, least_evidence=least)


@pytest.mark.parametrize("label", ["und", "other"])
def test_what_fits_no_language_best_is_undetermined(label: str) -> None:
    stage = stage_that_hears(**{label: 0.6}, de=0.4)
    assert identified(stage, LONG["de"]).tag == "und"
    assert status(stage, LONG["de"]) == "low_confidence"
    assert identified(stage_that_hears(**{label: 0.1}, de=0.9), LONG["de"]).tag == "de"


def test_little_evidence_for_every_language_is_undetermined() -> None:
    hesitant = stage_that_hears(de=0.3, sat=0.25, nl=0.1, lb=0.1, pl=0.1, mt=0.1, eu=0.05)
    certain = stage_that_hears(hr=0.5, bs=0.3, sr=0.19, sl=0.01)
    least = (0, 0.0), (40, 0.9)
    assert identified(with_least_evidence(hesitant, *least), LONG["de"]).tag == "und"
    assert identified(with_least_evidence(certain, *least), LONG["de"]).tag == "hr"


def test_short_text_needs_less_evidence() -> None:
    stage = with_least_evidence(stage_that_hears(de=0.7, nl=0.1, lb=0.1), (0, 0.5), (60, 0.95))
    assert identified(stage, "Brücke wieder offen, sagt sie").tag == "de"
    assert identified(stage, LONG["de"]).tag == "und"


def test_table_among_sentences_leaves_their_language_known() -> None:
    stage = with_least_evidence(stage_that_recognises(de="brücke", und="quux"), (0, 0.9))
    table = " ".join(["Quux bnarf zzyp"] * 20) + "."
    assert identified(stage, f"{LONG['de'] * 5}\n\n{table}\n\n{LONG['de'] * 5}").tag == "de"
    assert identified(stage, f"{LONG['de']}\n\n{table}\n\n{table}").tag == "und"


def test_names_in_another_script_leave_the_language_known() -> None:
    stage = with_least_evidence(stage_that_recognises(ar="وزارة", sv="nourgrid"), (0, 0.9))
    text = f"{LONG['ar']}\nNourGrid Harbour Bay, Kordon Link.\n{LONG['ar']}"
    assert identified(stage, text).tag == "ar"


def test_text_of_no_language_is_no_part() -> None:
    stage = stage_that_recognises(de="brücke", und="quux")
    noise = " ".join(["Quux bnarf zzyp"] * 20) + "."
    assert identified(stage, f"{LONG['de'] * 5}\n\n{noise}\n\n{LONG['de'] * 5}").parts == ()


@pytest.mark.parametrize("foreign", ["Le pont!", "Pont Saint-Michel, Paris."])
def test_name_is_no_part(foreign: str) -> None:
    assert identified(stage_that_recognises(fr="pont", de="brücke"), f"{LONG['de']}\n\n{foreign}\n\n{LONG['de']}").parts == ()


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_text_in_one_language_has_no_parts(text: str) -> None:
    assert identified(stage_that_hears(de=1.0, ar=1.0, hi=1.0, ja=1.0, zh=1.0), text).parts == ()


def test_article_is_the_same_alone_and_in_a_batch() -> None:
    stage = stage_that_recognises(fr="pont", de="brücke", hi="शहर")
    drafts = [Draft(RawArticle(url="https://bote.example/a", text="x"), text=text) for text in LONG.values()]
    assert list(stage(drafts)) == [stage([draft])[0] for draft in drafts]


def test_windows_are_whole_sentences_of_one_script() -> None:
    text = f"{LONG['de']} {LONG['de']} {LONG['hi']} 😀! {LONG['de']}"
    found = [text[start:end] for start, end in windows(text)]
    assert found == [f"{LONG['de']} {LONG['de']}", f"{LONG['hi']} 😀!", LONG["de"]]
    assert all(end - start <= WINDOW_CODE_POINTS for start, end in windows(f"{LONG['ar']} " * 20))


@pytest.mark.parametrize(("sentences", "most"), [(1, READ_CODE_POINTS[0]), (40, READ_CODE_POINTS[1])])
def test_model_reads_the_beginning_of_each_window(sentences: int, most: int) -> None:
    heard: list[str] = []

    def guess(text: str) -> Sequence[tuple[str, float]]:
        heard.append(text)
        return [("de", 0.6), ("nl", 0.4)]

    text = " ".join([f"{LONG['de'][:-1]} und {LONG['de']}"] * sentences)
    identified(LanguageStage(guess, MODEL), text)
    assert max(map(len, heard)) == most
    assert all(part in text for part in heard if len(part) == most)


def guessed(text: str, *guesses: tuple[str, float]) -> tuple[list[str], Language]:
    """What a model that always hears the same was asked, and what came of it."""
    heard: list[str] = []

    def guess(asked: str) -> Sequence[tuple[str, float]]:
        heard.append(asked)
        return guesses

    return heard, identified(LanguageStage(guess, MODEL), text)


def test_a_glance_is_enough_where_it_is_sure() -> None:
    text = " ".join([LONG["de"]] * 20)
    heard, language = guessed(text, ("de", 0.995), ("nl", 0.005))
    assert len(heard) == len(passages(text)) == 3
    assert all(len(asked) < WINDOW_CODE_POINTS for asked in heard)
    assert language.tag == "de" and language.confidence > 0.99


@pytest.mark.parametrize("guesses", [[("de", 0.9)], [("de", 0.97), ("nl", 0.03)], [("other", 1.0)], []])
def test_windows_are_read_where_a_glance_is_not_sure(guesses: list[tuple[str, float]]) -> None:
    text = " ".join([LONG["de"]] * 8)
    heard, _ = guessed(text, *guesses)
    assert len(heard) == len(passages(text)) + len(list(windows(text)))


def test_windows_are_read_where_a_passage_has_two_scripts() -> None:
    text = f"{LONG['de']} {LONG['zh']} {LONG['de']}"
    heard, language = guessed(text, ("de", 1.0), ("zh", 1.0))
    assert len(heard) == 3
    assert [part.tag for part in language.parts] == ["de", "zh-Hant", "de"]


@pytest.mark.parametrize("text", ["x" * 5_000, "wort " * 1_000, "eine Zeile\n" * 400, LONG["zh"] * 90, "kurz", ""])
def test_passages_are_the_whole_text(text: str) -> None:
    found = passages(text)
    assert "".join(text[start:end] for start, end in found) == text
    assert all(end - start <= PASSAGE_CODE_POINTS for start, end in found)


def test_passages_end_between_lines_or_words() -> None:
    lines = ["Wort für Wort " * 50] * 4
    assert [end for _, end in passages("\n".join(lines))][:-1] == [701, 1402, 2103]
    assert all(("wort " * 1_000)[end - 1] == " " for _, end in passages("wort " * 1_000))


def test_long_text_is_read_in_passages_spread_evenly() -> None:
    text = "wort " * 100_000
    found = passages(text)
    assert len(found) == MAX_PASSAGES
    assert found[0] == (0, PASSAGE_CODE_POINTS) and found[-1][0] == len(text) * 24 // 25


@pytest.mark.parametrize(("text", "words"), [("wort " * 60, 24), ("wort " * 200, 24), (LONG["ja"] * 20, 4), ("", 0)])
def test_a_glance_is_whole_words_where_there_are_blanks(text: str, words: int) -> None:
    seen = glance(text)
    assert len(seen.split()) == words
    assert len(seen) <= 140
    assert all(word in text for word in seen.split()) and not {"w", "wo", "wor", "ort", "rt", "t"} & set(seen.split())


@pytest.fixture(scope="module")
def built_in() -> Stage:
    return language.load(open_assets())


@pytest.mark.model
@pytest.mark.parametrize(("tag", "sentence"), LONG.items(), ids=LONG)
def test_one_sentence_is_enough(built_in: Stage, tag: str, sentence: str) -> None:
    assert identified(built_in, sentence).tag.split("-")[0] == tag


@pytest.mark.model
@pytest.mark.parametrize(("title", "tag"), [("Überschwemmung", "de"), ("新幹線の旅", "ja"), ("안녕하세요", "ko")])
def test_one_word_can_be_enough(built_in: Stage, title: str, tag: str) -> None:
    assert identified(built_in, title).tag == tag


@pytest.mark.model
@pytest.mark.parametrize("tag", ["de", "fr"])
def test_capitals_make_no_difference(built_in: Stage, tag: str) -> None:
    assert identified(built_in, LONG[tag].upper()) == identified(built_in, LONG[tag])


@pytest.mark.model
def test_seeds_are_recognised(built_in: Stage) -> None:
    articles = [Draft(decode_raw(line).article) for line in ARTICLES.read_bytes().splitlines()]
    gold = [orjson.loads(line) for line in GOLD.read_bytes().splitlines()]
    found = [draft.language for draft in built_in(text.load(open_assets())(articles))]
    wrong = [
        (entry["id"], each and each.tag)
        for each, entry in zip(found, gold, strict=True)
        if each is None or (each.tag, each.script) != (entry["language"], entry["script"])
    ]
    assert len(wrong) <= 0.02 * len(gold), wrong
    assert found[0] and found[0].tag == "ar" and found[0].confidence >= 0.9
    mixed = [entry["id"] for each, entry in zip(found, gold, strict=True) if each and each.parts]
    assert mixed == ["cricket-app.hi.mixed", "souk-startups.ar.mixed"]
