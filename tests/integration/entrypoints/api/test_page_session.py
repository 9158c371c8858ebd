"""The page's session: a cookie for all tabs, of which another site's page has nothing."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from httpx import Client, Response
from sqlalchemy import text

from orderflow.domain.access import Role
from orderflow.entrypoints.api import session_tokens
from orderflow.entrypoints.api.page_cookie import PLAIN, SECURE
from orderflow.entrypoints.api.session_tokens import LONGEST_SESSION, PAGE_LIFETIME

HOST = "orders.acme.example"
OURS = {"Origin": f"https://{HOST}", "Host": HOST, "Sec-Fetch-Site": "same-origin"}
SESSION = "/api/v1/auth/session"


class Browser:
    """Keeps the one cookie, and sends it with whatever headers a page makes it send."""

    def __init__(self, acme: Any, headers: dict[str, str] | None = None) -> None:
        self.acme, self.headers = acme, OURS if headers is None else headers
        self.cookies: dict[str, str] = {}
        self.set: list[str] = []

    def call(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> Response:
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {**(self.headers if headers is None else headers), **({"Cookie": kept} if kept else {})}
        with Client(base_url=self.acme.client.base_url, timeout=30) as client:
            answer = client.request(method, path, headers=sent, **options)
        self.set = answer.headers.get_list("set-cookie")
        for cookie in self.set:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
            if value in {"", '""'}:
                del self.cookies[name]
        return answer

    def sign_in(self, role: Role = Role.OPS, headers: dict[str, str] | None = None, **more: Any) -> Response:
        body = {"email": self.acme.emails[role], "password": self.acme.password, **more}
        return self.call("POST", SESSION, headers, json=body)

    def me(self) -> int:
        return self.call("GET", "/api/v1/me").status_code


def test_a_session_is_a_cookie_that_no_script_reads(acme):
    browser = Browser(acme)
    assert browser.call("GET", SESSION).json() == {"user_id": None, "email": None, "expires_at": None}
    answer = browser.sign_in()
    assert (answer.status_code, answer.json()["email"]) == (200, "ops@acme.example")
    assert browser.cookies[SECURE] not in answer.text
    kept = browser.set[-1]
    assert kept.startswith(f"{SECURE}=")
    assert all(word in kept.split("; ") for word in ("HttpOnly", "Path=/", "SameSite=lax", "Secure"))
    assert "Domain" not in kept
    assert browser.me() == 200
    assert browser.call("GET", SESSION).json()["email"] == "ops@acme.example"


def test_on_this_machine_it_needs_no_certificate_and_elsewhere_it_does(acme):
    for host in ("127.0.0.1:8000", "localhost:8000", "[::1]:8000"):
        here = Browser(acme, {"Origin": f"http://{host}", "Host": host, "Sec-Fetch-Site": "same-origin"})
        assert here.sign_in().status_code == 200
        assert "Secure" not in here.set[-1]
        assert here.me() == 200
    for host in ("10.1.2.3:8000", "orders.acme.example", "localhost.evil.example"):
        clear = Browser(acme, {"Origin": f"http://{host}", "Host": host, "Sec-Fetch-Site": "same-origin"})
        refused = clear.sign_in()
        assert (refused.status_code, refused.json()["error"]["details"]["reason"]) == (403, "HTTPS_NEEDED")
        clear.cookies[PLAIN] = here.cookies[PLAIN]
        assert clear.me() == 401, "nor does what another host of the domain may have set count"


@pytest.mark.parametrize(
    "foreign",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://shop.acme.example", "Sec-Fetch-Site": "same-site"},
        {"Origin": f"https://{HOST}:8443", "Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": f"http://{HOST}"},
        {"Origin": "null"},
        {"Origin": "https://[orders"},
        {},
    ],
)
def test_no_other_page_has_a_browser_change_anything(acme, foreign):
    browser = Browser(acme)
    assert browser.sign_in(Role.ADMIN).status_code == 200
    for method, path in (
        ("POST", "/api/v1/organization/pause"),
        ("DELETE", SESSION),
        ("PATCH", "/api/v1/organization"),
    ):
        answer = browser.call(method, path, {"Host": HOST, **foreign}, json={})
        assert (answer.status_code, answer.json()["error"]["details"]["reason"]) == (403, "ORIGIN_REFUSED"), path
    assert browser.sign_in(headers={"Host": HOST, **foreign}).status_code == 403, "nor signs it in as somebody else"
    assert not browser.set
    assert browser.call("POST", "/api/v1/organization/pause", json={}).status_code == 200
    assert browser.call("POST", "/api/v1/organization/resume", {"Host": HOST, "Origin": f"https://{HOST}"}).is_success


def test_what_a_cookie_opens_no_other_page_may_embed(acme):
    browser = Browser(acme)
    browser.sign_in()
    assert browser.call("GET", "/api/v1/me").headers["cross-origin-resource-policy"] == "same-origin"


def test_signing_out_ends_it_on_the_server_and_no_other_session(acme):
    here, there = Browser(acme), Browser(acme)
    here.sign_in()
    there.sign_in()
    stolen = dict(here.cookies)
    assert here.call("DELETE", SESSION).status_code == 204
    assert not here.cookies
    here.cookies = stolen
    assert (here.me(), there.me()) == (401, 200)
    assert here.call("DELETE", SESSION).status_code == 204, "who is out already may say so again"


def test_signing_in_is_another_session_and_ends_the_one_before(acme):
    """What somebody planted in a browser before is not what its owner then signs in to."""
    browser = Browser(acme)
    browser.sign_in(Role.VIEWER)
    planted = dict(browser.cookies)
    assert browser.sign_in(Role.ADMIN).status_code == 200
    assert browser.cookies != planted
    browser.cookies = planted
    assert browser.me() == 401


def test_a_session_slides_while_it_is_used_and_ends_in_any_case(acme, app):
    browser = Browser(acme)
    browser.sign_in()
    browser.me()
    assert not browser.set, "not with every answer"
    for _ in range(3):
        _pass(11 * 3600, browser, app)
        assert browser.me() == 200
        assert browser.set, "each within 12 hours of the last"
    stolen = dict(browser.cookies)
    assert browser.call("DELETE", SESSION).status_code == 204
    browser.cookies = stolen
    assert browser.me() == 401, "all tokens of a session end with it"
    browser.sign_in()
    claims = _claims(browser)
    token = _signed(
        app, claims | {"auth_time": claims["auth_time"] - LONGEST_SESSION + 60, "exp": int(time.time()) + 60}
    )
    browser.cookies[SECURE] = token
    assert browser.me() == 200
    assert not browser.set, "nothing slides beyond the end"


def test_signing_out_is_remembered_while_any_clock_may_still_take_the_token(acme, app):
    first, second = Browser(acme), Browser(acme)
    first.sign_in()
    ended = _claims(first)
    stolen = dict(first.cookies)
    first.call("DELETE", SESSION)
    with app.database.system() as connection:  # its last token has just expired, by the database's clock
        connection.execute(text("UPDATE ended_session SET expires_at = now() - interval '2 minutes'"))
    second.sign_in()
    second.call("DELETE", SESSION)  # forgets what is over
    first.cookies = stolen
    assert first.me() == 401
    first.cookies = {SECURE: _signed(app, ended | {"exp": int(time.time()) - 5})}
    assert first.me() == 401, "nor does the leeway bring it back"


def _pass(seconds: int, browser: Browser, app: Any) -> None:
    """The time has passed: what the browser keeps is older by as much."""
    claims = _claims(browser)
    browser.cookies[SECURE] = _signed(app, claims | {name: claims[name] - seconds for name in ("exp", "auth_time")})


def _claims(browser: Browser) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(browser.cookies[SECURE], options={"verify_signature": False})
    return claims


def _signed(app: Any, claims: dict[str, Any]) -> str:
    return jwt.encode(claims, app.settings.token_secret(), algorithm="HS256")


def test_a_token_of_a_program_is_none_of_the_page_nor_the_other_way_round(acme):
    browser = Browser(acme)
    browser.cookies[SECURE] = acme.login(Role.OPS).json()["access_token"]
    assert browser.me() == 401
    browser.cookies[SECURE] = acme.keys[Role.ADMIN]
    assert browser.me() == 401
    browser.sign_in()
    as_program = {"Authorization": f"Bearer {browser.cookies[SECURE]}"}
    assert acme.client.get("/api/v1/me", headers=as_program).status_code == 401


def test_what_programs_send_counts_before_a_cookie_and_from_any_origin(acme):
    browser = Browser(acme)
    browser.sign_in(Role.VIEWER)
    program = {"Host": HOST, "Origin": "https://evil.example", "Authorization": f"Bearer {acme.keys[Role.ADMIN]}"}
    assert browser.call("GET", "/api/v1/me", program).json()["role"] == "ADMIN"
    assert browser.call("POST", "/api/v1/organization/pause", program, json={}).status_code == 200


def test_an_account_that_ends_takes_the_page_along(acme):
    browser = Browser(acme)
    browser.sign_in(Role.OPS)
    users = {user["email"]: user["id"] for user in acme.call("GET", "/users").json()["items"]}
    acme.call("PATCH", f"/users/{users['ops@acme.example']}", json={"active": False})
    assert browser.me() == 401
    assert browser.call("GET", SESSION).json()["user_id"] is None


def test_a_session_lasts_as_the_docs_say():
    assert (PAGE_LIFETIME, LONGEST_SESSION, session_tokens.LIFETIME) == (12 * 3600, 7 * 86_400, 3600)
