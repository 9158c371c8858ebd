"""A second factor over the API: at every door, once, and not to be guessed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyotp
import pytest
from sqlalchemy import text

from orderflow.domain.access import Role
from orderflow.flow.people import second_factor
from orderflow.flow.people.sign_in import FREE
from orderflow.secrets.encryption import EncryptionService
from orderflow.secrets.keys import generate_key
from orderflow.storage.people.second_factors import SqlSecondFactors
from orderflow.storage.system.rotation import rotate

OWN = "/api/v1/me/second-factor"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For codes alone: it stands still until it is set."""
    at = [time.time()]

    class Stopped:
        time = staticmethod(lambda: at[0])

    monkeypatch.setattr(second_factor, "time", Stopped)
    return at


class Person:
    """Somebody with an app on their phone."""

    def __init__(self, acme: Any, clock: list[float], role: Role = Role.OPS) -> None:
        self.acme, self.clock, self.role = acme, clock, role
        self.session = acme.signed_in(role)
        begun = self.own("", password=acme.password).json()
        assert begun["picture"].startswith("data:image/svg+xml")
        acme.canaries.add(begun["secret"])
        self.app = pyotp.TOTP(begun["secret"])
        self.codes = self.own("/confirm", code=self.code()).json()["recovery_codes"]

    def code(self) -> str:
        """The next code: the clock has gone on."""
        self.clock[0] += second_factor.STEP
        return self.app.at(int(self.clock[0]))

    def own(self, path: str, **body: Any) -> Any:
        return self.acme.client.post(f"{OWN}{path}", headers=self.session, json=body)

    def sign_in(self, code: str | None = None, place: str = "203.0.113.1", password: str | None = None) -> Any:
        body = {"email": self.acme.emails[self.role], "password": password or self.acme.password, "code": code}
        return self.acme.client.post("/api/v1/auth/login", json=body, headers={"X-Forwarded-For": place})


def reason(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["details"]["reason"]


def test_from_then_on_a_code_is_wanted_at_every_door(acme, clock):
    with acme.canaries.look_away():
        person = Person(acme, clock)
    assert reason(person.sign_in()) == (401, "CODE_NEEDED")
    assert reason(person.sign_in(password="not the password")) == (401, "SIGN_IN_REFUSED")
    assert reason(person.sign_in("123456")) == (401, "CODE_WRONG")
    code = person.code()
    assert person.sign_in(code).status_code == 200
    assert reason(person.sign_in(code)) == (401, "CODE_WRONG"), "who saw it has nothing of it"
    assert person.sign_in(person.codes[0]).status_code == 200
    assert reason(person.sign_in(person.codes[0])) == (401, "CODE_WRONG")
    known = acme.client.get(OWN, headers=person.session).json()
    assert known == {"on": True, "required": False, "recovery_codes_left": len(person.codes) - 1}
    browser = {"Origin": str(acme.client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    body = {"email": acme.emails[Role.OPS], "password": acme.password}
    assert reason(acme.client.post("/api/v1/auth/session", headers=browser, json=body)) == (401, "CODE_NEEDED")
    body["code"] = person.code()
    assert acme.client.post("/api/v1/auth/session", headers=browser, json=body).status_code == 200
    assert acme.call("GET", "/draft-orders", Role.OPS).status_code == 200, "programs go on with their keys"
    users = {user["email"]: user["second_factor"] for user in acme.call("GET", "/users").json()["items"]}
    assert users == {email: role is Role.OPS for role, email in acme.emails.items()}


def test_one_code_sent_by_many_at_once_gets_one_in(acme, clock):
    with acme.canaries.look_away():
        person = Person(acme, clock)
    code = person.code()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: person.sign_in(code).status_code, range(4)))
    assert sorted(answers) == [200, 401, 401, 401]


def test_codes_cannot_be_guessed_and_guessing_keeps_nobody_out_where_they_work(acme, clock):
    with acme.canaries.look_away():
        person = Person(acme, clock)
    assert person.sign_in(person.code(), "203.0.113.7").status_code == 200
    places = [f"198.51.100.{number}" for number in range(FREE + 1)]
    guesses = [reason(person.sign_in("123456", place))[0] for place in places]
    assert guesses == [401] * FREE + [429], "from however many places"
    assert person.sign_in(person.code(), "198.51.100.77").status_code == 429
    assert person.sign_in(person.code(), "203.0.113.7").status_code == 200
    at_home = [reason(person.sign_in("123456", "203.0.113.7"))[0] for _ in range(FREE + 1)]
    assert at_home == [401] * FREE + [429], "nor from where they work"


def test_who_found_an_open_screen_changes_nothing(acme, clock):
    with acme.canaries.look_away():
        person = Person(acme, clock)
    assert reason(person.own("/off", password="not the password", code=person.code())) == (422, "PASSWORD_WRONG")
    assert reason(person.own("/off", password=acme.password, code="123456")) == (422, "CODE_WRONG")
    assert reason(person.own("", password=acme.password)) == (409, "SECOND_FACTOR_ON")
    assert person.own("/off", password=acme.password, code=person.code()).status_code == 204
    assert person.sign_in().status_code == 200


def test_an_organization_may_require_it(acme, make_tenant, clock):
    session = acme.signed_in(Role.VIEWER)
    assert acme.call("PATCH", "/organization", json={"second_factor_required": True}).status_code == 200
    assert acme.call("GET", "/organization").json()["second_factor_required"] is True
    refused = acme.client.get("/api/v1/draft-orders", headers=session)
    assert reason(refused) == (403, "SECOND_FACTOR_NEEDED")
    assert acme.client.get("/api/v1/me", headers=session).status_code == 200
    assert acme.call("GET", "/draft-orders", Role.VIEWER).status_code == 200
    with acme.canaries.look_away():
        person = Person(acme, clock, Role.VIEWER)
    assert acme.client.get("/api/v1/draft-orders", headers=person.session).status_code == 200
    other = make_tenant("other")
    assert other.client.get("/api/v1/draft-orders", headers=other.signed_in(Role.VIEWER)).status_code == 200


def test_an_administrator_takes_it_away_from_their_own_users_alone(acme, make_tenant, clock):
    with acme.canaries.look_away():
        person = Person(acme, clock)
    users = {user["email"]: user["id"] for user in acme.call("GET", "/users").json()["items"]}
    path = f"/users/{users[acme.emails[Role.OPS]]}/second-factor"
    assert make_tenant("other").call("DELETE", path).status_code == 404
    assert acme.call("DELETE", path, Role.OPS).status_code == 403
    assert reason(person.sign_in()) == (401, "CODE_NEEDED")
    assert acme.call("DELETE", path).status_code == 204
    assert acme.client.get("/api/v1/me", headers=person.session).status_code == 401, "whoever had the phone is out"
    assert person.sign_in().status_code == 200


def test_its_secret_is_sealed_for_its_user_and_goes_along_when_the_key_changes(acme, app, clock):
    with acme.canaries.look_away():
        person = Person(acme, clock)
    with app.database.transaction(acme.org_id) as connection:
        row = connection.execute(text("SELECT user_id, sealed, key_id, recovery FROM second_factor")).one()
    assert person.app.secret.encode() not in bytes(row.sealed)
    assert not set(person.codes) & set(row.recovery)
    master = app.settings.encryption_master_key
    new = EncryptionService(generate_key(), [master.get_secret_value()])
    *_, done = rotate(app.database, new)
    assert (done.sealed, done.unreadable) == (1, [])
    with app.database.transaction(acme.org_id) as connection:
        found = SqlSecondFactors(connection, acme.org_id, new).get(row.user_id)
        key_id = connection.execute(text("SELECT key_id FROM second_factor")).scalar_one()
    assert found is not None
    assert (found.secret, key_id) == (person.app.secret, new.key_id)
