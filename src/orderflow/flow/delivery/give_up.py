"""What waited too long for a target that is away ends. Of what may have arrived, nobody says that it failed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from orderflow.flow.delivery.open_target import ENGINE
from orderflow.flow.ports import Outage, Store

AT_ONCE = 500
"""Orders in one transaction."""


def give_up(store: Store, org_id: UUID, connection_id: UUID) -> int:
    """Fail what waited for a connection's target for longer than the connection wants; returns how many orders.

    At most `AT_ONCE` of them; what somebody works on at this moment is left for the next time.
    """
    with store.work(org_id) as work:
        outage = work.connections.outage(connection_id)
        if outage is None:
            return 0
        late = work.exports.waiting_for_longer(connection_id, outage.give_up_after, AT_ONCE)
        error = _gave_up(outage)
        orders = work.exports.give_up(late, error)
        if orders:
            work.audit.add("DRAFT_PUSH_FAILED", ENGINE, "draft_order", orders, None, {"code": error["code"]})
    return len(orders)


def _gave_up(outage: Outage) -> dict[str, Any]:
    return {
        "code": "GAVE_UP",
        "message": f"The target was away for longer than {outage.give_up_after} s.",
        "hint": "Nothing was sent. Push the order again when the target is back.",
        "details": outage.error,
    }
