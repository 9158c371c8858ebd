"""Orders: where each goes, the keys by which it comes in once, and the holds on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from orderflow.domain.order_keys import Cancellation, KeyHolder
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import OrderStatus
from orderflow.flow.ports.actors import Actor


@dataclass(frozen=True, slots=True)
class Route:
    """Where the rules send an order.

    Attributes:
        version: Of the rules.
        decision: The rule, and the facts that it looked at; for people.
        fallback_id: Where it goes while that connection delivers nothing.
    """

    connection_id: UUID
    version: int
    decision: dict[str, Any]
    fallback_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PushRequest:
    """Somebody asked for the push of an order that waits for a route."""

    order_id: UUID
    actor: Actor
    idempotency_key: str | None = None
    not_before: datetime | None = None
    digest: int | None = None
    """As of `Export`."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A person does not want an order delivered yet, and why; `placed_at` is None until it is stored."""

    id: UUID
    draft_order_id: UUID
    reason: str
    placed_by: str
    placed_at: datetime | None = None


class LockedError(Exception):
    """An order is not among those that its transaction holds, and nothing was changed.

    Only where a transaction named its orders beforehand, so as not to wait for one that another has locked. The step
    is to be taken once more, in a transaction that waits.
    """


class Orders(Protocol):
    """The orders of one organization."""

    def add_many(self, orders: Sequence[DraftOrder]) -> None:
        """Insert orders with their lines."""

    def get(self, order_id: UUID) -> DraftOrder:
        """Return the order with its lines, locked until the transaction ends. Raises NotFoundError."""

    def as_approved(self, order_id: UUID) -> DraftOrder:
        """Return the order as its deliveries are made from it: as it was approved, or as it is if it is not; locked.

        Raises:
            NotFoundError: There is no such order.
            RevisionChangedError: What is stored is not what was approved.
        """

    def as_sent(self, order_id: UUID, revision: int | None) -> DraftOrder | None:
        """Return the order as that revision of it has it, None: the last; None if that cannot be read any more.

        Raises:
            NotFoundError: There is no such order.
        """

    def revision_of(self, order_id: UUID) -> int | None:
        """Return the number of the revision that the order as it stands was approved as; None: it was not."""

    def accept_differences(self, order_id: UUID, by: str) -> bool:
        """Note who accepts what the ERP confirmed otherwise; False if there is nothing to accept."""

    def keep_revision(self, order_id: UUID, approved_at: datetime, approved_by: str) -> None:
        """Keep the order, which is locked, as it is now as its next revision."""

    def lock_status(self, order_id: UUID) -> OrderStatus:
        """Lock the order and return its state.

        Raises:
            NotFoundError: There is no such order.
            LockedError: The transaction holds orders, and this is none of them.
        """

    def set_status(self, order_id: UUID, status: OrderStatus, **columns: Any) -> None:
        """Change the state, and any further columns with it."""

    def get_many(self, order_ids: Sequence[UUID]) -> dict[UUID, DraftOrder]:
        """Return those of the orders that exist, with their lines, by id; none is locked."""

    def replace(self, order: DraftOrder) -> None:
        """Overwrite the order's content and lines."""

    def prioritize(self, order_id: UUID, minutes: int) -> int:
        """Change the head start of an order, which is locked, and of its waiting export; returns what it was."""


class OrderKeys(Protocol):
    """By what the orders of one organization are known when they come again (`domain.order_keys`)."""

    def take(self, orders: Sequence[DraftOrder]) -> dict[UUID, KeyHolder]:
        """Take the orders' keys; returns who has the key of each order that could not get it, by the order's id.

        Of several with one key the first gets it. Waits for a transaction that is about to take one of them.
        """

    def free(self, order_id: UUID) -> None:
        """Let another order have the key of this one."""

    def cancel(self, order: DraftOrder, cancellation_id: UUID, cancellation: Cancellation) -> KeyHolder | None:
        """Keep the key of an order that has not come for its cancellation; returns who has it, if somebody does."""

    def inherit(self, cancellation_id: UUID, order: DraftOrder) -> None:
        """Let an order that came have the key that was kept for its cancellation."""

    def note_content(self, order: DraftOrder) -> None:
        """Note that an order which has a key came in anew, saying what it says now."""


class Holds(Protocol):
    """The holds on the orders of one organization; who writes any has the order locked."""

    def of(self, order_id: UUID) -> list[Hold]:
        """Return the holds on an order, the oldest first."""

    def place(self, hold: Hold) -> None:
        """Store a hold. From now on a claim passes the order's export by, unless something of it may have been sent."""

    def release(self, order_id: UUID, hold_ids: Sequence[UUID]) -> bool:
        """Delete holds; with the last one gone the order's export is claimed again, in the place that it had.

        False, and nothing is changed, if somebody else has the export locked at this moment.
        """
