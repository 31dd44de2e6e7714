"""Makes a text of tokens, as a reader of the language would see it, and says where each token stands in it."""

from collections.abc import Sequence

# Written without blanks between words.
UNSPACED = frozenset({"ja", "km", "lo", "my", "th", "yue", "zh"})

_CLOSING = frozenset(".,;:!?%)]}»”…،؛؟।。、，：；？！）」』】》’") | {"'s", "’s", "n't"}
_OPENING = frozenset("([{«“„¿¡（「『【《‘")
_QUOTE = '"'


def joined(tokens: Sequence[str], language: str) -> tuple[str, list[tuple[int, int]]]:
    """The text, and each token's (start, end) in code points.

    A blank stands between tokens, but not before closing or after opening marks; every second straight quotation mark
    closes. Where words touch each other, only between two words in Latin letters; so too in Korean when each token is one
    character.
    """
    is_unspaced = language in UNSPACED or (language == "ko" and all(len(token) < 2 for token in tokens))
    pieces: list[str] = []
    edges: list[tuple[int, int]] = []
    length, before, is_quoted = 0, "", False
    for token in tokens:
        closes = is_quoted and token == _QUOTE
        gap = "" if closes or (is_quoted and before == _QUOTE) else _gap(before, token, is_unspaced)
        start = length + len(gap)
        length = start + len(token)
        pieces += (gap, token)
        edges.append((start, length))
        is_quoted = is_quoted != (token == _QUOTE)
        before = token or before
    return "".join(pieces), edges


def _gap(before: str, token: str, is_unspaced: bool) -> str:
    if not before:
        return ""
    last = before[-1]
    if is_unspaced:
        both_latin = last.isascii() and last.isalnum() and token.isascii() and token.isalnum()
        return " " if both_latin and len(token) > 1 else ""
    return "" if token in _CLOSING or last in _OPENING else " "
