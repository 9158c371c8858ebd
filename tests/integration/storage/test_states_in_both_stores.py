"""Every path of the table of states, in both stores: what it allows works; all else is refused and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from orderflow.domain.answer_details import Level
from orderflow.domain.delivery import Ack, ExportResult, Lease
from orderflow.domain.errors import OrderFlowError
from orderflow.domain.ids import new_id
from orderflow.domain.states import (
    DOUBT_MATTERS,
    FITTING,
    AttemptStatus,
    ERPExportStatus,
    ExportStep,
    OrderAction,
    OrderStatus,
    actions_of,
)
from orderflow.flow.answers.accept_differences import accept_differences
from orderflow.flow.delivery.change import confirm_change, discard_change
from orderflow.flow.delivery.recall import confirm_recall, end_recall, recall_in
from orderflow.flow.delivery.request import note_request, withdraw
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.flow.order.approve import approve_order, edit_order, reject_order
from orderflow.flow.order.confirm import confirm_order
from orderflow.flow.order.hold import hold_order, release_order
from orderflow.flow.ports import DecidedAnswer, Settlement, Work
from orderflow.secrets.encryption import EncryptionService
from orderflow.storage.database import Database
from orderflow.storage.store import SqlStore
from tests.integration.storage.benches import (
    ACTOR,
    Bench,
    MemoryBench,
    SqlBench,
    batch_of,
    doubt,
    everything,
    export,
    leased,
    order,
)

ERROR = {"code": "X", "message": "x"}
EXPORTED = {of_order: of_export for of_export, of_order in FITTING.items()}


@pytest.fixture
def benches(database: Database, org: UUID) -> Sequence[Bench]:
    """Both stores."""
    return SqlBench(database, org, SqlStore(database, EncryptionService("ab" * 32))), MemoryBench()


@dataclass(frozen=True)
class Case:
    """An export in a state."""

    status: ERPExportStatus
    in_doubt: bool
    held: bool

    def allowed(self, step: ExportStep) -> bool:
        """Return whether the table allows a step, and what is known of the delivery does."""
        if step in NEED_DOUBT and not (self.in_doubt and not self.held):
            return False
        if step in NEED_NONE and (self.in_doubt or self.held):
            return False
        if step is ExportStep.TAKE_OVER and self.in_doubt:
            return False
        if step in NEED_LEASE and not self.held:
            return False
        return self.status in step.change.starts


NEED_DOUBT = {ExportStep.NOTE_DELIVERED, ExportStep.NOTE_FAILED, ExportStep.SEND_AGAIN}
NEED_NONE = {ExportStep.STOP, ExportStep.WITHDRAW, ExportStep.MOVE, ExportStep.GIVE_UP}
NEED_LEASE = {ExportStep.WORK, ExportStep.SETTLE}
CASES = [Case(*values) for values in product(ERPExportStatus, (False, True), (False, True))]
STEPS = [step for step in ExportStep if step is not ExportStep.HOLD]  # the doctor's, after a restored backup


def take(bench: Bench, step: ExportStep, case: Case) -> tuple[bool, str | None]:
    """Take a step with an export; returns whether anything changed, and where the export is now."""

    with bench.store.work(bench.org_id) as work:
        source, target = _ways(work)
    lease, columns = leased(bench) if case.held else (Lease(new_id(), 60), {})
    columns |= doubt(bench) if case.in_doubt else {}
    export_id = export(bench, source, case.status, **columns)
    before = everything(bench, export_id)
    with bench.store.work(bench.org_id) as work:
        _CALLS[step](bench, work, export_id, lease, target)
    after = bench.columns("erp_export", export_id)
    return everything(bench, export_id) != before, None if after is None else after["status"]


_ways_of: dict[UUID, tuple[UUID, UUID]] = {}


def _ways(work: Work) -> tuple[UUID, UUID]:
    if work.org_id not in _ways_of:
        first, second = new_id(), new_id()
        for connection_id, kind in ((first, "MOCK"), (second, "OTHER")):
            work.connections.add(connection_id, kind, {}, None)
            work.connections.enable(connection_id)
        _ways_of[work.org_id] = first, second
    return _ways_of[work.org_id]


def _settle(bench: Bench, work: Work, export_id: UUID, lease: Lease, _target: UUID) -> None:
    way, _ = _ways(work)
    found = work.exports.find(export_id)
    assert found is not None
    batch = batch_of(bench, way, export_id, lease, work.orders.get(found.draft_order_id))
    batch.attempts[0].outcome = ExportResult(success=True)
    work.exports.settle(
        batch, [Settlement(batch.attempts[0], ERPExportStatus.SENT, AttemptStatus.SUCCESS, OrderStatus.PUSHED)]
    )


def _answer(_bench: Bench, work: Work, export_id: UUID, _lease: Lease, _target: UUID) -> None:
    said = Ack("a", "ACKED", export_id, erp_order_id="SO-1")
    work.exports.record_answers([DecidedAnswer(said, work.exports.get(export_id), "acknowledge", settle_first=False)])


def _note_level(_bench: Bench, work: Work, export_id: UUID, _lease: Lease, _target: UUID) -> None:
    said = Ack("a", "ACKED", export_id, level=Level.UNDERSTOOD)
    work.exports.record_answers([DecidedAnswer(said, work.exports.get(export_id), "note")])


_Call = Callable[[Bench, Work, UUID, Lease, UUID], Any]
_CALLS: dict[ExportStep, _Call] = {
    ExportStep.WORK: lambda _b, work, one, lease, _t: work.exports.mark_staged(lease, {one: "a.tmp"}),
    ExportStep.SETTLE: _settle,
    ExportStep.ANSWER: _answer,
    ExportStep.NOTE_LEVEL: _note_level,
    ExportStep.NOTE_UNREADABLE: lambda _b, work, one, _l, _t: work.exports.note_unreadable(
        [Ack("a", "UNREADABLE", one)]
    ),
    ExportStep.CONFIRM: lambda _b, work, one, _l, _t: work.exports.confirm(one, "ops"),
    ExportStep.NOTE_DELIVERED: lambda _b, work, one, _l, _t: work.exports.note_delivered(one),
    ExportStep.NOTE_FAILED: lambda _b, work, one, _l, _t: work.exports.note_failed(one, ERROR),
    ExportStep.SEND_AGAIN: lambda _b, work, one, _l, _t: work.exports.send_again(one),
    ExportStep.REVIVE: lambda _b, work, one, _l, _t: work.exports.revive(one, None),
    ExportStep.STOP: lambda _b, work, one, _l, _t: work.exports.stop(one, ERROR),
    ExportStep.WITHDRAW: lambda _b, work, one, _l, _t: work.exports.withdraw(one),
    ExportStep.MOVE: lambda _b, work, one, _l, target: work.exports.move(_ways(work)[0], target, [one]),
    ExportStep.DROP: lambda _b, work, one, _l, _t: work.exports.drop(one, ERROR),
    ExportStep.TAKE_OVER: lambda _b, work, one, _l, _t: work.exports.take_over(one, "ops"),
    ExportStep.GIVE_UP: lambda _b, work, one, _l, _t: work.exports.give_up([one], ERROR),
}


def test_an_export_is_changed_by_what_the_table_allows_and_by_nothing_else(benches: Sequence[Bench]) -> None:
    for bench, step, case in product(benches, STEPS, CASES):
        changed, status = take(bench, step, case)
        assert changed == case.allowed(step), (type(bench).__name__, step, case)
        if changed:
            assert status in step.change.ends or (status is None and not step.change.ends), (step, case)


# Orders, by what people do


def _edit(work: Work, order_id: UUID) -> None:
    changed = work.orders.get(order_id)
    changed.notes = "changed"
    edit_order(work, changed, ACTOR)


def do(bench: Bench, action: OrderAction, order_id: UUID, export_id: UUID) -> None:
    """Do what a person does."""
    store, org_id = bench.store, bench.org_id
    match action:
        case OrderAction.WITHDRAW:
            return withdraw(store, org_id, order_id, ACTOR)
        case OrderAction.RESOLVE_DELIVERED:
            resolve_held(store, org_id, export_id, "delivered", ACTOR)
        case OrderAction.RESOLVE_NOT_DELIVERED:
            resolve_held(store, org_id, export_id, "not_delivered", ACTOR)
        case OrderAction.RESOLVE_SEND_AGAIN:
            resolve_held(store, org_id, export_id, "send_again", ACTOR)
        case _:
            with store.work(org_id) as work:
                _IN_ONE[action](work, order_id)
    return None


_IN_ONE: dict[OrderAction, Callable[[Work, UUID], Any]] = {
    OrderAction.EDIT: _edit,
    OrderAction.APPROVE: lambda work, one: approve_order(work, one, ACTOR),
    OrderAction.REJECT: lambda work, one: reject_order(work, one, ACTOR),
    OrderAction.CONFIRM: lambda work, one: confirm_order(work, one, "SO-1", ACTOR),
    OrderAction.ACCEPT_DIFFERENCES: lambda work, one: accept_differences(work, one, ACTOR),
    OrderAction.PUSH: lambda work, one: note_request(work, one, ACTOR, meant=(OrderAction.PUSH,)),
    OrderAction.RETRY: lambda work, one: note_request(work, one, ACTOR, meant=(OrderAction.RETRY,)),
    OrderAction.HOLD: lambda work, one: hold_order(work, one, "checked", ACTOR),
    OrderAction.RECALL: lambda work, one: recall_in(work, one, "cancelled", ACTOR),
    OrderAction.CONFIRM_RECALL: lambda work, one: confirm_recall(work, one, ACTOR),
    OrderAction.END_RECALL: lambda work, one: end_recall(work, one, ACTOR),
    OrderAction.DISCARD_CHANGE: lambda work, one: discard_change(work, one, ACTOR),
    OrderAction.CONFIRM_CHANGE: lambda work, one: confirm_change(work, one, ACTOR),
    OrderAction.RELEASE: lambda work, one: release_order(work, one, ACTOR),  # none of these is on hold
}
STANDINGS = [*((status, False) for status in OrderStatus), *((status, True) for status in DOUBT_MATTERS)]


def outcome(bench: Bench, action: OrderAction, status: OrderStatus, *, in_doubt: bool) -> tuple[Any, ...]:
    """Return what an action did to an order: its state, or how it was refused, with nothing changed."""
    with bench.store.work(bench.org_id) as work:
        way, _ = _ways(work)
    order_id = order(bench, status)
    export_id, exports = UUID(int=1), []
    if status in EXPORTED:
        export_id = export(bench, way, EXPORTED[status], of=order_id, **(doubt(bench) if in_doubt else {}))
        exports = [export_id]
    before = [bench.columns("draft_order", order_id), everything(bench, *exports)]
    try:
        do(bench, action, order_id, export_id)
    except OrderFlowError as error:
        assert [bench.columns("draft_order", order_id), everything(bench, *exports)] == before
        return error.code, error.message, error.hint
    row = bench.columns("draft_order", order_id)
    assert row is not None
    assert row["status"] in (action.change.ends or (status,))
    return (row["status"],)


def test_a_person_does_what_the_table_allows_and_is_told_the_same_by_both_stores(benches: Sequence[Bench]) -> None:
    for (status, in_doubt), action in product(STANDINGS, OrderAction):
        outcomes = [outcome(bench, action, status, in_doubt=in_doubt) for bench in benches]
        assert outcomes[0] == outcomes[1], (status, in_doubt, action)
        allowed = actions_of(status, in_doubt=in_doubt, under_way=False)
        assert (len(outcomes[0]) == 1) == (action in allowed), (status, in_doubt, action, outcomes[0])
