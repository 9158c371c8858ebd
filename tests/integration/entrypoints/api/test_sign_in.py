"""Signing in: who gets a token, for how long it counts, and what an attacker learns."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.entrypoints.api import auth
from orderflow.flow.people.sign_in import LOCK_AFTER


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
    monkeypatch.setattr(app.passwords, "verify", lambda stored, given: seen.append(stored) or verify(stored, given))
    acme.client.post("/api/v1/auth/login", json={"email": "nobody@acme.example", "password": "not the password"})
    assert seen == [None]


def test_a_refusal_takes_as_long_whatever_it_was_for(acme, monkeypatch):
    """Were only the verification as long, the writes for a known address would tell it from an unknown one."""
    monkeypatch.setattr(auth, "REFUSED_AFTER", 0.4)
    for email in ("nobody@acme.example", acme.emails[Role.OPS]):
        body = {"email": email, "password": "not the password"}
        started = time.monotonic()
        assert acme.client.post("/api/v1/auth/login", json=body).status_code == 401
        assert time.monotonic() - started >= 0.4


def test_repeated_failures_lock_the_account_also_for_the_right_password(acme, app):
    for _ in range(LOCK_AFTER):
        assert acme.login(password="not the password").status_code == 401
    assert acme.login().status_code == 401
    actions = [row["action"] for row in rows(app, acme, "SELECT action FROM audit_log ORDER BY created_at, id")]
    assert actions.count("LOGIN_FAILED") == LOCK_AFTER + 1


def test_a_lock_ends_by_itself_and_counts_from_the_start_again(acme, app):
    for _ in range(LOCK_AFTER):
        acme.login(password="not the password")
    with app.database.transaction(acme.org_id) as connection:
        connection.execute(text("UPDATE app_user SET locked_until = now() WHERE locked_until IS NOT NULL"))
    assert acme.login(password="not the password").status_code == 401
    assert acme.login().status_code == 200


def test_too_many_attempts_are_told_when_to_come_back(acme):
    answers = [acme.login(password="not the password") for _ in range(11)]
    assert answers[-1].status_code == 429
    assert answers[-1].json()["error"]["code"] == "RATE_LIMITED"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1}, "TOKEN_EXPIRED"),
        ({"sub": "x"}, "TOKEN_INVALID"),
        ({"ver": "x"}, "TOKEN_INVALID"),
        ({"ver": 1}, "SESSION_ENDED"),
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
