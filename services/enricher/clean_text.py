"""Cleans text: NFC, one kind of blank and newline, nothing invisible except the joiners that letters and emoji need.

Every step is linear in the length of the text, whatever the text is, and cleaning a clean text changes nothing.
"""

import re
import unicodedata
from functools import lru_cache

import regex

_NEWLINES = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n{3,}")

# What shows nothing and is no part of a word: controls, bidi marks, embeddings and isolates (our readers set direction
# from the letters; left in, they make equal names unequal), zero-width blanks, soft hyphens, invisible operators and
# annotation marks. Also what is no character: halves of surrogate pairs and noncharacters (Unicode 23.7). Private-use
# characters stay: in some fonts and older encodings they stand for letters, and only the reader knows.
_NONCHARACTERS = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    f"\ud800-\udfff\ufdd0-\ufdef{_NONCHARACTERS}]"
)
# Tag characters show nothing either, but spell out flags such as Scotland's after U+1F3F4.
_TAG = re.compile("[\U000e0001\U000e0020-\U000e007f]")
_FLAG_OR_TAG = re.compile("(\U0001f3f4[\U000e0020-\U000e007e]{1,30}\U000e007f)|[\U000e0001\U000e0020-\U000e007f]")

# No orthography stacks more marks than Unicode's stream-safe format allows (UAX #15, section 13); beyond it, sorting
# them into canonical order takes time with the square of their number.
_MOST_MARKS = 30
_MARK_FLOOD = regex.compile(rf"(\p{{M}}{{{_MOST_MARKS}}})\p{{M}}+")

_NON_JOINER, _JOINER = "\u200c", "\u200d"
_CLUSTER = regex.compile(r"([^\p{M}\u200c\u200d]?)(\p{M}*+[\u200c\u200d][\p{M}\u200c\u200d]*+)")
_JOINER_RUN = re.compile("[\u200c\u200d]+")
_EMOJI = regex.compile(r"[\p{Extended_Pictographic}\p{Emoji_Modifier}]")
# Scripts whose letters change their shape with their neighbours, so that a joiner or non-joiner is spelling.
_SHAPING_SCRIPTS = (
    "Adlm Arab Bali Beng Cakm Cham Deva Gran Gujr Guru Java Khmr Knda Kthi Lana Mand Mani Mlym Mong Mtei Mymr Newa Nkoo "
    "Orya Phag Rohg Saur Sinh Sund Sylo Syrc Taml Telu Tibt Tirh"
)
_SHAPING_LETTER = regex.compile(
    r"[\u0640[" + "".join(rf"\p{{Script={script}}}" for script in _SHAPING_SCRIPTS.split()) + r"]&&\p{L}]", regex.V1
)


def clean(text: str) -> str:
    """The text as it is published: lines trimmed, at most one blank line in a row, none at the ends; never raises."""
    text = _BLANK_LINES.sub("\n\n", _NEWLINES.sub("\n", text))
    lines = "\n".join(clean_line(line) for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", lines).strip("\n")


def clean_line(text: str) -> str:
    """The text on one line, runs of blanks of any kind become one U+0020; never raises."""
    text = remove_invisible(text)
    if not text.isascii():
        text = _composed(text)
        if _NON_JOINER in text or _JOINER in text:
            text = _composed(_CLUSTER.sub(_with_needed_joiners, text))
    return " ".join(text.split())


def remove_invisible(text: str) -> str:
    """The text without characters that show nothing; joiners, tabs and newlines stay."""
    text = _INVISIBLE.sub("", text)
    return _FLAG_OR_TAG.sub(r"\1", text) if _TAG.search(text) else text


def _composed(text: str) -> str:
    """NFC; the second cut is for the few characters that NFC itself takes apart into marks."""
    text = unicodedata.normalize("NFC", _MARK_FLOOD.sub(r"\1", text))
    return _MARK_FLOOD.sub(r"\1", text)


def _with_needed_joiners(found: "regex.Match[str]") -> str:
    """A letter with marks and joiners, each run of joiners reduced to the first that means something between its neighbours.

    The neighbours are the letters around, not the marks: canonical order may still move marks.
    """
    before, tail = found.groups()
    after = found.string[found.end() : found.end() + 1]
    needed = _needed(before, after)
    if len(tail) == 1:  # by far the most frequent
        return before + tail if tail in needed else before
    return before + _JOINER_RUN.sub(lambda run: next((joiner for joiner in run[0] if joiner in needed), ""), tail)


@lru_cache(maxsize=10_000)
def _needed(before: str, after: str) -> str:
    """Which joiners mean something between two characters."""
    shaping = bool(_SHAPING_LETTER.match(before) or _SHAPING_LETTER.match(after))
    in_word = shaping and before.isalnum() and after.isalnum()
    in_emoji = bool(_EMOJI.match(before) and _EMOJI.match(after))
    return (_NON_JOINER if in_word else "") + (_JOINER if shaping or in_emoji else "")
