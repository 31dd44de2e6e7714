"""Which network addresses the collector may connect to: only what is globally reachable, whatever form it is written in."""

import ipaddress
import socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Special-purpose registries of IANA (RFC 6890 and successors); written out, since Python's own idea of "global" changed
# between its patch releases. 168.63.129.16 is a cloud's metadata service on an address that looks public.
_NOT_PUBLIC_V4_TEXT = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
"""
_NOT_PUBLIC_V4 = tuple(map(ipaddress.IPv4Network, _NOT_PUBLIC_V4_TEXT.split()))
# Of IPv6 only global unicast is public, and of it not what is reserved, documentation or a tunnel to an IPv4 address.
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_V6 = tuple(ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_LINK_LOCAL = (ipaddress.IPv4Network("169.254.0.0/16"), ipaddress.IPv6Network("fe80::/10"))
_METADATA = frozenset(map(ipaddress.ip_address, ("168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254")))

# IPv6 networks whose last 32 bits are the IPv4 address that is really spoken to: mapped, compatible, NAT64 (RFC 6052).
_EMBEDDING = tuple(ipaddress.IPv6Network(network) for network in ("::ffff:0:0/96", "::/96", "64:ff9b::/96"))


def parse_address(host: str) -> Address | None:
    """The address that a host is, in any form that a resolver takes for one; None when it is a name.

    Besides the usual forms these are IPv6 in brackets or with a zone, and IPv4 as one decimal, octal or hexadecimal
    number or with fewer than four parts (2130706433, 0x7f.1), as inet_aton reads them.
    """
    host = host.strip("[]").partition("%")[0]
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    if not host[:1].isdigit() or any(blank in host for blank in " \t\r\n"):
        return None  # inet_aton reads up to the first blank
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeEncodeError):
        return None


def is_public(address: Address) -> bool:
    """Whether it is on the public internet: not private, loopback, link-local, metadata, multicast or unspecified."""
    address = _innermost(address)
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _PUBLIC_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def is_never_allowed(address: Address) -> bool:
    """Whether not even a source marked `allow_private` may reach it: link-local, cloud metadata, multicast, unspecified."""
    address = _innermost(address)
    linked = any(address.version == network.version and address in network for network in _LINK_LOCAL)
    return linked or address in _METADATA or address.is_multicast or address.is_unspecified


def _innermost(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one that stands for it."""
    if isinstance(address, ipaddress.IPv6Address) and any(address in network for network in _EMBEDDING) and int(address) > 1:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
