"""Entities from a token classifier of the user's: edges, labels, languages, windows."""

import math
from collections.abc import Mapping
from pathlib import Path

import pytest
from onnx import TensorProto
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from schemas.enriched_article import Entity
from services.enricher.assets import Assets
from services.enricher.own_models import entities
from services.enricher.stage import Draft, Stage
from tests.support.encodings import draft
from tests.support.tiny_model import INPUTS, framed, sure, tiny_model

ASSETS = Assets(Path(), {})
IOB2 = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC")

NAMES: Mapping[str, str] = {
    **{"Zoë": "B-PER", "Müller": "I-PER", "Łódź": "B-LOC", "Çelik": "B-ORG", "AŞ": "I-ORG", "Oscars": "B-MISC"},
    **{"ليلى": "B-PER", "حداد": "I-PER", "بأنقرة": "B-LOC", "दिल्ली": "B-LOC"},
    **{"山": "B-PER", "田": "I-PER", "東": "B-LOC", "京": "I-LOC"},
}


def stage(folder: Path, names: Mapping[str, str] = NAMES, labels: tuple[str, ...] = IOB2, **more: object) -> Stage:
    rows = {word: sure(labels, label) for word, label in names.items()}
    return entities.load(tiny_model(folder, labels, rows, is_by_token=True, **more), ASSETS)  # type: ignore[arg-type]


def found(stage: Stage, article: Draft) -> list[tuple[str, str, list[tuple[str, int, int, str]]]]:
    (answer,) = stage([article])
    assert answer.statuses["entities"] == "ok"
    check_surfaces(article, answer.entities)
    return [(e.type, e.name, [(m.field, m.start, m.end, m.surface) for m in e.mentions]) for e in answer.entities]


def check_surfaces(article: Draft, entities: tuple[Entity, ...]) -> None:
    fields = {"title": article.title or "", "text": article.text}
    for mention in (mention for entity in entities for mention in entity.mentions):
        assert fields[mention.field][mention.start : mention.end] == mention.surface


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Gestern sah\u00a0Zoë Müller in Łódź die Oscars.",
            {("PER", "Zoë Müller", 12, 22), ("LOC", "Łódź", 26, 30), ("MISC", "Oscars", 35, 41)},
        ),
        ("التقت ليلى حداد الوزير بأنقرة.", {("PER", "ليلى حداد", 6, 15), ("LOC", "بأنقرة", 23, 29)}),
        ("🎉 वह दिल्ली गया।", {("LOC", "दिल्ली", 5, 11)}),
        ("昨日、山田さんは東京へ行った。", {("PER", "山田", 3, 5), ("LOC", "東京", 8, 10)}),
    ],
    ids=["latin", "arabic", "devanagari", "japanese"],
)
def test_offsets_are_exact_and_attached_prefixes_stay(
    text: str, expected: set[tuple[str, str, int, int]], tmp_path: Path
) -> None:
    names = found(stage(tmp_path / "ner"), draft(text))
    assert {(kind, name, *mention[1:3]) for kind, name, (mention,) in names} == expected


def test_title_and_text_make_one_entity_with_its_salience(tmp_path: Path) -> None:
    article = draft("Çelik AŞ wächst. In Łódź baut Çelik AŞ.", title="Çelik AŞ baut")
    (answer,) = stage(tmp_path / "ner")([article])
    first, second = answer.entities
    assert (first.type, first.name, [mention.field for mention in first.mentions]) == (
        "ORG",
        "Çelik AŞ",
        ["title", "text", "text"],
    )
    assert first.salience == 1.0 > second.salience
    assert first.sentiment is None


def test_confidence_is_the_mean_probability_of_the_type(tmp_path: Path) -> None:
    labels = ("O", "B-PER", "I-PER")
    # Ana: O, B, I as likely, so a person by 2/3; Lim: 1 to 1 to 3, so by 4/5.
    rows = {"Ana": [0.0, 0.0, 0.0], "Lim": [0.0, 0.0, math.log(3)]}
    model = tiny_model(tmp_path / "ner", labels, rows, is_by_token=True)
    (answer,) = entities.load(model, ASSETS)([draft("so Ana Lim")])
    ((mention,),) = [entity.mentions for entity in answer.entities]
    assert (mention.surface, mention.confidence) == ("Ana Lim", round((2 / 3 + 4 / 5) / 2, 4))


SCHEMES = {
    "iob1": (("O", "I-PER", "B-PER"), {"Ana": "I-PER", "Lim": "I-PER", "Bo": "B-PER", "Dee": "I-PER"}),
    "iob2": (("O", "B-PER", "I-PER"), {"Ana": "B-PER", "Lim": "I-PER", "Bo": "B-PER", "Dee": "I-PER"}),
    "iobes": (
        ("O", "B-PER", "I-PER", "E-PER", "S-PER"),
        {"Ana": "B-PER", "Lim": "E-PER", "Bo": "B-PER", "Dee": "E-PER"},
    ),
    "bilou": (("O", "B-PER", "L-PER", "U-PER"), {"Ana": "B-PER", "Lim": "L-PER", "Bo": "B-PER", "Dee": "L-PER"}),
    "words": (("O", "B_person", "I_person"), {"Ana": "B_person", "Lim": "I_person", "Bo": "B_person", "Dee": "I_person"}),
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_names_side_by_side_are_told_apart_in_every_scheme(scheme: str, tmp_path: Path) -> None:
    labels, names = SCHEMES[scheme]
    people = found(stage(tmp_path / "ner", names, labels), draft("there Ana Lim Bo Dee sang"))
    assert [name for _, name, _ in people] == ["Ana Lim", "Bo Dee"]


def test_plain_types_join_what_stands_side_by_side_in_a_line(tmp_path: Path) -> None:
    names = {"Ana": "PERSON", "Lim": "PERSON", "Łódź": "GPE", "Monday": "DATE"}
    labels = ("O", "PERSON", "GPE", "DATE")
    kinds = found(stage(tmp_path / "ner", names, labels), draft("Monday Ana Lim Łódź\nŁódź Ana"))
    assert [(kind, name, len(mentions)) for kind, name, mentions in kinds] == [("PER", "Ana Lim", 2), ("LOC", "Łódź", 2)]


def test_the_users_own_labels_are_mapped(tmp_path: Path) -> None:
    labels = ("LABEL_0", "LABEL_1", "LABEL_2", "B-team", "I-team")
    notes = '[labels]\nLABEL_0 = "O"\nLABEL_1 = "B-LOC"\nLABEL_2 = "I-LOC"\nteam = "ORG"\n'
    names = {"New": "LABEL_1", "York": "LABEL_2", "Giants": "B-team", "Paris": "LABEL_1"}
    places = found(stage(tmp_path / "ner", names, labels, notes=notes), draft("New York Paris and Giants"))
    assert {(kind, name) for kind, name, _ in places} == {("LOC", "New York"), ("LOC", "Paris"), ("ORG", "Giants")}


def test_a_word_has_the_label_of_its_first_piece(tmp_path: Path) -> None:
    tokenizer = trained_on(["Montenegro Montevideo video in", *["Monte negro"] * 9])
    assert tokenizer.encode("Montenegro", add_special_tokens=False).tokens == ["Monte", "negro"]
    places = found(stage(tmp_path / "ner", {"Monte": "B-LOC"}, tokenizer=tokenizer), draft("in Montenegro"))
    assert places == [("LOC", "Montenegro", [("text", 3, 13, "Montenegro")])]


def test_what_no_blank_divides_is_one_name_but_not_where_words_touch_anyway(tmp_path: Path) -> None:
    names = {**NAMES, "al": "B-PER", "-": "B-PER", "Assad": "B-PER"}
    model = stage(tmp_path / "ner", names)
    assert [name for _, name, _ in found(model, draft("said al-Assad"))] == ["al-Assad"]
    assert [len(mentions) for _, _, mentions in found(model, draft("東京東京"))] == [2]
    assert [name for _, name, _ in found(model, draft("al Assad"))] == ["al", "Assad"]


def trained_on(lines: list[str]) -> Tokenizer:
    """A byte pair encoding trained on a few words: the parts that are frequent become pieces."""
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(vocab_size=60, min_frequency=5, special_tokens=["[UNK]", "[CLS]", "[SEP]"], show_progress=False)
    tokenizer.train_from_iterator(lines, trainer)
    return framed(tokenizer)


def test_byte_level_tokens_read_a_sentence_as_if_it_stood_behind_another(tmp_path: Path) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["[CLS]", "[SEP]"],
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator([" Oslo Oslo Ümit ليلى 東京"] * 9, trainer)
    model = stage(tmp_path / "ner", {"ĠOslo": "B-LOC"}, tokenizer=framed(tokenizer))
    ((kind, name, mentions),) = found(model, draft("Oslo wins.\nOslo! ليلى 東京 🎉 Ümit, Oslo"))
    assert (kind, name, [start for _, start, _, _ in mentions]) == ("LOC", "Oslo", [0, 11, 33])


def test_every_token_is_read_once_however_long_the_text(tmp_path: Path) -> None:
    model = stage(tmp_path / "ner", {"Oslo": "B-LOC"}, max_position_embeddings=10)
    text = "Oslo and " * 40 + ". Oslo. " + "東" * 50
    (oslo,) = found(model, draft(text))
    assert len(oslo[2]) == 41


@pytest.mark.parametrize("inputs", [INPUTS[:1], INPUTS[:2], INPUTS, ("input_ids", "token_type_ids")], ids="+".join)
@pytest.mark.parametrize("integers", [TensorProto.INT64, TensorProto.INT32], ids=["int64", "int32"])
def test_a_graph_gets_the_inputs_that_it_asks_for(inputs: tuple[str, ...], integers: int, tmp_path: Path) -> None:
    model = stage(tmp_path / "ner", inputs=inputs, integers=integers)
    assert [name for _, name, _ in found(model, draft("in Łódź"))] == ["Łódź"]


def test_without_a_list_every_language_is_read(tmp_path: Path) -> None:
    model = stage(tmp_path / "ner")
    assert [found(model, draft("Łódź", language=tag))[0][1] for tag in ("pl", "eo", "und", "zh-Hant")] == ["Łódź"] * 4


@pytest.mark.parametrize(("tag", "is_read"), [("pl", True), ("zh-Hant", True), ("arz", True), ("de", False), ("und", False)])
def test_with_a_list_only_its_languages_are(tag: str, is_read: bool, tmp_path: Path) -> None:
    model = stage(tmp_path / "ner", notes='languages = ["pl", "zh", "ar"]')
    (answer,) = model([draft("Łódź", language=tag)])
    assert answer.statuses["entities"] == ("ok" if is_read else "unsupported_language")
    assert bool(answer.entities) is is_read


def test_alone_and_in_any_batch_the_answer_is_the_same(tmp_path: Path) -> None:
    model = stage(tmp_path / "ner", notes='languages = ["en"]')
    texts = ("Zoë Müller in Łódź", "", "昨日、山田さん", "Çelik AŞ " * 30, "nothing")
    drafts = [draft(text, language=tag) for text in texts for tag in ("en", "fr")]
    together = model(drafts)
    assert [answer.article for answer in together] == [article.article for article in drafts]
    for place, article in enumerate(drafts):
        (alone,) = model([article])
        assert alone.entities == together[place].entities
        assert alone.statuses == together[place].statuses
    assert list(model([])) == []
