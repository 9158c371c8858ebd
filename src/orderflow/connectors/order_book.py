"""The parent of connectors to ERPs with an API, where an order that we entered can be found again by our reference.

Such a connector says how its ERP's order book is opened; everything else follows: batches, second looks when in
doubt, answers polled, a test that tells the truth.
"""

from __future__ import annotations

import traceback
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePath
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, cast
from uuid import UUID

import structlog

from orderflow.connectors.base import BaseConnector
from orderflow.domain.answer_details import Details
from orderflow.domain.delivery import Ack, ExportResult, TestResult, Waiting, WaitingExport
from orderflow.domain.document import export_filename
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    LeaseEndingError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.net.deadline import Deadline

log = structlog.get_logger(__name__)

POLLED_AT_ONCE = 500
HELD_AT_ONCE = 50
"""Orders whose lines are read in one request."""

POLLED_WITHIN = 90.0
"""Seconds for one round of answers, however slowly the ERP gives them; the next round asks about the rest."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An order as the ERP has it.

    Attributes:
        number: What its people call it, once it has one.
        finished: Nothing is left to do for us.
        answer: What the ERP's people made of it, once they did.
        facts: For the log.
        key: What the ERP knows it by.
    """

    number: str | None
    finished: bool
    answer: Literal["confirmed", "cancelled"] | None
    facts: dict[str, Any] = field(default_factory=dict)
    key: int = 0


class OrderBook(Protocol):
    """The ERP's orders, for the time of one batch."""

    def find(self, references: Sequence[str]) -> dict[str, Entry]:
        """Return the entry of each reference that has one."""

    def held(self, keys: Sequence[int]) -> dict[int, Details]:
        """Return what the ERP's orders hold line by line, by their keys."""

    def prepare(self, orders: Sequence[DraftOrder], references: Sequence[str]) -> None:
        """Look up at once what the orders name, and which of them are there."""

    def enter(self, order: DraftOrder, reference: str) -> Entry:
        """See to it that the order is there, once and whole; one that is rejected has left nothing behind."""

    def changed(self, order_id: UUID) -> list[Entry]:
        """Return the entries of an order that went by the name of a change of it last."""

    def change(self, order: DraftOrder, reference: str) -> Entry:
        """See to it that what was entered says what the order says now, and goes by the change's name.

        Raises:
            RejectedError: The ERP keeps it as it was.
            ConnectorError: It is not known how far it got; it is safe to repeat.
        """

    def take_back(self, entry: Entry) -> None:
        """Cancel an entry.

        Raises:
            RejectedError: The ERP keeps it; TOO_LATE: some of it was shipped or invoiced.
            ConnectorError: It is not known how far it got; it is safe to repeat.
        """

    def explain(self, error: RejectedError) -> ConnectorError:
        """Return what really stands behind a refusal; a missing permission may look like a broken rule."""

    def try_out(self) -> dict[str, Any]:
        """Check all that a delivery needs; returns what is safe to show."""


class Api(Protocol):
    """A way into the ERP that keeps its connections."""

    def call(self, model: str, method: str, /, *arguments: Any, **named: Any) -> Any:
        """Call a method of a model."""

    def close(self) -> None:
        """Close its connections."""


A = TypeVar("A", bound=Api)


class OrderBookConnector(BaseConnector, Generic[A]):
    """Enters orders into an ERP's order book, and reports back what its people make of them."""

    capabilities: ClassVar[frozenset[str]] = frozenset({"acks", "find"})
    reads: ClassVar[frozenset[str]]
    """The methods that change nothing in the ERP."""

    @abstractmethod
    def open_session(self, settings: Any) -> A:
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
        left = dict.fromkeys(order.id for order in draft_orders)
        try:
            with self._book(config) as (book, noting):
                _prepare(book, draft_orders)
                for order in draft_orders:
                    outcome = _outcome(book, noting, order)
                    del left[order.id]
                    yield order.id, outcome
        except ConnectorError as error:  # of opening, preparing or explaining: it is not about what has its outcome
            yield from ((order_id, error) for order_id in left)

    def commits_within(self, config: dict[str, Any]) -> float:
        """Return 60 seconds: longer than these ERPs let a request take."""
        return 60.0

    def find(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult | None:
        """Return this delivery's entry; None if it is not there, not as far as it should be, or cancelled.

        Raises:
            ConnectorError: The ERP gives no clear answer; never that the order is refused, which was not asked.
        """
        reference = _reference(draft_order)
        try:
            with self._book(config) as (book, _):
                entry = book.find([reference]).get(reference)
        except (RejectedError, NeedsAttentionError) as error:
            if isinstance(error, NeedsAttentionError) and error.code != "DATABASE_UNKNOWN":
                raise
            raise TransientError(f"Is the order there? {error.message}", code="FIND_FAILED") from None
        stands = entry is not None and entry.finished and entry.answer != "cancelled"
        return _result(draft_order, entry) if entry and stands else None

    def kinds(self, config: dict[str, Any]) -> frozenset[Kind]:
        """Return all kinds: what was entered is looked up, so that it can be changed and cancelled."""
        return frozenset(Kind)

    def takes_back(self, config: dict[str, Any]) -> bool:
        """Return True."""
        return True

    def take_back(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Cancel what was entered.

        Raises:
            RejectedError: The ERP keeps it; TOO_LATE: some of it was shipped or invoiced.
            InDoubtError: It is not there, so that nobody knows what became of it.
            ConnectorError: Any other; it is safe to repeat.
        """
        with self._book(config) as (book, noting):
            if not draft_order.delivery.may_start():
                raise LeaseEndingError("There was too little time left to begin with this recall.")
            try:
                entry = entry_of(book, draft_order, noting.erp)
                if entry is None:
                    raise _nothing_to_take_back(noting.erp)
                was_there = entry.answer != "cancelled"
                if was_there:
                    book.take_back(entry)
            except RejectedError as error:
                raise _kept(book.explain(error), noting.erp) from None
            except (UnavailableError, TransientError) as error:
                raise (_in_doubt(error) if noting.changed else error) from None
        facts = entry.facts | {"state": "cancelled"}
        return ExportResult(True, draft_order.delivery.export_id, connector_metadata=facts, inferred=not was_there)

    def test_connection(self, config: dict[str, Any]) -> TestResult:
        """Return whether the ERP is there, lets us in, and lets us enter orders."""
        with self.measure_latency("test") as timer:
            try:
                with self._book(config) as (book, _):
                    details, error = book.try_out(), None
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
        exports, deadline = iter(Waiting.of(waiting)), Deadline(POLLED_WITHIN)
        with self._book(config) as (book, _):
            while not deadline.passed and (chunk := _by_reference(islice(exports, POLLED_AT_ONCE))):
                found = {name: entry for name, entry in book.find(list(chunk)).items() if name in chunk}
                held = _held(book, found.values())
                for reference, entry in found.items():
                    if entry.answer:
                        yield _ack(chunk[reference], entry, held.get(entry.key))

    @contextmanager
    def _book(self, config: dict[str, Any]) -> Iterator[tuple[OrderBook, Noting]]:
        """Give the order book, and what notes whether anything was changed in it."""
        settings = self.parse(config)
        with self.session(config) as api:
            noting = Noting(api, self.reads, self.display_name)
            with understood(noting):
                yield self.open_book(cast("A", noting), settings), noting


class Noting:
    """A way into the ERP that notes when a call begins which changes something there."""

    def __init__(self, api: Api, reads: frozenset[str], erp: str) -> None:
        self._api, self._reads, self.erp = api, reads, erp
        self.changed = False

    def call(self, model: str, method: str, *arguments: Any, **named: Any) -> Any:
        """Call a method of a model."""
        before = self.changed
        self.changed = before or method not in self._reads
        try:
            return self._api.call(model, method, *arguments, **named)
        except InDoubtError:
            raise
        except ConnectorError:  # it said that it did nothing, or was never asked
            self.changed = before
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)


@contextmanager
def understood(noting: Noting) -> Iterator[None]:
    """Sort an answer of a shape that nobody expects, wherever it comes to light: JSON may have any.

    Raises:
        InDoubtError: Something was changed before.
        NeedsAttentionError: Nothing was; something else than the ERP may answer.
    """
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        log.warning("answer not understood", erp=noting.erp, error=type(error).__name__, at=_place(error))
        raise odd_answer(noting.erp, changed=noting.changed) from None


def odd_answer(erp: str, *, changed: bool = False) -> ConnectorError:
    """Return the error for an answer that the ERP would not give; `changed` if something was begun before."""
    if changed:
        return InDoubtError(
            f"{erp} gave an answer of a shape that is not {erp}'s, after the order was begun.", code="ANSWER_UNREADABLE"
        )
    return NeedsAttentionError(
        f"Something else than {erp} answers at this address, or not as {erp} does: the database may be another, or a "
        "proxy answers in its place.",
        code="DATABASE_UNKNOWN",
        hint="Correct the address or the database's name, then test the connection.",
    )


def rows_of(found: Any, fields: Iterable[str], erp: str) -> list[dict[str, Any]]:
    """Return records as they were asked for.

    Raises:
        NeedsAttentionError: They are none: each must be an object that has an id and the fields.
    """
    wanted = {"id", *fields}
    if isinstance(found, list) and all(isinstance(row, dict) and wanted <= row.keys() for row in found):
        return found
    raise odd_answer(erp)


def _place(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{PurePath(frame.filename).name}:{frame.lineno}"


def _by_reference(exports: Iterable[WaitingExport]) -> dict[str, WaitingExport]:
    return {export.reference: export for export in exports}


def _prepare(book: OrderBook, orders: Sequence[DraftOrder]) -> None:
    try:
        book.prepare(orders, [_reference(order) for order in orders])
    except RejectedError as error:
        raise book.explain(error) from None


def _outcome(book: OrderBook, noting: Noting, order: DraftOrder) -> ExportResult | ConnectorError:
    if not order.delivery.may_start():
        return LeaseEndingError("There was too little time left to begin with this order.")
    noting.changed = False
    try:
        with understood(noting):
            entry = _entered(book, order)
        return _cancelled(entry) if entry.answer == "cancelled" else _result(order, entry)
    except RejectedError as error:
        return book.explain(error)
    except (UnavailableError, TransientError) as error:
        return _in_doubt(error) if noting.changed else error
    except ConnectorError as error:
        return error


def _entered(book: OrderBook, order: DraftOrder) -> Entry:
    act = book.enter if order.delivery.kind is Kind.ORDER else book.change
    return act(order, _reference(order))


def entry_of(book: OrderBook, order: DraftOrder, erp: str) -> Entry | None:
    """Return what a change or a recall is about: what was entered, by the name that it goes by now; None: nothing.

    Raises:
        RejectedError: Several stand, and nobody can tell which one it is.
    """
    sent = order.delivery.sent
    named = book.find([sent.reference]) if sent else {}
    entries = list(named.values()) or book.changed(order.id)
    standing = [entry for entry in entries if entry.answer != "cancelled"]
    if len(standing) > 1:
        raise RejectedError(
            f"{erp} has {len(standing)} orders that this one may be.",
            hint="Look which one it is, and cancel the others.",
        )
    return next(iter(standing or entries), None)


def _nothing_to_take_back(erp: str) -> InDoubtError:
    return InDoubtError(
        f"{erp} does not have the order that is to be taken back.",
        hint=f"Look in {erp} what became of it, then confirm the recall, or end it.",
    )


def _kept(error: ConnectorError, erp: str) -> ConnectorError:
    """Return a refusal as that of a recall: there is nothing to correct in the order."""
    if not isinstance(error, RejectedError):
        return error
    hint = f"Ask {erp}'s people. Once the order is cancelled there, confirm the recall by hand."
    return RejectedError(error.message, code=error.code, hint=hint)


def _in_doubt(error: ConnectorError) -> InDoubtError:
    """Return what a question that failed means for an order which was begun before it."""
    told = error.message.rstrip(".")
    return InDoubtError(f"{told}, after the order was begun.", code=error.code, rests_for=error.rests_for)


def _result(order: DraftOrder, entry: Entry) -> ExportResult:
    number = {"erp_order_id": entry.number} if entry.number else {}
    return ExportResult(True, order.delivery.export_id, connector_metadata=entry.facts | number)


def _held(book: OrderBook, entries: Iterable[Entry]) -> dict[int, Details]:
    """Return what the ERP's people confirmed, some orders at a time: each may have thousands of lines."""
    keys = [entry.key for entry in entries if entry.answer == "confirmed"]
    chunks = (keys[start : start + HELD_AT_ONCE] for start in range(0, len(keys), HELD_AT_ONCE))
    return {key: details for chunk in chunks for key, details in book.held(chunk).items()}


def _ack(export: WaitingExport, entry: Entry, held: Details | None) -> Ack:
    if entry.answer == "confirmed":
        return Ack(export.reference, "ACKED", export.export_id, erp_order_id=entry.number, details=held)
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
    kind = order.delivery.kind
    what = "sales_order" if kind is Kind.ORDER else str(kind)
    return order.delivery.reference or export_filename(order.id, order.delivery, what=what)
