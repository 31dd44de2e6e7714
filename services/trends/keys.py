"""What is counted: a named entity, a language, a country or a topic, in the articles of one language."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import orjson

from schemas.trend import Kind
from services.runtime.partitioning import partition_of

# Longer "names" are a sentence that the model took for one.
MAX_NAME = 200

# One letter for kind and type: keys are stored a million times. Letters are never given a second meaning.
_LETTERS = MappingProxyType(
    {
        ("entity", "PER"): b"P",
        ("entity", "ORG"): b"O",
        ("entity", "LOC"): b"L",
        ("entity", "MISC"): b"M",
        ("language", ""): b"l",
        ("country", ""): b"c",
        ("topic", ""): b"t",
    }
)
_MEANINGS = {letter: meaning for meaning, letter in _LETTERS.items()}
# Unit separator: normalised names hold no control character, language tags only letters, digits and hyphens.
_BETWEEN = b"\x1f"


@dataclass(frozen=True, slots=True)
class TrendKey:
    """A thing that is talked about, in the articles of one language (BCP 47)."""

    kind: Kind
    type: str
    """PER, ORG, LOC or MISC of an entity, else empty."""
    name: str
    """An entity's normalised name, a BCP 47 tag, an ISO 3166-1 alpha-2 code, or an IPTC QCode."""
    language: str

    def to_bytes(self) -> bytes:
        """As it is a table's key: all languages of a name stand beside each other."""
        return self.name_bytes() + _BETWEEN + self.language.encode()

    def name_bytes(self) -> bytes:
        """The same for all languages."""
        return _LETTERS[self.kind, self.type] + self.name.encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "TrendKey":
        """As `to_bytes` made it; raises ValueError when it didn't."""
        name, between, language = data[1:].rpartition(_BETWEEN)
        if not between or data[:1] not in _MEANINGS:
            raise ValueError("no key of a trend")
        kind, type_ = _MEANINGS[data[:1]]
        return cls(kind, type_, name.decode(), language.decode())  # type: ignore[arg-type]

    def partition(self, count: int) -> int:
        """Which of so many partitions counts it: the same one for all languages of a name, so that they can be summed there."""
        return partition_of(self.name_bytes(), count)

    def __str__(self) -> str:
        """JSON array [kind, type, name, language]."""
        return orjson.dumps([self.kind, self.type, self.name, self.language]).decode()


@lru_cache(maxsize=50_000)  # the same few thousand names make most of a day's mentions
def normalised(name: str) -> str | None:
    """The form that spellings of a name share: NFKC, case-folded, without invisible characters, blanks collapsed.

    This is Unicode's NFKC_Casefold (Unicode Standard, section 3.13, D147) with blanks collapsed. None when nothing is left, or
    when it is longer than 200 characters.
    """
    if name.isascii() and name.isprintable():
        folded = " ".join(name.casefold().split())
    else:
        folded, before = name, None
        # One round settles all but a few letters (a case fold can be composed anew).
        while folded != before:
            before, folded = folded, _fold(folded)
    return folded if 0 < len(folded) <= MAX_NAME else None


def _fold(name: str) -> str:
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(character for character in " ".join(name.split()) if not _is_invisible(character))


def _is_invisible(character: str) -> bool:
    """Format and control characters, variation selectors, and halves of surrogate pairs."""
    return unicodedata.category(character) in ("Cc", "Cf", "Cs") or "\ufe00" <= character <= "\ufe0f"


def letters(kind: str, type_: str | None) -> bytes:
    """The first bytes of the keys of a kind, or of a type of it."""
    return b"".join(letter for (kind_, any_type), letter in _LETTERS.items() if kind_ == kind and type_ in (None, any_type))
