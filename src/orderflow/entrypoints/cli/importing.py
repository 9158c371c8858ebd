"""How a file of orders comes in: read, stored in batches, and what was wrong kept with its line's number."""

from __future__ import annotations

import sys
from collections import defaultdict
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
from orderflow.flow.order.differences import same_content
from orderflow.flow.order.many import act_on_many
from orderflow.flow.order.reading_files import ReadOrder, lines_of, read_orders

DUPLICATE = "DUPLICATE_ORDER"
NumberedOrder = tuple[int, DraftOrder]  # with the number of its line


@dataclass
class ImportReport:
    """What came of a file.

    Attributes:
        begun: Orders that an earlier run brought in, and that are READY or APPROVED yet, by their state.
        here: How many an earlier run brought in, those included.
    """

    order_ids: list[UUID] = field(default_factory=list)
    ready: list[UUID] = field(default_factory=list)
    begun: dict[OrderStatus, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    here: int = 0
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
            "here_already": self.here,
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
        if self.here:
            out().print(f"{plural(self.here, 'order')} here already from an earlier run.")
        if self.approved or self.pushed:
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
            new = batch if duplicates else _new_ones(place, batch, report, go_on=approve)
            _store(place, [order for _, order in new], report)
            done = len(report.order_ids)
            bar.update(task, completed=done, total=round(done * size / stream.tell()) if size else None)
    if not report.order_ids and not report.bad_lines and not report.here:
        raise InputError(f"{file!r} holds no orders.", hint="It must hold JSON Lines, or one JSON object or array.")
    ready = report.ready + report.begun[OrderStatus.READY]
    if approve:
        report.approved = _all(report, "Approving", place, _approve, ready)
    if push:
        report.pushed = _all(report, "Pushing", place, _push, ready + report.begun[OrderStatus.APPROVED])
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


def _new_ones(
    place: Workplace, batch: list[NumberedOrder], report: ImportReport, *, go_on: bool
) -> list[NumberedOrder]:
    """Return the orders that are not here yet, and report the others.

    Args:
        go_on: What is here in the same words is no fault: what an earlier run began with it is finished.
    """
    with place.reading() as reading:
        here = reading.orders_numbered(
            [order.external_order_number for _, order in batch if order.external_order_number]
        )
    stored = _stored(place, here.values()) if go_on else {}
    new: list[NumberedOrder] = []
    for line, order in batch:
        known = here.setdefault(_key(order), order.id) if order.external_order_number else order.id
        if known == order.id:
            new.append((line, order))
        elif known in stored and _goes_on(stored[known], order):
            report.here += 1
            report.begun[stored.pop(known).status].append(known)
        else:
            report.bad_lines.append((line, _duplicate(order, known)))
    return new


def _key(order: DraftOrder) -> tuple[str | None, str]:
    return order.customer.erp_customer_number if order.customer else None, str(order.external_order_number)


def _stored(place: Workplace, ids: Iterable[UUID]) -> dict[UUID, DraftOrder]:
    with place.app.store.work(place.org_id) as work:
        return work.orders.get_many(list(ids))


def _goes_on(stored: DraftOrder, order: DraftOrder) -> bool:
    """Return whether an order was brought in before as it is now, and nothing went wrong with it since."""
    return stored.status is not OrderStatus.ERROR and same_content(stored, order)


def _duplicate(order: DraftOrder, known: UUID) -> InputError:
    customer, number = _key(order)
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


def _all(report: ImportReport, what: str, place: Workplace, step: Step, orders: list[UUID]) -> int:
    gone = {order_id for order_id, _ in report.refused}
    ids = [order_id for order_id in orders if order_id not in gone]
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
