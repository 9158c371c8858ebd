"""A configuration is tested before anybody saves it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import TestResult
from orderflow.domain.errors import ConnectorError, InputError
from orderflow.flow.ports import Actor, Target, Wiring, Work
from orderflow.flow.setup.connections import check_config, known_connector, stored_target
from orderflow.flow.setup.mask import unmasked
from orderflow.flow.setup.places import reach_of
from orderflow.flow.setup.probe import ask

_OF_ERRORS = {"code", "message", "hint", "details"}


def try_config(
    wiring: Wiring,
    org_id: UUID,
    connector_type: str,
    config: dict[str, Any],
    actor: Actor,
    connection_id: UUID | None = None,
) -> TestResult:
    """Test a configuration that is not saved. Changes nothing.

    Args:
        connection_id: The stored connection whose secrets fill those that are masked or left out.

    Raises:
        InputError: There is no such connector type, or the configuration does not fit it; fields are named.
        NotFoundError: There is no such connection of that type.
        EncryptionError: A masked secret is needed, but what is stored does not open.
    """
    connector, config, stored = completed(wiring, org_id, connector_type, config, connection_id)
    with wiring.store.work(org_id) as work:
        reach = reach_of(wiring, work, connector, config, actor, stored)
    return ask(connector, connector_type, config, reach)


def completed(
    wiring: Wiring,
    org_id: UUID,
    connector_type: str,
    config: dict[str, Any],
    connection_id: UUID | None = None,
) -> tuple[ERPConnectorPort, dict[str, Any], Target | None]:
    """Return a connector, a checked configuration for it with its secrets, and the connection that those come from.

    Arguments and errors as `try_config`.
    """
    connector = known_connector(wiring.connector, connector_type)
    with wiring.store.work(org_id) as work:
        stored = _stored(work, connector_type, config, connection_id) if connection_id else None
    before = stored.config if stored else {}
    config = unmasked(connector, config, before)
    check_config(connector, config, before)
    return connector, config, stored


def _stored(work: Work, connector_type: str, config: dict[str, Any], connection_id: UUID) -> Target | None:
    if work.connections.type_of(connection_id) != connector_type:
        raise InputError(f"The connection {connection_id} is of another type than {connector_type}.")
    return stored_target(work, connection_id, config)


def failure(result: TestResult) -> ConnectorError:
    """Return the error that a failed test stands for, with its code, hint and further facts."""
    facts = {name: value for name, value in result.details.items() if name not in _OF_ERRORS}
    inner = result.details.get("details")
    return ConnectorError(
        result.error_message,
        code=result.details.get("code"),
        hint=result.details.get("hint"),
        details={**facts, **(inner if isinstance(inner, dict) else {}), "latency_ms": result.latency_ms},
    )
