"""What people do while orders travel: at any moment, and as often as not at the wrong one.

Whoever resolves a doubt has looked into the ERP first; what they do without looking is written down as theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from orderflow.domain.bulk import BulkAction, BulkOutcome
from orderflow.domain.errors import OrderFlowError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.opening_hours.hours import Period
from orderflow.domain.states import ARRIVED, CONTENT_KINDS, EDITED, IN_DOUBT, OPEN, Kind, OrderAction, OrderStatus
from orderflow.flow.answers.read_again import read_again
from orderflow.flow.delivery.change import confirm_change, discard_change
from orderflow.flow.delivery.move import move_exports
from orderflow.flow.delivery.recall import confirm_recall, end_recall, recall_or_withdraw
from orderflow.flow.delivery.request import request_push, withdraw
from orderflow.flow.delivery.resolve import Resolution, resolve_held
from orderflow.flow.order.approve import approve_order, edit_order, reject_order
from orderflow.flow.order.bulk import carry_out
from orderflow.flow.order.confirm import confirm_order
from orderflow.flow.order.hold import hold_order, release_order
from orderflow.flow.ports import Actor, BulkJob
from orderflow.flow.setup.connections import disable_connection, edit_connection, enable_connection, make_default
from orderflow.flow.setup.probe import test_connection
from orderflow.testing.store_in_memory.leases import changed_since, is_unleased, is_unsent
from orderflow.testing.store_in_memory.tables import ExportRow

if TYPE_CHECKING:
    from orderflow.testing.simulation.world import World

OPERATOR = Actor("operator")
Deed = Callable[["World"], str | None]


def act(world: World) -> None:
    """Do one thing that a person might do; that it is refused is told, too."""
    deed = DEEDS[world.choices.below(len(DEEDS))]
    _do(world, deed)


def mend(world: World) -> None:
    """Do all that waits for a person: enable, open, test, resolve what is held."""
    for deed in (enable, resume, open_all, test, decide, decide_recall_held, release_all):
        _do(world, deed)


def push(world: World) -> str | None:
    """Push an approved order, or a failed one again."""
    order_id = _any(world, OrderStatus.APPROVED, OrderStatus.ERROR)
    if order_id is None:
        return None
    request_push(world.wiring.store, world.org_id, order_id, OPERATOR)
    return f"pushes order {_short(order_id)}"


def push_elsewhere(world: World) -> str | None:
    """Push an order over a connection that need not be the default."""
    order_id = _any(world, OrderStatus.APPROVED, OrderStatus.ERROR)
    if order_id is None:
        return None
    connection_id, _ = _two(world)
    request_push(world.wiring.store, world.org_id, order_id, OPERATOR, connection_id=connection_id)
    return f"pushes order {_short(order_id)} over a connection of their choice"


def push_twice(world: World) -> str | None:
    """Push an order with a key, and once more since the answer was lost."""
    order_id = _any(world, OrderStatus.APPROVED, OrderStatus.ERROR)
    if order_id is None:
        return None
    key = f"key {world.choices.below(1000)}"
    first = request_push(world.wiring.store, world.org_id, order_id, OPERATOR, idempotency_key=key)
    try:
        again = request_push(world.wiring.store, world.org_id, order_id, OPERATOR, idempotency_key=key)
    except StateError:
        again = None
    if first is None:  # it waits for somebody who says where to
        return None
    if first.id in world.tables.exports and (again is None or again.id != first.id):
        world.wrongs.append(f"Order {_short(order_id)}: it was asked for twice with one key, and answered otherwise")
    return f"pushes order {_short(order_id)} twice with one key"


def act_on_all(world: World) -> str | None:
    """Approve, push or retry all orders at once."""
    action = (BulkAction.APPROVE, BulkAction.PUSH, BulkAction.RETRY)[world.choices.below(3)]
    job = BulkJob(new_id(), action, OPERATOR)
    ended = carry_out(world.wiring.store, world.org_id, job, list(world.tables.orders))
    done = ended.total - ended.counts.get(BulkOutcome.REFUSED, 0)
    return f"wants to {action} all orders, and does so with {done}" if done else None


def take_back(world: World) -> str | None:
    """Withdraw a push."""
    order_id = _any(world, OrderStatus.PUSHING)
    if order_id is None:
        return None
    withdraw(world.wiring.store, world.org_id, order_id, OPERATOR)
    return f"withdraws order {_short(order_id)}"


def hold(world: World) -> str | None:
    """Put an order on hold. If nothing of it is under way or sent, nothing may be before it is released."""
    order_id = _any(world, OrderStatus.APPROVED, OrderStatus.PUSHING, OrderStatus.ERROR)
    if order_id is None:
        return None
    with world.wiring.store.work(world.org_id) as work:
        hold_order(work, order_id, "checked", OPERATOR)
    # Where a person said that it may be sent again, a worker that was stopped beyond its lease may still be sending it.
    if not world.sends_allowed[order_id] and all(_rests(world, row) for row in world.tables.exports_of(order_id)):
        world.kept_back.setdefault(order_id, len(world.books.taken[order_id]))
    return f"puts order {_short(order_id)} on hold"


def release(world: World) -> str | None:
    """Release an order, and see that nothing of it was sent meanwhile."""
    order_id = _one(world, sorted({hold.draft_order_id for hold in world.tables.holds.values()}))
    return None if order_id is None else _release(world, order_id)


def release_all(world: World) -> str | None:
    """Release every order."""
    for order_id in {hold.draft_order_id for hold in world.tables.holds.values()}:
        _release(world, order_id)
    return None


def _release(world: World, order_id: UUID) -> str:
    taken = len(world.books.taken[order_id])
    if taken != world.kept_back.pop(order_id, taken):
        world.wrongs.append(f"Order {_short(order_id)}: it was sent while it was on hold")
    with world.wiring.store.work(world.org_id) as work:
        release_order(work, order_id, OPERATOR)
    return f"releases order {_short(order_id)}"


def _rests(world: World, row: ExportRow) -> bool:
    return is_unsent(row) and is_unleased(row, world.tables.now()) and row.status not in ARRIVED


EDITABLE = OrderAction.EDIT.change.starts
"""Where an order stands whose content may be changed, also after it was sent."""


def edit(world: World) -> str | None:
    """Change an order's content, and approve it again."""
    order_id = _any(world, *EDITABLE)
    if order_id is None:
        return None
    _edit(world, order_id)
    return f"edits order {_short(order_id)}"


def _edit(world: World, order_id: UUID) -> None:
    with world.wiring.store.work(world.org_id) as work:
        changed = copy(work.orders.get(order_id))
        changed.notes = f"{changed.notes}+"
        edit_order(work, changed, OPERATOR)
        approve_order(work, order_id, OPERATOR)


def change(world: World) -> str | None:
    """Change an order that was pushed, and have it sent as it is then."""
    order_id = _any(world, OrderStatus.PUSHED, OrderStatus.CONFIRMED, OrderStatus.PUSHING)
    if order_id is None:
        return None
    _edit(world, order_id)
    request_push(world.wiring.store, world.org_id, order_id, OPERATOR)
    return f"changes order {_short(order_id)}"


def discard(world: World) -> str | None:
    """Have an order say again what its ERP has."""
    order_id = _any(world, OrderStatus.READY, OrderStatus.APPROVED, OrderStatus.ERROR)
    if order_id is None:
        return None
    with world.wiring.store.work(world.org_id) as work:
        discard_change(work, order_id, OPERATOR)
    return f"discards the change of order {_short(order_id)}"


def confirm_by_hand(world: World) -> str | None:
    """Have an order changed in its ERP, which was not asked or refused, and say so."""
    order_id = _any(world, OrderStatus.ERROR)
    if order_id is None or not world.books.has(order_id):
        return None
    with world.wiring.store.work(world.org_id) as work:
        confirm_change(work, order_id, OPERATOR)
    row = next(row for row in reversed(world.tables.exports_of(order_id)) if row.kind in CONTENT_KINDS)
    erp = world.erp_of(row)
    content = erp.content_of(world.tables.orders[order_id].content)
    world.books.last[order_id], world.books.contents[erp.key_of(row)] = erp.key_of(row), content
    world.books.arrived[order_id].add(erp.key_of(row))
    return f"changes order {_short(order_id)} in its ERP"


def approve(world: World) -> str | None:
    """Approve an order."""
    order_id = _any(world, OrderStatus.READY)
    if order_id is None:
        return None
    with world.wiring.store.work(world.org_id) as work:
        approve_order(work, order_id, OPERATOR)
    return f"approves order {_short(order_id)}"


def reject(world: World) -> str | None:
    """Reject an order for good."""
    order_id = _any(world, OrderStatus.APPROVED, OrderStatus.ERROR)
    if order_id is None:
        return None
    with world.wiring.store.work(world.org_id) as work:
        reject_order(work, order_id, OPERATOR)
    return f"rejects order {_short(order_id)}"


def confirm(world: World) -> str | None:
    """Confirm by hand what the ERP has, whether or not we know it."""
    order_id = _any(world, OrderStatus.PUSHED, OrderStatus.PUSHING, OrderStatus.ERROR)
    if order_id is None or not world.books.taken[order_id]:
        return None
    row = next(row for row in reversed(world.tables.exports_of(order_id)) if row.kind in CONTENT_KINDS)
    if row.kind is Kind.CHANGE and not world.is_there(row):
        return None
    with world.wiring.store.work(world.org_id) as work:
        confirm_order(work, order_id, "SO-HAND", OPERATOR)
    return f"confirms order {_short(order_id)} by hand"


def resolve(world: World) -> str | None:
    """Look into the ERP for what is in doubt, and say what is there; of what is not, perhaps some time later."""
    row = _to_resolve(world, [row for row in world.tables.exports.values() if _in_doubt(row)])
    if row is None:
        return None
    if row.id in world.missed:
        return _resolve(world, row, world.missed.pop(row.id), there=False)
    there = world.is_there(row)
    if not there and world.choices.one_in(3):
        world.missed[row.id] = row.perhaps_sent_at
        return f"does not find {_short(row.draft_order_id)} in its ERP"
    return _resolve(world, row, row.perhaps_sent_at, there=there)


def decide(world: World) -> str | None:
    """Look into the ERP for what is held, and say what is there."""
    row = _to_resolve(world, [row for row in world.waits() if row.held_at])
    return None if row is None else _resolve(world, row, row.perhaps_sent_at, there=world.is_there(row))


def _to_resolve(world: World, doubtful: Sequence[ExportRow]) -> ExportRow | None:
    doubtful = [row for row in doubtful if row.kind in CONTENT_KINDS]  # a recall is decided with its order
    return doubtful[world.choices.below(len(doubtful))] if doubtful else None


def _resolve(world: World, row: ExportRow, seen: datetime | None, *, there: bool) -> str:
    if there:
        resolution: Resolution = "delivered"
    else:
        again = world.choices.below(3) != 1 and not _was_changed(world, row)
        resolution = "send_again" if again else "not_delivered"
    resolve_held(world.wiring.store, world.org_id, row.id, resolution, OPERATOR, seen)
    if resolution != "delivered":
        world.sends_allowed[row.draft_order_id] += seen == row.perhaps_sent_at  # no other doubt may be decided by it
    return f"resolves {_short(row.draft_order_id)} as {resolution.replace('_', ' ')}"


def _was_changed(world: World, row: ExportRow) -> bool:
    return changed_since(world.tables, row) or world.tables.orders[row.draft_order_id].status in EDITED


def recall(world: World) -> str | None:
    """Want an order back that was sent, or was not."""
    order_id = _any(world, OrderStatus.PUSHED, OrderStatus.CONFIRMED, OrderStatus.PUSHING)
    if order_id is None:
        return None
    with world.wiring.store.work(world.org_id) as work:
        recall_or_withdraw(work, order_id, "cancelled", OPERATOR)
    return f"recalls order {_short(order_id)}"


def decide_recall(world: World) -> str | None:
    """Look into the ERP for an order that is being recalled, and say whether it is there."""
    order_id = _any(world, OrderStatus.RECALLING)
    if order_id is None:
        return None
    gone = bool(world.books.given_back[order_id]) and not world.books.has(order_id)
    if not gone:
        world.seen_there.add(order_id)
    with world.wiring.store.work(world.org_id) as work:
        (confirm_recall if gone else end_recall)(work, order_id, OPERATOR)
    return f"says that order {_short(order_id)} is {'cancelled' if gone else 'kept'}"


def decide_recall_held(world: World) -> str | None:
    """Decide a recall of which nobody could tell for an hour how it ended."""
    return decide_recall(world) if any(row.kind is Kind.RECALL and row.held_at for row in world.waits()) else None


def move(world: World) -> str | None:
    """Move all that waits, or one order of it, to the other connection."""
    source, target = _two(world)
    chosen = _one(world, list(world.tables.exports)) if world.choices.below(2) else None
    moved = move_exports(
        world.wiring.store, world.org_id, source, target, OPERATOR, export_ids=[chosen] if chosen else None
    )
    return f"moves {len(moved)} orders to another connection" if moved else None


def disable(world: World) -> str | None:
    """Disable a connection."""
    connection_id, _ = _two(world)
    disable_connection(world.wiring, world.org_id, connection_id, OPERATOR)
    return "disables a connection"


def enable(world: World) -> str | None:
    """Enable every connection."""
    for connection_id in world.tables.connections:
        enable_connection(world.wiring, world.org_id, connection_id, OPERATOR)
    return None


def pause(world: World) -> str | None:
    """Pause all deliveries."""
    world.tables.paused = True
    return "pauses all deliveries"


def resume(world: World) -> str | None:
    """Resume deliveries."""
    world.tables.paused = False
    return None


def test(world: World) -> str | None:
    """Test every connection, which closes its breaker."""
    for connection_id in list(world.tables.connections):
        test_connection(world.wiring, world.org_id, connection_id, OPERATOR)
    return None


def choose_default(world: World) -> str | None:
    """Make a connection the default one."""
    connection_id, _ = _two(world)
    make_default(world.wiring, world.org_id, connection_id, OPERATOR)
    return "chooses another default"


def set_limits(world: World) -> str | None:
    """Change how many orders a connection takes a minute, and how long its orders wait for it."""
    connection_id, _ = _two(world)
    options = {
        "orders_per_minute": (None, 1, 3)[world.choices.below(3)],
        "give_up_after": (None, 30, 60)[world.choices.below(3)],
    }
    edit_connection(world.wiring, world.org_id, connection_id, None, OPERATOR, options=options)
    return f"sets a connection's limits: {options}"


def set_hours(world: World) -> str | None:
    """Close a connection for a while, after which it is open for a while."""
    connection_id, _ = _two(world)
    opens_at = world.tables.after(5.0 + world.choices.below(60))
    closes_at = opens_at + timedelta(seconds=10 + world.choices.below(120))
    _open(world, connection_id, Period(opens_at, closes_at))
    return "closes a connection for a while"


def open_all(world: World) -> str | None:
    """Let every connection be open at all hours."""
    for connection_id in world.tables.connections:
        _open(world, connection_id, Period(None, None))
    return None


def _open(world: World, connection_id: UUID, period: Period) -> None:
    with world.wiring.store.work(world.org_id) as work:
        work.connections.note_open(connection_id, period)


def read_an_answer_again(world: World) -> str | None:
    """Have an answer read again that could not be read, after the ERP's people mended it."""
    unreadable = [row.id for row in world.tables.exports.values() if row.unreadable_answer and row.status in OPEN]
    export_id = _one(world, unreadable)
    if export_id is None:
        return None
    export = read_again(world.wiring, world.org_id, export_id, OPERATOR)
    return f"has the answer to order {_short(export.draft_order_id)} read again"


def rotate_the_key(world: World) -> str | None:
    """Seal all secrets with a new key, which every process learns in its own time."""
    for task in world.scheduler.tasks:
        task.blind_until = world.clock.seconds + world.choices.below(30) if task.mortal else 0.0
    return "rotates the key of the secrets"


def rotate(world: World) -> str | None:
    """Save a connection's configuration anew, as after a change of its password."""
    connection_id, _ = _two(world)
    edit_connection(world.wiring, world.org_id, connection_id, {"saved": world.choices.below(100)}, OPERATOR)
    return "saves a connection anew"


DEEDS: tuple[Deed, ...] = (
    push,
    push,
    push,
    push_elsewhere,
    push_twice,
    act_on_all,
    act_on_all,
    take_back,
    hold,
    release,
    edit,
    change,
    change,
    discard,
    confirm_by_hand,
    approve,
    reject,
    confirm,
    resolve,
    resolve,
    recall,
    recall,
    decide_recall,
    read_an_answer_again,
    move,
    disable,
    choose_default,
    set_limits,
    set_hours,
    open_all,
    enable,
    pause,
    resume,
    test,
    rotate,
    rotate_the_key,
)


def _do(world: World, deed: Deed) -> None:
    try:
        told = deed(world)
    except OrderFlowError as error:
        told = f"wants to {deed.__name__.replace('_', ' ')}, and hears: {error.message}"
    if told:
        world.tell(f"the operator {told}")


def _any(world: World, *states: OrderStatus) -> UUID | None:
    return _one(world, [row.content.id for row in world.tables.orders.values() if row.status in states])


def _one(world: World, ids: Sequence[UUID]) -> UUID | None:
    return ids[world.choices.below(len(ids))] if ids else None


def _in_doubt(row: ExportRow) -> bool:
    perhaps_there = row.begun_at or row.staged_at or row.held_at
    return row.status in IN_DOUBT and perhaps_there is not None and row.answered_at is None


def _two(world: World) -> tuple[UUID, UUID]:
    first, second = world.tables.connections
    return (first, second) if world.choices.below(2) else (second, first)


def _short(order_id: UUID) -> str:
    return order_id.hex[:4]
