"""Notifications as e-mail over SMTP; the server's certificate is always verified."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from functools import partial
from typing import Any, Literal
from uuid import UUID

from orderflow.domain.text import visible
from orderflow.flow.notify import Notification, NotificationError
from orderflow.net.deadline import Deadline, sever

TIMEOUT = 15.0
"""Seconds that the server may take over one step."""

LONGEST = 30.0
"""Seconds for all of it, whatever the server does; a step that has begun may take `TIMEOUT` more."""

Encryption = Literal["starttls", "tls", "none"]


@dataclass(frozen=True)
class MailServer:
    """An SMTP server and an account on it.

    Attributes:
        encryption: `starttls` (RFC 3207), `tls` from the first byte, or `none`, for a server on this machine.
        ca_file: Certificates to trust instead of the system's.
    """

    host: str
    port: int = 587
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    encryption: Encryption = "starttls"
    ca_file: str | None = None


class Mail:
    """Sends notifications to some people."""

    name = "email"
    longest = LONGEST + TIMEOUT

    def __init__(self, server: MailServer, sender: str, recipients: Sequence[str]) -> None:
        self._server = server
        self._sender = sender
        self._recipients = list(recipients)

    def send(self, notification: Notification) -> None:
        """Send it to all at once; the Message-ID is the same at each attempt."""
        message = written(notification.id, f"[OrderFlow] {notification.subject}", notification.text)
        send_mail(self._server, self._sender, self._recipients, message)


def written(message_id: UUID, subject: str, body: str) -> EmailMessage:
    """Return a message of plain text, in which nothing that others wrote begins a header or acts on a terminal."""
    message = EmailMessage()
    message["Subject"] = visible(subject)
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{message_id}@orderflow.invalid>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office reply, please
    message.set_content(visible(body, lines=True))
    return message


def send_mail(server: MailServer, sender: str, recipients: Sequence[str], message: EmailMessage) -> None:
    """Send a message to all recipients at once. Raises NotificationError."""
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    deadline = Deadline(LONGEST)
    try:
        with _connected(server, deadline) as session, deadline.holds(partial(_sever, session)):
            if server.username and server.password:
                session.login(server.username, server.password)
            session.send_message(message)
    except (smtplib.SMTPException, OSError) as error:  # ssl's errors and a deadline's are OSErrors
        raise NotificationError(f"{server.host} did not take the e-mail ({type(error).__name__}).") from None


class _Session(smtplib.SMTP):
    """A session in which each reply comes within the deadline: also the greeting, for which connecting waits."""

    def __init__(self, server: MailServer, deadline: Deadline, **more: Any) -> None:
        self._deadline = deadline
        super().__init__(server.host, server.port, timeout=TIMEOUT, **more)

    def getreply(self) -> tuple[int, bytes]:
        """Return a reply. Raises DeadlineError, SMTPException."""
        with self._deadline.holds(partial(_sever, self)):
            return super().getreply()


class _EncryptedSession(_Session, smtplib.SMTP_SSL):
    """One that is encrypted from the first byte."""


def _connected(server: MailServer, deadline: Deadline) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=server.ca_file)
    if server.encryption == "tls":
        return _EncryptedSession(server, deadline, context=context)
    session = _Session(server, deadline)
    if server.encryption == "starttls":
        try:
            session.starttls(context=context)
        except BaseException:
            session.close()
            raise
    return session


def _sever(session: smtplib.SMTP) -> None:
    if session.sock is not None:  # it is another one once the connection is encrypted
        sever(session.sock)
