"""A line to a server that breaks after so many bytes from the client, and lets nothing more of the answers through."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self


class CuttingProxy:
    """Carry connections to a port of this machine.

    Attributes:
        sent: What clients sent.
        cut_after: How many bytes of it get through, once: the server sees the connection end there, in good order.
    """

    host = "127.0.0.1"

    def __init__(self, port: int) -> None:
        self._to = port
        self.cut_after: int | None = None
        self.sent = bytearray()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._listening = socket.create_server((self.host, 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection((self.host, self._to)) as server, suppress(OSError):
            over = threading.Event()
            back = threading.Thread(target=_answer, args=(server, client, over), daemon=True)
            back.start()
            while piece := client.recv(65536):
                through = self._through(piece)
                if through is not None:
                    over.set()
                server.sendall(piece[:through])
                if over.is_set():
                    break
            server.shutdown(socket.SHUT_WR)
            back.join()

    def _through(self, piece: bytes) -> int | None:
        """Note what came; returns how much of it gets through before the line breaks, None if it holds."""
        with self._lock:
            room = None if self.cut_after is None else self.cut_after - len(self.sent)
            self.sent += piece
            if room is None or room > len(piece):
                return None
            self.cut_after = None
            return room


def _answer(server: socket.socket, client: socket.socket, over: threading.Event) -> None:
    """Carry answers back until the line is cut; then wait until the server has hung up, and hang up too."""
    with suppress(OSError):
        while piece := server.recv(65536):
            if not over.is_set():
                client.sendall(piece)
    with suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
