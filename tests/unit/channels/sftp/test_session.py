"""What goes over the wire, in which order, and how often it waits."""

from __future__ import annotations

import asyncio

import pytest

from orderflow.channels.filestore import Rename, Upload
from orderflow.channels.sftp.files import read, rename, upload
from orderflow.channels.sftp.folders import list_folder
from orderflow.channels.sftp.protocol import FSYNC, LIMITS, POSIX_RENAME, Code, ReplyType, Request
from orderflow.channels.sftp.session import MAX_BYTES_IN_FLIGHT, SAFE_LENGTH, Budget, SessionLostError
from orderflow.domain.errors import InDoubtError, NeedsAttentionError, TransientError

LIMITED = {LIMITS: b"1"}
FULL = {**LIMITED, POSIX_RENAME: b"1", FSYNC: b"1"}
A_FILE = Upload("/in/a.json.tmp", b"x" * 2000)
A_RENAME = Rename("/in/a.json.tmp", "/in/a.json")


async def deliver(session):
    assert await upload(session, A_FILE) is None
    return await rename(session, A_RENAME)


def test_a_file_takes_four_round_trips_and_its_name_comes_last(fake_server, in_session) -> None:
    server = fake_server(FULL)
    assert in_session(server, deliver) is True
    assert server.bursts == [["OPEN"], ["WRITE", "FSTAT", "CLOSE"], ["STAT"], ["posix-rename"]]
    assert server.files[b"/in/a.json.tmp"] == A_FILE.content


def test_fsync_goes_with_the_write(fake_server, in_session) -> None:
    server = fake_server(FULL)
    in_session(server, deliver, fsync=True)
    assert server.bursts[1] == ["WRITE", "fsync", "FSTAT", "CLOSE"]


def test_an_empty_file_is_opened_looked_at_and_closed(fake_server, in_session) -> None:
    server = fake_server()
    assert in_session(server, lambda session: upload(session, Upload("/in/empty", b""))) is None
    assert server.bursts == [["OPEN"], ["FSTAT", "CLOSE"]]


def test_a_leftover_is_removed_on_the_way(fake_server, in_session) -> None:
    server = fake_server()
    item = Upload("/in/a.2.tmp", b"x", remove_first="/in/a.1.tmp")
    assert in_session(server, lambda session: upload(session, item)) is None
    assert server.bursts == [["REMOVE", "OPEN"], ["WRITE", "FSTAT", "CLOSE"]]


def test_many_files_share_their_round_trips(fake_server, in_session) -> None:
    server = fake_server(FULL, delay=0.005)
    files = [Upload(f"/in/{n}.tmp", b"x" * 2000) for n in range(200)]

    async def all_at_once(session):
        return await asyncio.gather(*(upload(session, item) for item in files))

    assert in_session(server, all_at_once) == [None] * 200
    assert server.bursts[0] == ["OPEN"] * 200
    assert len(server.bursts) < 100  # one after the other: 400


@pytest.mark.parametrize(("extensions", "most"), [({}, SAFE_LENGTH), (LIMITED, 261_120)])
def test_writes_are_as_long_as_the_server_allows(extensions, most, fake_server, in_session) -> None:
    server = fake_server(extensions)
    content = bytes(range(256)) * 4_000
    assert in_session(server, lambda session: upload(session, Upload("/in/big", content))) is None
    assert server.largest == most
    assert server.files[b"/in/big"] == content


def test_a_file_larger_than_what_may_be_in_flight_goes_in_portions(fake_server, in_session) -> None:
    server = fake_server(LIMITED)
    content = bytes(MAX_BYTES_IN_FLIGHT + 1_000_000)
    assert in_session(server, lambda session: upload(session, Upload("/in/big", content))) is None
    assert len(server.files[b"/in/big"]) == len(content)
    assert server.bursts[1].count("WRITE") == MAX_BYTES_IN_FLIGHT // 261_120


@pytest.mark.parametrize("code", [Code.PERMISSION_DENIED, Code.OP_UNSUPPORTED, Code.FAILURE])
def test_an_account_that_may_not_look_may_still_deliver(code, fake_server, in_session, answer) -> None:
    server = fake_server(refuse={"FSTAT": answer(code)})
    assert in_session(server, lambda session: upload(session, A_FILE)) is None


@pytest.mark.parametrize("request_", ["WRITE", "CLOSE", "fsync"])
def test_a_file_that_was_not_written_whole_is_removed(request_, fake_server, in_session, answer) -> None:
    server = fake_server(FULL, refuse={request_: answer(Code.FAILURE, "Failure")})
    error = in_session(server, lambda session: upload(session, A_FILE), fsync=True)
    assert (type(error), error.code) == (TransientError, "SFTP_FAILURE")
    assert "Failure" in error.message
    assert server.bursts[-1] == ["REMOVE"]


def test_a_wrong_size_is_an_error(fake_server, in_session) -> None:
    class Lossy(fake_server):  # type: ignore[misc]  # a fixture hands the class on
        def _answer(self, called, name, fields):
            if called == "WRITE":
                return super()._answer("nothing", name, fields)
            return super()._answer(called, name, fields)

    error = in_session(Lossy(), lambda session: upload(session, A_FILE))
    assert error.code == "SIZE_MISMATCH"


def test_a_lease_that_ends_sends_nothing(fake_server, in_session) -> None:
    server = fake_server()
    item = Upload("/in/a.tmp", b"x", may_start=lambda: False)
    assert in_session(server, lambda session: upload(session, item)).code == "LEASE_ENDING"
    late = Rename("/in/a.tmp", "/in/a", may_start=lambda: False)
    assert in_session(server, lambda session: rename(session, late)).code == "LEASE_ENDING"
    assert server.bursts == []


def test_a_server_without_posix_rename_gets_the_plain_one(fake_server, in_session) -> None:
    server = fake_server()
    assert in_session(server, lambda session: rename(session, A_RENAME)) is True
    assert server.bursts == [["STAT"], ["RENAME"]]


def test_a_server_that_only_says_it_could_gets_the_plain_one_from_then_on(fake_server, in_session, answer) -> None:
    server = fake_server(FULL, refuse={"posix-rename": answer(Code.OP_UNSUPPORTED)})

    async def twice(session):
        return [await rename(session, A_RENAME), await rename(session, A_RENAME)]

    assert in_session(server, twice) == [True, True]
    assert server.bursts == [["STAT"], ["posix-rename"], ["RENAME"], ["STAT"], ["RENAME"]]


def test_a_missing_source_is_in_doubt_where_nobody_may_look_at_the_folder(fake_server, in_session, answer) -> None:
    denied = answer(Code.PERMISSION_DENIED)
    refuse = {"RENAME": answer(Code.NO_SUCH_FILE), "STAT": denied, "OPENDIR": denied, "OPEN": denied}
    error = in_session(fake_server(refuse=refuse), lambda session: rename(session, A_RENAME))
    assert (type(error), error.code) == (InDoubtError, "PUBLISH_UNKNOWN")


def test_a_source_that_is_there_was_not_published(fake_server, in_session, answer) -> None:
    """`No such file` may also be said of the target; a source that is there must never count as delivered."""
    server = fake_server(refuse={"RENAME": answer(Code.NO_SUCH_FILE)}, files={b"/in/a.json.tmp": bytearray(b"x")})
    assert isinstance(in_session(server, lambda session: rename(session, A_RENAME)), NeedsAttentionError)


def test_a_rename_that_was_refused_is_not_in_doubt_if_the_reason_stays_unknown(fake_server, in_session, answer) -> None:
    server = fake_server(silent_on="STAT", refuse={"RENAME": answer(Code.NO_SUCH_FILE)})
    with pytest.raises(SessionLostError) as lost:
        in_session(server, lambda session: rename(session, A_RENAME), timeout=0.1)
    assert not lost.value.sent


def test_requests_wait_while_the_window_is_used_up(fake_server, in_session) -> None:
    server = fake_server()

    async def held_back(session):
        before = session.request(Request.STAT, b"\0\0\0\1/")
        session.pause_writing()
        after = session.request(Request.REMOVE, b"\0\0\0\1/")
        await asyncio.sleep(0.01)
        assert server.bursts == []
        session.resume_writing()
        await asyncio.gather(before, after)

    in_session(server, held_back)
    assert server.bursts == [["STAT", "REMOVE"]]


def test_a_request_that_is_never_answered_ends_the_session(fake_server, in_session) -> None:
    server = fake_server(silent_on="RENAME")
    with pytest.raises(SessionLostError) as lost:
        in_session(server, lambda session: rename(session, A_RENAME), timeout=0.1)
    assert lost.value.error.code == "TIMEOUT"
    assert lost.value.sent
    assert server.connection_closed


def test_a_slow_server_that_keeps_answering_is_not_silent(fake_server, in_session) -> None:
    class Slow(fake_server):  # type: ignore[misc]  # as above
        def _take(self, packet):
            self.delay += 0.12
            return super()._take(packet)

    async def ask(session):
        await asyncio.gather(*(session.request(Request.STAT, b"\0\0\0\1/") for _ in range(5)))

    in_session(Slow(), ask, timeout=0.3)  # the last one waits for 0.6 seconds


@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", b"\0\0\0\5\x65\0\0\xff\xff"])
def test_garbage_ends_the_session(garbage, fake_server, in_session) -> None:
    server = fake_server(silent_on="STAT")

    async def hear(session):
        answer = session.request(Request.STAT, b"\0\0\0\1/")
        await asyncio.sleep(0)
        server.say(garbage)
        await answer

    with pytest.raises(SessionLostError) as lost:
        in_session(server, hear)
    assert lost.value.error.code == "PROTOCOL_ERROR"


def test_a_session_that_is_over_says_that_nothing_was_sent(fake_server, in_session) -> None:
    async def after_the_end(session):
        session.close()
        session.request(Request.STAT, b"\0\0\0\1/")

    with pytest.raises(SessionLostError) as lost:
        in_session(fake_server(), after_the_end)
    assert not lost.value.sent


def test_a_file_above_the_limit_is_not_read(fake_server, in_session, answer) -> None:
    server = fake_server(refuse={"READ": (103, b"\0\0\0\5hello")})
    assert in_session(server, lambda session: read(session, "/in/ack", 4)).code == "FILE_TOO_LARGE"


def test_a_file_that_goes_while_its_folder_is_listed_is_no_missing_folder(fake_server, in_session, answer) -> None:
    opened = (ReplyType.HANDLE, b"\0\0\0\3/in")
    server = fake_server(files={b"/in": bytearray()}, refuse={"OPENDIR": opened, "READDIR": answer(Code.NO_SUCH_FILE)})
    with pytest.raises(TransientError) as caught:
        in_session(server, lambda session: list_folder(session, "/in"))
    assert caught.value.code == "FOLDER_CHANGED"


def test_a_budget_serves_in_turn_and_lets_a_giant_pass_alone() -> None:
    async def main() -> list[str]:
        budget, order = Budget(10), []

        async def take(name: str, amount: int) -> None:
            await budget.take(amount)
            order.append(name)
            await asyncio.sleep(0)
            budget.give_back(amount)

        await asyncio.gather(take("a", 6), take("giant", 50), take("b", 6))
        return order

    assert sorted(asyncio.run(main())) == ["a", "b", "giant"]
