"""What answers say is decided and written down, whichever way they came."""

import pytest

from orderflow.domain.answer_details import Details, LineAnswer
from orderflow.domain.delivery import Ack
from orderflow.domain.states import OrderStatus
from orderflow.flow.answers.record import finished, record
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.request import request_push
from tests.unit.flow.conftest import ANNA


@pytest.fixture
def sent(house):
    """An order that lies at the dropzone, published."""
    order = house.pushed(house.to_dropzone)
    push_batch(house.wiring, house.org_id, house.to_dropzone)
    return order


def said(house, *acks):
    with house.work() as work:
        return record(work, acks)


def ack(export, status="ACKED", **more):
    return Ack(export.filename, status, export.id, **more)


def test_a_late_yes_stops_a_retry_of_which_nothing_was_sent(house, sent):
    said(house, ack(house.export(sent), "FAILED"))
    house.change_export(sent, created_at=house.clock.now())
    house.clock.forward(1)
    request_push(house.store, house.org_id, sent.id, ANNA, connection_id=house.to_dropzone)
    first, again = house.tables.exports_of(sent.id)
    assert [one.verdict for one in said(house, ack(first))] == ["acknowledge"]
    assert again.id not in house.tables.exports, "the retry is gone"
    assert house.status(sent) is OrderStatus.CONFIRMED


def test_of_several_to_one_export_the_first_counts_and_the_next_waits_for_the_next_round(house, sent):
    acks = [ack(house.export(sent), erp_order_id="SO-1"), ack(house.export(sent), "FAILED")]
    assert finished(acks, said(house, *acks)) == acks[:1]
    assert (house.status(sent), house.row(sent).erp_order_id) == (OrderStatus.CONFIRMED, "SO-1")


def test_one_that_does_not_fit_does_not_keep_the_next_one_in_its_file(house, sent):
    unfit = Details((LineAnswer(99),))
    one, other = (ack(house.export(sent), source="both.xml", details=details) for details in (unfit, None))
    answers = said(house, one, other)
    assert [answer.verdict for answer in answers] == ["misfit", "acknowledge"]
    assert finished([one, other], answers) == [one, other]
    assert house.status(sent) is OrderStatus.CONFIRMED


def test_it_is_safe_to_repeat(house, sent):
    for _ in range(2):
        said(house, ack(house.export(sent), erp_order_id="SO-1"))
    assert house.actions().count("EXPORT_ACKED") == 1
