"""Right-to-left text among left-to-right text on a terminal: each piece keeps its own direction (Unicode Annex 9)."""

import unicodedata

FIRST_STRONG_ISOLATE, POP_DIRECTIONAL_ISOLATE = "\u2068", "\u2069"

_RIGHT_TO_LEFT = frozenset({"R", "AL"})
# Embeddings, overrides and isolates of the text itself: one without its end would turn the rest of the line around.
_FORMATTING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))


def is_right_to_left(text: str) -> bool:
    """Whether any letter runs from right to left."""
    return any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)


def isolated(text: str) -> str:
    """The text for use inside a line: between FSI and PDI when it runs from right to left, else as it is."""
    text = text.translate(_FORMATTING)
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_DIRECTIONAL_ISOLATE}" if is_right_to_left(text) else text
