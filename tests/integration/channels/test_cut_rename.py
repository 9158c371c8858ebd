"""ProFTPD carries out a command of which it got a part: a line cut within RNTO, or before its answer, loses nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from orderflow.channels.filestore import FileStore, Rename, Upload
from orderflow.channels.ftp.store import FTPTarget, close_all, open_ftp
from orderflow.domain.errors import ConnectorError, InDoubtError
from tests.integration.channels.cutting_proxy import CuttingProxy
from tests.integration.channels.proftpd import ProFTPD

CONTENT = b'{"order": 1}'
FINAL = "/out/order_7.json"
TOKEN = UUID("0b9f8a51-7c0e-4d8e-9b57-2f3a1c6d4e10")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ProFTPD]:
    (tmp_path / "out").mkdir()
    with ProFTPD(tmp_path, "ftp") as running:
        yield running
        close_all()


def store(proxy: CuttingProxy, server: ProFTPD) -> FileStore:
    account = server.account
    login = {"username": account["username"], "password": account["password"]}
    return open_ftp(FTPTarget(proxy.host, proxy.port, **login, connect_timeout=5, timeout=5))


def deliver(opened: FileStore, token: UUID = TOKEN) -> bool | ConnectorError:
    temporary = f"{FINAL}.{token}.tmp"
    ((_, error),) = opened.upload([Upload(temporary, CONTENT)])
    if error is not None:
        return error
    ((_, renamed),) = opened.rename([Rename(temporary, FINAL, content=CONTENT)])
    return renamed


def delivered(server: ProFTPD, cut_after: int | None = None) -> tuple[bool | ConnectorError, bytes]:
    """Deliver one file over a line that breaks; returns what was told, and all that was sent."""
    with CuttingProxy(server.port) as proxy:
        proxy.cut_after = cut_after
        opened = store(proxy, server)
        result = deliver(opened)
        if isinstance(result, ConnectorError) and not isinstance(result, InDoubtError):
            result = deliver(opened, uuid4())  # as the engine does
        close_all()
        return result, bytes(proxy.sent)


@contextmanager
def receiver(folder: Path, *, takes: bool) -> Iterator[list[bytes]]:
    """An ERP that takes each order as soon as it is there."""
    taken: list[bytes] = []
    over = threading.Event()

    def take() -> None:
        while not over.wait(0.001):
            for path in folder.glob("*.json"):
                taken.append(path.read_bytes())
                path.unlink()

    thread = threading.Thread(target=take)
    if takes:
        thread.start()
    yield taken
    over.set()
    if takes:
        thread.join()


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.large)])
@pytest.mark.parametrize("takes", [False, True], ids=["it lies there", "it is taken at once"])
def test_a_line_that_breaks_at_any_byte_of_the_rename_loses_and_doubles_nothing(
    server: ProFTPD, tmp_path: Path, step: int, *, takes: bool
) -> None:
    whole, sent = delivered(server)
    assert whole is True
    begins = sent.index(b"RNTO")
    ends = sent.index(b"\r\n", begins) + 2
    for cut_after in [*range(begins, ends, step), ends]:  # at the last one all of it gets there, and no answer back
        for left in (tmp_path / "out").iterdir():
            left.unlink()
        with receiver(tmp_path / "out", takes=takes) as taken:
            result, _ = delivered(server, cut_after)
        there = [path.read_bytes() for path in (tmp_path / "out").glob("*.json")]
        names = sorted(path.name for path in (tmp_path / "out").iterdir())
        assert set(taken + there) <= {CONTENT}, (cut_after, names)
        if isinstance(result, InDoubtError):
            assert len(taken) == 1, (cut_after, "doubt, although nobody took it", names)
        else:
            assert result in (True, False), (cut_after, result)
            assert len(taken) + len(there) == 1, (cut_after, result, names)


def taken_back(server: ProFTPD, cut_after: int | None = None) -> tuple[bool | ConnectorError, bytes]:
    """Rename a delivered file away, of which nobody says what it holds."""
    with CuttingProxy(server.port) as proxy:
        proxy.cut_after = cut_after
        ((_, renamed),) = store(proxy, server).rename([Rename(FINAL, f"{FINAL}.recalled")])
        close_all()
        return renamed, bytes(proxy.sent)


def test_a_recall_whose_rename_is_cut_short_is_in_doubt_and_never_too_late(server: ProFTPD, tmp_path: Path) -> None:
    (tmp_path / FINAL[1:]).write_bytes(CONTENT)
    whole, sent = taken_back(server)
    assert whole is True
    ends = sent.index(b"\r\n", sent.index(b"RNTO"))
    for cut_after in (ends - 3, ends + 2):
        for left in (tmp_path / "out").iterdir():
            left.unlink()
        (tmp_path / FINAL[1:]).write_bytes(CONTENT)
        result, _ = taken_back(server, cut_after)
        (name,) = (path.name for path in (tmp_path / "out").iterdir())
        if name in ("order_7.json", "order_7.json.recalled"):
            assert result in (True, False)
        else:
            assert isinstance(result, InDoubtError), (cut_after, name, result)
