"""A connector that makes each order by a request of its own, some at a time, and asks for what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

from orderflow.channels.http.at_once import AtOnce, each_at_once
from orderflow.connectors.base import BaseConnector
from orderflow.connectors.sessions import Sessions
from orderflow.domain.delivery import ExportResult, TestResult
from orderflow.domain.errors import ConnectorError, InDoubtError, RejectedError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind

Found = TypeVar("Found")
_ROOMS = Sessions()
"""For the requests of each configuration: a worker takes several of its batches at a time."""


class OneByOneConnector(BaseConnector):
    """`export`, `find` and `try_out` remain to be written; its settings have `max_in_flight`.

    One that can change orders asks its settings whether it may: `takes_changes`.
    """

    def export_many(
        self, draft_orders: Sequence[DraftOrder], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Make orders, `max_in_flight` at a time of all batches; once the ERP is found down, the rest are not tried."""
        try:
            most = self.parse(config).max_in_flight
        except ConnectorError as error:
            yield from ((order.id, error) for order in draft_orders)
            return
        items = [(order.id, order) for order in draft_orders]
        with _ROOMS.use(self, config, lambda: AtOnce(most)) as room:
            yield from each_at_once(items, lambda order: self.export(order, config), room)

    def kinds(self, config: dict[str, Any]) -> frozenset[Kind]:
        """Return orders, recalls where it takes orders back, and changes where the configuration allows them."""
        return super().kinds(config) | ({Kind.CHANGE} if config.get("takes_changes") else set())

    def test_connection(self, config: dict[str, Any]) -> TestResult:
        """Reach the ERP, be let in, and see whether orders may be made and asked for; `details` say what was proven."""
        details: dict[str, Any] = {}
        error: ConnectorError | None = None
        with self.measure_latency("test") as timer:
            try:
                with self.session(config) as session:
                    details = self.try_out(session)
            except ConnectorError as problem:
                error = problem
        if error is not None:
            return self.failed_test(error, timer.latency_ms)
        return self.build_test_result(True, None, timer.latency_ms, details)

    def try_out(self, session: Any) -> dict[str, Any]:
        """Return what can be proven about deliveries over this session. Raises ConnectorError: what is missing."""
        raise TypeError(f"{type(self).__name__} has no try_out")


def made(order: DraftOrder, number: str, *, inferred: bool = False, **facts: Any) -> ExportResult:
    """Return that an ERP has the order, under this number of its own."""
    metadata = {"erp_order_id": number, **facts}
    return ExportResult(True, order.delivery.export_id, connector_metadata=metadata, inferred=inferred)


def sent_as(order: DraftOrder) -> UUID:
    """Return the key of the delivery that a recall or a change is about."""
    sent = order.delivery.sent
    return sent.export_id if sent else order.delivery.export_id


def the_sent(found: Sequence[Found], erp: str) -> Found:
    """Return the order that was sent, of those that the ERP found. Raises InDoubtError: there is none, or several."""
    if len(found) == 1:
        return found[0]
    none, some = f"{erp} has no order that this one may be.", f"{erp} has {len(found)} orders that this one may be."
    hint = "Look there what became of it; then say here how the recall or the change ended."
    raise InDoubtError(some if found else none, hint=hint)


def refuse_strangers(order: DraftOrder, numbers: Sequence[str], erp: str) -> None:
    """Refuse an order that the ERP has by its number already, unless an attempt of this delivery may have made it.

    For ERPs that know an order by the customer's number alone, under which another one may have come another way.

    Args:
        numbers: What the ERP has of this number and customer, by its own numbers.

    Raises:
        RejectedError: There is one, and this delivery never sent any.
    """
    if numbers and order.delivery.last_begun_at is None:
        raise RejectedError(
            f"{erp} has the order {numbers[0]} of this customer with the number {order.external_order_number} already.",
            code="ALREADY_THERE",
            hint="Look whether it is the same order. If it is another one, give this one a number of its own and push "
            "it.",
        )
