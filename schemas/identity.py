"""Which article a record is about: canonical URL, article_id and content digest, the same for every service.

The rules are ours and fixed, not a library's: an article_id must never change because a dependency was updated.
"""

import hashlib
import re
import unicodedata
import uuid
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import idna

# UUIDv5 of https://newsloom.example/article under the URL namespace; changing it would re-key every topic.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://newsloom.example/article")

_SCHEMES = ("http", "https", "file", "urn")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_LENGTH = 8_192
_TRACKING = re.compile(
    r"^(?:utm_\w+|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid|twclid|igshid|mc_[ce]id|_ga|_gl|_hsenc|_hsmi|"
    r"mkt_tok|at_(?:medium|campaign|link_\w+|custom\d)|ref_src|cmpid|ns_(?:mchannel|source|campaign|linkname|fee)|amp)$",
    re.IGNORECASE,
)
_AMP_PATH = re.compile(r"/amp/?$", re.IGNORECASE)
_CONTROLS_OR_BLANKS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}|[^A-Za-z0-9/:@!$&'()*+,;=._~-]")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


@lru_cache(maxsize=64)  # validation, identity and key of one record ask for the same URL one after the other
def canonical_url(url: str) -> str:
    """The one form of a URL that an article is known by.

    Scheme and host in lower case, host in IDNA ASCII, no default port, user, fragment, tracking parameters or AMP
    marker, query sorted, path percent-encoded once. `urn:` and `file:` lose only their fragment.

    Raises:
        ValueError: no absolute URL of scheme http, https, file or urn, or longer than 8,192 characters.
    """
    url = url.strip()
    if len(url) > _MAX_LENGTH:
        raise ValueError(f"a URL has at most {_MAX_LENGTH} characters")
    if _CONTROLS_OR_BLANKS.search(url):
        raise ValueError("a URL has no blanks or control characters")
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    if scheme not in _SCHEMES:
        raise ValueError(f"a URL's scheme is one of {', '.join(_SCHEMES)}")
    if scheme == "urn":
        return _canonical_urn(parts.path)
    path = _ENCODED.sub(_encode_once, parts.path)
    if scheme == "file":
        if not path.startswith("/"):
            raise ValueError("a file URL has an absolute path")
        return urlunsplit((scheme, parts.netloc.lower(), path, "", ""))
    path = _AMP_PATH.sub("", path) or "/"
    query = _query(parts.query) if parts.query else ""
    return f"{scheme}://{_host(parts.hostname, parts.port, scheme)}{path}" + (f"?{query}" if query else "")


def article_id(url: str) -> str:
    """The article's identifier and Kafka key: UUIDv5 of its canonical URL, in lower-case text form."""
    return str(uuid.uuid5(NAMESPACE, canonical_url(url)))


def article_id_of_key(key: bytes | None) -> str | None:
    """The article that a record's key names: an article_id itself, or a URL; None when it names none."""
    try:
        text = (key or b"").decode("utf-8")
        return str(uuid.UUID(text)) if len(text) == 36 else article_id(text)
    except ValueError:
        return None


def content_digest(title: str | None, body: str) -> str:
    """ "sha256:" and the hex digest of title and body in NFC, separated by U+001F."""
    content = unicodedata.normalize("NFC", f"{title or ''}\x1f{body}")
    return "sha256:" + hashlib.sha256(content.encode("utf-8")).hexdigest()


def _encode_once(found: re.Match[str]) -> str:
    """One form for each octet (RFC 3986 §6.2.2): unreserved ones decoded, all others as %XX in upper case."""
    octet = found.group()
    if len(octet) != 3:
        return quote(octet, safe="")
    return unquote(octet) if _UNRESERVED.fullmatch(unquote(octet, errors="replace")) else octet.upper()


def _canonical_urn(name: str) -> str:
    namespace, _, specific = name.partition(":")
    if not namespace or not specific:
        raise ValueError("a URN is urn:<namespace>:<name>")
    return f"urn:{namespace.lower()}:{specific}"


def _host(host: str | None, port: int | None, scheme: str) -> str:
    if not host:
        raise ValueError("a URL has a host")
    if not host.isascii():
        host = idna.encode(host, uts46=True).decode("ascii")  # idna.IDNAError is a ValueError
    host = host.rstrip(".")
    if ":" in host:
        host = f"[{host}]"
    elif not _HOST.fullmatch(host) or ".." in host:
        raise ValueError("a URL's host is a name or an address")
    return host if port in (None, _DEFAULT_PORTS[scheme]) else f"{host}:{port}"


def _query(query: str) -> str:
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if not _TRACKING.match(name)]
    return urlencode(sorted(kept))
