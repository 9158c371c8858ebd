"""Before anything is claimed: does the connection's configuration open, and can its connector work with it?"""

from __future__ import annotations

from uuid import UUID

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.errors import (
    ConnectorError,
    EncryptionError,
    KeyMismatchError,
    NeedsAttentionError,
    OrderFlowError,
)
from orderflow.domain.reach import within
from orderflow.domain.states import BreakerState
from orderflow.flow.ports import Actor, OpenTarget, Target, Wiring
from orderflow.flow.setup.places import destination_digest

ENGINE = Actor("orderflow")
"""Who did it, where nobody asked."""


class ConnectorMissingError(NeedsAttentionError):
    """The package that brings the connector is not installed where this runs."""

    code = "CONNECTOR_MISSING"
    hint = "Install the package that brings this connector, then test."


def open_target(wiring: Wiring, org_id: UUID, connection_id: UUID) -> OpenTarget | None:
    """Open a connection for delivery or polling.

    One whose secrets are broken disables itself; one that its connector cannot work with pauses. Both wait for a
    person, as do their orders, and None comes back. So it does where only this process lacks the key or the connector:
    the connection is left to others, and the process's own health says so.
    """
    try:
        with wiring.store.work(org_id) as work:
            target = work.connections.open(connection_id)
        return with_connector(wiring, target)
    except KeyMismatchError:
        return None
    except EncryptionError as error:
        _disable(wiring, org_id, connection_id, error)
    except ConnectorMissingError as error:
        if not _others_have(wiring, target):
            pause(wiring, target, error)
    except ConnectorError as error:
        pause(wiring, target, error)
    return None


def _disable(wiring: Wiring, org_id: UUID, connection_id: UUID, error: EncryptionError) -> None:
    with wiring.store.work(org_id) as work:
        if work.connections.disable_unreadable(connection_id, error.as_json()):
            after = {"error": error.as_json()}
            work.audit.add("CONNECTION_DISABLED", ENGINE, "erp_connection", [connection_id], None, after)


def _others_have(wiring: Wiring, target: Target) -> bool:
    with wiring.store.work(target.org_id) as work:
        return work.connections.connector_elsewhere(target.connector_type)


def with_connector(wiring: Wiring, target: Target) -> OpenTarget:
    """Join a target to its connector.

    Raises:
        ConnectorMissingError: The connector is not installed.
        NeedsAttentionError: Its configuration cannot be used.
    """
    connector, config = find_connector(wiring, target.connector_type), target.config
    with within(target.reach):  # a connector may open what it then keeps
        usual, stages = connector.commits_within(config), connector.stages(config)
        return OpenTarget(
            target,
            connector,
            stages=stages,
            expects_acks=connector.expects_acks(config),
            can_find=connector.can_find(config),
            idempotent=connector.idempotent(config),
            numbered=connector.numbered(config),
            processes=connector.processes(config),
            kinds=connector.kinds(config),
            takes_back=connector.takes_back(config),
            commit_within=usual if target.commit_within is None else target.commit_within,
            destination="" if stages else destination_digest(connector, config),
        )


def find_connector(wiring: Wiring, connector_type: str) -> ERPConnectorPort:
    """Return the connector of that type.

    Raises:
        ConnectorMissingError: It is not installed here.
    """
    try:
        return wiring.connector(connector_type)
    except ValueError as error:
        raise ConnectorMissingError(f"{error}") from None


def pause(wiring: Wiring, target: Target, error: OrderFlowError) -> None:
    """Pause a connection until a person has acted, unless one has meanwhile; told once, on the change of state."""
    connection_id, said = target.connection_id, error.as_json()
    with wiring.store.work(target.org_id) as work:
        if work.connections.set_breaker(connection_id, BreakerState.PAUSED, said, None, version=target.version):
            work.audit.add("CONNECTION_NEEDS_ATTENTION", ENGINE, "erp_connection", [connection_id], None, said)
