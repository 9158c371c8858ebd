"""Nothing is sent a second time unless it is known not to have arrived: each way there, on the store in memory."""

from __future__ import annotations

import httpx
import pytest

from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import (
    BusyError,
    ConnectorError,
    DocumentChangedError,
    InDoubtError,
    LeaseEndingError,
    NeedsAttentionError,
    PerhapsThereError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.states import BreakerState, OrderStatus
from orderflow.testing.engine import MemoryEngine, an_order
from orderflow.testing.memory import MemoryApi, MemoryDropzone

UNCLEAR = [
    InDoubtError("lost"),
    TransientError("500"),
    ConnectorError("HTML instead of JSON"),
    RejectedError("404"),
    ValueError("a fault of the connector"),
    LeaseEndingError(),
]


def lost(api, **options):
    """Return an engine whose only order was taken, although its answer was lost; and the order."""
    api.lost_answers = 1
    engine, order = MemoryEngine(api, {}, **options), an_order()
    engine.push(order)
    return engine, order


def calls(api):
    return [what for what, _ in api.calls]


def test_what_is_found_was_delivered():
    api = MemoryApi()
    engine, order = lost(api)
    engine.run()
    assert (api.taken, order.status) == ([order.id], OrderStatus.CONFIRMED)


@pytest.mark.parametrize("unclear", UNCLEAR, ids=repr)
def test_an_unclear_answer_sends_nothing_and_rejects_nothing(unclear):
    api = MemoryApi()
    engine, order = lost(api)
    api.script["find"] = [unclear] * 6
    engine.run()
    assert (api.taken, order.status) == ([order.id], OrderStatus.CONFIRMED)
    assert calls(api) == ["export", *["find"] * 7]


@pytest.mark.parametrize("unclear", UNCLEAR[:5], ids=repr)
def test_after_an_hour_of_unclear_answers_it_is_held_and_asked_about_on(unclear):
    api = MemoryApi()
    engine, order = lost(api)
    api.script["find"] = [unclear] * 1000
    engine.run()
    delivered = engine.delivered(order)
    assert (delivered.export.held, order.status, api.taken) == (True, OrderStatus.PUSHING, [order.id])
    assert 3600 <= engine.passed < 3600 + 2 * 900
    assert calls(api).count("find") < 30, "asked ever less often"
    api.script["find"] = []
    engine.wait(900)
    engine.run()
    held = engine.delivered(order).export.held
    assert (order.status, held) == (OrderStatus.CONFIRMED, False), "a clear answer ends the hold"


def test_not_there_counts_only_after_the_time_in_which_the_erp_shows_an_order(monkeypatch):
    api = MemoryApi()
    api.commits_after = 100
    engine, order = lost(api)
    taken, api.taken = api.taken, []  # the ERP is still at it

    find = api.find

    def late(order, config):
        if engine.passed >= 99:
            api.taken = [order.id]
        return find(order, config)

    monkeypatch.setattr(api, "find", late)
    engine.run()
    assert (api.taken, order.status, taken) == ([order.id], OrderStatus.CONFIRMED, [])
    assert calls(api).count("export") == 1


def test_not_there_after_that_time_is_sent_again():
    api = MemoryApi()
    api.commits_after = 100
    engine, order = MemoryEngine(api, {}), an_order()
    api.script["export"] = [InDoubtError("lost on the way there")]
    engine.push(order)
    engine.run()
    assert (api.taken, order.status) == ([order.id], OrderStatus.CONFIRMED)
    assert engine.passed >= 100


def test_a_connection_may_say_another_time():
    api = MemoryApi()
    api.commits_after = 100
    engine, order = MemoryEngine(api, {}, commit_within=700), an_order()
    api.script["export"] = [InDoubtError("lost on the way there")]
    engine.push(order)
    engine.run()
    assert engine.passed >= 700


def test_an_attempt_that_only_asks_leaves_the_time_of_the_last_that_sent(monkeypatch):
    api = MemoryApi()
    api.commits_after = 100
    engine, order = MemoryEngine(api, {}), an_order()
    api.script["export"] = [InDoubtError("lost")]
    api.script["find"] = [TransientError("500")] * 3
    begun, find = [], api.find

    def noting(order, config):
        begun.append(order.delivery.last_begun_at)
        return find(order, config)

    monkeypatch.setattr(api, "find", noting)
    engine.push(order)
    engine.run()
    assert len(set(begun)) == 1
    assert None not in begun


def test_who_cannot_be_asked_waits_for_a_person():
    api = MemoryApi()
    api.finds = False
    engine, order = lost(api)
    engine.run()
    delivered = engine.delivered(order)
    assert (delivered.export.held, delivered.asking, calls(api)) == (True, False, ["export"])


def test_resend_sends_again_as_often_as_it_retries_and_never_fails_in_doubt():
    api = MemoryApi()
    api.finds = False
    engine, order = lost(api, in_doubt="resend", attempts=3)
    api.lost_answers = 99
    engine.run()
    assert len(api.taken) == 3, "this is what the policy says"
    assert (order.status, engine.delivered(order).export.held) == (OrderStatus.PUSHING, True)


def test_a_document_that_was_changed_meanwhile_is_sent_by_no_policy_and_held_at_once():
    api = MemoryApi()
    api.finds = False
    engine, order = lost(api, in_doubt="resend")
    engine.crash()
    documents = engine.store.documents
    documents.put_many([(key, b"something else") for key in documents.contents])
    engine.run()
    delivered = engine.delivered(order)
    assert (api.taken, order.status, delivered.export.held) == ([order.id], OrderStatus.PUSHING, True)
    assert isinstance(delivered.outcomes[-1], DocumentChangedError)


def test_resend_asks_first_where_it_can():
    api = MemoryApi()
    engine, order = lost(api, in_doubt="resend")
    api.script["find"] = [TransientError("500")] * 3
    engine.run()
    assert api.taken == [order.id]


def test_an_erp_that_takes_a_key_once_is_sent_to_again():
    class Idempotent(MemoryApi):
        def idempotent(self, config):
            return True

    api = Idempotent()
    api.finds = False
    engine, order = lost(api)
    engine.run()
    assert (api.taken, order.status) == ([order.id, order.id], OrderStatus.CONFIRMED), "once, by the key"


@pytest.mark.parametrize(
    ("error", "breaker"), [(UnavailableError(), BreakerState.OPEN), (NeedsAttentionError(), BreakerState.PAUSED)]
)
def test_a_target_that_is_away_when_asked_keeps_the_doubt(error, breaker):
    api = MemoryApi()
    engine, order = lost(api)
    api.script["find"] = [error]
    engine.run()
    assert (engine.breaker, order.status) == (breaker, OrderStatus.PUSHING)
    engine.test()
    engine.run()
    assert (api.taken, order.status) == ([order.id], OrderStatus.CONFIRMED)


def test_a_refusal_of_what_may_have_arrived_before_is_no_refusal():
    api = MemoryApi()
    api.finds = False
    engine, order = lost(api, in_doubt="resend")
    api.script["export"] = [None, RejectedError("there already")]
    engine.run()
    assert (order.status, len(api.taken)) != (OrderStatus.ERROR, 1)


class Forgetful(MemoryApi):
    """Does not find an order that it has, and refuses it in words that only its readers know."""

    def __init__(self, refusal, shows_from=99):
        super().__init__()
        self.refusal, self.shows_from = refusal, shows_from

    def export(self, draft_order, config):
        if draft_order.id in self.taken:
            self.calls.append(("export", draft_order.id))
            raise self.refusal
        return super().export(draft_order, config)

    def find(self, draft_order, config):
        found = super().find(draft_order, config)
        return found if calls(self).count("find") >= self.shows_from else None


REFUSALS = [
    RejectedError("Auftragsnummer bereits vergeben"),
    RejectedError("conflict", details={"status": 409}),
    RejectedError("422"),
    PerhapsThereError("it says that it knows it"),
]


@pytest.mark.parametrize("policy", ["hold", "resend"])
@pytest.mark.parametrize("refusal", REFUSALS, ids=repr)
def test_what_is_refused_after_it_may_have_arrived_is_held_and_sent_no_more(refusal, policy):
    api = Forgetful(refusal)
    engine, order = lost(api, in_doubt=policy)
    engine.run()
    export = engine.delivered(order).export
    assert (api.taken, order.status, export.held) == ([order.id], OrderStatus.PUSHING, True)
    assert calls(api) == ["export", "find", "export", "find"], "asked before and after"
    assert (export.error["code"], refusal.message in export.error["message"]) == ("PERHAPS_THERE", True)
    engine.wait(7200)
    engine.run()
    assert calls(api).count("export") == 2


@pytest.mark.parametrize("refusal", REFUSALS, ids=repr)
def test_a_refusal_has_it_looked_for_once_more(refusal):
    api = Forgetful(refusal, shows_from=2)
    engine, order = lost(api)
    engine.run()
    assert (api.taken, order.status) == ([order.id], OrderStatus.CONFIRMED)
    assert engine.delivered(order).outcomes[-1].inferred


def test_a_refusal_and_then_no_answer_is_asked_about_again():
    api = Forgetful(RejectedError("taken"), shows_from=4)
    engine, order = lost(api)
    api.script["find"] = [None, TransientError("500"), RejectedError("404")]
    engine.run()
    assert (api.taken, order.status) == ([order.id], OrderStatus.CONFIRMED)
    assert calls(api) == ["export", "find", "export", "find", "find", "find"]


def test_a_later_attempt_that_goes_wrong_says_nothing_about_the_earlier_one():
    api = Forgetful(RejectedError("taken"))
    engine, order = lost(api)
    api.refusal = TransientError("not now")
    engine.run()
    assert (api.taken, order.status) == ([order.id], OrderStatus.PUSHING)
    assert engine.delivered(order).export.held


def test_the_first_refusal_of_all_is_one():
    api = MemoryApi()
    engine, order = MemoryEngine(api, {}), an_order()
    api.script["export"] = [TransientError("nothing was done"), RejectedError("taken")]
    engine.push(order)
    engine.run()
    assert (api.taken, order.status) == ([], OrderStatus.ERROR)


@pytest.mark.parametrize("arrived", [True, False])
def test_a_result_without_success_says_nothing_about_what_the_erp_did(arrived):
    class Reporting(MemoryApi):
        """Says as a result what went wrong, whenever that was."""

        def export(self, draft_order, config):
            if arrived:
                super().export(draft_order, config)
            return ExportResult(success=False, error_message="read timed out")

    api = Reporting()
    engine, order = MemoryEngine(api, {}), an_order()
    api.finds = arrived
    engine.push(order)
    engine.run()
    assert len(api.taken) == int(arrived)
    assert order.status is (OrderStatus.CONFIRMED if arrived else OrderStatus.PUSHING)
    (outcome, *_) = engine.delivered(order).outcomes
    assert isinstance(outcome, InDoubtError)
    assert "read timed out" in outcome.message


def test_a_result_that_says_that_nothing_was_done_is_tried_again():
    class Sure(MemoryApi):
        def export(self, draft_order, config):
            if not self.calls:
                self.calls.append(("export", draft_order.id))
                return ExportResult(success=False, error_message="queue full", nothing_done=True)
            return super().export(draft_order, config)

    api = Sure()
    engine, order = MemoryEngine(api, {}), an_order()
    engine.push(order)
    engine.run()
    assert (calls(api), order.status) == (["export", "export"], OrderStatus.CONFIRMED)


class Careless(MemoryApi):
    """As the specification's example does: whatever happened is a ConnectorError."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def export(self, draft_order, config):
        try:
            result = super().export(draft_order, config)
            if self.inner:
                raise self.inner.pop()  # noqa: TRY301  # as a library does
        except Exception as e:  # noqa: BLE001  # as in the specification
            raise ConnectorError(f"MyERP export failed: {e}")  # noqa: B904  # as in the specification
        return result


@pytest.mark.parametrize("inner", [httpx.ReadTimeout("t"), KeyError("id"), TimeoutError(), ConnectionResetError()])
def test_an_error_raised_from_a_lost_answer_is_doubt(inner):
    api = Careless([inner])
    engine, order = MemoryEngine(api, {}), an_order()
    engine.push(order)
    engine.run()
    assert (api.taken, order.status) == ([order.id], OrderStatus.CONFIRMED)


def test_an_error_raised_from_a_refused_connection_is_tried_again():
    class Refused(MemoryApi):
        def export(self, draft_order, config):
            try:
                if not self.calls:
                    self.calls.append(("refused", draft_order.id))
                    raise ConnectionRefusedError(111, "refused")  # as a library does
                return super().export(draft_order, config)
            except OSError as e:
                raise ConnectorError(f"MyERP export failed: {e}")  # noqa: B904  # as in the specification

    api = Refused()
    engine, order = MemoryEngine(api, {}), an_order()
    engine.push(order)
    engine.run()
    assert (api.taken, calls(api)) == ([order.id], ["refused", "export"])


def test_a_busy_target_rests_with_all_its_orders_and_nothing_is_spent():
    api = MemoryApi()
    engine, orders = MemoryEngine(api, {}, attempts=1), [an_order() for _ in range(5)]
    api.script["export"] = [BusyError("429", rests_for=40)]
    engine.push(*orders)
    engine.run()
    assert sorted(api.taken) == sorted(order.id for order in orders)
    assert calls(api).count("export") == 6, "the others were not tried"
    assert engine.passed >= 40
    assert [entry["action"] for entry in engine.store.tables.audit].count("CONNECTION_RESTS") == 1


def test_a_503_rests_the_target_and_leaves_the_order_in_doubt():
    api = MemoryApi()
    engine, order = lost(api)
    api.script["export"] = [InDoubtError("503", rests_for=20)]
    engine.run()
    assert calls(api) == ["export", "find", "export", "find"]
    assert (api.taken, order.status) == ([order.id], OrderStatus.CONFIRMED)


def test_what_is_staged_is_only_renamed_again_and_held_after_an_hour():
    zone = MemoryDropzone()
    engine, order = MemoryEngine(zone, {}), an_order()
    zone.script["publish"] = [InDoubtError("no answer", code="PUBLISH_UNKNOWN")] * 1000
    engine.push(order)
    engine.run()
    delivered = engine.delivered(order)
    assert (delivered.export.held, delivered.asking, calls(zone).count("stage")) == (True, True, 1)
    assert calls(zone).count("publish") < 30
    zone.script["publish"] = []
    engine.wait(900)
    engine.run()
    assert (order.status, len(zone.takes), engine.delivered(order).export.held) == (OrderStatus.PUSHED, 1, False)


def test_a_connector_that_breaks_while_it_stages_leaves_no_doubt():
    zone = MemoryDropzone()
    engine, order = MemoryEngine(zone, {}), an_order()
    zone.script["stage"] = [ValueError("a fault")]
    engine.push(order)
    engine.run()
    assert (order.status, len(zone.takes)) == (OrderStatus.PUSHED, 1)


def test_an_answer_that_is_neither_yes_nor_no_is_no_answer(monkeypatch):
    api = MemoryApi()
    engine, order = lost(api)
    monkeypatch.setattr(api, "find", lambda order, config: ExportResult(success=False))
    engine.run()
    assert (api.taken, engine.delivered(order).export.held) == ([order.id], True)
