"""Who may come in: API keys as bearer tokens, or, without keys, only this machine."""

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.requests import Request

from services.gateway.errors import FORBIDDEN, MISDIRECTED, UNAUTHENTICATED, Refused
from services.gateway.keys import Key, KeyRing
from services.gateway.limits import Limits
from services.runtime.errors import ConfigurationError

# Whoever is on this machine, when there are no keys.
LOCAL = Key(id="local", hashes=("-",), requests_per_s=1_000_000, burst=1_000_000, articles_per_day=2**62)

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="newsloom"'}


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def require_keys_or_loopback(host: str, has_keys: bool) -> None:
    """Raises ConfigurationError when anybody on a network could push."""
    if not has_keys and not is_loopback(host):
        raise ConfigurationError(
            f"GATEWAY_HOST is {host} and there are no API keys, so anybody could push: "
            "set GATEWAY_KEYS_FILE, or listen on 127.0.0.1"
        )


class Guard:
    """Lets a request in, and counts it against its key's rate."""

    def __init__(self, keys: KeyRing | None, limits: Limits) -> None:
        self._keys, self._limits = keys, limits

    def let_in(self, request: Request) -> Key:
        """The key that the request comes with.

        Raises:
            Refused: 401 no valid key, 421 without keys: not meant for this machine, 429 too many requests.
        """
        key = self._local(request) if self._keys is None else self._bearer(self._keys, request)
        self._limits.take_request(key)
        return key

    def _bearer(self, keys: KeyRing, request: Request) -> Key:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        key = keys.holder(token.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            raise Refused(UNAUTHENTICATED, "send an API key as Authorization: Bearer KEY", headers=_CHALLENGE)
        return key

    def _local(self, request: Request) -> Key:
        """A page in a browser that had its own name resolved to 127.0.0.1 (DNS rebinding) comes with that name as Host."""
        if not _is_for_us(request.headers.get("host", "")):
            raise Refused(MISDIRECTED, "without API keys the gateway is for 127.0.0.1 and localhost only")
        return LOCAL


@lru_cache(maxsize=64)
def _is_for_us(host: str) -> bool:
    """Whether a Host header names this machine."""
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False


def require_may_withdraw(key: Key) -> None:
    """Raises Refused (403) when the key may not."""
    if not key.may_withdraw:
        raise Refused(FORBIDDEN, "this API key may not withdraw articles")
