"""A session that a log-in opens: its cookies, and its token against forged requests (CSRF) where it has one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from urllib.parse import unquote

import httpx

from orderflow.domain.errors import UnavailableError
from orderflow.domain.port_redaction import redactor_for
from orderflow.http.answer import Answer, words_of
from orderflow.http.sign_in import NO_SIGN_IN, READS, Held, Outgoing, SignIn, Way, not_let_in

LASTS = 1_200.0
"""Seconds for which a session is used, by default; servers end one after 20 to 30 minutes without a request."""

_ENDED = (401, 419)
"""Statuses of a session that has ended; 419 is Laravel's."""

_HINT = "Check user, password and the URL of the log-in, then test the connection."


@dataclass(frozen=True)
class _Opened:
    cookies: httpx.Cookies
    token: str | None


class SessionCookies(SignIn):
    """Logs in once, goes on with the session's cookies, and logs in anew once they have ended.

    ```python
    SessionCookies(Outgoing("POST", f"{url}/login", {"Content-Type": "application/json"}, body), secrets=[password])
    SessionCookies(Outgoing("GET", f"{url}/api/", {"X-CSRF-Token": "Fetch"}), csrf="X-CSRF-Token", by=Basic(user, pw))
    ```

    Args:
        login: The request that opens a session.
        by: How that one and all others are signed besides.
        csrf: The header that carries the session's token in requests that change something; the answer to the log-in
            has it in a header of the same name, or in `csrf_cookie`.
        csrf_cookie: The cookie that holds the token, as Django's `csrftoken`.
        lasts: Seconds for which a session is used.
        secrets: What the log-in's body holds that must not be shown.
        name: What the server is called in messages.
    """

    def __init__(
        self,
        login: Outgoing,
        *,
        by: SignIn | None = None,
        csrf: str | None = None,
        csrf_cookie: str | None = None,
        lasts: float = LASTS,
        secrets: list[str] | None = None,
        name: str = "The log-in",
    ) -> None:
        self._login, self._by, self._csrf, self._csrf_cookie = login, by or SignIn(), csrf, csrf_cookie
        self._lasts, self._secrets, self._name = lasts, secrets or [], name
        self._sessions: Held[_Opened] = Held("open session")

    def sign(self, outgoing: Outgoing, way: Way) -> Outgoing:
        """Add the session's cookies, and its token to what changes something."""
        opened = self._session(way)
        signed = self._by.sign(outgoing, way)
        if cookies := _cookies_for(signed.url, opened.cookies):
            signed = signed.with_header("Cookie", cookies)
        if self._csrf and opened.token and signed.method not in READS:
            signed = signed.with_header(self._csrf, opened.token)
        return signed

    def get_ready(self, way: Way) -> None:
        """Open a session if there is none at hand."""
        self._by.get_ready(way)
        self._session(way)

    def ended(self, signed: Outgoing, answer: Answer) -> bool:
        """Return whether the session has ended, or its token: the server did nothing."""
        wants_token = self._csrf is not None and answer.headers.get(self._csrf, "").lower() == "required"
        if not (answer.status in _ENDED or (answer.status == 403 and wants_token)):
            return self._by.ended(signed, answer)
        self._by.ended(signed, answer)
        self._sessions.forget(lambda opened: signed.headers.get("Cookie") == _cookies_for(signed.url, opened.cookies))
        return True

    def got(self) -> list[str]:
        """Return the sessions' cookies and tokens."""
        opened = self._sessions.got()
        told = [value for one in opened for value in (*(kept.value for kept in one.cookies.jar), one.token) if value]
        return [*dict.fromkeys(told), *self._by.got()]

    def secrets(self) -> list[str]:
        """Return what is configured."""
        return [*self._secrets, *self._by.secrets()]

    def users(self) -> list[str]:
        """Return the users."""
        return self._by.users()

    def _session(self, way: Way) -> _Opened:
        return self._sessions.get(lambda: self._open(way), way)

    def _open(self, way: Way) -> tuple[_Opened, float]:
        asked_at = time.monotonic()
        signed, answer = self._log_in(way)
        if self._by.ended(signed, answer):
            signed, answer = self._log_in(way)
        cookies = httpx.Cookies()
        cookies.extract_cookies(
            httpx.Response(answer.status, headers=answer.headers, request=httpx.Request(signed.method, signed.url))
        )
        token = self._token_in(answer, cookies)
        if answer.ok and (token or (len(cookies.jar) and not self._csrf)):
            return _Opened(cookies, token), asked_at + self._lasts
        hides = redactor_for(self.secrets(), self.users(), self.got())
        said = "it gave no cookie, or no token" if answer.ok else words_of(answer, hides) or "It gave no reason"
        raise not_let_in(answer, self._name, "session", said, _HINT)

    def _log_in(self, way: Way) -> tuple[Outgoing, Answer]:
        signed = self._by.sign(self._login, way)
        try:
            return signed, way.ask(signed, self._name)
        except UnavailableError as error:
            raise UnavailableError(f"No session could be opened: {error.message}", code=NO_SIGN_IN) from None

    def _token_in(self, answer: Answer, cookies: httpx.Cookies) -> str | None:
        if self._csrf_cookie:
            return next((unquote(one.value or "") for one in cookies.jar if one.name == self._csrf_cookie), None)
        return answer.headers.get(self._csrf) if self._csrf else None


def _cookies_for(url: str, cookies: httpx.Cookies) -> str | None:
    request = httpx.Request("GET", url)
    cookies.set_cookie_header(request)
    found: str | None = request.headers.get("Cookie")
    return found
