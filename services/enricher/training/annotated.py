"""What a line of news says about itself: the one form into which every corpus is read before it is tokenised."""

from dataclasses import dataclass

UNKNOWN = -1
SENTIMENTS = ("negative", "neutral", "positive")


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a text, without attached prefixes."""

    start: int
    """Code points into the text."""
    end: int
    type: str
    """PER, ORG, LOC or MISC."""
    stance: int = UNKNOWN
    """Towards the named: a place in SENTIMENTS."""
    prefix: int = UNKNOWN
    """Letters of prefix between the word's start and the name, 0 without; UNKNOWN where a corpus marks whole words."""


@dataclass(frozen=True, slots=True)
class Annotated:
    """A text and what is known about it; fields that a corpus says nothing about stay at their defaults."""

    source: str
    language: str
    text: str
    names: tuple[Name, ...] | None = None
    """In reading order, without overlaps; None: the names aren't marked."""
    has_misc: bool = True
    """False: names of other things than persons, organisations and places may stand unmarked."""
    sentiment: int = UNKNOWN
    is_news: bool = True
    """False: the sentiment is that of a tweet or a review."""
    stance: int = UNKNOWN
    """The stance towards every person and organisation of the text, where names aren't marked."""
    topics: tuple[int, ...] | None = None
    """Places in MEDIA_TOPICS."""
    is_choice: bool = False
    """True: one topic of SIB_CHOICES, the others of which it isn't; nothing is known about the rest."""
    meaning: str = ""
    """Texts with the same key say the same in different languages; "" when alone."""
    document: str = ""
    """Lines of one document follow each other in reading order."""
