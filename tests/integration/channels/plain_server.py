"""A server on a plain socket that does to each connection what a test says."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Does = Callable[[socket.socket], None]


@contextmanager
def serving(does: Does) -> Iterator[int]:
    """Yield the port of a server; a connection ends when `does` returns, and is kept no longer than the block."""
    live: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                conn, _ = listening.accept()
                live.append(conn)
                threading.Thread(target=serve, args=(conn,), daemon=True).start()

    def serve(conn: socket.socket) -> None:
        with suppress(OSError), conn:
            does(conn)

    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()
        for conn in live:
            with suppress(OSError):
                conn.shutdown(socket.SHUT_RDWR)


def closes(conn: socket.socket) -> None:
    """Hang up."""


def resets(conn: socket.socket) -> None:
    """Hang up without a word of TCP's either."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def says(words: bytes) -> Does:
    """Say something, then hang up."""
    return lambda conn: conn.sendall(words)


def is_silent(conn: socket.socket) -> None:
    """Take what comes, and say nothing."""
    while conn.recv(4096):
        pass


def drips(words: bytes, seconds: float = 0.05) -> Does:
    """Say one byte after the other, over and over."""

    def drip(conn: socket.socket) -> None:
        while True:
            for byte in words:
                conn.sendall(bytes([byte]))
                time.sleep(seconds)  # what a test waits for is its own deadline

    return drip
