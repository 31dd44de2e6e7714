"""API keys: made here, kept as hashes in a TOML file, read again when the file changes.

A key has 256 random bits, so one SHA-256 of it is enough at rest: a slow hash (scrypt, Argon2) guards passwords that people
choose, which can be guessed; nobody guesses 256 bits, and a slow hash for every request would be a way to keep us busy.
"""

import hashlib
import hmac
import os
import secrets
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.gateway.errors import KeysUnreadable
from services.runtime.logs import get_log

log = get_log(__name__)

_PREFIX = "newsloom_"
_RANDOM_BYTES = 32
_LOOK_EVERY_S = 1.0


class Key(BaseModel):
    """Who may push, and how much."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="Name of the holder; goes into records' headers")
    hashes: tuple[str, ...] = Field(min_length=1, description='"sha256:" and hex; two while a key is being replaced')
    requests_per_s: float = Field(50.0, gt=0, le=1_000_000, description="Rate of requests, on average")
    burst: int = Field(100, ge=1, le=1_000_000, description="Requests that may come at once")
    articles_per_day: int = Field(1_000_000, ge=0, description="New articles and withdrawals from midnight to midnight UTC")
    may_withdraw: bool = Field(True, description="Whether it may withdraw articles, anybody's")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: tuple[Key, ...] = ()


def new_key() -> tuple[str, str]:
    """A new key for its holder and the hash of it for the file."""
    token = _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    return token, hash_of(token)


def hash_of(token: str) -> str:
    """What the file keeps of a key."""
    return "sha256:" + hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys in the file.

    Raises:
        KeysUnreadable: it is missing, wrong or empty, or two keys have one id or one hash; no hash is named.
    """
    try:
        keys = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).key
    except OSError as error:
        raise KeysUnreadable(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KeysUnreadable(f"{path} is no TOML: {error}") from error
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise KeysUnreadable(f"{path}: {places}") from None
    if not keys:
        raise KeysUnreadable(f"{path} has no [[key]]: nobody could push")
    _require_distinct(path, keys)
    return keys


def add_key(path: Path, key: Key) -> None:
    """Writes a key to the end of the file, which only its owner can read when it is new; raises OSError."""
    if not path.exists():
        path.touch(mode=0o600)
    hashes = ", ".join(f'"{each}"' for each in key.hashes)
    with path.open("a", encoding="utf-8") as file:
        file.write(f'[[key]]\nid = "{key.id}"\nhashes = [{hashes}]\n\n')


def _require_distinct(path: Path, keys: tuple[Key, ...]) -> None:
    ids, hashes = [key.id for key in keys], [each for key in keys for each in key.hashes]
    if any(not each.startswith("sha256:") or len(each) != 71 or not each.isascii() for each in hashes):
        raise KeysUnreadable(f'{path}: a hash is "sha256:" and 64 hex digits')
    if len(set(ids)) < len(ids) or len(set(hashes)) < len(hashes):
        raise KeysUnreadable(f"{path}: two keys have the same id or hash")


class KeyRing:
    """The keys of a file, never more than a second behind it; while the file is wrong, the ones before count on."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Reads the file; raises KeysUnreadable."""
        self._path, self._clock = path, clock
        self._looked_at, self._stamp = clock(), _stamp(path)
        self._keys = read_keys(path)

    def holder(self, token: str) -> Key | None:
        """Whose key it is. Every hash is compared in constant time and to the end, so that time tells nothing."""
        self._look()
        given, found = hash_of(token), None
        for key in self._keys:
            for known in key.hashes:
                if hmac.compare_digest(given, known):
                    found = key
        return found

    def _look(self) -> None:
        now = self._clock()
        if now - self._looked_at < _LOOK_EVERY_S:
            return
        self._looked_at = now
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = read_keys(self._path)
            log.info("keys_read_again", keys=len(self._keys))
        except KeysUnreadable as error:
            log.error("keys_not_read", reason=str(error))


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Changes when the file does; also when another takes its place."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
