"""Signatures: when there is one, what is in it, and what two of them say."""

import numpy as np
import pytest

from services.trends.shingles import shingles
from services.trends.signature import BANDS, LEAST_WORDS, SKETCH_SIZE, Signature, signature, similarity

TEXT = {
    "de": [f"Größe{number}" for number in range(300)],
    "ar": [f"خبر{number}" for number in range(300)],
    "hi": [f"समाचार{number}" for number in range(300)],
    "zh": [chr(0x4E00 + 7 * number) for number in range(300)],
}


def signed(text: str) -> Signature:
    found = signature(text)
    assert found is not None
    return found


def sketch(*hashes: int) -> bytes:
    return np.array(sorted(hashes), dtype="<u4").tobytes()


@pytest.mark.parametrize("words", TEXT.values(), ids=TEXT)
def test_a_signature_is_13_bands_and_a_sketch(words: list[str]) -> None:
    text = " ".join(words)
    found = signed(text)
    assert len(found.bands) == BANDS * 4
    assert found.sketch == shingles(text).astype("<u4").tobytes()


def test_the_sketch_of_a_long_text_is_the_512_smallest() -> None:
    text = " ".join(f"palabra{number}" for number in range(3_000))
    assert np.frombuffer(signed(text).sketch, dtype="<u4").tolist() == shingles(text).tolist()[:SKETCH_SIZE]


def test_signatures_never_change() -> None:
    # They are stored, and compared with those of other versions, machines and processes.
    found = signed(" ".join(TEXT["ar"]))
    bands = "2149af93288391c5f6329373103e4b28b318efc546271f2ed0474ee66c643d9815472356b2ed8e0ef85f50a7bc78658ef61bbb42"
    assert found.bands.hex() == bands
    assert found.sketch[:16].hex() == "407a0901c61d5c02dd60be0484e52105"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Nur für Abonnenten. " * 50,
        " ".join(TEXT["de"][:LEAST_WORDS]),
        "本文为会员专享内容" * 9,
        "".join(TEXT["zh"][:61]),
        "😀" * 500,
    ],
    ids=["none", "repeated-stub", "forty-words", "repeated-chinese", "sixty-one-characters", "emoji"],
)
def test_a_short_text_has_none(text: str) -> None:
    assert signature(text) is None


@pytest.mark.parametrize("text", [" ".join(TEXT["de"][: LEAST_WORDS + 1]), "".join(TEXT["zh"][:62])], ids=["words", "characters"])
def test_a_little_longer_text_has_one(text: str) -> None:
    assert signature(text) is not None


@pytest.mark.parametrize("words", TEXT.values(), ids=TEXT)
def test_texts_alike_share_bands_and_others_none(words: list[str]) -> None:
    one = signed(" ".join(words))
    edited = signed(" ".join([*words[:140], "新", *words[141:280]]))
    other = signed(" ".join(reversed(words)))
    same = np.frombuffer(one.bands, dtype="<u4") == np.frombuffer(edited.bands, dtype="<u4")
    assert 0.85 < similarity(one.sketch, edited.sketch) < 1
    assert same.sum() >= 3
    assert similarity(one.sketch, other.sketch) == 0
    assert not (np.frombuffer(one.bands, dtype="<u4") == np.frombuffer(other.bands, dtype="<u4")).any()


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (sketch(1, 2, 3, 4), sketch(3, 4, 5), 0.4),
        (sketch(7), sketch(7), 1.0),
        (sketch(1), sketch(2), 0.0),
        (sketch(), sketch(2), 0.0),
        (sketch(), sketch(), 0.0),
        (sketch(*range(511)), sketch(*range(255, 766)), 256 / 766),
    ],
    ids=["some", "same", "nothing", "empty", "both-empty", "more-than-512-together"],
)
def test_similarity_of_short_texts_is_exact(one: bytes, other: bytes, alike: float) -> None:
    assert similarity(one, other) == similarity(other, one) == pytest.approx(alike)


def test_similarity_of_a_long_and_a_short_text_looks_at_the_smallest_of_both() -> None:
    long, short = sketch(*range(0, 1024, 2)), sketch(*range(0, 100, 2), 2_000_000_000)
    assert similarity(long, short) == similarity(short, long) == pytest.approx(50 / 512)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8, 0.95])
def test_similarity_of_long_texts_is_near_the_truth(share: float) -> None:
    total, random = 4_000, np.random.default_rng(int(share * 100))
    common = round(total * share)
    errors = []
    for _ in range(40):
        values = random.permutation(np.unique(random.integers(0, 1 << 32, total * 2, dtype=np.uint32)))[:total]
        half = (total - common) // 2
        one, other = np.sort(values[: common + half]), np.sort(np.concatenate((values[:common], values[common + half :])))
        errors.append(similarity(one[:SKETCH_SIZE].tobytes(), other[:SKETCH_SIZE].tobytes()) - share)
    print(f"similarity {share}: mean error {np.mean(errors):+.4f}, deviation {np.std(errors):.4f}")
    assert abs(np.mean(errors)) < 0.012
    assert np.std(errors) < 1.4 * (share * (1 - share) / SKETCH_SIZE) ** 0.5
