"""Messages that a partner sends over AS2: opened, kept, and signed for only then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

import structlog
from fastapi import Request, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from orderflow.channels.as2.arriving import LONGEST, Arrival, StrangerError
from orderflow.channels.as2.faults import Fault
from orderflow.channels.as2.outgoing import Headers
from orderflow.channels.as2.session import As2Session
from orderflow.connectors.dropzone import DropzoneConnector
from orderflow.domain.errors import StateError
from orderflow.domain.reach import within
from orderflow.entrypoints.api.computing import Computing, metering
from orderflow.entrypoints.api.deps import app_of
from orderflow.entrypoints.api.errors import ForbiddenError, answers
from orderflow.entrypoints.api.ingress import Ingress
from orderflow.entrypoints.api.routing import STREAMS, ApiRouter
from orderflow.entrypoints.api.work import TooManyAtOnceError, Work, Workload
from orderflow.flow.answers.receive import receive
from orderflow.flow.delivery.open_target import find_connector
from orderflow.flow.ports import Store, Target, Wiring

log = structlog.get_logger(__name__)
_BODY = {
    "required": True,
    "description": "A message or a receipt as RFC 4130 has it; at most 4 MiB.",
    "content": {"application/pkcs7-mime": {"schema": {"format": "binary"}}},
}
router = ApiRouter("/as2", "Answers of ERPs", base="")


class MessageRefusedError(ForbiddenError):
    """What came is not from the connector's partner to us, or no message at all."""

    code = "MESSAGE_REFUSED"
    hint = "Compare AS2 names, certificates and what was agreed with the connector's settings."
    default_message = "This connector is none that speaks AS2."


@dataclass(frozen=True, slots=True)
class _Reply:
    """Attributes: `later`, what is sent after the answer: a receipt that was asked for at an address."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    later: Callable[[], None] | None = None


@router.post(
    "/{connector_id}",
    response_class=Response,
    responses={**answers(401, 403), 200: {"description": "The receipt (MDN), if one is asked for here"}},
    openapi_extra={STREAMS: True, "security": [], "requestBody": _BODY},
)
async def receive_as2_message(request: Request, connector_id: UUID) -> Response:
    """Take an answer, or a late receipt, that the connector's partner sends over AS2.

    The receipt is given once it is kept. A message that came before is a duplicate, and counts once.
    """
    ingress: Ingress = request.app.state.ingress
    sender = await ingress.sender(request, connector_id)
    ingress.count(request, connector_id, proved=False)  # what it costs to open a message, a stranger causes too
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]]
    computing: Computing = request.app.state.computing
    async with computing.turn(sender.org_id), ingress.body(request, sender.org_id, LONGEST) as content:
        wiring = app_of(request).wiring
        reply = await run_in_threadpool(metering(_take), wiring, sender.org_id, connector_id, headers, content)
    later = BackgroundTask(_send_later, request, sender.org_id, reply.later) if reply.later else None
    return Response(reply.body, reply.status, reply.headers, background=later)


async def _send_later(request: Request, org_id: UUID, send: Callable[[], None]) -> None:
    """Send a receipt within the organization's share: its partner may take its time, and have asked for many."""
    workload: Workload = request.app.state.workload
    try:
        async with workload.shares[Work.ANSWER].taken(org_id):
            await run_in_threadpool(send)
    except TooManyAtOnceError as error:
        log.info("receipt not sent", reason=error.code)


def _take(wiring: Wiring, org_id: UUID, connection_id: UUID, headers: list[tuple[str, str]], content: bytes) -> _Reply:
    with wiring.store.work(org_id) as work:
        target = work.connections.open(connection_id)
    connector = find_connector(wiring, target.connector_type)
    if not isinstance(connector, DropzoneConnector):
        raise MessageRefusedError
    with within(target.reach), connector.session(target.config) as opened:
        if not isinstance(opened.session, As2Session):
            raise MessageRefusedError
        try:
            arrival = opened.session.open_arrival(headers, content)
        except StrangerError as error:
            raise MessageRefusedError(str(error)) from None
        arrival = _kept(wiring.store, org_id, connection_id, arrival)
        return _reply(opened.session, arrival, partial(_send_receipt, connector, target, arrival.address or ""))


def _kept(store: Store, org_id: UUID, connection_id: UUID, arrival: Arrival) -> Arrival:
    """Keep what came, and return it with what became of it."""
    if arrival.item is None:
        return arrival
    try:
        new = receive(store, org_id, connection_id, arrival.item)
    except StateError as error:
        if arrival.statement is None:
            raise
        return arrival.told(fault=Fault("message-id-reused", error.message))
    return arrival if new or arrival.statement is None else arrival.told(duplicate=True)


def _send_receipt(connector: DropzoneConnector, target: Target, address: str, headers: Headers, body: bytes) -> None:
    """Send a receipt where it was asked for, as far as the connection may lead."""
    with within(target.reach), connector.session(target.config) as opened:
        opened.session.send_receipt(address, headers, body)


def _reply(session: As2Session, arrival: Arrival, send: Callable[[Headers, bytes], None]) -> _Reply:
    """Return the receipt; where none is asked for, or it goes elsewhere, only whether what came was taken."""
    plain = _Reply(400 if arrival.fault and not arrival.address else 200, {"Content-Type": "text/plain"})
    if arrival.statement is None or not arrival.wanted:
        return plain
    headers, body = session.receipt_for(arrival)
    if arrival.address is not None:
        return replace(plain, later=partial(send, headers, body))
    return _Reply(200, dict(headers), body)
