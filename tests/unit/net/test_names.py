"""Names that are never answered keep nobody waiting but those who named them."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from orderflow.domain.errors import NeedsAttentionError
from orderflow.domain.reach import Reach
from orderflow.net import addresses, allowed, names
from orderflow.net.deadline import Deadline, DeadlineError
from orderflow.net.names import MOST_ADDRESSES, MOST_AT_ONCE, begun, lookup
from tests.waiting import wait_until


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


class System:
    """The system's look-up: names of `hangs.example` are answered once all is over, all others at once."""

    def __init__(self, port: int) -> None:
        self.over, self.port = threading.Event(), port
        self.asked: list[str] = []
        self.found: list[Any] = [self.at("127.0.0.1")]

    def at(self, address: str) -> tuple[Any, ...]:
        return (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, self.port))

    def getaddrinfo(self, host: str, *_: Any, **__: Any) -> list[Any]:
        self.asked.append(host)
        if host.endswith("hangs.example"):
            self.over.wait()
        return self.found


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch, port: int) -> Iterator[System]:
    system = System(port)
    monkeypatch.setattr(names, "_look_ups", names._LookUps())
    monkeypatch.setattr(socket, "getaddrinfo", system.getaddrinfo)
    yield system
    with names._look_ups._lock:
        names._look_ups._waiting.clear()
    system.over.set()
    wait_until(lambda: not names._look_ups._busy, lambda: "threads that are over are still counted")


def hang(organization: str, most: int = 3 * MOST_AT_ONCE) -> list[Future[Any]]:
    """Ask for names that hang, and go on before they are found."""
    return [begun(f"{number}.hangs.example", 22, organization, None) for number in range(most)]


def threads() -> int:
    return sum(thread.name == "lookup" for thread in threading.enumerate())


def test_names_that_hang_take_half_of_the_threads_and_keep_no_other_organization_waiting(system: System) -> None:
    before = threads()
    hang("acme")
    assert threads() - before == MOST_AT_ONCE // 2
    hang("beta")
    assert threads() - before < MOST_AT_ONCE
    assert lookup("erp.example", 22, Deadline(60), "gamma") == system.found


def test_they_keep_no_loop_waiting(system: System) -> None:
    hang("acme")
    connected = asyncio.run(addresses.checked_socket("sftp.example", system.port, Reach("beta")))
    with connected:
        assert connected.getpeername() == ("127.0.0.1", system.port)


def test_what_was_given_up_before_its_turn_is_never_looked_up(system: System) -> None:
    hung = hang("acme", MOST_AT_ONCE // 2)
    for _ in range(100):
        with pytest.raises(TimeoutError):
            lookup("late.example", 22, Deadline(0.001), "acme")
    last = begun("next.example", 22, "acme", None)
    assert len(names._look_ups._waiting["acme"]) == 1
    system.over.set()
    assert [one.result(60) for one in [*hung, last]] == [system.found] * (len(hung) + 1)
    assert "late.example" not in system.asked


def test_a_look_up_in_vain_says_why(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeadlineError):
        lookup("one.hangs.example", 22, Deadline(0.001), "acme")
    monkeypatch.undo()
    with pytest.raises(socket.gaierror):
        lookup("a" * 64 + ".example", 22, Deadline(60), "acme")


def test_a_name_has_as_many_addresses_as_are_looked_at(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond these none is checked, and none is connected to."""
    system.found = [system.at("10.0.0.1")] * MOST_ADDRESSES + [system.at("127.0.0.1")] * 4_000
    monkeypatch.setattr(allowed, "_rules", allowed.Rules(servers=frozenset({"db.example", "broker.example"})))
    with pytest.raises(NeedsAttentionError, match="leads to an address"):
        addresses.check("erp.example", [str(one[4][0]) for one in system.found], Reach("acme", restricted=True))
    assert sorted(system.asked) == ["broker.example", "db.example"], "asked once for all of them"
    assert len(lookup("erp.example", 22, Deadline(60), "acme")) == MOST_ADDRESSES
