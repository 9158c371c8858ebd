"""MOCK: a connector without an ERP, for tests and for trying things out; and the shortest example of one."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from orderflow.connectors.base import BaseConnector
from orderflow.domain.delivery import Delivery, ExportResult, TestResult
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind

Mode = Literal["success", "failure", "timeout", "flaky", "slow", "rejected", "unavailable", "attention", "in_doubt"]

Recall = Literal["given_back", "too_late", "refused", "failure", "unavailable", "in_doubt"]
Change = Literal["taken", "too_late", "refused", "failure", "unavailable", "in_doubt", "not_asked"]

LONGEST_DELAY = 10.0
"""Seconds that one order takes at most, whatever is configured: it holds a thread of the worker."""


_BEHAVIOUR: JsonDict = {"destination": False}
"""It leads to nobody, however it behaves."""


class MockConfig(BaseModel):
    """How the mock behaves."""

    model_config = ConfigDict(extra="forbid", title="Mock")

    mode: Mode = Field(
        "success", title="Behaviour", description="What happens to every order.", json_schema_extra=_BEHAVIOUR
    )
    recall: Recall = Field(
        "given_back", title="Recalls", description="What happens to every recall.", json_schema_extra=_BEHAVIOUR
    )
    change: Change = Field(
        "taken",
        title="Changes",
        description="What happens to every change of an order. not_asked: this ERP takes no changes.",
        json_schema_extra=_BEHAVIOUR,
    )
    fail_times: int = Field(
        2,
        ge=0,
        title="Failures",
        description="flaky: attempts of each order that fail first.",
        json_schema_extra=_BEHAVIOUR,
    )
    delay_seconds: float = Field(
        0.0,
        ge=0,
        le=60,
        title="Delay",
        description="slow, timeout: seconds that it takes.",
        json_schema_extra=_BEHAVIOUR,
    )


class MockConnector(BaseConnector):
    """Takes every order and keeps none."""

    connector_type: ClassVar[str] = "MOCK"
    display_name: ClassVar[str] = "Mock (for tests)"
    config_model: ClassVar[type[BaseModel]] = MockConfig

    def __init__(self) -> None:
        self._attempts: Counter[UUID] = Counter()
        self._lock = threading.Lock()

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Succeed or fail as `config["mode"]` says.

        Raises:
            ConnectorError: In every mode but `success`, `slow`, and `flaky` after its failures.
        """
        settings = self.parse(config)
        if draft_order.delivery.kind is Kind.CHANGE:
            return _changed(settings.change, draft_order.delivery)
        if settings.mode in ("slow", "timeout"):
            time.sleep(min(settings.delay_seconds, LONGEST_DELAY))
        if error := self._error(settings, draft_order.delivery.export_id):
            raise error
        return ExportResult(
            success=True, export_id=draft_order.delivery.export_id, connector_metadata={"mode": settings.mode}
        )

    def kinds(self, config: dict[str, Any]) -> frozenset[Kind]:
        """Return all kinds, or all but changes."""
        changes = self.parse(config).change != "not_asked"
        return frozenset(Kind) if changes else frozenset({Kind.ORDER, Kind.RECALL})

    def takes_back(self, config: dict[str, Any]) -> bool:
        """Return True: it plays an ERP that gives orders back, or does not."""
        return True

    def take_back(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Give the order back, as `config["recall"]` says. Raises ConnectorError if it does not."""
        settings = self.parse(config)
        if error := _kept(settings.recall):
            raise error
        return ExportResult(True, draft_order.delivery.export_id, connector_metadata={"recall": settings.recall})

    def test_connection(self, config: dict[str, Any]) -> TestResult:
        """Pass in the modes that deliver, fail in the others."""
        with self.measure_latency("test") as timer:
            try:
                settings = self.parse(config)
                error = None if settings.mode == "flaky" else self._error(settings, None)
            except ConnectorError as problem:
                error = problem
        return (
            self.failed_test(error, timer.latency_ms) if error else self.build_test_result(True, None, timer.latency_ms)
        )

    def _error(self, settings: MockConfig, export_id: UUID | None) -> ConnectorError | None:
        match settings.mode:
            case "failure":
                return ConnectorError("The mock fails, as it was told to.", code="MOCK_FAILURE")
            case "timeout":
                return TransientError("The mock did not answer in time.", code="TIMEOUT")
            case "rejected":
                return RejectedError("The mock ERP refuses this order.", code="MOCK_REJECTED")
            case "unavailable":
                return UnavailableError("The mock ERP is down.")
            case "attention":
                return NeedsAttentionError("The mock ERP refuses the password.", code="AUTH_FAILED")
            case "in_doubt":
                return InDoubtError("The mock's answer was lost.")
            case "flaky" if export_id and self._fails_again(export_id, settings.fail_times):
                return TransientError("The mock has a hiccup.", code="MOCK_FLAKY")
            case _:
                return None

    def _fails_again(self, export_id: UUID, times: int) -> bool:
        with self._lock:
            self._attempts[export_id] += 1
            return self._attempts[export_id] <= times


def _changed(change: Change, delivery: Delivery) -> ExportResult:
    """Change the order. Raises ConnectorError if it stays as it was."""
    outcome: Recall = "given_back" if change == "taken" or change == "not_asked" else change  # noqa: PLR1714  # for mypy
    if error := _kept(outcome):
        raise error
    return ExportResult(True, delivery.export_id, connector_metadata={"change": change})


def _kept(outcome: Recall) -> ConnectorError | None:
    match outcome:
        case "too_late":
            return RejectedError("The mock ERP has shipped this order.", code="TOO_LATE")
        case "refused":
            return RejectedError("The mock ERP keeps this order as it is.", code="MOCK_REJECTED")
        case "failure":
            return ConnectorError("The mock fails, as it was told to.", code="MOCK_FAILURE")
        case "unavailable":
            return UnavailableError("The mock ERP is down.")
        case "in_doubt":
            return InDoubtError("The mock's answer was lost.")
        case "given_back":
            return None
