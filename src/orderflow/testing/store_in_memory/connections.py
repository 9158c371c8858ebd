"""`flow.ports.Connections` in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from orderflow.domain.opening_hours.hours import Period
from orderflow.domain.readings import MOST_BEGUN, named
from orderflow.domain.states import BreakerState, ConnectionStatus, ExportStep
from orderflow.flow.ports import CHANGEABLE, LONGEST_CHANCE, ActiveConnection, Outage, Target
from orderflow.flow.refusals import (
    MOST_BYTES,
    MOST_CONNECTIONS,
    configurations_too_large,
    default_not_active,
    exports_wait,
    name_taken,
    no_connection,
    too_many_connections,
    type_active,
)
from orderflow.testing.store_in_memory.tables import ConnectionRow, Tables, changed


class MemoryConnections:
    """The connections of one organization."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def active(self, connection_id: UUID | None, connector_type: str | None = None) -> list[ActiveConnection]:
        """Return the ACTIVE connections, the default one first. Raises NotFoundError."""
        if connection_id is not None:
            self._row(connection_id)
        active = [row for row in self._all() if row.status is ConnectionStatus.ACTIVE]
        named = [row for row in active if connection_id in (None, row.id)]
        fits = [row for row in named if connector_type in (None, row.connector_type)]
        fits.sort(key=lambda row: (not row.is_default, row.created_at, row.id))
        return [ActiveConnection(row.id, row.name, row.connector_type, row.is_default) for row in fits]

    def add(
        self,
        connection_id: UUID,
        connector_type: str,
        config: dict[str, Any],
        name: str | None,
        *,
        restricted: bool = False,
    ) -> None:
        """Insert a DISABLED connection; `restricted`: it is held to what the operator allows."""
        if len(self._all()) >= MOST_CONNECTIONS:
            raise too_many_connections()
        self._refuse_name(connection_id, name)
        self._find_room(connection_id, config, 0)
        row = ConnectionRow(connection_id, connector_type, config, self._tables.now(), name, restricted=restricted)
        self._tables.connections[connection_id] = row

    def type_of(self, connection_id: UUID) -> str:
        """Return the connection's type. Raises NotFoundError."""
        return self._row(connection_id).connector_type

    def replace_config(self, connection_id: UUID, config: dict[str, Any], *, restricted: bool | None = None) -> None:
        """Overwrite the configuration, of which nothing is proven yet. Raises NotFoundError."""
        row = self._row(connection_id)
        self._find_room(connection_id, config, _size(row.config))
        held = row.restricted if restricted is None else restricted
        proof = {"last_test_at": None, "test_error": None, "delivered_at": None}
        self._change(connection_id, config=config, restricted=held, **proof)

    def change(self, connection_id: UUID, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Overwrite name, policy or limits; returns what those that changed were. Raises NotFoundError."""
        row = self._row(connection_id)
        if columns.get("name") is not None:
            self._refuse_name(connection_id, columns["name"])
        elif "name" in columns and row.status is ConnectionStatus.ACTIVE:
            self._refuse_second_without_name(row)
        if unknown := columns.keys() - CHANGEABLE:
            raise TypeError(f"not to be changed like this: {sorted(unknown)}")
        before = {name: getattr(row, name) for name, value in columns.items() if getattr(row, name) != value}
        chosen = {"in_doubt_before": None} if "in_doubt" in columns else {}
        if before:
            self._change(connection_id, **columns, **chosen)
        return before

    def opening_hours(self, connection_id: UUID) -> tuple[dict[str, Any] | None, datetime]:
        """Return when it is open, as it was saved, and the store's time; None: at all hours. Raises NotFoundError."""
        return self._row(connection_id).opening_hours, self._tables.now()

    def note_open(
        self, connection_id: UUID, period: Period, lately: Sequence[tuple[datetime, datetime | None]] = ()
    ) -> None:
        """Note when it is open now or next; by when it was lately people are told, which nobody is here."""
        row, now = self._row(connection_id), self._tables.now()
        since = now if self._closed(row) else row.closed_until or now
        self._set(connection_id, closed_until=period.opens_at or since, open_until=period.closes_at)

    def delete(self, connection_id: UUID) -> bool:
        """Remove it; False if exports refer to it, so that its row stays. Raises NotFoundError, StateError."""
        self._row(connection_id)
        exports = [row for row in self._tables.exports.values() if row.connection_id == connection_id]
        if waiting := sum(row.status in ExportStep.WORK.change.starts for row in exports):
            raise exports_wait(waiting)
        if exports:
            self._change(connection_id, deleted=True, status=ConnectionStatus.DISABLED, is_default=False, config={})
        else:
            del self._tables.connections[connection_id]
        self._name_heir()
        return not exports

    def enable(self, connection_id: UUID) -> dict[str, Any]:
        """Make it ACTIVE, the default if it is the only one; returns its use before."""
        before = self._row(connection_id)
        if before.name is None:
            self._refuse_second_without_name(before)
        is_default = before.is_default or not self._active_beside(connection_id)
        self._change(connection_id, status=ConnectionStatus.ACTIVE, is_default=is_default)
        return _use(before)

    def disable(self, connection_id: UUID) -> dict[str, Any]:
        """Make it DISABLED; returns its use before. Raises NotFoundError."""
        before = self._row(connection_id)
        self._change(connection_id, status=ConnectionStatus.DISABLED, is_default=False)
        self._name_heir()
        return _use(before)

    def make_default(self, connection_id: UUID) -> dict[str, Any]:
        """Make it the default instead of any other; returns its use before. Raises NotFoundError, StateError."""
        before = self._row(connection_id)
        if before.status is not ConnectionStatus.ACTIVE:
            raise default_not_active()
        for row in self._all():
            if row.is_default:
                self._change(row.id, is_default=False)
        self._change(connection_id, is_default=True)
        return _use(before)

    def open(self, connection_id: UUID) -> Target:
        """Return the connection. Raises NotFoundError."""
        row = self._row(connection_id)
        return Target(
            row.id,
            self._tables.org_id,
            row.connector_type,
            row.config,
            in_doubt=row.in_doubt,
            change_by_recall=row.change_by_recall,
            commit_within=row.commit_within,
            status=row.status,
            breaker_state=row.breaker_state,
            probe_failures=row.probe_failures,
            paused=self._tables.paused,
            orders_per_minute=row.orders_per_minute,
            closed=self._closed(row),
            closed_until=row.closed_until,
            open_for=(self._tables.now() - row.closed_until).total_seconds() if row.closed_until else None,
            rests_for=self._rests_for(row),
            rest_told=row.rest_error is not None,
            version=row.version,
            proven=row.delivered_at is not None and row.test_error is None,
        )

    def disable_unreadable(self, connection_id: UUID, error: dict[str, Any]) -> bool:
        """Disable a connection whose configuration does not open; False if it is so already."""
        row = self._row(connection_id)
        if row.status is ConnectionStatus.DISABLED and row.breaker_state is BreakerState.PAUSED:
            return False
        self._change(connection_id, status=ConnectionStatus.DISABLED, is_default=False)
        self.set_breaker(connection_id, BreakerState.PAUSED, error, None)
        return True

    def connector_elsewhere(self, connector_type: str) -> bool:
        """Return False: there is no other process."""
        return False

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
        """Change the breaker, unless what it follows from is out of date; True if its state is another one."""
        row = self._row(connection_id)
        if row.breaker_state is state is BreakerState.CLOSED or version not in (None, row.version):
            return False
        if probe is not None and (row.breaker_state, row.probe_at) != (BreakerState.OPEN, probe):
            return False
        failures = row.probe_failures + 1 if state is BreakerState.OPEN else 0
        probe_at = None if probe_in is None else self._tables.after(probe_in)
        self._set(connection_id, breaker_state=state, breaker_error=error, probe_at=probe_at, probe_failures=failures)
        return row.breaker_state is not state

    def outage(self, connection_id: UUID) -> Outage | None:
        """Return the outage of an OPEN connection whose orders do not wait for ever; None of any other."""
        row = self._tables.connections.get(connection_id)
        if row is None or row.deleted or row.breaker_state is not BreakerState.OPEN or row.give_up_after is None:
            return None
        since = self._tables.after(-min(row.give_up_after, LONGEST_CHANCE))
        if self._closed(row) or (row.closed_until and row.closed_until > since):
            return None
        return Outage(row.give_up_after, row.breaker_error)

    def rest(self, connection_id: UUID, seconds: float, error: dict[str, Any]) -> bool:
        """Let the connection rest; True if its target had taken something since it last did."""
        row, until = self._row(connection_id), self._tables.after(seconds)
        self._set(connection_id, rests_until=max(row.rests_until or until, until), rest_error=error)
        return row.rest_error is None

    def end_rest(self, connection_id: UUID) -> None:
        """Note that the target takes orders again, unless it was told meanwhile to rest anew."""
        if self._rests_for(self._row(connection_id)) is None:
            self._set(connection_id, rests_until=None, rest_error=None)

    def lease_probe(self, connection_id: UUID, seconds: float) -> datetime | None:
        """Take the right to probe an OPEN connection whose probe is due; returns until when it is held."""
        row = self._row(connection_id)
        due = row.probe_at is not None and row.probe_at <= self._tables.now()
        if row.breaker_state is not BreakerState.OPEN or not due:
            return None
        until = self._tables.after(seconds)
        self._set(connection_id, probe_at=until)
        return until

    def note_test(
        self, connection_id: UUID, error: dict[str, Any] | None = None, *, version: int | None = None
    ) -> None:
        """Note a test now: a good one, or what was wrong; `version` as for `set_breaker`."""
        if version not in (None, self._row(connection_id).version):
            return
        if error is None:
            self._set(connection_id, last_test_at=self._tables.now(), test_error=None)
        else:
            self._set(connection_id, test_error=error | {"at": self._tables.now().isoformat()})

    def note_certificate(self, connection_id: UUID, ends: datetime | None) -> None:
        """Note when the last certificate of its configuration ends."""
        self._set(connection_id, certificate_ends_at=ends)

    def note_delivery(self, connection_id: UUID, version: int) -> None:
        """Note the first delivery with the configuration of this version."""
        row = self._row(connection_id)
        if row.version == version:
            self._set(connection_id, delivered_at=row.delivered_at or self._tables.now(), test_error=None)

    def proof(self, connection_id: UUID) -> Mapping[str, Any]:
        """Return `last_test_at`, `test_error` and `delivered_at`. Raises NotFoundError."""
        row = self._row(connection_id)
        return {"last_test_at": row.last_test_at, "test_error": row.test_error, "delivered_at": row.delivered_at}

    def lease_poll(self, connection_id: UUID, token: UUID, seconds: float) -> bool:
        """Take, or with the same token extend, the right to poll the connection's answers."""
        row = self._row(connection_id)
        free = row.poll_lease_until is None or row.poll_lease_until < self._tables.now()
        if not free and row.poll_lease_token != token:
            return False
        self._set(connection_id, poll_lease_token=token, poll_lease_until=self._tables.after(seconds))
        return True

    def begun(self, connection_id: UUID) -> tuple[bool, Mapping[str, int]]:
        """Return whether whoever polled last has not ended it, and how often files were begun that were never read."""
        row = self._row(connection_id)
        return row.poll_lease_token is not None, row.begun

    def note_begun(self, connection_id: UUID, token: UUID, counts: Mapping[str, int]) -> None:
        """Write down how often files were begun, while the right to poll is held."""
        if self._row(connection_id).poll_lease_token == token:
            self._set(connection_id, begun=dict(counts))

    def try_again(self, connection_id: UUID, name: str) -> None:
        """Let a file of that name be begun once more, if it was set aside."""
        begun = self._row(connection_id).begun
        meant = {file: min(times, MOST_BEGUN - 1) for file, times in begun.items() if file.startswith(named(name))}
        self._set(connection_id, begun=begun | meant)

    def end_poll(self, connection_id: UUID, token: UUID, next_in: float, error: dict[str, Any] | None) -> None:
        """Give the right back; due again in `next_in` seconds."""
        if self._row(connection_id).poll_lease_token == token:
            due = self._tables.after(next_in)
            self._set(connection_id, poll_lease_token=None, poll_lease_until=None, next_poll_at=due, poll_error=error)

    def poll_now(self, connection_id: UUID) -> None:
        """Let the connection's answers be looked at at the next sweep."""
        self._set(connection_id, next_poll_at=self._tables.now())

    def set_answer_token(self, connection_id: UUID, token_hash: bytes | None, prefix: str | None) -> None:
        """Keep what is known of the token for answers, in place of any former. Raises NotFoundError."""
        self._row(connection_id)
        self._set(connection_id, answer_token_hash=token_hash, answer_token_prefix=prefix)

    def _closed(self, row: ConnectionRow) -> bool:
        now = self._tables.now()
        return bool((row.closed_until and row.closed_until > now) or (row.open_until and row.open_until <= now))

    def _rests_for(self, row: ConnectionRow) -> float | None:
        left = (row.rests_until - self._tables.now()).total_seconds() if row.rests_until else 0.0
        return left if left > 0 else None

    def _row(self, connection_id: UUID) -> ConnectionRow:
        row = self._tables.connections.get(connection_id)
        if row is None or row.deleted:
            raise no_connection(connection_id)
        return row

    def _all(self) -> list[ConnectionRow]:
        return [row for row in self._tables.connections.values() if not row.deleted]

    def _set(self, connection_id: UUID, **columns: Any) -> None:
        self._tables.connections[connection_id] = changed(self._tables.connections[connection_id], **columns)

    def _change(self, connection_id: UUID, **columns: Any) -> None:
        """Change what people change: the connection has a new version."""
        self._set(connection_id, **columns, version=self._tables.connections[connection_id].version + 1)

    def _find_room(self, connection_id: UUID, config: dict[str, Any], before: int) -> None:
        """Raise StateError if the configurations grow beyond what they may be; what is there may stay."""
        others = sum(_size(row.config) for row in self._tables.connections.values() if row.id != connection_id)
        if _size(config) > before and others + _size(config) > MOST_BYTES:
            raise configurations_too_large(MOST_BYTES)

    def _active_beside(self, connection_id: UUID | None) -> list[ConnectionRow]:
        return [row for row in self._all() if row.id != connection_id and row.status is ConnectionStatus.ACTIVE]

    def _refuse_name(self, connection_id: UUID, name: str | None) -> None:
        for row in self._all():
            if row.id != connection_id and name and row.name and row.name.lower() == name.lower():
                raise name_taken(name, row.id)

    def _refuse_second_without_name(self, one: ConnectionRow) -> None:
        for row in self._active_beside(one.id):
            if row.name is None and row.connector_type == one.connector_type:
                raise type_active(row.connector_type, row.id)

    def _name_heir(self) -> None:
        rows = self._active_beside(None)
        if len(rows) == 1 and not rows[0].is_default:
            self._change(rows[0].id, is_default=True)


def _size(config: dict[str, Any]) -> int:
    """Return the bytes that a configuration takes when it is sealed: 12 and 16 go before and after it."""
    return len(json.dumps(config).encode()) + 28


def _use(row: ConnectionRow) -> dict[str, Any]:
    return {"status": row.status, "is_default": row.is_default}
