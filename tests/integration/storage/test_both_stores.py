"""Every method of the ports, every guard: the store on PostgreSQL and the store in memory do and say the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from orderflow.domain.answer_details import Details, Level, LineAnswer, Others, Schedule
from orderflow.domain.answer_files import ControlNumber, OrderNumber, Reference
from orderflow.domain.answers import Verdict
from orderflow.domain.confirmations import applied, differences
from orderflow.domain.delivery import Ack, ExportResult, Lease, Sent
from orderflow.domain.errors import (
    BusyError,
    ConnectorError,
    InDoubtError,
    LeaseEndingError,
    NeedsAttentionError,
    NotFoundError,
    OrderFlowError,
    RejectedError,
    StateError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.ids import new_id
from orderflow.domain.opening_hours.hours import Period
from orderflow.domain.order_keys import Cancellation, DuplicateOrderError, OnDuplicate, key_of
from orderflow.domain.orders import Customer, DraftOrder
from orderflow.domain.revisions import RevisionChangedError, write
from orderflow.domain.states import AttemptStatus, BreakerState, ConnectionStatus, ERPExportStatus, Kind, OrderStatus
from orderflow.flow import ports
from orderflow.flow.delivery import recall, request, reroute, route
from orderflow.flow.delivery.change import discard_change
from orderflow.flow.delivery.request import note_request
from orderflow.flow.delivery.route import one_to_push_to
from orderflow.flow.order import bulk, prioritize
from orderflow.flow.order import hold as holding
from orderflow.flow.order.accept import Arrival, accept_orders, revise_order
from orderflow.flow.order.approve import approve_order, edit_order, reject_order
from orderflow.flow.ports import SESSION_LINGERS, Attempt, Batch, Confirmed, Crew, DecidedAnswer, Export, Settlement
from orderflow.flow.refusals import MOST_BYTES
from orderflow.flow.setup import routes
from orderflow.formats.order_fields import sample_order
from tests.integration.conftest import an_order
from tests.integration.storage.benches import (
    ACTOR,
    Bench,
    begun,
    claimed,
    connection,
    doubt,
    everything,
    export,
    leased,
    order,
    seen,
)

NOBODYS = UUID(int=1)
MOMENT = datetime(2026, 1, 5, 7, 30, 0, 120, UTC)
LATER = MOMENT + timedelta(days=1)


def refused(bench: Bench, call: str, *arguments: object, of: str = "connections") -> OrderFlowError:
    """Return how a call is refused."""
    with pytest.raises(OrderFlowError) as caught, bench.store.work(bench.org_id) as work:
        getattr(getattr(work, of), call)(*arguments)
    return caught.value


def not_to_push_to(bench: Bench, *asked: Any) -> OrderFlowError:
    """Return why a push goes nowhere."""
    with pytest.raises(StateError) as caught, bench.store.work(bench.org_id) as work:
        one_to_push_to(work, *asked)
    return caught.value


def test_this_suite_calls_every_method_of_every_port() -> None:
    suites = ("test_both_stores.py", "test_routes_in_both_stores.py", "test_bulk_jobs_in_both_stores.py")
    names = (*suites, "test_holds_in_both_stores.py", "test_inbound_in_both_stores.py", "benches.py")
    steps = (bulk, holding, prioritize, reroute, request, route, routes)  # what waits is looked for by steps alone
    files = [*(Path(__file__).with_name(name) for name in names), *(Path(step.__file__ or "") for step in steps)]
    asked = "".join(file.read_text("utf-8") for file in files)
    for port in (
        ports.Orders,
        ports.OrderKeys,
        ports.Holds,
        ports.Exports,
        ports.Connections,
        ports.Routes,
        ports.BulkJobs,
        ports.Inbound,
        ports.Audit,
        ports.Store,
    ):
        methods = [name for name, value in vars(port).items() if callable(value) and not name.startswith("_")]
        missing = [name for name in methods if not re.search(rf'\.{name}\(|"{name}"', asked)]
        assert not missing, port


# Orders


def test_an_order_comes_back_as_it_was_stored(bench: Bench) -> None:
    order_id = order(bench, "READY")
    with bench.store.work(bench.org_id) as work:
        found = work.orders.get(order_id)
        assert work.orders.lock_status(order_id) is OrderStatus.READY
    assert (found.id, found.org_id, found.status) == (order_id, bench.org_id, OrderStatus.READY)
    assert [line.internal_sku for line in found.lines] == [line.internal_sku for line in an_order().lines]


def test_what_is_not_there_is_said_to_be_missing(bench: Bench) -> None:
    assert isinstance(refused(bench, "get", NOBODYS, of="orders"), NotFoundError)
    assert (
        refused(bench, "lock_status", NOBODYS, of="orders").message
        == f"There is no order {NOBODYS} in this organization."
    )
    assert refused(bench, "get", NOBODYS, of="exports").message == f"There is no export {NOBODYS} in this organization."
    for call in ("type_of", "open", "disable", "enable", "make_default", "delete", "proof", "active"):
        assert refused(bench, call, NOBODYS).message == f"There is no connection {NOBODYS} in this organization."
    with bench.store.work(bench.org_id) as work:
        assert work.exports.latest(NOBODYS) is None
        assert work.exports.find(NOBODYS) is None
        assert not work.exports.withdraw(NOBODYS)
        assert not work.exports.confirm(NOBODYS, "ops")
        assert not work.exports.note_delivered(NOBODYS)
        assert not work.exports.stop(NOBODYS, {"code": "X", "message": "x"})
        assert work.connections.outage(NOBODYS) is None


def test_a_state_and_what_belongs_to_it_are_written(bench: Bench) -> None:
    order_id = order(bench, "READY")
    with bench.store.work(bench.org_id) as work:
        work.orders.set_status(order_id, OrderStatus.APPROVED, approved_by="ops", error_json={"code": "X"})
    row = bench.columns("draft_order", order_id)
    assert row is not None
    assert (row["status"], row["approved_by"], row["error_json"]) == ("APPROVED", "ops", {"code": "X"})


def test_content_is_replaced_and_the_state_is_left_alone(bench: Bench) -> None:
    order_id = order(bench, "READY")
    changed = an_order()
    changed.id, changed.notes, changed.lines = order_id, "new", changed.lines * 1
    changed.lines[0].internal_sku = "INT-1"
    with bench.store.work(bench.org_id) as work:
        work.orders.replace(changed)
    with bench.store.work(bench.org_id) as work:
        found = work.orders.get(order_id)
    assert (found.notes, found.lines[0].internal_sku, found.status) == ("new", "INT-1", OrderStatus.READY)


def test_a_transaction_that_fails_leaves_nothing(bench: Bench) -> None:
    order_id = order(bench, "READY")

    def fail() -> None:
        with bench.store.work(bench.org_id) as work:
            work.orders.set_status(order_id, OrderStatus.REJECTED)
            work.audit.add("DRAFT_REJECTED", ACTOR, "draft_order", [order_id])
            raise StateError("No.")

    with pytest.raises(StateError):
        fail()
    with bench.store.work(bench.org_id) as work:
        assert work.orders.lock_status(order_id) is OrderStatus.READY
    assert bench.audit() == []


# Revisions


def kept(bench: Bench, status: str = "APPROVED", **changes: Any) -> DraftOrder:
    """Store an order with every field, and keep it as approved."""
    full = replace(sample_order(), id=new_id(), org_id=bench.org_id, delivery_in_progress=None, **changes)
    full.status, full.created_at = OrderStatus(status), bench.now()
    full.lines = [replace(line, id=new_id()) for line in full.lines]
    with bench.store.work(bench.org_id) as work:
        work.orders.add_many([full])
        work.orders.keep_revision(full.id, MOMENT, "lead")
        work.orders.set_status(full.id, full.status, approved_at=MOMENT, approved_by="lead")
    return full


def test_a_revision_is_the_whole_order_in_the_same_bytes(bench: Bench) -> None:
    full = kept(bench)
    odd = {"name": 'a "quoted" \\ name\twith ü and \U0001f600', "zip": None, "x": {"yy": [1, 2.5, True], "z": ""}}
    bare = kept(bench, ship_to=odd, bill_to=None, customer=None, source_document=None, lines=[], notes=None)
    for order_id, lines in ((full.id, 2), (bare.id, 0)):
        with bench.store.work(bench.org_id) as work:
            stored = work.orders.get(order_id)
        (revision,) = bench.revisions(order_id)
        content = revision.content or ""
        wanted = replace(stored, org_slug="acme", approved_at=MOMENT, approved_by="lead")
        assert content == write(wanted)
        assert revision.sha256 == sha256(content.encode()).hexdigest()
        assert (revision.number, revision.made_at, revision.made_by) == (1, MOMENT, "lead")
        read = revision.order(stored.status, stored.erp_order_id)
        assert len(read.lines) == lines
        assert read == replace(wanted, customer=stored.customer or Customer(), source_document=read.source_document)
    assert '[1, "INT-001", "10.000", ' in (bench.revisions(full.id)[0].content or "")


def test_a_delivery_is_made_from_what_was_approved(bench: Bench) -> None:
    approved = kept(bench)
    connection_id = connection(bench)
    export_id = export(bench, connection_id, of=approved.id)
    with bench.store.work(bench.org_id) as work:
        work.orders.replace(replace(approved, notes="changed past all guards", approved_at=MOMENT))
        assert work.orders.as_approved(approved.id).notes == approved.notes
        work.orders.set_status(approved.id, OrderStatus.READY)
        assert work.orders.as_approved(approved.id).notes == "changed past all guards"
        work.orders.set_status(approved.id, OrderStatus.PUSHING)
    (attempt,) = claimed(bench, connection_id).attempts
    assert (attempt.order.notes, attempt.order.approved_by, attempt.order.status) == (
        approved.notes,
        "lead",
        OrderStatus.PUSHING,
    )
    row = bench.columns("erp_export", export_id)
    assert row is not None
    assert row["revision"] == 1


def test_each_approval_is_a_revision_of_its_own_and_an_export_keeps_its_own(bench: Bench) -> None:
    approved = kept(bench)
    connection_id = connection(bench)
    first = export(bench, connection_id, of=approved.id)
    with bench.store.work(bench.org_id) as work:
        work.orders.replace(replace(approved, notes="second"))
        work.orders.keep_revision(approved.id, LATER, "ops")
        work.orders.set_status(approved.id, OrderStatus.PUSHING, approved_at=LATER)
    assert [(one.number, one.made_at, one.made_by) for one in bench.revisions(approved.id)] == [
        (1, MOMENT, "lead"),
        (2, LATER, "ops"),
    ]
    second = export(bench, connection_id, of=approved.id)
    found = {attempt.export_id: attempt.order.notes for attempt in claimed(bench, connection_id).attempts}
    assert found == {first: approved.notes, second: "second"}


def test_a_claim_makes_the_revision_that_an_older_release_did_not(bench: Bench) -> None:
    connection_id = connection(bench)
    none = order(bench)
    of_none = export(bench, connection_id, of=none)
    since = kept(bench, "PUSHING")
    with bench.store.work(bench.org_id) as work:  # approved anew by a server that knows no revisions
        work.orders.replace(replace(since, notes="second"))
        work.orders.set_status(since.id, OrderStatus.PUSHING, approved_at=LATER)
    of_since = export(bench, connection_id, of=since.id)
    assert {row["revision"] for row in map(partial(bench.columns, "erp_export"), (of_none, of_since)) if row} == {None}
    attempts = {attempt.export_id: attempt for attempt in claimed(bench, connection_id).attempts}
    assert attempts[of_none].order.external_order_number == an_order().external_order_number
    assert attempts[of_since].order.notes == "second"
    assert [len(bench.revisions(order_id)) for order_id in (none, since.id)] == [1, 2]
    assert bench.revisions(since.id)[1].made_at == LATER
    bench.passes(90)
    assert len(claimed(bench, connection_id).attempts) == 2
    assert [len(bench.revisions(order_id)) for order_id in (none, since.id)] == [1, 2]


def test_nothing_is_made_from_a_revision_that_was_changed(bench: Bench) -> None:
    connection_id = connection(bench)
    changed, staged, good = kept(bench, "PUSHING"), kept(bench, "PUSHING"), kept(bench, "PUSHING")
    ids = [export(bench, connection_id, of=one.id) for one in (changed, staged, good)]
    bench.set("erp_export", ids[1], staged_at=bench.now(), staged_path="x.tmp")
    for one in (changed, staged):
        bench.change_revisions(one.id)
        with pytest.raises(RevisionChangedError), bench.store.work(bench.org_id) as work:
            work.orders.as_approved(one.id)
    outcomes = {attempt.export_id: attempt.outcome for attempt in claimed(bench, connection_id).attempts}
    assert [type(outcomes[export_id]) for export_id in ids] == [RevisionChangedError, InDoubtError, type(None)]
    assert {error.code for error in outcomes.values() if isinstance(error, OrderFlowError)} == {"REVISION_CHANGED"}


# Order keys


def taken(bench: Bench, *orders: DraftOrder) -> dict[UUID, UUID]:
    """Take the keys of orders, in a transaction of their own; returns who has those that they could not get."""
    with bench.store.work(bench.org_id) as work:
        return {order_id: holder.order_id for order_id, holder in work.order_keys.take(orders).items()}


def said(order: DraftOrder) -> bytes:
    key = key_of(order)
    assert key is not None
    return key.content_sha256


def test_a_key_belongs_to_the_first_order_that_takes_it(bench: Bench) -> None:
    first, second, other, nameless = an_order(), an_order(), an_order(2), an_order()
    nameless.external_order_number = None
    assert taken(bench, first, other, nameless) == {}
    assert taken(bench, second, other, nameless) == {second.id: first.id}
    third = an_order(3)
    assert taken(bench, third, second, replace(third, id=NOBODYS)) == {second.id: first.id, NOBODYS: third.id}


def test_a_key_tells_what_its_order_said_when_it_came_in(bench: Bench) -> None:
    first, same, other = an_order(), an_order(), an_order()
    first.notes = same.notes = "as ever"
    taken(bench, first)
    with bench.store.work(bench.org_id) as work:
        held = work.order_keys.take([same, other])
    assert [held[one.id].content_sha256 == said(one) for one in (same, other)] == [True, False]
    with bench.store.work(bench.org_id) as work:
        work.order_keys.note_content(replace(other, id=first.id))
    with bench.store.work(bench.org_id) as work:
        held = work.order_keys.take([same, other])
    assert [held[one.id].content_sha256 == said(one) for one in (same, other)] == [False, True]


def test_a_key_that_was_freed_may_be_taken_in_the_same_transaction(bench: Bench) -> None:
    first, second = an_order(), an_order()
    with bench.store.work(bench.org_id) as work:
        assert work.order_keys.take([first]) == {}
        work.order_keys.free(first.id)
        assert work.order_keys.take([second]) == {}
    assert taken(bench, first) == {first.id: second.id}


def test_keys_of_a_transaction_that_fails_are_free(bench: Bench) -> None:
    with pytest.raises(NotFoundError), bench.store.work(bench.org_id) as work:
        work.orders.get(NOBODYS if work.order_keys.take([an_order()]) == {} else new_id())
    assert taken(bench, an_order()) == {}


def test_many_orders_are_read_at_once(bench: Bench) -> None:
    ids = [order(bench, "READY") for _ in range(2)]
    with bench.store.work(bench.org_id) as work:
        found = work.orders.get_many([*ids, NOBODYS])
    assert {order_id: order.id for order_id, order in found.items()} == {order_id: order_id for order_id in ids}
    assert all(len(order.lines) == 1 for order in found.values())


# Coming in


def accepted(bench: Bench, *orders: DraftOrder, on_duplicate: OnDuplicate = OnDuplicate.REFUSE) -> list[Arrival]:
    with bench.store.work(bench.org_id) as work:
        return accept_orders(work, orders, ACTOR, on_duplicate)


def test_an_order_comes_in_once_and_one_that_says_something_else_is_refused(bench: Bench) -> None:
    first, same, other = an_order(), an_order(), an_order()
    other.notes = "not the same"
    arrivals = accepted(bench, first, same, other)
    assert [(one.order.id, one.duplicate, one.error is None) for one in arrivals] == [
        (first.id, False, True),
        (first.id, True, True),
        (first.id, False, False),
    ]
    assert arrivals[2].error is not None
    assert arrivals[2].error.details == {"order_id": str(first.id), "status": "READY"}
    for missing in (same, other):
        assert bench.columns("draft_order", missing.id) is None
    assert [done for done, _ in bench.audit()] == ["DRAFT_CREATED"]


def test_a_new_one_is_made_beside_the_other_if_that_is_wanted(bench: Bench) -> None:
    first, second = an_order(), an_order()
    accepted(bench, first)
    assert accepted(bench, second, on_duplicate=OnDuplicate.NEW)[0].order is second
    assert accepted(bench, an_order())[0].order.id == first.id
    with bench.store.work(bench.org_id) as work:
        reject_order(work, second.id, ACTOR)
    assert accepted(bench, an_order())[0].duplicate


def test_a_rejected_order_makes_room_for_another(bench: Bench) -> None:
    first, second = an_order(), an_order()
    accepted(bench, first)
    with bench.store.work(bench.org_id) as work:
        reject_order(work, first.id, ACTOR)
    assert accepted(bench, second)[0].order is second


def test_an_order_is_revised_as_a_person_would_edit_it(bench: Bench) -> None:
    first, changed = an_order(), an_order()
    changed.notes = "two pallets"
    accepted(bench, first)
    with bench.store.work(bench.org_id) as work:
        approve_order(work, first.id, ACTOR)
    for revised in (True, False):  # the second time nothing is left to do
        with bench.store.work(bench.org_id) as work:
            arrival = revise_order(work, replace(changed, id=new_id()), ACTOR)
        assert (arrival.order.id, arrival.order.status) == (first.id, OrderStatus.READY)
        assert (arrival.revised, arrival.duplicate) == (revised, not revised)
        with bench.store.work(bench.org_id) as work:
            assert work.orders.get(first.id).notes == "two pallets"


def test_an_order_that_is_recalled_is_not_revised(bench: Bench) -> None:
    first, changed = an_order(), an_order()
    accepted(bench, first)
    bench.set("draft_order", first.id, status="RECALLING")
    changed.notes = "two pallets"
    with pytest.raises(StateError, match="is RECALLING"), bench.store.work(bench.org_id) as work:
        revise_order(work, changed, ACTOR)


def test_an_order_that_was_sent_is_revised_and_goes_back_to_what_was_sent(bench: Bench) -> None:
    order_id, way = order(bench, "READY"), connection(bench)
    with bench.store.work(bench.org_id) as work:
        approve_order(work, order_id, ACTOR)
    with bench.store.work(bench.org_id) as work:
        sent = note_request(work, order_id, ACTOR, connection_id=way)
    bench.set("erp_export", sent.id, status=ERPExportStatus.SENT, filename="a.json", sent_at=bench.now())
    bench.set("draft_order", order_id, status=OrderStatus.PUSHED)
    bench.passes(1)
    revised(bench, order_id, "twelve")
    with bench.store.work(bench.org_id) as work:
        change = note_request(work, order_id, ACTOR)
        latest, older = work.exports.deliveries_of(order_id)
        assert (latest.id, latest.kind, latest.follows) == (change.id, Kind.CHANGE, sent.id)
        assert (older.id, older.changed_since, latest.changed_since) == (sent.id, True, False)
        assert work.orders.revision_of(order_id) == latest.revision == 2
    (attempt,) = claimed(bench, way).attempts
    delivery = attempt.order.delivery
    assert (attempt.order.notes, delivery.kind, attempt.superseded) == ("twelve", Kind.CHANGE, False)
    assert delivery.before is not None
    assert delivery.sent is not None
    assert (delivery.before.notes, delivery.sent.export_id) == (an_order().notes, sent.id)
    bench.set("erp_export", change.id, status=ERPExportStatus.FAILED, lease_token=None, lease_until=None, begun_at=None)
    bench.set("draft_order", order_id, status=OrderStatus.ERROR)
    with bench.store.work(bench.org_id) as work:
        discard_change(work, order_id, ACTOR)
    with bench.store.work(bench.org_id) as work:
        back = work.orders.get(order_id)
        assert (back.status, back.notes, work.orders.revision_of(order_id)) == ("PUSHED", an_order().notes, 1)


def revised(bench: Bench, order_id: UUID, notes: str) -> None:
    """Edit an order and approve it."""
    with bench.store.work(bench.org_id) as work:
        changed = replace(work.orders.get(order_id), notes=notes)
        edit_order(work, changed, ACTOR)
    with bench.store.work(bench.org_id) as work:
        approve_order(work, order_id, ACTOR)


@pytest.mark.parametrize(
    ("before", "waits"),
    [
        ({"status": ERPExportStatus.PENDING, "staged_at": "now"}, True),
        ({"status": ERPExportStatus.FAILED, "begun_at": "now"}, True),
        ({"status": ERPExportStatus.FAILED, "begun_at": "now", "answered_at": "now"}, False),
        ({"status": ERPExportStatus.FAILED}, False),
        ({"status": ERPExportStatus.SENT}, False),
        ({"status": ERPExportStatus.SENT, "kind": Kind.RECALL}, True),
        ({"status": ERPExportStatus.ACKED, "kind": Kind.RECALL}, False),
    ],
)
def test_what_follows_a_delivery_waits_until_that_is_decided(bench: Bench, before: dict[str, Any], waits: bool) -> None:
    way, order_id = connection(bench), order(bench, "PUSHING")
    columns: dict[str, Any] = {name: bench.now() if value == "now" else value for name, value in before.items()}
    columns["next_attempt_at"] = bench.now() + timedelta(days=1)
    first = export(bench, way, of=order_id, **columns)
    bench.passes(1)
    later = export(bench, way, of=order_id, kind=Kind.CHANGE, follows=first)
    taken_now = claimed(bench, way).attempts
    assert [attempt.export_id for attempt in taken_now] == ([] if waits else [later])
    if not waits:
        is_change = before == {"status": ERPExportStatus.SENT}
        assert taken_now[0].order.delivery.kind is (Kind.CHANGE if is_change else Kind.ORDER)


@pytest.mark.parametrize("tried", [{"error_json": {"code": "X"}}, {}])
def test_what_was_changed_since_is_known_as_such_whatever_is_left_of_an_attempt(
    bench: Bench, tried: dict[str, Any]
) -> None:
    way = connection(bench)
    edited, followed, plain = (order(bench, status) for status in ("READY", "PUSHING", "PUSHING"))
    exports = [export(bench, way, of=one, **tried) for one in (edited, followed, plain)]
    bench.passes(1)
    export(bench, way, of=followed, kind=Kind.CHANGE, follows=exports[1])
    found = {attempt.export_id: attempt.superseded for attempt in claimed(bench, way).attempts}
    assert found == {exports[0]: True, exports[1]: True, exports[2]: False}


# What was built of an export, and what attempts at it left.
BUILT: dict[str, Any] = {"filename": "a.json", "storage_key": "k", "document_sha256": "0", "media_type": "text/plain"}
BUILT |= {"format_version": "v1", "control_number": 7, "receipt_check": "sha", "erp_order_id": "SO-1"}


def built(bench: Bench) -> dict[str, Any]:
    return BUILT | {"last_begun_at": bench.now()}


def left(bench: Bench, export_id: UUID) -> set[str]:
    """Return what is left of that."""
    row = bench.columns("erp_export", export_id)
    assert row is not None
    return {name for name in built(bench) if row[name] is not None}


def test_a_change_is_sent_anew_after_a_recall_or_taken_over_by_a_person(bench: Bench) -> None:
    way, order_id = connection(bench), order(bench, "ERROR")
    recall_id = export(bench, way, ERPExportStatus.SENT, of=order_id, kind=Kind.RECALL)
    change = export(bench, way, of=order_id, kind=Kind.CHANGE, **built(bench))
    doubtful = export(bench, way, ERPExportStatus.FAILED, of=order_id, begun_at=bench.now())
    with bench.store.work(bench.org_id) as work:
        work.exports.pin(change)
        work.exports.send_anew_after(change, recall_id)
        anew = work.exports.get(change)
        assert (anew.kind, anew.follows, anew.revision) == (Kind.ORDER, recall_id, work.orders.revision_of(order_id))
        assert not work.exports.take_over(change, "anna"), "it has not failed"
        assert not work.exports.take_over(doubtful, "anna"), "nobody knows"
    assert not left(bench, change), "or the ERP would be sent the change as the order"
    bench.set("erp_export", change, status=ERPExportStatus.FAILED)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.take_over(change, "anna")
        assert work.exports.get(change).status is ERPExportStatus.ACKED


def test_a_change_of_what_was_given_back_is_an_order_and_one_of_what_went_out_after_it_is_a_change(
    bench: Bench,
) -> None:
    way, order_id = connection(bench), order(bench, "PUSHING")
    export(bench, way, ERPExportStatus.ACKED, of=order_id)
    first = export(bench, way, ERPExportStatus.FAILED, of=order_id, kind=Kind.CHANGE)
    waited = export(bench, way, of=order_id, kind=Kind.CHANGE, follows=first)
    recall_id = export(bench, way, ERPExportStatus.ACKED, of=order_id, kind=Kind.RECALL)
    bench.set("erp_export", first, follows=recall_id)
    assert claimed(bench, way).attempts[0].order.delivery.kind is Kind.ORDER
    bench.set("erp_export", waited, status=ERPExportStatus.ACKED, lease_token=None, lease_until=None)
    export(bench, way, of=order_id, kind=Kind.CHANGE, follows=waited)
    assert claimed(bench, way).attempts[0].order.delivery.kind is Kind.CHANGE


def recalled_after(bench: Bench, later: dict[str, Any], **second: Any) -> tuple[UUID, UUID, Sent]:
    """Return a delivery that arrived, one after it that stands as `later` says, and what a recall is about then."""
    way, order_id = connection(bench), order(bench, "RECALLING")
    first = export(bench, way, ERPExportStatus.ACKED, of=order_id, filename="first.json")
    bench.passes(1)
    columns: dict[str, Any] = {name: bench.now() if value == "now" else value for name, value in later.items()}
    columns |= second | {
        "next_attempt_at": bench.now() + timedelta(days=1),
        "follows": first if "kind" in second else None,
    }
    then = export(bench, way, of=order_id, **columns)
    bench.passes(1)
    export(bench, way, of=order_id, kind=Kind.RECALL)
    (attempt,) = claimed(bench, way).attempts
    assert attempt.order.delivery.sent is not None
    return first, then, attempt.order.delivery.sent


@pytest.mark.parametrize(
    ("later", "means_the_later"),
    [
        ({"status": ERPExportStatus.FAILED}, False),
        ({"status": ERPExportStatus.FAILED, "begun_at": "now", "answered_at": "now"}, False),
        ({"status": ERPExportStatus.FAILED, "begun_at": "now"}, True),
        ({"status": ERPExportStatus.PENDING}, False),
        ({"status": ERPExportStatus.PENDING, "begun_at": "now"}, True),
        ({"status": ERPExportStatus.SENT}, True),
    ],
)
def test_a_recall_is_about_the_newest_delivery_that_the_erp_has_or_may_have(
    bench: Bench, later: dict[str, Any], means_the_later: bool
) -> None:
    first, second, sent = recalled_after(bench, later, filename="second.json")
    assert sent.export_id == (second if means_the_later else first)
    assert not sent.changed


@pytest.mark.parametrize(
    ("later", "is_changed"),
    [
        ({"status": ERPExportStatus.FAILED}, False),
        ({"status": ERPExportStatus.PENDING}, False),
        ({"status": ERPExportStatus.PENDING, "held_at": "now"}, True),
        ({"status": ERPExportStatus.SENT}, True),
    ],
)
def test_a_recall_knows_whether_the_erp_has_a_change_too_or_may_have(
    bench: Bench, later: dict[str, Any], is_changed: bool
) -> None:
    first, _, sent = recalled_after(bench, later, kind=Kind.CHANGE)
    assert (sent.export_id, sent.changed) == (first, is_changed)


def test_what_waits_is_made_a_change_of_what_the_erp_has_after_all(bench: Bench) -> None:
    way, other, order_id = connection(bench), connection(bench, "OTHER"), order(bench)
    first = export(bench, way, ERPExportStatus.ACKED, of=order_id, filename="first.json")
    bench.passes(1)
    waits = export(bench, other, of=order_id, attempts_spent=2, **built(bench))
    doubtful, ended = export(bench, other, **doubt(bench)), export(bench, other, ERPExportStatus.FAILED)
    at_it = export(bench, other, **leased(bench)[1])
    with bench.store.work(bench.org_id) as work:
        there = work.exports.get(first)
        for one in (doubtful, ended, at_it, NOBODYS):
            assert not work.exports.make_change_of(one, there)
        assert work.exports.make_change_of(waits, there)
        made = work.exports.get(waits)
        assert (made.kind, made.follows, made.connection_id, made.attempts_spent) == (Kind.CHANGE, first, way, 0)
    assert not left(bench, waits)
    (attempt,) = claimed(bench, way).attempts
    assert attempt.order.delivery.kind is Kind.CHANGE
    assert attempt.order.delivery.sent is not None
    assert attempt.order.delivery.sent.export_id == first


def test_an_edited_order_is_known_by_its_new_number(bench: Bench) -> None:
    first, second = an_order(1), an_order(2)
    accepted(bench, first, second)
    with bench.store.work(bench.org_id) as work:
        edit_order(work, replace(an_order(3), id=first.id), ACTOR)
    assert [one.order.id for one in accepted(bench, an_order(3))] == [first.id]
    assert not accepted(bench, an_order(1))[0].duplicate
    with pytest.raises(DuplicateOrderError) as refused, bench.store.work(bench.org_id) as work:
        edit_order(work, replace(an_order(2), id=first.id), ACTOR)
    assert refused.value.details["order_id"] == str(second.id)
    assert taken(bench, an_order(3)) != {}  # and nothing was changed


def test_what_a_person_corrected_is_the_same_order_when_it_comes_again(bench: Bench) -> None:
    first = an_order()
    accepted(bench, first)
    corrected = replace(an_order(), id=first.id, notes="corrected by hand")
    with bench.store.work(bench.org_id) as work:
        edit_order(work, corrected, ACTOR)
    assert accepted(bench, an_order())[0].duplicate
    with bench.store.work(bench.org_id) as work:
        assert work.orders.get(first.id).notes == "corrected by hand"


# Claiming


def test_exports_are_taken_oldest_first_and_by_nobody_else(bench: Bench) -> None:
    way = connection(bench)
    made = [export(bench, way) for _ in range(3)]
    first = claimed(bench, way, 2)
    assert [attempt.export_id for attempt in first.attempts] == made[:2]
    assert [attempt.export_id for attempt in claimed(bench, way).attempts] == made[2:]
    assert claimed(bench, way).attempts == []


def test_one_may_be_asked_for_by_name(bench: Bench) -> None:
    way = connection(bench)
    _, wanted = export(bench, way), export(bench, way)
    with bench.store.work(bench.org_id) as work:
        taken = work.exports.lease(way, Lease(new_id(), 60), 60, 10, only=wanted)
    assert [attempt.export_id for attempt in taken] == [wanted]


def numbers(bench: Bench, connection_id: UUID, limit: int = 10, *, numbered: bool = True) -> list[int]:
    """Claim what is due, give it back at once, and return the control numbers."""
    batch = claimed(bench, connection_id, limit, numbered=numbered)
    with bench.store.work(bench.org_id) as work:
        ids = [attempt.export_id for attempt in batch.attempts]
        work.exports.release(batch.lease, ids, 0, {"code": "X", "message": "x"})
    return [attempt.order.delivery.control_number for attempt in batch.attempts]


def test_documents_are_counted_per_connection_and_keep_their_number(bench: Bench) -> None:
    way, other = connection(bench), connection(bench, "OTHER")
    assert numbers(bench, way) == []
    for _ in range(3):
        export(bench, way)
    assert numbers(bench, way, 2) == [1, 2]
    assert sorted(numbers(bench, way)) == [1, 2, 3]
    export(bench, other)
    assert numbers(bench, other) == [1]
    assert sorted(numbers(bench, way)) == [1, 2, 3], "a later attempt renders the same"
    last = export(bench, way)
    with bench.store.work(bench.org_id) as work:
        taken = work.exports.lease(way, Lease(new_id(), 60), 60, 10, only=last, numbered=True)
    assert [attempt.order.delivery.control_number for attempt in taken] == [4]


def test_nothing_is_counted_for_formats_that_do_not_number_nor_what_was_built_without_a_number(bench: Bench) -> None:
    way = connection(bench)
    plain = export(bench, way)
    assert numbers(bench, way, numbered=False) == [0]
    row = bench.columns("erp_export", plain)
    assert row is not None
    assert row["control_number"] is None
    bench.set("erp_export", plain, document_sha256="ab" * 32)
    export(bench, way)
    assert sorted(numbers(bench, way)) == [0, 1]


def test_an_export_that_moves_is_counted_by_its_new_connection(bench: Bench) -> None:
    way, other = connection(bench), connection(bench, "OTHER")
    moved = [export(bench, way), export(bench, way)]
    export(bench, other)
    assert (numbers(bench, way), numbers(bench, other)) == ([1, 2], [1])
    with bench.store.work(bench.org_id) as work:
        work.exports.move(way, other, [moved[1]])
    assert sorted(numbers(bench, other)) == [1, 2]
    export(bench, way)
    assert sorted(numbers(bench, way)) == [1, 3], "what was given once is not given again"


def test_a_claim_that_is_not_committed_counts_nothing(bench: Bench) -> None:
    way = connection(bench)
    export(bench, way)

    def fail() -> None:
        with bench.store.work(bench.org_id) as work:
            work.exports.lease(way, Lease(new_id(), 60), 60, 10, numbered=True)
            raise StateError("No.")

    with pytest.raises(StateError):
        fail()
    assert numbers(bench, way) == [1]


def test_an_answer_finds_its_delivery_by_the_control_number_within_its_connection(bench: Bench) -> None:
    way, other = connection(bench), connection(bench, "OTHER")
    first, second = (export(bench, one) for one in (way, other))
    assert (numbers(bench, way), numbers(bench, other)) == ([1], [1])
    for one, name in ((first, "a.edi"), (second, "b.edi")):
        bench.set("erp_export", one, status="SENT", filename=name, sent_at=bench.now())
    wanted = [ControlNumber(1), ControlNumber(2)]
    found = bench.store.waiting(bench.org_id, way).match(wanted)
    assert {name: waiting.export_id for name, waiting in found.items()} == {ControlNumber(1): first}


def test_a_control_number_means_no_document_of_another_kind_or_order_than_the_answer_names(bench: Bench) -> None:
    way = connection(bench)
    orders = export(bench, way)
    changes = export(bench, way)
    assert sorted(numbers(bench, way)) == [1, 2]
    bench.set("erp_export", changes, kind="change")
    bench.set("erp_export", orders, control_number=1)
    bench.set("erp_export", changes, control_number=2)
    for one, name in ((orders, "a.edi"), (changes, "b.edi")):
        bench.set("erp_export", one, status="SENT", filename=name, sent_at=bench.now())
    a_change, an_order_ = frozenset({Kind.CHANGE}), frozenset({Kind.ORDER})
    named, other = OrderNumber(an_order().external_order_number or ""), OrderNumber("PO-OTHER")
    wanted = {
        ControlNumber(1): orders, ControlNumber(1, an_order_): orders, ControlNumber(1, a_change): None,
        ControlNumber(1, a_change, named): None, ControlNumber(2, a_change, named): changes,
        ControlNumber(2, a_change, other): None, ControlNumber(2, an_order_, named): None,
    }  # fmt: skip
    found = bench.store.waiting(bench.org_id, way).match(wanted)
    assert {name: waiting.export_id for name, waiting in found.items()} == {
        name: export_id for name, export_id in wanted.items() if export_id
    }


@pytest.mark.parametrize(
    "odd",
    [
        OrderNumber("PO\x001"),
        OrderNumber("\ud800"),
        OrderNumber("1" * 100_000),
        "a\x00.edi",
        ControlNumber(10**30),
        ControlNumber(-1),
    ],
)
def test_what_an_answer_names_and_nothing_can_be_called_means_none_beside_what_is_there(
    bench: Bench, odd: Reference
) -> None:
    way = connection(bench)
    sent = export(bench, way)
    bench.set("erp_export", sent, status="SENT", filename="a.edi", sent_at=bench.now())
    found = bench.store.waiting(bench.org_id, way).match([odd, "a.edi"])
    assert {name: waiting.export_id for name, waiting in found.items()} == {"a.edi": sent}


def test_what_is_not_due_not_pending_or_held_is_not_taken(bench: Bench) -> None:
    way, other = connection(bench), connection(bench, "OTHER")
    export(bench, way, next_attempt_at=bench.now() + timedelta(seconds=30))
    export(bench, way, held_at=bench.now())
    export(bench, other)
    for status in ("SENT", "ACKED", "FAILED"):
        export(bench, way, status)
    asked = export(bench, way, held_at=bench.now(), asking=True)
    assert [attempt.export_id for attempt in claimed(bench, way).attempts] == [asked]
    bench.passes(31)
    assert len(claimed(bench, way).attempts) == 1


def test_a_lease_that_ran_out_is_taken_over_and_its_holder_writes_nothing_any_more(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    dead = begun(bench, way, seconds=10)
    assert claimed(bench, way).attempts == []
    bench.passes(11)
    (attempt,) = claimed(bench, way).attempts
    assert (attempt.export_id, attempt.order.delivery.orphan_token) == (made, dead.lease.token)
    before = everything(bench, made)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.mark_begun(dead.lease, [made]) == set()
        assert work.exports.mark_staged(dead.lease, {made: "x.tmp"}) == set()
        assert work.exports.settle(dead, [arrived(dead.attempts[0])]) == {}
        work.exports.release(dead.lease, [made], 5, {"code": "X", "message": "x"})
        work.exports.begin(dead)
    assert dead.attempts == []
    assert everything(bench, made) == before


def test_a_heartbeat_extends_what_is_held_and_tells_what_is_lost(bench: Bench) -> None:
    way = connection(bench)
    export(bench, way)
    batch = claimed(bench, way, seconds=10)
    bench.passes(8)
    assert bench.store.extend_leases(bench.org_id, [batch.lease.token, NOBODYS], 10) == {batch.lease.token}
    bench.passes(8)
    assert claimed(bench, way).attempts == []
    bench.passes(3)
    assert len(claimed(bench, way).attempts) == 1


def test_a_lease_that_ended_is_not_revived_though_nobody_has_taken_what_it_held(bench: Bench) -> None:
    way = connection(bench)
    export(bench, way)
    batch = claimed(bench, way, seconds=10)
    bench.passes(11)
    assert bench.store.extend_leases(bench.org_id, [batch.lease.token], 10) == set()
    assert len(claimed(bench, way).attempts) == 1


def test_what_is_in_doubt_comes_with_how_long_it_has_been_so(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    batch = begun(bench, way)
    settle(bench, batch, Settlement(batch.attempts[0], PENDING, RETRYING, still_in_doubt=True, hold=True, asking=True))
    bench.passes(100)
    (attempt,) = claimed(bench, way).attempts
    assert attempt.export_id == made
    assert attempt.order.delivery.in_doubt
    assert attempt.held
    assert attempt.begun_ago == pytest.approx(100, abs=5)
    assert attempt.doubt_age == pytest.approx(100, abs=5)


def test_until_when_a_dead_worker_may_have_sent_is_kept_also_if_the_next_one_gives_it_back(bench: Bench) -> None:
    way = connection(bench)
    export(bench, way)
    dead = begun(bench, way)
    bench.passes(30)
    bench.store.extend_leases(bench.org_id, [dead.lease.token], 60)
    bench.passes(70)
    next_one = claimed(bench, way)
    assert next_one.attempts[0].begun_ago == pytest.approx(10, abs=5)
    with bench.store.work(bench.org_id) as work:
        work.exports.release(next_one.lease, [next_one.attempts[0].export_id], 0, {"code": "AWAY"})
    bench.passes(20)
    assert claimed(bench, way).attempts[0].begun_ago == pytest.approx(30, abs=5)


def test_lanes_are_few_and_free_again_when_left_or_out_of_time(bench: Bench) -> None:
    way = connection(bench)
    first, second, third = (Lease(new_id(), 60) for _ in range(3))
    with bench.store.work(bench.org_id) as work:
        assert work.exports.take_lane(way, first, 60, 2)
        assert work.exports.take_lane(way, second, 10, 2)
    with bench.store.work(bench.org_id) as work:
        assert not work.exports.take_lane(way, third, 60, 2)
        work.exports.leave_lane(way, first)
        assert work.exports.take_lane(way, third, 60, 2)
    bench.passes(11)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.take_lane(way, first, 60, 2)


def test_no_more_processes_than_allowed_are_signed_in_until_their_sessions_are_closed(bench: Bench) -> None:
    way, ours, theirs = connection(bench), Crew(new_id(), 1), Crew(new_id(), 1)
    first, second = Lease(new_id(), 60), Lease(new_id(), 60)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.take_lane(way, first, 60, 3, ours)
    with bench.store.work(bench.org_id) as work:
        assert not work.exports.take_lane(way, Lease(new_id(), 60), 60, 3, theirs)
        assert work.exports.take_lane(way, second, 60, 3, ours), "workers of a process share its sessions"
        assert work.exports.take_lane(way, Lease(new_id(), 60), 1, 3, replace(theirs, most=2))
        work.exports.leave_lane(way, first)
        work.exports.leave_lane(way, second)
    bench.passes(2)
    with bench.store.work(bench.org_id) as work:
        assert not work.exports.take_lane(way, first, 60, 3, theirs), "their session is open yet"
        assert work.exports.take_lane(way, first, 60, 2, ours), "a lane that a process left is its own"
        assert work.exports.take_lane(way, second, 60, 2, ours)
        work.exports.leave_lane(way, first)
        work.exports.leave_lane(way, second)
    bench.passes(SESSION_LINGERS + 1)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.take_lane(way, first, 60, 3, theirs)
        assert not work.exports.take_lane(way, second, 60, 3, ours)
    bench.passes(61)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.take_lane(way, second, 60, 3, ours), "a process that died holds nothing for ever"


def test_a_process_that_works_on_and_on_leaves_lanes_for_others_that_may_sign_in(bench: Bench) -> None:
    way, ours, theirs = connection(bench), Crew(new_id(), 2), Crew(new_id(), 2)
    for _ in range(12):
        lease = Lease(new_id(), 60)
        with bench.store.work(bench.org_id) as work:
            assert work.exports.take_lane(way, lease, 60, 3, ours)
            work.exports.leave_lane(way, lease)
    with bench.store.work(bench.org_id) as work:
        for _ in range(2):
            assert work.exports.take_lane(way, Lease(new_id(), 60), 60, 3, theirs)


def taken_of(bench: Bench, way: UUID, wanted: int) -> int:
    """Take as many orders as may be taken."""
    with bench.store.work(bench.org_id) as work:
        allowed = work.exports.may_take(way, wanted)
        work.exports.note_taken(way, allowed)
    return allowed


def test_orders_per_minute_are_counted_and_forgotten_after_a_minute(bench: Bench) -> None:
    way = connection(bench, orders_per_minute=5)
    assert [taken_of(bench, way, wanted) for wanted in (3, 4, 1)] == [3, 2, 0]
    bench.passes(61)
    assert taken_of(bench, way, 9) == 5
    unlimited = connection(bench, "OTHER")
    assert taken_of(bench, unlimited, 9_999) == 9_999


def test_no_minute_has_more_orders_than_allowed_wherever_it_begins(bench: Bench) -> None:
    way = connection(bench, orders_per_minute=10)
    taken = []
    for _ in range(20):
        taken.append(taken_of(bench, way, 4))
        bench.passes(7)
    minutes = [sum(taken[first : first + 9]) for first in range(len(taken))]  # 9 looks in 56 seconds
    assert max(minutes) == 10


# Attempts


def test_an_attempt_that_begins_is_noted_with_its_document(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    batch = claimed(bench, way)
    attempt = batch.attempts[0]
    attempt.filename, attempt.storage_key, attempt.document_sha256 = "a.json", "exports/a.json", "ab" * 32
    with bench.store.work(bench.org_id) as work:
        work.exports.begin(batch)
    row = seen(bench, made)
    assert row is not None
    assert (row["filename"], row["begun_at"], row["last_begun_at"]) == ("a.json", True, True)
    assert attempt.order.delivery.attempt_no == 1
    assert bench.attempts(made) == [(1, "PENDING", None)]


def test_where_a_doubt_began_is_told_as_long_as_it_lasts(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    for destination, known in (("a", None), ("b", "a"), ("c", "a")):
        batch = claimed(bench, way, seconds=10)
        assert batch.attempts[0].begun_to == known
        batch.to.destination = destination
        with bench.store.work(bench.org_id) as work:
            work.exports.begin(batch)
        bench.passes(11)
    bench.set("erp_export", made, begun_at=None)  # as a person decides
    batch = claimed(bench, way, seconds=10)
    batch.to.destination = "d"
    with bench.store.work(bench.org_id) as work:
        work.exports.begin(batch)
    bench.passes(11)
    assert claimed(bench, way).attempts[0].begun_to == "d"


def test_what_follows_a_delivery_knows_where_that_led(bench: Bench) -> None:
    way, order_id = connection(bench), order(bench)
    made = export(bench, way, of=order_id)
    batch = claimed(bench, way, seconds=10)
    batch.attempts[0].filename, batch.to.destination = "a.json", "a"
    with bench.store.work(bench.org_id) as work:
        work.exports.begin(batch)
    bench.passes(11)
    bench.set("erp_export", made, status=ERPExportStatus.SENT, begun_at=None)
    export(bench, way, of=order_id, kind=Kind.RECALL)
    (attempt,) = claimed(bench, way).attempts
    assert attempt.order.delivery.sent is not None
    assert (attempt.order.delivery.sent.reference, attempt.order.delivery.sent.led_to) == ("a.json", "a")
    bench.set("erp_export", made, sent_at=bench.now())
    for destination, asked in (("a", [made]), ("b", []), ("", [made])):
        waiting = bench.store.waiting(bench.org_id, way, destination)
        assert [one.export_id for one in waiting] == asked
        assert waiting.elsewhere == {made} - set(asked)
        assert set(waiting.match(["a.json"])) == {"a.json"}


def test_what_is_staged_is_not_begun_and_a_dead_attempt_is_closed_by_the_next(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    batch = begun(bench, way, seconds=10, stages=True)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.mark_staged(batch.lease, {made: "a.tmp"}) == {made}
    row = seen(bench, made)
    assert row is not None
    assert (row["begun_at"], row["staged_at"], row["staged_path"]) == (False, True, "a.tmp")
    bench.passes(11)
    again = begun(bench, way, stages=True)
    delivery = again.attempts[0].order.delivery
    assert (delivery.staged_path, delivery.orphan_token, delivery.attempt_no) == ("a.tmp", None, 2)
    (_, first, told), second = bench.attempts(made)
    assert (first, second) == ("RETRYING", (2, "PENDING", None))
    assert told == "The worker stopped before it could say how this attempt ended."


def test_an_attempt_that_never_began_is_given_back(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    batch = claimed(bench, way)
    error = {"code": "OBJECT_STORE", "message": "away"}
    with bench.store.work(bench.org_id) as work:
        work.exports.release(batch.lease, [made], 5, error)
    row = seen(bench, made)
    assert row is not None
    assert (row["lease_token"], row["error_json"]) == (None, error)
    assert claimed(bench, way).attempts == []
    bench.passes(6)
    assert len(claimed(bench, way).attempts) == 1


PENDING, SENT, ACKED, FAILED = ERPExportStatus
RETRYING, SUCCESS = AttemptStatus.RETRYING, AttemptStatus.SUCCESS


def arrived(attempt: Attempt) -> Settlement:
    """Settle an attempt as a delivery."""
    attempt.outcome = ExportResult(success=True, dropzone_path="in/a.json")
    return Settlement(attempt, SENT, SUCCESS, OrderStatus.PUSHED)


def settle(bench: Bench, batch: Batch, *settlements: Settlement) -> Mapping[UUID, bool]:
    """Settle attempts."""
    with bench.store.work(bench.org_id) as work:
        return work.exports.settle(batch, settlements)


def test_a_delivery_is_settled_with_its_order_and_its_attempt(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    batch = begun(bench, way)
    assert settle(bench, batch, arrived(batch.attempts[0])) == {made: True}
    row, stored = seen(bench, made), bench.columns("draft_order", batch.attempts[0].order.id)
    assert row is not None
    assert stored is not None
    assert (row["status"], row["sent_at"], row["begun_at"], row["lease_token"]) == ("SENT", True, False, None)
    assert row["dropzone_path"] == "in/a.json"
    assert (stored["status"], stored["erp_order_id"], stored["erp_order_id_source"]) == ("PUSHED", "a.json", "filename")
    assert bench.attempts(made) == [(1, "SUCCESS", None)]


def test_an_order_that_was_edited_meanwhile_does_not_go_along(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    batch = begun(bench, way)
    attempt = batch.attempts[0]
    bench.set("draft_order", attempt.order.id, status="READY")
    attempt.outcome = RejectedError("no")
    failed = Settlement(attempt, FAILED, AttemptStatus.FAILED, OrderStatus.ERROR)
    assert settle(bench, batch, failed) == {made: False}
    stored = bench.columns("draft_order", attempt.order.id)
    assert stored is not None
    assert stored["status"] == "READY"


def test_an_order_that_the_erp_numbered_at_once_is_confirmed(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    batch = begun(bench, way)
    attempt = batch.attempts[0]
    attempt.outcome = ExportResult(success=True, erp_order_id="SO-1", inferred=True)
    settle(bench, batch, Settlement(attempt, ACKED, SUCCESS, OrderStatus.CONFIRMED))
    row, stored = seen(bench, made), bench.columns("draft_order", attempt.order.id)
    assert row is not None
    assert stored is not None
    assert (row["status"], row["answered_at"], row["erp_order_id"], row["inferred"]) == ("ACKED", True, "SO-1", True)
    assert (stored["status"], stored["erp_order_id"], stored["erp_order_id_source"]) == ("CONFIRMED", "SO-1", "erp")


def test_a_failure_waits_its_delay_and_is_counted(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    batch = begun(bench, way)
    batch.attempts[0].outcome = TransientError("later")
    settle(bench, batch, Settlement(batch.attempts[0], PENDING, RETRYING, delay=30, spent=True))
    row = seen(bench, made)
    assert row is not None
    assert (row["status"], row["attempts_spent"], row["begun_at"]) == ("PENDING", 1, False)
    assert row["error_json"]["message"] == "later"
    assert bench.attempts(made) == [(1, "RETRYING", "later")]
    assert claimed(bench, way).attempts == []
    bench.passes(31)
    assert len(claimed(bench, way).attempts) == 1


def test_the_last_failure_ends_export_and_order(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    batch = begun(bench, way)
    batch.attempts[0].outcome = TransientError("no")
    settle(bench, batch, Settlement(batch.attempts[0], FAILED, AttemptStatus.FAILED, OrderStatus.ERROR, spent=True))
    row, stored = seen(bench, made), bench.columns("draft_order", batch.attempts[0].order.id)
    assert row is not None
    assert stored is not None
    assert (row["status"], stored["status"]) == ("FAILED", "ERROR")
    assert stored["error_json"] == row["error_json"]


def test_a_caller_who_goes_on_keeps_its_lease(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    batch = begun(bench, way)
    batch.attempts[0].outcome = TransientError("later")
    settle(bench, batch, Settlement(batch.attempts[0], PENDING, RETRYING, spent=True, keep_lease=True))
    row = seen(bench, made)
    assert row is not None
    assert row["lease_token"] == batch.lease.token


NOT_DONE = [UnavailableError(), BusyError(), NeedsAttentionError(), LeaseEndingError(), TransientError("no")]


@pytest.mark.parametrize("error", NOT_DONE, ids=repr)
@pytest.mark.parametrize("sent_before", [False, True], ids=["never sent", "sent before"])
def test_an_attempt_that_did_nothing_leaves_when_it_was_sent_before(
    bench: Bench, error: ConnectorError, sent_before: bool
) -> None:
    way = connection(bench)
    before = bench.now() - timedelta(hours=1) if sent_before else None
    made = export(bench, way, last_begun_at=before)
    batch = claimed(bench, way)
    for keep_lease in (True, False):  # a caller who waits tries again under the same lease
        with bench.store.work(bench.org_id) as work:
            work.exports.begin(batch)
        begun_row = bench.columns("erp_export", made)
        assert begun_row is not None
        assert begun_row["last_begun_at"] == begun_row["begun_at"]
        batch.attempts[0].outcome, batch.attempts[0].sent = error, True
        settle(bench, batch, Settlement(batch.attempts[0], PENDING, RETRYING, keep_lease=keep_lease))
        row = bench.columns("erp_export", made)
        assert row is not None
        assert (row["last_begun_at"], row["begun_at"]) == (before, None)
        batch.attempts[0].outcome = None
    assert claimed(bench, way).attempts[0].order.delivery.last_begun_at == before


@pytest.mark.parametrize("outcome", [RejectedError("no"), InDoubtError("lost"), ExportResult(success=True)], ids=repr)
def test_an_attempt_that_may_have_done_something_is_the_last_that_sent(
    bench: Bench, outcome: ExportResult | ConnectorError
) -> None:
    way = connection(bench)
    made = export(bench, way)
    batch = begun(bench, way)
    batch.attempts[0].outcome, batch.attempts[0].sent = outcome, True
    in_doubt = isinstance(outcome, InDoubtError)
    settle(bench, batch, Settlement(batch.attempts[0], PENDING, RETRYING, still_in_doubt=in_doubt))
    row = seen(bench, made)
    assert row is not None
    assert (row["last_begun_at"], row["begun_at"]) == (True, in_doubt)


@pytest.mark.parametrize("staged", [False, True], ids=["sent", "staged"])
def test_each_attempt_that_may_have_sent_is_another_doubt_and_one_that_asks_is_not(bench: Bench, staged: bool) -> None:
    way = connection(bench)
    made = export(bench, way, filename="a.json")
    doubts: list[datetime | None] = []
    again: list[bool] = []
    for sends in (True, False, True):
        bench.set("erp_export", made, next_attempt_at=bench.now())
        batch = begun(bench, way, stages=staged)
        with bench.store.work(bench.org_id) as work:
            if staged and not doubts:
                work.exports.mark_staged(batch.lease, {made: "a.tmp"})
            elif sends and doubts:
                work.exports.mark_begun(batch.lease, [made])
        batch.attempts[0].outcome, batch.attempts[0].sent = InDoubtError("lost"), sends and not staged
        settle(bench, batch, Settlement(batch.attempts[0], PENDING, RETRYING, still_in_doubt=True))
        with bench.store.work(bench.org_id) as work:
            found = work.exports.find(made)
        assert found is not None
        assert found.in_doubt
        doubts.append(found.perhaps_sent_at)
        again.append(bench.store.waiting(bench.org_id, way).match(["a.json"])["a.json"].sent_again)
    assert [one == doubts[0] for one in doubts] == ([True, False, False] if staged else [True, True, False])
    assert again == ([False, True, True] if staged else [False, False, True])


def test_what_is_sent_again_after_its_worker_died_was_sent_twice(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way, filename="a.json")
    begun(bench, way, seconds=10)  # and dies, perhaps after it was sent
    bench.passes(11)
    batch = begun(bench, way)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.mark_begun(batch.lease, [made]) == {made}
    batch.attempts[0].outcome, batch.attempts[0].sent = InDoubtError("lost"), True
    settle(bench, batch, Settlement(batch.attempts[0], PENDING, RETRYING, still_in_doubt=True))
    assert bench.store.waiting(bench.org_id, way).match(["a.json"])["a.json"].sent_again


@pytest.mark.parametrize("staged", [False, True], ids=["sent", "staged"])
def test_it_is_another_doubt_also_where_the_clock_was_put_back_between(bench: Bench, staged: bool) -> None:
    way = connection(bench)
    made = export(bench, way)
    ahead = bench.now() + timedelta(hours=1)
    moments = ("begun_at", "last_begun_at", *(("staged_at",) if staged else ()))
    bench.set("erp_export", made, doubt_since=ahead, **dict.fromkeys(moments, ahead))
    batch = begun(bench, way, stages=staged)
    if not staged:
        with bench.store.work(bench.org_id) as work:
            assert work.exports.mark_begun(batch.lease, [made]) == {made}
    batch.attempts[0].outcome, batch.attempts[0].sent = InDoubtError("lost"), not staged
    settle(bench, batch, Settlement(batch.attempts[0], PENDING, RETRYING, still_in_doubt=True))
    with bench.store.work(bench.org_id) as work:
        found = work.exports.find(made)
    assert found is not None
    assert found.perhaps_sent_at is not None
    assert found.perhaps_sent_at < ahead


def test_where_nothing_was_sent_is_told_of_nobody(bench: Bench) -> None:
    way, order_id = connection(bench), order(bench)
    made = export(bench, way, of=order_id)
    batch = claimed(bench, way)
    batch.attempts[0].filename, batch.to.destination = "a.json", "a"
    with bench.store.work(bench.org_id) as work:
        work.exports.begin(batch)
    batch.attempts[0].outcome, batch.attempts[0].sent = UnavailableError(), True
    settle(bench, batch, Settlement(batch.attempts[0], PENDING, RETRYING))
    bench.set("erp_export", made, status=ERPExportStatus.SENT)
    export(bench, way, of=order_id, kind=Kind.RECALL)
    (attempt,) = claimed(bench, way).attempts
    assert attempt.order.delivery.sent is not None
    assert attempt.order.delivery.sent.led_to is None


def test_doubt_is_kept_and_since_when(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    for hold in (False, True):
        batch = begun(bench, way)
        batch.attempts[0].outcome, batch.attempts[0].sent = InDoubtError("no answer"), True
        doubtful = Settlement(batch.attempts[0], PENDING, RETRYING, still_in_doubt=True, hold=hold, asking=True)
        settle(bench, batch, doubtful)
        row = seen(bench, made)
        assert row is not None
        assert (row["begun_at"], row["doubt_since"], row["held_at"], row["asking"]) == (True, True, hold, hold)
        bench.passes(10)
    with bench.store.work(bench.org_id) as work:
        found = work.exports.get(made)
    assert (found.in_doubt, found.held, found.begun) == (True, True, True)


# What people do


def test_the_newest_export_is_the_last_and_a_key_finds_its_own_for_a_day(bench: Bench) -> None:
    way, order_id = connection(bench), order(bench, "ERROR")
    first = export(bench, way, "FAILED", of=order_id, idempotency_key="k")
    bench.passes(10)
    second = export(bench, way, "FAILED", of=order_id)
    with bench.store.work(bench.org_id) as work:
        latest, keyed = work.exports.latest(order_id), work.exports.by_idempotency_key(order_id, "k")
        assert latest is not None
        assert keyed is not None
        assert (latest.id, keyed.id) == (second, first)
        assert work.exports.by_idempotency_key(order_id, "other") is None
    bench.passes(24 * 3600)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.by_idempotency_key(order_id, "k") is None


def test_a_doubt_is_decided_in_each_way(bench: Bench) -> None:
    way = connection(bench)
    there, lost, again = (export(bench, way, **doubt(bench), doubt_since=bench.now()) for _ in range(3))
    error = {"code": "NOT_DELIVERED", "message": "not there"}
    with bench.store.work(bench.org_id) as work:
        assert work.exports.note_delivered(there)
        assert work.exports.note_failed(lost, error)
        assert work.exports.send_again(again)
        found = work.exports.find(there)
        assert found is not None
        assert (found.id, found.status) == (there, ERPExportStatus.SENT)
    rows = [seen(bench, one) for one in (there, lost, again)]
    states = [row and (row["status"], row["sent_at"], row["inferred"], row["error_json"]) for row in rows]
    assert states == [("SENT", True, True, None), ("FAILED", False, False, error), ("PENDING", False, False, None)]
    assert not any(row["held_at"] or row["begun_at"] or row["doubt_since"] for row in rows if row)


def test_an_attempt_that_was_open_is_closed_by_a_decision(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    begun(bench, way, seconds=1)
    bench.passes(2)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.note_failed(made, {"code": "NOT_DELIVERED", "message": "not there"})
    assert bench.attempts(made) == [(1, "FAILED", "not there")]


def test_a_retry_goes_on_under_the_same_name_and_its_own_key(bench: Bench) -> None:
    way, order_id = connection(bench), order(bench, "ERROR")
    made = export(
        bench, way, "FAILED", of=order_id, **doubt(bench), filename="a.json", attempts_spent=3, error_json={"code": "X"}
    )
    with bench.store.work(bench.org_id) as work:
        work.exports.revive(made, "again")
    bench.passes(25 * 3600)
    with bench.store.work(bench.org_id) as work:
        known = work.exports.by_idempotency_key(order_id, "again")
        assert known is not None, "for as long as it is under way"
        assert known.id == made
    row = seen(bench, made)
    assert row is not None
    assert (row["status"], row["attempts_spent"], row["filename"], row["error_json"]) == ("PENDING", 0, "a.json", None)
    assert (row["begun_at"], row["held_at"]) == (True, False)


def test_what_was_never_tried_is_withdrawn_without_a_trace(bench: Bench) -> None:
    way = connection(bench)
    made, tried = export(bench, way), export(bench, way)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.withdraw(made)
    assert bench.columns("erp_export", made) is None
    batch = begun(bench, way, stages=True)
    with bench.store.work(bench.org_id) as work:
        work.exports.release(batch.lease, [tried], 0, {"code": "X", "message": "x"})
        assert not work.exports.withdraw(tried), "it is in the log"
        assert work.exports.stop(tried, {"code": "WITHDRAWN", "message": "taken back"})
    assert bench.attempts(tried) == [(1, "FAILED", "taken back")]


def test_what_is_unsent_moves_and_forgets_its_document(bench: Bench) -> None:
    source, target = connection(bench), connection(bench, "OTHER")
    first = export(bench, source, attempts_spent=2, refusals=1, **built(bench))
    second = export(bench, source, filename="a", storage_key="k")
    stays = export(bench, source, **doubt(bench))
    with bench.store.work(bench.org_id) as work:
        assert set(work.exports.move(source, target, [first, stays])) == {first}
        assert set(work.exports.move(source, target, None)) == {second}
    row = bench.columns("erp_export", first)
    assert row is not None
    assert (row["connection_id"], row["attempts_spent"], row["refusals"]) == (target, 0, 1)
    assert not left(bench, first), "the other ERP has nothing of it"


def test_who_confirmed_by_hand_is_kept(bench: Bench) -> None:
    made = export(bench, connection(bench), "SENT", sent_at=bench.now())
    with bench.store.work(bench.org_id) as work:
        assert work.exports.confirm(made, "ops")
    row = seen(bench, made)
    assert row is not None
    assert (row["status"], row["confirmed_by"], row["answered_at"]) == ("ACKED", "ops", True)


def test_what_waited_too_long_for_a_target_that_is_away_is_found_and_ended(bench: Bench) -> None:
    way = connection(bench, breaker_error={"code": "DOWN"}, give_up_after=60)
    late = [export(bench, way), export(bench, way)]
    bench.passes(61)
    export(bench, way)
    with bench.store.work(bench.org_id) as work:
        assert work.connections.outage(way) is None
        work.connections.set_breaker(way, BreakerState.OPEN, {"code": "DOWN", "message": "away"}, 5)
        outage = work.connections.outage(way)
        assert outage is not None
        assert (outage.give_up_after, outage.error) == (60, {"code": "DOWN", "message": "away"})
        assert work.exports.waiting_for_longer(way, 60, 1) == late[:1]
        found = work.exports.waiting_for_longer(way, 60, 10)
        assert found == late
        orders = work.exports.give_up(found, {"code": "GAVE_UP", "message": "gone"})
    assert len(orders) == 2
    stored = bench.columns("draft_order", orders[0])
    assert stored is not None
    assert (stored["status"], stored["error_json"]["code"]) == ("ERROR", "GAVE_UP")
    with bench.store.work(bench.org_id) as work:
        assert work.exports.waiting_for_longer(way, 60, 10) == []


HOURS = {"time_zone": "UTC", "weekly": {"mon": ["08:00-17:00"]}}


def opened(bench: Bench, way: UUID) -> tuple[bool, float | None]:
    """Return whether a connection is closed, and for how many seconds it has been open."""
    with bench.store.work(bench.org_id) as work:
        target = work.connections.open(way)
    return target.closed, target.open_for


def near(found: tuple[bool, float | None], seconds: float) -> bool:
    closed, open_for = found
    return not closed and open_for == pytest.approx(seconds, abs=5)


def test_it_is_open_until_an_open_time_ends(bench: Bench) -> None:
    way = connection(bench)
    assert opened(bench, way) == (False, None)
    with bench.store.work(bench.org_id) as work:
        work.connections.change(way, {"opening_hours": HOURS})
        assert work.connections.opening_hours(way)[0] == HOURS
        work.connections.note_open(way, Period(bench.now() + timedelta(hours=1), bench.now() + timedelta(hours=2)))
    assert opened(bench, way)[0]
    bench.passes(3700)
    assert near(opened(bench, way), 100)
    with bench.store.work(bench.org_id) as work:
        work.connections.note_open(way, Period(None, bench.now() + timedelta(hours=1)))
    assert near(opened(bench, way), 100), "since when stays as it was known"
    bench.passes(3600)
    assert opened(bench, way)[0], "and nobody has worked out what comes next"
    with bench.store.work(bench.org_id) as work:
        work.connections.note_open(way, Period(None, None))
        work.connections.change(way, {"opening_hours": None})
        assert work.connections.opening_hours(way)[0] is None
    assert near(opened(bench, way), 0)


def test_an_outage_counts_from_when_it_opened(bench: Bench) -> None:
    way = connection(bench, breaker_state=BreakerState.OPEN, give_up_after=60)
    with bench.store.work(bench.org_id) as work:
        work.connections.note_open(way, Period(bench.now() + timedelta(seconds=100), None))
    outages = []
    for seconds in (0, 110, 45, 10):
        bench.passes(seconds)
        with bench.store.work(bench.org_id) as work:
            outages.append(work.connections.outage(way) is not None)
    assert outages == [False, False, False, True]


def test_who_is_open_for_less_than_the_limit_at_a_time_is_given_up_an_hour_after_it_opened(bench: Bench) -> None:
    way = connection(bench, breaker_state=BreakerState.OPEN, give_up_after=2 * 86400)
    with bench.store.work(bench.org_id) as work:
        work.connections.note_open(way, Period(bench.now() + timedelta(seconds=100), None))
    outages = []
    for seconds in (0, 110, 3400, 200):
        bench.passes(seconds)
        with bench.store.work(bench.org_id) as work:
            outages.append(work.connections.outage(way) is not None)
    assert outages == [False, False, False, True]


def test_what_asks_to_wait_is_due_no_earlier_wherever_it_goes(bench: Bench) -> None:
    way, other = connection(bench), connection(bench, "MOCK_2")
    asked = bench.now() + timedelta(seconds=100)
    made = Export(new_id(), order(bench), way, ERPExportStatus.PENDING, bench.now(), asked)
    with bench.store.work(bench.org_id) as work:
        work.exports.add(made, idempotency_key=None, actor=ACTOR)
        assert work.exports.get(made.id).not_before == asked
    assert claimed(bench, way).attempts == []
    with bench.store.work(bench.org_id) as work:
        assert list(work.exports.move(way, other, None)) == [made.id]
        assert work.exports.waiting_for_longer(other, 0, 10) == []
    assert claimed(bench, other).attempts == []
    bench.passes(101)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.waiting_for_longer(other, 0, 10) == [made.id]
    assert len(claimed(bench, other).attempts) == 1


def test_a_delivery_that_is_asked_for_again_waits_until_its_own_time(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way, "FAILED")
    with bench.store.work(bench.org_id) as work:
        work.exports.revive(made, None, bench.now() + timedelta(seconds=100))
    assert claimed(bench, way).attempts == []
    bench.passes(101)
    assert len(claimed(bench, way).attempts) == 1


# Answers


def answer(bench: Bench, export_id: UUID, status: str = "ACKED", **ack: str) -> DecidedAnswer:
    """Decide an answer to an export."""
    with bench.store.work(bench.org_id) as work:
        found, _ = work.exports.for_answers([export_id])[export_id]
    said = Ack("a.json", status, export_id, **ack)  # type: ignore[arg-type]  # ACKED or FAILED
    return DecidedAnswer(said, found, "acknowledge" if status == "ACKED" else "refuse", settle_first=False)


def test_answers_confirm_and_refuse_with_the_erps_words(bench: Bench) -> None:
    way = connection(bench)
    batch = [export(bench, way) for _ in range(2)]
    open_ones = begun(bench, way)
    settle(bench, open_ones, *map(arrived, open_ones.attempts))
    said = [answer(bench, batch[0], erp_order_id="SO-1"), answer(bench, batch[1], "FAILED", message="no such article")]
    with bench.store.work(bench.org_id) as work:
        work.exports.record_answers(said)
    rows = [bench.columns("erp_export", one) for one in batch]
    orders = [bench.columns("draft_order", row["draft_order_id"]) for row in rows if row]
    assert [row and (row["status"], row["erp_order_id"]) for row in rows] == [("ACKED", "SO-1"), ("FAILED", None)]
    assert [row and (row["status"], row["erp_order_id"]) for row in orders] == [
        ("CONFIRMED", "SO-1"),
        ("ERROR", "a.json"),
    ]
    assert orders[1] is not None
    assert orders[1]["error_json"]["code"] == "ERP_REFUSED"
    assert orders[1]["error_json"]["message"] == "no such article"
    assert [bench.attempts(one)[0][1] for one in batch] == ["SUCCESS", "SUCCESS"]


def test_an_answer_moves_no_order_that_says_another_revision_than_was_answered(bench: Bench) -> None:
    order_id, way = order(bench, "READY"), connection(bench)
    exports = []
    with bench.store.work(bench.org_id) as work:
        approve_order(work, order_id, ACTOR)
    for correction in ("once more", None):
        with bench.store.work(bench.org_id) as work:
            exports.append(note_request(work, order_id, ACTOR, connection_id=way).id)
        bench.set("erp_export", exports[-1], status=ERPExportStatus.FAILED, answered_at=bench.now())
        bench.set("draft_order", order_id, status=OrderStatus.ERROR)
        bench.passes(1)
        if correction:
            revised(bench, order_id, correction)
    for export_id, status in zip(exports, (OrderStatus.ERROR, OrderStatus.CONFIRMED), strict=True):
        said = answer(bench, export_id)
        with bench.store.work(bench.org_id) as work:
            work.exports.record_answers([said])
            assert work.exports.get(export_id).status is ERPExportStatus.ACKED
            assert work.orders.lock_status(order_id) is status


def test_an_answer_settles_what_nobody_had_settled(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    begun(bench, way, seconds=1)
    bench.passes(2)
    said = replace(answer(bench, made), settle_first=True)
    with bench.store.work(bench.org_id) as work:
        work.exports.record_answers([said])
    row = seen(bench, made)
    assert row is not None
    assert (row["status"], row["inferred"], row["begun_at"], row["sent_at"]) == ("ACKED", True, False, True)
    assert bench.attempts(made) == [(1, "SUCCESS", None)]


def detailed(
    bench: Bench, export_id: UUID, *lines: LineAnswer, verdict: Verdict = "acknowledge", number: str | None = None
) -> DecidedAnswer:
    """Decide an answer that speaks of lines, as `flow.answers.compare` does."""
    with bench.store.work(bench.org_id) as work:
        export = work.exports.get(export_id)
        sent = work.orders.as_sent(export.draft_order_id, export.revision)
        before = work.exports.confirmed(export_id)
    assert sent is not None
    details = applied(sent, before.details if before else None, Details(lines, Others.AS_ORDERED, "EUR"))
    ack = Ack("a.json", "ACKED", export_id, erp_order_id=number, details=details)
    return DecidedAnswer(ack, export, verdict, confirmed=Confirmed(details, tuple(differences(sent, details))))


def test_what_the_erp_confirms_line_by_line_is_kept_and_accepted_by_a_person_until_it_changes(bench: Bench) -> None:
    made = export(bench, connection(bench), "SENT", sent_at=bench.now())
    day = (Schedule(date(2026, 2, 1), Decimal(1)),)
    first = detailed(bench, made, LineAnswer(1, qty=Decimal(1), unit_price=Decimal("1.230001"), schedules=day))
    order_id = first.export.draft_order_id

    def record(said: DecidedAnswer) -> tuple[Any, ...]:
        with bench.store.work(bench.org_id) as work:
            work.exports.record_answers([said])
            assert work.exports.confirmed(made) == said.confirmed
        return standing()

    def standing() -> tuple[Any, ...]:
        row = bench.columns("draft_order", order_id)
        assert row is not None
        return tuple(row[name] for name in ("status", "confirmation", "differences_accepted_by", "erp_order_id"))

    assert record(first) == ("CONFIRMED", "PARTIAL", None, None)
    with bench.store.work(bench.org_id) as work:
        assert work.orders.accept_differences(order_id, "ops")
        assert not work.orders.accept_differences(order_id, "other")
    assert record(replace(first, verdict="update")) == ("CONFIRMED", "PARTIAL", "ops", None)
    price = LineAnswer(1, unit_price=Decimal("1.5"))
    assert record(detailed(bench, made, price, verdict="update", number="SO-2")) == (
        "CONFIRMED",
        "CHANGED",
        None,
        "SO-2",
    )
    as_ordered = detailed(bench, made, LineAnswer(1), verdict="update", number="SO-3")
    assert record(as_ordered) == ("CONFIRMED", "AS_ORDERED", None, "SO-2")
    with bench.store.work(bench.org_id) as work:
        assert not work.orders.accept_differences(order_id, "ops")


@pytest.mark.parametrize(("verdict", "was"), [("acknowledge", "SENT"), ("update", "ACKED")])
def test_what_the_erp_confirms_while_it_is_asked_to_give_the_order_back_is_kept(
    bench: Bench, verdict: Verdict, was: str
) -> None:
    made = export(bench, connection(bench), was, sent_at=bench.now())
    said = detailed(bench, made, LineAnswer(1, qty=Decimal(1)), verdict=verdict, number="SO-1")
    order_id = said.export.draft_order_id
    with bench.store.work(bench.org_id) as work:
        work.orders.set_status(order_id, OrderStatus.RECALLING)
        work.exports.record_answers([said])
        assert work.exports.confirmed(made) == said.confirmed
        assert work.exports.get(made).status is ERPExportStatus.ACKED
    row = bench.columns("draft_order", order_id)
    assert row is not None
    assert (row["status"], row["confirmation"], row["erp_order_id"]) == ("RECALLING", "PARTIAL", "SO-1")


def test_what_the_erp_confirms_of_an_order_that_is_recalled_is_not_kept(bench: Bench) -> None:
    made = export(bench, connection(bench), "ACKED", sent_at=bench.now())
    said = detailed(bench, made, LineAnswer(1, qty=Decimal(1)), verdict="update")
    with bench.store.work(bench.org_id) as work:
        work.orders.set_status(said.export.draft_order_id, OrderStatus.RECALLED)
        work.exports.record_answers([said])
        assert work.exports.confirmed(made) is None


def test_an_answer_that_says_nothing_of_lines_leaves_none(bench: Bench) -> None:
    made = export(bench, connection(bench), "SENT", sent_at=bench.now())
    said = answer(bench, made)
    with bench.store.work(bench.org_id) as work:
        work.exports.record_answers([said])
        assert work.exports.confirmed(made) is None
        assert not work.orders.accept_differences(said.export.draft_order_id, "ops")
    row = bench.columns("draft_order", said.export.draft_order_id)
    assert row is not None
    assert row["confirmation"] is None


def test_an_order_is_known_as_it_was_sent(bench: Bench) -> None:
    order_id, at = order(bench, "APPROVED"), bench.now()
    with bench.store.work(bench.org_id) as work:
        work.orders.keep_revision(order_id, at, "ops")
        changed = work.orders.get(order_id)
        changed.notes = "later"
        work.orders.replace(changed)
        work.orders.keep_revision(order_id, at, "ops")
    with bench.store.work(bench.org_id) as work:
        found = [work.orders.as_sent(order_id, number) for number in (1, 2, 3, None)]
    assert [one and one.notes == "later" for one in found] == [False, True, None, True]
    bench.change_revisions(order_id)
    with bench.store.work(bench.org_id) as work:
        assert work.orders.as_sent(order_id, 1) is None


def test_a_receipt_settles_what_nobody_had_settled_and_confirms_nothing(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way)
    begun(bench, way, seconds=1)
    bench.passes(2)
    with bench.store.work(bench.org_id) as work:
        found, _ = work.exports.for_answers([made])[made]
        said = Ack("a.json", "ACKED", made, level=Level.RECEIVED)
        work.exports.record_answers([DecidedAnswer(said, found, "note", settle_first=True)])
    row = bench.columns("erp_export", made)
    assert row is not None
    assert (row["status"], row["inferred"], row["begun_at"], row["answered_at"]) == ("SENT", True, None, None)
    assert (row["received_at"] is not None, row["understood_at"]) == (True, None)
    of_order = bench.columns("draft_order", row["draft_order_id"])
    assert of_order is not None
    assert of_order["status"] == "PUSHED"
    assert bench.attempts(made) == [(1, "SUCCESS", None)]


def test_whether_an_order_has_a_newer_export_comes_with_its_answer(bench: Bench) -> None:
    way, order_id = connection(bench), order(bench)
    former = export(bench, way, "FAILED", of=order_id)
    bench.passes(1)
    newer = export(bench, way, of=order_id)
    with bench.store.work(bench.org_id) as work:
        found = work.exports.for_answers([former, newer, NOBODYS])
    assert {export_id: later for export_id, (_, later) in found.items()} == {former: True, newer: False}


@pytest.mark.parametrize("kind", ["change", "recall"])
def test_what_follows_an_order_that_was_sent_does_not_ask_to_take_it_once_more(bench: Bench, kind: str) -> None:
    way, order_id = connection(bench), order(bench, "PUSHED")
    sent = export(bench, way, "SENT", of=order_id, idempotency_key="key")
    bench.passes(1)
    later = Export(new_id(), order_id, way, ERPExportStatus.PENDING, bench.now(), kind=Kind(kind))
    with bench.store.work(bench.org_id) as work:
        work.exports.add(later, idempotency_key="key", actor=ACTOR)
    with bench.store.work(bench.org_id) as work:
        latest, keyed = work.exports.latest(order_id), work.exports.by_idempotency_key(order_id, "key")
        assert latest is not None
        assert keyed is not None
        told = later.id if kind == "change" else sent
        assert (latest.id, keyed.id) == (told, told)
        assert not work.exports.for_answers([sent])[sent][1]
        assert work.exports.get(later.id).kind is Kind(kind)
    assert [attempt.order.delivery.kind for attempt in claimed(bench, way).attempts] == [Kind(kind)]


def test_a_key_is_kept_for_a_cancellation_until_its_order_comes(bench: Bench) -> None:
    cancelled, came = new_id(), an_order(77)
    said = Cancellation("ops", "by telephone")
    with bench.store.work(bench.org_id) as work:
        assert work.order_keys.cancel(came, cancelled, said) is None
        holder = work.order_keys.cancel(came, new_id(), said)
        assert holder is not None
        assert (holder.order_id, holder.cancelled) == (cancelled, said)
        assert work.order_keys.cancel(DraftOrder(), new_id(), said) is None
    with bench.store.work(bench.org_id) as work:
        assert work.order_keys.take([came])[came.id].cancelled == said
        work.orders.add_many([came])
        work.order_keys.inherit(cancelled, came)
        assert work.order_keys.take([came]) == {}
    with bench.store.work(bench.org_id) as work:
        again = an_order(77)
        held = work.order_keys.take([again])[again.id]
        assert (held.order_id, held.cancelled) == (came.id, None)


def test_of_several_orders_that_a_cancellation_waited_for_the_first_inherits_its_key(bench: Bench) -> None:
    cancelled, (first, second) = new_id(), [an_order(78) for _ in range(2)]
    with bench.store.work(bench.org_id) as work:
        work.order_keys.cancel(first, cancelled, Cancellation("ops", "by telephone"))
    with bench.store.work(bench.org_id) as work:
        assert {holder.order_id for holder in work.order_keys.take([first, second]).values()} == {cancelled}
        work.orders.add_many([first])
        work.order_keys.inherit(cancelled, first)
        held = work.order_keys.take([first, second])
        assert {order_id: holder.order_id for order_id, holder in held.items()} == {second.id: first.id}


def recalled(bench: Bench, way: UUID, status: str = "PUSHED", **columns: Any) -> tuple[UUID, Export]:
    """Return an order that is recalled, and its recall."""
    order_id = order(bench, status)
    export(bench, way, "SENT", of=order_id, sent_at=bench.now(), **columns)
    bench.passes(1)
    with bench.store.work(bench.org_id) as work:
        return order_id, recall.recall_in(work, order_id, "cancelled", ACTOR)


def test_a_recall_comes_with_what_was_sent_and_why_and_moves_no_order_by_itself(bench: Bench) -> None:
    way = connection(bench)
    order_id, asked = recalled(bench, way, filename="x.json", staged_path="file:///x.tmp", erp_order_id="SO-1")
    batch = begun(bench, way)
    delivery = batch.attempts[0].order.delivery
    assert delivery.sent is not None
    assert (delivery.sent.reference, delivery.sent.staged_path) == ("x.json", "file:///x.tmp")
    assert (delivery.sent.erp_order_id, delivery.reason) == ("SO-1", "cancelled")
    settle(bench, batch, Settlement(batch.attempts[0], ERPExportStatus.SENT, AttemptStatus.SUCCESS))
    with bench.store.work(bench.org_id) as work:
        (found,) = work.exports.recalls_of(order_id)
        assert (found.id, found.status, found.reason) == (asked.id, ERPExportStatus.SENT, "cancelled")
        assert work.exports.recalls_of(NOBODYS) == []
    said = answer(bench, asked.id)
    with bench.store.work(bench.org_id) as work:
        work.exports.record_answers([said])
        assert work.exports.get(asked.id).status is ERPExportStatus.ACKED
        assert work.orders.lock_status(order_id) is OrderStatus.RECALLING


def test_what_need_not_be_answered_any_more_is_dropped_and_in_no_doubt(bench: Bench) -> None:
    way = connection(bench)
    sent = export(bench, way, "SENT", sent_at=bench.now(), staged_path="file:///x.tmp", staged_at=bench.now())
    with bench.store.work(bench.org_id) as work:
        assert work.exports.drop(sent, {"code": "RECALLED", "message": "m"})
        assert not work.exports.drop(sent, {"code": "RECALLED", "message": "m"})
        assert not work.exports.drop(NOBODYS, {"code": "RECALLED", "message": "m"})
        dropped = work.exports.get(sent)
    assert (dropped.status, dropped.in_doubt, dropped.error) == (
        ERPExportStatus.FAILED,
        False,
        {"code": "RECALLED", "message": "m"},
    )


def test_a_late_answer_to_a_recall_does_not_confirm_its_order(bench: Bench) -> None:
    way = connection(bench)
    order_id, asked = recalled(bench, way)
    bench.set("erp_export", asked.id, status="SENT", sent_at=bench.now())
    with bench.store.work(bench.org_id) as work:
        work.orders.set_status(order_id, OrderStatus.PUSHED)
    said = answer(bench, asked.id)
    with bench.store.work(bench.org_id) as work:
        work.exports.record_answers([said])
        assert work.orders.lock_status(order_id) is OrderStatus.PUSHED


def test_a_recall_is_neither_moved_nor_given_up(bench: Bench) -> None:
    way, other = connection(bench), connection(bench, "OTHER")
    _, asked = recalled(bench, way)
    bench.passes(1_000)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.move(way, other, None) == {}
        assert work.exports.waiting_for_longer(way, 10, 10) == []
        assert work.exports.give_up([asked.id], {"code": "X", "message": "x"}) == []


def test_an_answer_that_cannot_be_read_is_news_once_and_ends_with_the_export(bench: Bench) -> None:
    way = connection(bench)
    made = export(bench, way, "SENT", sent_at=bench.now())
    garbage, nobodys = Ack("a", "UNREADABLE", made, source="a", digest="d"), Ack("b", "UNREADABLE", digest="e")
    with bench.store.work(bench.org_id) as work:
        assert work.exports.note_unreadable([garbage, nobodys]) == [garbage, nobodys]
    with bench.store.work(bench.org_id) as work:
        assert work.exports.note_unreadable([garbage]) == []
        assert work.exports.count_unreadable(way) == 1
        assert work.exports.awaits_answers(way)
        unreadable = work.exports.get(made).unreadable
    assert unreadable is not None
    assert unreadable.keys() == {"file", "reason", "excerpt", "digest", "read_at"}
    with bench.store.work(bench.org_id) as work:
        work.exports.confirm(made, "ops")
        assert work.exports.count_unreadable(way) == 0
        assert not work.exports.awaits_answers(way)


@pytest.mark.parametrize(
    ("known", "awaited"),
    [
        ({}, False),
        ({"held_at": 0}, True),
        ({"begun_at": 0}, True),
        ({"begun_at": 0, "lease_until": 60}, False),
    ],
)
def test_what_is_in_doubt_and_in_nobodys_hands_awaits_an_answer(
    bench: Bench, known: dict[str, int], awaited: bool
) -> None:
    way = connection(bench)
    columns: dict[str, Any] = {name: bench.now() + timedelta(seconds=ahead) for name, ahead in known.items()}
    export(bench, way, **columns)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.awaits_answers(way) is awaited


def test_who_may_still_answer_is_known_by_name(bench: Bench) -> None:
    way = connection(bench)
    sent = export(bench, way, "SENT", filename="a.json", sent_at=bench.now())
    acked = export(bench, way, "ACKED", filename="b.json", sent_at=bench.now())
    export(bench, way)
    waiting = bench.store.waiting(bench.org_id, way)
    assert [one.export_id for one in waiting] == [sent]
    found = waiting.match(["a.json", "b.json", "c.json"])
    assert {name: one.export_id for name, one in found.items()} == {"a.json": sent, "b.json": acked}


# Connections


def test_a_connection_begins_disabled_and_the_first_to_be_enabled_is_the_default(bench: Bench) -> None:
    first, second = new_id(), new_id()
    with bench.store.work(bench.org_id) as work:
        work.connections.add(first, "MOCK", {"a": 1}, "One")
        work.connections.add(second, "OTHER", {}, None, restricted=True)
    assert not_to_push_to(bench, None).code == "NO_ACTIVE_CONNECTION"
    assert not_to_push_to(bench, first).code == "CONNECTION_DISABLED"
    assert "Only an ACTIVE" in refused(bench, "make_default", first).message
    with bench.store.work(bench.org_id) as work:
        assert work.connections.enable(first) == {"status": "DISABLED", "is_default": False}
        assert work.connections.enable(second) == {"status": "DISABLED", "is_default": False}
        assert work.connections.type_of(second) == "OTHER"
    with bench.store.work(bench.org_id) as work:
        assert (one_to_push_to(work), one_to_push_to(work, second)) == (first, second)
        assert work.connections.make_default(second) == {"status": "ACTIVE", "is_default": False}
    with bench.store.work(bench.org_id) as work:
        assert one_to_push_to(work) == second
        assert work.connections.disable(second) == {"status": "ACTIVE", "is_default": True}
    with bench.store.work(bench.org_id) as work:
        assert one_to_push_to(work) == first, "the default went to who is left"
        opened = work.connections.open(first)
    assert (opened.config, opened.status, opened.breaker_state) == (
        {"a": 1},
        ConnectionStatus.ACTIVE,
        BreakerState.CLOSED,
    )


def test_of_a_type_one_without_a_name_is_active(bench: Bench) -> None:
    first, second = connection(bench), new_id()
    with bench.store.work(bench.org_id) as work:
        work.connections.add(second, "MOCK", {}, None)
    error = refused(bench, "enable", second)
    assert error.code == "CONNECTOR_TYPE_ACTIVE"
    assert error.message == f"Another MOCK connection is ACTIVE and has no name either: {first}."
    with bench.store.work(bench.org_id) as work:
        work.connections.change(second, {"name": "Second"})
        work.connections.enable(second)
    assert refused(bench, "change", second, {"name": None}).code == "CONNECTOR_TYPE_ACTIVE"
    with bench.store.work(bench.org_id) as work:
        work.connections.change(first, {"name": "First"})
        assert work.connections.change(second, {"name": None}) == {"name": "Second"}


def test_no_two_connections_are_called_the_same_until_one_is_gone(bench: Bench) -> None:
    first, second = connection(bench), connection(bench, "OTHER")
    with bench.store.work(bench.org_id) as work:
        work.connections.change(first, {"name": "SAP Köln"})
        work.connections.change(first, {"name": "SAP KÖLN"})
    error = refused(bench, "change", second, {"name": "sap köln"})
    assert (error.code, error.message) == ("NAME_TAKEN", f"Another connection is called 'sap köln': {first}.")
    assert refused(bench, "add", new_id(), "THIRD", {}, "Sap Köln").code == "NAME_TAKEN"
    export(bench, first, "ACKED")
    with bench.store.work(bench.org_id) as work:
        assert work.connections.delete(first) is False
        work.connections.change(second, {"name": "sap köln"})


def test_of_several_nobody_inherits_what_the_default_was_meant_for(bench: Bench) -> None:
    first, second, third = new_id(), new_id(), new_id()
    for one, name in ((first, "A"), (second, "B"), (third, "C")):
        with bench.store.work(bench.org_id) as work:
            work.connections.add(one, "MOCK", {}, name)
            work.connections.enable(one)
            assert one_to_push_to(work) == first
    with bench.store.work(bench.org_id) as work:
        work.connections.disable(first)
    error = not_to_push_to(bench, None)
    assert error.code == "WHICH_CONNECTION"
    assert error.message.endswith("none of them is the default: B, C.")
    assert [one["id"] for one in error.details["connections"]] == [str(second), str(third)]
    assert not_to_push_to(bench, None, "MOCK").code == "WHICH_CONNECTION"
    assert not_to_push_to(bench, None, "OTHER").code == "NO_ACTIVE_CONNECTION"
    with bench.store.work(bench.org_id) as work:
        assert one_to_push_to(work, third) == third
        work.connections.enable(first)
        assert work.connections.open(first).status is ConnectionStatus.ACTIVE
    assert not_to_push_to(bench, None).code == "WHICH_CONNECTION", "nor does who comes back"
    with bench.store.work(bench.org_id) as work:
        work.connections.disable(first)
        work.connections.disable(second)
    with bench.store.work(bench.org_id) as work:
        assert one_to_push_to(work) == third, "of one left there is no doubt"


def test_a_push_goes_to_the_connection_of_a_type(bench: Bench) -> None:
    default, other = connection(bench), connection(bench, "OTHER")
    with bench.store.work(bench.org_id) as work:
        assert one_to_push_to(work, None, "OTHER") == other
        assert one_to_push_to(work, None, "MOCK") == default
    assert not_to_push_to(bench, other, "MOCK").code == "CONNECTION_DISABLED"


def test_configurations_have_room_together(bench: Bench) -> None:
    large = {"text": "x" * (MOST_BYTES - 1000)}
    way, other = connection(bench), new_id()
    with bench.store.work(bench.org_id) as work:
        work.connections.replace_config(way, large)
    with pytest.raises(StateError) as caught, bench.store.work(bench.org_id) as work:
        work.connections.add(other, "OTHER", {"text": "x" * 1000}, None)
    assert caught.value.code == "CONFIGURATIONS_TOO_LARGE"
    with bench.store.work(bench.org_id) as work:
        work.connections.replace_config(way, {})
        work.connections.add(other, "OTHER", large, None)


def test_a_connection_goes_with_nothing_waits_with_something_and_stays_with_a_history(bench: Bench) -> None:
    unused, busy, used = connection(bench), connection(bench, "OTHER"), connection(bench, "THIRD")
    export(bench, busy)
    export(bench, used, "ACKED")
    error = refused(bench, "delete", busy)
    assert (error.code, error.message) == ("EXPORTS_WAITING", "1 deliveries wait for this connection.")
    assert error.details == {"waiting": 1}
    with bench.store.work(bench.org_id) as work:
        assert work.connections.delete(unused) is True
        assert work.connections.delete(used) is False
    assert isinstance(refused(bench, "open", used), NotFoundError)
    with bench.store.work(bench.org_id) as work:
        assert one_to_push_to(work) == busy


def test_what_people_change_counts_as_a_version_and_says_what_was(bench: Bench) -> None:
    way = connection(bench)

    def version() -> int:
        with bench.store.work(bench.org_id) as work:
            return work.connections.open(way).version

    before = version()
    with bench.store.work(bench.org_id) as work:
        assert work.connections.change(way, {"name": "Warehouse", "in_doubt": "hold"}) == {"name": None}
    assert version() == before + 1
    with bench.store.work(bench.org_id) as work:
        assert work.connections.change(way, {"name": "Warehouse"}) == {}
    assert version() == before + 1
    with pytest.raises(TypeError), bench.store.work(bench.org_id) as work:
        work.connections.change(way, {"status": "ACTIVE"})
    with bench.store.work(bench.org_id) as work:
        work.connections.note_test(way)
        work.connections.note_delivery(way, version())
        work.connections.replace_config(way, {"b": 2})
    assert version() == before + 2
    with bench.store.work(bench.org_id) as work:
        assert work.connections.open(way).config == {"b": 2}
        assert set(work.connections.proof(way).values()) == {None}, "what proved the former one is forgotten"


def test_tests_and_deliveries_prove_a_configuration(bench: Bench) -> None:
    way = connection(bench)
    with bench.store.work(bench.org_id) as work:
        version = work.connections.open(way).version
        work.connections.note_delivery(way, version + 1)
        assert not work.connections.open(way).proven, "that was another configuration"
        work.connections.note_delivery(way, version)
        assert work.connections.open(way).proven
        work.connections.note_test(way, {"code": "X", "message": "no"})
        proof = work.connections.proof(way)
        assert proof["test_error"]["code"] == "X"
        assert "at" in proof["test_error"]
        assert not work.connections.open(way).proven
        work.connections.note_test(way)
        proof = work.connections.proof(way)
    assert proof["test_error"] is None
    assert proof["last_test_at"] is not None
    assert proof["delivered_at"] is not None


def test_what_was_found_out_with_another_version_of_a_connection_changes_nothing(bench: Bench) -> None:
    way = connection(bench)
    error = {"code": "X", "message": "no"}
    with bench.store.work(bench.org_id) as work:
        now = work.connections.open(way).version
        former = now - 1
        assert not work.connections.set_breaker(way, BreakerState.PAUSED, error, None, version=former)
        work.connections.note_test(way, error, version=former)
        assert work.connections.open(way).breaker_state is BreakerState.CLOSED
        assert work.connections.proof(way)["test_error"] is None
        assert work.connections.set_breaker(way, BreakerState.PAUSED, error, None, version=now)
        work.connections.note_test(way, error, version=now)
        assert work.connections.proof(way)["test_error"] is not None


def test_a_breaker_changes_once_and_is_probed_when_due_by_one(bench: Bench) -> None:
    way, error = connection(bench), {"code": "DOWN", "message": "away"}
    with bench.store.work(bench.org_id) as work:
        assert not work.connections.set_breaker(way, BreakerState.CLOSED, None, None)
        assert work.connections.set_breaker(way, BreakerState.OPEN, error, 5)
        assert not work.connections.set_breaker(way, BreakerState.OPEN, error, 5)
        assert work.connections.open(way).probe_failures == 2
        assert not work.connections.lease_probe(way, 30), "not due"
    bench.passes(6)
    with bench.store.work(bench.org_id) as work:
        assert work.connections.lease_probe(way, 30)
    with bench.store.work(bench.org_id) as work:
        assert not work.connections.lease_probe(way, 30), "somebody else is at it"
    with bench.store.work(bench.org_id) as work:
        assert work.connections.set_breaker(way, BreakerState.PAUSED, error, None)
        assert not work.connections.lease_probe(way, 30)
        assert work.connections.set_breaker(way, BreakerState.CLOSED, None, None)
        target = work.connections.open(way)
    assert (target.breaker_state, target.probe_failures) == (BreakerState.CLOSED, 0)


def test_a_probe_changes_nothing_once_somebody_knows_more(bench: Bench) -> None:
    way, error = connection(bench), {"code": "DOWN", "message": "away"}
    change = partial(set_breaker, bench, way)
    change(BreakerState.OPEN, error, 5)
    former = probing(bench, way, 6)
    held = probing(bench, way, 31)
    change(BreakerState.PAUSED, error, None, probe=former)
    assert probing(bench, way, 0) is None
    change(BreakerState.OPEN, error, 5, probe=held)
    change(BreakerState.OPEN, error, 5, probe=held)
    with bench.store.work(bench.org_id) as work:
        target = work.connections.open(way)
    assert (target.breaker_state, target.probe_failures) == (BreakerState.OPEN, 2)
    held = probing(bench, way, 6)
    for state in (BreakerState.PAUSED, BreakerState.CLOSED):
        change(state, None, None)
        for late in BreakerState:
            change(late, error, None, probe=held)
        with bench.store.work(bench.org_id) as work:
            assert work.connections.open(way).breaker_state is state


def set_breaker(bench: Bench, way: UUID, state: BreakerState, *said: Any, **only: Any) -> None:
    with bench.store.work(bench.org_id) as work:
        work.connections.set_breaker(way, state, *said, **only)


def probing(bench: Bench, way: UUID, after: float) -> datetime | None:
    """Take the right to probe after so many seconds."""
    bench.passes(after)
    with bench.store.work(bench.org_id) as work:
        return work.connections.lease_probe(way, 30)


def test_a_busy_target_rests_and_is_told_of_once(bench: Bench) -> None:
    way, error = connection(bench), {"code": "BUSY", "message": "later"}
    with bench.store.work(bench.org_id) as work:
        assert work.connections.rest(way, 30, error)
        assert not work.connections.rest(way, 10, error), "told already"
    with bench.store.work(bench.org_id) as work:
        target = work.connections.open(way)
    assert target.rests_for == pytest.approx(30, abs=5), "a shorter rest ends no longer one"
    assert target.rest_told
    bench.passes(31)
    with bench.store.work(bench.org_id) as work:
        target = work.connections.open(way)
        assert (target.rests_for, target.rest_told) == (None, True)
        assert not work.connections.rest(way, 30, error), "another worker was told so, too"
        work.connections.end_rest(way)
        assert work.connections.open(way).rests_for is not None, "a delivery of before ends no rest that began since"
    bench.passes(31)
    with bench.store.work(bench.org_id) as work:
        work.connections.end_rest(way)
        assert work.connections.open(way).rest_told is False


def test_one_poller_reads_at_a_time_and_may_go_on(bench: Bench) -> None:
    way, mine, others = connection(bench), new_id(), new_id()
    with bench.store.work(bench.org_id) as work:
        assert work.connections.lease_poll(way, mine, 30)
    with bench.store.work(bench.org_id) as work:
        assert not work.connections.lease_poll(way, others, 30)
        assert work.connections.lease_poll(way, mine, 30), "who holds it may extend it"
        work.connections.end_poll(way, others, 5, None)
        assert not work.connections.lease_poll(way, others, 30), "only who holds it gives it back"
        work.connections.end_poll(way, mine, 5, {"code": "X", "message": "x"})
    row = bench.columns("erp_connection", way)
    assert row is not None
    assert row["poll_error"]["code"] == "X"
    with bench.store.work(bench.org_id) as work:
        assert work.connections.lease_poll(way, others, 10)
    bench.passes(11)
    with bench.store.work(bench.org_id) as work:
        assert work.connections.lease_poll(way, mine, 30), "the other one died"


def test_which_files_were_begun_is_known_to_the_next_poller(bench: Bench) -> None:
    way, mine, others = connection(bench), new_id(), new_id()
    with bench.store.work(bench.org_id) as work:
        assert work.connections.begun(way) == (False, {})
        work.connections.lease_poll(way, mine, 10)
        work.connections.note_begun(way, others, {"a.json\n1": 7})
        assert work.connections.begun(way) == (True, {}), "only who holds the right may write"
        work.connections.note_begun(way, mine, {"a.json\n1": 3, "a.json.txt\n1": 3})
    bench.passes(11)
    with bench.store.work(bench.org_id) as work:
        assert work.connections.begun(way) == (True, {"a.json\n1": 3, "a.json.txt\n1": 3}), "the other one died"
        for name in ("a", "a.json"):
            work.connections.try_again(way, name)
        assert work.connections.begun(way) == (True, {"a.json\n1": 2, "a.json.txt\n1": 3})
        work.connections.note_begun(way, mine, {})
        work.connections.end_poll(way, mine, 5, None)
        work.connections.try_again(way, "a.json")
        assert work.connections.begun(way) == (False, {})


def test_when_the_last_certificate_ends_is_noted(bench: Bench) -> None:
    way, ends = connection(bench), datetime(2031, 1, 1, tzinfo=UTC)
    with bench.store.work(bench.org_id) as work:
        work.connections.note_certificate(way, ends)
    row = bench.columns("erp_connection", way)
    assert row is not None
    assert row["certificate_ends_at"] == ends
    with bench.store.work(bench.org_id) as work:
        work.connections.note_certificate(way, None)
    row = bench.columns("erp_connection", way)
    assert row is not None
    assert row["certificate_ends_at"] is None


def test_a_token_for_answers_is_that_of_a_connection_that_is_there(bench: Bench) -> None:
    way = connection(bench)
    with bench.store.work(bench.org_id) as work:
        work.connections.set_answer_token(way, b"x" * 32, "12345678")
        work.connections.poll_now(way)
    with pytest.raises(NotFoundError), bench.store.work(bench.org_id) as work:
        work.connections.set_answer_token(new_id(), None, None)


def test_a_connection_that_does_not_open_is_disabled_once(bench: Bench) -> None:
    way, error = connection(bench), {"code": "ENCRYPTION_ERROR", "message": "damaged"}
    with bench.store.work(bench.org_id) as work:
        assert work.connections.disable_unreadable(way, error)
    with bench.store.work(bench.org_id) as work:
        assert not work.connections.disable_unreadable(way, error)
        target = work.connections.open(way)
        assert not work.connections.connector_elsewhere("MOCK")
    assert (target.status, target.breaker_state) == (ConnectionStatus.DISABLED, BreakerState.PAUSED)
    bench.store.wake(bench.org_id, way)


def test_what_was_done_is_written_down_for_each(bench: Bench) -> None:
    first, second = new_id(), new_id()
    with bench.store.work(bench.org_id) as work:
        work.audit.add("DRAFT_APPROVED", ACTOR, "draft_order", [first, second])
        work.audit.add("DELIVERIES_PAUSED", ACTOR)
    wanted = [("DRAFT_APPROVED", first), ("DRAFT_APPROVED", second), ("DELIVERIES_PAUSED", None)]
    assert sorted(bench.audit(), key=str) == sorted(wanted, key=str)


def test_an_export_is_added_due_at_once(bench: Bench) -> None:
    way, order_id = connection(bench), order(bench)
    made = Export(new_id(), order_id, way, PENDING, bench.now())
    with bench.store.work(bench.org_id) as work:
        work.exports.add(made, idempotency_key=None, actor=ACTOR)
        found = work.exports.get(made.id)
    assert (found.status, found.attempts_spent, found.lease_is_live, found.never_arrived) == (PENDING, 0, False, True)
    lease, held = leased(bench)
    bench.set("erp_export", made.id, **held)
    with bench.store.work(bench.org_id) as work:
        assert work.exports.get(made.id).lease_is_live
        assert work.exports.mark_begun(lease, [made.id]) == {made.id}
    assert [attempt.export_id for attempt in claimed(bench, way).attempts] == []
