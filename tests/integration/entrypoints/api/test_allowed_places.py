"""Where connections may lead that are set up over the API, and what the operator set up before."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from orderflow.domain.access import Role
from orderflow.domain.errors import InputError
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.ports import Actor
from orderflow.flow.setup.connections import add_connection, edit_connection
from orderflow.flow.setup.places import beyond_the_lists
from orderflow.net import allowed
from orderflow.net.allowed import AllowedFolder, AllowedNetwork, Rules, set_rules

OPERATOR = Actor("cli:root")
REST = {"url": "https://erp.example/orders", "auth": "bearer"}


@pytest.fixture(autouse=True)
def rules(app):
    """The defaults: no folder, and no address of this machine."""
    before = allowed._rules
    set_rules(Rules())
    yield
    set_rules(before)


@pytest.fixture
def folders(tmp_path):
    made = [tmp_path / name for name in ("in", "other")]
    for folder in made:
        folder.mkdir()
    return [{"mode": "filesystem", "export_path": str(folder)} for folder in made]


def test_a_folder_is_refused_at_its_field_until_it_is_allowed(acme, folders, tmp_path):
    body = {"connector_type": "DROPZONE_JSON_V1", "config": folders[0]}
    for path, json in (
        ("/connectors", body),
        ("/connectors/test", body),
        ("/connectors", {**body, "test_on_save": True}),
    ):
        refused = acme.call("POST", path, Role.INTEGRATOR, json=json)
        assert refused.status_code == 422
        error = refused.json()["error"]
        assert error["details"]["fields"][0]["field"] == "export_path"
        assert "may not use the folder" in error["message"]
    set_rules(Rules(folders=[AllowedFolder("acme", tmp_path)]))
    assert acme.call("POST", "/connectors/test", Role.INTEGRATOR, json=body).status_code == 200
    assert acme.call("POST", "/connectors", Role.INTEGRATOR, json=body).status_code == 201


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/x", "https://localhost/x", "https://169.254.169.254/x", "https://[::1]/x"]
)
def test_an_address_of_this_machine_is_refused_at_its_field(acme, secret, url):
    config = REST | {"url": url, "token": secret("token")}
    refused = acme.call("POST", "/connectors", Role.INTEGRATOR, json={"connector_type": "REST_JSON", "config": config})
    assert refused.status_code == 422
    assert refused.json()["error"]["details"]["fields"][0]["field"] == "url"


def test_what_the_operator_set_up_goes_on_and_is_checked_when_it_is_to_lead_elsewhere(acme, app, folders):
    made = add_connection(app.wiring, acme.org_id, "DROPZONE_JSON_V1", folders[0], OPERATOR)
    path = f"/connectors/{made}"
    assert acme.call("POST", f"{path}/test", Role.INTEGRATOR).status_code == 200
    assert acme.call("PATCH", path, Role.INTEGRATOR, json={"config": folders[0] | {"fsync": True}}).status_code == 200
    assert acme.call("POST", f"{path}/test", Role.INTEGRATOR).status_code == 200, "still the operator's"
    unsaved = {"connector_type": "DROPZONE_JSON_V1", "config": folders[0], "id": str(made)}
    assert acme.call("POST", "/connectors/test", Role.INTEGRATOR, json=unsaved).status_code == 200
    assert acme.call("PATCH", path, Role.INTEGRATOR, json={"config": folders[1]}).status_code == 422
    assert acme.call("POST", "/connectors/test", json=unsaved | {"config": folders[1]}).status_code == 422


def test_what_was_set_up_over_the_api_is_held_whenever_it_is_used(acme, app, folders, tmp_path):
    set_rules(Rules(folders=[AllowedFolder("", tmp_path)]))
    body = {"connector_type": "DROPZONE_JSON_V1", "config": folders[0]}
    made = acme.call("POST", "/connectors", Role.INTEGRATOR, json=body).json()["id"]
    set_rules(Rules(folders=[AllowedFolder("", tmp_path / "other")]))
    refused = acme.call("POST", f"/connectors/{made}/test", Role.INTEGRATOR)
    assert refused.status_code == 400
    assert "may not use the folder" in refused.json()["error"]["message"]
    edit_connection(app.wiring, acme.org_id, UUID(made), folders[1], OPERATOR)
    set_rules(Rules())
    assert acme.call("POST", f"/connectors/{made}/test", Role.INTEGRATOR).status_code == 200, "the operator moved it"


def test_one_organization_s_network_is_not_another_s(acme, make_tenant, secret):
    beta = make_tenant("beta")
    set_rules(Rules(networks=[AllowedNetwork.parse("acme=127.0.0.1")]))
    config = REST | {"url": "https://127.0.0.1:9/x", "token": secret("token")}
    body = {"connector_type": "REST_JSON", "config": config, "status": "DISABLED"}
    assert acme.call("POST", "/connectors", json=body).status_code == 201
    assert beta.call("POST", "/connectors", json=body).status_code == 422


def test_doctor_knows_what_leads_beyond_the_lists(acme, app, folders, tmp_path):
    made = add_connection(app.wiring, acme.org_id, "DROPZONE_JSON_V1", folders[0], OPERATOR)
    mock = add_connection(app.wiring, acme.org_id, "MOCK", {}, OPERATOR)
    ((found, place),) = beyond_the_lists(app.wiring, acme.org_id, [made, mock])
    assert (found, place.name) == (made, folders[0]["export_path"])
    set_rules(Rules(folders=[AllowedFolder("", tmp_path)]))
    assert list(beyond_the_lists(app.wiring, acme.org_id, [made, mock])) == []


def test_workers_deliver_over_what_the_operator_set_up_and_not_over_what_the_api_may_not_reach_any_more(
    acme, app, folders, tmp_path
):
    config = folders[0]
    made = add_connection(app.wiring, acme.org_id, "DROPZONE_JSON_V1", config, OPERATOR, enabled=True)
    order = {
        "order_date": "2031-01-31", "currency": "EUR", "customer": {"erp_customer_number": "4711"},
        "lines": [{"line_no": 1, "internal_sku": "A", "qty": 1, "uom": "PCE", "unit_price": 1}],
    }  # fmt: skip

    def deliver(number):
        stored = acme.call("POST", "/draft-orders", json=order | {"external_order_number": number}).json()
        assert acme.call("POST", f"/draft-orders/{stored['id']}/approve").status_code == 200
        assert acme.call("POST", f"/draft-orders/{stored['id']}/push").status_code in (200, 202)
        push_batch(app.wiring, acme.org_id, made)
        return acme.call("GET", f"/draft-orders/{stored['id']}").json()["status"]

    assert deliver("PO-1") == "PUSHED"
    health = acme.call("GET", f"/connectors/{made}").json()
    assert health["health"]["proof"] == "DELIVERED"
    assert health["delivered_at"]
    with app.store.work(acme.org_id) as work:
        work.connections.replace_config(made, config, restricted=True)
    assert deliver("PO-2") == "PUSHING"
    error = acme.call("GET", f"/connectors/{made}").json()["health"]["error"]
    assert error["code"] == "FOLDER_NOT_ALLOWED"
    assert len(list((tmp_path / "in").iterdir())) == 1


def test_a_type_that_is_withheld_is_added_by_nobody(acme, app):
    wiring = replace(app.wiring, withheld=frozenset({"MOCK"}))
    with pytest.raises(InputError) as caught:
        add_connection(wiring, acme.org_id, "MOCK", {}, OPERATOR)
    assert caught.value.code == "CONNECTOR_TYPE_WITHHELD"


@pytest.mark.parametrize("name", ["a\nb", "\u202eabc", "\x1b[2J", " ", "\u200b"])
def test_a_connector_s_name_shows_as_what_it_is(acme, app, name):
    body = {"connector_type": "MOCK", "config": {}, "name": name}
    assert acme.call("POST", "/connectors", json=body).status_code == 422
    with pytest.raises(InputError, match="name"):
        add_connection(app.wiring, acme.org_id, "MOCK", {}, OPERATOR, name=name)
