"""The ERP's answers are read, recorded, and put away; what goes wrong between is safe to repeat."""

import pytest

from orderflow.domain.delivery import Ack
from orderflow.domain.errors import UnavailableError
from orderflow.domain.ids import new_id
from orderflow.domain.states import ConnectionStatus, ERPExportStatus, OrderStatus
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.testing.memory import MemoryApi


@pytest.fixture
def sent(house):
    """An order that lies at the dropzone, published."""
    order = house.pushed(house.to_dropzone)
    push_batch(house.wiring, house.org_id, house.to_dropzone)
    return order


def answer(house, order, status="ACKED", **more):
    house.dropzone.answers.append(Ack(house.export(order).filename, status, **more))


def poll(house):
    house.change_connection(house.to_dropzone, poll_lease_until=None)
    return poll_acks(house.wiring, house.org_id, house.to_dropzone)


def trouble(house):
    return (house.connection(house.to_dropzone).poll_error or {}).get("code")


def test_a_yes_confirms_the_order_under_the_erps_number_and_is_put_away(house, sent):
    answer(house, sent, erp_order_id="SO-7")
    assert poll(house) == {"acknowledge": 1}
    row = house.row(sent)
    assert (row.status, row.erp_order_id, house.dropzone.answers) == (OrderStatus.CONFIRMED, "SO-7", [])


def test_a_no_is_told_in_the_erps_words(house, sent):
    answer(house, sent, "FAILED", message="Unknown article.")
    assert poll(house) == {"refuse": 1}
    assert house.status(sent) is OrderStatus.ERROR
    assert house.row(sent).error_json["message"] == "Unknown article."


def test_an_answer_to_nobodys_order_stays_where_it_lies_and_is_told(house, sent):
    house.dropzone.answers.append(Ack("nobodys.json", "ACKED"))
    assert poll(house) == {"unmatched": 1}
    assert (len(house.dropzone.answers), trouble(house)) == (1, "ACKS_UNMATCHED")


def test_an_answer_to_another_connections_order_is_nobodys(house, sent):
    other = house.pushed(house.to_api)
    push_batch(house.wiring, house.org_id, house.to_api)
    house.dropzone.answers.append(Ack(house.export(other).filename, "FAILED"))
    assert poll(house) == {"unmatched": 1}
    assert house.export(other).status is ERPExportStatus.ACKED


def test_an_answer_while_a_worker_is_at_it_waits_for_the_next_round(house, sent):
    house.change_export(sent, status=ERPExportStatus.PENDING, lease_token=new_id(), lease_until=house.clock.now())
    answer(house, sent)
    assert poll(house) == {"wait": 1}
    assert house.dropzone.answers, "it is not put away"


def test_what_cannot_be_read_is_kept_with_its_order_and_told_once(house, sent):
    answer(house, sent, "UNREADABLE", message="It is cut off.", source="ack_1")
    poll(house)
    poll(house)
    assert house.export(sent).unreadable_answer["file"] == "ack_1"
    assert (trouble(house), house.actions().count("ACK_UNREADABLE")) == ("ACKS_UNREADABLE", 1)


def test_two_pollers_never_read_at_once(house, sent):
    with house.work() as work:
        assert work.connections.lease_poll(house.to_dropzone, new_id(), 60.0)
    answer(house, sent)
    assert poll_acks(house.wiring, house.org_id, house.to_dropzone) == {}
    assert house.dropzone.answers


def test_a_target_that_is_away_is_told_and_asked_again(house, sent, monkeypatch):
    def away(config, waiting):
        raise UnavailableError("away")

    monkeypatch.setattr(house.dropzone, "poll_acks", away)
    assert poll(house) == {}
    assert trouble(house) == "TARGET_UNAVAILABLE"
    due = house.connection(house.to_dropzone).next_poll_at - house.clock.now()
    assert due.total_seconds() == house.wiring.poll_seconds


@pytest.mark.parametrize(
    ("off", "missed", "told"),
    [(True, True, "TARGET_UNAVAILABLE"), (True, False, None), (False, False, "TARGET_UNAVAILABLE")],
)
def test_a_target_that_is_gone_with_its_connection_is_told_as_long_as_an_answer_is_missed(
    house, sent, monkeypatch, off, missed, told
):
    def away(config, waiting):
        raise UnavailableError("away")

    monkeypatch.setattr(house.dropzone, "poll_acks", away)
    if off:
        house.change_connection(house.to_dropzone, status=ConnectionStatus.DISABLED)
    if not missed:
        house.change_export(sent, status=ERPExportStatus.ACKED)
    poll(house)
    assert trouble(house) == told


@pytest.mark.parametrize("method", ["poll_acks", "finish_acks"])
def test_a_fault_of_the_connector_is_told_as_one_and_answers_are_recorded_again(house, sent, monkeypatch, method):
    answer(house, sent)
    monkeypatch.setattr(house.dropzone, method, lambda *_: 1 / 0)
    poll(house)
    assert trouble(house) == "CONNECTOR_FAULT"
    assert house.dropzone.answers, "it is not put away"
    monkeypatch.undo()
    poll(house)
    assert (house.status(sent), house.dropzone.answers, trouble(house)) == (OrderStatus.CONFIRMED, [], None)


def test_what_came_before_a_fault_is_recorded(house, sent, monkeypatch):
    answer(house, sent)
    usual = house.dropzone.poll_acks

    def breaks(config, waiting):
        yield from usual(config, waiting)
        raise ValueError

    monkeypatch.setattr(house.dropzone, "poll_acks", breaks)
    assert poll(house) == {"acknowledge": 1}
    assert trouble(house) == "CONNECTOR_FAULT"


def test_a_database_that_is_lost_is_no_fault_of_the_connector(house, sent, monkeypatch):
    class DatabaseLostError(Exception):
        pass

    def lost(answers):
        raise DatabaseLostError

    answer(house, sent)
    with house.work() as work:
        monkeypatch.setattr(work.exports, "record_answers", lost)
    with pytest.raises(DatabaseLostError):
        poll(house)
    assert (trouble(house), len(house.dropzone.answers)) == (None, 1)


class Asked(MemoryApi):
    """An API that is asked what became of each order, and calls what it does not have deleted."""

    def __init__(self):
        super().__init__()
        self.about = []

    def expects_acks(self, config):
        return True

    def poll_acks(self, config, waiting):
        for export in waiting:
            self.about.append(export.draft_order_id)
            yield Ack(export.reference, "FAILED", export.export_id, message="It was deleted.")


def test_what_another_target_has_is_not_asked_about_and_is_told(house):
    api = house.connectors["MEMORY_API"] = Asked()
    order = house.pushed(house.to_api)
    push_batch(house.wiring, house.org_id, house.to_api)
    assert house.status(order) is OrderStatus.PUSHED
    house.change_connection(house.to_api, config={"url": "https://another.example"})
    assert poll_acks(house.wiring, house.org_id, house.to_api) == {}
    assert (api.about, house.status(order)) == ([], OrderStatus.PUSHED)
    told = house.connection(house.to_api).poll_error
    assert (told["code"], told["details"]["elsewhere"]) == ("TARGET_CHANGED", 1)
    house.change_connection(house.to_api, config={}, poll_lease_until=None)
    assert poll_acks(house.wiring, house.org_id, house.to_api) == {"refuse": 1}
    assert (api.about, house.connection(house.to_api).poll_error) == ([order.id], None)
