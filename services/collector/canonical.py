"""The publisher's own address of an article, when it can be believed."""

from urllib.parse import urljoin, urlsplit

from lxml import etree

from schemas.identity import canonical_url

_SAME_SITE_PREFIXES = ("www.", "m.", "mobile.", "amp.")


def canonical_link(tree: etree._Element, url: str) -> str | None:
    """What rel=canonical says, or else og:url, absolute; None when there is nothing or it can't be meant.

    Not meant is another site's address (one site can't speak for another's articles) and the front page, which broken
    templates name on every page.
    """
    for stated in (*_links(tree), *_open_graph(tree)):
        try:
            absolute = urljoin(url, stated.strip())
            canonical_url(absolute)
            parts = urlsplit(absolute)
        except ValueError:
            continue
        leads_home = parts.path in ("", "/") and not parts.query and urlsplit(url).path not in ("", "/")
        if parts.scheme in ("http", "https") and _site(parts.hostname) == _site(urlsplit(url).hostname) and not leads_home:
            return absolute
    return None


def _site(host: str | None) -> str:
    """The host without the prefix of a variant for telephones."""
    host = (host or "").lower()
    for prefix in _SAME_SITE_PREFIXES:
        host = host.removeprefix(prefix)
    return host


def _links(tree: etree._Element) -> list[str]:
    links = (link for link in tree.iter("link") if "canonical" in (link.get("rel") or "").lower().split())
    return [href for link in links if (href := link.get("href"))][:1]


def _open_graph(tree: etree._Element) -> list[str]:
    return [content for meta in tree.iter("meta") if meta.get("property") == "og:url" and (content := meta.get("content"))][:1]
