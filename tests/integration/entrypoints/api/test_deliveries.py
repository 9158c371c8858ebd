"""Exports, attempts, documents, the overview, and what a person does to a delivery."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from sqlalchemy import text

from orderflow.flow.delivery.push_batch import push_batch

ORDER = {
    "external_order_number": "PO-1",
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711", "name": "Muster GmbH"},
    "lines": [{"line_no": 1, "internal_sku": "INT-999", "qty": 10, "uom": "M", "unit_price": 1.23}],
}


@pytest.fixture
def zone(acme, tmp_path):
    """A dropzone in a folder."""
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    config = {"mode": "filesystem", "export_path": str(tmp_path / "in"), "ack_path": str(tmp_path / "out")}
    body = {"config": config, "answer_within": 60, "in_doubt": "hold"}
    return acme.call("POST", "/connectors/dropzone-json-v1", json=body).json()["id"]


@pytest.fixture
def mock(acme, zone):
    """A second connector, that is not the default."""
    return acme.call("POST", "/connectors/mock", json={"config": {}}).json()["id"]


def pushed(acme, count=1):
    orders = [{**ORDER, "external_order_number": f"PO-{number}"} for number in range(count)]
    answer = acme.call("POST", "/draft-orders/import?on_duplicate=new", content="\n".join(map(json.dumps, orders)))
    ids = [json.loads(line)["id"] for line in answer.text.splitlines()]
    acme.call("POST", "/draft-orders/bulk", json={"action": "approve", "ids": ids})
    assert acme.call("POST", "/draft-orders/bulk", json={"action": "push", "ids": ids}).json()["succeeded"] == count
    return ids


def exports(acme, query=""):
    return acme.call("GET", f"/exports?{query}").json()["items"]


def work_off(app, acme, connection_id):
    while push_batch(app.wiring, acme.org_id, connection_id):
        pass


def do(app, acme, statement):
    with app.store.work(acme.org_id) as work:
        work.connection.execute(text(statement))


def test_what_waits_for_a_busy_erp_says_until_when(acme, app, zone):
    pushed(acme)
    do(app, acme, "UPDATE erp_connection SET rests_until = now() + interval '1 minute'")
    (export,) = exports(acme)
    assert export["waits_for"] == "TARGET_RESTS"
    assert export["rests_until"] == acme.call("GET", f"/connectors/{zone}").json()["health"]["rests_until"]
    do(app, acme, "UPDATE erp_connection SET rests_until = now()")
    (export,) = exports(acme)
    assert (export["waits_for"], export["rests_until"]) == ("WORKER", None)


def test_an_answer_that_cannot_be_read_shows_on_its_order_and_is_found(acme, app, zone):
    first, second = pushed(acme, 2)
    work_off(app, acme, zone)
    shown = {"file": "ack_1.json", "reason": "It is no JSON.", "excerpt": "OK!", "read_at": "2026-01-05T10:00:00Z"}
    answer = json.dumps(shown | {"digest": "00"})
    do(app, acme, f"UPDATE erp_export SET unreadable_answer = '{answer}' WHERE draft_order_id = '{first}'")
    shown["export_id"] = exports(acme, f"order_id={first}")[0]["id"]
    assert acme.call("GET", f"/draft-orders/{first}").json()["unreadable_answer"] == shown
    assert [row["id"] for row in acme.call("GET", "/draft-orders?unreadable_answer=true").json()["items"]] == [first]
    assert [row["id"] for row in acme.call("GET", "/draft-orders?unreadable_answer=false").json()["items"]] == [second]
    assert {row["draft_order_id"]: row["unreadable_answer"] for row in exports(acme)} == {first: shown, second: None}
    do(app, acme, f"UPDATE draft_order SET status = 'ERROR' WHERE id IN ('{first}', '{second}')")
    bulk = {"action": "retry", "filter": {"unreadable_answer": True}}
    assert [one["id"] for one in acme.call("POST", "/draft-orders/bulk", json=bulk).json()["results"]] == [first]
    do(app, acme, f"UPDATE draft_order SET status = 'PUSHED' WHERE id = '{first}'")
    acme.call("POST", f"/draft-orders/{first}/confirm", json={"erp_order_id": "SO-1"})
    assert acme.call("GET", "/draft-orders?unreadable_answer=true").json()["items"] == []


def test_a_delivery_can_be_followed_and_its_document_downloaded(acme, app, zone, tmp_path):
    (order_id,) = pushed(acme)
    (export,) = exports(acme)
    assert (export["status"], export["waits_for"], export["draft_order_id"]) == ("PENDING", "WORKER", order_id)
    path = f"/exports/{export['id']}"
    assert acme.call("GET", f"{path}/document").status_code == 404
    work_off(app, acme, zone)
    sent = acme.call("GET", path).json()
    assert (sent["status"], sent["waits_for"], sent["connection_id"]) == ("SENT", None, zone)
    document = acme.call("GET", f"{path}/document")
    assert document.content == (tmp_path / "in" / sent["filename"]).read_bytes()
    assert document.headers["content-disposition"] == f"attachment; filename*=UTF-8''{sent['filename']}"
    (attempt,) = acme.call("GET", f"/push-log?export_id={export['id']}").json()["items"]
    detail = acme.call("GET", f"/push-log/{attempt['id']}").json()
    about = {"file": sent["filename"], "size": sent["document_size"], "sha256": sent["document_sha256"]}
    assert detail["request_json"] == about
    address = (tmp_path / "in" / sent["filename"]).as_uri()
    assert detail["response_json"] == {"file": sent["filename"], "path": address, "bytes": sent["document_size"]}
    do(app, acme, "UPDATE erp_export SET filename = 'another', staged_path = NULL")
    assert acme.call("GET", f"/push-log/{attempt['id']}").json() == detail, "it keeps what its export says no more"
    assert (detail["status"], detail["attempt_no"]) == ("SUCCESS", 1)
    assert detail["request_id"] == export["request_id"] is not None


def test_lists_are_filtered_and_paged(acme, app, zone):
    pushed(acme, 3)
    work_off(app, acme, zone)
    (late,) = pushed(acme)
    assert [export["draft_order_id"] for export in exports(acme, "status=PENDING")] == [late]
    assert len(exports(acme, "waiting=false")) == 3
    assert len(exports(acme, f"order_id={late}")) == 1
    assert (
        exports(acme, f"connection_id={uuid4()}") == exports(acme, "held=true") == exports(acme, "overdue=true") == []
    )
    do(app, acme, "UPDATE erp_export SET sent_at = now() - interval '2 minutes' WHERE status = 'SENT'")
    assert [export["overdue"] for export in exports(acme, "overdue=true")] == [True] * 3
    first = acme.call("GET", "/exports?limit=3").json()
    second = acme.call("GET", f"/exports?limit=3&cursor={first['next_cursor']}").json()
    assert len({export["id"] for export in first["items"] + second["items"]}) == 4
    log = acme.call("GET", "/push-log?limit=2&status=SUCCESS").json()
    rest = acme.call("GET", f"/push-log?limit=2&status=SUCCESS&cursor={log['next_cursor']}").json()
    assert (len(log["items"]), len(rest["items"])) == (2, 1)


@pytest.mark.parametrize(
    ("change", "waits_for"),
    [
        ("UPDATE erp_connection SET status = 'DISABLED'", "CONNECTOR_DISABLED"),
        ("UPDATE erp_connection SET breaker_state = 'OPEN'", "TARGET"),
        ("UPDATE erp_connection SET breaker_state = 'PAUSED'", "ATTENTION"),
        ("UPDATE erp_export SET next_attempt_at = now() + interval '1 hour'", "RETRY_TIME"),
        ("UPDATE erp_export SET lease_until = now() + interval '1 minute'", "ATTEMPT"),
        ("UPDATE erp_export SET held_at = now()", "DECISION"),
        ("UPDATE organization SET deliveries_paused_at = now() WHERE slug = 'acme'", "DELIVERIES_PAUSED"),
    ],
)
def test_what_waits_says_for_what(acme, app, zone, change, waits_for):
    pushed(acme)
    do(app, acme, change)
    assert [export["waits_for"] for export in exports(acme)] == [waits_for]


def test_what_waits_can_be_moved(acme, app, zone, mock):
    orders = pushed(acme, 4)
    ids = [export["id"] for export in exports(acme)]
    do(app, acme, f"UPDATE erp_export SET staged_at = now() WHERE id = '{ids[0]}'")
    body = {"from": zone, "to": mock}
    some = acme.call("POST", "/exports/move", json={**body, "ids": ids[:2]}).json()
    assert some == {"moved": 1, "not_moved": [ids[0]]}
    assert acme.call("POST", "/exports/move", json={**body, "all": True}).json()["moved"] == 2
    assert len(exports(acme, f"connection_id={mock}")) == 3
    work_off(app, acme, mock)
    delivered = acme.call("GET", "/draft-orders?status=PUSHED").json()["items"]
    assert len(delivered) == 3
    assert {item["id"] for item in delivered} < set(orders)
    for bad in (body, {**body, "ids": ids, "all": True}, {"from": zone, "to": zone, "all": True}):
        assert acme.call("POST", "/exports/move", json=bad).status_code == 422
    nowhere = str(uuid4())
    for ends in ({"from": zone, "to": nowhere}, {"from": nowhere, "to": mock}):
        assert acme.call("POST", "/exports/move", json={**ends, "all": True}).status_code == 404
    acme.call("POST", f"/connectors/{mock}/disable")
    assert acme.call("POST", "/exports/move", json={**body, "all": True}).status_code == 409


EARLIER = """
    INSERT INTO erp_push_log (id, org_id, draft_order_id, erp_export_id, attempt_no, connector_type, status,
                              request_json, error_message, idempotency_key)
    SELECT gen_random_uuid(), org_id, draft_order_id, id, 0, 'DROPZONE_JSON_V1', 'RETRYING',
           '{"destination": "there"}', 'It is away.', 'earlier' FROM erp_export
"""


def test_a_moved_delivery_is_written_anew_for_its_new_connector(acme, app, zone, mock):
    pushed(acme)
    (export,) = exports(acme)
    do(app, acme, "UPDATE erp_connection SET config_encrypted = '\\x00' WHERE connector_type = 'DROPZONE_JSON_V1'")
    do(app, acme, "UPDATE erp_export SET filename = 'old', document_sha256 = 'old', export_storage_key = 'old'")
    do(app, acme, EARLIER)
    acme.call("POST", "/exports/move", json={"from": zone, "to": mock, "ids": [export["id"]]})
    work_off(app, acme, mock)
    sent = acme.call("GET", f"/exports/{export['id']}").json()
    assert sent["status"] == "SENT"
    assert sent["filename"] != "old"
    attempts = acme.call("GET", f"/push-log?export_id={export['id']}").json()["items"]
    asked = [acme.call("GET", f"/push-log/{attempt['id']}").json()["request_json"] for attempt in attempts]
    now = {"file": sent["filename"], "size": sent["document_size"], "sha256": sent["document_sha256"]}
    now["destination"] = asked[0]["destination"]
    assert asked == [now, {"file": "old", "size": None, "sha256": "old", "destination": "there"}]


def test_a_doubt_is_resolved_by_a_person(acme, app):
    body = {"config": {"mode": "in_doubt"}, "in_doubt": "hold"}
    mock = acme.call("POST", "/connectors/mock", json=body).json()["id"]
    arrived, lost = pushed(acme, 2)
    work_off(app, acme, mock)
    held = {export["draft_order_id"]: export["id"] for export in exports(acme, "held=true")}
    assert held.keys() == {arrived, lost}
    acme.call("PATCH", f"/connectors/{mock}", json={"config": {}})
    resolved = acme.call("POST", f"/exports/{held[arrived]}/resolve", json={"as": "delivered"}).json()
    assert (resolved["status"], resolved["inferred"], resolved["held_at"]) == ("SENT", True, None)
    assert acme.call("GET", f"/draft-orders/{arrived}").json()["status"] == "PUSHED"
    again = acme.call("POST", f"/exports/{held[lost]}/resolve", json={"as": "send_again"}).json()
    assert (again["status"], again["waits_for"]) == ("PENDING", "WORKER")
    work_off(app, acme, mock)
    assert acme.call("GET", f"/draft-orders/{lost}").json()["status"] == "PUSHED"
    assert acme.call("POST", f"/exports/{held[lost]}/resolve", json={"as": "send_again"}).status_code == 409
    assert acme.call("POST", f"/exports/{held[lost]}/resolve", json={"as": "lost"}).status_code == 422


def test_a_doubt_that_nobody_has_looked_at_is_not_resolved(acme, app):
    body = {"config": {"mode": "in_doubt"}, "in_doubt": "hold"}
    mock = acme.call("POST", "/connectors/mock", json=body).json()["id"]
    (order_id,) = pushed(acme)
    work_off(app, acme, mock)
    (seen,) = exports(acme, "held=true")
    path, anna = f"/exports/{seen['id']}/resolve", {"as": "send_again", "perhaps_sent_at": seen["perhaps_sent_at"]}
    assert acme.call("POST", path, json=anna).json()["perhaps_sent_at"] is None
    work_off(app, acme, mock)
    (now,) = exports(acme, "held=true")
    assert now["perhaps_sent_at"] > seen["perhaps_sent_at"]
    ben = acme.call("POST", path, json=anna)
    assert (ben.status_code, ben.json()["error"]["details"]["reason"]) == (409, "STALE_DOUBT")
    assert acme.call("GET", f"/draft-orders/{order_id}").json()["latest_export"]["held_at"]
    assert acme.call("POST", path, json=anna | {"perhaps_sent_at": now["perhaps_sent_at"]}).status_code == 200


def test_a_connector_with_a_history_is_kept_for_it(acme, app, zone):
    pushed(acme)
    refused = acme.call("DELETE", f"/connectors/{zone}")
    assert refused.status_code == 409
    assert refused.json()["error"]["details"]["waiting"] == 1
    work_off(app, acme, zone)
    assert acme.call("DELETE", f"/connectors/{zone}").status_code == 204
    assert acme.call("GET", "/connectors").json()["items"] == []
    (export,) = exports(acme)
    assert export["connector_type"] == "DROPZONE_JSON_V1"
    assert app.system.due_polls() == []
    with app.store.work(acme.org_id) as work:
        row = work.connection.execute(text("SELECT status, deleted_at FROM erp_connection")).one()
    assert row.status == "DISABLED"
    assert row.deleted_at


def test_what_may_have_arrived_over_a_deleted_connector_is_not_retried_elsewhere(acme, app, zone, mock):
    (order_id,) = pushed(acme)
    work_off(app, acme, zone)
    do(app, acme, "UPDATE erp_export SET status = 'FAILED'")
    do(app, acme, "UPDATE draft_order SET status = 'ERROR'")
    assert acme.call("DELETE", f"/connectors/{zone}").status_code == 204
    path = f"/draft-orders/{order_id}/retry-push"
    assert acme.call("POST", path).status_code == 404
    assert acme.call("POST", path, json={"connection_id": mock}).status_code == 409
    assert acme.call("GET", f"/draft-orders/{order_id}").json()["status"] == "ERROR"


def test_the_overview_counts(acme, app, zone, mock):
    pushed(acme, 3)
    work_off(app, acme, zone)
    do(app, acme, "UPDATE erp_export SET status = 'ACKED', answered_at = sent_at + interval '5 s'")
    acme.call("PATCH", f"/connectors/{mock}", json={"config": {"mode": "rejected"}})
    acme.call("POST", f"/connectors/{mock}/default")
    pushed(acme)
    work_off(app, acme, mock)
    (waiting,) = pushed(acme)
    for period, points in (("24h", 24), ("7d", 28), ("30d", 30)):
        stats = acme.call("GET", f"/stats?period={period}").json()
        assert len(stats["series"]) == points
        assert sum(point["requested"] for point in stats["series"]) == 5
    assert stats["orders_today"] == {"PUSHED": 3, "ERROR": 1, "PUSHING": 1}
    numbers = stats["deliveries"]
    assert [numbers[name] for name in ("requested", "delivered", "confirmed", "failed")] == [5, 3, 3, 1]
    assert numbers["success_rate"] == 0.75
    assert numbers["confirmation_seconds"] == {"p50": 5.0, "p95": 5.0}
    assert 0 < numbers["delivery_seconds"]["p50"] <= numbers["delivery_seconds"]["p95"]
    assert stats["queue"]["waiting"] == 1
    assert stats["queue"]["oldest_waiting_seconds"] >= 0
    assert [(reason["code"], reason["exports"]) for reason in stats["failures"]] == [("MOCK_REJECTED", 1)]
    assert {row["id"]: row["health"]["waiting"] for row in stats["connectors"]} == {zone: 0, mock: 1}
    assert waiting
    _are_told_group_by_group(acme, zone, mock)
    _are_narrowed(acme, zone, mock)
    _are_no_formulas(app, acme)


def _are_told_group_by_group(acme, zone, mock):
    by = {name: acme.call("GET", f"/stats/deliveries?period=7d&by={name}").json()["items"] for name in BYS}
    good, bad = by["connection"]
    assert (good["key"], good["requested"], good["success_rate"]) == (zone, 3, 1.0)
    assert (bad["key"], bad["requested"], bad["failed"], bad["success_rate"]) == (mock, 2, 1, 0.0)
    assert good["confirmation_seconds"] == {"p50": 5.0, "p95": 5.0}
    assert [sum(each[what] for each in bad["series"]) for what in ("requested", "failed")] == [2, 1]
    assert len(bad["series"]) == 28
    *_, before, last = good["series"]
    went = last if last["requested"] else before  # six hours may have ended meanwhile
    assert {name: went[name] for name in WENT} == {name: good[name] for name in WENT}
    (never,) = {(point["success_rate"], point["delivery_seconds"]["p50"]) for point in good["series"][:-2]}
    assert never == (None, None)
    (nobody,) = by["route"]
    assert (nobody["key"], nobody["requested"]) == (None, 5)
    (customer,) = by["customer"]
    assert (customer["key"], customer["requested"]) == ("4711", 5)
    (reason,) = by["reason"]
    assert (reason["key"], reason["requested"]) == ("MOCK_REJECTED", 1)
    german = {"Accept-Language": "de"}
    (told_german,) = acme.call("GET", "/stats/deliveries?period=7d&by=reason", headers=german).json()["items"]
    assert told_german == reason | {"name": "Das Mock-ERP lehnt diesen Auftrag ab."}
    for path in ("/stats/deliveries/csv?by=reason", "/draft-orders/csv?status=ERROR"):
        assert told_german["name"] in acme.call("GET", path, headers=german).text
    told = acme.call("GET", "/stats/deliveries/csv?by=connection&decimal=,").text.splitlines()
    assert told[0].startswith("\ufeffname;key;requested")
    assert told[1].split(";")[1:7] == [zone, "3", "3", "3", "0", "1,0000"]
    over_time = acme.call("GET", "/stats/deliveries/csv?period=7d&by=connection&over_time=true").text.splitlines()
    assert over_time[0].startswith("\ufeffname,key,at,requested")
    assert len(over_time) == 1 + 2 * 28
    (line,) = [line for line in over_time if f"{zone}," in line and ",3,3,3,0,1.0000," in line]
    assert went["at"][:13] in line


def _are_narrowed(acme, zone, mock):
    def reasons(query):
        found = acme.call("GET", f"/stats/deliveries?period=7d&by=reason&{query}").json()["items"]
        return [(each["key"], each["failed"], sum(point["failed"] for point in each["series"])) for each in found]

    failed = [("MOCK_REJECTED", 1, 1)]
    for query in (f"connection_id={mock}", "route=", "customer=4711", f"connection_id={mock}&customer=4711"):
        assert reasons(query) == failed, query
    for query in (f"connection_id={zone}", "route=default", "customer=", f"connection_id={zone}&customer=4711"):
        assert reasons(query) == [], query
    (only,) = acme.call("GET", f"/stats/deliveries?by=connection&connection_id={zone}").json()["items"]
    assert only["key"] == zone
    told = acme.call("GET", f"/stats/deliveries/csv?by=reason&connection_id={zone}").text.splitlines()
    assert len(told) == 1
    assert acme.call("GET", "/stats/deliveries?connection_id=mine").status_code == 422


def _are_no_formulas(app, acme):
    do(app, acme, "UPDATE draft_order SET customer_name = '=1+1', erp_customer_number = '@SUM(A1)'")
    told = acme.call("GET", "/stats/deliveries/csv?period=24h&by=customer&over_time=true").text.splitlines()
    assert {line.split(",")[:2] == ["'=1+1", "'@SUM(A1)"] for line in told[1:]} == {True}


BYS = ("connection", "route", "customer", "reason")
WENT = ("requested", "delivered", "confirmed", "failed", "success_rate", "delivery_seconds", "confirmation_seconds")


def test_an_organization_with_nothing_has_an_overview_too(acme):
    stats = acme.call("GET", "/stats").json()
    assert stats["orders_today"] == {}
    assert stats["deliveries"]["success_rate"] is None
    assert stats["queue"] == {"waiting": 0, "oldest_waiting_at": None, "oldest_waiting_seconds": None}
    assert acme.call("GET", "/stats?period=1y").status_code == 422


def test_another_organizations_deliveries_are_not_there(acme, app, zone, make_tenant):
    pushed(acme)
    work_off(app, acme, zone)
    (export,) = exports(acme)
    (attempt,) = acme.call("GET", "/push-log").json()["items"]
    stranger = make_tenant("stranger")
    resolve = {"json": {"as": "delivered"}}
    calls = [
        ("GET", f"/exports/{export['id']}", {}),
        ("GET", f"/exports/{export['id']}/document", {}),
        ("POST", f"/exports/{export['id']}/resolve", resolve),
        ("GET", f"/push-log/{attempt['id']}", {}),
    ]
    for method, address, options in calls:
        assert stranger.call(method, address, **options).status_code == 404, address
    assert exports(stranger) == stranger.call("GET", "/push-log").json()["items"] == []
    mine = stranger.call("POST", "/connectors/mock", json={"config": {}}).json()["id"]
    move = {"from": zone, "to": mine, "ids": [export["id"]]}
    assert stranger.call("POST", "/exports/move", json=move).status_code == 404
    assert exports(acme) == [export]
