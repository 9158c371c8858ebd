"""Exports: every delivery of every order, what it waits for, and its document."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from orderflow.domain.errors import NotFoundError
from orderflow.domain.states import ERPExportStatus
from orderflow.entrypoints.api.delivery_schemas import MoveBody, Moved, Resolution
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.looking import looking, seen_by
from orderflow.entrypoints.api.orders import PageSize, Pusher
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.rendering import Rendering
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import CursorText, Moment, Text, UpdatedSince
from orderflow.entrypoints.api.work import Work, slow
from orderflow.flow.answers.read_again import read_again
from orderflow.flow.delivery.move import move_exports as move
from orderflow.flow.delivery.resolve import resolve_held
from orderflow.storage.views.deliveries import Export, ExportFilter, ExportPage, WaitsFor, find_exports, one_export
from orderflow.storage.views.proofs import KeptProof, proof_content, proofs_of
from orderflow.storage.views.view import Ask

Reader = Annotated[Caller, Depends(require(Permission.READ))]
router = ApiRouter("/exports", "Deliveries")


@router.get("")
def list_exports(
    request: Request,
    caller: Reader,
    *,
    status: Annotated[list[ERPExportStatus] | None, Query(description="Any of these")] = None,
    connection_id: UUID | None = None,
    order_id: UUID | None = None,
    waiting: Annotated[bool | None, Query(description="Still to be delivered")] = None,
    held: Annotated[bool | None, Query(description="In doubt, waiting for a person's decision")] = None,
    overdue: Annotated[bool | None, Query(description="The ERP should have answered by now")] = None,
    error_code: Annotated[Text | None, Query(description="Whose last error has this code")] = None,
    waits_for: Annotated[list[WaitsFor] | None, Query(description="Any of these")] = None,
    route: Annotated[Text | None, Query(description="Sent by the routing rule of this name")] = None,
    since: Moment | None = None,
    until: Moment | None = None,
    updated_since: UpdatedSince = None,
    limit: PageSize = 50,
    cursor: CursorText = None,
) -> ExportPage:
    """List exports, newest first. Every filter narrows; `since` is included, `until` is not."""
    states = (status or (), connection_id, order_id, waiting, held, overdue, error_code)
    wanted = ExportFilter(*states, since, until, waits_for or (), route, updated_from=updated_since)
    with looking(request, caller) as view:
        return find_exports(view, wanted, Ask(limit, cursor))


@router.post("/move", responses=answers(404, 409))
def move_exports(request: Request, caller: Pusher, body: MoveBody) -> Moved:
    """Move waiting exports to another connector: those of which surely nothing has reached the ERP."""
    moved = move(app_of(request).store, caller.org_id, body.source, body.target, caller.actor, export_ids=body.ids)
    return Moved(moved=len(moved), not_moved=sorted(set(body.ids or ()) - set(moved)))


@router.get("/{export_id}", responses=answers(404))
def get_export(request: Request, caller: Reader, export_id: UUID) -> Export:
    """Read one export."""
    return _export(request, caller, export_id)


@router.get(
    "/{export_id}/document",
    response_class=Response,
    responses={**answers(404), 200: {"description": "The document", "content": {"application/octet-stream": {}}}},
)
def get_export_document(request: Request, caller: Reader, export_id: UUID) -> Response:
    """Download the document as it goes to the ERP. There is none before the first attempt."""
    export = _export(request, caller, export_id)
    if export.export_storage_key is None or export.filename is None:
        raise NotFoundError(
            "The document is not built yet.", code="NO_DOCUMENT", hint="It is built when the first attempt begins."
        )
    content = app_of(request).documents.get(export.export_storage_key)
    disposition = f"attachment; filename*=UTF-8''{quote(export.filename, safe='')}"  # RFC 6266, section 4.3
    return Response(content, media_type="application/octet-stream", headers={"Content-Disposition": disposition})


@router.get("/{export_id}/proofs", responses=answers(404))
def list_export_proofs(request: Request, caller: Reader, export_id: UUID) -> list[KeptProof]:
    """List the receipts that came back for an export (AS2's MDN), the oldest first."""
    with looking(request, caller) as view:
        one_export(view, export_id)
        return proofs_of(view, export_id)


@router.get(
    "/{export_id}/proofs/{proof_id}/content",
    response_class=Response,
    responses={**answers(404), 200: {"description": "The receipt", "content": {"message/rfc822": {}}}},
)
def get_export_proof(request: Request, caller: Reader, export_id: UUID, proof_id: UUID) -> Response:
    """Download a receipt as it came, with its signature: proof of what the partner said."""
    with looking(request, caller) as view:
        content = proof_content(view, export_id, proof_id)
    disposition = f"attachment; filename=receipt_{proof_id}.eml"
    return Response(content, media_type="message/rfc822", headers={"Content-Disposition": disposition})


@router.post("/{export_id}/resolve", responses=answers(404, 409))
def resolve_export(request: Request, caller: Pusher, export_id: UUID, body: Resolution) -> Export:
    """Settle a delivery in doubt, after a look into the ERP: it is there, or it is to be sent again."""
    answer = _answer(request, caller, export_id, once=True)
    store = answer.within(app_of(request).store)
    resolve_held(store, caller.org_id, export_id, body.as_, caller.actor, body.perhaps_sent_at)
    return answer.made


@router.post("/{export_id}/read-answer-again", responses=answers(400, 404, 409))
@slow(Work.TEST)
def read_answer_again(request: Request, caller: Pusher, export_id: UUID) -> Export:
    """Read the ERP's answer again that could not be read, once somebody has mended the file or what kept us from it."""
    app, answer = app_of(request), _answer(request, caller, export_id)
    read_again(replace(app.wiring, store=answer.within(app.store)), caller.org_id, export_id, caller.actor)
    return answer.made


def _answer(request: Request, caller: Caller, export_id: UUID, *, once: bool = False) -> Rendering[Export]:
    return Rendering(request, lambda work: one_export(seen_by(caller, work), export_id), once=once)


def _export(request: Request, caller: Caller, export_id: UUID) -> Export:
    with looking(request, caller) as view:
        return one_export(view, export_id)
