"""An import goes on where it stopped, with the same file, cluster and options; otherwise it says why not."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from services.cli.errors import CouldNot
from services.cli.importing.account import Account
from services.cli.importing.checkpoint import Checkpoints, checkpoints
from services.cli.importing.opened import PassedOver
from services.runtime.errors import InvalidRecord


@pytest.fixture
def place(tmp_path: Path) -> Checkpoints:
    path = tmp_path / "أرشيف.warc.gz"
    path.write_bytes(b"x")
    return checkpoints(tmp_path / "data", path, "cluster", "warc")


def an_account() -> Account:
    account = Account()
    for _ in range(3):
        account.publish()
    account.skip(PassedOver("redirect", "moved"))
    account.skip(InvalidRecord("broken_record", "damaged"))
    return account


def test_the_books_of_all_runs_are_one(place: Checkpoints) -> None:
    assert place.begin(is_restart=False) is None
    place.save(an_account(), is_complete=False)
    begun = place.begin(is_restart=False)
    assert begun is not None and not begun.is_complete
    assert begun.account == an_account() and begun.account.records == 5 and begun.account.refused == 1
    assert begun.account.balance() == "in 5 = articles 3 + skipped 2 (redirect: 1, broken_record: 1)"


def test_nothing_skipped_needs_no_reasons() -> None:
    assert Account(articles=2).balance() == "in 2 = articles 2 + skipped 0"


def test_a_restart_begins_anew(place: Checkpoints) -> None:
    place.save(an_account(), is_complete=False)
    assert place.begin(is_restart=True) is None


def test_another_cluster_begins_anew(place: Checkpoints, tmp_path: Path) -> None:
    place.save(an_account(), is_complete=False)
    assert checkpoints(tmp_path / "data", place.path, "another", "warc").begin(is_restart=False) is None


@pytest.mark.parametrize(("change", "why"), [("file", "the file has changed"), ("options", "it was begun with other options")])
def test_a_changed_import_does_not_go_on(change: str, why: str, place: Checkpoints, tmp_path: Path) -> None:
    place.save(an_account(), is_complete=False)
    changed = replace(place, options="csv") if change == "options" else touched(place, tmp_path)
    with pytest.raises(CouldNot, match=rf"stopped behind record 5, and {why} since: --restart"):
        changed.begin(is_restart=False)


def test_a_file_that_was_imported_whole_and_changed_is_another_file(place: Checkpoints, tmp_path: Path) -> None:
    place.save(an_account(), is_complete=True)
    assert place.begin(is_restart=False) is not None
    assert touched(place, tmp_path).begin(is_restart=False) is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"path": "x"}'], ids=["empty", "cut", "other-version"])
def test_an_unreadable_checkpoint_begins_anew(content: bytes, place: Checkpoints) -> None:
    place.save(an_account(), is_complete=False)
    place.file.write_bytes(content)
    assert place.begin(is_restart=False) is None


def test_nothing_but_the_checkpoint_stays_in_the_folder(place: Checkpoints) -> None:
    place.save(Account(), is_complete=False)
    place.save(an_account(), is_complete=False)
    assert list(place.file.parent.iterdir()) == [place.file]


def touched(place: Checkpoints, tmp_path: Path) -> Checkpoints:
    os.utime(place.path, ns=(1, 1))
    return checkpoints(tmp_path / "data", place.path, place.cluster, place.options)
