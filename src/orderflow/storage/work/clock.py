"""Times that were written before a clock was put back: none makes anything wait longer than the longest wait there is.

A time that lies farther ahead than any wait can be one that was written before the database's clock was put back, by a
person or by a failover. It counts as past. Leases and the times of connections are compared like this wherever they are
asked for. Exports are many, and those that are due are found by an index; so a sweep puts their times right
(`storage/system/due.py`).
"""

from __future__ import annotations

from orderflow.domain.connector_port import CERTIFICATE_WARNED
from orderflow.domain.errors import AwaitedError
from orderflow.domain.retry import LONGEST_AWAITED

LONGEST_LEASE = 900.0
"""Seconds; a lease is extended while work goes on, so that none is ever longer than the settings say."""


LONGEST_PROBE_WAIT = 900.0
"""Seconds, with some to spare: no probe is put off for longer than 5 minutes (`flow/setup/probe.py`)."""


def awaited(table: str) -> str:
    """Return SQL for: the seconds for which this export may wait for a receipt, beside any other wait."""
    return f"CASE WHEN {table}.error_json ->> 'code' = '{AwaitedError.code}' THEN {LONGEST_AWAITED:.0f} ELSE 0 END"


LONGEST_REST = 3600.0
"""Seconds for which a target may ask a connection to rest (`flow/delivery/rest.py`)."""


def past(moment: str, longest: float) -> str:
    """Return SQL for: the moment is past, or farther ahead than `longest` seconds, or null."""
    return f"({moment} IS NULL OR {moment} <= now() OR {moment} > now() + interval '{longest:.0f} seconds')"


def unleased(table: str | None = None) -> str:
    """Return SQL for: nobody works on this row of `erp_export`, as `table`."""
    return past(f"{table}.lease_until" if table else "lease_until", LONGEST_LEASE)


UNLEASED = unleased()
RESTING = f"(NOT {past('c.rests_until', LONGEST_REST)})"
"""SQL for: the connection `c` rests, because its target is busy."""

CLOSED = "COALESCE(c.closed_until > now() OR c.open_until <= now(), false)"
"""SQL for: it is outside of the opening hours of the connection `c`, or nobody has looked yet what comes next."""


CERTIFICATE_WARNED_FROM = f"(c.certificate_ends_at - interval '{CERTIFICATE_WARNED.days} days')"
"""SQL for: when a person is told that the connection `c` soon has no certificate left."""

IN_USE = "(c.deleted_at IS NULL AND c.status = 'ACTIVE')"
"""SQL for: a person should know what is wrong with the connection `c`."""

CERTIFICATE_ENDS = f"({IN_USE} AND {CERTIFICATE_WARNED_FROM} < now())"
"""SQL for: the connection `c` soon has no certificate left, so that a person should know."""


def open_for(seconds: str) -> str:
    """Return SQL for: the connection `c` has been open for so many seconds, which is SQL too, without a break."""
    return f"(NOT {CLOSED} AND COALESCE(c.closed_until <= now() - make_interval(secs => {seconds}), true))"
