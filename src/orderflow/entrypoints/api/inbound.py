"""Answers that an ERP sends by itself, over HTTP: proved, kept, and answered 200 only then."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from orderflow.domain.answer_files import LIMIT
from orderflow.domain.delivery import Arrived
from orderflow.domain.errors import InputError
from orderflow.domain.ids import new_id
from orderflow.domain.reach import within
from orderflow.entrypoints.api.deps import app_of
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.ingress import Ingress, NotKnownError, check_token, token_of
from orderflow.entrypoints.api.routing import STREAMS, ApiRouter
from orderflow.entrypoints.api.schemas import Out
from orderflow.flow.answers.receive import receive
from orderflow.flow.delivery.open_target import find_connector
from orderflow.flow.people.sign_in import AnswerSender
from orderflow.flow.ports import Wiring
from orderflow.http.webhook_signature import is_recent, is_signed, webhook_key

LONGEST_ID = 200
"""Characters."""

_BODY = {
    "required": True,
    "description": "One answer in the connector's format; JSON as in docs/answers.md where it has none of its own.",
    "content": {"application/json": {"schema": {}}, "application/octet-stream": {"schema": {"format": "binary"}}},
}
router = ApiRouter("/answers", "Answers of ERPs")


class Kept(Out):
    """The answer is kept, and surely read; what became of it, its order says, and `/connectors/{id}/answers`."""

    duplicate: bool = Field(description="The same one came before")


@dataclass(frozen=True, slots=True)
class _Signed:
    """What a message says of its signature, as Standard Webhooks name the headers."""

    message_id: str
    timestamp: str
    signatures: str


@router.post(
    "/{connector_id}", responses=answers(401, 409), openapi_extra={STREAMS: True, "security": [], "requestBody": _BODY}
)
async def receive_answer(
    request: Request,
    connector_id: UUID,
    name: Annotated[str, Query(max_length=255, description="Of the answer, where its name says what it is about")] = "",
) -> Kept:
    """Take an answer that an ERP sends by itself: with the connector's token, or signed (Standard Webhooks).

    At most 1 MiB. The same answer may be sent again until this answers 200; it counts once.
    """
    ingress: Ingress = request.app.state.ingress
    sender = await ingress.sender(request, connector_id)
    signed = _proof_of(request, sender)
    ingress.count(request, connector_id, proved=signed is None)
    async with ingress.body(request, sender.org_id, LIMIT) as content:
        if not content:
            raise InputError("The answer is empty.")
        media_type = request.headers.get("content-type", "")[:200] or None
        item = Arrived(new_id(), name, content, media_type, signed.message_id if signed else None)
        new = await run_in_threadpool(_keep, app_of(request).wiring, sender.org_id, connector_id, item, signed)
    return Kept(duplicate=not new)


def _proof_of(request: Request, sender: AnswerSender) -> _Signed | None:
    """Return the signature that is to be checked against the body; None: the token has proved who sends.

    Raises:
        NotKnownError: Neither is there, or it is surely wrong.
    """
    if token := token_of(request):
        check_token(sender, token)
        return None
    headers: Mapping[str, str] = request.headers
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    signed = _Signed(*(headers.get(name, "") for name in names))
    if not (signed.message_id and signed.signatures) or len(signed.message_id) > LONGEST_ID:
        raise NotKnownError
    if not is_recent(signed.timestamp, time.time()):
        raise NotKnownError
    return signed


def _keep(wiring: Wiring, org_id: UUID, connection_id: UUID, item: Arrived, signed: _Signed | None) -> bool:
    if signed is not None and not _is_signed(wiring, org_id, connection_id, item.content, signed):
        raise NotKnownError
    return receive(wiring.store, org_id, connection_id, item)


def _is_signed(wiring: Wiring, org_id: UUID, connection_id: UUID, content: bytes, signed: _Signed) -> bool:
    with wiring.store.work(org_id) as work:
        target = work.connections.open(connection_id)
    with within(target.reach):
        secret = find_connector(wiring, target.connector_type).answer_secret(target.config)
    if secret is None:
        return False
    key = webhook_key(secret)
    return is_signed(key, signed.message_id, signed.timestamp, signed.signatures, content, time.time())
