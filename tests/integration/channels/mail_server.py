"""An SMTP server that takes mail only encrypted and from its one account."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message as Mail
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from aiosmtpd.smtp import SMTP, AuthResult

from tests.integration.channels.certificates import Certificates


class Inbox(Message):
    """What it took, and to whom it was to go; `refuses` answers each message with an error."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[Mail] = []
        self.to: list[list[str]] = []
        self.refuses = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # as aiosmtpd calls it
        if self.refuses:
            return "451 Not now"
        self.to.append(envelope.rcpt_tos)
        return str(await super().handle_DATA(server, session, envelope))

    def handle_message(self, message: Mail) -> None:
        self.got.append(message)


class Post(Controller):
    """An SMTP server that takes mail only encrypted and from its one account."""

    def __init__(self, certificates: Certificates, password: str) -> None:
        self.inbox = Inbox()
        self.ca_file: Path = certificates.ca
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(certificates.chain)
        self._password = password
        super().__init__(self.inbox, hostname="127.0.0.1", port=0)

    def factory(self) -> SMTP:
        return SMTP(
            self.handler, tls_context=self._tls, require_starttls=True, auth_required=True, authenticator=self._check
        )

    def _check(self, server: Any, session: Any, envelope: Any, mechanism: Any, data: Any) -> AuthResult:
        return AuthResult(success=data.password == self._password.encode(), handled=False)  # the server answers 535

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def taking_mail(certificates: Certificates, password: str) -> Iterator[Post]:
    """Take mail on a port of its own, as long as the block lasts."""
    server = Post(certificates, password)
    server.start()
    try:
        yield server
    finally:
        server.stop()
