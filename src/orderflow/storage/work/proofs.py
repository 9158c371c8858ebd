"""What partners signed about deliveries, in PostgreSQL: kept in the transaction that settles what it proves."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.ids import new_id
from orderflow.domain.proof import Proof
from orderflow.storage.records import records

_KEEP = text("""
    WITH r AS (
        SELECT * FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(
            id uuid, export_id uuid, message_id text, says text, refused bool, content text)
    )
    INSERT INTO delivery_proof (id, org_id, draft_order_id, export_id, message_id, says, refused, content)
    SELECT r.id, e.org_id, e.draft_order_id, e.id, r.message_id, r.says, r.refused, decode(r.content, 'base64')
    FROM r JOIN erp_export e ON e.id = r.export_id
""")


def keep(connection: Connection, proofs: Mapping[UUID, Proof]) -> None:
    """Keep proofs, by the export that each is about."""
    if proofs:
        connection.execute(_KEEP, {"rows": records(_row(*pair) for pair in proofs.items())})


def _row(export_id: UUID, proof: Proof) -> dict[str, object]:
    return {
        "id": new_id(),
        "export_id": export_id,
        "message_id": proof.message_id,
        "says": proof.says,
        "refused": proof.refused,
        "content": base64.b64encode(proof.content).decode(),
    }
