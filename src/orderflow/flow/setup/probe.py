"""Is the target there, and would it take orders? Asked by a person's click, or by a probe of an open breaker."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import TestResult
from orderflow.domain.errors import ConnectorError
from orderflow.domain.reach import Reach, within
from orderflow.domain.states import BreakerState
from orderflow.flow.delivery.connector_fault import connector_fault
from orderflow.flow.delivery.open_target import ENGINE, find_connector
from orderflow.flow.ports import Actor, Target, Wiring

PROBE_LEASE = 30.0
"""Seconds for which one process has the right to probe; longer than the longest test."""

LONGEST_PROBE_WAIT = 300.0
"""Seconds between probes at most."""


def test_connection(wiring: Wiring, org_id: UUID, connection_id: UUID, actor: Actor) -> TestResult:
    """Test a stored connection. A good test resumes a paused or open one; its orders follow at once.

    Raises:
        NotFoundError: There is no such connection.
        EncryptionError: Its configuration does not open.
    """
    with wiring.store.work(org_id) as work:
        target = work.connections.open(connection_id)
    result = ask(find_connector(wiring, target.connector_type), target.connector_type, target.config, target.reach)
    with wiring.store.work(org_id) as work:
        # Of a connection that was changed meanwhile, it says nothing.
        failed, version = None if result.success else _what_failed(result), target.version
        work.connections.note_test(connection_id, failed, version=version)
        if result.success:
            work.connections.set_breaker(connection_id, BreakerState.CLOSED, None, None, version=version)
        after = {"success": result.success, "latency_ms": result.latency_ms, "error": result.error_message}
        work.audit.add("CONNECTOR_TESTED", actor, "erp_connection", [connection_id], None, after)
    if result.success:
        wiring.store.wake(org_id, connection_id)
    return result


def _what_failed(result: TestResult) -> dict[str, Any]:
    facts = {name: result.details.get(name) for name in ("code", "hint")}
    return {"message": result.error_message, "details": None, **facts}


def ask(connector: ERPConnectorPort, connector_type: str, config: dict[str, Any], reach: Reach) -> TestResult:
    """Let a connector test a configuration, as far as it may lead; whatever it raises is a failed test."""
    try:
        with within(reach):
            return connector.test_connection(config)
    except ConnectorError as error:
        failed = error
    except Exception as error:  # noqa: BLE001  # a third party's connector may raise anything
        failed = connector_fault(connector_type, error)
    return TestResult(False, failed.message, 0, failed.as_json())


def probe(wiring: Wiring, org_id: UUID, connection_id: UUID) -> bool:
    """Ask whether an unavailable target is back; True if it is. Waits between probes grow to `LONGEST_PROBE_WAIT`."""
    with wiring.store.work(org_id) as work:
        held = work.connections.lease_probe(connection_id, PROBE_LEASE)
        if held is None:
            return False
        target = work.connections.open(connection_id)
    result = ask(find_connector(wiring, target.connector_type), target.connector_type, target.config, target.reach)
    _note_probe(wiring, target, held, result)
    if result.success:
        wiring.store.wake(org_id, connection_id)
    return result.success


def _note_probe(wiring: Wiring, target: Target, held: datetime, result: TestResult) -> None:
    """Note what it found out, unless somebody has found out or changed something while it waited for an answer."""
    wait = min(5.0 * 2 ** min(target.probe_failures + 1, 10), LONGEST_PROBE_WAIT)
    error = {"message": result.error_message, **result.details}
    with wiring.store.work(target.org_id) as work:
        change = partial(work.connections.set_breaker, target.connection_id, version=target.version, probe=held)
        if result.success:
            if change(BreakerState.CLOSED, None, None):
                work.audit.add("CONNECTION_RECOVERED", ENGINE, "erp_connection", [target.connection_id])
        elif result.details.get("needs_attention"):
            if change(BreakerState.PAUSED, error, None):
                about = [target.connection_id]
                work.audit.add("CONNECTION_NEEDS_ATTENTION", ENGINE, "erp_connection", about, None, error)
        else:
            change(BreakerState.OPEN, error, wait)
