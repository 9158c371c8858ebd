"""SFTP version 3 as bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderflow.channels.sftp.protocol import (
    MAX_PACKET,
    Fields,
    MalformedError,
    Reply,
    ReplyType,
    Splitter,
    StatusError,
    path_string,
    string,
)

packets = st.lists(st.binary(min_size=5, max_size=300), max_size=8)


def framed(packet: bytes) -> bytes:
    return struct.pack(">I", len(packet)) + packet


def status(code: int, words: bytes = b"") -> Reply:
    return Reply(bytes([ReplyType.STATUS]) + struct.pack(">II", 7, code) + string(words) + string(b"en"))


@given(packets, st.data())
def test_packets_come_out_whole_however_the_stream_is_cut(expected: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(framed, expected))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)))))
    splitter = Splitter()
    found: list[bytes] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found += splitter.feed(stream[start:end])
    assert found == expected


@pytest.mark.parametrize("size", [0, 4, MAX_PACKET + 1, 0x54686973])  # the last: a shell that says "This account …"
def test_a_length_that_no_server_sends_is_refused(size: int) -> None:
    with pytest.raises(MalformedError):
        list(Splitter().feed(struct.pack(">I", size)))


def test_the_longest_packet_is_taken() -> None:
    assert [len(packet) for packet in Splitter().feed(framed(bytes(MAX_PACKET)))] == [MAX_PACKET]


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_called_malformed(garbage: bytes) -> None:
    reply = Reply(bytes([ReplyType.NAME]) + bytes(4) + garbage)
    try:
        entries = reply.entries()
    except MalformedError:
        return
    assert isinstance(entries, list)


@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.sets(st.sampled_from([1, 2, 4, 8])),
)
def test_attributes_are_read_whichever_are_there(size: int, mode: int, modified: int, given_: set[int]) -> None:
    packed = struct.pack(">I", sum(given_))
    packed += struct.pack(">Q", size) if 1 in given_ else b""
    packed += struct.pack(">II", 0, 0) if 2 in given_ else b""
    packed += struct.pack(">I", mode) if 4 in given_ else b""
    packed += struct.pack(">II", 0, modified) if 8 in given_ else b""
    known = Fields(packed, 0).attributes()
    assert known.size == (size if 1 in given_ else None)
    assert known.mode == (mode if 4 in given_ else None)
    assert known.modified == (modified if 8 in given_ else 0)


def test_a_listing_leaves_out_the_folder_itself_and_knows_folders_by_mode_or_by_their_line() -> None:
    def name(name: bytes, line: bytes, attributes: bytes) -> bytes:
        return string(name) + string(line) + attributes

    body = struct.pack(">I", 4)
    body += name(b".", b"", bytes(4)) + name(b"..", b"", bytes(4))
    body += name(b"by-mode", b"", struct.pack(">II", 4, 0o040755)) + name(b"by-line", b"drwxr-xr-x", bytes(4))
    entries = Reply(bytes([ReplyType.NAME]) + bytes(4) + body).entries()
    assert [(entry.name, entry.is_folder) for entry in entries] == [("by-mode", True), ("by-line", True)]


def test_a_status_tells_its_code_and_printable_words() -> None:
    failed = status(4, b"Fail\x1b[31mure\n").error()
    assert isinstance(failed, StatusError)
    assert (failed.code, failed.words) == (4, "Fail[31mure")
    assert status(0).error() is None


def test_a_status_without_words_is_one_too() -> None:
    # Servers before draft-02 send the code alone.
    failed = Reply(bytes([ReplyType.STATUS]) + struct.pack(">II", 7, 3)).error()
    assert failed is not None
    assert failed.code == 3


def test_an_answer_of_another_kind_is_malformed() -> None:
    with pytest.raises(MalformedError, match="HANDLE"):
        status(0).check(ReplyType.HANDLE)


def test_names_that_are_no_text_survive() -> None:
    name = b"K\xf6ln.json".decode("utf-8", "surrogateescape")
    assert path_string(name) == string(b"K\xf6ln.json")
