"""What can keep a local Kafka from starting; every message is one line that says what to do."""

from services.runtime.errors import ConfigurationError


class LocalKafkaError(ConfigurationError):
    """The local Kafka cannot run."""


class JavaMissing(LocalKafkaError):
    """No usable Java runtime was found."""


class JarsUnavailable(LocalKafkaError):
    """A jar could not be fetched, or what was fetched is not what the lock names."""


class DataFolderUnusable(LocalKafkaError):
    """The data folder cannot be written: missing rights, read-only or full."""


class DataFolderInUse(LocalKafkaError):
    """Another running broker owns the data folder."""


class BrokerFailed(LocalKafkaError):
    """The broker ended, or was not ready in time; the message carries the decisive line of its log."""


class PortTaken(BrokerFailed):
    """Something else took a port between our choosing it and the broker's binding it: try other ports."""
