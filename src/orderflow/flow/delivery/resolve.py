"""A person has looked into the ERP and knows how a delivery in doubt ended."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from orderflow.domain.errors import NotFoundError, StateError
from orderflow.domain.states import OrderStatus, next_order_status
from orderflow.flow.ports import Actor, Export, Store, Work

Resolution = Literal["delivered", "send_again"]


def resolve_held(store: Store, org_id: UUID, export_id: UUID, resolution: Resolution, actor: Actor) -> Export:
    """Settle a held export: it had arrived, or it has not and goes out again under the same name.

    Raises:
        StateError: The export is not held.
        NotFoundError: There is no such export.
    """
    with store.work(org_id) as work:
        order_id = work.exports.order_of(export_id)
        if order_id is None:
            raise NotFoundError(f"There is no export {export_id} in this organization.")
        before = work.orders.lock_status(order_id)
        resolved = _note(work, export_id, resolution)
        if not resolved:
            raise StateError(
                "The export is not held, so there is no doubt to resolve.", hint="Look at its present state."
            )
        after = before
        if resolution == "delivered":
            after = next_order_status(before, OrderStatus.PUSHED)
            work.orders.set_status(order_id, after, error_json=None)
        facts = {"status": after, "resolved_as": resolution, "export_id": str(export_id)}
        work.audit.add("EXPORT_RESOLVED", actor, "draft_order", [order_id], {"status": before}, facts)
        export = work.exports.get(export_id)
    store.wake(org_id, export.connection_id)
    return export


def _note(work: Work, export_id: UUID, resolution: Resolution) -> bool:
    if resolution == "delivered":
        return work.exports.note_delivered(export_id)
    return work.exports.send_again(export_id)
