"""A connector is healthy only once something proved it."""

from __future__ import annotations

import time

import pytest

from orderflow.domain.access import Role
from orderflow.entrypoints.api import proofs

BAD = {"mode": "unavailable"}


def made(acme, config=None, **more):
    body = {"connector_type": "MOCK", "config": config or {}, "status": "DISABLED", **more}
    answer = acme.call("POST", "/connectors", Role.INTEGRATOR, json=body)
    assert answer.status_code == 201
    return answer.json()


def proof(acme, connector):
    return acme.call("GET", f"/connectors/{connector['id']}").json()["health"]["proof"]


def test_nothing_is_proved_by_saving_and_a_test_proves_until_the_configuration_changes(acme):
    connector = made(acme)
    path = f"/connectors/{connector['id']}"
    assert connector["health"]["proof"] == "UNTESTED"
    assert acme.call("POST", f"{path}/test").status_code == 200
    assert proof(acme, connector) == "TESTED"
    acme.call("PATCH", path, json={"name": "Other", "answer_within": 60})
    assert proof(acme, connector) == "TESTED"
    acme.call("PATCH", path, json={"config": BAD})
    assert proof(acme, connector) == "UNTESTED"
    assert acme.call("POST", f"{path}/test").status_code == 400
    health = acme.call("GET", path).json()["health"]
    assert health["proof"] == "TEST_FAILED"
    assert health["test_error"]["code"] == "TARGET_UNAVAILABLE"
    assert health["test_error"]["at"]


def test_enabling_what_nothing_proves_tests_it_first(acme):
    good, bad = made(acme), made(acme, BAD)
    refused = acme.call("POST", f"/connectors/{bad['id']}/enable")
    assert refused.status_code == 409
    error = refused.json()["error"]
    assert error["details"]["reason"] == "TEST_FAILED"
    assert "The mock ERP is down." in error["message"]
    enabled = acme.call("POST", f"/connectors/{good['id']}/enable").json()
    assert (enabled["status"], enabled["health"]["proof"]) == ("ACTIVE", "TESTED")
    acme.call("POST", f"/connectors/{good['id']}/disable")
    enabled = acme.call("POST", f"/connectors/{bad['id']}/enable", json={"untested": True}).json()
    assert (enabled["status"], enabled["health"]["proof"]) == ("ACTIVE", "TEST_FAILED")


def test_a_test_that_passed_in_the_form_counts_for_that_configuration_alone(acme, make_tenant, monkeypatch):
    config = {"mode": "success", "fail_times": 3}
    passed = acme.call("POST", "/connectors/test", json={"connector_type": "MOCK", "config": config}).json()["proof"]
    connector = made(acme, config, test_proof=passed)
    assert connector["health"]["proof"] == "TESTED"
    assert made(acme, config | {"fail_times": 4}, test_proof=passed)["health"]["proof"] == "UNTESTED"
    assert made(make_tenant("other"), config, test_proof=passed)["health"]["proof"] == "UNTESTED"
    assert made(acme, config, test_proof="9" + passed)["health"]["proof"] == "UNTESTED"
    path = f"/connectors/{connector['id']}"
    changed = acme.call("PATCH", path, json={"config": config | {"fail_times": 5}, "test_proof": passed}).json()
    assert changed["health"]["proof"] == "UNTESTED"
    again = acme.call("PATCH", path, json={"config": config, "test_proof": passed}).json()
    assert again["health"]["proof"] == "TESTED"
    monkeypatch.setattr(time, "time", lambda: 4_000_000_000.0)
    assert not proofs.TestProofs("s").holds(passed, acme.org_id, "MOCK", config), "they end"


@pytest.mark.parametrize("junk", ["", ".", "x.y", "9" * 200, "\u0661.a", None])
def test_junk_proves_nothing(acme, junk):
    assert not proofs.TestProofs("s" * 32).holds(junk, acme.org_id, "MOCK", {})
