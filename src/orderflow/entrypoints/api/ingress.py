"""What stands between the open network and `inbound`: who sends is known, and counted, before a body is read.

Nobody signs in here. An ERP proves itself by what its connection agreed with it: a token, a signature, a certificate.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from orderflow.entrypoints.api.authentication import Recent
from orderflow.entrypoints.api.body_limit import limited
from orderflow.entrypoints.api.deps import client_of
from orderflow.entrypoints.api.rate_limit import RateLimit
from orderflow.entrypoints.api.work import Work, Workload
from orderflow.flow.people.api_keys import hash_key
from orderflow.flow.people.sign_in import AnswerSender, AuthRequiredError
from orderflow.storage.people.accounts import SqlAccounts

MOST_A_MINUTE = 1_200
"""Messages that one connection may be sent, in each process; and one address may send to it unproved."""


class NotKnownError(AuthRequiredError):
    """Whoever sends has not proved that they may; there may be no such connection at all."""

    code = "ANSWER_NOT_PROVED"
    hint = (
        "Send the connector's token as `Authorization: Bearer ofa_…`, or sign with its secret as Standard Webhooks "
        "say, by a clock that is right within five minutes."
    )
    default_message = "There is no such connector, or this does not prove that you may send answers to it."


class Ingress:
    """Knows who may send to which connection, for a few seconds without asking the database again."""

    def __init__(self, accounts: SqlAccounts) -> None:
        self._accounts = accounts
        self._recent: Recent[UUID, AnswerSender] = Recent()
        self._rate = RateLimit(MOST_A_MINUTE, 60, what="answers for this connector")

    async def sender(self, request: Request, connection_id: UUID) -> AnswerSender:
        """Return who may send to a connection. Raises NotKnownError: there is no such connection."""
        known = await self._recent.get(connection_id, lambda: self._look_up(request, connection_id))
        if known is None:
            raise NotKnownError
        return known

    def count(self, request: Request, connection_id: UUID, *, proved: bool) -> None:
        """Count a message, before its body is read. Raises RateLimitedError: too many came in the last minute.

        Args:
            proved: Who sends it is known already; of others each address has a count of its own, so that none of them
                keeps the ERP's own messages out.
        """
        self._rate.check(str(connection_id) if proved else f"{connection_id} {client_of(request)}")

    @asynccontextmanager
    async def body(self, request: Request, org_id: UUID, most: int) -> AsyncIterator[bytes]:
        """Read a body within the organization's share, which is held until the block ends.

        Raises:
            TooManyAtOnceError: The share is used up.
            BodyTooLargeError, BodyTooSlowError: It is not taken.
        """
        workload: Workload = request.app.state.workload
        async with workload.shares[Work.ANSWER].taken(org_id):
            yield await Request(request.scope, limited(request, most)).body()

    def forget(self) -> None:
        """Ask the database again: a token was made or ended."""
        self._recent.forget()

    async def _look_up(self, request: Request, connection_id: UUID) -> AnswerSender | None:
        workload: Workload = request.app.state.workload
        async with workload.shares[Work.ANSWER].taken(client_of(request)):
            return await run_in_threadpool(self._accounts.by_connection, connection_id)


def token_of(request: Request) -> str | None:
    """Return the token that a request brings, if it does."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given.strip():
        return given.strip()
    return request.headers.get("x-api-key")


def check_token(sender: AnswerSender, token: str) -> None:
    """Raise NotKnownError unless this is the connection's token."""
    if sender.token_hash is None or not hmac.compare_digest(sender.token_hash, hash_key(token)):
        raise NotKnownError
