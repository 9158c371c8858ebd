"""How a file of orders comes in: read, stored in batches, and what was wrong kept with its line's number."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from rich.text import Text

from orderflow.domain.errors import InputError, OrderFlowError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import OrderStatus
from orderflow.entrypoints.cli.outcomes import MOST_SHOWN, gather, tell
from orderflow.entrypoints.cli.output import err, out, plural, progress
from orderflow.entrypoints.cli.workplace import Workplace, caller
from orderflow.flow.order.accept import accept_orders
from orderflow.flow.order.bulk import AT_ONCE
from orderflow.flow.order.many import act_on_many
from orderflow.flow.order.reading_files import ReadOrder, lines_of, read_orders

DUPLICATE = "DUPLICATE_ORDER"
NumberedOrder = tuple[int, DraftOrder]  # with the number of its line


@dataclass
class ImportReport:
    """What came of a file."""

    order_ids: list[UUID] = field(default_factory=list)
    ready: list[UUID] = field(default_factory=list)
    approved: int = 0
    pushed: int = 0
    bad_lines: list[tuple[int, InputError]] = field(default_factory=list)
    refused: list[tuple[object, OrderFlowError]] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """How many lines or orders did not go the way they should."""
        return len(self.bad_lines) + len(self.refused)

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts; the keys are stable."""
        return {
            "accepted": len(self.order_ids),
            "ready": len(self.ready),
            "needs_review": len(self.order_ids) - len(self.ready),
            "approved": self.approved,
            "pushed": self.pushed,
            "order_ids": self.order_ids,
            "errors": [{"line": line, **error.as_json()} for line, error in self.bad_lines]
            + [{"order_id": order_id, **error.as_json()} for order_id, error in self.refused],
        }

    def tell(self) -> None:
        """Say it to a person."""
        review = len(self.order_ids) - len(self.ready)
        extra = f", {review} of them NEEDS_REVIEW (see: orderflow orders list --status NEEDS_REVIEW)" if review else ""
        out().print(f"{plural(len(self.order_ids), 'order')} accepted{extra}.")
        if self.approved:
            out().print(f"{plural(self.approved, 'order')} approved{f', {self.pushed} pushed' if self.pushed else ''}.")
        for line, error in self.bad_lines[:MOST_SHOWN]:
            err().print(Text.assemble((f"line {line}: ", "red"), error.message))
        if len(self.bad_lines) > MOST_SHOWN:
            err().print(f"… and {len(self.bad_lines) - MOST_SHOWN} more bad lines; --json lists them all.")
        if any(error.code == DUPLICATE for _, error in self.bad_lines):
            err().print(
                "What is here already was not brought in again; if it is meant so, import it with --duplicates."
            )
        tell(self.refused)


def import_orders(
    place: Workplace, file: str, *, approve: bool, push: bool, quiet: bool, duplicates: bool = False
) -> ImportReport:
    """Store the orders of `file` (`-`: stdin), and approve and push them if wanted.

    Args:
        duplicates: Take orders, too, whose customer has an order of the same number already. Without, an import that
            was interrupted can be repeated.

    Raises:
        InputError: It holds no order at all, not even a bad one.
    """
    report = ImportReport()
    with _open(file) as stream, progress("Importing", None, hidden=quiet) as bar:
        size = 0 if file == "-" else Path(file).stat().st_size
        task = bar.task_ids[0]
        for batch in _batches(read_orders(lines_of(stream)), report):
            _store(place, [order for _, order in batch] if duplicates else _new_ones(place, batch, report), report)
            done = len(report.order_ids)
            bar.update(task, completed=done, total=round(done * size / stream.tell()) if size else None)
    if not report.order_ids and not report.bad_lines:
        raise InputError(f"{file!r} holds no orders.", hint="It must hold JSON Lines, or one JSON object or array.")
    if approve:
        report.approved = _all(report, "Approving", place, _approve)
    if push:
        report.pushed = _all(report, "Pushing", place, _push)
    return report


def _batches(orders: Iterable[ReadOrder], report: ImportReport) -> Iterator[list[NumberedOrder]]:
    batch: list[NumberedOrder] = []
    for line, order in orders:
        if isinstance(order, InputError):
            report.bad_lines.append((line, order))
            continue
        batch.append((line, order))
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _new_ones(place: Workplace, batch: list[NumberedOrder], report: ImportReport) -> list[DraftOrder]:
    """Return the orders that are not here yet, and report the others."""
    with place.reading() as reading:
        here = reading.orders_numbered(
            [order.external_order_number for _, order in batch if order.external_order_number]
        )
    new: list[DraftOrder] = []
    for line, order in batch:
        customer = order.customer.erp_customer_number if order.customer else None
        number = order.external_order_number
        if number and here.setdefault((customer, number), order.id) != order.id:
            report.bad_lines.append((line, _duplicate(number, customer, here[customer, number])))
        else:
            new.append(order)
    return new


def _duplicate(number: str, customer: str | None, known: UUID) -> InputError:
    whose = f" of customer {customer}" if customer else ""
    return InputError(
        f"Order {number}{whose} is here already, as {known}.",
        code=DUPLICATE,
        hint="If it is meant as another order, import it with --duplicates.",
    )


def _store(place: Workplace, batch: list[DraftOrder], report: ImportReport) -> None:
    with place.app.store.work(place.org_id) as work:
        accept_orders(work, batch, caller())
    report.order_ids += [order.id for order in batch]
    report.ready += [order.id for order in batch if order.status is OrderStatus.READY]


Step = Callable[[Workplace, list[UUID]], Iterable[tuple[UUID, OrderFlowError | None]]]


def _all(report: ImportReport, what: str, place: Workplace, step: Step) -> int:
    gone = {order_id for order_id, _ in report.refused}
    ids = [order_id for order_id in report.ready if order_id not in gone]
    refused = gather(what, step(place, ids), len(ids), hidden=False)
    report.refused += refused
    return len(ids) - len(refused)


def _approve(place: Workplace, ids: list[UUID]) -> Iterable[tuple[UUID, OrderFlowError | None]]:
    return act_on_many(place.app.store, place.org_id, "approve", ids, caller())


def _push(place: Workplace, ids: list[UUID]) -> Iterable[tuple[UUID, OrderFlowError | None]]:
    return act_on_many(place.app.store, place.org_id, "push", ids, caller())


@contextmanager
def _open(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    with open(file, "rb") as stream:  # noqa: PTH123  # the name as the user typed it, for the error message
        yield stream
