"""Every statement of the API, the page and the engine finds its rows by an index, as PostgreSQL itself plans it.

The walk below does what people and engines do, on tables that hold years of orders. Each statement is planned just
before it runs, in its own transaction, with its own values; no setting forbids the planner to read a whole table.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Connection, NullPool, create_engine, event, text

from orderflow.domain.delivery import Arrived
from orderflow.domain.ids import new_id
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.answers.read_arrived import read_arrived
from orderflow.flow.answers.receive import receive
from orderflow.flow.delivery.give_up import give_up
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.ports import Actor
from orderflow.flow.setup.probe import probe
from orderflow.storage.database import Database
from orderflow.storage.fast import statements
from orderflow.storage.system.retention import prune
from orderflow.storage.views import order_lists
from orderflow.storage.views import orders as order_views
from orderflow.storage.views.order_lists import OrderSort
from orderflow.storage.work import events as event_numbers
from orderflow.storage.work import tallies

SETUP = Actor("test")
STATEMENTS = {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"}
GROWING = {
    "draft_order",
    "draft_order_line",
    "draft_order_revision",
    "draft_order_confirmation",
    "erp_export",
    "erp_push_log",
    "audit_log",
    "bulk_job",
    "bulk_job_order",
    "delivery_proof",
    "inbound",
    "event_numbered",
}
SMALL = {
    *("idx_erp_export_queue", "idx_erp_export_unanswered", "idx_erp_export_unalerted", "idx_erp_export_unreadable"),
    *("idx_erp_export_routed", "idx_erp_export_fallback", "idx_draft_order_waits", "idx_draft_order_differs"),
    *("idx_bulk_job_running", "idx_erp_export_held", "idx_inbound_due", "idx_inbound_kept", "idx_inbound_unmatched"),
    "idx_inbound_set_aside",
}
"""Indexes that hold only what is under way."""

OPENAPI = Path(__file__).parents[4] / "frontend/openapi.json"
NOT_WALKED = {
    ("post", "/api/v1/connectors/{connector_id}/accept-host-key"),  # an SFTP server's; knows connectors only
    ("post", "/api/v1/bulk-jobs/{job_id}/cancel"),  # of one that runs; knows its row only
}
WALKED = (
    *("/draft-orders", "/exports", "/bulk-jobs", "/push-log", "/audit-log", "/stats", "/connectors"),
    *("/events", "/needs"),
)
LESS = {"answer_version": 2, "lines": [{"line_no": 1, "status": "backordered", "qty": 1}]}
SETTLED = 8_000
"""Confirmed orders of three years, so that a page, a month and a state are each a small part of it."""

HISTORY = (
    """
    INSERT INTO draft_order (id, org_id, status, external_order_number, currency, erp_customer_number, customer_name,
                             created_at, updated_at)
    SELECT gen_random_uuid(), :org, 'CONFIRMED', 'OLD-' || n, 'EUR', '4711', 'Muster GmbH', at, at
    FROM (SELECT n, now() - n * interval '3 hours' - interval '1 day' AS at
          FROM generate_series(1, :settled) AS n) AS times
    """,
    """
    INSERT INTO draft_order_line (id, org_id, draft_order_id, line_no, internal_sku, qty, uom)
    SELECT gen_random_uuid(), org_id, id, 1, 'INT-999', 10, 'M' FROM draft_order
    """,
    """
    INSERT INTO draft_order_revision (org_id, draft_order_id, revision, content, sha256, made_at)
    SELECT org_id, id, 1, '{}', '', created_at FROM draft_order
    """,
    """
    INSERT INTO erp_export (id, org_id, draft_order_id, connection_id, status, filename, created_at, sent_at,
                            answered_at, next_attempt_at)
    SELECT gen_random_uuid(), org_id, id, :connection, 'ACKED', 'sales_order_' || id, created_at, created_at,
           created_at, created_at FROM draft_order
    """,
    """
    INSERT INTO draft_order_confirmation (draft_order_id, org_id, export_id, details, differences, answered_at)
    SELECT draft_order_id, org_id, id, '{}', '[]', created_at FROM erp_export
    """,
    """
    INSERT INTO erp_push_log (id, org_id, draft_order_id, erp_export_id, attempt_no, connector_type, status,
                              response_json, idempotency_key, created_at)
    SELECT gen_random_uuid(), org_id, draft_order_id, id, n, 'DROPZONE_JSON_V1', 'SUCCESS', '{}',
           id || '-' || n, created_at
    FROM erp_export, generate_series(1, 3) AS n
    """,
    """
    INSERT INTO audit_log (id, org_id, actor, action, entity_type, entity_id, created_at)
    SELECT gen_random_uuid(), org_id, 'ops', action, 'draft_order', id, created_at
    FROM draft_order, unnest(ARRAY['DRAFT_CREATED', 'EXPORT_ACKED']) AS action
    """,
    """
    INSERT INTO bulk_job (id, org_id, action, chosen, requested_by, status, created_at, ended_at)
    SELECT id, org_id, 'push', '{}', 'ops', 'ENDED', created_at, created_at FROM draft_order
    """,
    """
    INSERT INTO bulk_job_order (job_id, position, org_id, order_id, outcome)
    SELECT id, 0, org_id, id, 'DONE' FROM draft_order
    """,
    """
    INSERT INTO delivery_proof (id, org_id, draft_order_id, export_id, message_id, says, refused, content, received_at)
    SELECT gen_random_uuid(), org_id, draft_order_id, id, id || '.0', 'processed', false, '', sent_at FROM erp_export
    """,
    """
    INSERT INTO inbound (id, org_id, connection_id, identity, sha256, name, created_at, received_at, next_read_at,
                         read_at, verdict)
    SELECT gen_random_uuid(), org_id, :connection, id::text, '', '', created_at, created_at, NULL, created_at, 'ack'
    FROM draft_order
    """,
    # Whoever reads events, or has a webhook, has had them numbered long ago.
    """
    UPDATE event e SET number = n.number
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM event WHERE org_id = :org) n WHERE e.id = n.id
    """,
    """
    INSERT INTO event_counter (org_id, last) SELECT :org, count(*) FROM event WHERE org_id = :org
    ON CONFLICT (org_id) DO UPDATE SET last = excluded.last
    """,
)


class Plans:
    """Plans every statement that goes to a database, and keeps those that read a growing table from end to end."""

    def __init__(self, database: Database) -> None:
        self.whole: defaultdict[str, set[str]] = defaultdict(set)
        self.seen: set[str] = set()
        event.listen(database._engine, "checkout", self._listen)

    def _listen(self, connection: psycopg.Connection[Any], _record: Any, _proxy: Any) -> None:
        plans = self

        class Planned(psycopg.Cursor[Any]):
            def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
                if isinstance(query, str) and query.split(None, 1)[0] in {
                    "SELECT",
                    "WITH",
                    "INSERT",
                    "UPDATE",
                    "DELETE",
                }:
                    plans._plan(psycopg.Cursor(self.connection), query, params)
                return super().execute(query, params, **options)

        connection.cursor_factory = Planned

    def _plan(self, cursor: psycopg.Cursor[Any], statement: str, values: Any) -> None:
        cursor.execute("SET LOCAL random_page_cost = 1.1")  # as on any disk without moving parts
        ((plan,),) = cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", values, prepare=False).fetchall()
        self.seen.add(statement)
        for node in _nodes(plan[0]["Plan"]):
            if node.get("Relation Name") in GROWING and _reads_all(node):
                self.whole[" ".join(statement.split())].add(node["Relation Name"])


def _reads_all(node: dict[str, Any]) -> bool:
    whole_index = "Index Name" in node and "Index Cond" not in node and node["Index Name"] not in SMALL
    return whole_index or node["Node Type"] == "Seq Scan"


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


class Walk:
    """Calls the API as an administrator, and notes which operations that were."""

    def __init__(self, app: Any, acme: Any) -> None:
        self.app, self.acme = app, acme
        self.done: set[tuple[str, str]] = set()

    def __call__(
        self, method: str, route: str, body: Any = None, query: str = "", once: str | None = None, **names: Any
    ) -> Any:
        path = route.format(**names) + (f"?{query}" if query else "")
        options = {} if body is None else {"content": body} if isinstance(body, str) else {"json": body}
        answer = self.acme.call(method, path, headers={"Idempotency-Key": once} if once else {}, **options)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        self.done.add((method.lower(), f"/api/v1{route}"))
        return answer.json() if answer.headers.get("content-type") == "application/json" else answer

    def order(self, number: int) -> str:
        found: str = self("POST", "/draft-orders", an_order(number))["id"]
        return found

    def approved(self, number: int) -> str:
        order_id = self.order(number)
        self("POST", "/draft-orders/{order_id}/approve", order_id=order_id)
        return order_id

    def pushed(self, number: int) -> tuple[str, str]:
        order_id = self.approved(number)
        return order_id, self("POST", "/draft-orders/{order_id}/push", order_id=order_id)["export_id"]


def an_order(number: int) -> dict[str, Any]:
    line = {"line_no": 1, "internal_sku": "INT-999", "qty": 10, "uom": "M"}
    customer = {"erp_customer_number": "4711", "name": "Muster GmbH"}
    return {"external_order_number": f"PO-{number}", "currency": "EUR", "customer": customer, "lines": [line]}


@pytest.fixture
def zone(acme: Any, tmp_path: Path) -> str:
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    folders = {"export_path": str(tmp_path / "in"), "ack_path": str(tmp_path / "out")}
    config = {"mode": "filesystem", "reads_recalls": True, **folders}
    body = {"config": config, "answer_within": 60, "in_doubt": "hold", "give_up_after": 3600, "orders_per_minute": 999}
    answer = acme.call("POST", "/connectors/dropzone-json-v1", json=body)
    return str(answer.json()["id"])


@pytest.fixture
def calm(admin_url: str) -> Iterator[Connection]:
    """The owner's connection to a database that counts its tables only when it is told to.

    Every minute autovacuum would, wherever the walk was by then: plans would be made by other numbers in a long run.
    """
    with create_engine(admin_url, isolation_level="AUTOCOMMIT", poolclass=NullPool).connect() as connection:
        for table in connection.execute(_TABLES).scalars():
            connection.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = false)"))
        yield connection


_TABLES = text("SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")


@pytest.fixture
def plans(app: Any, acme: Any, zone: str, calm: Connection) -> Plans:
    with app.database.system() as connection:
        for statement in HISTORY:
            values = {"org": acme.org_id, "connection": zone, "settled": SETTLED}
            connection.execute(text(statement), values)
    calm.execute(text("VACUUM ANALYZE"))
    # Of a table in parts nothing is known as a whole: autovacuum looks at its parts alone.
    calm.execute(text("DELETE FROM pg_statistic WHERE starelid = 'event'::regclass"))
    return Plans(app.database)


def test_no_statement_reads_a_growing_table_from_end_to_end(
    app: Any, acme: Any, zone: str, calm: Connection, plans: Plans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statements, "MOST", 0)  # each in a message of its own, so that it can be planned before
    monkeypatch.setattr(order_lists, "MOST_SORTED", 100)
    monkeypatch.setattr(order_lists, "MOST_SUMMED", 100)
    monkeypatch.setattr(order_views, "FARTHEST", 100)  # as small a part of these orders as it is of millions
    monkeypatch.setattr(event_numbers, "AT_ONCE", 100)
    monkeypatch.setattr(tallies, "_ARE_FEW", text("SELECT false"))
    monkeypatch.setattr(tallies, "DUE", text(re.sub("OFFSET \\d+", "OFFSET 20", tallies.DUE.text)))
    walk = Walk(app, acme)
    _bring_in(walk)
    _look_at_lists(walk, zone)
    _deliver(app, acme.org_id, walk, UUID(zone), tmp_path)
    changed = _change(app, acme.org_id, walk, UUID(zone))
    _recall(app, acme.org_id, walk, UUID(zone), changed)
    _look_at_what_came(app, acme.org_id, walk, UUID(zone), calm)
    _administer(walk, zone, calm)
    _keep_up(app, calm)
    assert not plans.whole, json.dumps({k: sorted(v) for k, v in plans.whole.items()}, indent=1)
    assert len(plans.seen) > 100, "the statements were not listened to"
    described = json.loads(OPENAPI.read_text())["paths"]
    operations = {(method, path) for path, methods in described.items() for method in methods}
    walked = {(method, path) for method, path in operations if path.removeprefix("/api/v1").startswith(WALKED)}
    assert walked - walk.done == NOT_WALKED, "walk a new operation too"


def _bring_in(walk: Walk) -> None:
    file = "\n".join(json.dumps(an_order(number)) for number in range(300))
    walk("POST", "/draft-orders/import", file, once="file-1")
    walk("GET", "/draft-orders/import/{key}", key="file-1")
    walk("POST", "/draft-orders/bulk", {"action": "approve", "filter": {"q": "PO-", "until": "2100-01-01T00:00:00Z"}})
    walk("POST", "/draft-orders/bulk/preview", {"action": "push", "filter": {}})
    walk("POST", "/draft-orders/bulk", {"action": "push", "filter": {}})
    _do_to_many(walk)
    order_id = walk.order(1001)
    walk("PUT", "/draft-orders/{order_id}", an_order(1002), order_id=order_id)
    walk("PATCH", "/draft-orders/{order_id}", {"notes": "by telephone"}, order_id=order_id)
    walk("GET", "/draft-orders/{order_id}", order_id=order_id)
    walk("POST", "/draft-orders/{order_id}/reject", {"reason": "twice"}, order_id=order_id)
    order_id, _ = walk.pushed(1003)
    walk("POST", "/draft-orders/{order_id}/withdraw", order_id=order_id)
    walk("GET", "/draft-orders/{order_id}/preview", order_id=order_id)
    order_id, _ = walk.pushed(1104)
    walk("PUT", "/draft-orders/{order_id}/priority", {"priority": 60}, order_id=order_id)
    holds = "/draft-orders/{order_id}/holds"
    walk("POST", holds, {"reason": "checked"}, order_id=order_id)
    hold_id = walk("GET", holds, order_id=order_id)["items"][0]["id"]
    _list(walk, "/draft-orders", ["on_hold=true", "on_hold=false"])
    walk("DELETE", holds + "/{hold_id}", order_id=order_id, hold_id=hold_id)
    walk("POST", holds, {"reason": "checked"}, order_id=order_id)
    walk("DELETE", holds, order_id=order_id)


def _do_to_many(walk: Walk) -> None:
    ids = [walk.order(number) for number in range(9000, 9003)]
    walk("POST", "/bulk-jobs", {"action": "approve", "ids": ids})
    walk("POST", "/bulk-jobs/preview", {"action": "push", "filter": {"waits_for": ["NO_ROUTE", "WORKER"]}})
    walk("POST", "/bulk-jobs", {"action": "push", "filter": {}})
    walk("POST", "/bulk-jobs", {"action": "reroute", "export_filter": {"waits_for": ["WORKER"], "route": "none"}})
    job_id = walk("POST", "/bulk-jobs", {"action": "withdraw", "ids": ids})["id"]
    walk("GET", "/bulk-jobs/{job_id}", job_id=job_id)
    for query in ("", "outcome=DONE", "outcome=REFUSED", "error_code=NOT_FOUND"):
        walk("GET", "/bulk-jobs/{job_id}/results", query=query, job_id=job_id)
    walk("GET", "/bulk-jobs/{job_id}/results.csv", job_id=job_id)
    _list(walk, "/bulk-jobs", ["", "status=RUNNING", "updated_since=2100-01-01T00:00:00Z"])


def _look_at_lists(walk: Walk, zone: str) -> None:
    order_id = walk("GET", "/draft-orders")["items"][0]["id"]
    events = ["", "after=50", "kind=order.created", "kind=order.created&kind=order.pushed", f"order_id={order_id}"]
    events += ["kind=order.failed", "kind=order.failed&kind=order.held", "kind=order.created&kind=order.failed"]
    for query in (*events, f"after=90&order_id={order_id}&kind=order.pushed"):
        walk("GET", "/events", query=f"{query}&limit=2")
    recent = "updated_since=2100-01-01T00:00:00Z"
    time = "since=2026-01-01T00:00:00Z&until=2100-01-01T00:00:00Z"
    common = ["", time, f"connection_id={zone}", "error_code=GAVE_UP", f"{time}&error_code=GAVE_UP"]
    attempts = ["status=PENDING", "status=FAILED", "status=RETRYING&status=FAILED", "status=SUCCESS"]
    exports = ["status=PENDING", "status=FAILED", "status=SENT", "status=ACKED", "status=FAILED&status=SENT"]
    flags = [f"{flag}={value}" for flag in ("waiting", "held", "overdue") for value in ("true", "false")]
    orders = ["status=ERROR", "status=NEEDS_REVIEW&status=READY", "status=CONFIRMED", "q=OLD-77", "q=nowhere"]
    unread = ["unreadable_answer=true", "unreadable_answer=false", "differs=true", "differs=false"]
    orders += [f"sort={sort}" for sort in OrderSort] + ["sort=number&q=OLD-77"]
    routed = ["waits_for=WORKER", "route=none"]
    numbered = ["external_order_number=OLD-77", "external_order_number=OLD-77&erp_customer_number=4711&source=shop"]

    _list(walk, "/draft-orders", [recent, f"{recent}&status=ERROR", f"import_id={order_id}"])
    _list(walk, "/exports", [recent, f"{recent}&status=FAILED"])
    _list(walk, "/draft-orders", [*common, *orders, *numbered, *unread, *routed, "waits_for=NO_ROUTE"])
    _list(walk, "/exports", [*common, *exports, *flags, *routed, f"order_id={order_id}"])
    _list(walk, "/push-log", [*common, recent, *attempts, f"order_id={order_id}", f"export_id={order_id}"])
    audit = ["", time, "actor=nobody", "entity_type=erp_connection", f"entity_id={order_id}"]
    audit += ["action=LOGIN_FAILED", "action=DRAFT_CREATED"]
    _list(walk, "/audit-log", audit)
    for period in ("24h", "7d", "30d"):
        walk("GET", "/stats", query=f"period={period}")
        for by in ("connection", "route", "customer", "reason"):
            walk("GET", "/stats/deliveries", query=f"period={period}&by={by}")
    for only in (f"connection_id={zone}", "route=default", "customer=4711"):
        walk("GET", "/stats/deliveries", query=f"by=reason&{only}")
    walk("GET", "/stats/deliveries/csv")
    for query in ("", "status=CONFIRMED", "q=OLD-77", time):
        walk("GET", "/draft-orders/totals", query=query)
    walk("GET", "/draft-orders/csv", query="status=ERROR")
    walk("GET", "/needs")
    walk("GET", "/needs/people")
    walk("POST", "/needs/visit")
    ready = walk.order(3001)
    walk("POST", "/needs/mark", {"key": "READY", "note": "after lunch"})
    walk("POST", "/draft-orders/{order_id}/reject", order_id=ready)
    walk("GET", "/connectors")
    assert walk.acme.client.get("/metrics").is_success


def _list(walk: Walk, route: str, queries: list[str]) -> None:
    for query in queries:
        first = walk("GET", route, query=f"{query}&limit=2")
        if first["next_cursor"]:
            walk("GET", route, query=f"{query}&limit=2&cursor={first['next_cursor']}")


def _deliver(app: Any, org_id: UUID, walk: Walk, zone: UUID, folder: Path) -> None:
    while push_batch(app.wiring, org_id, zone):
        pass
    for number, path in enumerate(sorted((folder / "in").glob("*.json"))):
        refused = {"status": "FAILED", "error_code": "E1", "message": "no such article"}
        kind, answer = (
            ("error", refused) if number % 2 else ("ack", {"status": "ACKED", "erp_order_id": f"SO-{number}", **LESS})
        )
        text_of = "not JSON" if number == 2 else json.dumps(answer)
        (folder / "out" / f"{kind}_{path.name}").write_text(text_of)
    poll_acks(app.wiring, org_id, zone)
    differs = walk("GET", "/draft-orders", query="differs=true")["items"][0]["id"]
    walk("POST", "/draft-orders/{order_id}/accept-differences", order_id=differs)
    (answered,) = walk("GET", "/draft-orders", query="unreadable_answer=true")["items"]
    unread = walk("GET", "/exports", query=f"order_id={answered['id']}")["items"][0]["id"]
    walk("POST", "/exports/{export_id}/read-answer-again", export_id=unread)
    failed = walk("GET", "/draft-orders", query="status=ERROR")["items"][0]["id"]
    walk("POST", "/draft-orders/{order_id}/retry-push", order_id=failed)
    push_batch(app.wiring, org_id, zone)
    walk("POST", "/draft-orders/confirm", {"confirmations": [{"order": "nowhere", "erp_order_id": "SO-1"}]})
    walk("POST", "/draft-orders/{order_id}/confirm", {"erp_order_id": "SO-1"}, order_id=failed)
    walk("GET", "/draft-orders/{order_id}/timeline", order_id=failed)
    walk("GET", "/draft-orders/{order_id}/revisions/{revision}", order_id=failed, revision="1")
    attempt = walk("GET", "/push-log", query=f"order_id={failed}")["items"][0]
    walk("GET", "/push-log/{attempt_id}", attempt_id=attempt["id"])
    walk("GET", "/exports/{export_id}", export_id=attempt["erp_export_id"])
    walk("GET", "/exports/{export_id}/document", export_id=attempt["erp_export_id"])
    walk("POST", "/draft-orders/{order_id}/forget", order_id=failed)


def _change(app: Any, org_id: UUID, walk: Walk, zone: UUID) -> str:
    order_id = walk("GET", "/draft-orders", query="status=PUSHED")["items"][0]["id"]
    walk("GET", "/draft-orders/{order_id}/change", order_id=order_id)
    walk("PATCH", "/draft-orders/{order_id}", {"notes": "twelve"}, order_id=order_id)
    for step in ("approve", "push"):
        walk("POST", "/draft-orders/{order_id}/" + step, order_id=order_id)
    push_batch(app.wiring, org_id, zone)  # this ERP reads no changes
    walk("POST", "/draft-orders/{order_id}/change/confirm", order_id=order_id)
    walk("PATCH", "/draft-orders/{order_id}", {"notes": "thirteen"}, order_id=order_id)
    walk("POST", "/draft-orders/{order_id}/change/discard", order_id=order_id)
    return str(order_id)


def _recall(app: Any, org_id: UUID, walk: Walk, zone: UUID, order_id: str) -> None:
    walk("POST", "/draft-orders/cancel", {"external_order_number": "PO-to-come", "reason": "twice"})
    for end in ("end", "confirm"):
        walk("POST", "/draft-orders/{order_id}/recall", {"reason": "cancelled"}, order_id=order_id)
        push_batch(app.wiring, org_id, zone)
        walk("POST", "/draft-orders/{order_id}/recall/" + end, order_id=order_id)


def _look_at_what_came(app: Any, org_id: UUID, walk: Walk, zone: UUID, calm: Connection) -> None:
    export_id, proof_id = calm.execute(text("SELECT export_id, id FROM delivery_proof LIMIT 1")).one()
    proofs = "/exports/{export_id}/proofs"
    walk("GET", proofs, export_id=export_id)
    walk("GET", proofs + "/{proof_id}/content", export_id=export_id, proof_id=proof_id)
    walk("POST", "/connectors/{connector_id}/answer-token", connector_id=zone)
    walk("DELETE", "/connectors/{connector_id}/answer-token", connector_id=zone)
    unclear = Arrived(new_id(), "", b"{}")
    receive(app.store, org_id, zone, unclear)
    read_arrived(app.wiring, org_id, zone)
    _list(walk, f"/connectors/{zone}/answers", [""])
    answers = "/connectors/{connector_id}/answers"
    walk("GET", answers, connector_id=zone)
    walk("POST", answers + "/{answer_id}/read-again", connector_id=zone, answer_id=unclear.id)
    walk("DELETE", answers + "/{answer_id}", connector_id=zone, answer_id=unclear.id)


def _administer(walk: Walk, zone: str, calm: Connection) -> None:
    config = {"connector_type": "MOCK", "config": {}}
    mock = walk("POST", "/connectors", config)["id"]
    walk("POST", "/connectors/test", config)
    walk("POST", "/connectors/preview", {**config, "order_id": walk.order(2001)})
    rest = {"connector_type": "REST_JSON", "config": {"url": "https://127.0.0.1/orders", "auth": "none"}}
    walk("POST", "/connectors/answer", {**rest, "status": 201, "body": "{}"})
    walk("POST", "/connectors/from-sample", {"content": "U0tVO1F0eQpBLTE7Mg=="})
    walk("PATCH", "/connectors/{connector_id}", {"answer_within": 1}, connector_id=zone)
    for action in ("test", "disable", "enable", "default"):
        walk("POST", "/connectors/{connector_id}/" + action, connector_id=zone)
    walk("GET", "/connectors/{connector_id}", connector_id=zone)
    _, held = walk.pushed(2002)
    walk.pushed(2003)
    calm.execute(text("UPDATE erp_export SET held_at = now() WHERE id = :id"), {"id": held})
    walk("POST", "/exports/{export_id}/resolve", {"as": "send_again"}, export_id=held)
    walk("POST", "/exports/move", {"from": zone, "to": mock, "all": True})
    walk("POST", "/exports/move", {"from": mock, "to": zone, "ids": [held]})
    walk("POST", "/exports/move", {"from": mock, "to": zone, "all": True})
    walk("DELETE", "/connectors/{connector_id}", connector_id=mock)


def _count(app: Any) -> None:
    (place,) = app.system.due_tallies()
    more = True
    while more:
        with app.store.work(place[0]) as work:
            more = tallies.tally(work.connection, place[0])


def _keep_up(app: Any, calm: Connection) -> None:
    system = app.system
    for due in (system.due_deliveries, system.due_probes, system.due_polls, system.due_hours, system.cleanable):
        due()
    calm.execute(text("UPDATE erp_connection SET breaker_state = 'OPEN', probe_at = now(), give_up_after = 60"))
    calm.execute(text("UPDATE erp_export SET created_at = now() - interval '2 hours' WHERE status = 'PENDING'"))
    calm.execute(text("UPDATE erp_export SET sent_at = now() - interval '2 hours' WHERE status = 'SENT'"))
    app.upkeep()
    app.older_orders.step()
    _count(app)
    given_up = [give_up(app.store, *place) for place in system.outages()]
    assert any(given_up)
    for place in system.due_probes():
        probe(app.wiring, *place)
    for place in system.cleanable():
        app.clean_up(*place)
    assert any(found.orders for found in prune(app.database, app.documents, 700, batch=20))
