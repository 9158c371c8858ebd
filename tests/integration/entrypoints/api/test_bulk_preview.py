"""Before many orders are pushed, the API tells where they would go; and there they go."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import text

ODOO = {"url": "https://odoo.example", "database": "erp", "api_key": "sesame"}
ORDER = {
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711"},
    "lines": [{"line_no": 1, "internal_sku": "INT-999", "qty": 10, "uom": "M"}],
}


@pytest.fixture
def germany(acme):
    return acme.call("POST", "/connectors", json={"connector_type": "MOCK", "name": "Germany", "config": {}}).json()[
        "id"
    ]


@pytest.fixture
def turkey(acme, germany):
    return acme.call("POST", "/connectors", json={"connector_type": "ODOO", "name": "Turkey", "config": ODOO}).json()[
        "id"
    ]


def orders(acme, number):
    made = [acme.call("POST", "/draft-orders", json=ORDER).json()["id"] for _ in range(number)]
    acme.call("POST", "/draft-orders/bulk", json={"action": "approve", "ids": made})
    return made


def preview(acme, **body):
    answer = acme.call("POST", "/draft-orders/bulk/preview", json=body)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["orders"] == sum(each["orders"] for each in found["destinations"] if not each["stays"])
    return {
        each["connection_name"] + (" bound" if each["bound"] else "") + (" stays" if each["stays"] else ""): each[
            "orders"
        ]
        for each in found["destinations"]
    }


def fail(app, acme, order_ids, *, begun):
    """As if their deliveries had failed, with or without a chance that they arrived."""
    with app.store.work(acme.org_id) as work:
        values = {"ids": order_ids}
        work.connection.execute(
            text("UPDATE draft_order SET status = 'ERROR' WHERE id = ANY(CAST(:ids AS uuid[]))"), values
        )
        set_begun = ", begun_at = now()" if begun else ""
        failed = f"UPDATE erp_export SET status = 'FAILED'{set_begun} WHERE draft_order_id = ANY(CAST(:ids AS uuid[]))"
        work.connection.execute(text(failed), values)


def test_a_push_goes_to_the_default_or_to_what_is_chosen(acme, germany, turkey):
    made = orders(acme, 3)
    assert preview(acme, action="push", ids=made) == {"Germany": 3}
    assert preview(acme, action="push", filter={}, connection_id=turkey) == {"Turkey": 3}
    assert {acme.call("GET", f"/draft-orders/{each}").json()["status"] for each in made} == {"APPROVED"}


def test_a_retry_goes_where_the_order_may_have_arrived_and_else_to_what_is_chosen(acme, app, germany, turkey):
    held, free = orders(acme, 2), orders(acme, 3)
    acme.call("POST", "/draft-orders/bulk", json={"action": "push", "ids": [*held, *free], "connection_id": turkey})
    fail(app, acme, held, begun=True)
    fail(app, acme, free, begun=False)
    assert preview(acme, action="retry", filter={}, connection_id=turkey) == {"Turkey": 3, "Turkey bound": 2}
    assert preview(acme, action="retry", filter={}) == {"Germany": 3, "Turkey bound": 2}
    named = {"action": "retry", "filter": {}, "connection_id": germany}
    assert preview(acme, **named) == {"Germany": 3, "Turkey bound stays": 2}
    acme.call("POST", f"/connectors/{turkey}/disable")
    assert preview(acme, action="retry", filter={}) == {"Germany": 3, "Turkey bound stays": 2}
    acme.call("POST", f"/connectors/{turkey}/enable", json={"untested": True})
    assert acme.call("POST", "/draft-orders/bulk", json={"action": "retry", "filter": {}}).json()["succeeded"] == 5
    gone = Counter(each["connection_name"] for each in acme.call("GET", "/exports?waiting=true").json()["items"])
    assert gone == {"Germany": 3, "Turkey": 2}


def test_what_is_told_to_stay_is_refused(acme, app, germany, turkey):
    made = orders(acme, 2)
    acme.call("POST", "/draft-orders/bulk", json={"action": "push", "ids": made, "connection_id": turkey})
    fail(app, acme, made, begun=True)
    named = {"action": "retry", "ids": made, "connection_id": germany}
    assert preview(acme, **named) == {"Turkey bound stays": 2}
    refused = acme.call("POST", "/draft-orders/bulk", json=named).json()
    assert {each["error"]["code"] for each in refused["results"]} == {"POSSIBLY_DELIVERED"}


def test_orders_in_another_state_and_of_others_are_not_counted(acme, make_tenant, germany):
    made, theirs = orders(acme, 2), orders(make_tenant("stranger"), 1)
    acme.call("POST", f"/draft-orders/{made[0]}/reject")
    assert preview(acme, action="push", ids=[*made, *theirs]) == {"Germany": 1}
    approving = acme.call("POST", "/draft-orders/bulk/preview", json={"action": "approve", "filter": {}}).json()
    assert approving == {"orders": 0, "more": False, "destinations": [], "waiting": 0}


def test_where_nothing_can_go_anywhere_is_told_before(acme):
    orders(acme, 1)
    refused = acme.call("POST", "/draft-orders/bulk/preview", json={"action": "push", "filter": {}})
    assert (refused.status_code, refused.json()["error"]["details"]["reason"]) == (409, "NO_ACTIVE_CONNECTION")
