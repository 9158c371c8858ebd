"""FTP servers that no real one is: cut commands, foreign bytes, endless answers, limits told by words."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import pytest

from orderflow.channels.filestore import Rename, Upload
from orderflow.channels.ftp import session as ftp_session
from orderflow.channels.ftp.store import close_all, open_ftp
from orderflow.channels.ftp.target import FTPTarget
from orderflow.domain.errors import (
    BusyError,
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    UnavailableError,
)
from orderflow.domain.reach import Reach
from tests.integration.channels.crude_ftp_server import CrudeFTPServer

TOKEN = UUID("0b9f8a51-7c0e-4d8e-9b57-2f3a1c6d4e10")
CONTENT = b'{"order": 1}'
FINAL = "/out/order_7.json"
TEMPORARY = f"{FINAL}.{TOKEN}.tmp"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "acks").mkdir()
    yield tmp_path
    close_all()


def store(server, **changes):
    options: dict[str, Any] = {"username": "orderflow", "password": "sesame", "timeout": 5.0, "connect_timeout": 5.0}
    return open_ftp(FTPTarget("127.0.0.1", server.port, **(options | changes)))


def deliver(opened, token=TOKEN):
    """Do what a delivery does; returns how the rename went."""
    temporary = f"{FINAL}.{token}.tmp"
    ((_, error),) = opened.upload([Upload(temporary, CONTENT)])
    if error is not None:
        return error
    return publish(opened, temporary)


def publish(opened, temporary=TEMPORARY, **more):
    ((_, result),) = opened.rename([Rename(temporary, FINAL, content=CONTENT, **more)])
    return result


def names(root):
    return sorted(path.name for path in root.rglob("*") if path.is_file())


def length_of_a_delivery(root):
    with CrudeFTPServer(root) as server:
        assert deliver(store(server)) is True
        close_all()
        (root / "out" / "order_7.json").unlink()
        return server.heard


@pytest.mark.parametrize("receiver_takes", [False, True])
def test_a_command_that_is_cut_anywhere_and_carried_out_loses_and_doubles_nothing(root, receiver_takes):
    """The server hears one byte more each time, and acts on what it heard when the connection ended."""
    taken: list[bytes] = []

    def take(path):
        if receiver_takes and path.name.endswith(".json"):
            taken.append(path.read_bytes())
            path.unlink()

    for hears in range(1, length_of_a_delivery(root) + 1):
        taken.clear()
        with CrudeFTPServer(root, hears=hears, on_rename=take) as server:
            opened = store(server)
            try:
                result = deliver(opened)
            except ConnectorError as error:
                result = error
            if isinstance(result, ConnectorError) and not isinstance(result, InDoubtError):
                result = deliver(opened, uuid4())  # as the engine does
            close_all()
        there = [path.read_bytes() for path in (root / "out").glob("*.json")]
        assert all(content == CONTENT for content in taken + there), (hears, names(root))
        if isinstance(result, InDoubtError):
            assert len(taken) == 1, (hears, "doubt, although nothing was published", names(root))
        else:
            assert result in (True, False)
            assert len(taken) + len(there) == 1, (hears, result, names(root))
        for path in [*root.iterdir(), *(root / "out").iterdir()]:
            if path.is_file():
                path.unlink()


def test_a_cut_removal_removes_no_published_file(root):
    (root / "out" / "order_7.json").write_bytes(CONTENT)
    with CrudeFTPServer(root) as server:
        store(server).remove([TEMPORARY])
        whole = server.heard
        close_all()
    for hears in range(1, whole + 1):
        with CrudeFTPServer(root, hears=hears) as server:
            with suppress(ConnectorError):
                store(server).remove([TEMPORARY])
            close_all()
        assert names(root) == ["order_7.json"], hears


def test_temporary_files_are_seen_by_their_own_names(root):
    with CrudeFTPServer(root) as server:
        opened = store(server)
        assert [error for _, error in opened.upload([Upload(TEMPORARY, CONTENT)])] == [None]
        assert [entry.name for entry in opened.list("/out")] == [TEMPORARY.rpartition("/")[2]]
        assert opened.stat(TEMPORARY).size == len(CONTENT)
        assert dict(opened.read([TEMPORARY], 100)) == {TEMPORARY: CONTENT}
        assert not [path for path in (root / "out").iterdir() if ".json" in path.name]
        opened.remove([TEMPORARY])
        assert names(root) == []


def test_what_an_earlier_version_left_ready_is_published(root):
    (root / TEMPORARY.lstrip("/")).write_bytes(CONTENT)
    with CrudeFTPServer(root) as server:
        assert publish(store(server)) is True
    assert names(root) == ["order_7.json"]


@pytest.mark.parametrize("features", [("SIZE", "MDTM", "MLST type*;size*;"), ("SIZE",), ()])
def test_a_foreign_file_under_our_name_is_never_replaced(root, features):
    with CrudeFTPServer(root, features=features) as server:
        opened = store(server)
        (root / "out" / "order_7.json").write_bytes(b"foreign")
        result = deliver(opened)
        assert isinstance(result, RejectedError)
        assert result.code == "TARGET_EXISTS"
        assert (root / "out" / "order_7.json").read_bytes() == b"foreign"
        (root / "out" / "order_7.json").write_bytes(CONTENT)
        assert publish(opened) is False, "the same bytes: it was published before"
        assert names(root) == ["order_7.json"]


def test_gone_from_both_names_after_an_unanswered_rename_is_doubt_over_plain_ftp(root):
    with CrudeFTPServer(root) as server:
        result = publish(store(server), unsure=True)
        assert isinstance(result, InDoubtError)
        assert result.code == "PUBLISH_UNKNOWN"
        assert publish(store(server)) is False, "no line broke: the ERP took it"


def test_a_file_left_under_a_beginning_of_its_name_gets_its_name(root):
    (root / "out" / "order_7.j").write_bytes(CONTENT)
    (root / "out" / "order_").write_bytes(b"foreign")
    with CrudeFTPServer(root) as server:
        assert publish(store(server)) is True
    assert names(root) == ["order_", "order_7.json"]


@pytest.mark.parametrize(
    "banner",
    ["220 Müller GmbH grüßt".encode("latin-1"), b"220-\xff\xfe\x00\r\n220 \x80", "220-Ж\r\n220 я".encode("koi8-r")],
)
def test_a_greeting_in_any_bytes_costs_nothing(root, banner):
    with CrudeFTPServer(root, banner=banner) as server:
        assert deliver(store(server)) is True


@pytest.mark.parametrize("features", [("SIZE", "MDTM", "MLST type*;size*;"), ("SIZE", "MDTM")])
def test_a_foreign_name_beside_ours_costs_nothing(root, features):
    for name in (b"f\xfcr M\xfcller.txt", b"\xff\xfe", "für Müller".encode()):
        (root / "acks" / name.decode(errors="surrogateescape")).write_bytes(b"foreign")
    (root / "acks" / "ack_x.json").write_bytes(b"{}")
    with CrudeFTPServer(root, features=features) as server:
        found = store(server).list("/acks")
        assert ("ack_x.json", 2) in [(entry.name, entry.size) for entry in found]
        assert len(found) == 4


@pytest.mark.parametrize(
    "too_many",
    [
        b"530 Sorry, the maximum number of clients (1) for this user are already connected.",
        b"421 Too many connections (1) from this IP",
        b"530 User already logged in",
        "530 Zu viele Verbindungen".encode("latin-1"),
    ],
)
def test_a_limit_of_sessions_is_learned_and_kept_to(root, too_many):
    with CrudeFTPServer(root, most_sessions=1, too_many=too_many) as server:
        opened = store(server)
        uploads = [Upload(f"/out/{number}.tmp", CONTENT) for number in range(20)]
        assert [error for _, error in opened.upload(uploads)] == [None] * 20


def test_a_limit_that_others_use_up_is_busy_and_no_wrong_password(root):
    with CrudeFTPServer(root, most_sessions=0) as server, pytest.raises(BusyError) as caught:
        store(server).list("/out")
    assert (caught.value.code, caught.value.rests_for) == ("SESSION_LIMIT", 15.0)
    assert "maximum number of clients" in caught.value.message


def test_sessions_at_once_is_kept_to_by_all_who_use_the_account(root):
    with CrudeFTPServer(root) as server:
        done = []

        def work(number):
            opened = store(server, sessions=2)
            done.extend(opened.upload([Upload(f"/out/{number}-{n}.tmp", CONTENT) for n in range(5)]))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [error for _, error in done] == [None] * 20
        assert server.most_live <= 2


def test_a_test_that_logs_in_for_itself_takes_the_place_of_an_idle_session(root):
    with CrudeFTPServer(root, most_sessions=1) as server:
        store(server, sessions=1).list("/out")
        assert store(server, sessions=1, apart="test").list("/out") == []
        assert store(server, sessions=1).list("/out") == []


def test_organizations_that_share_an_account_share_its_sessions(root):
    with CrudeFTPServer(root, most_sessions=1) as server:
        for slug in ("acme", "emca", "acme"):
            assert store(server, reach=Reach(slug)).list("/out") == []
        with pytest.raises(BusyError):
            store(server, reach=Reach("evil"), password="guessed", connect_timeout=0.5).list("/out")


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ({"USER": b"530 SSL/TLS required on the control channel"}, "TLS_REQUIRED"),
        ({"USER": b"550 SSL/TLS required"}, "TLS_REQUIRED"),
        ({"PASS": b"530 Non-anonymous sessions must use encryption."}, "TLS_REQUIRED"),
        ({"PASS": b"530 Login incorrect (sesame)."}, "AUTH_FAILED"),
        ({"PASS": b"430 Invalid username or password"}, "AUTH_FAILED"),
        ({"PASS": b"530 Too many failed login attempts"}, "AUTH_FAILED"),
        ({"PASS": b"421 Maximum login attempts exceeded"}, "AUTH_FAILED"),
        ({"PASS": b"530 Account expired (max days)"}, "AUTH_FAILED"),
        ({"USER": b"421 TLS is required on the control channel"}, "TLS_REQUIRED"),
        ({"STOR": b"550 no such luck"}, "PERMISSION_DENIED"),
    ],
)
def test_the_servers_own_words_are_told_but_never_the_password(root, says, code):
    with CrudeFTPServer(root, says=says) as server:
        try:
            error = deliver(store(server))
        except ConnectorError as raised:
            error = raised
    (words,) = says.values()
    assert error.code == code
    assert isinstance(error, NeedsAttentionError)
    assert words.decode()[4:12] in error.message
    assert "sesame" not in str(error.as_json())


@pytest.mark.parametrize(
    ("banner", "kind", "code"),
    [
        (b"421 Service not available", BusyError, "SESSION_LIMIT"),
        (b"530 Not allowed from your host", NeedsAttentionError, "PERMISSION_DENIED"),
        (b"550 SSL/TLS required", NeedsAttentionError, "TLS_REQUIRED"),
        (b"SSH-2.0-OpenSSH_9.2", UnavailableError, "PROTOCOL_ERROR"),
        (b"HTTP/1.1 400 Bad Request", UnavailableError, "PROTOCOL_ERROR"),
    ],
)
def test_whoever_greets_otherwise_is_named_by_its_words(root, banner, kind, code):
    with CrudeFTPServer(root, banner=banner) as server, pytest.raises(kind) as caught:
        store(server).list("/out")
    assert caught.value.code == code
    assert banner.decode() in caught.value.message


@pytest.mark.parametrize("command", ["FEAT", "PASS"])
def test_an_answer_without_end_ends(root, command):
    with CrudeFTPServer(root) as server:
        server.endless.add(command)
        with pytest.raises(ConnectorError) as caught:
            store(server).list("/out")
    assert "lines" in caught.value.message


def test_a_listing_without_end_ends(root, monkeypatch):
    monkeypatch.setattr(ftp_session, "MOST_NAMES", 5_000)
    with CrudeFTPServer(root) as server:
        server.endless.add("LISTING")
        monkeypatch.setattr(ftp_session, "MOST_NAME_BYTES", 1_000_000)
        with pytest.raises(NeedsAttentionError) as caught:
            store(server).list("/out")
    assert caught.value.code == "FOLDER_TOO_FULL"


def test_a_greeting_that_drips_ends_on_time(root):
    class Dripping(CrudeFTPServer):
        def _serve(self, conn):
            with conn:
                try:
                    while True:
                        conn.sendall(b"2")
                        time.sleep(0.1)
                except OSError:
                    pass

    with Dripping(root) as server:
        began = time.monotonic()
        with pytest.raises(ConnectorError) as caught:
            store(server, timeout=1.0, connect_timeout=1.0).list("/out")
        assert caught.value.code == "TIMEOUT"
        assert time.monotonic() - began < 5
