"""Names looked up within a time: the system's own look-up takes as long as it likes, and cannot be broken off."""

from __future__ import annotations

import ipaddress
import socket
import threading
from queue import Empty, SimpleQueue
from typing import Any

from orderflow.net.deadline import Deadline

Found = list[tuple[Any, Any, int, str, Any]]
"""As `socket.getaddrinfo` returns it."""


def lookup(host: str, port: int, deadline: Deadline) -> Found:
    """Return the addresses of a host, for TCP.

    A look-up that takes longer goes on in a thread of its own until the system gives it up; nobody else waits for it.

    Raises:
        OSError: There is no such name.
        DeadlineError: It took longer than is left.
    """
    if _is_address(host):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    answer: SimpleQueue[Found | OSError] = SimpleQueue()

    def ask() -> None:
        try:
            answer.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            answer.put(error)
        except UnicodeError:  # what a name may not hold
            answer.put(socket.gaierror(socket.EAI_NONAME, f"{host!r} is no name of a host"))

    threading.Thread(target=ask, name="lookup", daemon=True).start()
    try:
        found = answer.get(timeout=deadline.left())
    except Empty:
        deadline.left()
        raise TimeoutError(f"{host} was not found in time") from None
    if isinstance(found, OSError):
        raise found
    return found


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
