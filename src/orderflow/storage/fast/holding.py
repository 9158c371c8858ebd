"""What one transaction knows without asking again.

Many steps of one kind in a transaction ask the same of each order: its state, whether it was ever exported, where a
push goes. A transaction that names its orders beforehand asks once about all of them; it waits for none that another
one has locked, so that a step of one caller keeps no other's waiting. What its steps change is noted here too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from uuid import UUID

from sqlalchemy import Connection

from orderflow.domain.states import OrderStatus
from orderflow.flow.ports import FIRST_VERSION, ActiveConnection, LockedError, RouteSet
from orderflow.storage.fast.statements import run_together

_HOLD = "SELECT id, status, version FROM draft_order WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE SKIP LOCKED"
# After the lock, and so it sees what whoever held that before has requested.
_ABOUT_PUSHES = f"""
    SELECT ARRAY(SELECT draft_order_id FROM erp_export WHERE draft_order_id = ANY(%(ids)s)) AS exported,
           (SELECT COALESCE(max(version), {FIRST_VERSION}) FROM route_set WHERE org_id = %(org_id)s) AS routes_version
"""  # noqa: S608  # built from a constant


class Holding:
    """The orders that a transaction holds, and where it pushes.

    Args:
        org_id: The organization that it is of.
        order_ids: The orders that it is about; None if that is not known: then it holds none.

    Attributes:
        routes: The routing rules, once they were asked for.
        active: The connections that a push may go to, by the one that was named, or None, and the type.
    """

    def __init__(self, connection: Connection, org_id: UUID, order_ids: Collection[UUID] | None = None) -> None:
        self._connection = connection
        self._org_id = org_id
        self._order_ids = order_ids
        self._routes_as_found = True
        self.routes: RouteSet | None = None
        self.active: dict[tuple[UUID | None, str | None], Sequence[ActiveConnection]] = {}

    @property
    def known(self) -> bool:
        """Whether the transaction named its orders, and locks no other."""
        return self._order_ids is not None

    def state(self, order_id: UUID) -> tuple[OrderStatus, int]:
        """Return the state and the version of an order that is held. Raises LockedError if it is not."""
        if order_id not in self._states:
            raise LockedError
        return self._states[order_id]

    def note_status(self, order_id: UUID, status: OrderStatus) -> None:
        """Note that a person decided on an order: it has a new version."""
        if self.known:
            self._states[order_id] = status, self.state(order_id)[1] + 1

    def never_exported(self, order_id: UUID) -> bool:
        """Return whether it is known that the order has no export."""
        return order_id in self._pushes[0]

    def note_export(self, order_id: UUID) -> None:
        """Note that the order has an export now."""
        self._pushes[0].discard(order_id)

    def routes_version(self) -> int | None:
        """Return the version of the routing rules as the transaction found them; None if it does not know.

        A transaction that holds orders asks for it together with what was exported of them.
        """
        return self._pushes[1] if self._routes_as_found else None

    def forget_routes(self) -> None:
        """Note that the rules are to be asked for again."""
        self.routes, self._routes_as_found = None, False

    @property
    def _states(self) -> dict[UUID, tuple[OrderStatus, int]]:
        return self._found[0]

    @property
    def _pushes(self) -> tuple[set[UUID], int | None]:
        """The orders that were never exported, and the version of the rules: each push asks for both."""
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[dict[UUID, tuple[OrderStatus, int]], tuple[set[UUID], int | None]]:
        if not self._order_ids:
            return {}, (set(), None)
        values = {"ids": list(self._order_ids), "org_id": self._org_id}
        held, (about,) = run_together(self._connection, (_HOLD, values), (_ABOUT_PUSHES, values))
        states = {row["id"]: (OrderStatus(row["status"]), row["version"]) for row in held}
        return states, (set(self._order_ids).difference(about["exported"]), about["routes_version"])
