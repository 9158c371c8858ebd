"""What came by itself is recorded like any other answer, at the right time, and told if nobody understands it."""

import json

import pytest

from orderflow.domain.delivery import Arrived
from orderflow.domain.ids import new_id
from orderflow.domain.states import ERPExportStatus, OrderStatus
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.answers.read_arrived import LEASE, LONGEST, read_arrived
from orderflow.flow.answers.receive import receive
from orderflow.flow.delivery.push_batch import push_batch


@pytest.fixture
def sent(house):
    """An order that lies at the dropzone, published."""
    order = house.pushed(house.to_dropzone)
    push_batch(house.wiring, house.org_id, house.to_dropzone)
    return order


def send(house, content, **more):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    item = Arrived(new_id(), more.pop("name", ""), body, **more)
    receive(house.store, house.org_id, house.to_dropzone, item)
    return item


def yes(house, order, **more):
    return {"status": "ACKED", "export_id": str(house.export(order).id), "erp_order_id": "SO-7", **more}


def read(house):
    return read_arrived(house.wiring, house.org_id, house.to_dropzone)


def verdicts(house):
    return [row.verdict for row in house.tables.inbound.values()]


def told(house):
    poll_acks(house.wiring, house.org_id, house.to_dropzone)
    return (house.connection(house.to_dropzone).poll_error or {}).get("code")


def test_a_yes_confirms_the_order_and_is_not_kept(house, sent):
    item = send(house, yes(house, sent))
    assert not read(house)
    assert (house.row(sent).status, house.row(sent).erp_order_id) == (OrderStatus.CONFIRMED, "SO-7")
    assert (verdicts(house), house.tables.inbound[item.id].content) == (["acknowledge"], None)


def test_a_no_is_told_in_the_erps_words(house, sent):
    send(house, yes(house, sent, status="FAILED", message="Unknown article."))
    read(house)
    assert house.row(sent).error_json["message"] == "Unknown article."


def test_a_list_of_answers_is_read_whole(house, sent):
    other = house.pushed(house.to_dropzone)
    push_batch(house.wiring, house.org_id, house.to_dropzone)
    send(house, [yes(house, sent), yes(house, other)])
    read(house)
    assert house.status(sent) is house.status(other) is OrderStatus.CONFIRMED


def test_a_name_says_what_it_is_about_as_in_a_folder(house, sent):
    send(house, {"status": "ACKED"}, name=f"ack_{house.export(sent).filename}")
    read(house)
    assert house.status(sent) is OrderStatus.CONFIRMED


def test_one_that_is_earlier_than_the_settling_waits_for_it(house, sent):
    house.change_export(sent, status=ERPExportStatus.PENDING, lease_token=new_id(), lease_until=house.clock.now())
    send(house, yes(house, sent))
    read(house)
    assert verdicts(house) == ["wait"]
    house.change_export(sent, status=ERPExportStatus.SENT, lease_token=None, lease_until=None)
    house.clock.forward(10)
    read(house)
    assert (house.status(sent), verdicts(house)) == (OrderStatus.CONFIRMED, ["acknowledge"])


def test_one_of_nobodys_is_told_and_read_again_ever_less_often_for_a_day(house, sent):
    item = send(house, yes(house, sent, export_id=str(new_id())))
    read(house)
    assert (verdicts(house), told(house)) == (["unmatched"], "ACKS_UNMATCHED")
    rounds = 0
    while (due := house.tables.inbound[item.id].next_read_at) is not None:
        house.clock.forward((due - house.clock.now()).total_seconds())
        read(house)
        rounds += 1
    age = (house.clock.now() - house.tables.inbound[item.id].received_at).total_seconds()
    assert (LONGEST <= age < LONGEST + 3_601, rounds < 50) == (True, True)
    assert house.tables.inbound[item.id].content, "a person may still look at it"


def test_one_that_names_no_delivery_says_so(house, sent):
    item = send(house, {"status": "ACKED"})
    read(house)
    assert "names no delivery" in house.tables.inbound[item.id].told


@pytest.mark.parametrize("content", [b"garbage", b"\xff\xfe\x00", b"[" * 100_000, b'{"status": "MAYBE"}'])
def test_garbage_changes_nothing_and_is_told(house, sent, content):
    send(house, content)
    read(house)
    assert (house.status(sent), told(house)) == (OrderStatus.PUSHED, "ACKS_UNMATCHED")


def test_one_about_an_order_that_cannot_be_read_is_told_on_it(house, sent):
    send(house, b"broken", name=f"ack_{house.export(sent).filename}")
    read(house)
    assert (verdicts(house), told(house)) == (["unreadable"], "ACKS_UNREADABLE")
    assert house.export(sent).unreadable_answer["file"].startswith("inbound:")


def test_the_same_words_again_are_about_what_there_is_now(house, sent):
    answer = {"status": "FAILED", "external_order_number": house.row(sent).content.external_order_number}
    for _ in range(2):
        send(house, answer)
        read(house)
        assert house.status(sent) is OrderStatus.ERROR
        house.change_export(sent, status=ERPExportStatus.SENT)
        house.tables.orders[sent.id] = type(house.row(sent))(**{**vars(house.row(sent)), "status": OrderStatus.PUSHED})


def test_a_worker_that_dies_leaves_it_to_the_next_one(house, sent):
    send(house, yes(house, sent))
    with house.work() as work:
        assert work.inbound.take(house.to_dropzone, 10, LEASE)
    read(house)
    assert verdicts(house) == [None]
    house.clock.forward(LEASE + 1)
    read(house)
    assert house.status(sent) is OrderStatus.CONFIRMED


def test_what_breaks_the_connector_costs_the_others_nothing(house, sent, monkeypatch):
    def breaks(items, config, waiting):
        if any(item.content == b"bomb" for item in items):
            raise ZeroDivisionError
        return type(house.dropzone).read_arrived(house.dropzone, items, config, waiting)

    monkeypatch.setattr(house.dropzone, "read_arrived", breaks)
    send(house, b"bomb")
    send(house, yes(house, sent))
    read(house)
    assert (sorted(verdicts(house)), house.status(sent)) == (["acknowledge", "unmatched"], OrderStatus.CONFIRMED)
