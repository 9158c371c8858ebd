"""A crude FTP server on plain sockets, for what no real one does on request."""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self


class CrudeFTPServer:
    """Serve a folder to anybody. Attributes say what it does wrong.

    Args:
        banner: The greeting, as bytes.
        features: The lines of its FEAT.
        hears: After so many bytes of commands the connection ends for it, within a command or not; once. It carries
            out what it has heard of that command, as ProFTPD does.
        most_sessions: More are refused with `too_many`.
        says: Answers to commands, as bytes, instead of its own.

    Attributes:
        endless: Commands whose answer has no end; "LISTING" for a folder of endless names, "NAME" for one such name.
        drips: Commands whose answer comes byte by byte and has no end; "LISTING" for a folder that is listed so.
    """

    def __init__(
        self,
        root: Path,
        *,
        banner: bytes = b"220 ready",
        features: tuple[str, ...] = ("SIZE", "MDTM", "MLST type*;size*;modify*;"),
        hears: int | None = None,
        most_sessions: int | None = None,
        too_many: bytes = b"530 Sorry, the maximum number of clients (1) for this user are already connected.",
        says: dict[str, bytes] | None = None,
        on_rename: Callable[[Path], object] = lambda path: None,
    ) -> None:
        self.root, self.banner, self.features, self.hears = root, banner, features, hears
        self.most_sessions, self.too_many, self.says, self.on_rename = most_sessions, too_many, says or {}, on_rename
        self.live = self.most_live = self.heard = 0
        self.endless: set[str] = set()
        self.drips: set[str] = set()
        self.commands: list[str] = []

    def __enter__(self) -> Self:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                conn, _ = self._listening.accept()
                conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn: socket.socket) -> None:
        self.live += 1
        self.most_live = max(self.most_live, self.live)
        try:
            with conn:
                session = _Session(self, conn)
                session.run()
        except (OSError, ValueError):
            pass
        finally:
            session.close()
            self.live -= 1


class _Session:
    def __init__(self, server: CrudeFTPServer, conn: socket.socket) -> None:
        self._server, self._conn = server, conn
        self._buffer = b""
        self._here = b"/"
        self._from = b""
        self._passive: socket.socket | None = None

    def run(self) -> None:
        self._say(self._server.banner)
        while (line := self._line()) is not None:
            word, _, argument = line.partition(b" ")
            command = word.decode("ascii", "replace").upper()
            self._server.commands.append(command)
            if command in self._server.drips:
                self._drip(self._conn, b"220-")
            elif command in self._server.endless:
                self._say_for_ever(command)
            elif command in self._server.says:
                self._say(self._server.says[command])
            else:
                getattr(self, f"_{command.lower()}", self._unknown)(argument)

    def close(self) -> None:
        if self._passive is not None:
            self._passive.close()

    def _line(self) -> bytes | None:
        server = self._server
        while b"\n" not in self._buffer:
            more = self._conn.recv(4096)
            if server.hears is not None and server.heard + len(more) >= server.hears:
                more, server.hears = more[: server.hears - server.heard], None
                self._conn.shutdown(socket.SHUT_RDWR)
            server.heard += len(more)
            self._buffer += more
            if not more:
                rest, self._buffer = self._buffer.strip(b"\r"), b""
                return rest or None
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.rstrip(b"\r")

    def _say(self, line: bytes) -> None:
        with suppress(OSError):  # who has gone cannot be told
            self._conn.sendall(line + b"\r\n")

    def _say_for_ever(self, command: str) -> None:
        code = b"220" if command == "NOOP" else b"211"
        while True:
            self._conn.sendall(code + b"-and so on\r\n" * 1000)

    def _drip(self, conn: socket.socket, words: bytes) -> None:
        for byte in itertools.cycle(words):
            conn.sendall(bytes([byte]))
            time.sleep(0.02)  # until the client hangs up

    def _path(self, argument: bytes) -> Path:
        path = argument if argument.startswith(b"/") else self._here.rstrip(b"/") + b"/" + argument
        return self._server.root / os.fsdecode(path.lstrip(b"/"))

    def _unknown(self, _: bytes) -> None:
        self._say(b"502 not implemented")

    def _user(self, _: bytes) -> None:
        self._say(b"331 password")

    def _pass(self, _: bytes) -> None:
        most = self._server.most_sessions
        self._say(self._server.too_many if most is not None and self._server.live > most else b"230 in")

    def _feat(self, _: bytes) -> None:
        lines = "\r\n ".join(self._server.features)
        self._say(f"211-Features\r\n {lines}\r\n211 End".encode())

    def _type(self, _: bytes) -> None:
        self._say(b"200 so be it")

    _noop = _opts = _type

    def _pwd(self, _: bytes) -> None:
        self._say(b'257 "' + self._here + b'"')

    def _cwd(self, argument: bytes) -> None:
        there = self._path(argument).is_dir()
        self._say(b"250 in" if there else b"550 no such folder")

    def _pasv(self, _: bytes) -> None:
        self._passive = socket.create_server(("127.0.0.1", 0))
        port = self._passive.getsockname()[1]
        self._say(f"227 Entering Passive Mode (127,0,0,1,{port >> 8},{port & 255})".encode())

    def _transfer(self) -> socket.socket:
        assert self._passive is not None
        self._passive.settimeout(5)
        self._say(b"150 go")
        conn, _ = self._passive.accept()
        self._passive.close()
        return conn

    def _stor(self, argument: bytes) -> None:
        path = self._path(argument)
        if not path.parent.is_dir() or path.is_dir():
            self._say(b"550 no")
            return
        with path.open("wb") as file, self._transfer() as conn:
            while piece := conn.recv(65536):
                file.write(piece)
        self._say(b"226 done")

    def _retr(self, argument: bytes) -> None:
        path = self._path(argument)
        if not path.is_file():
            self._say(b"550 no such file")
            return
        with self._transfer() as conn:
            conn.sendall(path.read_bytes())
        self._say(b"226 done")

    def _nlst(self, argument: bytes) -> None:
        self._list(argument, lambda path: b"")

    def _mlsd(self, argument: bytes) -> None:
        self._list(argument, _facts)

    def _list(self, argument: bytes, facts: Callable[[Path], bytes]) -> None:
        with self._transfer() as conn:
            if "LISTING" in self._server.drips:
                self._drip(conn, _LINE)
            while "NAME" in self._server.endless:
                conn.sendall(b"x" * 65536)
            while "LISTING" in self._server.endless:
                conn.sendall(_LINE * 1000)
            for path in sorted(self._path(argument).iterdir()):
                conn.sendall(facts(path) + os.fsencode(path.name) + b"\r\n")
        self._say(b"226 done")

    def _mlst(self, argument: bytes) -> None:
        path = self._path(argument)
        found = path.exists()
        self._say(b"250-It\r\n " + _facts(path) + argument + b"\r\n250 End" if found else b"550 no such file")

    def _size(self, argument: bytes) -> None:
        path = self._path(argument)
        self._say(f"213 {path.stat().st_size}".encode() if path.is_file() else b"550 no such file")

    def _rnfr(self, argument: bytes) -> None:
        self._from = argument
        self._say(b"350 and to" if self._path(argument).is_file() else b"550 no such file")

    def _rnto(self, argument: bytes) -> None:
        to = self._path(argument)
        if not argument or not self._from or to.is_dir() or not to.parent.is_dir():
            self._say(b"550 no")
            return
        self._path(self._from).rename(to)
        self._server.on_rename(to)
        self._say(b"250 done")

    def _dele(self, argument: bytes) -> None:
        path = self._path(argument)
        there = path.is_file()
        if there:
            path.unlink()
        self._say(b"250 gone" if there else b"550 no such file")

    def _mkd(self, argument: bytes) -> None:
        try:
            self._path(argument).mkdir()
        except OSError:
            self._say(b"550 no")
        else:
            self._say(b"257 made")


_LINE = b"type=file;size=1;modify=20260101000000; name\r\n"


def _facts(path: Path) -> bytes:
    known = path.stat()
    kind = "dir" if path.is_dir() else "file"
    written = time.strftime("%Y%m%d%H%M%S", time.gmtime(known.st_mtime))
    return f"type={kind};size={known.st_size};modify={written}; ".encode()
