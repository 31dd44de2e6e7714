"""The report of `newsloom evaluate` as tables."""

from typing import Any

from services.cli.evaluation_view import tables


def scores(f1: float, **more: Any) -> dict[str, Any]:
    classes = {"PER": {"f1": f1, "precision": 0.5, "recall": 0.25, "n": 4}}
    base = {
        "f1": f1,
        "precision": 0.5,
        "recall": 0.25,
        "n": 1_200,
        "macro_f1": f1,
        "ece": None,
        "f1_per_org_loc": f1,
        "types": classes,
    }
    return {**base, **more}


def report(**more: Any) -> dict[str, Any]:
    return {"task": "entities", "files": {"a/x.jsonl": scores(0.5)}, "languages": {"ar": scores(0.5)}, "macro": 0.5, **more}


def test_files_types_and_languages() -> None:
    by_file, by_type, by_language = tables(report())
    assert (by_file.header, by_file.rows) == (("file", "rows", "F1", "macro-F1"), [("x.jsonl", "1,200", "0.500", "0.500")])
    assert by_type.rows == [
        ("x.jsonl", "all", "4", "0.500", "0.500", "0.250"),
        ("x.jsonl", "PER", "4", "0.500", "0.500", "0.250"),
    ]
    assert by_language.rows == [("ar Arabic", "1,200", "0.500", "0.500")]


def test_files_of_one_name_are_told_apart_by_their_folders() -> None:
    by_file, *_ = tables(report(files={"a/x.jsonl": scores(0.5), "b/x.jsonl": scores(0.25)}))
    assert [row[0] for row in by_file.rows] == ["a/x.jsonl", "b/x.jsonl"]


def test_several_languages_have_a_mean() -> None:
    languages = {"ar": scores(0.5), "xx": scores(1.0)}
    _, _, by_language = tables(report(languages=languages, macro=0.75, macro_f1=0.75))
    assert [row[0] for row in by_language.rows] == ["ar Arabic", "xx", "mean"]
    assert by_language.rows[-1] == ("mean", "", "0.750", "0.750")


def test_a_type_that_the_model_does_not_know_has_no_score() -> None:
    _, by_type, _ = tables(report(files={"x.jsonl": scores(0.5, left_out={"MISC": 7}, f1_per_org_loc=0.4)}))
    assert by_type.rows[-1] == ("x.jsonl", "MISC (not known)", "7", "", "", "")


def test_as_served_comes_last_and_counts_what_was_withheld() -> None:
    served = scores(0.25, language_right=0.9, unsupported_language=3)
    found = list(
        tables(
            report(
                files={"x.jsonl": scores(0.5, as_served=served)},
                languages={"ar": scores(0.5, as_served=served)},
                as_served={"macro": 0.25},
            )
        )
    )
    assert [table.title for table in found[3:]] == ["by file, as served", "by language, as served"]
    assert found[3].header == ("file", "rows", "F1", "macro-F1", "language right", "unsupported")
    assert found[3].rows == [("x.jsonl", "1,200", "0.250", "0.250", "0.900", "3")]
