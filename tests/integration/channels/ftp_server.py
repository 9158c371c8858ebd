"""A real FTP server (pyftpdlib) on a thread of its own, plain or with TLS, that misbehaves on request."""

from __future__ import annotations

import tempfile
import threading
import warnings
from pathlib import Path
from typing import Any, Self

from tests.integration.channels.certificates import make_certificates

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports asyncore's successor under a deprecated name
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
    from pyftpdlib.servers import FTPServer as PyFTPServer


class FTPServer:
    """Serve a folder. `faults` names commands at which the connection breaks: before, or after they were done."""

    def __init__(self, root: Path, *, tls: bool = False, rights: str = "elradfmwMT", password: str = "sesame") -> None:
        self.root, self.tls, self.password = root, tls, password
        self.breaks_before: list[str] = []
        self.breaks_after: list[str] = []
        self.refuses: dict[str, str] = {}
        self._certificates = Path(tempfile.mkdtemp(prefix="of-ftp-"))
        authorizer = DummyAuthorizer()
        authorizer.add_user("orderflow", password, str(root), perm=rights)
        self._handler = _handler(self, TLS_FTPHandler if tls else FTPHandler)
        self._handler.authorizer = authorizer
        self._handler.banner = "ready"
        if tls:
            made = make_certificates(self._certificates)
            self.ca = made.ca.read_text()
            self._handler.certfile = str(made.chain)
            self._handler.tls_control_required = self._handler.tls_data_required = True

    @property
    def account(self) -> dict[str, Any]:
        found = {"host": "127.0.0.1", "port": self.port, "username": "orderflow", "password": self.password}
        return found | ({"tls_ca": self.ca} if self.tls else {})

    def __enter__(self) -> Self:
        self._server = PyFTPServer(("127.0.0.1", 0), self._handler)
        self.port = self._server.address[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._server.close_all()

    def _serve(self) -> None:
        while not self._over.is_set():
            self._server.serve_forever(timeout=0.02, blocking=False)


def _handler(server: FTPServer, base: Any) -> Any:
    class Handler(base):  # type: ignore[misc]  # pyftpdlib has no types
        def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
            if cmd in server.breaks_before:
                server.breaks_before.remove(cmd)
                self.close()
                return
            if cmd in server.refuses:
                self.respond(server.refuses[cmd])
                return
            super().pre_process_command(line, cmd, arg)
            if cmd in server.breaks_after:
                server.breaks_after.remove(cmd)
                self.close()

        def respond(self, resp: str, *args: Any, **options: Any) -> None:
            # What was done is not told: the answer is lost with the connection.
            if resp.startswith("250 Renaming") and "RNTO" in server.breaks_after:
                return
            super().respond(resp, *args, **options)

    return Handler
