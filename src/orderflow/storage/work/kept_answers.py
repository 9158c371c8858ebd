"""What was answered to requests with an `Idempotency-Key`, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import Connection

from orderflow.domain.ids import new_id
from orderflow.storage.fast.statements import later, run

KEPT_HOURS = 24
LONGEST_PART = 256 * 1024
"""Bytes."""

_LET_GO = f"""
    DELETE FROM kept_answer WHERE org_id = %(org_id)s AND caller = %(caller)s AND key = %(key)s
    AND (busy_until < now() OR created_at < now() - interval '{KEPT_HOURS} hours')
"""  # noqa: S608  # a constant
_TAKE = """
    INSERT INTO kept_answer (id, org_id, caller, key, busy_until)
    VALUES (%(id)s, %(org_id)s, %(caller)s, %(key)s, now() + make_interval(secs => %(seconds)s))
    ON CONFLICT (org_id, caller, key) DO NOTHING RETURNING id
"""
_FIND = f"""
    SELECT id, coalesce(busy_until > now(), false) AS busy, request_sha256, status, headers FROM kept_answer
    WHERE org_id = %(org_id)s AND caller = %(caller)s AND key = %(key)s
    AND created_at >= now() - interval '{KEPT_HOURS} hours'
"""  # noqa: S608  # a constant
_EXTEND = """
    UPDATE kept_answer SET busy_until = now() + make_interval(secs => %(seconds)s) WHERE id = %(id)s RETURNING id
"""
_FREE = "DELETE FROM kept_answer WHERE id = %(id)s AND busy_until IS NOT NULL"
_KEEP = """
    UPDATE kept_answer SET busy_until = NULL, request_sha256 = %(sha256)s, status = %(status)s, headers = %(headers)s
    WHERE id = %(id)s AND busy_until IS NOT NULL
"""
# Nobody waits to hear whether the answer is there yet: where it is not, the foreign key undoes the transaction.
_KEEP_PART = """
    INSERT INTO kept_answer_part (answer_id, part, org_id, content)
    VALUES (%(id)s, %(part)s, %(org_id)s, %(content)s)
    ON CONFLICT (answer_id, part) DO NOTHING
"""
LOST = "fk_kept_answer_part_answer_id"
"""The constraint that refuses to keep an answer once another request has taken the place of its own."""

_PART = "SELECT content FROM kept_answer_part WHERE answer_id = %(id)s AND part = %(part)s"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a request: it is under way (`busy`), was answered (`status`), or died before that.

    `request_sha256` says what was answered.
    """

    id: UUID
    busy: bool
    request_sha256: bytes | None
    status: int | None
    headers: dict[str, str] | None


class SqlKeptAnswers:
    """The answers of one organization, in one transaction. A caller is whoever the key is to be told apart for."""

    def __init__(self, connection: Connection, org_id: UUID) -> None:
        self._connection = connection
        self._org_id = org_id

    def take(self, caller: str, key: str, seconds: float) -> UUID | None:
        """Note that a request is under way, for so long at most; None if one is, or was answered."""
        values = self._named(caller, key) | {"id": new_id(), "seconds": seconds}
        later(self._connection, _LET_GO, self._named(caller, key))
        row = run(self._connection, _TAKE, values).fetchone()
        return row["id"] if row else None

    def find(self, caller: str, key: str) -> Kept | None:
        """Return what is known of a request."""
        row = run(self._connection, _FIND, self._named(caller, key)).fetchone()
        return Kept(**row) if row else None

    def extend(self, answer_id: UUID, seconds: float) -> bool:
        """Note that a request is still under way; False: another one has taken its place."""
        return run(self._connection, _EXTEND, {"id": answer_id, "seconds": seconds}).fetchone() is not None

    def free(self, answer_id: UUID) -> None:
        """Forget a request of which nothing was done."""
        later(self._connection, _FREE, {"id": answer_id})

    def keep(
        self, answer_id: UUID, request_sha256: bytes, status: int, headers: Mapping[str, str], body: Iterable[bytes]
    ) -> None:
        """Keep the answer to a request, unless one is kept; its body in parts of `LONGEST_PART` at most.

        Raises:
            sqlalchemy.exc.IntegrityError: Another request has taken its place (`LOST`). It may come with the commit.
        """
        values = {"id": answer_id, "sha256": request_sha256, "status": status, "headers": Jsonb(dict(headers))}
        later(self._connection, _KEEP, values)
        for number, content in enumerate(body):
            send = run if number else later  # what is long is not kept back
            part = {"id": answer_id, "part": number, "org_id": self._org_id, "content": content}
            send(self._connection, _KEEP_PART, part)

    def part(self, answer_id: UUID, number: int) -> bytes | None:
        """Return a part of an answer's body, counted from 0; None if there is no such part."""
        row = run(self._connection, _PART, {"id": answer_id, "part": number}).fetchone()
        return bytes(row["content"]) if row else None

    def _named(self, caller: str, key: str) -> dict[str, Any]:
        return {"org_id": self._org_id, "caller": caller, "key": key}
