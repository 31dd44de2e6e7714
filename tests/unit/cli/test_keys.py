"""Keys of the gateway, made by command."""

from pathlib import Path

import pytest

from services.cli.__main__ import main
from services.gateway.keys import KeyRing, hash_of, read_keys


def made(holder: str, file: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["keys", "new", holder, "--file", str(file)]) == 0
    return capsys.readouterr().out.strip()


def test_a_new_key_lets_its_holder_in_and_is_kept_nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "keys.toml"
    first, second = made("herald", file, capsys), made("sada", file, capsys)
    holders = [KeyRing(file).holder(token) for token in (first, second, "newsloom_other")]
    assert [holder and holder.id for holder in holders] == ["herald", "sada", None]
    assert first not in file.read_text() and file.stat().st_mode & 0o077 == 0


def test_for_a_holder_that_has_one_the_file_stays_and_the_hash_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "keys.toml"
    made("herald", file, capsys)
    before = file.read_bytes()
    assert main(["keys", "new", "herald", "--file", str(file)]) == 0
    said = capsys.readouterr()
    assert hash_of(said.out.strip()) in said.err and file.read_bytes() == before


@pytest.mark.parametrize("holder", ["a b", "", "صحيفة", "x" * 65, 'a"\n[[key]]'])
def test_a_name_that_the_gateway_would_refuse_is_wrong_use(holder: str, tmp_path: Path) -> None:
    assert main(["keys", "new", holder, "--file", str(tmp_path / "keys.toml")]) == 2
    assert not (tmp_path / "keys.toml").exists()


def test_a_file_that_is_something_else_stays_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "keys.toml"
    file.write_text("title = 'notes'")
    assert main(["keys", "new", "herald", "--file", str(file)]) == 1
    assert str(file) in capsys.readouterr().err and file.read_text() == "title = 'notes'"
    with pytest.raises(Exception, match="keys"):
        read_keys(file)
