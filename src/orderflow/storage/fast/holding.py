"""What one transaction knows without asking again.

Many steps of one kind in a transaction ask the same of each order: its state, whether it was ever exported, where a
push goes. A transaction that names its orders beforehand asks once about all of them; it waits for none that another
one has locked, so that a step of one caller keeps no other's waiting. What its steps change is noted here too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from orderflow.domain.states import OrderStatus
from orderflow.flow.ports import FIRST_VERSION, ActiveConnection, LockedError, RouteSet
from orderflow.storage.fast.statements import Parameters, run, run_together

_HOLD = "SELECT id, status, version FROM draft_order WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE SKIP LOCKED"
# After the lock, and so it sees what whoever held that before has requested.
_ABOUT_PUSHES = f"""
    SELECT ARRAY(SELECT draft_order_id FROM erp_export WHERE draft_order_id = ANY(%(ids)s)) AS exported,
           (SELECT COALESCE(max(version), {FIRST_VERSION}) FROM route_set WHERE org_id = %(org_id)s) AS routes_version
"""  # noqa: S608  # built from a constant


@dataclass(slots=True)
class _Found:
    """What is known of the orders: the state and version of those that are held, and which were never exported."""

    states: dict[UUID, tuple[OrderStatus, int]]
    never_exported: set[UUID]
    routes_version: int | None = None


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
        if order_id not in self._found.states:
            raise LockedError
        return self._found.states[order_id]

    def note_status(self, order_id: UUID, status: OrderStatus) -> None:
        """Note that a person decided on an order: it has a new version."""
        if self.known:
            self._found.states[order_id] = status, self.state(order_id)[1] + 1

    def never_exported(self, order_id: UUID) -> bool:
        """Return whether it is known that the order has no export."""
        return order_id in self._found.never_exported

    def note_export(self, order_id: UUID) -> None:
        """Note that the order has an export now."""
        self._found.never_exported.discard(order_id)

    def routes_version(self) -> int | None:
        """Return the version of the routing rules as the transaction found them; None if it does not know.

        A transaction that holds orders asks for it together with what was exported of them.
        """
        return self._found.routes_version if self._routes_as_found else None

    def forget_routes(self) -> None:
        """Note that the rules are to be asked for again."""
        self.routes, self._routes_as_found = None, False

    def run(self, statement: str, parameters: Parameters) -> list[dict[str, Any]]:
        """Return a statement's rows, as `statements.run` does; what is to be asked about the orders goes with it."""
        if not self._order_ids or "_found" in self.__dict__:
            return run(self._connection, statement, parameters).fetchall()
        rows, *answers = run_together(self._connection, (statement, parameters), *self._questions)
        self._found = self._read(answers)
        return rows

    @cached_property
    def _found(self) -> _Found:
        return self._read(run_together(self._connection, *self._questions)) if self._order_ids else _Found({}, set())

    @property
    def _questions(self) -> list[tuple[str, Parameters]]:
        values = {"ids": list(self._order_ids or ()), "org_id": self._org_id}
        return [(_HOLD, values), (_ABOUT_PUSHES, values)]

    def _read(self, answers: list[list[dict[str, Any]]]) -> _Found:
        held, (about,) = answers
        states = {row["id"]: (OrderStatus(row["status"]), row["version"]) for row in held}
        return _Found(states, set(self._order_ids or ()).difference(about["exported"]), about["routes_version"])
