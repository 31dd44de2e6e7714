"""What can go wrong between a source and the gateway."""

from services.runtime.errors import IngestError, TransientError


class FetchFailed(TransientError):
    """An answer didn't come, or not whole: try again later.

    `reason` is one of few words, for metrics and the state; `retry_at` is when the host asked to be asked again, in
    seconds since the epoch.
    """

    def __init__(self, reason: str, message: str, retry_at: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_at = retry_at


class HostUnreachable(FetchFailed):
    """No connection to the host: nothing else of it is tried for a while either."""


class Refused(IngestError):
    """We don't fetch this, or not again: a forbidden address, robots rules, too large, gone. `reason` is one of few words."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Unreadable(IngestError):
    """An answer came and is no feed, sitemap or article; the message says why, without its text."""


class HandOverRefused(IngestError):
    """The gateway says that it will never take this article."""


class NotHandedOver(TransientError):
    """The gateway is away, and we were to end when everything is handed over."""
