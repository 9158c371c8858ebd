"""The parent of connectors to ERPs with an API, where an order that we entered can be found again by our reference.

Such a connector says how its ERP's order book is opened; everything else follows: batches, second looks when in
doubt, answers polled, a test that tells the truth.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar
from uuid import UUID

from orderflow.connectors.base import BaseConnector
from orderflow.domain.delivery import Ack, ExportResult, TestResult, Waiting, WaitingExport
from orderflow.domain.document import export_filename
from orderflow.domain.errors import ConnectorError, LeaseEndingError, RejectedError
from orderflow.domain.orders import DraftOrder

POLLED_AT_ONCE = 500
MOST_APIS = 64
"""Configurations whose connections are kept; an installation has a handful."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An order as the ERP has it.

    Attributes:
        number: What its people call it, once it has one.
        finished: Nothing is left to do for us.
        answer: What the ERP's people made of it, once they did.
        facts: For the log.
    """

    number: str | None
    finished: bool
    answer: Literal["confirmed", "cancelled"] | None
    facts: dict[str, Any] = field(default_factory=dict)


class OrderBook(Protocol):
    """The ERP's orders, for the time of one batch."""

    def find(self, references: Sequence[str]) -> dict[str, Entry]:
        """Return the entry of each reference that has one."""

    def prepare(self, orders: Sequence[DraftOrder], references: Sequence[str]) -> None:
        """Look up at once what the orders name, and which of them are there."""

    def enter(self, order: DraftOrder, reference: str) -> Entry:
        """See to it that the order is there, once and whole; one that is rejected has left nothing behind."""

    def explain(self, error: RejectedError) -> ConnectorError:
        """Return what really stands behind a refusal; a missing permission may look like a broken rule."""

    def try_out(self) -> dict[str, Any]:
        """Check all that a delivery needs; returns what is safe to show."""


class Api(Protocol):
    """A way into the ERP that keeps its connections."""

    def close(self) -> None:
        """Close them."""


A = TypeVar("A", bound=Api)


class OrderBookConnector(BaseConnector, Generic[A]):
    """Enters orders into an ERP's order book, and reports back what its people make of them."""

    capabilities: ClassVar[frozenset[str]] = frozenset({"acks", "find"})

    def __init__(self) -> None:
        self._apis: dict[Hashable, A] = {}
        self._lock = threading.Lock()

    @abstractmethod
    def open_api(self, settings: Any) -> A:
        """Return the way into the ERP; nothing is sent yet."""

    @abstractmethod
    def open_book(self, api: A, settings: Any) -> OrderBook:
        """Return the order book."""

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Enter one order.

        Raises:
            ConnectorError: Sorted by what follows; an order that the ERP rejects has left nothing behind.
        """
        for _, outcome in self.export_many([draft_order], config):
            if isinstance(outcome, ExportResult):
                return outcome
            raise outcome
        raise TypeError("export_many gave no outcome")

    def export_many(
        self, draft_orders: Sequence[DraftOrder], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Enter a batch: what the orders name is looked up together, then each is entered on its own."""
        try:
            book = self._book(config)
            _prepare(book, draft_orders)
        except ConnectorError as error:
            yield from ((order.id, error) for order in draft_orders)
            return
        for order in draft_orders:
            yield order.id, _outcome(book, order)

    def commits_within(self, config: dict[str, Any]) -> float:
        """Return 60 seconds: longer than these ERPs let a request take."""
        return 60.0

    def find(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult | None:
        """Return this delivery's entry; None if it is not there, not as far as it should be, or cancelled.

        Raises:
            ConnectorError: The ERP does not answer.
        """
        reference = _reference(draft_order)
        entry = self._book(config).find([reference]).get(reference)
        stands = entry is not None and entry.finished and entry.answer != "cancelled"
        return _result(draft_order, entry) if entry and stands else None

    def test_connection(self, config: dict[str, Any]) -> TestResult:
        """Tell whether the ERP is there, lets us in, and lets us enter orders."""
        with self.measure_latency("test") as timer:
            try:
                details, error = self._book(config).try_out(), None
            except ConnectorError as problem:
                details, error = {}, problem
        if error is not None:
            return self.failed_test(error, timer.latency_ms)
        return self.build_test_result(True, None, timer.latency_ms, details)

    def expects_acks(self, config: dict[str, Any]) -> bool:
        """Entries are watched until the ERP has confirmed or cancelled them, unless we confirm them ourselves."""
        return bool(self.parse(config).on_arrival != "confirm")

    def poll_acks(self, config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
        """Report the entries that are confirmed or cancelled by now.

        Raises:
            ConnectorError: The ERP does not answer.
        """
        book = self._book(config)
        exports = iter(Waiting.of(waiting))
        while chunk := {export.reference: export for export in islice(exports, POLLED_AT_ONCE)}:
            for reference, entry in book.find(list(chunk)).items():
                if entry.answer:
                    yield _ack(chunk[reference], entry)

    def close(self) -> None:
        """Close all connections to all servers."""
        with self._lock:
            for api in self._apis.values():
                api.close()
            self._apis.clear()

    def _book(self, config: dict[str, Any]) -> OrderBook:
        settings = self.parse(config)
        with self._lock:
            api = self._apis.get(settings.way_in)
            if api is None:
                if len(self._apis) >= MOST_APIS:
                    self._apis.pop(next(iter(self._apis)))
                api = self._apis[settings.way_in] = self.open_api(settings)
        return self.open_book(api, settings)


def _prepare(book: OrderBook, orders: Sequence[DraftOrder]) -> None:
    try:
        book.prepare(orders, [_reference(order) for order in orders])
    except RejectedError as error:
        raise book.explain(error) from None


def _outcome(book: OrderBook, order: DraftOrder) -> ExportResult | ConnectorError:
    if not order.delivery.may_start():
        return LeaseEndingError("There was too little time left to begin with this order.")
    try:
        entry = book.enter(order, _reference(order))
        return _cancelled(entry) if entry.answer == "cancelled" else _result(order, entry)
    except RejectedError as error:
        return book.explain(error)
    except ConnectorError as error:
        return error


def _result(order: DraftOrder, entry: Entry) -> ExportResult:
    number = {"erp_order_id": entry.number} if entry.number else {}
    return ExportResult(True, order.delivery.export_id, connector_metadata=entry.facts | number)


def _ack(export: WaitingExport, entry: Entry) -> Ack:
    if entry.answer == "confirmed":
        return Ack(export.reference, "ACKED", export.export_id, erp_order_id=entry.number)
    return Ack(
        export.reference,
        "FAILED",
        export.export_id,
        erp_order_id=entry.number,
        error_code="CANCELLED_IN_ERP",
        message=_cancelled(entry).message,
    )


def _cancelled(entry: Entry) -> RejectedError:
    """Return what the ERP's people said by cancelling, be it only between a crash and the next attempt."""
    name = f"The order {entry.number}" if entry.number else "The order"
    return RejectedError(f"{name} was cancelled in the ERP.", code="CANCELLED_IN_ERP")


def _reference(order: DraftOrder) -> str:
    """Return the name by which the ERP knows this delivery."""
    return order.delivery.reference or export_filename(order.id, order.delivery)
