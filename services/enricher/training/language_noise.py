"""Text that is in no language: keyboard mash, random letters of many scripts, codes, tables, measures, program text.

Everything comes from the random generator handed in, so the same seed gives the same lines.
"""

import random
import string
from collections.abc import Callable, Sequence

from services.enricher.training.language_code import code, log, markup, path, structured

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю", "ضصثقفغعهخحجد", "شسيبلاتنمكط")
# fmt: off
_RANGES = (
    "az", "az", "AZ", "àÿ", "ая", "αω", "اي", "את", "अह", "কহ", "กฮ", "가힣", "一龥", "あん", "アン", "አፐ", "აჰ", "աֆ", "அஹ",
)
# fmt: on
_TICKERS = ("AAPL", "MSFT", "GOOG", "TSLA", "EURUSD", "BTC", "ETH", "DAX", "NIKKEI", "SPX", "VIX")
_UNITS = ("km", "kg", "%", "€", "px", "mm", "GB", "m2", "x", "h")


def noise(rng: random.Random) -> str:
    """One line of 5 to 300 code points that no language is the language of."""
    return rng.choice(_KINDS)(rng)


def _mash(rng: random.Random) -> str:
    row = rng.choice(_ROWS)
    if rng.random() < 0.5:
        return " ".join(_from(rng, row, 2, 12) for _ in range(rng.randint(1, 8)))
    at = rng.randrange(len(row) - 3)
    return (row[at : at + rng.randint(2, 4)] * rng.randint(2, 8))[: rng.randint(6, 30)]


def _letters(rng: random.Random) -> str:
    first, last = tuple(rng.choice(_RANGES))
    alphabet = [chr(code) for code in range(ord(first), ord(last) + 1)]
    return " ".join(_from(rng, alphabet, 1, 12) for _ in range(rng.randint(2, 14)))


def _repeated(rng: random.Random) -> str:
    first, last = tuple(rng.choice(_RANGES))
    letter = chr(rng.randint(ord(first), ord(last)))
    return " ".join([letter * rng.randint(1, 9)] * rng.randint(1, 8))


def _hash(rng: random.Random) -> str:
    alphabet = rng.choice(
        ("0123456789abcdef", string.ascii_letters + string.digits + "+/", string.ascii_uppercase + string.digits)
    )
    return " ".join(_from(rng, alphabet, 6, 44) for _ in range(rng.randint(1, 5)))


def _table(rng: random.Random) -> str:
    return rng.choice((" | ", "\t", ";", ",")).join(_cell(rng) for _ in range(rng.randint(4, 24)))


def _cell(rng: random.Random) -> str:
    number = rng.choice((str(rng.randint(0, 10**6)), f"{rng.random() * 100:.2f}"))
    return rng.choice((number, number, rng.choice(_TICKERS), "N/A", "-", _from(rng, string.ascii_uppercase, 1, 4)))


def _measures(rng: random.Random) -> str:
    return " ".join(f"{rng.randint(1, 999)}{rng.choice(('', ' '))}{rng.choice(_UNITS)}" for _ in range(rng.randint(2, 12)))


def _from(rng: random.Random, alphabet: Sequence[str], least: int, most: int) -> str:
    return "".join(rng.choices(alphabet, k=rng.randint(least, most)))


_KINDS: Sequence[Callable[[random.Random], str]] = (
    _mash, _letters, _letters, _repeated, _hash, code, code, markup, structured, path, _table, log, _measures,
)  # fmt: skip
