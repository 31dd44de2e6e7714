"""Which addresses may be connected to, in every form that a resolver takes for one."""

import ipaddress

import pytest

from services.collector.addresses import is_never_allowed, is_public, parse_address

PUBLIC = ["8.8.8.8", "134744072", "2606:4700::1111", "[2606:4700::1111]", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
PRIVATE = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "::1",
    "[::1]",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::127.0.0.1",
    "64:ff9b::127.0.0.1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "198.18.0.1",
    "203.0.113.9",
    "fc00::1",
    "fec0::1",
    "2001:db8::1",
    "255.255.255.255",
]
NEVER = [
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "::ffff:169.254.169.254",
    "fe80::1%eth0",
    "168.63.129.16",
    "100.100.100.200",
]
NEVER += ["fd00:ec2::254", "0.0.0.0", "0", "::", "224.0.0.1", "ff02::1"]


def address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    parsed = parse_address(host)
    assert parsed is not None, f"{host} is an address"
    return parsed


@pytest.mark.parametrize("host", PUBLIC)
def test_public(host: str) -> None:
    assert is_public(address(host))
    assert not is_never_allowed(address(host))


@pytest.mark.parametrize("host", PRIVATE)
def test_private_only_where_a_source_is_marked(host: str) -> None:
    assert not is_public(address(host))
    assert not is_never_allowed(address(host))


@pytest.mark.parametrize("host", NEVER)
def test_never(host: str) -> None:
    assert not is_public(address(host))
    assert is_never_allowed(address(host))


@pytest.mark.parametrize(
    "host", ["example.com", "1.2.3.4.5", "127.0.0.1.example.com", "", "0x", "１２７.0.0.1", "8.8.8.8 evil", "मंगल.example"]
)
def test_names_are_no_addresses(host: str) -> None:
    assert parse_address(host) is None
