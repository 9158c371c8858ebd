"""The batch goes to the ERP: staged, the staging committed, renamed; and every attempt has its outcome."""

import pytest

from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import InDoubtError, RejectedError, TransientError
from orderflow.domain.ids import new_id
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.deliver import deliver
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.flow.delivery.settle import settle
from orderflow.storage.lease_keeper import LeaseKeeper
from orderflow.testing.memory import MemoryDropzone
from tests.unit.flow.conftest import ANNA, outcomes


def delivered(house, connection_id=None):
    batch = claim(house.wiring, house.open(connection_id), 10)
    deliver(house.wiring, batch)
    return batch


def calls(connector):
    return [what for what, _ in connector.calls]


def test_files_are_staged_together_committed_and_then_renamed(house, monkeypatch):
    orders = [house.pushed(house.to_dropzone) for _ in range(2)]
    with house.work() as work:
        usual = work.exports.mark_staged

    def committed(lease, paths):
        house.dropzone.calls.append(("commit", None))
        return usual(lease, paths)

    with house.work() as work:
        monkeypatch.setattr(work.exports, "mark_staged", committed)
    batch = delivered(house, house.to_dropzone)
    assert calls(house.dropzone) == ["stage", "stage", "commit", "publish", "publish"]
    assert all(isinstance(outcome, ExportResult) for outcome in outcomes(batch))
    assert len(house.dropzone.takes) == len(orders)


def test_what_lost_its_lease_before_the_commit_is_removed_and_not_renamed(house):
    order = house.pushed(house.to_dropzone)
    batch = claim(house.wiring, house.open(house.to_dropzone), 10)
    house.change_export(order, lease_token=new_id())
    deliver(house.wiring, batch)
    assert calls(house.dropzone) == ["stage", "discard"]
    assert (outcomes(batch), house.dropzone.staged, house.dropzone.takes) == ([None], {}, [])


def test_a_worker_that_slept_past_its_lease_publishes_nothing_that_was_decided_on_meanwhile(house, monkeypatch):
    gone, other = house.pushed(house.to_dropzone), house.pushed(house.to_dropzone)
    keeper = LeaseKeeper(house.store.extend_leases, house.wiring.lease_seconds, lambda error: pytest.fail(str(error)))
    batch = claim(house.wiring, house.open(house.to_dropzone), 10)
    with house.work() as work:
        usual = work.exports.mark_staged

    def sleeps(lease, paths):
        staged = usual(lease, paths)
        house.clock.forward(house.wiring.lease_seconds + 1)
        resolve_held(house.store, house.org_id, house.export(gone).id, "not_delivered", ANNA)
        keeper.beat()
        return staged

    with house.work() as work:
        monkeypatch.setattr(work.exports, "mark_staged", sleeps)
    with keeper.keep(house.org_id, batch.lease):
        deliver(house.wiring, batch)
    keeper.stop()
    assert house.dropzone.takes == []
    assert house.status(gone) == "ERROR"
    monkeypatch.undo()
    assert delivered(house, house.to_dropzone).attempts[0].order.id == other.id
    assert house.dropzone.takes == [house.export(other).filename]


def test_what_was_noted_as_staged_is_only_renamed(house):
    order = house.pushed(house.to_dropzone)
    house.dropzone.script["publish"] = [InDoubtError("the answer was lost")]
    delivered(house, house.to_dropzone)
    house.clock.forward(house.wiring.lease_seconds + 1)
    batch = delivered(house, house.to_dropzone)
    assert calls(house.dropzone) == ["stage", "publish", "publish"]
    assert isinstance(outcomes(batch)[0], ExportResult)
    assert house.dropzone.takes == [house.export(order).filename]


def test_a_lost_answer_to_staging_leaves_no_doubt(house):
    house.pushed(house.to_dropzone)
    house.dropzone.script["stage"] = [InDoubtError("lost")]
    assert type(outcomes(delivered(house, house.to_dropzone))[0]) is TransientError


def test_one_that_is_refused_stops_no_other(house):
    for _ in range(2):
        house.pushed()
    house.api.script["export"] = [RejectedError("no"), None]
    assert [type(outcome) for outcome in outcomes(delivered(house))] == [RejectedError, ExportResult]


def test_a_connector_that_forgets_an_order_leaves_it_in_doubt(house, monkeypatch):
    for _ in range(2):
        house.pushed()

    def forgets(orders, config):
        yield orders[0].id, ExportResult(True)

    monkeypatch.setattr(house.api, "export_many", forgets)
    first, second = outcomes(delivered(house))
    assert isinstance(first, ExportResult)
    assert isinstance(second, InDoubtError)
    assert second.code == "CONNECTOR_FAULT"


def test_a_failure_that_is_not_said_to_have_done_nothing_is_doubt(house, monkeypatch):
    house.pushed()
    monkeypatch.setattr(house.api, "export", lambda order, config: ExportResult(False, error_message="hm"))
    assert isinstance(outcomes(delivered(house))[0], InDoubtError)


class ByEither(MemoryDropzone):
    """A dropzone that is sent documents by requests, or by files, as its settings say."""

    def stages(self, config):
        return config["mode"] == "files"

    def export(self, draft_order, config):
        self._play("export", draft_order)
        self.takes.append("by a request")
        raise InDoubtError("The answer was lost.")


@pytest.mark.parametrize("in_doubt", ["hold", "resend"])
@pytest.mark.parametrize("ends", [True, False], ids=["settled", "died"])
def test_what_was_sent_by_a_request_and_may_have_arrived_is_no_file_now(house, in_doubt, ends):
    zone = house.connectors["MEMORY_DROPZONE"] = ByEither()
    house.change_connection(house.to_dropzone, config={"mode": "requests"}, in_doubt=in_doubt)
    order = house.pushed(house.to_dropzone)
    batch = claim(house.wiring, house.open(house.to_dropzone), 10)
    deliver(house.wiring, batch)
    if ends:
        settle(house.wiring, batch)
    house.change_connection(house.to_dropzone, config={"mode": "files"})
    for _ in range(3):
        house.clock.forward(5000)
        push_batch(house.wiring, house.org_id, house.to_dropzone)
    assert zone.takes == ["by a request"]
    assert (house.export(order).status, house.export(order).held_at is not None) == ("PENDING", True)
