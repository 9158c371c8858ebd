"""What partners signed about a delivery, as people see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from orderflow.domain.errors import NotFoundError
from orderflow.storage.views.view import Table, View

_PROOFS = Table("p", "FROM delivery_proof p")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptProof:
    """A receipt that came back for a delivery, as of AS2 (MDN)."""

    id: UUID
    export_id: UUID
    received_at: datetime
    message_id: Annotated[str, Field(description="Of the message that it is about")]
    says: Annotated[str, Field(description="The partner's own words, as `processed`")]
    refused: Annotated[bool, Field(description="It says that nothing was done with the message")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Content:
    content: bytes


def proofs_of(view: View, *export_ids: UUID) -> list[KeptProof]:
    """Return what came back for exports, the oldest first."""
    which = "WHERE p.org_id = :org_id AND p.export_id = ANY(:ids) ORDER BY p.received_at, p.id"
    return view.rows(KeptProof, f"{_PROOFS.select(KeptProof)} {which}", {"ids": list(export_ids)})


def proof_content(view: View, export_id: UUID, proof_id: UUID) -> bytes:
    """Return a receipt as it came. Raises NotFoundError."""
    query = f"{_PROOFS.select(_Content)} WHERE p.org_id = :org_id AND p.export_id = :export_id AND p.id = :id"
    found = view.one(_Content, query, {"export_id": export_id, "id": proof_id})
    if found is None:
        raise NotFoundError("There is no such receipt of this export.")
    return found.content
