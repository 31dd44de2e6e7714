"""Shingles: runs of words or characters, and how they bear what other newsrooms do to a text."""

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from services.trends.shingles import MAX_CODE_POINTS, shingles, shingling

SEEDS = Path(__file__).parents[3] / "seeds"


def resemblance(one: str, other: str) -> float:
    first, second = set(shingles(one).tolist()), set(shingles(other).tolist())
    return len(first & second) / len(first | second)


@pytest.fixture(scope="module")
def seeds() -> dict[str, str]:
    articles = [json.loads(line) for line in (SEEDS / "articles.jsonl").read_text(encoding="utf-8").splitlines()]
    ids = [json.loads(line)["id"] for line in (SEEDS / "gold.jsonl").read_text(encoding="utf-8").splitlines()]
    return {name: article["text"] for name, article in zip(ids, articles, strict=True) if "text" in article}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("un deux trois quatre", 3),
        ("نعم لا نعم لا نعم", 2),
        ("登革热疫苗", 3),
        ("ข่าวเช้าวันนี้", 4),
        ("ข่าว 中", 0),
        ("नमस्ते", 0),
        ("", 0),
    ],
    ids=["pairs", "distinct", "three-characters", "six-letters", "mixed", "one-word", "none"],
)
def test_number_of_distinct_shingles(text: str, count: int) -> None:
    assert shingles(text).size == count


def test_shingles_are_sorted_and_never_change() -> None:
    # They are stored: other values here are a new version of the signature.
    assert shingles("Der Rhein, 2025").tolist() == [947290251, 3219688389]
    found = shingles("नदी का पुल नौ साल बाद फिर खुल गया")
    assert found.dtype == np.uint32 and (np.diff(found.astype(np.int64)) > 0).all()


def test_order_of_the_words_counts() -> None:
    assert resemblance("Hund beißt Mann", "Mann beißt Hund") == 0


def test_a_foreign_name_in_a_chinese_text_is_part_of_the_runs_around_it() -> None:
    assert resemblance("疫苗VietaVax有效率达", "疫苗NovaVax有效率达") < 0.6


def test_worth_in_words() -> None:
    assert shingling("one two three four five").words == 4
    assert shingling("登革热疫苗").words == pytest.approx(2)
    assert shingling("ข่าวเช้าวันนี้").words == pytest.approx(4 / 3)
    assert shingling("spam " * 500).words == 1


def test_only_the_beginning_of_a_long_text_counts() -> None:
    text = "wort zahl " * (MAX_CODE_POINTS // 10)
    assert np.array_equal(shingles(text), shingles(text + "ganz anderes Ende"))


@pytest.mark.parametrize("name", ["flood-kisumu.en", "flood-kisumu.ru", "dengue-hanoi.es", "refinery-surabaya.ar"])
def test_agency_copy_among_the_seeds_is_alike(seeds: dict[str, str], name: str) -> None:
    assert resemblance(seeds[name], seeds[f"{name}.copy"]) >= 0.83


EDITS: dict[str, Callable[[str], str]] = {
    "new-lead": lambda text: "باكو (أفق برس) - في تطور متسارع قالت السلطات إنها باشرت تحركًا عسكريًا." + text.partition(".")[2],
    "lead-before": lambda text: "فيما يلي ما نعرفه حتى الآن عن التطورات الأخيرة في الإقليم. " + text,
    "last-paragraph-cut": lambda text: text.rpartition("\n\n")[0],
    "paragraph-cut-in-the-middle": lambda text: "\n\n".join(part for i, part in enumerate(text.split("\n\n")) if i != 4),
    "a-word-in-thirty": lambda text: " ".join("كلمة" if i % 30 == 7 else word for i, word in enumerate(text.split())),
    "quotes-and-signs": lambda text: text.replace("«", '"').replace("»", '"').replace("،", " -").replace("\n\n", " "),
    "vowel-points-and-digits": lambda text: text.replace("في", "فِي").replace("100", "١٠٠").replace("أ", "ا"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_what_a_newsroom_does_to_agency_copy_leaves_it_alike(seeds: dict[str, str], edit: Callable[[str], str]) -> None:
    text = seeds["nagorno-karabakh.ar"]
    edited = edit(text)
    assert edited != text
    alike = resemblance(text, edited)
    print(f"similarity {alike:.3f}")
    assert alike >= 0.84


def test_different_seeds_are_not(seeds: dict[str, str]) -> None:
    found = {name: set(shingles(text).tolist()) for name, text in seeds.items()}
    pairs = [pair for pair in combinations(seeds, 2) if pair[0].removesuffix(".copy") != pair[1].removesuffix(".copy")]
    alike = {(one, other): len(found[one] & found[other]) / len(found[one] | found[other]) for one, other in pairs}
    nearest = max(alike, key=lambda pair: alike[pair])
    print(f"{len(alike)} pairs of different seeds, the nearest {nearest}: {alike[nearest]:.3f}")
    assert alike[nearest] < 0.05


WEATHER = {
    "de": (
        "Das Wetter in {} am {}: Am Vormittag zeigt sich bei {} Grad zunächst die Sonne, später ziehen dichte Wolken auf. Bis "
        "zum Abend fallen bis zu {} Liter Regen. Die Höchstwerte liegen bei {} Grad, in der Nacht kühlt es auf {} Grad ab. Der "
        "Wind weht mäßig, in Böen mit bis zu {} Kilometern pro Stunde. Die Sonne geht um {} Uhr auf und um {} Uhr unter.",
        ("Ulm Montag 12 3 17 4 40 6:55 17:02", "Graz Freitag 7 11 9 2 65 7:10 16:48"),
    ),
    "ar": (
        "حالة الطقس في {} يوم {}: يبدأ الصباح مشمسًا بحرارة تبلغ {} درجة قبل أن تتكاثر السحب. وتهطل حتى المساء أمطار تصل كميتها "
        "إلى {} مليمترًا. وتبلغ الحرارة العظمى {} درجة، وتنخفض ليلًا إلى {} درجات. وتصل سرعة الرياح إلى {} كيلومترًا في الساعة. "
        "وتشرق الشمس الساعة {} وتغرب الساعة {}.",
        ("عمّان الاثنين 12 3 17 4 40 6:55 17:02", "حلب الجمعة 7 11 9 2 65 7:10 16:48"),
    ),
    "zh": (
        "{}{}天气：上午晴，气温{}度，随后有浓云移入。到傍晚降雨量可达{}毫米。最高气温{}度，夜间降至{}度。阵风时速可达{}公里。日出时间为{}，日落时间为{}。",
        ("杭州 周一 12 3 17 4 40 6:55 17:02", "昆明 周五 7 11 9 2 65 7:10 16:48"),
    ),
}


@pytest.mark.parametrize(("template", "fillings"), WEATHER.values(), ids=WEATHER)
def test_reports_from_one_template_are_no_copies(template: str, fillings: tuple[str, str]) -> None:
    one, other = (template.format(*filling.split()) for filling in fillings)
    assert resemblance(one, other) < 0.7
