"""The conformance suite finds what it looks for: a connector broken in each way fails the test for that way."""

import inspect
import itertools
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest
import structlog
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from orderflow import (
    BaseConnector,
    ConnectorError,
    Document,
    ExportResult,
    NeedsAttentionError,
    Preview,
    RejectedError,
    TestResult,
    TransientError,
)
from orderflow.connectors.mock import MockConnector
from orderflow.domain.connector_port import Staged
from orderflow.domain.document import export_document
from orderflow.testing import conformance
from orderflow.testing.conformance import ConnectorConformance
from orderflow.testing.engine import an_order

SECRET, WRONG = "s3cret-pass", "wr0ng-pass"
SETTINGS = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Config(BaseModel):
    model_config = SETTINGS
    password: SecretStr = Field(title="Password", description="The account's.")


class Sound(BaseConnector):
    """Takes each delivery once, into a dictionary; refuses orders with the note REFUSE."""

    connector_type = "SOUND"
    display_name = "Sound"
    config_model: ClassVar = Config
    capabilities: ClassVar = frozenset({"find"})

    def __init__(self):
        self.taken = {}

    def export(self, draft_order, config):
        self.check(config)
        if draft_order.notes == "REFUSE":
            raise RejectedError("No.")
        if not draft_order.delivery.may_start():
            raise TransientError("Too late.", code="LEASE_ENDING")
        self.taken[draft_order.delivery.export_id] = self.document(draft_order, config).content
        return ExportResult(success=True, connector_metadata={"size": 1})

    def find(self, draft_order, config):
        return ExportResult(success=True) if draft_order.delivery.export_id in self.taken else None

    def test_connection(self, config):
        try:
            self.check(config)
        except ConnectorError as error:
            return self.failed_test(error)
        return self.build_test_result(True)

    def check(self, config):
        if self.entered(config) != SECRET:
            raise NeedsAttentionError("The password is wrong.", code="AUTH_FAILED")

    def entered(self, config):
        return self.parse(config).password.get_secret_value()

    @staticmethod
    def config(password):
        return {"password": password}


class Nested(Sound):
    """The same with a configuration in parts."""

    class config_model(BaseModel):  # noqa: N801  # it takes the attribute's place
        model_config = SETTINGS
        accounts: list[Config] = Field(title="Accounts", description="The first is used.")

    def entered(self, config):
        return self.parse(config).accounts[0].password.get_secret_value()

    @staticmethod
    def config(password):
        return {"accounts": [{"password": password}]}


class Staging(Sound):
    """The same in two steps."""

    def __init__(self):
        super().__init__()
        self.staged = {}

    def stages(self, config):
        return True

    def stage_many(self, draft_orders, config):
        for order in draft_orders:
            try:
                self.check(config)
            except ConnectorError as error:
                yield order.id, error
                continue
            if order.notes == "REFUSE":
                yield order.id, RejectedError("No.")
                continue
            path = f"{order.id}.{order.delivery.token}.tmp"
            self.staged[path] = order
            yield order.id, Staged(order, path)

    def publish_many(self, staged, config):
        for item in staged:
            order = self.staged.pop(item.path, None)
            if order is not None:
                self.taken[order.delivery.export_id] = b""
            yield item.order.id, ExportResult(success=True, connector_metadata={} if order else {"inferred": True})


def failing(connector_class, only=""):
    """Run the suite, or one test of it, over a connector; returns the names of the tests that failed."""

    class Suite(ConnectorConformance):
        pass

    Suite.connector_class = connector_class
    failed = set()
    for name, test in inspect.getmembers(Suite(), inspect.ismethod):
        if name.startswith(f"test_{only}"):
            connector = connector_class()
            given = {
                "connector": connector,
                "good_config": connector_class.config(SECRET),
                "bad_config": connector_class.config(WRONG),
                "arrived": lambda taken=connector.taken: taken,
                "refused_order": an_order(notes="REFUSE"),
            }
            try:
                test(**{key: given[key] for key in inspect.signature(test).parameters})
            except BaseException as error:  # pytest.fail raises no Exception, and a crash is a finding too
                if isinstance(error, KeyboardInterrupt):
                    raise
                failed.add(name.removeprefix("test_"))
    return failed


@pytest.mark.parametrize("connector_class", [Sound, Nested, Staging])
def test_a_sound_connector_passes_everything(connector_class):
    assert failing(connector_class) == set()


class NoType(Sound):
    connector_type = "no type"


class NoName(Sound):
    display_name = " "


class NoModel(Sound):
    config_model = None  # type: ignore[assignment]  # its parent has one

    def entered(self, config):
        return config.get("password")


class NoHelp(Sound):
    class config_model(BaseModel):  # noqa: N801  # it takes the attribute's place
        model_config = SETTINGS
        password: SecretStr


class NoTitle(Sound):
    class config_model(BaseModel):  # noqa: N801  # as above
        model_config = SETTINGS
        password: SecretStr = Field(title="", description="The account's.")


class OpenSecret(Sound):
    class config_model(BaseModel):  # noqa: N801  # as above
        model_config = SETTINGS
        password: str = Field(title="Password", description="The account's.")

    def entered(self, config):
        return self.parse(config).password


class NestedNoHelp(Nested):
    class config_model(BaseModel):  # noqa: N801  # as above
        model_config = SETTINGS
        accounts: list[NoHelp.config_model] = Field(title="Accounts", description="The first is used.")


class NestedOpenSecret(Nested):
    class config_model(BaseModel):  # noqa: N801  # as above
        model_config = SETTINGS
        accounts: list[OpenSecret.config_model] = Field(title="Accounts", description="The first is used.")

    def entered(self, config):
        return self.parse(config).accounts[0].password


class NestedTells(Nested):
    def test_connection(self, config):
        return self.build_test_result(self.entered(config) == SECRET, f"tried {config}")


class AnyField(Sound):
    class config_model(Config):  # noqa: N801  # as above
        model_config = ConfigDict(extra="ignore")


class AlwaysFine(Sound):
    def test_connection(self, config):
        return TestResult(success=True, error_message="All is well.")


class NeverFine(Sound):
    def test_connection(self, config):
        return TestResult(success=False, error_message="no")


class BareYes(Sound):
    def test_connection(self, config):
        return super().test_connection(config).success


class NoTimeAtAll(Sound):
    def test_connection(self, config):
        result = super().test_connection(config)
        result.latency_ms = -1
        return result


class OddReason(Sound):
    def test_connection(self, config):
        result = super().test_connection(config)
        result.details = {"connector": self}
        return result


class RaisesInTest(Sound):
    def test_connection(self, config):
        self.check(config)
        return TestResult(success=True)


class NoReason(Sound):
    def test_connection(self, config):
        return TestResult(super().test_connection(config).success)


class NewNameEachTime(Sound):
    numbers = itertools.count()

    def render(self, draft_order, config):
        return Document(f"{next(self.numbers)}.json", export_document(draft_order).content, "application/json", "1")


class NameIsAPath(Sound):
    def render(self, draft_order, config):
        return Document("../x.json", export_document(draft_order).content, "application/json", "1")


class FloatQuantities(Sound):
    def render(self, draft_order, config):
        line = draft_order.lines[0]
        return Document("x.txt", f"{float(line.qty)} {line.unit_price}".encode(), "text/plain", "1")


class FloatPrices(Sound):
    def render(self, draft_order, config):
        line = draft_order.lines[0]
        return Document("x.txt", f"{line.qty} {float(line.unit_price)}".encode(), "text/plain", "1")


class Ascii(Sound):
    def render(self, draft_order, config):
        document = export_document(draft_order)
        document.content = document.content.decode().encode("ascii", "replace")
        return document


class PreviewSends(Sound):
    def preview(self, draft_order, config):
        self.export(draft_order, config)
        return super().preview(draft_order, config)


class ShowsAnother(Sound):
    def preview(self, draft_order, config):
        return super().preview(an_order(), config)


class OddHeaders(Sound):
    def preview(self, draft_order, config):
        return Preview(self.document(draft_order, config), headers={"X-Order": draft_order.id})


class Forgets(Sound):
    def export(self, draft_order, config):
        self.check(config)
        return ExportResult(success=True)


class SaysNoQuietly(Sound):
    def export(self, draft_order, config):
        super().export(draft_order, config)
        return ExportResult(success=False)


class OddFacts(Sound):
    def export(self, draft_order, config):
        super().export(draft_order, config)
        return ExportResult(success=True, connector_metadata={"order": draft_order})


class NumberOnly(Sound):
    def export(self, draft_order, config):
        super().export(draft_order, config)
        return "SO-1"


class OneSeemsToFail(Sound):
    def export_many(self, draft_orders, config):
        *others, (last, _) = super().export_many(draft_orders, config)
        yield from others
        yield last, TransientError("Not today.")


class LeavesOut(Sound):
    def export_many(self, draft_orders, config):
        yield from list(super().export_many(draft_orders, config))[1:]


class OneFailsAll(Sound):
    def export_many(self, draft_orders, config):
        for order in draft_orders:
            yield order.id, self.export(order, config)


class CutsLines(Sound):
    def render(self, draft_order, config):
        draft_order.lines = draft_order.lines[:100]
        return export_document(draft_order)


class ForgetsLongOnes(Sound):
    def export(self, draft_order, config):
        return ExportResult(len(draft_order.lines) < 100 or bool(self.parse(config)))


class SaysNoToLongOnes(Sound):
    def export(self, draft_order, config):
        result = super().export(draft_order, config)
        result.success = len(draft_order.lines) < 100
        return result


class Doubles(Sound):
    def export(self, draft_order, config):
        result = super().export(draft_order, config)
        self.taken[len(self.taken)] = b""
        return result


class ForgetsWhatItSent(Sound):
    """Neither finds nor recognises a delivery."""

    def export(self, draft_order, config):
        super().export(draft_order, config)
        self.taken[len(self.taken)] = self.taken.pop(draft_order.delivery.export_id)
        return ExportResult(success=True)


class RefusesWhatItHas(Sound):
    """Takes each delivery once, but says so by refusing the order."""

    def export(self, draft_order, config):
        if draft_order.delivery.export_id in self.taken:
            raise RejectedError("There is such an order already.")
        return super().export(draft_order, config)

    def find(self, draft_order, config):
        return None


class StagesNothing(Staging):
    def stage_many(self, draft_orders, config):
        for order in draft_orders:
            yield order.id, TransientError("Not today.")


class StagesInPlace(Staging):
    def stage_many(self, draft_orders, config):
        for order_id, staged in super().stage_many(draft_orders, config):
            self.taken[order_id] = b""
            yield order_id, staged


class PublishesNothing(Staging):
    def publish_many(self, staged, config):
        for item in staged:
            yield item.order.id, TransientError("Not today.")


class PublishesOnlyOnce(Staging):
    def publish_many(self, staged, config):
        for item in staged:
            there = item.path in self.staged
            yield from super().publish_many([item], config) if there else [(item.order.id, TransientError("Gone."))]


class PublishesAirOnly(Staging):
    def publish_many(self, staged, config):
        for outcome in super().publish_many(staged, config):
            self.taken.clear()
            yield outcome


class NeverInfers(Staging):
    def publish_many(self, staged, config):
        for order_id, _ in super().publish_many(staged, config):
            yield order_id, ExportResult(success=True)


class PublishesTwice(Staging):
    def publish_many(self, staged, config):
        for item in staged:
            self.taken[len(self.taken)] = b""
            yield item.order.id, ExportResult(success=True)


class DeliversAnyway(Sound):
    def export(self, draft_order, config):
        return ExportResult(success=True)


class SendsManyAnyway(Sound):
    def export_many(self, draft_orders, config):
        for order in draft_orders:
            yield order.id, ExportResult(success=True)


class BlamesTheOrder(Sound):
    def export_many(self, draft_orders, config):
        for order_id, outcome in super().export_many(draft_orders, config):
            yield order_id, RejectedError(outcome.message) if isinstance(outcome, ConnectorError) else outcome


class Silent(Sound):
    def check(self, config):
        if self.entered(config) != SECRET:
            raise NeedsAttentionError(" ")


class OddCode(Sound):
    def check(self, config):
        if self.entered(config) != SECRET:
            raise NeedsAttentionError("The password is wrong.", code="auth failed")


class OddDetails(Sound):
    def check(self, config):
        if self.entered(config) != SECRET:
            raise NeedsAttentionError("The password is wrong.", details={"connector": self})


class Unsorted(Sound):
    def check(self, config):
        try:
            super().check(config)
        except NeedsAttentionError:
            raise ConnectorError("It did not work.") from None


class ForeignError(Sound):
    def check(self, config):
        if self.entered(config) != SECRET:
            raise OSError("connection refused")


class NoHint(Sound):
    def check(self, config):
        if self.entered(config) != SECRET:
            raise NeedsAttentionError("The password is wrong.", hint=" ")


class RefusesVaguely(Sound):
    def export(self, draft_order, config):
        if draft_order.notes == "REFUSE":
            raise TransientError("No.")
        return super().export(draft_order, config)


class RefusesTooMuch(Sound):
    def export(self, draft_order, config):
        super().export(draft_order, config)
        raise RejectedError("No.")


class DoublesAfterARefusal(Sound):
    def export(self, draft_order, config):
        if draft_order.notes == "REFUSE":
            self.taken["refused"] = b""
        return super().export(draft_order, config)


class TellsInError(Sound):
    def check(self, config):
        password = self.parse(config).password.get_secret_value()
        if password != SECRET:
            raise NeedsAttentionError(f"The password {password} is wrong.")


class TellsInHint(Sound):
    def export(self, draft_order, config):
        if config["password"] != SECRET:
            raise NeedsAttentionError("It is wrong.", hint=f"Is it {config['password']}?")
        return super().export(draft_order, config)


class TellsInDetails(Sound):
    def export(self, draft_order, config):
        if config["password"] != SECRET:
            raise NeedsAttentionError("It is wrong.", details={"sent": config})
        return super().export(draft_order, config)


class TellsInTest(Sound):
    def test_connection(self, config):
        return self.build_test_result(config["password"] == SECRET, f"tried {config}")


class TellsInPreview(Sound):
    def preview(self, draft_order, config):
        return Preview(self.document(draft_order, config), headers={"Authorization": config["password"]})


class TellsInRepr(Sound):
    class config_model(BaseModel):  # noqa: N801  # as above
        model_config = SETTINGS
        password: str = Field(title="Password", description="The account's.", json_schema_extra={"writeOnly": True})

    def entered(self, config):
        return self.parse(config).password


class TellsInOwnLog(Sound):
    def export(self, draft_order, config):
        structlog.get_logger("acme").debug("sending", config=config)
        return super().export(draft_order, config)


class TellsInFacts(Sound):
    def export(self, draft_order, config):
        super().export(draft_order, config)
        return ExportResult(success=True, connector_metadata={"url": f"ftp://me:{config['password']}@erp"})


class TellsInLog(Sound):
    def export(self, draft_order, config):
        logging.getLogger("acme").debug("config is %s", config)
        return super().export(draft_order, config)


class ChangesConfig(Sound):
    def export(self, draft_order, config):
        result = super().export(draft_order, config)
        config["seen"] = True
        config.pop("seen") if draft_order.notes == "REFUSE" else None
        return result


class IgnoresLease(Sound):
    def export_many(self, draft_orders, config):
        for order in draft_orders:
            order.delivery.lease = None
        yield from super().export_many(draft_orders, config)


class GoesOn(Sound):
    def export_many(self, draft_orders, config):
        pool = ThreadPoolExecutor(1)
        futures = [pool.submit(self.slowly, order, config) for order in draft_orders]
        pool.shutdown(wait=False)
        for order, future in zip(draft_orders, futures, strict=True):
            try:
                yield order.id, future.result()
            except ConnectorError as error:
                yield order.id, error

    def slowly(self, order, config):
        time.sleep(0.02)
        return self.export(order, config)


class OneAtATime(Sound):
    """Keeps the order that it works on in itself."""

    def export(self, draft_order, config):
        self.order = draft_order
        time.sleep(0.001)
        return super().export(self.order, config)


class BusyWithAnother(Sound):
    """Takes what comes while it is busy, and says that it did not."""

    def __init__(self):
        super().__init__()
        self.busy = False

    def export(self, draft_order, config):
        was_busy, self.busy = self.busy, True
        time.sleep(0.001)
        super().export(draft_order, config)
        self.busy = False
        return ExportResult(success=not was_busy)


class PutsAwayNothingBadly(Sound):
    def finish_acks(self, acks, config):
        return acks[0]


class SlowToFail(Sound):
    def test_connection(self, config):
        time.sleep(0.1)
        return super().test_connection(config)


class SlowToEnd(Sound):
    def export_many(self, draft_orders, config):
        try:
            yield from super().export_many(draft_orders, config)
        finally:
            time.sleep(0.1)


class AnswersUnasked(Sound):
    def poll_acks(self, config, waiting):
        return iter(["an answer"])


@pytest.mark.parametrize(
    ("broken", "found_by"),
    [
        (NoType, "it_has_a_type_and_a_name"),
        (NoName, "it_has_a_type_and_a_name"),
        (NoModel, "every_field_of_the_configuration_explains_itself"),
        (NoHelp, "every_field_of_the_configuration_explains_itself"),
        (NoTitle, "every_field_of_the_configuration_explains_itself"),
        (NestedNoHelp, "every_field_of_the_configuration_explains_itself"),
        (NestedOpenSecret, "what_sounds_like_a_secret_is_marked_as_one"),
        (OpenSecret, "what_sounds_like_a_secret_is_marked_as_one"),
        (AnyField, "a_field_that_nobody_knows_is_refused"),
        (NeverFine, "a_good_connection_passes_its_test"),
        (BareYes, "a_good_connection_passes_its_test"),
        (NoTimeAtAll, "a_good_connection_passes_its_test"),
        (AlwaysFine, "a_bad_connection_fails_its_test_and_says_why"),
        (RaisesInTest, "a_bad_connection_fails_its_test_and_says_why"),
        (NoReason, "a_bad_connection_fails_its_test_and_says_why"),
        (OddReason, "a_bad_connection_fails_its_test_and_says_why"),
        (NewNameEachTime, "the_same_delivery_has_the_same_name_and_bytes"),
        (NameIsAPath, "the_same_delivery_has_the_same_name_and_bytes"),
        (FloatQuantities, "numbers_are_exact"),
        (FloatPrices, "numbers_are_exact"),
        (Ascii, "text_arrives_as_it_was_written_or_the_order_is_refused"),
        (PreviewSends, "a_preview_shows_the_document_and_sends_nothing"),
        (ShowsAnother, "a_preview_shows_the_document_and_sends_nothing"),
        (OddHeaders, "a_preview_shows_the_document_and_sends_nothing"),
        (Forgets, "an_order_arrives"),
        (SaysNoQuietly, "an_order_arrives"),
        (OddFacts, "an_order_arrives"),
        (NumberOnly, "an_order_arrives"),
        (LeavesOut, "many_orders_arrive_with_one_outcome_each"),
        (Doubles, "many_orders_arrive_with_one_outcome_each"),
        (OneSeemsToFail, "many_orders_arrive_with_one_outcome_each"),
        (CutsLines, "an_order_of_500_lines_arrives_whole"),
        (ForgetsLongOnes, "an_order_of_500_lines_arrives_whole"),
        (SaysNoToLongOnes, "an_order_of_500_lines_arrives_whole"),
        (ForgetsWhatItSent, "a_worker_that_dies_after_delivering_doubles_nothing"),
        (RefusesWhatItHas, "a_worker_that_dies_after_delivering_doubles_nothing"),
        (StagesNothing, "what_is_staged_has_not_arrived_and_is_published_once"),
        (StagesInPlace, "what_is_staged_has_not_arrived_and_is_published_once"),
        (PublishesNothing, "what_is_staged_has_not_arrived_and_is_published_once"),
        (PublishesOnlyOnce, "what_is_staged_has_not_arrived_and_is_published_once"),
        (PublishesAirOnly, "what_is_staged_has_not_arrived_and_is_published_once"),
        (NeverInfers, "what_is_staged_has_not_arrived_and_is_published_once"),
        (PublishesTwice, "what_is_staged_has_not_arrived_and_is_published_once"),
        (Unsorted, "a_failure_is_sorted_by_what_follows"),
        (ForeignError, "a_failure_is_sorted_by_what_follows"),
        (NoHint, "a_failure_is_sorted_by_what_follows"),
        (OneFailsAll, "a_failure_is_sorted_by_what_follows"),
        (LeavesOut, "a_failure_is_sorted_by_what_follows"),
        (DeliversAnyway, "a_failure_is_sorted_by_what_follows"),
        (SendsManyAnyway, "a_failure_is_sorted_by_what_follows"),
        (BlamesTheOrder, "a_failure_is_sorted_by_what_follows"),
        (Silent, "a_failure_is_sorted_by_what_follows"),
        (OddCode, "a_failure_is_sorted_by_what_follows"),
        (OddDetails, "a_failure_is_sorted_by_what_follows"),
        (OneFailsAll, "a_refused_order_does_not_stop_the_others"),
        (RefusesVaguely, "a_refused_order_does_not_stop_the_others"),
        (RefusesTooMuch, "a_refused_order_does_not_stop_the_others"),
        (DoublesAfterARefusal, "a_refused_order_does_not_stop_the_others"),
        (TellsInError, "no_secret_is_in_anything_that_is_shown"),
        (TellsInFacts, "no_secret_is_in_anything_that_is_shown"),
        (TellsInLog, "no_secret_is_in_anything_that_is_shown"),
        (TellsInOwnLog, "no_secret_is_in_anything_that_is_shown"),
        (NestedTells, "no_secret_is_in_anything_that_is_shown"),
        (TellsInHint, "no_secret_is_in_anything_that_is_shown"),
        (TellsInDetails, "no_secret_is_in_anything_that_is_shown"),
        (TellsInTest, "no_secret_is_in_anything_that_is_shown"),
        (TellsInPreview, "no_secret_is_in_anything_that_is_shown"),
        (TellsInRepr, "no_secret_is_in_anything_that_is_shown"),
        (ChangesConfig, "the_configuration_is_left_as_it_was"),
        (IgnoresLease, "a_worker_whose_lease_is_lost_starts_nothing"),
        (GoesOn, "a_batch_that_is_cancelled_ends_soon"),
        (OneAtATime, "many_threads_may_use_it_at_once"),
        (BusyWithAnother, "many_threads_may_use_it_at_once"),
        (AnswersUnasked, "polling_with_nothing_to_answer_gives_nothing"),
        (PutsAwayNothingBadly, "polling_with_nothing_to_answer_gives_nothing"),
    ],
)
def test_a_broken_connector_fails_the_test_for_it(broken, found_by):
    assert failing(broken, found_by) == {found_by}


@pytest.mark.parametrize(
    ("slow", "found_by"),
    [
        (SlowToFail, "a_bad_connection_fails_its_test_and_says_why"),
        (SlowToEnd, "a_batch_that_is_cancelled_ends_soon"),
    ],
)
def test_one_that_takes_too_long_fails_the_test_for_it(slow, found_by, monkeypatch):
    monkeypatch.setattr(conformance, "SLOWEST_TEST", 0.05)
    assert failing(slow, found_by) == {found_by}


def test_every_test_of_the_suite_has_a_connector_that_fails_it():
    marks = test_a_broken_connector_fails_the_test_for_it.pytestmark
    named = {found_by for mark in marks if mark.name == "parametrize" for _, found_by in mark.args[1]}
    tests = {name.removeprefix("test_") for name in dir(ConnectorConformance) if name.startswith("test_")}
    assert named == tests


def test_a_suite_without_a_configuration_says_what_it_needs():
    fixture = ConnectorConformance.good_config
    function = getattr(fixture, "__wrapped__", None) or fixture._get_wrapped_function()
    with pytest.raises(pytest.fail.Exception, match="needs a fixture good_config"):
        function(ConnectorConformance())


class TestMock(ConnectorConformance):
    connector_class = MockConnector

    @pytest.fixture
    def good_config(self):
        return {"mode": "success"}

    @pytest.fixture
    def bad_config(self):
        return {"mode": "attention"}
