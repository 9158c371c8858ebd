"""What all tables share: names of constraints, how Python types are stored, and columns that many have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from orderflow.domain.ids import new_id
from orderflow.storage.tables.states import listed, quoted

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """What all tables share: names of constraints, and how Python types are stored."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        bytes: LargeBinary(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
    }


def one_of(name: str, column: str, values: Iterable[str]) -> CheckConstraint:
    """Return the rule that a column says one of some words."""
    return CheckConstraint(f"{column} IN {listed(values)}", name=name)


def by_error_code(table: str) -> Index:
    """Return the index by which failures of one code are found: row-level security keeps `->>` from indexes."""
    where = text("error_code IS NOT NULL")
    return Index(f"idx_{table}_error", "org_id", "error_code", "created_at", postgresql_where=where)


def within_org(column: str, table: str, ondelete: str | None = None) -> ForeignKeyConstraint:
    """Return the key of a column that names a row of another table, of the same organization."""
    return ForeignKeyConstraint(["org_id", column], [f"{table}.org_id", f"{table}.id"], ondelete=ondelete)


NOW = func.now()


VACUUM_BY_ROWS = {  # hot tables are vacuumed by rows changed, not by share of a table that only grows
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_vacuum_threshold": "5000",
    "autovacuum_analyze_scale_factor": "0.01",
}


VACUUM_EARLY = {  # large tables of rows that stay as they are: by default a fifth of them has to be new, or dead
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_vacuum_insert_scale_factor": "0.02",
    "autovacuum_analyze_scale_factor": "0.01",
}


VACUUM_SMALL = {  # a few rows that change all the time: every claim reads them, so that dead ones cost most here
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_vacuum_threshold": "200",
}


BY_RANGE: dict[
    str, Any
] = {  # an index of BRIN: what lies together came or changed together, also while the newest is being written
    "postgresql_using": "brin",
    "postgresql_with": {"pages_per_range": 16, "autosummarize": "on"},
}


def state_column(beginning: StrEnum) -> Mapped[str]:
    """Return the column of a state."""
    return mapped_column(default=beginning.value, server_default=text(quoted(beginning)))


def version_column() -> Mapped[int]:
    """Return the column that counts what people changed, so that nobody overwrites what they have not seen."""
    return mapped_column(default=1, server_default=text("1"))


class Owned:
    """What has an id of its own, and belongs to an organization."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    org_id: Mapped[UUID] = mapped_column(ForeignKey("organization.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=NOW)
