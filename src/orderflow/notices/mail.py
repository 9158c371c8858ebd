"""Notifications as e-mail over SMTP; the server's certificate is always verified."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from typing import Literal

from orderflow.domain.text import visible
from orderflow.flow.notify import Notification, NotificationError

TIMEOUT = 15.0
"""Seconds that the server may take over one step."""

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

    def __init__(self, server: MailServer, sender: str, recipients: Sequence[str]) -> None:
        self._server = server
        self._sender = sender
        self._recipients = list(recipients)

    def send(self, notification: Notification) -> None:
        """Send it to all at once; the Message-ID is the same at each attempt."""
        try:
            with self._connected() as session:
                if self._server.username and self._server.password:
                    session.login(self._server.username, self._server.password)
                session.send_message(self._message(notification))
        except (smtplib.SMTPException, OSError) as error:  # ssl's errors are OSErrors
            raise NotificationError(f"{self._server.host} did not take the e-mail ({type(error).__name__}).") from None

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.encryption == "tls":
            return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=self._context())
        session = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
        if server.encryption == "starttls":
            try:
                session.starttls(context=self._context())
            except BaseException:
                session.close()
                raise
        return session

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._server.ca_file)

    def _message(self, notification: Notification) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = visible(f"[OrderFlow] {notification.subject}")
        message["From"] = self._sender
        message["To"] = ", ".join(self._recipients)
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{notification.id}@orderflow.invalid>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office reply, please
        message.set_content(visible(notification.text, lines=True))
        return message
