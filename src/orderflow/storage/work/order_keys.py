"""What orders are known by, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from orderflow.domain.order_keys import Cancellation, KeyHolder, OrderKey, key_of
from orderflow.domain.orders import DraftOrder
from orderflow.storage.fast.holding import Holding
from orderflow.storage.fast.statements import later, run

# Every transaction takes its keys in the same order, so that two never wait for each other.
_TAKE = """
    INSERT INTO order_key (org_id, key_sha256, order_id, content_sha256)
    SELECT %(org_id)s, k.* FROM unnest(%(keys)s::bytea[], %(ids)s::uuid[], %(contents)s::bytea[]) AS k ORDER BY 2
    ON CONFLICT (org_id, key_sha256) DO NOTHING
    RETURNING key_sha256, order_id, content_sha256, cancelled_by, cancel_reason
"""
_HELD = """
    SELECT key_sha256, order_id, content_sha256, cancelled_by, cancel_reason FROM order_key
    WHERE org_id = %(org_id)s AND key_sha256 = ANY(%(keys)s::bytea[])
"""
_CANCEL = """
    INSERT INTO order_key (org_id, key_sha256, order_id, content_sha256, cancelled_by, cancel_reason)
    VALUES (%(org_id)s, %(key)s, %(id)s, %(content)s, %(by)s, %(reason)s)
    ON CONFLICT (org_id, key_sha256) DO NOTHING RETURNING order_id
"""
_INHERIT = """
    UPDATE order_key
    SET order_id = %(id)s, content_sha256 = %(content)s, cancelled_by = NULL, cancel_reason = NULL
    WHERE order_id = %(cancellation)s
"""
_FREE = "DELETE FROM order_key WHERE order_id = %(id)s"
_NOTE = "UPDATE order_key SET content_sha256 = %(content)s WHERE order_id = %(id)s"


class SqlOrderKeys:
    """The keys of the orders of one organization, in one transaction.

    Args:
        arriving: Orders that the transaction is going to store: all their keys are taken at once.
    """

    def __init__(
        self, connection: Connection, org_id: UUID, holding: Holding, arriving: Collection[DraftOrder] = ()
    ) -> None:
        self._connection = connection
        self._org_id = org_id
        self._holding = holding
        self._arriving = arriving
        self._known: dict[UUID, KeyHolder | None] = {}

    def take(self, orders: Sequence[DraftOrder]) -> dict[UUID, KeyHolder]:
        """Take the orders' keys; returns who has the key of each order that could not get it, by the order's id."""
        new = {order.id: order for order in (*self._arriving, *orders) if order.id not in self._known}
        keys = {order_id: key for order_id, order in new.items() if (key := key_of(order))}
        holders = self._take(keys)
        self._known |= {order_id: holders[keys[order_id].key_sha256] if order_id in keys else None for order_id in new}
        found = ((order.id, self._known[order.id]) for order in orders)
        return {order_id: holder for order_id, holder in found if holder and holder.order_id != order_id}

    def free(self, order_id: UUID) -> None:
        """Let another order have the key of this one."""
        self._known.pop(order_id, None)
        later(self._connection, _FREE, {"id": order_id})

    def cancel(self, order: DraftOrder, cancellation_id: UUID, cancellation: Cancellation) -> KeyHolder | None:
        """Keep the key of an order that has not come for its cancellation; returns who has it, if somebody does."""
        key = key_of(order)
        if key is None:
            return None
        values = {"org_id": self._org_id, "key": key.key_sha256, "id": cancellation_id, "content": key.content_sha256}
        written = values | {"by": cancellation.by, "reason": cancellation.reason}
        while not run(self._connection, _CANCEL, written).fetchone():  # again where it was freed just now
            if held := self._holders(_HELD, values | {"keys": [key.key_sha256]}):
                return held[key.key_sha256]
        return None

    def inherit(self, cancellation_id: UUID, order: DraftOrder) -> None:
        """Let an order that came have the key that was kept for its cancellation."""
        if key := key_of(order):
            now = KeyHolder(order.id, key.content_sha256)
            waited = [one for one, held in self._known.items() if held and held.order_id == cancellation_id]
            self._known |= dict.fromkeys(waited, now)
            values = {"id": order.id, "content": key.content_sha256, "cancellation": cancellation_id}
            later(self._connection, _INHERIT, values)

    def note_content(self, order: DraftOrder) -> None:
        """Note that an order which has a key came in anew, saying what it says now."""
        if key := key_of(order):
            later(self._connection, _NOTE, {"id": order.id, "content": key.content_sha256})

    def _take(self, keys: Mapping[UUID, OrderKey]) -> dict[bytes, KeyHolder]:
        """Return who has each key, now that it was taken where it was free."""
        first: dict[bytes, tuple[UUID, OrderKey]] = {}
        for order_id, key in keys.items():
            first.setdefault(key.key_sha256, (order_id, key))
        holders: dict[bytes, KeyHolder] = {}
        while missing := [
            one for key, one in first.items() if key not in holders
        ]:  # again where one was freed just now
            values = {"org_id": self._org_id, "keys": [key.key_sha256 for _, key in missing]}
            contents = [key.content_sha256 for _, key in missing]
            holders |= self._holders(
                _TAKE, values | {"ids": [order_id for order_id, _ in missing], "contents": contents}
            )
            if len(holders) < len(first):
                holders |= self._holders(_HELD, values)
        return holders

    def _holders(self, query: str, values: Mapping[str, object]) -> dict[bytes, KeyHolder]:
        rows = self._holding.run(query, values)
        return {row["key_sha256"]: _holder(row) for row in rows}


def _holder(row: Mapping[str, Any]) -> KeyHolder:
    by = row["cancelled_by"]
    return KeyHolder(row["order_id"], row["content_sha256"], Cancellation(by, row["cancel_reason"]) if by else None)
