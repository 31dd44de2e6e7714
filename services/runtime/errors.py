"""The error tree: branch on the class, never on the text of a message."""


class IngestError(Exception):
    """Something went wrong that we expected could."""


class TransientError(IngestError):
    """May succeed later: retry in place, never advance."""


class InvalidRecord(IngestError):
    """Will never succeed: dead-letter the record and advance.

    `error_class` and `stage` go to the dead letter's headers; the message is one sentence without article text.
    """

    stack_trace = ""

    def __init__(self, error_class: str, message: str, stage: str = "decode") -> None:
        super().__init__(message)
        self.error_class = error_class
        self.stage = stage


class ConfigurationError(IngestError):
    """Nothing will work until a person changes something: stop before consuming. The message says what to change."""
