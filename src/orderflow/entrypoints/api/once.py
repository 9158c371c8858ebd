"""A request that is sent again with the same `Idempotency-Key` is done once, and answered with the first answer.

Of the answers, those are kept that tell of something done. A request that was refused may be corrected, and sent again
with its key.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from orderflow.domain.errors import InputError, KeyReusedError
from orderflow.entrypoints.api.deps import Caller, app_of
from orderflow.entrypoints.api.errors import UnderWayError
from orderflow.entrypoints.api.headers import noted_headers
from orderflow.entrypoints.api.versions import noted
from orderflow.storage.store import SqlStore, SqlWork
from orderflow.storage.work.kept_answers import Kept

T = TypeVar("T")
BUSY_SECONDS = 120.0
"""A request may be under way without a sign of life; after it, another one with its key takes its place."""

SIGN_SECONDS = BUSY_SECONDS / 4
"""Between two signs of life."""

LONGEST_KEY = 200
HEADER = "Idempotency-Key"
PARAMETER: dict[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "For 24 hours, the same key of the same caller gets the first answer again, and nothing is done a "
    "second time. With another request it is 422 `IDEMPOTENCY_KEY_REUSED`; while the first is under way, 409 "
    "`REQUEST_UNDER_WAY` with `Retry-After`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[\\x21-\\x7e]+$"},
}
_KEY = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_KEY}}}")
_KEPT_HEADERS = (
    "content-type",
    "etag",
    "location",
    "x-import-id",
    *(f"x-orders-{what}" for what in ("accepted", "duplicate", "revised", "refused")),
)


@dataclass(slots=True)
class Claim:
    """The right to do what a request asks for, under its key; `told_at`: of the last sign of life, as `monotonic`."""

    id: UUID
    request_sha256: bytes = b""
    told_at: float = field(default_factory=time.monotonic)


class Once:
    """One request's key."""

    def __init__(self, store: SqlStore, caller: Caller, key: str) -> None:
        self._store = store
        self._org_id = caller.org_id
        self._caller = f"{caller.owner_id} {caller.email}"  # one user's programs do not get each other's answers
        self._key = key

    def begin(self) -> Claim | Kept:
        """Return the claim, or the answer that was given before.

        Raises:
            UnderWayError: Another request with this key is.
        """
        with self._store.work(self._org_id) as work:
            taken = work.kept_answers.take(self._caller, self._key, BUSY_SECONDS)
            known = None if taken else work.kept_answers.find(self._caller, self._key)
        if taken:
            return Claim(taken)
        if known is None or known.status is None:
            raise UnderWayError
        return known

    def find(self) -> Kept | None:
        """Return what is known of the request."""
        with self._store.work(self._org_id) as work:
            return work.kept_answers.find(self._caller, self._key)

    def while_busy(self, claim: Claim, results: Iterable[T]) -> Iterator[T]:
        """Yield results as they come, and give signs of life. Raises UnderWayError, as `live`."""
        for result in results:
            yield result
            self.live(claim)

    def live(self, claim: Claim) -> None:
        """Note that the request is still under way, unless that was just done.

        Raises:
            UnderWayError: Another one has taken its place; this one must not go on.
        """
        if time.monotonic() - claim.told_at < SIGN_SECONDS:
            return
        with self._store.work(self._org_id) as work:
            if not work.kept_answers.extend(claim.id, BUSY_SECONDS):
                raise UnderWayError
        claim.told_at = time.monotonic()

    def keep(self, claim: Claim, answer: Response, body: Iterator[bytes]) -> None:
        """Keep the answer, in parts as they come. Raises IntegrityError, as `SqlKeptAnswers.keep`."""
        with self._store.work(self._org_id) as work:
            headers = kept_headers(answer)
            work.kept_answers.keep(claim.id, claim.request_sha256, answer.status_code, headers, body)

    def free(self, claim: Claim) -> None:
        """Let another request have the key: nothing was done."""
        with self._store.work(self._org_id) as work:
            work.kept_answers.free(claim.id)

    def again(self, kept: Kept, request_sha256: bytes | None) -> Response:
        """Return the first answer again.

        Args:
            request_sha256: Of the request that asks for it; None: it does not matter.

        Raises:
            KeyReusedError: It was the answer to another request.
        """
        if request_sha256 not in (None, kept.request_sha256):
            raise KeyReusedError
        return StreamingResponse(self._parts(kept.id), kept.status or 200, kept.headers)

    def _parts(self, answer_id: UUID) -> Iterator[bytes]:
        number = 0
        while True:
            with self._store.work(self._org_id) as work:
                part = work.kept_answers.part(answer_id, number)
            if part is None:
                return
            yield part
            number += 1


def once_of(request: Request) -> Once:
    """Return the key of a request that has one. Raises InputError if it cannot be one."""
    key = request.headers[HEADER]
    if not _KEY.fullmatch(key):
        fields = [{"field": HEADER, "message": f"must be 1 to {LONGEST_KEY} visible ASCII characters"}]
        raise InputError(f"Some fields cannot be used: {HEADER}.", details={"fields": fields})
    return Once(app_of(request).store, request.state.caller, key)


def check_one_key(request: Request) -> None:
    """Raise InputError if a request has several keys: which of them counts would be left to whoever reads it first."""
    if len(request.headers.getlist(HEADER)) > 1:
        fields = [{"field": HEADER, "message": "is given twice"}]
        raise InputError(f"Some fields cannot be used: {HEADER}.", details={"fields": fields})


def digest_of(request: Request) -> Any:
    """Return the SHA-256 of what a request asks for, as far as its address says; its body is to be added."""
    return hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())


async def answered_once(request: Request, raw: bytes, once: Once, step: Callable[[], Awaitable[Response]]) -> Response:
    """Return what `step` answers, or what it answered the first time. Raises UnderWayError, InputError."""
    digest = digest_of(request)
    digest.update(raw)
    begun = await run_in_threadpool(once.begin)
    if isinstance(begun, Kept):
        return once.again(begun, digest.digest())
    begun.request_sha256 = digest.digest()
    request.state.claim = begun
    try:
        answer = await step()
    except Exception:
        await run_in_threadpool(once.free, begun)
        raise
    answer.headers.update(noted_headers(request))
    await run_in_threadpool(once.keep, begun, answer, iter([bytes(answer.body)]))
    return answer


def keep_within(work: SqlWork, request: Request, answer: Response) -> None:
    """Keep the answer to a request that has a key in the transaction of what it tells of: both are done, or neither.

    Raises:
        sqlalchemy.exc.IntegrityError: Neither is, by the commit: another request has taken its place.
    """
    claim: Claim | None = noted(request).get("claim")
    if claim is None:
        return
    answer.headers.update(noted_headers(request))
    headers = kept_headers(answer)
    work.kept_answers.keep(claim.id, claim.request_sha256, answer.status_code, headers, [bytes(answer.body)])


def kept_headers(answer: Response) -> dict[str, str]:
    """Return the headers that belong to what is answered, not to the moment."""
    return {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
