"""news.duplicates v1: which article is a copy of which, with small edits; keyed by the copy's article_id.

A null value takes it back: the article was withdrawn, or a revision of it is no copy any more.
"""

from typing import Literal

from pydantic import Field

from schemas.contract import Contract
from schemas.publication_date import Moment

VERSION = 1


class Duplicate(Contract):
    """An article whose text is nearly that of an earlier one."""

    schema_version: Literal[1] = Field(1, description="Version of this contract")
    article_id: str = Field(description="The copy; the record's key")
    original_id: str = Field(description="article_id of the original: the earliest seen, itself no copy")
    similarity: float = Field(
        ge=0, le=1, description="Estimated Jaccard similarity of the two texts' shingles, four decimals; at least the threshold"
    )
    group_size: int = Field(ge=2, description="The original and its copies so far, this one included")
    detected_at: Moment = Field(description="The copy's event time, RFC 3339 UTC; never the wall clock")
    method: str = Field(description="Name of the method; docs/trends.md says how it works")
    version: str = Field(description="Version of the method: similarities of different versions don't compare")
    threshold: float = Field(gt=0, le=1, description="Similarity from which an article counted as a copy")
