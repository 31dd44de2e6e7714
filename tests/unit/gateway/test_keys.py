"""API keys: made, kept as hashes, changed while the gateway runs."""

from pathlib import Path

import pytest

from services.gateway.errors import KeysUnreadable
from services.gateway.guard import is_loopback, require_keys_or_loopback
from services.gateway.keys import KeyRing, hash_of, new_key, read_keys
from services.runtime.errors import ConfigurationError


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def write(path: Path, *entries: tuple[str, tuple[str, ...]]) -> Path:
    path.write_text("".join(f'[[key]]\nid = "{name}"\nhashes = {list(hashes)}\n' for name, hashes in entries), encoding="utf-8")
    return path


def test_a_new_key_is_long_random_and_known_only_by_its_hash(tmp_path: Path) -> None:
    (token, digest), (other, _) = new_key(), new_key()
    ring = KeyRing(write(tmp_path / "keys.toml", ("herald", (digest,))))
    found = ring.holder(token)
    assert len(token) > 50 and token != other and token not in (tmp_path / "keys.toml").read_text()
    assert found is not None and found.id == "herald"
    assert all(ring.holder(wrong) is None for wrong in (other, "", token[:-1], digest, "ключ", "\udcff"))


def test_a_key_is_replaced_while_it_runs_first_both_then_the_new_one(tmp_path: Path) -> None:
    clock, ((old, old_hash), (new, new_hash)) = Clock(), (new_key(), new_key())
    path = write(tmp_path / "keys.toml", ("herald", (old_hash,)))
    ring = KeyRing(path, clock)
    write(path, ("herald", (old_hash, new_hash)))
    assert ring.holder(new) is None, "the file is looked at once a second"
    clock.now = 1.1
    assert ring.holder(new) is not None and ring.holder(old) is not None
    write(path, ("herald", (new_hash,)))
    clock.now = 2.2
    assert ring.holder(old) is None and ring.holder(new) is not None


@pytest.mark.parametrize("content", [None, "not toml [", "", "[[key]]\nid = 'x'\n"])
def test_while_the_file_is_wrong_the_keys_before_count_on(tmp_path: Path, content: str | None) -> None:
    clock, (token, digest) = Clock(), new_key()
    path = write(tmp_path / "keys.toml", ("herald", (digest,)))
    ring = KeyRing(path, clock)
    path.unlink() if content is None else path.write_text(content)
    clock.now = 5.0
    assert ring.holder(token) is not None


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[[key]]\nid='a'\nhashes=[]",
        "[[key]]\nid='a'\nhashes=['plain']",
        "[[key]]\nid='a b'\nhashes=['" + hash_of("x") + "']",
        "[[key]]\nid='a'\nhashes=['" + hash_of("x") + "']\n[[key]]\nid='a'\nhashes=['" + hash_of("y") + "']",
        "[[key]]\nid='a'\nhashes=['" + hash_of("x") + "']\n[[key]]\nid='b'\nhashes=['" + hash_of("x") + "']",
        "[[key]]\nid='a'\nhashes=['" + hash_of("x") + "']\nrequests_per_minute=3",
    ],
    ids=["empty", "no-hash", "plain-key", "bad-id", "same-id", "same-hash", "unknown-field"],
)
def test_a_wrong_file_is_refused_with_its_name_and_without_hashes(tmp_path: Path, content: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(content)
    with pytest.raises(KeysUnreadable) as error:
        read_keys(path)
    assert str(path) in str(error.value) and hash_of("x")[7:] not in str(error.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.9.9.9", "[::1]", "LOCALHOST."])
def test_loopback_needs_no_keys(host: str) -> None:
    assert is_loopback(host)
    require_keys_or_loopback(host, has_keys=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "gateway.example", "localhost.evil.example", ""])
def test_anything_else_is_refused_without_keys(host: str) -> None:
    with pytest.raises(ConfigurationError, match="GATEWAY_KEYS_FILE"):
        require_keys_or_loopback(host, has_keys=False)
    require_keys_or_loopback(host, has_keys=True)
