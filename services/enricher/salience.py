"""How central a named thing is to its article: a plain formula, so that anyone can compute it again."""

from collections.abc import Sequence

from services.enricher.names import Spotted

# News puts first what matters most: in the title, then early in the text; and it repeats what it is about.
TITLE, POSITION, SHARE = 0.3, 0.3, 0.4


def salience(mentions: Sequence[Spotted], most_mentions: int, text_length: int) -> float:
    """0–1: 0.3 if the title names it, + 0.3 × (1 − place of its first mention in the text, as a share of the text's
    length; 0 when only the title names it), + 0.4 × its mentions ÷ those of the thing with most mentions.
    """
    in_title = any(mention.field == "title" for mention in mentions)
    starts = [mention.start for mention in mentions if mention.field == "text"]
    earliness = 1 - min(starts) / text_length if starts else 0.0
    return TITLE * in_title + POSITION * earliness + SHARE * len(mentions) / most_mentions
