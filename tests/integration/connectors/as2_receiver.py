"""A partner that takes AS2 messages in this process, and answers as a test says."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from orderflow.channels.as2 import incoming, mime, receipt
from orderflow.channels.as2.certificates import certificates, identities
from orderflow.channels.as2.faults import Fault
from tests.integration.channels.as2_partner import OURS, THEIRS, keys_of

Reply = Callable[["Partner", receipt.Statement], tuple[int, Any, bytes] | None]


def identity(name: str) -> Any:
    return identities(keys_of(name).key, certificates(keys_of(name).certificate))[0]


def signed(partner: Partner, statement: receipt.Statement) -> tuple[int, Any, bytes]:
    return 200, *receipt.write(statement, (identity(THEIRS), "sha-256"))


def lost(partner: Partner, statement: receipt.Statement) -> None:
    return None


def refused(modifier: str) -> Reply:
    return lambda partner, said: signed(
        partner, receipt.Statement(said.message_id, THEIRS, said.check, Fault(modifier, "No."))
    )


def taken(partner: Partner, statement: receipt.Statement) -> tuple[int, Any, bytes]:
    """Take it, and say so later."""
    return 200, (), b""


@dataclass
class Partner:
    """A partner that takes each Message-ID once; `replies` is how it answers next, before it does as `usual`."""

    replies: list[Reply] = field(default_factory=list)
    taken: dict[str, bytes] = field(default_factory=dict)
    came: list[str] = field(default_factory=list)
    statements: list[receipt.Statement] = field(default_factory=list)
    url: str = ""
    usual: Reply = signed

    def answer(self, headers: list[tuple[str, str]], body: bytes) -> tuple[int, Any, bytes] | None:
        message = mime.whole(headers, body)
        message_id = message.headers["message-id"].strip("<>")
        keys = incoming.Keys([identity(THEIRS)], [identity(OURS).certificate], 10**6, dt.datetime.now(dt.UTC))
        found = incoming.unpack(message, keys)
        self.came.append(message_id)
        reply = self.replies.pop(0) if self.replies else self.usual
        duplicate = message_id in self.taken
        statement = receipt.Statement(message_id, THEIRS, (found.checked, "sha-256"), duplicate=duplicate)
        if reply in (signed, lost, taken):
            self.statements.append(statement)
            self.taken.setdefault(message_id, found.entity.content)
        return reply(self, statement)


@contextmanager
def running_partner() -> Iterator[Partner]:
    """Serve a partner that does as it should until it is told otherwise."""
    running = Partner()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = running.answer(self.headers.items(), self.rfile.read(int(self.headers["Content-Length"])))
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer[0])
            for name, value in answer[1]:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer[2])))
            self.end_headers()
            self.wfile.write(answer[2])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.url = f"http://127.0.0.1:{server.server_port}/as2"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield running
    server.shutdown()
    server.server_close()
    thread.join()
