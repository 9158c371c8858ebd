"""Which addresses a connection may lead to. On a hosted installation none may lead into the host's own network.

The name is resolved once, every address is checked, and the connection is made to just those, so that a name which
resolves differently a moment later gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

from orderflow.domain.errors import NeedsAttentionError, UnavailableError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits

HOST_UNKNOWN = f"Check how the host's name is written, and DNS on this machine. {UnavailableError.hint}"
REFUSED = f"Check the port, and that the server runs and lets this machine in. {UnavailableError.hint}"
SILENT = f"Check host and port, and the firewalls on the way. {UnavailableError.hint}"
"""What to do about a server that cannot be reached: hints for a person."""

_refuses_private = False


def refuse_private_addresses(*, refuse: bool) -> None:
    """Refuse, from now on and in this process, every target that is not on the public internet."""
    global _refuses_private  # noqa: PLW0603  # a rule of the installation, not of one connection
    _refuses_private = refuse


def refuses_private() -> bool:
    """Tell whether private targets are refused."""
    return _refuses_private


def private_target(what: str) -> NeedsAttentionError:
    """Return the error for a target inside the host's own network."""
    return NeedsAttentionError(
        f"{what} is not on the public internet, and this installation connects to nothing else.",
        code="PRIVATE_ADDRESS",
        hint="Use the server's public address, or ask whoever runs OrderFlow (ORDERFLOW_REFUSE_PRIVATE_ADDRESSES).",
    )


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the public internet (IANA's special-purpose registries, RFC 6890)."""
    found = _plain(ipaddress.ip_address(address.partition("%")[0]))
    return found.is_global and not found.is_multicast


def check(host: str, addresses: Iterable[str]) -> None:
    """Raise NeedsAttentionError (PRIVATE_ADDRESS) if one of a host's addresses may not be connected to."""
    if _refuses_private and not all(is_public(address) for address in addresses):
        raise private_target(host)


def connected(host: str, port: int, timeout: float) -> socket.socket:
    """Return a socket that is connected to `host`; `timeout` in seconds, for each of its addresses.

    Raises:
        OSError: It cannot be reached.
        NeedsAttentionError: It may not be reached (PRIVATE_ADDRESS).
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    check(host, [str(one[4][0]) for one in found])
    failure: OSError = OSError("no address")
    for family, kind, protocol, _, address in found:
        opened = socket.socket(family, kind, protocol)
        opened.settimeout(timeout)
        try:
            opened.connect(address)
        except OSError as error:
            opened.close()
            failure = error
        else:
            return opened
    raise failure


async def checked_socket(host: str, port: int) -> dict[str, Any]:
    """Return `{"sock": …}` connected to a checked address, for asyncssh; nothing where all addresses are allowed.

    Raises: As `connected`.
    """
    if not _refuses_private:
        return {}
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    check(host, [str(one[4][0]) for one in found])
    family, kind, protocol, _, address = found[0]
    opened = socket.socket(family, kind, protocol)
    opened.setblocking(False)  # the method's own way
    try:
        await loop.sock_connect(opened, address)
    except BaseException:
        opened.close()
        raise
    return {"sock": opened}


def _plain(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
