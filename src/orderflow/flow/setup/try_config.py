"""A configuration is tested before anybody saves it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from orderflow.domain.delivery import TestResult
from orderflow.domain.errors import ConnectorError, InputError
from orderflow.domain.ports import ERPConnectorPort
from orderflow.flow.ports import Wiring
from orderflow.flow.setup.connections import check_config, known_connector, stored_config
from orderflow.flow.setup.mask import unmasked
from orderflow.flow.setup.probe import ask

_OF_ERRORS = {"code", "message", "hint", "details"}


def try_config(
    wiring: Wiring, org_id: UUID, connector_type: str, config: dict[str, Any], connection_id: UUID | None = None
) -> TestResult:
    """Test a configuration that is not saved. Changes nothing.

    Args:
        connection_id: The stored connection whose secrets fill those that are masked or left out.

    Raises:
        InputError: There is no such connector type, or the configuration does not fit it; fields are named.
        NotFoundError: There is no such connection of that type.
        EncryptionError: A masked secret is needed, but what is stored does not open.
    """
    connector, config = completed(wiring, org_id, connector_type, config, connection_id)
    return ask(connector, connector_type, config)


def completed(
    wiring: Wiring, org_id: UUID, connector_type: str, config: dict[str, Any], connection_id: UUID | None = None
) -> tuple[ERPConnectorPort, dict[str, Any]]:
    """Return a connector and a checked configuration for it, with its secrets. Arguments and errors as `try_config`."""
    connector = known_connector(wiring.connector, connector_type)
    stored = None
    if connection_id is not None:
        with wiring.store.work(org_id) as work:
            if work.connections.type_of(connection_id) != connector_type:
                raise InputError(f"The connection {connection_id} is of another type than {connector_type}.")
            stored = stored_config(work, connection_id, config)
    config = unmasked(connector, config, stored or {})
    check_config(connector, config)
    return connector, config


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
