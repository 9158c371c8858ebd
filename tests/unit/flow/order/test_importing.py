"""Many orders at once, each answered for by the number of its line."""

from orderflow.domain.errors import InputError, OrderFlowError
from orderflow.flow.order import importing
from orderflow.flow.order.importing import import_orders
from orderflow.testing.engine import an_order
from tests.unit.flow.conftest import ANNA


def results(house, lines, **more):
    return list(import_orders(house.store, house.org_id, enumerate(lines, 1), ANNA, **more))


def test_each_line_is_answered_for(house):
    good, lacking = an_order(), an_order(external_order_number="PO-2", currency=None)
    done = results(house, [good, InputError("no JSON"), lacking])
    assert [(one.line, one.status, one.error is None) for one in done] == [
        (1, "READY", True),
        (2, None, False),
        (3, "NEEDS_REVIEW", True),
    ]
    assert set(house.tables.orders) == {good.id, lacking.id}
    assert done[2].missing


def test_lines_that_cannot_be_stored_together_say_why_and_are_not(house):
    done = results(house, [an_order(), an_order(external_order_number="A\x00B")])
    assert all(isinstance(one.error, OrderFlowError) for one in done)
    assert house.tables.orders == {}


def test_another_kind_of_file_ends_early(house):
    done = results(house, (InputError("no JSON") for _ in range(10_000)), most_refused=3)
    assert done[-1].error.code == "TOO_MANY_BAD_LINES"
    assert len(done) < 10_000


def test_nothing_is_read_ahead_of_what_is_stored(house):
    told = []

    def lines():
        for number in range(200):
            yield an_order(external_order_number=str(number))
        told.append(len(house.tables.orders))

    assert len(results(house, lines())) == 200
    assert told == [200]


def test_orders_that_are_large_together_are_stored_before_more_are_read(house, monkeypatch):
    told = []

    def orders(*numbers):
        for number in numbers:
            told.append(len(house.tables.orders))
            yield an_order(external_order_number=str(number))

    monkeypatch.setattr(importing, "LINES_AT_ONCE", 2 * len(an_order().lines))
    results(house, orders(0, 1, 2, 3, 4))
    assert told == [0, 0, 2, 2, 4]
    monkeypatch.undo()
    bytes_read = iter(range(0, 10**9, importing.BYTES_AT_ONCE))
    results(house, orders(5, 6, 7), taken=lambda: next(bytes_read))
    assert told[5:] == [5, 6, 7]
