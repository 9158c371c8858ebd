"""Which of those that may have arrived are sent again; the ways through are told in test_in_doubt.py."""

from dataclasses import replace
from datetime import timedelta

import pytest

from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import ConnectorError, InDoubtError, PerhapsThereError, RejectedError, UnavailableError
from orderflow.flow.delivery.claim import claim
from orderflow.flow.delivery.look import look_again, may_be_sent
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.flow.delivery.settle import settle
from orderflow.flow.order.approve import edit_order
from orderflow.flow.order.hold import hold_order, release_order
from orderflow.flow.ports import Actor
from orderflow.testing.store_in_memory.tables import changed
from tests.unit.flow.conftest import outcomes

ANNA = Actor("anna")


@pytest.fixture
def doubtful(house):
    """Two orders of which nobody knows whether they arrived, a second after they were sent."""
    house.api.lost_answers = 2
    orders = [house.pushed(), house.pushed()]
    for order in orders:
        house.change_export(order, begun_at=house.clock.now(), last_begun_at=house.clock.now())
    house.clock.forward(1)
    return orders


def looked(house):
    batch = claim(house.wiring, house.open(), 10)
    return batch, may_be_sent(house.wiring, batch, batch.attempts, 0.0)


def test_what_was_never_tried_is_sent_unasked(house):
    house.pushed()
    batch, sent = looked(house)
    assert sent == batch.attempts
    assert house.api.calls == []


def test_what_is_there_is_not_sent_and_noted_as_inferred(house, doubtful):
    house.api.taken = [order.id for order in doubtful]
    batch, sent = looked(house)
    assert sent == []
    assert all(isinstance(outcome, ExportResult) and outcome.inferred for outcome in outcomes(batch))


def test_what_is_clearly_not_there_is_sent_and_that_is_committed_first(house, doubtful):
    _, sent = looked(house)
    assert len(sent) == 2
    assert {house.export(order).last_begun_at for order in doubtful} == {house.clock.now()}


@pytest.mark.parametrize("hours", [0, 14])
def test_what_may_be_sent_again_waits_while_it_is_on_hold_and_needs_nobody_to_decide(house, doubtful, hours):
    stays, goes = doubtful
    with house.store.work(house.org_id) as work:
        placed = hold_order(work, stays.id, "checked", ANNA)
    for row in [*house.tables.exports.values()]:
        house.tables.exports[row.id] = changed(row, doubt_since=house.clock.now() - timedelta(hours=hours))
    batch, sent = looked(house)
    assert [attempt.order.id for attempt in sent] == [goes.id]
    settle(house.wiring, batch)
    waits = house.export(stays)
    assert waits.error_json["code"] == "ORDER_ON_HOLD"
    assert (waits.begun_at is not None, waits.held_at, waits.attempts_spent) == (True, None, 0)
    with house.store.work(house.org_id) as work:
        release_order(work, stays.id, ANNA, hold_id=placed.id)
    house.clock.forward(901)
    assert stays.id in [attempt.order.id for attempt in looked(house)[1]]


def led_elsewhere(house):
    """Return an order of which nobody knows whether it arrived where its connection led then."""
    order = house.pushed()
    house.api.script["export"] = [InDoubtError("lost")]
    push_batch(house.wiring, house.org_id, house.to_api)
    house.change_connection(house.to_api, config={"url": "https://another.example"})
    house.clock.forward(5000)
    return order


@pytest.mark.parametrize("in_doubt", ["hold", "resend"])
@pytest.mark.parametrize("finds", [True, False], ids=["asked", "not asked"])
@pytest.mark.parametrize("idempotent", [True, False], ids=["takes it once", "takes all"])
def test_what_another_target_does_not_have_may_be_at_the_former_and_waits_for_a_person(
    house, in_doubt, finds, idempotent
):
    house.api.finds, house.api.idempotent = finds, lambda _: idempotent
    house.change_connection(house.to_api, in_doubt=in_doubt)
    order = led_elsewhere(house)
    for _ in range(5):
        push_batch(house.wiring, house.org_id, house.to_api)
        house.clock.forward(5000)
    row = house.export(order)
    assert (row.status, row.held_at is not None, row.asking) == ("PENDING", True, finds)
    assert [what for what, _ in house.api.calls].count("export") == 1


def test_it_is_sent_again_once_its_connection_leads_there_again(house):
    order = led_elsewhere(house)
    push_batch(house.wiring, house.org_id, house.to_api)
    assert house.export(order).error_json["code"] == "TARGET_CHANGED"
    house.change_connection(house.to_api, config={})
    house.clock.forward(5000)
    push_batch(house.wiring, house.org_id, house.to_api)
    assert house.api.taken == [order.id]


def test_what_the_other_target_has_was_delivered(house):
    order = led_elsewhere(house)
    house.api.taken = [order.id]
    push_batch(house.wiring, house.org_id, house.to_api)
    assert (house.status(order), house.api.taken) == ("CONFIRMED", [order.id])


def test_a_person_may_have_it_sent_where_its_connection_leads_now(house):
    order = led_elsewhere(house)
    push_batch(house.wiring, house.org_id, house.to_api)
    resolve_held(house.store, house.org_id, house.export(order).id, "send_again", ANNA)
    house.api.script["export"] = [InDoubtError("lost")]
    push_batch(house.wiring, house.org_id, house.to_api)
    house.clock.forward(5000)
    push_batch(house.wiring, house.org_id, house.to_api)  # of what was sent there it tells
    assert house.api.taken == [order.id]


def test_what_was_changed_since_is_not_said_to_be_nowhere(house):
    order = led_elsewhere(house)
    with house.work() as work:
        edit_order(work, replace(work.orders.get(order.id), notes="another"), ANNA)
    push_batch(house.wiring, house.org_id, house.to_api)
    assert (house.export(order).status, house.export(order).error_json["code"]) == ("PENDING", "TARGET_CHANGED")


def test_not_there_is_no_answer_yet_while_the_erp_may_be_at_it(house, doubtful):
    house.api.commits_after = 100.0
    batch, sent = looked(house)
    assert sent == []
    assert [attempt.ask_in for attempt in batch.attempts] == [99.0, 99.0]


def test_a_target_that_is_away_is_asked_once(house, doubtful):
    house.api.script["find"] = [UnavailableError("away")]
    batch, sent = looked(house)
    assert (sent, len(house.api.calls)) == ([], 1)
    assert all(isinstance(outcome, UnavailableError) for outcome in outcomes(batch))


@pytest.mark.parametrize(("policy", "sends"), [("hold", 0), ("resend", 2)])
def test_who_cannot_be_asked_is_sent_to_again_only_where_the_connection_says_so(house, doubtful, policy, sends):
    house.api.finds = False
    house.change_connection(house.to_api, in_doubt=policy)
    _, sent = looked(house)
    assert len(sent) == sends


def test_a_refusal_after_doubt_is_no_proof_and_what_is_there_then_is_delivered(house, doubtful):
    batch, _ = looked(house)
    first, second = batch.attempts
    first.outcome, second.outcome = RejectedError("exists"), RejectedError("exists")
    house.api.taken = [first.order.id]
    look_again(batch, batch.attempts)
    assert first.outcome.inferred
    assert isinstance(second.outcome, PerhapsThereError)


def test_a_refusal_that_cannot_be_looked_into_stays_in_doubt(house, doubtful):
    batch, _ = looked(house)
    batch.attempts[0].outcome = RejectedError("exists")
    house.api.script["find"] = [UnavailableError("away")]
    look_again(batch, batch.attempts[:1])
    assert type(batch.attempts[0].outcome) is InDoubtError


@pytest.mark.parametrize(("open_for", "sends"), [(3000, 0), (3601, 2), (None, 2)])
def test_asked_in_vain_is_only_what_could_be_asked(house, doubtful, open_for, sends):
    house.change_connection(house.to_api, in_doubt="resend")
    for row in [*house.tables.exports.values()]:
        house.tables.exports[row.id] = changed(row, doubt_since=house.clock.now() - timedelta(hours=14))
    opened = None if open_for is None else house.clock.now() - timedelta(seconds=open_for)
    house.change_connection(house.to_api, closed_until=opened)
    house.api.script["find"] = [ConnectorError("what?"), ConnectorError("what?")]
    _, sent = looked(house)
    assert len(sent) == sends
