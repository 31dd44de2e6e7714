"""Keys go where every other Kafka client puts them."""

import aiokafka.partitioner
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runtime.partitioning import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "signed"),
    # From Kafka's own UtilsTest.testMurmur2.
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_hash_is_javas(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed % 2**32


@given(st.binary(max_size=70), st.integers(1, 48))
def test_partition_is_the_clients(key: bytes, count: int) -> None:
    assert partition_of(key, count) == aiokafka.partitioner.DefaultPartitioner()(key, list(range(count)), [])
