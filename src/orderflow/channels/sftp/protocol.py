"""SFTP version 3 as bytes: what is asked, what is answered, and where one packet ends.

After draft-ietf-secsh-filexfer-02, and OpenSSH's PROTOCOL file for the extensions `…@openssh.com`.
Nothing here does I/O.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from enum import IntEnum
from struct import Struct, error, unpack_from
from typing import NamedTuple

from orderflow.channels.filestore import Entry

VERSION = 3
# draft-02 §3: 34,000 bytes must do; OpenSSH's sftp-common.h stops at 256 KiB; 1 KiB is for the fields around the data.
MAX_PACKET = 256 * 1024 + 1024

POSIX_RENAME = b"posix-rename@openssh.com"
FSYNC = b"fsync@openssh.com"
STATVFS = b"statvfs@openssh.com"
LIMITS = b"limits@openssh.com"

WRITE_NEW = b"\x00\x00\x00\x1a" + bytes(4)  # SSH_FXF_WRITE | CREAT | TRUNC, and no attributes (draft-02 §6.3)
READ_ONLY = b"\x00\x00\x00\x01" + bytes(4)
NO_ATTRIBUTES = bytes(4)

_U32 = Struct(">I")
_U64 = Struct(">Q")
_HEADER = Struct(">IBI")


class Request(IntEnum):
    """Packet types that we send (draft-02 §3)."""

    INIT = 1
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    FSTAT = 8
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    STAT = 17
    RENAME = 18
    EXTENDED = 200


class ReplyType(IntEnum):
    """Packet types that we get (draft-02 §3)."""

    VERSION = 2
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED_REPLY = 201


class Code(IntEnum):
    """Status codes: 0 to 8 of draft-02 §7, and those of later drafts that servers send all the same."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    NO_CONNECTION = 6
    CONNECTION_LOST = 7
    OP_UNSUPPORTED = 8
    INVALID_HANDLE = 9
    NO_SUCH_PATH = 10
    FILE_ALREADY_EXISTS = 11
    WRITE_PROTECT = 12
    NO_MEDIA = 13
    NO_SPACE = 14
    QUOTA_EXCEEDED = 15


class MalformedError(Exception):
    """What came is not SFTP; says what was wrong with it."""


class StatusError(Exception):
    """The server answered with something else than success; `words` are its own."""

    def __init__(self, code: int, words: str) -> None:
        self.code = code
        self.words = words
        super().__init__(f"SFTP status {code}: {words}")

    @property
    def missing(self) -> bool:
        """True if the server says that a file or folder is not there."""
        return self.code in {Code.NO_SUCH_FILE, Code.NO_SUCH_PATH}


def string(value: bytes | memoryview) -> bytes:
    """Return an SSH string (RFC 4251 §5): its length and its bytes."""
    return _U32.pack(len(value)) + value


def path_string(path: str) -> bytes:
    """Return a path as an SSH string; names that are no UTF-8 survive a round trip."""
    return string(path.encode("utf-8", "surrogateescape"))


def u32(value: int) -> bytes:
    """Return an SSH uint32."""
    return _U32.pack(value)


def u64(value: int) -> bytes:
    """Return an SSH uint64."""
    return _U64.pack(value)


def header(kind: Request, request_id: int, size: int) -> bytes:
    """Return what goes before `size` bytes of fields; for INIT the id is the version."""
    return _HEADER.pack(size + 5, kind, request_id)


class Attributes(NamedTuple):
    """What a server tells about a file; None where it does not."""

    size: int | None
    mode: int | None
    modified: int

    @property
    def is_folder(self) -> bool:
        """True if the mode says so."""
        return stat.S_ISDIR(self.mode or 0)


class Splitter:
    """Cuts a stream of bytes into packets, wherever the pieces begin and end."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield each packet that is complete now, without its length.

        Raises:
            MalformedError: A length that no SFTP server sends.
        """
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= 4:
            (size,) = _U32.unpack_from(buffer, start)
            if not 5 <= size <= MAX_PACKET:
                raise MalformedError(f"a packet of {size} bytes")
            if len(buffer) - start < size + 4:
                break
            yield bytes(buffer[start + 4 : start + 4 + size])
            start += size + 4
        del buffer[:start]


class Fields:
    """Reads the fields of a packet one after another, from `offset` on."""

    def __init__(self, packet: bytes, offset: int = 5) -> None:
        self._packet = packet
        self._at = offset

    def __bool__(self) -> bool:
        return self._at < len(self._packet)

    def numbers(self, layout: str) -> tuple[int, ...]:
        """Return numbers as in `struct` (`"IQ"`: a uint32 and a uint64)."""
        fields = Struct(">" + layout)
        try:
            values = fields.unpack_from(self._packet, self._at)
        except error as short:
            raise MalformedError("a packet that ends too early") from short
        self._at += fields.size
        return values

    def string(self) -> bytes:
        """Return the next string."""
        (size,) = self.numbers("I")
        value = self._packet[self._at : self._at + size]
        if len(value) < size:
            raise MalformedError("a packet that ends too early")
        self._at += size
        return value

    def attributes(self) -> Attributes:
        """Return file attributes (draft-02 §5)."""
        (flags,) = self.numbers("I")
        size = self.numbers("Q")[0] if flags & 1 else None
        if flags & 2:  # owner and group
            self.numbers("II")
        mode = self.numbers("I")[0] if flags & 4 else None
        modified = self.numbers("II")[1] if flags & 8 else 0
        for _ in range(self.numbers("I")[0] if flags & 0x80000000 else 0):
            self.string()
            self.string()
        return Attributes(size, mode, modified)

    def entry(self) -> Entry:
        """Return one name of a listing; what its attributes leave out is 0, or read from its `ls -l` line."""
        name, listed_as, known = self.string(), self.string(), self.attributes()
        is_folder = listed_as.startswith(b"d") if known.mode is None else known.is_folder
        return Entry(name.decode("utf-8", "surrogateescape"), known.size or 0, float(known.modified), is_folder)


class Reply:
    """The answer to one request."""

    __slots__ = ("kind", "packet")

    def __init__(self, packet: bytes) -> None:
        self.kind = packet[0]
        self.packet = packet

    def error(self) -> StatusError | None:
        """Return what went wrong; None for success and for every answer that is no status."""
        if self.kind != ReplyType.STATUS:
            return None
        fields = Fields(self.packet)
        (code,) = fields.numbers("I")
        if code == Code.OK:
            return None
        return StatusError(code, plain(fields.string()) if fields else "")

    def check(self, kind: ReplyType = ReplyType.STATUS) -> Fields:
        """Return the fields of an answer of this kind; raises StatusError, or MalformedError for another kind."""
        if failed := self.error():
            raise failed
        if self.kind != kind:
            raise MalformedError(f"an answer of type {self.kind} where {kind.name} belongs")
        return Fields(self.packet)

    def entries(self) -> list[Entry]:
        """Return the names of a READDIR answer, without `.` and `..`."""
        fields = self.check(ReplyType.NAME)
        (count,) = fields.numbers("I")
        entries = [fields.entry() for _ in range(count)]
        return [entry for entry in entries if entry.name not in {".", ".."}]


def plain(words: bytes) -> str:
    """Return a server's words as one short printable line."""
    text = words[:200].decode("utf-8", "replace")
    return "".join(c for c in text if c.isprintable()).strip()


def request_id_of(packet: bytes) -> int:
    """Return which request a packet answers; for VERSION, the version."""
    number: int = unpack_from(">I", packet, 1)[0]
    return number
