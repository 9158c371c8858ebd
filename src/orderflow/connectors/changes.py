"""What a change asks of an ERP that is changed field by field and line by line.

Only what differs from what the ERP was told before is touched: what its people have done to the other lines stays, and
so do lines of their own. What the ERP was never told is no part of a change either, so that one which is about nothing
else is refused instead of being taken for done.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from orderflow.channels.http.session import check_lease
from orderflow.domain.errors import ConnectorError, InDoubtError, RejectedError
from orderflow.domain.orders import CONTENT, LINE_CONTENT, DraftOrder, DraftOrderLine

NOT_TOLD = frozenset({"customer", "source", "source_document", "priority", "metadata"})
"""What stays when an order is changed, and what is ours alone."""

BY_HAND = "Have the order changed in the ERP, then confirm the change; or discard it."

Row = Mapping[str, Any]


class Step(Protocol):
    """One request of a change, and its opposite."""

    def do(self, session: Any, /) -> None:
        """Send it. Raises ConnectorError."""

    def undo(self, session: Any, /) -> None:
        """Take it back. Raises ConnectorError."""


@dataclass(frozen=True, slots=True)
class Changes:
    """How an order differs from what its ERP has.

    Attributes:
        fields: Of its header.
        changed: Lines of the same number and article, as they are now.
        added, removed: The others; `removed` as they were.
    """

    fields: frozenset[str]
    changed: list[DraftOrderLine]
    added: list[DraftOrderLine]
    removed: list[DraftOrderLine]


def changes_of(
    order: DraftOrder, before: DraftOrder | None, erp: str, header: Collection[str], line: Collection[str]
) -> Changes:
    """Return what is changed.

    Args:
        before: What the ERP has of it.
        header, line: The fields that the connector tells the ERP.

    Raises:
        RejectedError: Nobody knows what the ERP has; or the change is about what the ERP is not told.
    """
    if before is None:
        raise RejectedError(
            f"What {erp} has of the order is not kept any more, so that nobody can tell what to change.",
            code="BEFORE_UNKNOWN",
            hint=BY_HAND,
        )
    fields = {name for name in CONTENT if name not in NOT_TOLD and _differ(before, order, name)}
    were = {(one.line_no, one.internal_sku): one for one in before.lines}
    kept = [(were.pop(key), one) for one in order.lines if (key := (one.line_no, one.internal_sku)) in were]
    differing = [(one, [name for name in LINE_CONTENT if _differ(was, one, name)]) for was, one in kept]
    untold = (fields - set(header)) | {name for _, names in differing for name in names} - set(line)
    if untold:
        raise RejectedError(
            f"{erp} is not told of {', '.join(sorted(untold))}, so that it cannot be changed there from here.",
            code="NOT_TOLD",
            hint=BY_HAND,
        )
    stays = {id(one) for _, one in kept}
    changed = [one for one, names in differing if names]
    return Changes(frozenset(fields), changed, [o for o in order.lines if id(o) not in stays], list(were.values()))


def _differ(before: Any, now: Any, name: str) -> bool:
    return (getattr(before, name) or None) != (getattr(now, name) or None)


def row_of(line: DraftOrderLine, rows: Sequence[Row], erp: str) -> Row:
    """Return the ERP's row of a line: of its number and article, or the only one of its article.

    Args:
        rows: With `sequence` and `sku`.

    Raises:
        RejectedError: There is none, or nobody can tell which.
    """
    found = _rows_of(line, rows)
    if len(found) == 1:
        return found[0]
    raise RejectedError(
        f"{erp} has {len(found) or 'no'} line with the number {line.line_no} and the article {line.internal_sku}: its "
        "people have changed the order themselves.",
        code="LINE_CHANGED_IN_ERP",
        hint=BY_HAND,
    )


def rows_to_remove(lines: Sequence[DraftOrderLine], rows: Sequence[Row], erp: str) -> list[Row]:
    """Return the ERP's rows of lines that are gone; one that its people have removed is none.

    Raises:
        RejectedError: Nobody can tell which one is meant.
    """
    return [row_of(line, rows, erp) for line in lines if _rows_of(line, rows)]


def _rows_of(line: DraftOrderLine, rows: Sequence[Row]) -> list[Row]:
    same = [row for row in rows if row["sku"] == line.internal_sku]
    return [row for row in same if row["sequence"] == line.line_no] or same


def carry_out(steps: Sequence[Step], session: Any, order: DraftOrder, number: str, erp: str, *, begun: bool) -> None:
    """Change an order step by step, each only while the lease lasts; what is refused in the middle is undone.

    Args:
        number: The order's, in the ERP.
        begun: Some of the change is there already, which an earlier call may have done.

    Raises:
        RejectedError: The ERP keeps the order as it was.
        InDoubtError: Some of the change was made.
        ConnectorError: Any other: nothing was done.
    """
    done: list[Step] = []
    for step in steps:
        try:
            check_lease(order.delivery.may_start())
            step.do(session)
        except RejectedError as error:
            _undo(done, session, number, erp)
            if begun and order.delivery.last_begun_at is not None:
                raise _half_done(number, error) from None
            raise RejectedError(
                f"{erp} keeps the order as it was: {error.message}", code=error.code, hint=BY_HAND
            ) from None
        except InDoubtError:
            raise
        except ConnectorError as error:
            raise (_half_done(number, error) if done else error) from None
        done.append(step)


def _undo(steps: Sequence[Step], session: Any, number: str, erp: str) -> None:
    try:
        for step in reversed(steps):
            step.undo(session)
    except ConnectorError as error:
        raise InDoubtError(
            f"Some of the change of the order {number} was made, and {erp} does not set it back: {error.message}",
            code="HALF_CHANGED",
            hint="Look at the order there and finish it, then resolve the delivery.",
        ) from None


def _half_done(number: str, error: ConnectorError) -> InDoubtError:
    return InDoubtError(
        f"Some of the change of the order {number} was made: {error.message}",
        code="HALF_CHANGED",
        rests_for=error.rests_for,
        hint="It is looked at again by itself. If that does not help, finish it there, then resolve the delivery.",
    )
