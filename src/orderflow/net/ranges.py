"""What an IP address is for, by IANA's registries, and not by the list of the Python that happens to run.

Sources, read 2026-11: https://www.iana.org/assignments/iana-ipv4-special-registry,
https://www.iana.org/assignments/iana-ipv6-special-registry, https://www.iana.org/assignments/ipv6-address-space.
Metadata services: AWS 169.254.169.254 and fd00:ec2::/32, Google fd20:ce::254, Oracle 192.0.0.192, Alibaba
100.100.100.200, Azure 168.63.129.16 (each by its provider's own documentation).
"""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


# This machine, the link, metadata, groups, what is reserved, and tunnels to an address that only a relay would see.
NO_SERVERS = _networks(
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "100.100.100.200/32", "168.63.129.16/32",
    "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/32", "2002::/16",
    "fe80::/10", "ff00::/8", "fd00:ec2::/32", "fd20:ce::254/128",
)  # fmt: skip
_NOT_PUBLIC = _networks(
    "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24",
    "2001::/23", "2001:db8::/32", "3fff::/20",
)  # fmt: skip
_PUBLIC_IN_2001 = _networks(
    "2001:1::1/128", "2001:1::2/128", "2001:1::3/128", "2001:3::/32", "2001:4:112::/48", "2001:20::/28", "2001:30::/28"
)
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")  # all other IPv6 is private (fc00::/7, fec0::/10) or nobody's
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214, section 6.1: an IPv4 address in the last 32 bits of any prefix


def parsed(address: str) -> Address:
    """Return an IP address, an IPv6 one that stands for an IPv4 one as that. Raises ValueError if it is none."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv4Address):
        return found
    if found in _NAT64:
        return ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found.ipv4_mapped or found


def of_no_server(address: Address) -> Network | None:
    """Return the range that an address lies in where no server of others is, if it does."""
    if isinstance(address, ipaddress.IPv6Address) and int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        return ipaddress.ip_network(address)
    return next((network for network in NO_SERVERS if address in network), None)


def public(address: Address) -> bool:
    """Return whether an address belongs to the public internet."""
    if of_no_server(address) is not None:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    if any(address in network for network in _PUBLIC_IN_2001):
        return True
    return not any(address in network for network in _NOT_PUBLIC)
