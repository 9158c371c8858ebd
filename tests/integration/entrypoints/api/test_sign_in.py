"""Signing in: who gets a token, for how long it counts, and what an attacker learns."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from httpx import Response
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.entrypoints.api import sign_in
from orderflow.flow.people.sign_in import FREE, LONGEST_WAIT
from orderflow.storage.people import sign_in_sources


def rows(app: App, tenant: Any, query: str) -> list[Any]:
    with app.database.transaction(tenant.org_id) as connection:
        return list(connection.execute(text(query)).mappings())


def test_a_token_opens_what_the_role_may_do(acme):
    answer = acme.login(Role.OPS)
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 3600
    me = acme.client.get("/api/v1/me", headers={"Authorization": f"Bearer {answer.json()['access_token']}"}).json()
    assert (me["email"], me["role"], me["org_slug"]) == ("ops@acme.example", "OPS", "acme")
    assert "ORDERS_PUSH" in me["permissions"]
    assert "USERS_MANAGE" not in me["permissions"]


def test_an_address_is_known_in_any_spelling(acme):
    body = {"email": " OPS@Acme.example ", "password": acme.password}
    assert acme.client.post("/api/v1/auth/login", json=body).status_code == 200


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(acme):
    wrong = acme.login(password="not the password").json()["error"]
    body = {"email": "nobody@acme.example", "password": "not the password"}
    unknown = acme.client.post("/api/v1/auth/login", json=body).json()["error"]
    del wrong["request_id"], unknown["request_id"]
    assert wrong == unknown
    assert wrong["code"] == "AUTH_REQUIRED"


def test_an_unknown_address_costs_a_verification_too(acme, app, monkeypatch):
    seen: list[str | None] = []
    verify = app.passwords.verify

    def seeing(stored: str | None, given: str) -> bool:
        seen.append(stored)
        return bool(verify(stored, given))

    monkeypatch.setattr(app.passwords, "verify", seeing)
    acme.client.post("/api/v1/auth/login", json={"email": "nobody@acme.example", "password": "not the password"})
    assert seen == [None]


def test_a_refusal_takes_as_long_whatever_it_was_for(acme, monkeypatch):
    """Were only the verification as long, the writes for a known address would tell it from an unknown one."""
    monkeypatch.setattr(sign_in, "REFUSED_AFTER", 0.4)
    for email in ("nobody@acme.example", acme.emails[Role.OPS]):
        body = {"email": email, "password": "not the password"}
        started = time.monotonic()
        assert acme.client.post("/api/v1/auth/login", json=body).status_code == 401
        assert time.monotonic() - started >= 0.4


def from_(place: str) -> dict[str, str]:
    return {"X-Forwarded-For": place}


def attempt(acme: Any, place: str, password: str = "not the password", email: str | None = None) -> Response:  # none
    body = {"email": email or acme.emails[Role.OPS], "password": password}
    answer: Response = acme.client.post("/api/v1/auth/login", json=body, headers=from_(place))
    return answer


def test_wrong_passwords_slow_down_the_place_that_they_come_from(acme, app):
    assert [attempt(acme, "203.0.113.1").status_code for _ in range(FREE)] == [401] * FREE
    refused = attempt(acme, "203.0.113.1", acme.password)
    assert refused.status_code == 429
    assert refused.json()["error"]["details"]["reason"] == "RATE_LIMITED"
    assert 0 < int(refused.headers["Retry-After"]) <= LONGEST_WAIT
    actions = [row["action"] for row in rows(app, acme, "SELECT action FROM audit_log")]
    assert actions.count("LOGIN_FAILED") == FREE, "what is refused unseen is not counted"


def test_nobody_can_keep_others_out(acme):
    for _ in range(FREE + 1):
        attempt(acme, "203.0.113.1")
    assert attempt(acme, "203.0.113.2", acme.password).status_code == 200
    for _ in range(FREE + 3):
        attempt(acme, "203.0.113.2")
    assert attempt(acme, "203.0.113.2", acme.password).status_code == 200, "from where it was used before"


def test_many_strangers_are_slowed_down_together_and_known_places_are_not(acme, app, monkeypatch):
    attempt(acme, "203.0.113.9", acme.password)
    monkeypatch.setattr(sign_in_sources, "STRANGERS", 3)
    for number in range(3):
        assert attempt(acme, f"198.51.100.{number}").status_code == 401
    assert attempt(acme, "198.51.100.77", acme.password).status_code == 429
    assert attempt(acme, "203.0.113.9", acme.password).status_code == 200


def test_the_wait_doubles_and_a_success_ends_it(acme, app):
    sources, email = app.sources, acme.emails[Role.OPS]
    for _ in range(FREE):
        assert sources.begin(email, "203.0.113.1") == 0
    waits = []
    for _ in range(4):
        waits.append(sources.begin(email, "203.0.113.1"))
        with app.database.system() as connection:  # the time has passed
            connection.execute(text("UPDATE sign_in_source SET failed_at = failed_at - interval '900 seconds'"))
        assert sources.begin(email, "203.0.113.1") == 0
    assert [round(wait) for wait in waits] == [1, 2, 4, 8]
    sources.succeed(email, "203.0.113.1")
    assert sources.begin(email.upper(), "203.0.113.1") == 0


def test_an_address_that_nobody_has_is_slowed_down_in_the_same_way(acme):
    answers = [attempt(acme, "203.0.113.5", email="nobody@acme.example").status_code for _ in range(FREE + 1)]
    assert answers == [401] * FREE + [429]


def test_neighbours_in_one_ipv6_network_are_one_place(acme):
    answers = [attempt(acme, f"2001:db8:1:2::{number:x}").status_code for number in range(FREE + 1)]
    assert answers == [401] * FREE + [429]
    assert attempt(acme, "2001:db8:1:3::1").status_code == 401


def test_attempts_at_once_cannot_outrun_the_count(acme):
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: attempt(acme, "203.0.113.1").status_code, range(12)))
    assert answers.count(401) == FREE


def test_guessing_the_own_old_password_is_slowed_down_too(acme, secret):
    session = acme.signed_in(Role.VIEWER) | from_("203.0.113.7")
    body = {"old_password": "not the password", "new_password": secret("password")}
    answers = [acme.client.post("/api/v1/me/password", headers=session, json=body).status_code for _ in range(FREE + 1)]
    assert answers == [422] * FREE + [429]


def test_what_is_old_is_forgotten(acme, app):
    attempt(acme, "203.0.113.1")
    with app.database.system() as connection:
        connection.execute(text("UPDATE sign_in_source SET failed_at = failed_at - interval '2 days'"))
    attempt(acme, "203.0.113.2")
    with app.database.system() as connection:
        assert connection.execute(text("SELECT count(*) FROM sign_in_source")).scalar_one() == 1


def test_signing_out_ends_this_session_and_no_other(acme):
    here, there = acme.signed_in(Role.OPS), acme.signed_in(Role.OPS)
    assert acme.client.post("/api/v1/auth/logout", headers=here).status_code == 204
    ended = acme.client.get("/api/v1/me", headers=here)
    assert (ended.status_code, ended.json()["error"]["details"]["reason"]) == (401, "SESSION_ENDED")
    assert acme.client.get("/api/v1/me", headers=there).status_code == 200
    assert acme.call("POST", "/auth/logout").status_code == 409, "a key has no session"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1}, "TOKEN_EXPIRED"),
        ({"sub": "x"}, "TOKEN_INVALID"),
        ({"ver": "x"}, "TOKEN_INVALID"),
        ({"ver": 1}, "SESSION_ENDED"),
        ({"iss": "another"}, "TOKEN_INVALID"),
        ({"aud": "another"}, "TOKEN_INVALID"),
        ({"jti": "x"}, "TOKEN_INVALID"),
        ({"exp": 10**20}, "TOKEN_INVALID"),
    ],
)
def test_a_token_that_is_off_in_any_way_is_refused(acme, app, claims, reason):
    token = acme.login().json()["access_token"]
    known = jwt.decode(token, options={"verify_signature": False})
    forged = jwt.encode(known | claims, app.settings.token_secret(), algorithm="HS256")
    answer = acme.client.get("/api/v1/me", headers={"Authorization": f"Bearer {forged}"})
    assert answer.status_code == 401
    assert answer.json()["error"]["details"]["reason"] == reason
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_signed_with_nothing_or_another_key_is_refused(acme):
    known = jwt.decode(acme.login().json()["access_token"], options={"verify_signature": False})
    known["exp"] = time.time() + 60
    for forged in (jwt.encode(known, "", algorithm="none"), jwt.encode(known, "k" * 32, algorithm="HS256")):
        answer = acme.client.get("/api/v1/me", headers={"Authorization": f"Bearer {forged}"})
        assert answer.json()["error"]["details"]["reason"] == "TOKEN_INVALID"


def test_another_role_a_new_password_and_the_end_of_an_account_end_its_sessions(acme):
    users = {user["email"]: user["id"] for user in acme.call("GET", "/users").json()["items"]}
    path = f"/users/{users['ops@acme.example']}"
    for change in (
        lambda: acme.call("PATCH", path, json={"role": "VIEWER"}),
        lambda: acme.call("POST", f"{path}/password", json={"password": acme.password}),
        lambda: acme.call("PATCH", path, json={"active": False}),
    ):
        session = acme.signed_in(Role.OPS)
        assert acme.client.get("/api/v1/me", headers=session).status_code == 200
        assert change().status_code in {200, 204}
        assert acme.client.get("/api/v1/me", headers=session).status_code == 401
    assert acme.login(Role.OPS).status_code == 401


def test_a_user_changes_the_own_password(acme, secret):
    session = acme.signed_in(Role.VIEWER)
    new = secret("password")
    wrong = {"old_password": "not the password", "new_password": new}
    answer = acme.client.post("/api/v1/me/password", headers=session, json=wrong)
    assert answer.json()["error"]["details"]["fields"][0]["field"] == "old_password"
    right = {"old_password": acme.password, "new_password": new}
    assert acme.client.post("/api/v1/me/password", headers=session, json=right).status_code == 204
    assert acme.client.get("/api/v1/me", headers=session).status_code == 401
    assert acme.login(Role.VIEWER, new).status_code == 200
    assert acme.call("POST", "/me/password", json=right).status_code == 409
