"""What is deleted after its time, and what of one order on request; and what stays."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from orderflow.documents.object_store import ObjectStore
from orderflow.domain.delivery import Arrived
from orderflow.domain.errors import StateError
from orderflow.domain.ids import new_id
from orderflow.domain.order_keys import Cancellation
from orderflow.domain.orders import Customer
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.approve import edit_order, reject_order
from orderflow.flow.order.hold import hold_order
from orderflow.flow.ports import Actor
from orderflow.postgres.errors import DatabaseError
from orderflow.storage.database import Database
from orderflow.storage.system.retention import _LOCK, Pruned, forget, prune
from orderflow.testing.memory import MemoryDropzone
from tests.waiting import wait_until

ACTOR = Actor("test")


@pytest.fixture
def documents(installation: Any, tmp_path: Path) -> ObjectStore:
    store = ObjectStore(tmp_path)
    object.__setattr__(installation.wiring, "documents", store)
    return store


@pytest.fixture
def delivered(installation: Any, documents: ObjectStore) -> list[UUID]:
    """Three orders that were pushed; the first two are CONFIRMED."""
    connection_id = installation.connect(MemoryDropzone())
    ids: list[UUID] = installation.pushed(3)
    installation.work_off(connection_id)
    installation.do("UPDATE draft_order SET status = 'CONFIRMED' WHERE id = ANY(:ids)", ids=ids[:2])
    return ids


def age(installation: Any, ids: list[UUID], days: int) -> None:
    installation.do(
        "UPDATE draft_order SET updated_at = now() - make_interval(days => :d) WHERE id = ANY(:ids)", d=days, ids=ids
    )


def age_audit(database: Database, days: int) -> None:
    with database.system() as connection:
        connection.execute(text("UPDATE audit_log SET created_at = now() - make_interval(days => :d)"), {"d": days})


def test_what_ended_long_ago_goes_with_all_that_belongs_to_it(installation, documents, delivered, database, tmp_path):
    age(installation, delivered, 400)
    age(installation, delivered[1:2], 300)
    age_audit(database, 400)
    assert len(list(tmp_path.rglob("*.json"))) == 3
    done = list(prune(database, documents, 365, batch=1))[-1]
    assert (done.orders, done.documents) == (1, 1)
    for table in ("draft_order", "draft_order_revision", "erp_export", "erp_push_log"):
        assert installation.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] == 2
    assert len(list(tmp_path.rglob("*.json"))) == 2
    told_of = {row["entity_id"] for row in installation.rows("SELECT entity_id FROM audit_log")}
    assert delivered[0] not in told_of
    assert set(delivered[1:]) <= told_of
    assert list(prune(database, documents, 365)) == []


def test_an_unfinished_order_stays_however_old(installation, documents, delivered, database):
    age(installation, delivered[2:], 4000)
    assert list(prune(database, documents, 1)) == []
    assert installation.order(delivered[2])["status"] == "PUSHED"


def test_an_order_stays_while_something_was_noted_of_it_since(installation, documents, delivered, database):
    age(installation, delivered, 400)
    age_audit(database, 400)
    forget(installation.wiring.store, documents, installation.org_id, delivered[0], ACTOR)
    assert [done.orders for done in prune(database, documents, 365)] == [1]
    kept = installation.rows("SELECT * FROM audit_log WHERE action = 'ORDER_FORGOTTEN'")
    assert [row["entity_id"] for row in kept] == [delivered[0]]


def test_what_tells_of_no_order_goes_by_its_own_age(installation, documents, database):
    with installation.wiring.store.work(installation.org_id) as work:
        work.audit.add("LOGIN_FAILED", ACTOR)
        work.audit.add("CONNECTOR_TESTED", ACTOR, "erp_connection", [installation.org_id])
    age_audit(database, 366)
    with installation.wiring.store.work(installation.org_id) as work:
        work.audit.add("LOGIN_FAILED", ACTOR)
    assert [done.audit_rows for done in prune(database, documents, 365)] == [2]
    assert len(installation.rows("SELECT * FROM audit_log")) == 1


def test_one_process_prunes_at_a_time(installation, documents, delivered, database):
    age(installation, delivered, 400)
    age_audit(database, 400)
    first = prune(database, documents, 365, batch=1)
    next(first)
    with pytest.raises(StateError, match="Another process is pruning"):
        next(prune(database, documents, 365))
    first.close()  # as if it had been broken off
    assert [done.orders for done in prune(database, documents, 365)] == [1]


def holders_of_the_lock(database: Database) -> list[str]:
    """Return what the sessions said last that keep others from pruning; who asks has to be a superuser."""
    query = """
        SELECT a.query FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND l.objid = %s AND a.datname = current_database()
    """
    assert database.admin_url
    with psycopg.connect(database.admin_url.replace("+psycopg", "")) as admin:
        return [said for (said,) in admin.execute(query, (_LOCK,))]


def test_the_lock_does_not_idle_while_batches_go_on(installation, documents, delivered, database):
    age(installation, delivered, 400)
    age_audit(database, 400)
    batches = prune(database, documents, 365, batch=1)
    next(batches)
    assert holders_of_the_lock(database) == ["SELECT 1"], "it has said something since it took the lock"
    batches.close()
    assert not holders_of_the_lock(database)


def _prune_until_it_is_lost(batches: Iterator[Pruned], database: Database) -> None:
    for _ in batches:
        wait_until(lambda: not holders_of_the_lock(database))


def test_a_lock_that_the_server_took_back_is_told_in_plain_words(
    installation, documents, delivered, database, monkeypatch
):
    age(installation, delivered, 400)
    age_audit(database, 400)
    opened = database.dedicated

    def impatient() -> Any:
        connection = opened()
        connection.execute("SET idle_in_transaction_session_timeout = '1ms'")
        return connection

    monkeypatch.setattr(database, "dedicated", impatient)
    batches = prune(database, documents, 365, batch=1)
    with pytest.raises(DatabaseError):
        _prune_until_it_is_lost(batches, database)
    monkeypatch.undo()
    list(prune(database, documents, 365))
    assert installation.rows("SELECT count(*) AS n FROM draft_order")[0]["n"] == 1, "the next run ends what this began"


def test_one_orders_personal_data_goes_and_its_numbers_stay(installation, documents, delivered, tmp_path):
    forget(installation.wiring.store, documents, installation.org_id, delivered[0], ACTOR)
    order = installation.order(delivered[0])
    assert order["customer_name"] is None
    assert (order["erp_customer_number"], order["status"]) == ("4711", "CONFIRMED")
    revisions = installation.rows("SELECT draft_order_id, content, sha256 FROM draft_order_revision")
    kept = {row["draft_order_id"]: row["content"] is not None for row in revisions}
    assert kept == {delivered[0]: False, delivered[1]: True, delivered[2]: True}
    with installation.wiring.store.work(installation.org_id) as work:
        assert work.orders.as_approved(delivered[0]).customer.name is None
    assert installation.attempts(delivered[0])[0]["request_json"] is None
    assert len(list(tmp_path.rglob("*.json"))) == 2
    assert installation.order(delivered[1])["customer_name"] == "Muster GmbH"
    kept = installation.rows("SELECT * FROM audit_log WHERE action = 'ORDER_FORGOTTEN'")
    assert [row["entity_id"] for row in kept] == [delivered[0]]


def test_what_the_audit_log_says_of_a_person_goes_too(installation, documents, make_order):
    order = make_order()
    with installation.wiring.store.work(installation.org_id) as work:
        accept_orders(work, [order], ACTOR)
        edit_order(work, replace(order, customer=Customer("4711", "Erika Mustermann"), ship_to={"city": "K"}), ACTOR)
        edit_order(work, replace(order, buyer={"contact": "Erika"}, seller={"email": "erika@muster.example"}), ACTOR)
        reject_order(work, order.id, ACTOR, "Erika called")
    forget(installation.wiring.store, documents, installation.org_id, order.id, ACTOR)
    rows = installation.rows(
        "SELECT action, before, after FROM audit_log WHERE entity_id = :id ORDER BY id", id=order.id
    )
    kept = str([rows, installation.order(order.id)])
    assert "Erika" not in kept
    assert "erika" not in kept
    assert "Muster" not in str(rows)
    states = [(row["before"]["status"], row["after"]["status"]) for row in rows if row["after"]]
    assert states == [("READY", "READY"), ("READY", "READY"), ("READY", "REJECTED")]


def test_the_reasons_of_holds_are_forgotten_too(installation, documents):
    (order_id,) = installation.approved()
    with installation.wiring.store.work(installation.org_id) as work:
        hold_order(work, order_id, "Eva Groß called", ACTOR)
        reject_order(work, order_id, ACTOR)
    forget(installation.wiring.store, documents, installation.org_id, order_id, ACTOR)
    assert installation.rows("SELECT * FROM order_hold") == []
    assert "Eva" not in str(installation.rows("SELECT before, after FROM audit_log"))


def test_an_order_under_way_is_not_forgotten(installation, documents, delivered):
    with pytest.raises(StateError, match="PUSHED"):
        forget(installation.wiring.store, documents, installation.org_id, delivered[2], ACTOR)
    assert installation.order(delivered[2])["customer_name"] == "Muster GmbH"


def test_why_an_order_was_recalled_is_forgotten(installation, documents, delivered):
    installation.do("UPDATE erp_export SET reason = 'Erika called' WHERE draft_order_id = :id", id=delivered[0])
    forget(installation.wiring.store, documents, installation.org_id, delivered[0], ACTOR)
    assert installation.export(delivered[0])["reason"] is None


def test_answers_that_came_by_themselves_and_were_not_understood_are_forgotten_with_their_order(
    installation, documents, delivered
):
    noted, former, others = (Arrived(new_id(), f"{number}", b"Erika, house 7") for number in range(3))
    export, other = (installation.export(order_id) for order_id in delivered[:2])
    with installation.wiring.store.work(installation.org_id) as work:
        for item in (noted, former, others):
            work.inbound.add(export["connection_id"], item, item.name)
        work.audit.add("ACK_UNREADABLE", ACTOR, "erp_export", [export["id"]], None, {"file": former.source})
        work.audit.add("ACK_UNREADABLE", ACTOR, "erp_export", [other["id"]], None, {"file": others.source})
    installation.do(
        "UPDATE erp_export SET unreadable_answer = CAST(:answer AS jsonb) WHERE id = :id",
        answer=json.dumps({"file": noted.source, "excerpt": "Erika, house 7"}),
        id=export["id"],
    )
    forget(installation.wiring.store, documents, installation.org_id, delivered[0], ACTOR)
    assert installation.export(delivered[0])["unreadable_answer"] is None
    kept = {row["id"]: row["content"] for row in installation.rows("SELECT * FROM inbound")}
    assert kept == {noted.id: None, former.id: None, others.id: b"Erika, house 7"}


def test_an_answer_that_came_is_kept_until_it_was_read_unless_its_connection_is_deleted(
    installation, documents, database
):
    connection_id = installation.connect(MemoryDropzone())
    item = Arrived(new_id(), "late", b"yes")
    with installation.wiring.store.work(installation.org_id) as work:
        work.inbound.add(connection_id, item, item.name)
    installation.do("UPDATE inbound SET received_at = now() - interval '9 days'")
    list(prune(database, documents, 1))
    assert [row["id"] for row in installation.rows("SELECT id FROM inbound")] == [item.id]
    installation.do("UPDATE erp_connection SET deleted_at = now()")
    list(prune(database, documents, 1))
    assert installation.rows("SELECT id FROM inbound") == []


def test_who_cancelled_an_order_that_never_came_is_forgotten_and_it_stays_cancelled(
    installation, documents, database, make_order
):
    order, new = make_order(), make_order()
    order.external_order_number, new.external_order_number = "PO-OLD", "PO-NEW"
    long_ago = UUID(int=new_id().int - (400 * 86_400_000 << 80))
    with installation.wiring.store.work(installation.org_id) as work:
        work.order_keys.cancel(order, long_ago, Cancellation("erika", "Erika called"))
        work.order_keys.cancel(new, new_id(), Cancellation("erika", "Erika called"))
    list(prune(database, documents, 365))
    with installation.wiring.store.work(installation.org_id) as work:
        held = work.order_keys.take([order, new])
    assert held[order.id].cancelled == Cancellation("forgotten", "forgotten")
    assert held[new.id].cancelled == Cancellation("erika", "Erika called")
