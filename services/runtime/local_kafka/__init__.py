"""A real Apache Kafka from Python packages alone: `async with LocalKafka() as kafka` gives its `bootstrap_servers`."""

from services.runtime.local_kafka.errors import LocalKafkaError
from services.runtime.local_kafka.local import LocalKafka

__all__ = ["LocalKafka", "LocalKafkaError"]
