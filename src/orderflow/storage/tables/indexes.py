"""Indexes that migrations make beside the work, in an autocommit block; what was left unfinished is made anew."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

_DEFINED = text("""
    SELECT split_part(pg_get_indexdef(indexrelid), ' USING ', 2) FROM pg_index
    WHERE indexrelid = to_regclass(:name) AND indisvalid
""")


def is_made(name: str, definition: str) -> bool:
    """Return whether there is an index of this name, whole and so defined as PostgreSQL tells it after `USING`."""
    return bool(op.get_bind().execute(_DEFINED, {"name": name}).scalar() == definition)


def make(name: str, table: str, definition: str, *, unique: bool = False) -> None:
    """Make an index; one of its name that is unfinished, or another one, is made anew."""
    if not is_made(name, definition):
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        kind = "UNIQUE INDEX" if unique else "INDEX"
        op.execute(f"CREATE {kind} CONCURRENTLY {name} ON {table} USING {definition}")


def make_in_its_place(name: str, table: str, definition: str) -> None:
    """Make an index that takes the name of another one when it is whole, so that no list is ever without."""
    if not is_made(name, definition):
        make(f"new_{name}", table, definition)
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"ALTER INDEX new_{name} RENAME TO {name}")
