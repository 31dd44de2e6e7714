"""The last record of each key."""

from services.cli.latest import LatestByKey


def test_only_the_last_record_of_a_key_is_the_latest() -> None:
    latest = LatestByKey()
    records = [(0, 0, b"a"), (0, 1, b"b"), (0, 2, b"a"), (1, 2, b"b")]
    for record in records:
        latest.see(*record)
    assert [latest.is_latest(*record) for record in records] == [False, True, True, True]


def test_records_without_a_key_replace_nothing() -> None:
    latest = LatestByKey()
    latest.see(0, 0, None)
    latest.see(0, 1, None)
    assert latest.is_latest(0, 0, None) and latest.is_latest(0, 1, None)
