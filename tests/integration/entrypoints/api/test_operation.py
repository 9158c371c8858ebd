"""What those who run it look at: health, readiness, metrics, headers, request ids."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import psycopg
import pytest
from httpx import Client
from pydantic import SecretStr
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.engine.logs import configure_logs
from orderflow.entrypoints.api import create_app
from orderflow.flow.delivery.push_batch import push_batch
from tests.waiting import wait_until
from tests.waiting_orders import add_approved, request_all


def test_it_is_alive_and_ready(client: Client):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"ready": True, "database": "ok", "engine": "off"}


def test_it_is_not_ready_for_another_versions_tables(client: Client, pg_server: Any, admin_url: str):
    with psycopg.connect(admin_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "DATABASE_SETUP")


def test_an_engine_that_stopped_is_not_ready(app: App, serving: Any):
    api = create_app(app)
    with serving(api) as url, Client(base_url=url) as client:
        assert client.get("/readyz").json()["engine"] == "ok"
        api.state.engine.stop()
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["engine"]) == (503, "stopped")


def test_requests_are_counted_by_route_not_by_address(acme: Any):
    acme.call("GET", f"/users/{acme.org_id}")
    acme.call("GET", f"/users/{acme.org_id}")
    acme.client.get("/made/up")
    metrics = acme.client.get("/metrics").text
    assert 'orderflow_requests_total{method="GET",route="/api/v1/users/{user_id}",status="404"} 2.0' in metrics
    assert 'route="unmatched",status="404"' in metrics
    assert str(acme.org_id) not in metrics


def test_queues_and_breakers_are_measured(acme: Any, app: App):
    with app.database.transaction(acme.org_id) as connection:
        query = (
            "INSERT INTO erp_connection (id, org_id, connector_type, config_encrypted, breaker_state)"
            " VALUES (:id, :id, 'MOCK', '', 'OPEN')"
        )
        connection.execute(text(query), {"id": acme.org_id})
    metrics = acme.client.get("/metrics").text
    labels = f'{{connection="{acme.org_id}",connector_type="MOCK",organization="acme"}}'
    assert f"orderflow_breaker_state{labels} 1.0" in metrics
    assert f"orderflow_queue_depth{labels} 0.0" in metrics
    assert "orderflow_database_up 1.0" in metrics


def test_how_orders_answers_and_processes_stand_is_measured(acme: Any, app: App):
    with app.database.transaction(acme.org_id) as connection:
        query = (
            "INSERT INTO erp_connection (id, org_id, connector_type, config_encrypted, answer_within,"
            " poll_failing_since) VALUES (:id, :id, 'MOCK', '', 60, now() - interval '1 hour')"
        )
        connection.execute(text(query), {"id": acme.org_id})
        add_approved(connection, acme.org_id, 4)
        held, *_ = request_all(connection, acme.org_id)
        of_held = {"order": held}
        sent = (
            "UPDATE erp_export SET status = 'SENT', sent_at = now() - interval '2 hours' WHERE draft_order_id <> :order"
        )
        connection.execute(text(sent), of_held)
        connection.execute(text("UPDATE erp_export SET held_at = now() WHERE draft_order_id = :order"), of_held)
    with app.database.system() as everyone:
        everyone.execute(text("UPDATE process SET started_at = now() - interval '1 hour'"))
    metrics = acme.client.get("/metrics").text
    labels = f'{{connection="{acme.org_id}",connector_type="MOCK",organization="acme"}}'
    assert f"orderflow_answers_overdue{labels} 3.0" in metrics
    assert f"orderflow_held{labels} 1.0" in metrics
    assert f"orderflow_answers_unreadable{labels} 0.0" in metrics
    for name, seconds in (("unanswered_oldest", 7200), ("polls_failing", 3600)):
        found = re.search(rf"orderflow_{name}_seconds{re.escape(labels)} (\S+)", metrics)
        assert found
        assert seconds <= float(found[1]) < seconds + 300
    assert 'orderflow_orders{organization="acme",status="PUSHING"} 4.0' in metrics
    assert 'orderflow_processes{kind="serve"} 1.0' in metrics
    assert 'orderflow_trouble{code="NO_WORKER"} 1.0' in metrics


def measured(acme: Any, name: str) -> float | None:
    """The metric of the organization's one connection."""
    labels = f'{{connection="{acme.org_id}",connector_type="MOCK",organization="acme"}}'
    found = re.search(rf"orderflow_{name}{re.escape(labels)} (\S+)", acme.client.get("/metrics").text)
    return float(found[1]) if found else None


@pytest.fixture
def waiting(acme: Any, app: App) -> Any:
    """What runs SQL over a connection for which one order has been due for an hour."""

    def run(*statements: str) -> None:
        with app.database.system() as everyone:
            for statement in statements:
                everyone.execute(text(statement), {"id": acme.org_id})

    run("INSERT INTO erp_connection (id, org_id, connector_type, config_encrypted) VALUES (:id, :id, 'MOCK', '')")
    with app.database.transaction(acme.org_id) as connection:
        add_approved(connection, acme.org_id, 1)
        request_all(connection, acme.org_id)
    run("UPDATE erp_export SET created_at = now() - interval '1 hour', next_attempt_at = now() - interval '1 hour'")
    return run


MENDED = (
    "UPDATE erp_export SET held_at = NULL, next_attempt_at = now() - interval '1 hour' WHERE org_id = :id",
    "UPDATE organization SET deliveries_paused_at = NULL WHERE id = :id",
    "DELETE FROM order_hold WHERE org_id = :id",
    "DELETE FROM orders_taken WHERE org_id = :id",
    """UPDATE erp_connection SET breaker_state = 'CLOSED', status = 'ACTIVE', rests_until = NULL, closed_until = NULL,
       orders_per_minute = NULL WHERE id = :id""",
)


def test_what_waits_for_anything_but_workers_is_not_due(acme: Any, waiting: Any) -> None:
    for kept_by in (
        ["UPDATE erp_export SET next_attempt_at = now() + interval '1 day' WHERE org_id = :id"],
        ["UPDATE erp_export SET held_at = now() WHERE org_id = :id"],
        ["UPDATE organization SET deliveries_paused_at = now() WHERE id = :id"],
        [
            """INSERT INTO order_hold (id, org_id, draft_order_id, reason, placed_by)
               SELECT gen_random_uuid(), org_id, id, 'check', 'ops' FROM draft_order WHERE org_id = :id"""
        ],
        ["UPDATE erp_connection SET breaker_state = 'OPEN' WHERE id = :id"],
        ["UPDATE erp_connection SET status = 'DISABLED' WHERE id = :id"],
        ["UPDATE erp_connection SET rests_until = now() + interval '1 minute' WHERE id = :id"],
        ["UPDATE erp_connection SET closed_until = now() + interval '1 minute' WHERE id = :id"],
        [
            "UPDATE erp_connection SET orders_per_minute = 10 WHERE id = :id",
            "INSERT INTO orders_taken (connection_id, taken_at, org_id, orders) VALUES (:id, now(), :id, 10)",
        ],
    ):
        waiting(*MENDED)
        assert 3600 <= (measured(acme, "queue_due_seconds") or 0) < 3900
        waiting(*kept_by)
        assert measured(acme, "queue_due_seconds") == 0, kept_by
        assert (measured(acme, "queue_oldest_seconds") or 0) >= 3600
    waiting(*MENDED, "UPDATE erp_connection SET closed_until = now() - interval '10 minutes' WHERE id = :id")
    assert 600 <= (measured(acme, "queue_due_seconds") or 0) < 900, "it counts from when it opened"


@pytest.mark.parametrize(("state", "before", "shown"), [("OPEN", 1, 0), ("PAUSED", 2, 2)])
def test_of_a_disabled_connection_only_what_a_person_waits_for_is_told(
    acme: Any, waiting: Any, state: str, before: int, shown: int
) -> None:
    ends = "certificate_ends_at = now() - interval '1 day'"
    waiting(f"UPDATE erp_connection SET breaker_state = '{state}', {ends} WHERE id = :id")
    assert measured(acme, "breaker_state") == before
    assert (measured(acme, "certificate_seconds") or 0) < 0
    waiting("UPDATE erp_connection SET status = 'DISABLED' WHERE id = :id")
    assert (measured(acme, "breaker_state"), measured(acme, "certificate_seconds")) == (shown, None)
    waiting("UPDATE erp_export SET status = 'FAILED' WHERE org_id = :id")
    assert measured(acme, "breaker_state") == 0


def test_metrics_can_ask_for_a_token(client: Client, app: App, secret: Any):
    token = secret("metrics")
    app.settings.metrics_token = SecretStr(token)
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/organization", "/healthz", "/made/up"])
def test_every_answer_has_an_id_and_tells_browsers_to_be_careful(client: Client, path: str):
    answer = client.get(path, headers={"X-Request-ID": "given-1"})
    assert answer.headers["X-Request-ID"] == "given-1"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert "access-control-allow-origin" not in answer.headers


def test_other_sites_may_ask_only_if_they_are_listed(app: App, serving: Any):
    app.settings.cors_origins = ["https://shop.example"]
    with serving(create_app(app, engine=False)) as url, Client(base_url=url) as client:
        listed, other = (
            client.get("/api/v1/me", headers={"Origin": origin})
            for origin in ("https://shop.example", "https://evil.example")
        )
    assert listed.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-origin" not in other.headers


def test_the_request_id_is_on_the_log_lines_it_caused(client: Client, capfd: Any):
    configure_logs("DEBUG", json=True)  # to the stream that capfd reads
    client.get("/healthz", headers={"X-Request-ID": "traced-1"})
    lines: list[str] = []

    def told() -> bool:
        lines.append(capfd.readouterr().err)
        return '"request_id": "traced-1"' in "".join(lines)

    wait_until(told, lambda: lines)  # the line may come after the answer


def test_the_request_id_is_on_the_log_line_of_the_delivery_too(acme: Any, app: App, capfd: Any):
    configure_logs("INFO", json=True)
    acme.call("POST", "/connectors/mock", json={"config": {"mode": "rejected"}})
    line = {"line_no": 1, "internal_sku": "A", "qty": 1, "uom": "PCE"}
    order = {"currency": "EUR", "customer": {"erp_customer_number": "4711"}, "lines": [line]}
    order_id = acme.call("POST", "/draft-orders", json=order).json()["id"]
    acme.call("POST", f"/draft-orders/{order_id}/approve")
    pushed = acme.call("POST", f"/draft-orders/{order_id}/push", headers={"X-Request-ID": "traced-2"}).json()
    push_batch(app.wiring, acme.org_id, UUID(pushed["connection_id"]))
    (entry,) = map(json.loads, capfd.readouterr().err.splitlines())
    told = {name: entry[name] for name in ("request_id", "order_id", "export_id", "outcome", "level")}
    assert told == {
        "request_id": "traced-2",
        "order_id": order_id,
        "export_id": pushed["export_id"],
        "outcome": "FAILED",
        "level": "warning",
    }
    assert entry["code"]
