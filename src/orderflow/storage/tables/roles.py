"""The two roles that row-level security is written for.

`orderflow_app` is what every pool works as. It owns nothing, cannot bypass row-level security, and sees the rows of
the organization that its transaction names; of none if it names none.

`orderflow_system` sees every organization. Nobody logs in as it: a transaction of the pool becomes it by `SET LOCAL
ROLE`, for the short list of work that spans organizations. `orderflow_app` is a member of it, but as NOINHERIT, so
that without that statement none of its rights apply.
"""

from __future__ import annotations

from uuid import UUID

APP_ROLE = "orderflow_app"
SYSTEM_ROLE = "orderflow_system"
BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""What is read after a lock has to be as new as the lock, whatever the server's or the login's default is."""


def opening(org_id: UUID) -> str:
    """Return the statements that begin a transaction for one organization.

    `SET LOCAL` is `set_config(…, true)` without a query. A UUID needs no quoting.
    """
    return f"{BEGIN}; SET LOCAL orderflow.org_id = '{UUID(int=org_id.int)}'"


ALIVE = "p.seen_at BETWEEN now() - interval '1 minute' AND now() + interval '1 minute'"
"""Of a row `p` of `process`: it told of itself just now, also by a clock that was set back since."""

SYSTEM_OPENING = f"{BEGIN}; SET LOCAL ROLE {SYSTEM_ROLE}"
