"""A session with SAP: our sign-in, and for whatever changes something a token, with the cookies that it is bound to.

A token that has run out is refused before anything is done, which SAP says by `x-csrf-token: Required`; a fresh one is
fetched then, once. Source: "Cross-Site Request Forgery Protection", SAP Gateway Foundation (help.sap.com).
"""

from __future__ import annotations

from orderflow.connectors.sap.config import SapODataConfig
from orderflow.http import Answer, HttpClient, Outgoing, SessionCookies, sign_in_of, tls_of

LONGEST_ANSWER = 8 * 1024 * 1024
"""Bytes: to an order of 500 lines SAP answers with all that it made of them, a few kilobytes each."""

TOKEN = "X-CSRF-Token"  # noqa: S105  # the header's name


class SapSession:
    """Connections to one SAP service, shared by all threads. Questions need no token, and open no session in SAP."""

    def __init__(self, config: SapODataConfig) -> None:
        self.root, self._logon = config.root, config.logon
        # With its slash: SAP redirects to it otherwise, and the token is lost on the way.
        fetch = Outgoing("GET", f"{self.root}/", self._logon | {TOKEN: "Fetch", "Accept": "application/json"})
        ours = sign_in_of(config)
        self._signed = SessionCookies(fetch, csrf=TOKEN, by=ours, name="SAP")
        self._asking, self._changing = (
            HttpClient(
                "SAP",
                timeout=config.timeout,
                connect_timeout=config.connect_timeout,
                tls=tls_of(config),
                most_bytes=LONGEST_ANSWER,
                connections=config.max_in_flight,
                sign_in=sign_in,
            )
            for sign_in in (ours, self._signed)
        )

    def got(self) -> list[str]:
        """Return access tokens, and the cookies and tokens that SAP gave lately: secrets, to be hidden."""
        return self._signed.got()

    def sign_in(self) -> None:
        """See to it that SAP gives us a token. Raises ConnectorError: it does not let us in."""
        self._changing.sign_in()

    def ask(self, path: str, accept: str = "application/json") -> Answer:
        """Send a question; `path` is below the service, or whole.

        Raises:
            UnavailableError, NeedsAttentionError: No answer came.
        """
        url = path if path.startswith(("http://", "https://")) else f"{self.root}/{path}"
        return self._asking.send("GET", url, headers=self._logon | {"Accept": accept})

    def change(self, method: str, path: str, content: bytes, **headers: str) -> Answer:
        """Send what changes something; once more if SAP says that it did nothing since the token has run out.

        Args:
            headers: Further ones, as `If_Match="*"`.

        Raises:
            ConnectorError: No token could be had, or no answer came, as `HttpClient.send`.
        """
        ours = {"Content-Type": "application/json"} | {name.replace("_", "-"): text for name, text in headers.items()}
        return self._changing.send(method, f"{self.root}/{path}", headers=self._logon | ours, content=content)

    def close(self) -> None:
        """Close all connections."""
        self._asking.close()
        self._changing.close()
