"""What people do while orders travel: at any moment, and as often as not at the wrong one.

Whoever resolves a doubt has looked into the ERP first; what they do without looking is written down as theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING
from uuid import UUID

from orderflow.domain.errors import OrderFlowError
from orderflow.domain.states import ERPExportStatus, OrderStatus
from orderflow.flow.delivery.move import move_exports
from orderflow.flow.delivery.request import request_push, withdraw
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.flow.order.approve import approve_order, edit_order, reject_order
from orderflow.flow.order.confirm import confirm_order
from orderflow.flow.ports import Actor
from orderflow.flow.setup.connections import disable_connection, edit_connection, enable_connection
from orderflow.flow.setup.probe import test_connection

if TYPE_CHECKING:
    from orderflow.testing.simulation.world import World

OPERATOR = Actor("operator")
Deed = Callable[["World"], str | None]


def act(world: World) -> None:
    """Do one thing that a person might do; that it is refused is told, too."""
    deed = DEEDS[world.choices.below(len(DEEDS))]
    _do(world, deed)


def mend(world: World) -> None:
    """Do all that waits for a person: enable, test, resolve what is held."""
    for deed in (enable, resume, test, resolve):
        _do(world, deed)


def push(world: World) -> str | None:
    """Push an approved order, or a failed one again."""
    order_id = _any(world, OrderStatus.APPROVED, OrderStatus.ERROR)
    if order_id is None:
        return None
    request_push(world.wiring.store, world.org_id, order_id, OPERATOR)
    return f"pushes order {_short(order_id)}"


def take_back(world: World) -> str | None:
    """Withdraw a push."""
    order_id = _any(world, OrderStatus.PUSHING)
    if order_id is None:
        return None
    withdraw(world.wiring.store, world.org_id, order_id, OPERATOR)
    return f"withdraws order {_short(order_id)}"


def edit(world: World) -> str | None:
    """Change an order's content, and approve it again."""
    order_id = _any(world, OrderStatus.APPROVED, OrderStatus.READY, OrderStatus.ERROR)
    if order_id is None:
        return None
    with world.wiring.store.work(world.org_id) as work:
        changed = copy(work.orders.get(order_id))
        changed.notes = f"{changed.notes}+"
        edit_order(work, changed, OPERATOR)
        approve_order(work, order_id, OPERATOR)
    return f"edits order {_short(order_id)}"


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
    """Confirm by hand what the ERP has."""
    order_id = _any(world, OrderStatus.PUSHED)
    if order_id is None or not world.books.taken[order_id]:
        return None
    with world.wiring.store.work(world.org_id) as work:
        confirm_order(work, order_id, "SO-HAND", OPERATOR)
    return f"confirms order {_short(order_id)} by hand"


def resolve(world: World) -> str | None:
    """Look into the ERP for what is held, and say what is there."""
    held = [row for row in world.tables.exports.values() if row.held_at and row.status is ERPExportStatus.PENDING]
    if not held:
        return None
    row = held[world.choices.below(len(held))]
    there = world.is_there(row)
    resolve_held(world.wiring.store, world.org_id, row.id, "delivered" if there else "send_again", OPERATOR)
    if not there:
        world.sends_allowed[row.draft_order_id] += 1
    return f"resolves {_short(row.draft_order_id)} as {'delivered' if there else 'to be sent again'}"


def move(world: World) -> str | None:
    """Move what waits to the other connection."""
    source, target = _two(world)
    moved = move_exports(world.wiring.store, world.org_id, source, target, OPERATOR)
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


def rotate(world: World) -> str | None:
    """Save a connection's configuration anew, as after a change of its password."""
    connection_id, _ = _two(world)
    edit_connection(world.wiring, world.org_id, connection_id, {"saved": world.choices.below(100)}, OPERATOR)
    return "saves a connection anew"


DEEDS: tuple[Deed, ...] = (
    push,
    push,
    push,
    take_back,
    edit,
    approve,
    reject,
    confirm,
    resolve,
    move,
    disable,
    enable,
    pause,
    resume,
    test,
    rotate,
)


def _do(world: World, deed: Deed) -> None:
    try:
        told = deed(world)
    except OrderFlowError as error:
        told = f"wants to {deed.__name__.replace('_', ' ')}, and hears: {error.message}"
    if told:
        world.tell(f"the operator {told}")


def _any(world: World, *states: OrderStatus) -> UUID | None:
    fitting = [row.content.id for row in world.tables.orders.values() if row.status in states]
    return fitting[world.choices.below(len(fitting))] if fitting else None


def _two(world: World) -> tuple[UUID, UUID]:
    first, second = world.tables.connections
    return (first, second) if world.choices.below(2) else (second, first)


def _short(order_id: UUID) -> str:
    return order_id.hex[:4]
