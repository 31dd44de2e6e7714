"""From the bytes of an article to what is published of it, or to the reason why nothing is (pure)."""

from dataclasses import dataclass

from schemas.codec import CONTENT_TYPE, MAX_BODY_BYTES, Undecodable, decode_raw, encode
from schemas.enriched_article import Warned
from schemas.identity import article_id, canonical_url, content_digest
from schemas.raw_article import VERSION, RawArticle
from schemas.topics import NEWS_RAW
from services.gateway.errors import FieldError
from services.runtime.records import Headers, Message

DIGEST_HEADER = "newsloom.content_digest"
ID_HEADER = "newsloom.article_id"
REVISION_HEADER = "newsloom.revision"
PUSHED_BY_HEADER = "newsloom.pushed_by"

_FIXED_HEADERS: Headers = (
    ("content-type", CONTENT_TYPE.encode()),
    ("newsloom.schema", f"{NEWS_RAW.name}/v{VERSION}".encode()),
)
_FIELD_OF = {"invalid_url": "url", "no_content": "text", "nul_byte": "text"}


class Rejected(ValueError):
    """These bytes will never be an article."""

    def __init__(self, error: FieldError) -> None:
        super().__init__(error.detail)
        self.error = error


@dataclass(frozen=True, slots=True)
class Admitted:
    """An article that may be published, with its identity."""

    article: RawArticle
    article_id: str
    canonical_url: str
    digest: str
    warnings: tuple[Warned, ...] = ()


def admit(value: bytes, max_bytes: int = MAX_BODY_BYTES) -> Admitted:
    """The article, judged as the enricher will judge it: a bad optional field costs the field and makes a warning.

    Raises:
        Rejected: it has no url or no content, or isn't JSON.
    """
    try:
        decoded = decode_raw(value, max_bytes)
    except Undecodable as error:
        raise Rejected(FieldError(error.error_class, str(error), _field(error.error_class, value))) from None
    article = decoded.article
    if not (article.text or "").strip() and not (article.html or "").strip():
        raise Rejected(FieldError("no_content", "neither text nor html has anything in it", "text"))
    url = article.canonical_url or article.url
    own_id, warnings = article_id(url), decoded.warnings
    if article.article_id not in (None, own_id):
        warnings += (Warned(field="article_id", reason="replaced by the UUIDv5 of the canonical URL"),)
    digest = content_digest(article.title, article.text or article.html or "")
    return Admitted(article, own_id, canonical_url(url), digest, warnings)


def message(admitted: Admitted, revision: int, pushed_by: str, trace: Headers = ()) -> Message:
    """The record for news.raw: the same bytes for the same article and revision, whenever it is sent.

    That is why a missing `collected_at` stays missing: the record's timestamp stands for it (see schemas/raw_article.py).

    Raises:
        Rejected: what is to be written is larger than readers take.
    """
    identity = {"article_id": admitted.article_id, "canonical_url": admitted.canonical_url, "revision": revision}
    value = encode(admitted.article.model_copy(update=identity))
    if len(value) > MAX_BODY_BYTES:
        detail = f"the article has {len(value)} bytes in its canonical form, over the limit of {MAX_BODY_BYTES}"
        raise Rejected(FieldError("body_too_large", detail))
    key = admitted.article_id.encode()
    headers = (
        *_FIXED_HEADERS,
        (ID_HEADER, key),
        (DIGEST_HEADER, admitted.digest.encode()),
        (REVISION_HEADER, b"%d" % revision),
        (PUSHED_BY_HEADER, pushed_by.encode()),
        *trace,
    )
    return Message(NEWS_RAW.name, key, value, headers)


def tombstone(withdrawn_id: str, revision: int, pushed_by: str, trace: Headers = ()) -> Message:
    """The record that withdraws an article."""
    key = withdrawn_id.encode()
    headers = (
        *_FIXED_HEADERS[1:],
        (ID_HEADER, key),
        (REVISION_HEADER, b"%d" % revision),
        (PUSHED_BY_HEADER, pushed_by.encode()),
        *trace,
    )
    return Message(NEWS_RAW.name, key, None, headers)


def _field(error_class: str, value: bytes) -> str | None:
    """The field that a class is about; a document that is no object has none."""
    if error_class == "invalid_shape":
        return "text" if value.lstrip().startswith(b"{") else None
    return _FIELD_OF.get(error_class)
