"""What a store says when it refuses, so that every store says the same."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from orderflow.domain.errors import NotFoundError, StateError

MOST_CONNECTIONS = 500
"""Of one organization: every list of them is one answer."""

NAMED_AT_MOST = 10
"""Connections in one sentence."""

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


def message_id_reused(message_id: str) -> StateError:
    """Something else came under this id before."""
    return StateError(
        f"Another message came under the id {message_id[:200]} before.",
        code="MESSAGE_ID_REUSED",
        hint="Give each message an id of its own; the same one sent again keeps its id.",
    )


def nothing_to_put_aside(item_id: UUID) -> NotFoundError:
    """There is no such thing that nobody understood."""
    return NotFoundError(f"There is no answer {item_id} here that waits to be understood.")


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


def in_rules(names: Sequence[str]) -> StateError:
    """A connection cannot be deleted while routing rules name it."""
    listed = ", ".join(map(repr, names[:NAMED_AT_MOST]))
    return StateError(
        f"{len(names)} routing rules name this connection: {listed}.",
        code="CONNECTION_IN_RULES",
        hint="Change those rules first; or disable the connection and keep it.",
        details={"rules": list(names)},
    )


def type_active(connector_type: str, other: UUID) -> StateError:
    """Of each type one connection without a name may be ACTIVE."""
    return StateError(
        f"Another {connector_type} connection is ACTIVE and has no name either: {other}.",
        code="CONNECTOR_TYPE_ACTIVE",
        hint="Give one of them a name, or disable the other one.",
    )


def name_taken(name: str, other: UUID) -> StateError:
    """Names are unique, whatever their case."""
    return StateError(
        f"Another connection is called {name!r}: {other}.",
        code="NAME_TAKEN",
        hint="Choose another name; large and small letters are the same here.",
    )


def default_not_active() -> StateError:
    """Pushes cannot go to a DISABLED connection by default."""
    return StateError("Only an ACTIVE connection can be the default.", hint="Enable it first.")


def no_job(job_id: UUID) -> NotFoundError:
    """There is no such bulk job."""
    return NotFoundError(f"There is no bulk job {job_id} in this organization.")


def older_release(process: str) -> StateError:
    """Nothing is recalled or cancelled beside a process that would deliver it as an order."""
    return StateError(
        f"A process of an older release still runs, and would take it for an order: {process}.",
        code="OLDER_RELEASE",
        hint="Upgrade or end it (`orderflow doctor` names its machine), then try again a minute later.",
    )


def bound_to_its_connection() -> StateError:
    """What may have reached a connection, or is on its way there, goes to no other one."""
    return StateError(
        "The order cannot go to another connection: a worker is at its delivery, or it may have reached the ERP.",
        code="POSSIBLY_DELIVERED",
        hint="Wait for the attempt to end. If it is in doubt then, look in the ERP and resolve the delivery.",
    )
