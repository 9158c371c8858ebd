"""A connection as the steps see it, with its configuration open, and what is kept of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.opening_hours.hours import Period
from orderflow.domain.reach import OPERATOR, Reach
from orderflow.domain.states import BreakerState, ConnectionStatus, Kind


@dataclass(slots=True)
class Target:
    """A connection with its configuration open.

    Attributes:
        paused: All deliveries of its organization are.
        version: How often people have changed it.
        proven: An order was delivered with this configuration.
        change_by_recall: An order that was changed is recalled and sent anew, where the ERP takes no changes.
        commit_within: Seconds, as set for this connection; None: as its connector says.
        closed: It is outside of its opening hours.
        closed_until: When it opens, or opened last; None: it has no opening hours.
        open_for: Seconds since then; None: it has none.
        rests_for: Seconds for which it rests yet, because its target is busy.
        rest_told: The target was found busy, and has taken nothing since.
    """

    connection_id: UUID
    org_id: UUID
    connector_type: str
    config: dict[str, Any] = field(repr=False)
    in_doubt: str = "hold"
    change_by_recall: bool = False
    commit_within: int | None = None
    status: ConnectionStatus = ConnectionStatus.ACTIVE
    breaker_state: BreakerState = BreakerState.CLOSED
    probe_failures: int = 0
    paused: bool = False
    orders_per_minute: int | None = None
    closed: bool = False
    closed_until: datetime | None = None
    open_for: float | None = None
    rests_for: float | None = None
    rest_told: bool = False
    reach: Reach = OPERATOR
    version: int = 1
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Crew:
    """The workers of one process, who share its sessions; `most` processes may be signed in to the target at a time."""

    process: UUID
    most: int


SESSION_LINGERS = 5.0
"""Seconds after a lane was left, until which a channel whose sessions are counted has closed an idle one."""


@dataclass(frozen=True, slots=True)
class ActiveConnection:
    """One that a push may go to."""

    id: UUID
    name: str | None
    connector_type: str
    is_default: bool


LONGEST_CHANCE = 3600
"""Seconds for which a connection has to have been open before anything is given up, where `give_up_after` is longer."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A connection's target is away: how many seconds an order may wait for it, and what is wrong."""

    give_up_after: int
    error: dict[str, Any] | None


@dataclass(slots=True)
class OpenTarget:
    """A target joined to its connector, and what the two can do together.

    Attributes:
        stages: Deliveries go in two steps with a commit between.
        expects_acks: The ERP answers over this connection.
        can_find: The ERP can be asked whether it has an order.
        idempotent: The ERP takes an order once, however often it is sent.
        numbered: Its documents are counted.
        processes: So many may be signed in at a time to deliver; None: all.
        kinds: What the ERP can be asked; no delivery of another kind is made for it.
        takes_back: A recall is done by the connector, and no document.
        commit_within: Seconds after the last attempt began from which "not there" is an answer.
        destination: A digest of where it leads; empty where deliveries are staged, which note the place themselves.
    """

    target: Target
    connector: ERPConnectorPort
    stages: bool
    expects_acks: bool
    can_find: bool = False
    idempotent: bool = False
    numbered: bool = False
    processes: int | None = None
    kinds: frozenset[Kind] = frozenset({Kind.ORDER})
    takes_back: bool = False
    commit_within: float = 900.0
    destination: str = ""

    def is_another(self, led_to: str | None) -> bool:
        """Return whether something was sent to another target than this one: nothing here says how that fares.

        Args:
            led_to: The `destination` that it was sent to; None: not known, which counts as this one.
        """
        return led_to is not None and led_to != self.destination


CHANGEABLE = frozenset(
    {
        "name",
        "in_doubt",
        "change_by_recall",
        "commit_within",
        "give_up_after",
        "answer_within",
        "received_within",
        "understood_within",
        "opening_hours",
        "orders_per_minute",
    }
)
"""What of a connection may be changed beside its configuration and its state."""


class Connections(Protocol):
    """The connections of one organization."""

    def active(self, connection_id: UUID | None, connector_type: str | None = None) -> Sequence[ActiveConnection]:
        """Return the connections that are ACTIVE, the default one first, then by age.

        Args:
            connection_id: None but this one.
            connector_type: None but those of this type.

        Raises:
            NotFoundError: There is no connection of this id.
        """

    def add(
        self,
        connection_id: UUID,
        connector_type: str,
        config: dict[str, Any],
        name: str | None,
        *,
        restricted: bool = False,
    ) -> None:
        """Insert a DISABLED connection; `restricted`: it is held to what the operator allows.

        Raises:
            StateError: Another one has this name, or there are as many, or as large ones, as there may be.
        """

    def type_of(self, connection_id: UUID) -> str:
        """Lock the connection and return its type. Raises NotFoundError."""

    def replace_config(self, connection_id: UUID, config: dict[str, Any], *, restricted: bool | None = None) -> None:
        """Overwrite the configuration, and whether it is held to what the operator allows, unless that is None.

        What proved the former one is forgotten.

        Raises:
            NotFoundError: There is no such connection.
        """

    def change(self, connection_id: UUID, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Overwrite name, policy or limits; returns what those that changed were.

        Raises:
            NotFoundError: There is no such connection.
            StateError: Another one has this name; or without one it would be the second of its type that is ACTIVE.
        """

    def opening_hours(self, connection_id: UUID) -> tuple[dict[str, Any] | None, datetime]:
        """Return when it is open, as it was saved, and the store's time; None: at all hours. Raises NotFoundError."""

    def note_open(
        self, connection_id: UUID, period: Period, lately: Sequence[tuple[datetime, datetime | None]] = ()
    ) -> None:
        """Note when it is open now or next; of one that is open now, since when stays as it was known.

        Args:
            lately: From when to when it was open, `period` included; empty: at all hours.

        Raises:
            NotFoundError: There is no such connection.
        """

    def delete(self, connection_id: UUID) -> bool:
        """Remove it; False if exports refer to it, so that its row stays. Raises NotFoundError, StateError."""

    def enable(self, connection_id: UUID) -> dict[str, Any]:
        """Make it ACTIVE, the default if it is the only one; returns its use before.

        Raises:
            NotFoundError: There is no such connection.
            StateError: It has no name, and nor has another ACTIVE one of its type.
        """

    def disable(self, connection_id: UUID) -> dict[str, Any]:
        """Make it DISABLED; returns its use, `{"status", "is_default"}`, before. Raises NotFoundError."""

    def make_default(self, connection_id: UUID) -> dict[str, Any]:
        """Make it the default instead of any other; returns its use before.

        Raises:
            NotFoundError: There is no such connection.
            StateError: It is not ACTIVE.
        """

    def open(self, connection_id: UUID) -> Target:
        """Return the connection with its configuration open. Raises NotFoundError, EncryptionError."""

    def disable_unreadable(self, connection_id: UUID, error: dict[str, Any]) -> bool:
        """Disable a connection whose configuration does not open; False if it is so already, or another may open it."""

    def connector_elsewhere(self, connector_type: str) -> bool:
        """Return whether another process that delivers has this connector."""

    def set_breaker(
        self,
        connection_id: UUID,
        state: BreakerState,
        error: dict[str, Any] | None,
        probe_in: float | None,
        *,
        version: int | None = None,
        probe: datetime | None = None,
    ) -> bool:
        """Change the breaker; True if its state is another one now.

        Args:
            version: Of the connection with which that was found out: nothing is changed if it is another one by now.
            probe: What `lease_probe` returned for the probe that found it out: nothing is changed if it is closed or
                paused by now, or somebody has found out something else since.
        """

    def outage(self, connection_id: UUID) -> Outage | None:
        """Return the outage of an OPEN connection whose orders do not wait for ever; None of any other."""

    def rest(self, connection_id: UUID, seconds: float, error: dict[str, Any]) -> bool:
        """Let the connection rest; True if its target had taken something since it last did."""

    def end_rest(self, connection_id: UUID) -> None:
        """Note that the target takes orders again, unless it was told meanwhile to rest anew."""

    def lease_probe(self, connection_id: UUID, seconds: float) -> datetime | None:
        """Take the right to probe an OPEN connection whose probe is due; returns until when it is held."""

    def note_test(
        self, connection_id: UUID, error: dict[str, Any] | None = None, *, version: int | None = None
    ) -> None:
        """Note a test now: a good one, or what was wrong; `version` as for `set_breaker`."""

    def note_certificate(self, connection_id: UUID, ends: datetime | None) -> None:
        """Note when the last certificate of its configuration ends."""

    def note_delivery(self, connection_id: UUID, version: int) -> None:
        """Note the first delivery with the configuration of this version."""

    def proof(self, connection_id: UUID) -> Mapping[str, Any]:
        """Return `last_test_at`, `test_error` and `delivered_at`. Raises NotFoundError."""

    def lease_poll(self, connection_id: UUID, token: UUID, seconds: float) -> bool:
        """Take, or with the same token extend, the right to poll the connection's answers."""

    def begun(self, connection_id: UUID) -> tuple[bool, Mapping[str, int]]:
        """Return whether whoever polled last has not ended it, and how often files were begun that were never read."""

    def note_begun(self, connection_id: UUID, token: UUID, counts: Mapping[str, int]) -> None:
        """Write down how often files were begun, while the right to poll is held."""

    def try_again(self, connection_id: UUID, name: str) -> None:
        """Let a file of that name be begun once more, if it was set aside."""

    def end_poll(self, connection_id: UUID, token: UUID, next_in: float, error: dict[str, Any] | None) -> None:
        """Give the right back; due again in `next_in` seconds."""

    def poll_now(self, connection_id: UUID) -> None:
        """Let the connection's answers be looked at, or what is told of them put right, at the next sweep."""

    def set_answer_token(self, connection_id: UUID, token_hash: bytes | None, prefix: str | None) -> None:
        """Keep what is known of the token with which answers may be sent here, in place of any former; None: of none.

        Raises:
            NotFoundError: There is no such connection.
        """
