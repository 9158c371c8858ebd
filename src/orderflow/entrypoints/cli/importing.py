"""How a file of orders comes in, is approved and pushed, and what is told of it."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from rich.text import Text

from orderflow.domain.bulk import BulkAction
from orderflow.domain.errors import InputError, OrderFlowError, StateError
from orderflow.domain.ids import new_id
from orderflow.domain.order_keys import DuplicateOrderError, OnDuplicate
from orderflow.domain.states import AS_APPROVED, OrderStatus
from orderflow.entrypoints.cli.bulk import Done, do_to_named, new_job
from orderflow.entrypoints.cli.outcomes import MOST_SHOWN, tell
from orderflow.entrypoints.cli.output import err, out, plural, progress
from orderflow.entrypoints.cli.workplace import Workplace, caller
from orderflow.flow.order.importing import AT_ONCE, Imported
from orderflow.flow.order.importing import import_orders as take_orders
from orderflow.flow.order.reading_files import lines_of, read_orders
from orderflow.postgres.errors import DatabaseError


@dataclass
class ImportReport:
    """What came of a file.

    Attributes:
        begun: Orders that were here before, by their state.
        here: How many of those say the same.
        revised: How many of those say now what the file says.
    """

    import_id: UUID = field(default_factory=new_id)
    order_ids: list[UUID] = field(default_factory=list)
    ready: list[UUID] = field(default_factory=list)
    begun: dict[OrderStatus, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    here: int = 0
    revised: int = 0
    approved: int = 0
    pushed: int = 0
    bad_lines: list[tuple[int, OrderFlowError]] = field(default_factory=list)
    refused: list[tuple[object, OrderFlowError]] = field(default_factory=list)
    _met: set[UUID] = field(default_factory=set)

    @property
    def faults(self) -> int:
        """How many lines or orders did not go the way they should."""
        return len(self.bad_lines) + len(self.refused)

    def note(self, result: Imported, *, go_on: bool) -> None:
        """Note what became of a line. Raises DatabaseError if the database went away.

        Args:
            go_on: The orders are to be approved: one that is in ERROR does not go the way it should.
        """
        if isinstance(result.error, DatabaseError):
            raise result.error
        if result.error or not (result.id and result.status):
            self.bad_lines.append((result.line, result.error or InputError("The line could not be stored.")))
        elif result.duplicate or result.revised:
            self.here += result.duplicate
            self.revised += result.revised
            self._note_begun(result.id, result.status, go_on=go_on)
        else:
            self.order_ids.append(result.id)
            if result.status is OrderStatus.READY:
                self.ready.append(result.id)

    def _note_begun(self, order_id: UUID, status: OrderStatus, *, go_on: bool) -> None:
        if order_id in self._met:
            return
        self._met.add(order_id)
        self.begun[status].append(order_id)
        if go_on and status is OrderStatus.ERROR:
            self.refused.append((order_id, _in_error(order_id)))

    def as_json(self) -> dict[str, Any]:
        """Return it for scripts; the keys are stable."""
        return {
            "import_id": self.import_id,
            "accepted": len(self.order_ids),
            "ready": len(self.ready),
            "needs_review": len(self.order_ids) - len(self.ready),
            "here_already": self.here,
            "revised": self.revised,
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
        if self.order_ids:
            out().print(f"All of them again: orderflow orders list --import {self.import_id}")
        if self.here:
            out().print(f"{plural(self.here, 'order')} here already, and the same: not brought in again.")
        if self.revised:
            out().print(f"{plural(self.revised, 'order')} here already, and changed to what the file says.")
        if self.approved or self.pushed:
            out().print(f"{plural(self.approved, 'order')} approved{f', {self.pushed} pushed' if self.pushed else ''}.")
        for line, error in self.bad_lines[:MOST_SHOWN]:
            err().print(Text.assemble((f"line {line}: ", "red"), error.message))
        if len(self.bad_lines) > MOST_SHOWN:
            err().print(f"… and {len(self.bad_lines) - MOST_SHOWN} more bad lines; --json lists them all.")
        if any(isinstance(error, DuplicateOrderError) for _, error in self.bad_lines):
            err().print(
                "What is here already and says something else was not brought in: --on-duplicate revise changes the "
                "order that is here, --on-duplicate new delivers another one beside it."
            )
        tell(self.refused)


def import_orders(
    place: Workplace,
    file: str,
    *,
    approve: bool,
    push: bool,
    quiet: bool,
    on_duplicate: OnDuplicate = OnDuplicate.REFUSE,
) -> ImportReport:
    """Store the orders of `file` (`-`: stdin), and approve and push them if wanted.

    What an earlier run began with an order that says the same is finished, so that an import that was stopped can be
    repeated.

    Args:
        on_duplicate: What to do with an order that is here already.

    Raises:
        InputError: It holds no order at all, not even a bad one.
        DatabaseError: The database went away; what was stored before stays.
    """
    report = ImportReport()
    with _open(file) as stream, progress("Importing", None, hidden=quiet) as bar:
        size = 0 if file == "-" else Path(file).stat().st_size
        task = bar.task_ids[0]
        orders = read_orders(lines_of(stream))
        results = take_orders(place.app.store, place.org_id, orders, caller(), on_duplicate, import_id=report.import_id)
        for done, result in enumerate(results, 1):
            report.note(result, go_on=approve)
            if done % AT_ONCE == 0:
                bar.update(task, completed=done, total=round(done * size / stream.tell()) if size else None)
    if not report.order_ids and not report.bad_lines and not report.here and not report.revised:
        raise InputError(f"{file!r} holds no orders.", hint="It must hold JSON Lines, or one JSON object or array.")
    ready = report.ready + report.begun[OrderStatus.READY]
    if approve:
        report.approved = _all(report, place, BulkAction.APPROVE, "Approving", ready)
    if push:
        approved = ready + report.begun[OrderStatus.APPROVED]
        report.pushed = _all(report, place, BulkAction.PUSH, "Pushing", approved)
    return report


def _in_error(order_id: UUID) -> StateError:
    return StateError(
        "The order is here already, and its delivery failed.",
        code="ORDER_IN_ERROR",
        hint=f"See why: orderflow orders show {order_id}; then retry it, or correct and approve it.",
    )


def _all(report: ImportReport, place: Workplace, action: BulkAction, what: str, orders: list[UUID]) -> int:
    gone = {order_id for order_id, _ in report.refused}
    ids = [order_id for order_id in orders if order_id not in gone]
    if not ids:
        return 0
    done = do_to_named(place, new_job(action), ids, what)
    quicker = _approved_meanwhile(place, done) if action is BulkAction.APPROVE else set()
    report.refused += [(order_id, error) for order_id, error in done.refused if order_id not in quicker]
    return done.went


def _approved_meanwhile(place: Workplace, done: Done) -> set[object]:
    """Return the orders that need no approval any more, as the job of a run that was killed went on beside this one."""
    with place.reading() as reading:
        found = reading.refused(done.job_id, len(done.refused)) if done.refused else ()
    return {one.order_id for one in found if one.order_status in AS_APPROVED}


@contextmanager
def _open(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    with open(file, "rb") as stream:  # noqa: PTH123  # the name as the user typed it, for the error message
        yield stream
