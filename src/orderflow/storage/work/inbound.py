"""What partners sent by themselves, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Connection, text

from orderflow.domain.delivery import LIGHTEST, Arrived
from orderflow.domain.readings import MOST_BEGUN
from orderflow.flow.ports import Read
from orderflow.flow.refusals import message_id_reused, no_connection, nothing_to_put_aside
from orderflow.storage.records import records

# Locked against the connection's end, so that what is answered for is never lost with it unseen.
_CONNECTION = text("SELECT id FROM erp_connection WHERE id = :id AND deleted_at IS NULL FOR KEY SHARE")
_ADD = text("""
    INSERT INTO inbound (id, org_id, connection_id, identity, message_id, sha256, name, media_type, content)
    VALUES (:id, :org_id, :connection_id, :identity, :message_id, :sha256, :name, :media_type, :content)
    ON CONFLICT (connection_id, identity) DO NOTHING RETURNING id
""")
_FIND = text("SELECT id, sha256 FROM inbound WHERE connection_id = :connection_id AND identity = :identity FOR UPDATE")
_COMES_AGAIN = text("""
    UPDATE inbound SET next_read_at = now(), received_at = now(), content = :content, put_aside = false WHERE id = :id
""")
_KEPT_BYTES = text(f"""
    SELECT COALESCE(sum(GREATEST(octet_length(content), {LIGHTEST})), 0) FROM inbound
    WHERE org_id = :org_id AND content IS NOT NULL
""")  # noqa: S608  # built from a constant
_TAKE = text(f"""
    UPDATE inbound i SET next_read_at = now() + make_interval(secs => :seconds), begun = i.begun + 1
    FROM (SELECT id FROM inbound
          WHERE connection_id = :connection_id AND next_read_at <= now()
            AND (begun > 0) = :begun AND begun < {MOST_BEGUN}
          ORDER BY next_read_at, id LIMIT :limit FOR UPDATE SKIP LOCKED) due
    WHERE i.id = due.id
    RETURNING i.id, i.name, i.content, i.media_type, i.message_id,
              GREATEST(extract(epoch FROM now() - i.received_at), 0)::float8 AS age, i.received_at
""")  # noqa: S608  # built from a constant
_SET_ASIDE = text(f"""
    UPDATE inbound SET verdict = 'unreadable', told = :told, read_at = now(), next_read_at = NULL
    WHERE id IN (SELECT id FROM inbound
                 WHERE connection_id = :connection_id AND next_read_at <= now() AND begun >= {MOST_BEGUN}
                 FOR UPDATE SKIP LOCKED)
""")  # noqa: S608  # built from a constant
# Not what came again meanwhile, also while this transaction waited: that is due.
_NOTE = text("""
    UPDATE inbound i
    SET verdict = r.verdict, told = r.told, read_at = now(), begun = 0,
        next_read_at = now() + make_interval(secs => r.again_in),
        content = CASE WHEN r.keeps THEN i.content END
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, verdict text, told text, again_in float8, keeps bool)
    WHERE i.id = r.id AND i.next_read_at > clock_timestamp()
""")
_ENDED = text("UPDATE inbound SET begun = 0 WHERE id = ANY(:ids) AND begun > 0")
_READ_AGAIN = text(f"""
    UPDATE inbound SET next_read_at = now(), put_aside = false, begun = LEAST(begun, {MOST_BEGUN - 1})
    WHERE id = :id AND connection_id = :connection_id AND content IS NOT NULL RETURNING id
""")  # noqa: S608  # built from a constant
_PUT_ASIDE = text("""
    UPDATE inbound SET put_aside = true, next_read_at = NULL, content = NULL
    WHERE id = :id AND connection_id = :connection_id AND verdict IN ('unmatched', 'unreadable', 'misfit')
      AND NOT put_aside RETURNING id
""")
UNMATCHED = "i.verdict = 'unmatched' AND NOT i.put_aside"
"""SQL for: the row `i` of `inbound` belongs to nobody, and nobody said to let it be."""
SET_ASIDE = "i.verdict = 'unreadable' AND i.begun > 0 AND i.next_read_at IS NULL AND NOT i.put_aside"
"""SQL for: its readers died of the row `i` of `inbound`, and nobody said to let it be, or to read it again."""
_COUNT_UNMATCHED = text(f"SELECT count(*) FROM inbound i WHERE i.connection_id = :id AND {UNMATCHED}")  # noqa: S608  # a constant
_COUNT_SET_ASIDE = text(f"SELECT count(*) FROM inbound i WHERE i.connection_id = :id AND {SET_ASIDE}")  # noqa: S608  # a constant


class SqlInbound:
    """`flow.ports.Inbound` of one organization, in one transaction."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def add(self, connection_id: UUID, item: Arrived, identity: str) -> bool:
        """Keep what came; False if it is here already. Raises NotFoundError, StateError."""
        if self._connection.execute(_CONNECTION, {"id": connection_id}).first() is None:
            raise no_connection(connection_id)
        known = {"connection_id": connection_id, "identity": identity}
        values = known | {"id": item.id, "org_id": self._org_id, "message_id": item.message_id, "name": item.name}
        values |= {"sha256": sha256(item.content).digest(), "media_type": item.media_type, "content": item.content}
        if self._connection.execute(_ADD, values).first() is not None:
            return True
        row = self._connection.execute(_FIND, known).one()
        if bytes(row.sha256) != values["sha256"]:
            raise message_id_reused(identity)
        if item.message_id is not None:
            return False
        self._connection.execute(_COMES_AGAIN, {"id": row.id, "content": item.content})
        return False

    def kept_bytes(self) -> int:
        """Return how much is kept to be read, or read once more; each counts as `LIGHTEST` at least."""
        return int(self._connection.execute(_KEPT_BYTES, {"org_id": self._org_id}).scalar_one())

    def take(self, connection_id: UUID, limit: int, seconds: float, *, begun: bool = False) -> list[Arrived]:
        """Return what is due, the oldest first, and count that its reading begins; nobody else takes it meanwhile."""
        values = {"connection_id": connection_id, "limit": limit, "seconds": seconds, "begun": begun}
        rows = sorted(self._connection.execute(_TAKE, values), key=lambda row: (row.received_at, row.id))
        return [Arrived(row.id, row.name, bytes(row.content), row.media_type, row.message_id, row.age) for row in rows]

    def set_aside(self, connection_id: UUID, told: str) -> int:
        """Let be what is due and was begun `MOST_BEGUN` times. Returns how many."""
        return self._connection.execute(_SET_ASIDE, {"connection_id": connection_id, "told": told}).rowcount

    def note(self, items: Sequence[Read]) -> None:
        """Write down what became of each."""
        rows = [
            {
                "id": item.id,
                "verdict": item.verdict,
                "told": item.told,
                "again_in": item.again_in,
                "keeps": item.keeps_content,
            }
            for item in items
        ]
        if self._connection.execute(_NOTE, {"rows": records(rows)}).rowcount < len(rows):
            self._connection.execute(_ENDED, {"ids": [item.id for item in items]})

    def read_again(self, connection_id: UUID, item_id: UUID) -> bool:
        """Make something due now; False if it is not there any more."""
        return (
            self._connection.execute(_READ_AGAIN, {"id": item_id, "connection_id": connection_id}).first() is not None
        )

    def put_aside(self, connection_id: UUID, item_id: UUID) -> None:
        """Let something be that nobody understood. Raises NotFoundError."""
        if self._connection.execute(_PUT_ASIDE, {"id": item_id, "connection_id": connection_id}).first() is None:
            raise nothing_to_put_aside(item_id)

    def count_unmatched(self, connection_id: UUID) -> int:
        """Count what belongs to no export of the connection, or says of none what it is."""
        return int(self._connection.execute(_COUNT_UNMATCHED, {"id": connection_id}).scalar_one())

    def count_set_aside(self, connection_id: UUID) -> int:
        """Count what its readers died of."""
        return int(self._connection.execute(_COUNT_SET_ASIDE, {"id": connection_id}).scalar_one())
