"""What can go wrong in the enricher."""

from services.runtime.errors import ConfigurationError, InvalidRecord


class AssetMissing(ConfigurationError):
    """A model file isn't there."""


class AssetCorrupt(ConfigurationError):
    """A model file isn't the one that the manifest names."""


class NoText(InvalidRecord):
    """Nothing is left when the markup is taken away."""

    def __init__(self, message: str) -> None:
        super().__init__("no_content", message, "text")


class StageFailed(InvalidRecord):
    """A stage that every record needs raised."""

    def __init__(self, stage: str, message: str) -> None:
        super().__init__("stage_failed", message, stage)


class RecordTooLarge(InvalidRecord):
    """The enriched record doesn't fit into its topic."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__("output_too_large", f"the enriched record has {size} bytes, over the limit of {limit}", "encode_record")
