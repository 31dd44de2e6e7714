"""Tags of tokens as spans, in every common way of writing them."""

import pytest

from services.enricher.evaluation.tags import tag_spans


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-PER I-PER O B-LOC", [(0, 2, "PER"), (3, 4, "LOC")]),
        ("B-PER B-PER", [(0, 1, "PER"), (1, 2, "PER")]),
        ("I-ORG I-ORG O", [(0, 2, "ORG")]),
        ("I-ORG I-LOC", [(0, 1, "ORG"), (1, 2, "LOC")]),
        ("B-ORG I-LOC", [(0, 1, "ORG"), (1, 2, "LOC")]),
        ("S-PER B-LOC E-LOC O", [(0, 1, "PER"), (1, 3, "LOC")]),
        ("U-PER B-LOC I-LOC L-LOC", [(0, 1, "PER"), (1, 4, "LOC")]),
        ("O O", []),
    ],
    ids=["IOB2", "neighbours", "IOB1", "IOB1 of two types", "another type inside", "IOBES", "BILOU", "no names"],
)
def test_spans(tags: str, spans: list[tuple[int, int, str]]) -> None:
    assert tag_spans(tags.split()) == spans


@pytest.mark.parametrize(
    ("tag", "said"), [("B", "has no type"), ("I-", "has no type"), ("PER", "neither O nor"), ("", "neither O nor")]
)
def test_a_tag_that_says_too_little_is_named(tag: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        tag_spans(["O", tag])
