"""Bulk jobs over HTTP: chosen by ids or by a filter, frozen then, told order by order."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from orderflow.domain.access import Role
from orderflow.entrypoints.api import bulk, bulk_jobs
from orderflow.flow.order.bulk import go_on
from orderflow.postgres.errors import DatabaseBusyError
from tests.integration.entrypoints.api.test_deliveries import pushed, work_off

ORDER = {
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711"},
    "lines": [{"line_no": 1, "internal_sku": "INT-999", "qty": 10, "uom": "M"}],
}


@pytest.fixture
def way(acme):
    made = acme.call("POST", "/connectors", json={"connector_type": "MOCK", "name": "Köln", "config": {}})
    return made.json()["id"]


def orders(acme, count, **more):
    return [acme.call("POST", "/draft-orders", json=ORDER | more).json()["id"] for _ in range(count)]


def job(acme, action="approve", role=Role.ADMIN, status=201, **body):
    answer = acme.call("POST", "/bulk-jobs", role, json={"action": action, **body})
    assert answer.status_code == status, answer.text
    return answer.json()


def results(acme, job, query=""):
    return acme.call("GET", f"/bulk-jobs/{job['id']}/results?{query}").json()["items"]


@pytest.fixture
def no_patience(monkeypatch):
    """Leave all jobs to an engine."""
    monkeypatch.setattr(bulk_jobs, "AT_ONCE_SECONDS", 0)


def test_a_small_job_is_answered_when_it_has_ended(acme):
    ready, unfit, nobodys = orders(acme, 2), orders(acme, 1, currency=None), str(uuid4())
    done = job(acme, ids=[*ready, *unfit, nobodys])
    assert {name: done[name] for name in ("status", "total", "done", "refused", "waiting", "left")} == {
        "status": "ENDED", "total": 4, "done": 2, "refused": 2, "waiting": 0, "left": 0,
    }  # fmt: skip
    assert {reason["code"]: reason["orders"] for reason in done["reasons"]} == {"NOT_FOUND": 1, "ORDER_NOT_READY": 1}
    told = results(acme, done)
    assert [(one["order_id"], one["outcome"]) for one in told] == [
        *((order_id, "DONE") for order_id in ready),
        (unfit[0], "REFUSED"),
        (nobodys, "REFUSED"),
    ]
    assert told[2]["error"]["details"]["missing"]
    assert [one["order_id"] for one in results(acme, done, "error_code=NOT_FOUND")] == [nobodys]
    assert [one["order_id"] for one in results(acme, done, "outcome=DONE")] == ready
    assert acme.call("GET", f"/bulk-jobs/{done['id']}").json() == done
    assert [one["id"] for one in acme.call("GET", "/bulk-jobs?status=ENDED").json()["items"]] == [done["id"]]


def test_results_come_in_pages_and_as_a_table(acme, app):
    ids = orders(acme, 3, external_order_number="=1+1")[:1] + orders(acme, 2)
    done = job(acme, ids=ids)
    first = acme.call("GET", f"/bulk-jobs/{done['id']}/results?limit=2").json()
    rest = acme.call("GET", f"/bulk-jobs/{done['id']}/results?limit=2&cursor={first['next_cursor']}").json()
    assert [one["order_id"] for one in first["items"] + rest["items"]] == ids
    assert rest["next_cursor"] is None
    assert acme.call("GET", f"/bulk-jobs/{done['id']}/results?cursor=nonsense").status_code == 422
    table = acme.call("GET", f"/bulk-jobs/{done['id']}/results.csv")
    assert table.headers["content-type"].startswith("text/csv")
    head, *lines = csv.reader(io.StringIO(table.text))
    assert head == list(bulk_jobs.COLUMNS)
    assert [line[0] for line in lines] == ids
    assert lines[0][1] == "'=1+1", "no spreadsheet takes it for a formula"
    assert acme.call("GET", f"/bulk-jobs/{uuid4()}/results.csv").status_code == 404


def test_a_table_tells_in_the_readers_language_why_an_order_was_refused(acme):
    done = job(acme, ids=orders(acme, 1, currency=None))
    table = acme.call("GET", f"/bulk-jobs/{done['id']}/results.csv", headers={"Accept-Language": "de"})
    (line,) = csv.DictReader(io.StringIO(table.text))
    assert (line["outcome"], line["code"]) == ("REFUSED", "ORDER_NOT_READY")
    assert line["message"] == "Der Auftrag ist NEEDS_REVIEW und nicht bereit zur Freigabe: Die Währung fehlt."
    assert "approve" not in line["hint"]


def test_what_a_filter_finds_is_frozen(acme, app, no_patience):
    found = orders(acme, 2, external_order_number="PO-1")[:1] + orders(acme, 2)
    begun = job(acme, filter={})
    assert (begun["status"], begun["total"], begun["left"]) == ("RUNNING", 3, 3)
    late = orders(acme, 1)
    assert not go_on(app.store, acme.org_id, begun["id"])
    assert {acme.call("GET", f"/draft-orders/{one}").json()["status"] for one in found} == {"APPROVED"}
    assert acme.call("GET", f"/draft-orders/{late[0]}").json()["status"] == "READY"
    searched = job(acme, filter={"q": "PO-1", "status": ["APPROVED"]})
    assert (searched["total"], searched["chosen"]) == (1, {"filter": {"q": "PO-1", "status": ["APPROVED"]}})


def test_of_the_states_of_a_list_those_are_meant_that_the_action_starts_from(acme, way):
    ready, approved, unfit = orders(acme, 1), orders(acme, 1), orders(acme, 1, currency=None)
    job(acme, ids=approved)

    def of(*states):
        return {"status": states, "only_fit": True}

    def preview(action, **body):
        return acme.call("POST", "/bulk-jobs/preview", json={"action": action, **body}).json()["total"]

    assert preview("approve", filter=of("NEEDS_REVIEW", "APPROVED")) == 0
    assert preview("approve", filter=of("NEEDS_REVIEW", "READY")) == 1
    assert preview("approve", filter={"status": ["NEEDS_REVIEW"]}) == 1, "which is refused then, and told"
    assert preview("recall", filter=of("APPROVED")) == preview("withdraw", filter=of("APPROVED")) == 0, "never pushed"
    assert preview("reject", filter=of()) == 3
    acme.call("POST", f"/draft-orders/{approved[0]}/holds", json={"reason": "Stock count"})
    assert [preview("release", filter=of(*states)) for states in ((), ("APPROVED",), ("READY",))] == [1, 1, 0]
    rejected = job(acme, "reject", filter=of("NEEDS_REVIEW", "CONFIRMED"))
    assert (rejected["total"], rejected["done"]) == (1, 1)
    states = [acme.call("GET", f"/draft-orders/{one}").json()["status"] for one in ready + approved + unfit]
    assert states == ["READY", "APPROVED", "REJECTED"]
    none = acme.call("POST", "/draft-orders/bulk", json={"action": "push", "filter": of("READY")}).json()
    assert (none["results"], none["more"]) == ([], False)


def test_what_an_export_filter_finds_are_the_orders_of_those_exports(acme, way):
    ids = orders(acme, 2)
    job(acme, ids=ids)
    acme.call("PATCH", "/organization", json={"deliveries_paused": True})
    assert job(acme, "push", ids=ids)["done"] == 2
    other = acme.call("POST", "/connectors", json={"connector_type": "MOCK", "name": "Izmir", "config": {}}).json()
    acme.call("POST", f"/connectors/{other['id']}/enable")
    moved = job(acme, "move", export_filter={"waiting": True, "connection_id": way}, connection_id=other["id"])
    assert (moved["total"], moved["done"], moved["connection_name"]) == (2, 2, "Izmir")
    waiting = acme.call("GET", f"/exports?connection_id={other['id']}").json()["items"]
    assert {one["draft_order_id"] for one in waiting} == set(ids)
    assert job(acme, "withdraw", filter={})["done"] == 2


def test_a_job_that_runs_is_cancelled(acme, app, no_patience):
    orders(acme, 1)
    begun = job(acme, filter={})
    assert acme.call("POST", f"/bulk-jobs/{begun['id']}/cancel", Role.VIEWER).status_code == 403
    cancelled = acme.call("POST", f"/bulk-jobs/{begun['id']}/cancel").json()
    assert (cancelled["status"], cancelled["left"], cancelled["cancelled_by"]) == (
        "CANCELLED",
        1,
        begun["requested_by"],
    )
    assert acme.call("POST", f"/bulk-jobs/{begun['id']}/cancel").status_code == 409
    assert not go_on(app.store, acme.org_id, begun["id"])
    noted = acme.call("GET", f"/audit-log?entity_id={begun['id']}").json()["items"]
    assert [entry["action"] for entry in noted] == ["BULK_JOB_CANCELLED", "BULK_JOB_STARTED"]


def test_the_engine_finds_what_runs_and_an_older_release_leaves_what_it_does_not_know(acme, app, no_patience):
    orders(acme, 1)
    begun = job(acme, filter={})
    begun_id = UUID(begun["id"])
    assert app.system.bulk_jobs() == [(acme.org_id, begun_id)]
    with app.store.work(acme.org_id) as work:
        work.connection.execute(text("UPDATE bulk_job SET action = 'of a later release'"))
    assert not go_on(app.store, acme.org_id, begun_id)
    with app.store.work(acme.org_id) as work:
        work.connection.execute(text("UPDATE bulk_job SET action = 'approve'"))
    go_on(app.store, acme.org_id, begun_id)
    assert app.system.bulk_jobs() == []


def test_who_may_not_do_it_to_one_may_not_do_it_to_many(acme):
    ids = orders(acme, 1)
    for action in ("approve", "reject", "push"):
        assert job(acme, action, Role.VIEWER, 403, ids=ids)["error"]["code"] == "FORBIDDEN"
        assert job(acme, action, Role.INTEGRATOR, 403, ids=ids)["error"]["code"] == "FORBIDDEN"
    done = job(acme, "approve", Role.OPS, ids=ids)
    assert acme.call("GET", f"/bulk-jobs/{done['id']}", Role.VIEWER).json()["done"] == 1


def test_another_organization_sees_and_touches_nothing(acme, make_tenant, app, no_patience):
    stranger = make_tenant("stranger")
    ids = orders(acme, 1)
    begun = job(acme, filter={})
    for method, path in (("GET", ""), ("GET", "/results"), ("GET", "/results.csv"), ("POST", "/cancel")):
        assert stranger.call(method, f"/bulk-jobs/{begun['id']}{path}").status_code == 404
    assert stranger.call("GET", "/bulk-jobs").json()["items"] == []
    assert not go_on(app.store, stranger.org_id, begun["id"])
    theirs = job(stranger, ids=ids)
    assert not go_on(app.store, stranger.org_id, theirs["id"])
    told = results(stranger, theirs)[0]
    assert (told["error"]["code"], told["external_order_number"]) == ("NOT_FOUND", None)


@pytest.mark.parametrize(
    "body",
    [
        {"action": "approve"},
        {"action": "approve", "ids": []},
        {"action": "approve", "ids": [str(uuid4())], "filter": {}},
        {"action": "destroy", "filter": {}},
        {"action": "move", "filter": {}},
        {"action": "approve", "filter": {"colour": "red"}},
    ],
)
def test_a_job_that_makes_no_sense_is_refused(acme, body):
    assert acme.call("POST", "/bulk-jobs", json=body).status_code == 422


def test_a_request_that_is_sent_again_begins_no_second_job(acme):
    ids, key = orders(acme, 1), {"Idempotency-Key": "once"}
    first, again = (
        acme.call("POST", "/bulk-jobs", json={"action": "approve", "ids": ids}, headers=key).json() for _ in range(2)
    )
    assert first == again
    assert len(acme.call("GET", "/bulk-jobs").json()["items"]) == 1


def test_a_batch_that_met_another_begins_no_second_job(acme, monkeypatch):
    def busy(*_):
        raise DatabaseBusyError

    monkeypatch.setattr(bulk, "work_on", busy)
    asked = {"action": "approve", "ids": orders(acme, 2)}
    answer = acme.call("POST", "/draft-orders/bulk", json=asked)
    assert answer.status_code == 200, answer.text
    assert {one["error"]["code"] for one in answer.json()["results"]} == {"BULK_JOB_UNDER_WAY"}
    assert len(acme.call("GET", "/bulk-jobs").json()["items"]) == 1


def test_a_filter_of_endless_values_is_refused(acme):
    answer = acme.call("POST", "/bulk-jobs", json={"action": "approve", "filter": {"status": ["READY"] * 51}})
    assert answer.status_code == 422


def test_a_preview_tells_how_many_go_where_and_does_nothing(acme, way):
    ids = orders(acme, 3)
    job(acme, ids=ids)
    seen = acme.call("POST", "/bulk-jobs/preview", json={"action": "push", "filter": {}}).json()
    assert (seen["total"], seen["looked_at"], seen["orders"], seen["waiting"]) == (3, 3, 3, 0)
    assert [(one["connection_name"], one["orders"]) for one in seen["destinations"]] == [("Köln", 3)]
    assert {acme.call("GET", f"/draft-orders/{one}").json()["status"] for one in ids} == {"APPROVED"}


def test_a_preview_of_a_recall_tells_what_would_become_of_how_many_and_why_not(acme, way):
    on_its_way, unasked = orders(acme, 2)
    job(acme, ids=[on_its_way, unasked])
    acme.call("PATCH", "/organization", json={"deliveries_paused": True})
    job(acme, "push", ids=[on_its_way])
    seen = acme.call("POST", "/bulk-jobs/preview", json={"action": "recall", "ids": [on_its_way, unasked]}).json()
    assert (seen["total"], seen["looked_at"], seen["orders"], seen["destinations"]) == (2, 2, 1, [])
    told = {one["way"]: (one["orders"], one["error"] and one["error"]["code"]) for one in seen["recall"]}
    assert told == {"withdrawn": (1, None), "refused": (1, "NEVER_SENT")}
    assert acme.call("GET", f"/draft-orders/{on_its_way}").json()["status"] == "PUSHING", "nothing is done"


def test_a_recall_of_all_that_is_found_withdraws_what_is_on_its_way_and_leaves_what_nobody_pushed(acme, way):
    on_its_way, unasked = orders(acme, 2)
    job(acme, ids=[on_its_way, unasked])
    acme.call("PATCH", "/organization", json={"deliveries_paused": True})
    assert job(acme, "push", ids=[on_its_way])["done"] == 1
    done = job(acme, "recall", filter={}, reason="the customer cancelled it")
    assert (done["total"], done["done"]) == (1, 1)
    assert acme.call("GET", f"/draft-orders/{on_its_way}").json()["status"] == "APPROVED"


def test_a_table_of_numbers_confirms_each_order_under_its_own(acme, make_tenant, app, way):
    sent = pushed(acme, 2)
    work_off(app, acme, way)
    ready = orders(acme, 1, external_order_number="READY-1")
    lines = [{"order": "PO-0", "erp_order_id": "SO-0"}, {"order": sent[1], "erp_order_id": "SO-1"}]
    late = {"order": "READY-1", "erp_order_id": "SO-2"}
    assert (
        acme.call("POST", "/bulk-jobs", Role.VIEWER, json={"action": "confirm", "confirmations": lines}).status_code
        == 403
    )

    unknown = [*lines, {"order": "PO-1", "erp_order_id": "SO-9"}, {"order": "nowhere", "erp_order_id": "SO-9"}]
    refused = job(acme, "confirm", status=422, confirmations=unknown)["error"]
    assert refused["details"]["reason"] == "ORDERS_UNKNOWN"
    assert [field["field"] for field in refused["details"]["fields"]] == [
        "confirmations.2.order",
        "confirmations.3.order",
    ]
    of_another = make_tenant("other").call("POST", "/bulk-jobs", json={"action": "confirm", "confirmations": lines})
    assert of_another.status_code == 422
    bodies: list[dict[str, Any]] = [{}, {"ids": sent}, {"confirmations": lines, "ids": sent}, {"confirmations": []}]
    for body in bodies:
        job(acme, "confirm", status=422, **body)
    job(acme, "approve", status=422, confirmations=lines)

    done = job(acme, "confirm", Role.OPS, confirmations=[*lines, late])
    assert (done["done"], done["refused"], done["chosen"]) == (2, 1, {"confirmations": 3})
    assert [one["order_id"] for one in results(acme, done, "outcome=REFUSED")] == ready
    found = [acme.call("GET", f"/draft-orders/{order_id}").json() for order_id in sent]
    assert [(one["status"], one["erp_order_id"], one["erp_order_id_source"]) for one in found] == [
        ("CONFIRMED", "SO-0", "hand"), ("CONFIRMED", "SO-1", "hand"),
    ]  # fmt: skip
    assert (
        acme.call("POST", "/bulk-jobs/preview", json={"action": "confirm", "confirmations": lines}).json()["total"] == 2
    )
