"""What a store says when it refuses, so that every store says the same."""

from __future__ import annotations

from uuid import UUID

from orderflow.domain.errors import NotFoundError, StateError

MOST_CONNECTIONS = 500
"""Of one organization: every list of them is one answer."""

MOST_BYTES = 8 * 1024 * 1024
"""Of all configurations of one organization together, for the same reason."""


def no_order(order_id: UUID) -> NotFoundError:
    """There is no such order."""
    return NotFoundError(f"There is no order {order_id} in this organization.")


def no_export(export_id: UUID) -> NotFoundError:
    """There is no such export."""
    return NotFoundError(f"There is no export {export_id} in this organization.")


def no_connection(connection_id: UUID) -> NotFoundError:
    """There is no such connection."""
    return NotFoundError(f"There is no connection {connection_id} in this organization.")


def none_active() -> StateError:
    """There is no connection to push to."""
    return StateError(
        "No active ERP connector configured",
        code="NO_ACTIVE_CONNECTION",
        hint="Add a connection, test it and enable it, or name another one.",
    )


def disabled() -> StateError:
    """The connection that was named delivers nothing."""
    return StateError("The connection is DISABLED.", code="CONNECTION_DISABLED", hint="Enable it, or name another.")


def too_many_connections() -> StateError:
    """There are `MOST_CONNECTIONS`."""
    return StateError(
        f"There are {MOST_CONNECTIONS} connections, and there may be no more.",
        code="TOO_MANY_CONNECTORS",
        hint="Delete those that nothing goes over.",
    )


def configurations_too_large(most: int) -> StateError:
    """The configurations would grow beyond `most` bytes."""
    return StateError(
        f"All connectors together would hold more than {most:,} bytes of configuration.",
        code="CONFIGURATIONS_TOO_LARGE",
        hint="Make this one smaller, or delete those that nothing goes over.",
    )


def exports_wait(waiting: int) -> StateError:
    """A connection cannot be deleted while exports wait for it."""
    return StateError(
        f"{waiting} deliveries wait for this connection.",
        code="EXPORTS_WAITING",
        hint="Move them to another connection or withdraw them; or disable the connection and keep it.",
        details={"waiting": waiting},
    )


def type_active(connector_type: str, other: UUID) -> StateError:
    """Of each type one connection may be ACTIVE."""
    return StateError(
        f"Another {connector_type} connection is ACTIVE: {other}.",
        code="CONNECTOR_TYPE_ACTIVE",
        hint="Disable that one first; of each type one may be ACTIVE.",
    )


def default_not_active() -> StateError:
    """Pushes cannot go to a DISABLED connection by default."""
    return StateError("Only an ACTIVE connection can be the default.", hint="Enable it first.")
