"""From rows to scores around made-up stages: what is compared with what, and how it adds up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from schemas.enriched_article import Entity, Language, Mention, Sentiment, Topic
from services.enricher.assets import Assets
from services.enricher.evaluation import measuring
from services.enricher.evaluation.measuring import prepare
from services.enricher.evaluation.report import Document, document
from services.enricher.evaluation.running import Steps
from services.enricher.evaluation.tasks import TaskName
from services.enricher.pipeline import Pipeline
from services.enricher.stage import Draft, Encoding, Model, Window

NO_ASSETS = Assets(Path("."), {})
Answer = Callable[[Draft], Draft]


@dataclass(frozen=True)
class Saying:
    """A stage that does what the test says."""

    answer: Answer
    name: str = "entities"
    model: Model = field(default_factory=lambda: Model("said", "1"))

    def __call__(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        return [self.answer(draft) for draft in drafts]


@pytest.fixture
def evaluate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Document]:
    """Measures rows, by file name, with made-up stages."""

    def run(
        task: str, files: Mapping[str, Sequence[object]], given: Answer, served: Answer | None = None, limit: int | None = None
    ) -> Document:
        for name, rows in files.items():
            (tmp_path / name).write_bytes(b"\n".join(orjson.dumps(row) for row in rows))
        steps = Steps(
            Pipeline([]),
            Pipeline([Saying(given, task)]),
            says_language=task != "language",
            served=Pipeline([Saying(served, task)]) if served else None,
            keeps_offsets=True,
        )
        monkeypatch.setattr(measuring, "load_steps", lambda task, assets, forms, *rest: dict.fromkeys(forms, steps))
        evaluation = prepare(TaskName(task), [tmp_path / name for name in files], limit)
        report = document(evaluation.task.name, evaluation.run(NO_ASSETS, served is not None))
        report["files"] = {Path(path).name: scores for path, scores in report["files"].items()}
        return report

    return run


def naming(*names: tuple[str, str, float]) -> Answer:
    """Finds these words wherever they stand."""

    def answer(draft: Draft) -> Draft:
        found = [(draft.text.find(word), word, kind, confidence) for word, kind, confidence in names if word in draft.text]
        entities = tuple(
            Entity.model_validate(
                {
                    "type": kind,
                    "name": word,
                    "salience": 0.5,
                    "mentions": [Mention(field="text", start=start, end=start + len(word), surface=word, confidence=confidence)],
                }
            )
            for start, word, kind, confidence in found
        )
        return draft.answered("entities", entities=entities)

    return answer


def tokens(language: str, text: str, tags: str) -> Mapping[str, object]:
    return {"lang": language, "tokens": text.split(), "tags": [tag if tag == "O" else f"B-{tag}" for tag in tags.split()]}


class TestEntities:
    def test_a_name_without_its_clitic_is_right_where_whole_words_are_labelled(self, evaluate: Callable[..., Document]) -> None:
        report = evaluate("entities", {"ar.jsonl": [tokens("ar", "قالت وباكو أمس", "O LOC O")]}, naming(("باكو", "LOC", 0.9)))
        assert report["files"]["ar.jsonl"]["f1"] == 1.0

    def test_and_wrong_where_characters_are(self, evaluate: Callable[..., Document]) -> None:
        row = {"lang": "ar", "text": "قالت وباكو أمس", "entities": [{"start": 5, "end": 10, "type": "LOC"}]}
        report = evaluate("entities", {"ar.jsonl": [row]}, naming(("باكو", "LOC", 0.9)))
        assert report["files"]["ar.jsonl"]["f1"] == 0.0

    def test_types_that_a_file_does_not_use_are_not_counted(self, evaluate: Callable[..., Document]) -> None:
        rows = [tokens("de", "Ann in Köln", "PER O O"), tokens("de", "Ann", "PER")]
        report = evaluate("entities", {"a.jsonl": rows}, naming(("Ann", "PER", 0.9), ("Köln", "LOC", 0.9)))
        assert report["files"]["a.jsonl"]["f1"] == 1.0
        assert list(report["files"]["a.jsonl"]["types"]) == ["PER"]

    def test_a_type_behind_the_limit_is_one_that_the_file_uses(self, evaluate: Callable[..., Document]) -> None:
        rows = [tokens("de", "Ann in Köln", "PER O O"), tokens("de", "Ulm", "LOC")]
        report = evaluate("entities", {"a.jsonl": rows}, naming(("Ann", "PER", 0.9), ("Köln", "LOC", 0.9)), limit=1)
        assert (report["files"]["a.jsonl"]["n"], report["files"]["a.jsonl"]["precision"]) == (1, 0.5)

    def test_languages_pool_the_counts_of_their_files_and_the_macro_counts_languages_alike(
        self, evaluate: Callable[..., Document]
    ) -> None:
        files = {
            "1.jsonl": [tokens("de", "Ann", "PER"), tokens("de", "Eve", "PER"), tokens("tr", "Ann", "PER")],
            "2.jsonl": [tokens("de-CH", "Ann", "PER"), tokens("deu", "Ann Ann", "O O")],
        }
        report = evaluate("entities", files, naming(("Ann", "PER", 0.9)))
        # German: 2 right, 1 wrong, 1 missed; Turkish: 1 right.
        assert report["languages"]["de"]["f1"] == pytest.approx(4 / 6, abs=1e-4)
        assert (report["languages"]["de"]["n"], report["languages"]["tr"]["f1"]) == (4, 1.0)
        assert report["macro"] == pytest.approx((4 / 6 + 1) / 2, abs=1e-4)
        assert report["files"]["1.jsonl"]["f1"] == pytest.approx(4 / 5)

    def test_calibration_is_that_of_the_names_found(self, evaluate: Callable[..., Document]) -> None:
        rows = [tokens("en", "Ann Eve Bob", "PER O PER")]
        report = evaluate("entities", {"a.jsonl": rows}, naming(("Ann", "PER", 0.75), ("Eve", "PER", 0.5)))
        assert report["files"]["a.jsonl"]["ece"] == pytest.approx((0.25 + 0.5) / 2)

    def test_the_ceiling_is_what_the_pieces_of_the_tokenizer_can_make(self, evaluate: Callable[..., Document]) -> None:
        text = "東京都大阪市"
        entities = [{"start": start, "end": end, "type": "LOC"} for start, end in ((0, 2), (3, 6), (0, 4), (1, 3))]

        def in_pieces(draft: Draft) -> Draft:
            zero = np.zeros(1, np.float32)
            window = Window("text", np.array([[0, 3], [3, 5], [5, 6]], np.int32), zero, zero, zero, zero, zero, zero)
            return replace(draft, encoding=Encoding((window,)))

        report = evaluate("entities", {"a.jsonl": [{"lang": "ja", "text": text, "entities": entities}]}, in_pieces)
        assert report["files"]["a.jsonl"]["ceiling"] == 0.25

    def test_a_piece_within_a_token_reaches_it_because_answers_are_widened(self, evaluate: Callable[..., Document]) -> None:
        def in_pieces(draft: Draft) -> Draft:
            zero = np.zeros(1, np.float32)
            window = Window("text", np.array([[0, 1], [1, 3], [3, 4]], np.int32), zero, zero, zero, zero, zero, zero)
            return replace(draft, encoding=Encoding((window,)))

        rows = [
            {"lang": "zh", "tokens": ["东京", "大学"], "tags": ["B-LOC", "O"]},
            {"lang": "zh", "tokens": ["东京大", "学"], "tags": ["B-ORG", "O"]},
        ]
        report = evaluate("entities", {"a.jsonl": rows}, in_pieces)
        assert report["files"]["a.jsonl"]["ceiling"] == 1.0

    def test_as_served_beside_it(self, evaluate: Callable[..., Document]) -> None:
        def withheld(draft: Draft) -> Draft:
            unsure = Language(tag="und", confidence=0.1, iso639_3="und", script="Latn")
            return draft.answered("entities", "unsupported_language", language=unsure)

        report = evaluate("entities", {"a.jsonl": [tokens("en", "Ann", "PER")]}, naming(("Ann", "PER", 0.9)), withheld)
        found = report["files"]["a.jsonl"]
        assert (found["f1"], found["as_served"]["f1"]) == (1.0, 0.0)
        assert (found["as_served"]["unsupported_language"], found["as_served"]["language_right"]) == (1, 0.0)
        assert (report["macro"], report["as_served"]["macro"], report["languages"]["en"]["as_served"]["f1"]) == (1.0, 0.0, 0.0)

    def test_a_row_on_which_the_stage_fails_costs_its_own_names_only(self, evaluate: Callable[..., Document]) -> None:
        def refusing(draft: Draft) -> Draft:
            if "Eve" in draft.text:
                raise ValueError("no")
            return naming(("Ann", "PER", 0.9))(draft)

        report = evaluate("entities", {"a.jsonl": [tokens("en", "Ann", "PER"), tokens("en", "Eve", "PER")]}, refusing)
        assert (report["files"]["a.jsonl"]["recall"], report["files"]["a.jsonl"]["failed"]) == (0.5, 1)


class TestSentiment:
    def test_accuracy_and_the_mean_of_the_classes(self, evaluate: Callable[..., Document]) -> None:
        labels = ["negative", "negative", "positive", "neutral"]
        rows = [{"lang": "uk", "text": f"новини {number}", "label": label} for number, label in enumerate(labels)]

        def negative(draft: Draft) -> Draft:
            return draft.answered("sentiment", sentiment=Sentiment(label="negative", score=-0.5, confidence=0.5))

        found = evaluate("sentiment", {"a.jsonl": rows}, negative)["files"]["a.jsonl"]
        assert found["f1"] == 0.5
        assert found["macro_f1"] == pytest.approx((2 / 3 + 0 + 0) / 3, abs=1e-4)
        assert {name: one["n"] for name, one in found["classes"].items()} == {"negative": 2, "neutral": 1, "positive": 1}


def about(*codes: str) -> Answer:
    """Every text is about these, the likeliest first."""
    topics = tuple(
        Topic(qcode=f"medtop:{code}000000", name=code, confidence=0.9 - 0.1 * place) for place, code in enumerate(codes)
    )
    return lambda draft: draft.answered("topics", topics=topics)


class TestTopics:
    def test_one_label_is_compared_with_the_likeliest_of_those_that_the_file_uses(
        self, evaluate: Callable[..., Document]
    ) -> None:
        rows = [{"lang": "sw", "text": "Habari", "label": label} for label in ("health", "sports")]
        found = evaluate("topics", {"a.jsonl": rows}, about("11", "15", "07"))["files"]["a.jsonl"]
        assert (found["f1"], found["macro_f1"]) == (0.5, pytest.approx(1 / 3, abs=1e-4))

    def test_several_labels_are_compared_with_all_that_are_given(self, evaluate: Callable[..., Document]) -> None:
        rows = [{"lang": "sw", "text": "Habari", "topics": ["11", "16"]}, {"lang": "sw", "text": "Mchezo", "topics": ["15"]}]
        found = evaluate("topics", {"a.jsonl": rows}, about("11", "15"))["files"]["a.jsonl"]
        # Right: 11 and 15; wrong: 15 and 11; missed: 16.
        assert found["f1"] == pytest.approx(4 / 7, abs=1e-4)
        assert found["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3, abs=1e-4)


class TestLanguage:
    def test_what_is_wrongly_taken_for_a_language_counts_against_it(self, evaluate: Callable[..., Document]) -> None:
        rows = [
            {"lang": code, "text": text} for code, text in (("hrv", "vijesti"), ("sr", "vesti"), ("sr-Latn", "vest"), ("en", "x"))
        ]

        def answer(draft: Draft) -> Draft:
            tag = {"vest": "sr-Latn", "x": "und"}.get(draft.text, "hr")
            return draft.answered("language", language=Language(tag=tag, confidence=0.9, iso639_3="und", script="Latn"))

        report = evaluate("language", {"a.jsonl": rows}, answer)
        f1 = {language: found["f1"] for language, found in report["languages"].items()}
        assert f1 == {"en": 0.0, "hr": pytest.approx(2 / 3, abs=1e-4), "sr": pytest.approx(2 / 3, abs=1e-4)}
        assert report["macro"] == pytest.approx(4 / 9, abs=1e-4)
        assert (report["languages"]["en"]["und"], report["files"]["a.jsonl"]["und"]) == (1, 1)

    def test_the_gold_is_not_told(self, evaluate: Callable[..., Document]) -> None:
        def failing(draft: Draft) -> Draft:
            raise ValueError("no model")

        report = evaluate("language", {"a.jsonl": [{"lang": "en", "text": "x"}]}, failing)
        assert report["macro"] == 0.0
