"""A session with SAP: our sign-in, and for whatever changes something a token, with the cookies that it is bound to.

A token that has run out is refused before anything is done, which SAP says by `x-csrf-token: Required`; a fresh one is
fetched then, once. Source: "Cross-Site Request Forgery Protection", SAP Gateway Foundation (help.sap.com).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from orderflow.channels.http.api import Outgoing
from orderflow.channels.http.session import HttpSession
from orderflow.connectors.sap.answers import TOKEN, is_stale, refusal
from orderflow.domain.redaction import Redactor
from orderflow.http import Answer


@dataclass(frozen=True, slots=True)
class Pass:
    """A token and its cookies, which belong together: one without the other is refused."""

    token: str
    cookies: str

    @property
    def headers(self) -> dict[str, str]:
        """What goes with a request."""
        return {name: value for name, value in ((TOKEN, self.token), ("Cookie", self.cookies)) if value}


class SapSession:
    """Connections to one SAP service, shared by all threads.

    Args:
        http: With our sign-in.
        root: The service's address.
        common: Headers of every request: client and language.
    """

    def __init__(self, http: HttpSession, root: str, common: dict[str, str]) -> None:
        self._http, self.root, self._common = http, root, common
        self._pass: Pass | None = None
        self._lock = threading.Lock()

    @property
    def redactor(self) -> Redactor:
        """What takes secrets out of what SAP says."""
        return self._http.redactor

    @property
    def secrets(self) -> Iterable[str]:
        """Access tokens, and what the pass at hand consists of."""
        held = self._pass
        cookies = [cookie.partition("=")[2] for cookie in held.cookies.split("; ")] if held else []
        return [secret for secret in (*self._http.tokens, held.token if held else "", *cookies) if len(secret) > 7]

    def ask(self, path: str, accept: str = "application/json", *, message_id: str = "ask") -> Answer:
        """Send a question; `path` is below the service, or whole.

        Raises:
            UnavailableError, NeedsAttentionError: No answer came.
        """
        url = path if path.startswith(("http://", "https://")) else f"{self.root}/{path}"
        return self._http.ask(Outgoing("GET", url, self._common | {"Accept": accept}), message_id)

    def sign_in(self) -> None:
        """See to it that SAP gives us a token. Raises ConnectorError: it does not let us in."""
        self._fetch(self._pass)

    def change(self, method: str, path: str, content: bytes, message_id: str, **headers: str) -> Answer:
        """Send what changes something; once more if SAP says that it did nothing since the token has run out.

        Raises:
            ConnectorError: No pass could be had, or no answer came, as `HttpSession.send`.
        """
        held = self._pass or self._fetch(None)
        answer = self._send(method, path, content, message_id, held, headers)
        if not is_stale(answer):
            return answer
        return self._send(method, path, content, message_id, self._fetch(held), headers)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _send(
        self, method: str, path: str, content: bytes, message_id: str, held: Pass, headers: dict[str, str]
    ) -> Answer:
        ours = {"Content-Type": "application/json", "Accept": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        outgoing = Outgoing(method, f"{self.root}/{path}", self._common | ours | named | held.headers, content)
        return self._http.send(outgoing, message_id)

    def _fetch(self, stale: Pass | None) -> Pass:
        """Return a pass other than `stale`; threads that find the same one stale fetch one together."""
        with self._lock:
            if self._pass is not None and self._pass is not stale:
                return self._pass
            # With its slash: SAP redirects to it otherwise, and the token is lost on the way.
            outgoing = Outgoing("GET", f"{self.root}/", self._common | {TOKEN: "Fetch", "Accept": "application/json"})
            answer = self._http.ask(outgoing, "token")
            if not answer.ok:
                raise refusal(answer, self.redactor, changes=False)
            cookies = [line.partition(";")[0].strip() for line in answer.headers.get_list("set-cookie")]
            self._pass = Pass(answer.headers.get(TOKEN, "").strip(), "; ".join(filter(_is_cookie, cookies)))
            return self._pass


def _is_cookie(pair: str) -> bool:
    name, _, value = pair.partition("=")
    return bool(name and value) and pair.isascii() and pair.isprintable()
