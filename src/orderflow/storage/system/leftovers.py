"""Which temporary files at a target nobody needs any more, by what the database knows of their exports."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from orderflow.domain.delivery import Leftover
from orderflow.storage.database import Database

_KNOWN = text("""
    SELECT filename, lease_token, staged_path FROM erp_export
    WHERE connection_id = :connection_id AND filename = ANY(:names)
""")


class SqlLeftovers:
    """Asks about leftovers; `abandoned` is a `flow.clean_up.Abandoned`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def abandoned(self, org_id: UUID, connection_id: UUID, leftovers: Sequence[Leftover]) -> list[Leftover]:
        """Return those that belong to exports of this connection, are not staged, and whose lease is over.

        A file of an export that is not known here may be that of another installation, so it stays.
        """
        names = list({leftover.reference for leftover in leftovers})
        with self._database.transaction(org_id) as connection:
            rows = connection.execute(_KNOWN, {"connection_id": connection_id, "names": names})
            known = {row.filename: (row.lease_token, row.staged_path) for row in rows}
        return [
            leftover
            for leftover in leftovers
            if leftover.reference in known
            and known[leftover.reference][0] != leftover.token
            and known[leftover.reference][1] != leftover.path
        ]
