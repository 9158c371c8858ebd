"""Names looked up within a time: the system's own look-up takes as long as it likes, and cannot be broken off.

So each look-up has a thread of its own, which goes on until the system gives it up, and each organization a share of
these: names that are never answered keep nobody waiting but those who named them.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from orderflow.net.deadline import Deadline

MOST_AT_ONCE = 64
"""Look-ups of this process; one more is for whoever has fewer than are free, so that one alone has half of them."""

MOST_ADDRESSES = 16
"""Of a name, that count: each is checked, and perhaps tried."""

Found = list[tuple[Any, Any, int, str, Any]]
"""As `socket.getaddrinfo` returns it."""

Check = Callable[[list[str]], None]
"""Looks at the addresses of a name, and raises what keeps anybody from connecting to them."""


def lookup(host: str, port: int, deadline: Deadline, organization: str = "", check: Check | None = None) -> Found:
    """Return the addresses of a host, for TCP; at most `MOST_ADDRESSES`.

    Args:
        organization: Whose share it is of; empty for the operator's.

    Raises:
        OSError: There is no such name.
        DeadlineError: It took longer than is left.
        Exception: What `check` raises.
    """
    if _is_address(host):
        return _look_up(host, port, check)
    asked = begun(host, port, organization, check)
    try:
        return asked.result(deadline.left())
    except TimeoutError:
        asked.cancel()
        deadline.left()
        raise TimeoutError(f"{host} was not found in time") from None


def begun(host: str, port: int, organization: str, check: Check | None) -> Future[Found]:
    """Begin a look-up as `lookup` does, in a thread of its own, and return what it will have found."""
    return _look_ups.begin(organization, lambda: _look_up(host, port, check))


def _look_up(host: str, port: int, check: Check | None) -> Found:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[:MOST_ADDRESSES]
    except UnicodeError:  # what a name may not hold
        raise socket.gaierror(socket.EAI_NONAME, f"{host!r} is no name of a host") from None
    if check is not None:
        check([str(one[4][0]) for one in found])
    return found


class _LookUps:
    """The look-ups of this process, and those that wait for a thread within their organization's share."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: Counter[str] = Counter()
        self._waiting: dict[str, list[tuple[Future[Found], Callable[[], Found]]]] = {}

    def begin(self, organization: str, look_up: Callable[[], Found]) -> Future[Found]:
        asked: Future[Found] = Future()
        with self._lock:
            waiting = [one for one in self._waiting.get(organization, ()) if not one[0].cancelled()]
            self._waiting[organization] = [*waiting, (asked, look_up)]
            self._begin()
        return asked

    def _begin(self) -> None:
        for organization, waiting in list(self._waiting.items()):
            while waiting and self._busy[organization] < MOST_AT_ONCE - self._busy.total():
                work = (organization, *waiting[0])
                threading.Thread(target=self._work, args=work, name="lookup", daemon=True).start()
                self._busy[organization] += 1  # once it runs: where no more threads are to be had, `start` raises
                waiting.pop(0)
            if not waiting:
                del self._waiting[organization]

    def _work(self, organization: str, asked: Future[Found], look_up: Callable[[], Found]) -> None:
        try:
            if asked.set_running_or_notify_cancel():
                asked.set_result(look_up())
        except Exception as error:  # noqa: BLE001  # it is raised where it is waited for
            asked.set_exception(error)
        finally:
            with self._lock:
                self._busy -= Counter({organization: 1})
                self._begin()


_look_ups = _LookUps()


def _forget() -> None:
    global _look_ups  # noqa: PLW0603  # a forked process has none of its parent's threads
    _look_ups = _LookUps()


os.register_at_fork(after_in_child=_forget)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True
