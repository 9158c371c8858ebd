"""Which addresses a connection may lead to: what the operator allows (`allowed`), or the public internet alone.

The name is resolved once, every address is checked, and the connection is made to just those, so that a name which
resolves differently a moment later gains nothing.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from functools import partial

from orderflow.domain.errors import NeedsAttentionError, UnavailableError
from orderflow.domain.reach import Reach, current
from orderflow.net.allowed import check_addresses
from orderflow.net.deadline import Deadline
from orderflow.net.names import Found, begun, lookup
from orderflow.net.ranges import parsed, public

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
    """Return whether private targets are refused."""
    return _refuses_private


def private_target(what: str) -> NeedsAttentionError:
    """Return the error for a target inside the host's own network."""
    return NeedsAttentionError(
        f"{what} is not on the public internet, and this installation connects to nothing else.",
        code="PRIVATE_ADDRESS",
        hint="Use the server's public address, or ask whoever runs OrderFlow (ORDERFLOW_REFUSE_PRIVATE_ADDRESSES).",
    )


def is_public(address: str) -> bool:
    """Return whether an IP address belongs to the public internet."""
    return public(parsed(address))


def checks(reach: Reach | None = None) -> bool:
    """Return whether there is anything to check for a connection of this reach, by default the current one."""
    return _refuses_private or (reach or current()).restricted


def check(host: str, addresses: Iterable[str], reach: Reach | None = None) -> None:
    """Check the addresses that a host's name stands for.

    Args:
        reach: Of the connection, by default the current one.

    Raises:
        NeedsAttentionError: One of them may not be connected to (PRIVATE_ADDRESS, ADDRESS_NOT_ALLOWED).
    """
    found = list(addresses)
    if _refuses_private and not all(is_public(address) for address in found):
        raise private_target(host)
    check_addresses(host, found, reach or current())


def found(host: str, port: int, deadline: Deadline, reach: Reach) -> Found:
    """Return the addresses of a host, looked up and checked by `deadline`.

    Raises: As `connected`.
    """
    return lookup(host, port, deadline, reach.organization, partial(check, host, reach=reach))


def connected(host: str, port: int, deadline: Deadline, reach: Reach | None = None) -> socket.socket:
    """Return a socket that is connected to `host`: its name is looked up, and its addresses are tried, by `deadline`.

    Raises:
        OSError: It cannot be reached.
        NeedsAttentionError: It may not be reached, as `check` says.
    """
    failure: OSError | None = None
    for family, kind, protocol, _, address in found(host, port, deadline, reach or current()):
        try:
            opened = socket.socket(family, kind, protocol)
        except OSError as error:  # as where the system has no IPv6: what another address says counts for more
            failure = failure or error
            continue
        try:
            opened.settimeout(deadline.left())
            opened.connect(address)
        except OSError as error:
            opened.close()
            failure = error
        else:
            return opened
    raise failure or OSError("no address")


async def checked_socket(host: str, port: int, reach: Reach) -> socket.socket:
    """Return a socket that is connected to a checked address, for a loop that many share: it waits for no name.

    Raises:
        OSError, NeedsAttentionError: As `connected`.
    """
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    asked = begun(host, port, reach.organization, partial(check, host, reach=reach))
    for family, kind, protocol, _, address in await asyncio.wrap_future(asked):
        try:
            opened = socket.socket(family, kind, protocol)
        except OSError as error:  # as where the system has no IPv6: what another address says counts for more
            failure = failure or error
            continue
        opened.setblocking(False)  # the method's own way
        try:
            await loop.sock_connect(opened, address)
        except OSError as error:
            opened.close()
            failure = error
        except BaseException:
            opened.close()
            raise
        else:
            return opened
    raise failure or OSError("no address")
