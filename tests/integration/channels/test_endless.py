"""Servers that never come to an end: listings, names, replies that drip. Each ends by a count, or on time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orderflow.channels.ftp import session as ftp_session
from orderflow.channels.ftp.store import FTPTarget, close_all, open_ftp
from orderflow.channels.sftp import folders as sftp_folders
from orderflow.channels.sftp.protocol import ReplyType, Request, string
from orderflow.channels.sftp.store import SFTPTarget, open_sftp
from orderflow.domain.errors import ConnectorError
from tests.integration.channels.crude_ftp_server import CrudeFTPServer
from tests.integration.channels.crude_sftp_server import EOF, FILE, OK, Channel, CrudeSFTPServer, framed, names

TIMEOUT = 0.2
PATIENT = 10.0
"""Seconds for an answer where the test waits for the time, and where it waits for a count."""

LATE = 24 * TIMEOUT + 5
"""A listing may take ten times as long as an answer, and is tried twice."""


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, sftp_sessions: None) -> Iterator[None]:
    for module in (ftp_session, sftp_folders):
        monkeypatch.setattr(module, "MOST_NAMES", 5_000)
        monkeypatch.setattr(module, "MOST_NAME_BYTES", 1_000_000)
    yield
    close_all()


def many(channel: Channel, number: bytes) -> None:
    channel.say(ReplyType.NAME, number, names(*[b"ack_%d.json" % n for n in range(200)]))


def huge(channel: Channel, number: bytes) -> None:
    channel.say(ReplyType.NAME, number, names(b"x" * 200_000))


def none(channel: Channel, number: bytes) -> None:
    channel.say(ReplyType.NAME, number, names())


def dripping(channel: Channel, number: bytes) -> None:
    channel.drip(framed(bytes([ReplyType.NAME]) + number + names(b"x" * 1000)))


def silent(channel: Channel, number: bytes) -> None:
    pass


def listing(readdir: Callable[[Channel, bytes], None]) -> Callable[[Channel, Request, bytes], None]:
    def answer(channel: Channel, request: Request, number: bytes) -> None:
        match request:
            case Request.OPENDIR:
                channel.say(ReplyType.HANDLE, number, string(b"1"))
            case Request.READDIR:
                readdir(channel, number)
            case _:
                channel.say(ReplyType.STATUS, number, OK)

    return answer


def on(server: CrudeSFTPServer, **more: Any) -> Any:
    account: dict[str, Any] = {"username": server.username, "password": server.password, "host_key": server.host_key}
    return open_sftp(SFTPTarget(server.host, server.port, **account, connect_timeout=5, **{"timeout": TIMEOUT} | more))


def error_of(act: Callable[[], Any]) -> ConnectorError:
    began = time.monotonic()
    with pytest.raises(ConnectorError) as caught:
        act()
    assert time.monotonic() - began < LATE
    return caught.value


@pytest.mark.parametrize(
    ("readdir", "code"),
    [
        (many, "FOLDER_TOO_FULL"),
        (huge, "FOLDER_TOO_FULL"),
        (none, "TIMEOUT"),
        (dripping, "TIMEOUT"),
        (silent, "TIMEOUT"),
    ],
)
def test_a_folder_without_end_ends_over_sftp(readdir: Any, code: str) -> None:
    with CrudeSFTPServer(listing(readdir)) as server:
        patience = TIMEOUT if code == "TIMEOUT" else PATIENT
        assert error_of(lambda: on(server, timeout=patience).list("/acks")).code == code


def test_the_first_names_of_a_folder_without_end_are_enough_for_a_test() -> None:
    with CrudeSFTPServer(listing(many)) as server:
        assert [entry.name for entry in on(server, timeout=PATIENT).list("/acks", 2)] == ["ack_0.json", "ack_1.json"]


def test_a_file_that_comes_byte_by_byte_ends_over_sftp() -> None:
    def answer(channel: Channel, request: Request, number: bytes) -> None:
        match request:
            case Request.OPEN:
                channel.say(ReplyType.HANDLE, number, string(b"1"))
            case Request.FSTAT:
                channel.say(ReplyType.ATTRS, number, FILE)
            case Request.READ:
                channel.say(ReplyType.DATA, number, string(b"x"))
            case _:
                channel.say(ReplyType.STATUS, number, EOF)

    with CrudeSFTPServer(answer) as server:
        ((_, read),) = on(server).read(["/acks/x"], 1_000_000)
    assert isinstance(read, ConnectorError)
    assert read.code == "TIMEOUT"


def test_answers_that_nobody_asked_for_end_the_session() -> None:
    def answer(channel: Channel, request: Request, number: bytes) -> None:
        for _ in range(1000):
            channel.say(ReplyType.STATUS, b"\xff\xff\xff\xff", OK)

    with CrudeSFTPServer(answer) as server:
        assert error_of(lambda: on(server).list("/acks")).code in ("PROTOCOL_ERROR", "TIMEOUT", "CONNECTION_LOST")


def on_ftp(server: CrudeFTPServer, seconds: float = TIMEOUT) -> Any:
    account: dict[str, Any] = {"username": "orderflow", "password": "sesame"}
    return open_ftp(FTPTarget("127.0.0.1", server.port, **account, timeout=seconds, connect_timeout=seconds))


MLSD, NLST = ("SIZE", "MLST type*;size*;"), ("SIZE",)


@pytest.mark.parametrize("features", [MLSD, NLST], ids=["MLSD", "NLST"])
@pytest.mark.parametrize("part", ["LISTING", "NAME"])
def test_a_folder_without_end_ends_over_ftp(part: str, features: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "acks").mkdir()
    with CrudeFTPServer(tmp_path, features=features) as server:
        server.endless.add(part)
        assert error_of(lambda: on_ftp(server, PATIENT).list("/acks")).code == "FOLDER_TOO_FULL"


@pytest.mark.parametrize("features", [MLSD, NLST], ids=["MLSD", "NLST"])
@pytest.mark.parametrize("part", ["LISTING", "USER", "PASS", "FEAT", "PWD", "PASV", "CWD"])
def test_what_drips_ends_on_time_over_ftp(part: str, features: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "acks").mkdir()
    with CrudeFTPServer(tmp_path, features=features) as server:
        server.drips.add(part)
        if part == "CWD" and features is MLSD:
            assert on_ftp(server, PATIENT).list("/acks") == [], "nobody asks so there"
        else:
            assert error_of(lambda: on_ftp(server).list("/acks")).code == "TIMEOUT"
