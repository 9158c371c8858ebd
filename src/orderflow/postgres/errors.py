"""What can be wrong with the database itself, for a person."""

from __future__ import annotations

from orderflow.domain.errors import OrderFlowError


class DatabaseError(OrderFlowError):
    """The database cannot be started or reached."""

    code = "DATABASE_UNAVAILABLE"
    hint = "Check DATABASE_URL and that the server runs; nothing is lost while it is away."
    default_message = "The database cannot be reached."


class DatabaseBusyError(DatabaseError):
    """Two transactions waited for each other, and PostgreSQL ended this one; nothing of it was kept."""

    code = "DATABASE_BUSY"
    hint = "Nothing was changed; try again."
    default_message = "Something else was changing the same things at the same moment."


class DatabaseSetupError(DatabaseError):
    """The database is there, but not set up for OrderFlow."""

    code = "DATABASE_SETUP"
    hint = "Run `orderflow db upgrade` with DATABASE_ADMIN_URL set to the owner of the database."
    default_message = "The database is not set up."
