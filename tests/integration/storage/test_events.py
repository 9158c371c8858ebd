"""What is told of orders and connections: in the transaction of the change, each once, in one order without gaps."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import make_url

from orderflow.documents.object_store import ObjectStore
from orderflow.domain.errors import StateError
from orderflow.domain.events import EventKind, of_breaker, of_connection, of_order
from orderflow.domain.states import BreakerState, ConnectionStatus, OrderStatus
from orderflow.flow.order.approve import approve_order, edit_order, reject_order
from orderflow.flow.order.hold import hold_order, release_order
from orderflow.flow.ports import Actor
from orderflow.storage.system.retention import prune
from orderflow.storage.tables.models.events import OF_EVERY_ORDER
from orderflow.storage.views.events import Event, EventFilter, find_events
from orderflow.storage.views.view import View
from orderflow.storage.work import events
from orderflow.testing.memory import MemoryDropzone

ACTOR = Actor("test")
ADD = """
    INSERT INTO draft_order (id, org_id, status, external_order_number)
    VALUES (gen_random_uuid(), %(org)s, 'NEEDS_REVIEW', %(number)s)
"""


def told(installation: Any, after: int | None = None, limit: int = 500, **wanted: Any) -> list[Event]:
    with installation.database.transaction(installation.org_id) as connection:
        view = View(connection, installation.org_id)
        return find_events(view, EventFilter(after, **wanted), limit).items


def kinds(installation: Any, order_id: UUID | None = None) -> list[str]:
    return [event.kind.value for event in told(installation, order_id=order_id)]


def test_the_database_tells_each_change_of_state_as_the_tables_say(installation: Any) -> None:
    for before, after, answered in product(OrderStatus, OrderStatus, (False, True)):
        values = {"before": before, "after": after, "answered": answered}
        (row,) = installation.rows("SELECT event_of_order(:before, :after, :answered) AS kind", **values)
        assert row["kind"] == of_order(before, after, answered=answered), (before, after)


def test_the_page_tells_of_every_kind_what_it_means() -> None:
    page = (Path(__file__).parents[3] / "docs/events.md").read_text("utf-8")
    assert [line for line in page.splitlines() if line.startswith(("| `order.", "| `connection."))] == [
        f"| `{kind}` | {kind.meaning} |" for kind in EventKind
    ]


def test_events_of_any_kinds_are_found_whether_every_order_brings_them_or_few(installation: Any) -> None:
    (order_id,) = installation.approved(1)
    with installation.wiring.store.work(installation.org_id) as work:
        hold_order(work, order_id, "to be checked", ACTOR)
        release_order(work, order_id, ACTOR)
    frequent, rare = ["order.created", "order.approved"], ["order.held", "order.released"]
    assert set(frequent) < set(OF_EVERY_ORDER)
    for asked in (*([kind] for kind in (*frequent, *rare)), frequent, rare, [*frequent, *rare]):
        found = told(installation, kinds=[EventKind(kind) for kind in asked])
        assert [event.kind.value for event in found if event.order_id == order_id] == asked


def test_an_orders_life_is_told_in_its_order(installation: Any) -> None:
    order_id, rejected = installation.approved(2)
    with installation.wiring.store.work(installation.org_id) as work:
        edited = replace(work.orders.get(order_id), external_order_number="PO-7")
        edit_order(work, edited, ACTOR)
        approve_order(work, order_id, ACTOR)
        reject_order(work, rejected, ACTOR, "twice")
        hold_order(work, order_id, "to be checked", ACTOR)
        release_order(work, order_id, ACTOR)
    installation.do("UPDATE draft_order SET status = 'PUSHING' WHERE id = :id", id=order_id)
    installation.do(
        "UPDATE draft_order SET status = 'ERROR', error_json = '{\"code\": \"NO\"}' WHERE id = :id", id=order_id
    )
    assert kinds(installation, rejected)[-1] == "order.rejected"
    assert kinds(installation, order_id) == [
        *("order.created", "order.approved", "order.ready", "order.approved", "order.held", "order.released"),
        *("order.requested", "order.failed"),
    ]
    last = told(installation, order_id=order_id)[-1]
    assert last.data == {"status": "ERROR", "external_order_number": "PO-7", "error_code": "NO"}


def test_what_the_erp_answers_is_told_as_its_answer(installation: Any) -> None:
    connection_id = installation.connect(MemoryDropzone())
    confirmed, refused, doubtful = installation.pushed(3)
    installation.work_off(connection_id)
    answer = "UPDATE erp_export SET status = :status, answered_at = now() WHERE draft_order_id = :id"
    installation.do(answer, status="FAILED", id=refused)
    installation.do("UPDATE draft_order SET status = 'ERROR' WHERE id = :id", id=refused)
    installation.do("UPDATE erp_export SET held_at = now() WHERE draft_order_id = :id", id=doubtful)
    installation.do("UPDATE erp_export SET held_at = now() WHERE draft_order_id = :id", id=doubtful)
    keep = """
        INSERT INTO draft_order_confirmation (draft_order_id, org_id, export_id, details, differences, answered_at)
        SELECT id, org_id, id, '{}', CAST(:differences AS jsonb), now() FROM draft_order WHERE id = :id
        ON CONFLICT (draft_order_id) DO UPDATE SET differences = EXCLUDED.differences
    """
    installation.do("UPDATE draft_order SET status = 'CONFIRMED', erp_order_id = 'SO-1' WHERE id = :id", id=confirmed)
    for differences in ("[]", "[1]", "[1]", "[2]"):
        installation.do(keep, id=confirmed, differences=differences)
    assert kinds(installation, refused)[-1] == "order.refused"
    assert kinds(installation, doubtful)[-2:] == ["order.pushed", "order.in_doubt"]
    assert kinds(installation, confirmed)[-3:] == ["order.confirmed", "order.changed", "order.changed"]


def test_a_recall_and_how_it_ends_are_told(installation: Any) -> None:
    order_id, *_ = installation.approved(1)
    for status in ("PUSHED", "RECALLING", "CONFIRMED", "RECALLING", "RECALLED"):
        installation.do("UPDATE draft_order SET status = :status WHERE id = :id", status=status, id=order_id)
    told_last = kinds(installation, order_id)[-4:]
    assert told_last == ["order.recalling", "order.kept", "order.recalling", "order.recalled"]


def test_what_happens_to_a_connection_is_told(installation: Any) -> None:
    connection_id = installation.connect(MemoryDropzone(), name="Shop")
    states = [BreakerState.CLOSED, BreakerState.OPEN, BreakerState.PAUSED, BreakerState.CLOSED, BreakerState.CLOSED]
    change = "UPDATE erp_connection SET breaker_state = :state WHERE id = :id"
    for state in states:
        installation.do(change, state=state, id=connection_id)
    statuses = [ConnectionStatus.ACTIVE, ConnectionStatus.DISABLED, ConnectionStatus.ACTIVE]
    for status in statuses:
        installation.do("UPDATE erp_connection SET status = :status WHERE id = :id", status=status, id=connection_id)
    found = told(installation)
    wanted = [of_breaker(*pair) for pair in pairwise(states)]
    wanted += [of_connection(*pair) for pair in pairwise(statuses)]
    assert [event.kind for event in found] == [kind for kind in wanted if kind]
    assert {event.connection_id for event in found} == {connection_id}
    assert found[0].data["name"] == "Shop"


def test_what_is_committed_later_is_never_passed_by(installation: Any, app_url: str) -> None:
    """A reader that has seen the second transaction's event gets the first one's after it, whatever wrote first."""
    url = make_url(app_url).set(drivername="postgresql").render_as_string(hide_password=False)
    values = {"org": installation.org_id}
    with psycopg.connect(url) as slow:
        slow.execute(f"SET orderflow.org_id = '{installation.org_id}'")
        slow.execute(ADD, {**values, "number": "slow"})
        installation.approved(1)
        seen = told(installation)
        assert [event.data["external_order_number"] for event in seen] == ["PO-0", "PO-0"]
        slow.commit()
    later = told(installation, seen[-1].number)
    assert [(event.number, event.data["external_order_number"]) for event in later] == [(3, "slow")]


def test_what_is_rolled_back_is_told_to_nobody_and_leaves_no_gap(installation: Any, app_url: str) -> None:
    url = make_url(app_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as undone:
        undone.execute(f"SET orderflow.org_id = '{installation.org_id}'")
        undone.execute(ADD, {"org": installation.org_id, "number": "undone"})
        undone.rollback()
    installation.approved(2)
    assert [event.number for event in told(installation)] == [1, 2, 3, 4]


def test_pages_hold_all_and_end_where_the_next_begins(installation: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "AT_ONCE", 3)
    installation.approved(5)
    after, found = 0, []
    while True:
        with installation.database.transaction(installation.org_id) as connection:
            page = find_events(View(connection, installation.org_id), EventFilter(after), 2)
        found += [event.number for event in page.items]
        after = page.last
        if not page.more:
            break
    assert found == list(range(1, 11))
    only = told(installation, kinds=(EventKind.ORDER_APPROVED,))
    assert [event.kind for event in only] == [EventKind.ORDER_APPROVED] * 5
    assert told(installation, kinds=(EventKind.ORDER_APPROVED, EventKind.ORDER_CREATED), limit=3)[-1].number == 3


def test_a_reader_is_told_that_what_it_asks_for_is_kept_no_longer(
    installation: Any, database: Any, tmp_path: Path
) -> None:
    installation.approved(2)
    (first, *_) = told(installation, limit=1)
    with database.system() as connection:
        connection.exec_driver_sql("UPDATE event SET at = now() - interval '40 days'")
    installation.approved(1)
    with database.system() as connection:  # of these, nobody has seen one
        connection.exec_driver_sql("UPDATE event SET at = now() - interval '40 days' WHERE id <= 5")
    done = list(prune(database, ObjectStore(tmp_path), 365, batch=1, event_days=30))
    assert done[-1].events == 5
    with pytest.raises(StateError) as gone:
        told(installation, first.number)
    assert (gone.value.code, gone.value.details["oldest"]) == ("EVENTS_GONE", 6)
    assert [(event.number, event.kind.value) for event in told(installation)] == [(6, "order.approved")]
    assert told(installation, 5) == told(installation, 0) == told(installation)
    with pytest.raises(StateError) as ahead:
        told(installation, 7)
    assert ahead.value.code == "EVENTS_AHEAD"


def test_another_organizations_events_are_nobodys_here(installation: Any, make_org: Any, database: Any) -> None:
    installation.approved(1)
    other = make_org("other")
    with database.transaction(other) as connection:
        assert find_events(View(connection, other), EventFilter(), 10).items == []
    assert len(told(installation)) == 2
