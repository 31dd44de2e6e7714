"""What can go wrong in the gateway; what a client is told of it is in problems.py."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.runtime.errors import ConfigurationError, IngestError, TransientError


class KeysUnreadable(ConfigurationError):
    """The file of API keys is missing or wrong."""


class Unconfirmed(TransientError):
    """Kafka has not confirmed a record in time; it may still be written.

    `retry_after_s` says when it may be worth trying again, in seconds.
    """

    def __init__(self, message: str, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: the end of its type URI, its HTTP status and what it is in a few words."""

    slug: str
    status: int
    title: str


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with which field; `reason` is one word, `detail` a sentence without the field's value."""

    reason: str
    detail: str
    field: str | None = None


BAD_REQUEST = Kind("bad-request", 400, "The request can't be read")
UNAUTHENTICATED = Kind("unauthenticated", 401, "An API key is needed")
FORBIDDEN = Kind("forbidden", 403, "The API key doesn't allow this")
NOT_FOUND = Kind("not-found", 404, "There is nothing here")
METHOD_NOT_ALLOWED = Kind("method-not-allowed", 405, "The method is not for this address")
TIMED_OUT = Kind("body-too-slow", 408, "The body didn't come in time")
IN_PROGRESS = Kind("in-progress", 409, "A request with this Idempotency-Key is being answered")
TOO_LARGE = Kind("too-large", 413, "The body is too large")
UNSUPPORTED = Kind("unsupported-media-type", 415, "The body is in a form that isn't taken here")
MISDIRECTED = Kind("misdirected", 421, "This gateway serves only its own machine")
INVALID = Kind("invalid", 422, "No article can be made of this")
KEY_REUSED = Kind("idempotency-key-reused", 422, "The Idempotency-Key was used with another body")
TOO_MANY_REQUESTS = Kind("rate-limited", 429, "Too many requests")
QUOTA_USED_UP = Kind("quota-used-up", 429, "The day's quota of articles is used up")
INTERNAL = Kind("internal", 500, "Something went wrong here")
UNAVAILABLE = Kind("unavailable", 503, "Articles can't be taken right now")

KINDS = (
    BAD_REQUEST,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    TIMED_OUT,
    IN_PROGRESS,
    TOO_LARGE,
    UNSUPPORTED,
    MISDIRECTED,
    INVALID,
    KEY_REUSED,
    TOO_MANY_REQUESTS,
    QUOTA_USED_UP,
    INTERNAL,
    UNAVAILABLE,
)


class Refused(IngestError):
    """A request that is answered with a problem; `retry_after_s` is in seconds."""

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        retry_after_s: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.errors = kind, detail, tuple(errors)
        self.headers = dict(headers or {})
        if retry_after_s is not None:
            self.headers["Retry-After"] = str(max(1, retry_after_s))
