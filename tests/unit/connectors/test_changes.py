"""What a change asks for, line by line; and which of the ERP's lines are meant."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from orderflow.connectors.changes import carry_out, changes_of, row_of, rows_to_remove
from orderflow.domain.delivery import Lease
from orderflow.domain.errors import ConnectorError, InDoubtError, RejectedError, TransientError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder, DraftOrderLine
from orderflow.testing.engine import an_order

HEADER, LINE = {"notes"}, {"internal_sku", "qty", "unit_price"}


def line(number: int, sku: str, qty: str = "1", **more: Any) -> DraftOrderLine:
    return DraftOrderLine(number, sku, Decimal(qty), "PCE", Decimal(10), **more)


def changed(before: list[DraftOrderLine], now: list[DraftOrderLine], **header: Any) -> DraftOrder:
    order = replace(an_order(), lines=now, delivery_in_progress=None, **header)
    order.delivery.before = replace(order, lines=before, notes="as it was", delivery_in_progress=None)
    return order


def test_only_what_differs_is_touched() -> None:
    before = [line(1, "A"), line(2, "B"), line(3, "C"), line(4, "D")]
    now = [line(1, "A", "1.000"), line(2, "B", "2"), line(3, "X"), line(5, "E")]
    order = changed(before, now, notes="other")
    found = changes_of(order, order.delivery.before, "The ERP", HEADER, LINE)
    assert [one.line_no for one in found.changed] == [2]
    assert [(one.line_no, one.internal_sku) for one in found.added] == [(3, "X"), (5, "E")]
    assert [(one.line_no, one.internal_sku) for one in found.removed] == [(3, "C"), (4, "D")]
    assert found.fields == {"notes"}


def test_what_the_erp_is_not_told_is_refused_by_name_and_what_is_ours_alone_is_not() -> None:
    order = changed([line(1, "A")], [line(1, "A", line_notes="gift")], ship_to={"name": "Else"}, priority=9)
    assert order.delivery.before is not None
    order.delivery.before.ship_to = {"name": "Muster"}
    with pytest.raises(RejectedError, match="not told of line_notes, ship_to") as raised:
        changes_of(order, order.delivery.before, "The ERP", HEADER, LINE)
    assert raised.value.code == "NOT_TOLD"


def test_what_nobody_knows_any_more_is_not_changed() -> None:
    with pytest.raises(RejectedError, match="not kept any more"):
        changes_of(an_order(), None, "The ERP", HEADER, LINE)


def test_a_line_is_found_by_number_and_article_or_by_an_article_that_is_there_once() -> None:
    rows = [
        {"id": 7, "sequence": 1, "sku": "A"},
        {"id": 8, "sequence": 2, "sku": "A"},
        {"id": 9, "sequence": 1, "sku": "B"},
    ]
    assert row_of(line(2, "A"), rows, "The ERP")["id"] == 8
    assert row_of(line(5, "B"), rows, "The ERP")["id"] == 9
    for odd in (line(3, "A"), line(1, "C")):
        with pytest.raises(RejectedError, match="people have changed the order themselves"):
            row_of(odd, rows, "The ERP")
    assert [row["id"] for row in rows_to_remove([line(1, "B"), line(9, "GONE")], rows, "The ERP")] == [9]


class Noted:
    """A step that notes what is asked of it."""

    def __init__(self, name: str, error: ConnectorError | None = None) -> None:
        self.name, self.error = name, error

    def do(self, done: list[str]) -> None:
        if self.error:
            raise self.error
        done.append(self.name)

    def undo(self, done: list[str]) -> None:
        done.append(f"not {self.name}")


def carried_out(*steps: Noted, order: DraftOrder | None = None, begun: bool = False) -> tuple[list[str], Any]:
    done: list[str] = []
    try:
        carry_out(steps, done, order or an_order(), "SO-1", "the ERP", begun=begun)
    except ConnectorError as error:
        return done, error
    return done, None


def test_what_the_erp_refuses_in_the_middle_is_undone_backwards() -> None:
    done, error = carried_out(Noted("a"), Noted("b"), Noted("c", RejectedError("no", code="CLOSED")))
    assert done == ["a", "b", "not b", "not a"]
    assert (type(error), error.code) == (RejectedError, "CLOSED")


def test_what_an_earlier_call_may_have_begun_is_in_doubt_where_it_is_refused() -> None:
    order = an_order()
    order.delivery.last_begun_at = order.approved_at
    assert type(carried_out(Noted("a", RejectedError("no")), order=order, begun=True)[1]) is InDoubtError


@pytest.mark.parametrize(("before", "kind"), [([], TransientError), ([Noted("a")], InDoubtError)])
def test_what_fails_is_in_doubt_once_something_was_done(before: list[Noted], kind: type[ConnectorError]) -> None:
    assert type(carried_out(*before, Noted("b", TransientError("later")))[1]) is kind


def test_no_step_is_taken_once_the_lease_is_lost() -> None:
    order = an_order()
    lease = order.delivery.lease = Lease(new_id(), 60)

    class Sleeps(Noted):
        def do(self, done: list[str]) -> None:
            super().do(done)
            lease.revoke()

    done, error = carried_out(Sleeps("a"), Noted("b"), order=order)
    assert (done, type(error)) == (["a"], InDoubtError)
    assert carried_out(Noted("b"), order=order)[0] == []
