"""Servers and lines that fail while files are under way."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from orderflow.channels.filestore import Rename, Upload
from orderflow.channels.sftp.store import close_all
from orderflow.domain.errors import InDoubtError, NeedsAttentionError, TransientError, UnavailableError
from orderflow.testing.openssh_server import OpenSSHServer
from orderflow.testing.sftp_server import SFTPServer


def uploads(count: int, folder: str = "") -> list[Upload]:
    return [Upload(f"{folder}/f{n}.tmp", f"content {n}".encode()) for n in range(count)]


def renames(count: int) -> list[Rename]:
    return [Rename(f"/f{n}.tmp", f"/f{n}") for n in range(count)]


def stage(server: SFTPServer, count: int) -> list[Rename]:
    for item in uploads(count):
        (server.root / item.path[1:]).write_bytes(item.content)
    return renames(count)


def results(outcome: Iterable[tuple[Any, Any]]) -> list[Any]:
    return [result for _, result in outcome]


@pytest.mark.parametrize("operation", ["open", "write"])
def test_a_line_that_breaks_during_uploads_is_taken_up_again(operation, store_on, sftp_server) -> None:
    sftp_server.faults.drop_connection_on, sftp_server.faults.drop_after = operation, 7
    assert results(store_on(sftp_server).upload(uploads(20))) == [None] * 20
    assert {path.name: path.read_bytes() for path in sftp_server.root.iterdir()} == {
        item.path[1:]: item.content for item in uploads(20)
    }
    assert sftp_server.connections == 2


@pytest.mark.parametrize("operation", ["open", "write", "after_close"])
def test_what_is_written_in_place_is_not_written_again_where_the_line_breaks(operation, store_on, sftp_server) -> None:
    came: list[bytes] = []

    def take(path: Path) -> None:
        came.append(path.read_bytes())
        path.unlink()

    sftp_server.on_close = take
    sftp_server.faults.drop_connection_on = operation
    (error,) = results(store_on(sftp_server).upload([Upload("/f.json", b"content", only_new=True)]))
    assert (type(error), error.code) == (UnavailableError, "CONNECTION_LOST")
    assert came == ([b"content"] if operation == "after_close" else [])
    assert sftp_server.connections == 1


def test_what_is_written_in_place_goes_over_another_line_where_it_had_not_begun(store_on, sftp_server) -> None:
    sftp_server.faults.drop_connection_on = "open"
    items = [Upload(f"/f{n}.json", b"content", only_new=True) for n in range(3)]
    outcome = dict(store_on(sftp_server, max_in_flight=1).upload(items))
    assert isinstance(outcome[items[0]], UnavailableError)
    assert [outcome[item] for item in items[1:]] == [None, None]
    assert sorted(path.name for path in sftp_server.root.iterdir()) == ["f1.json", "f2.json"]


def test_a_line_that_keeps_breaking_is_unavailable(store_on, sftp_server) -> None:
    sftp_server.faults.drop_connection_on, sftp_server.faults.drops = "open", 100
    errors = results(store_on(sftp_server).upload(uploads(5)))
    assert [(type(error), error.code) for error in errors] == [(UnavailableError, "CONNECTION_LOST")] * 5
    assert sftp_server.connections == 2


def test_a_rename_that_was_not_done_is_done_on_the_next_connection(store_on, sftp_server) -> None:
    items = stage(sftp_server, 10)
    sftp_server.faults.drop_connection_on, sftp_server.faults.drop_after = "rename", 4
    done_on: dict[str, int] = {}
    sftp_server.on_rename = lambda path: done_on.setdefault(f"/{path.name}", sftp_server.connections)
    outcome = dict(store_on(sftp_server).rename(items))
    assert done_on[items[4].target] == 2
    unheard = [item for item, heard in outcome.items() if heard is False]  # many are on their way when it breaks
    assert all(done_on[item.target] == 1 for item in unheard)
    assert all(outcome[item] is True for item in items if item not in unheard)
    assert sorted(path.name for path in sftp_server.root.iterdir()) == sorted(item.target[1:] for item in items)


def test_a_rename_that_was_done_unheard_is_found_to_have_no_source(store_on, sftp_server) -> None:
    items = stage(sftp_server, 10)
    sftp_server.faults.drop_connection_on, sftp_server.faults.drop_after = "after_rename", 4
    outcome = dict(store_on(sftp_server).rename(items))
    assert outcome[items[4]] is False
    assert all(outcome[item] is True for item in items[5:])
    assert not any(isinstance(result, Exception) for result in outcome.values())
    assert sorted(path.name for path in sftp_server.root.iterdir()) == sorted(item.target[1:] for item in items)


def test_renames_are_in_doubt_where_no_connection_follows(store_on) -> None:
    with SFTPServer() as server:
        store, items = store_on(server), stage(server, 3)
        assert store.stat("/")
        server.faults.drop_connection_on, server.faults.drops = "after_rename", 100
        server.faults.max_sessions = 0
        errors = results(store.rename(items))
    assert [(type(error), error.code) for error in errors] == [(InDoubtError, "PUBLISH_UNKNOWN")] * 3


def test_what_was_sent_once_and_may_not_be_tried_again_is_in_doubt(store_on, sftp_server) -> None:
    (staged,) = stage(sftp_server, 1)
    sftp_server.faults.drop_connection_on = "after_rename"
    asked = iter([True, False])
    item = Rename(staged.source, staged.target, may_start=lambda: next(asked))
    (error,) = results(store_on(sftp_server).rename([item]))
    assert isinstance(error, InDoubtError)


def test_renames_that_were_never_sent_are_only_unavailable(store_on) -> None:
    """The first one's `may_start` ends the server, so that the others find the session gone."""
    with SFTPServer() as server:
        store, items = store_on(server, max_in_flight=1), stage(server, 3)
        server.faults.drop_connection_on = "after_rename"
        first, *others = items
        deadly = Rename(first.source, first.target, may_start=lambda: server.faults.max_sessions is None)
        stopping = threading.Thread(target=server.stop)
        server.on_rename = lambda _: stopping.start()
        outcome = dict(store.rename([deadly, *others]))
        stopping.join()
        server.start()
    assert isinstance(outcome[deadly], InDoubtError)
    assert [type(outcome[item]) for item in others] == [UnavailableError] * 2


def test_a_server_that_comes_back_is_used_again(store_on) -> None:
    with OpenSSHServer() as server:
        store = store_on(server)
        items = uploads(50, str(server.root))
        assert results(store.upload(items)) == [None] * 50
        server.kill()
        server.start()
        assert results(store.upload(items)) == [None] * 50
        assert len(store.list(str(server.root))) == 50


@pytest.mark.parametrize("end", [SFTPServer.kill_connections, SFTPServer.end_connections])
def test_idle_sessions_that_the_server_ended_are_replaced(end, store_on, sftp_server) -> None:
    store = store_on(sftp_server)
    for _ in range(3):
        assert store.stat("/").is_folder
        end(sftp_server)
    assert results(store.upload(uploads(5))) == [None] * 5


def test_a_frozen_server_is_given_up_in_time(store_on) -> None:
    with OpenSSHServer() as server:
        store = store_on(server, timeout=0.4, connect_timeout=1.0)
        assert store.stat("/")
        for process in server.processes():
            process.suspend()
        server._process.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        (error,) = results(store.upload(uploads(1, str(server.root))))
        assert time.monotonic() - started < 4
    assert (type(error), error.code) == (UnavailableError, "TIMEOUT")


def test_a_silent_host_is_given_up_in_time(store_on, sshd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        store = store_on(sshd, port=silent.getsockname()[1], connect_timeout=0.3)
        with pytest.raises(UnavailableError) as caught:
            store.stat("/")
    assert caught.value.code == "TIMEOUT"


def test_a_full_disk_is_told_and_half_files_are_removed(store_on, sftp_server) -> None:
    sftp_server.faults.disk_full = True
    errors = results(store_on(sftp_server).upload(uploads(2)))
    assert [(type(error), error.code) for error in errors] == [(NeedsAttentionError, "DISK_FULL")] * 2
    assert list(sftp_server.root.iterdir()) == []


def test_another_failure_is_not_taken_for_a_full_disk(store_on, sftp_server) -> None:
    (sftp_server.root / "f0.tmp").mkdir()
    (error,) = results(store_on(sftp_server).upload(uploads(1)))
    assert (type(error), error.code) == (TransientError, "SFTP_FAILURE")


def test_an_account_that_may_only_write_delivers(store_on, sftp_server) -> None:
    sftp_server.faults.deny_stat = True
    store = store_on(sftp_server)
    assert results(store.upload(uploads(5))) == [None] * 5
    assert results(store.rename(renames(5))) == [True] * 5


def test_a_server_that_cannot_rename_over_a_file_says_so(store_on, sftp_server) -> None:
    sftp_server.faults.no_posix_rename = True
    items = stage(sftp_server, 2)
    (sftp_server.root / "f0").touch()
    outcome = dict(store_on(sftp_server).rename(items))
    assert outcome[items[0]].code == "TARGET_EXISTS"
    assert outcome[items[1]] is True


def test_a_server_with_too_many_sessions_is_busy_not_broken(store_on, sftp_server) -> None:
    sftp_server.faults.max_sessions = 0
    with pytest.raises(UnavailableError) as caught:
        store_on(sftp_server).stat("/")
    assert caught.value.code == "SESSION_LIMIT"


def test_closing_everything_ends_what_is_under_way(store_on, sftp_server) -> None:
    sftp_server.faults.delay = 0.05
    outcome = store_on(sftp_server).upload(uploads(100))
    next(outcome)
    close_all()
    errors = [error for error in results(outcome) if error]
    assert {error.code for error in errors} == {"CONNECTION_LOST"}
