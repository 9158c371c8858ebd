"""What an ERP sends to a connector by itself, as people see it: the token for it, and what became of each answer."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response

from orderflow.entrypoints.api.connector_schemas import AnswerToken
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.routing import ApiRouter
from orderflow.entrypoints.api.schemas import CursorText, Limit, UpdatedSince
from orderflow.entrypoints.api.work import Work, slow
from orderflow.flow.answers.look_into import make_due, put_aside
from orderflow.flow.answers.read_arrived import read_arrived
from orderflow.flow.setup.answer_token import make_answer_token, revoke_answer_token
from orderflow.storage.views.connections import one_connection
from orderflow.storage.views.inbound import InboundPage, inbound_page
from orderflow.storage.views.view import Ask

Reader = Annotated[Caller, Depends(require(Permission.READ))]
Editor = Annotated[Caller, Depends(require(Permission.CONNECTORS_EDIT))]
router = ApiRouter("/connectors", "Connectors")


@router.post("/{connector_id}/answer-token", status_code=201, responses=answers(404, 409))
def create_answer_token(request: Request, caller: Editor, connector_id: UUID) -> AnswerToken:
    """Make a token with which the ERP may send its answers by itself. Any former one ends at once."""
    token = make_answer_token(app_of(request).wiring, caller.org_id, connector_id, caller.actor)
    request.app.state.ingress.forget()
    return AnswerToken(token=token, path=f"/api/v1/answers/{connector_id}")


@router.delete("/{connector_id}/answer-token", status_code=204, response_class=Response, responses=answers(404))
def delete_answer_token(request: Request, caller: Editor, connector_id: UUID) -> None:
    """End the connector's token for answers."""
    revoke_answer_token(app_of(request).wiring, caller.org_id, connector_id, caller.actor)
    request.app.state.ingress.forget()


@router.get("/{connector_id}/answers", responses=answers(404))
def list_answers(
    request: Request,
    caller: Reader,
    connector_id: UUID,
    updated_since: UpdatedSince = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> InboundPage:
    """List what the ERP sent by itself, newest first, and what became of each."""
    with app_of(request).store.work(caller.org_id) as work:
        one_connection(work.view, connector_id)
        return inbound_page(work.view, connector_id, Ask(limit, cursor), updated_since)


@router.post(
    "/{connector_id}/answers/{answer_id}/read-again",
    status_code=204,
    response_class=Response,
    responses=answers(404, 409),
)
@slow(Work.TEST)
def read_arrived_answer_again(request: Request, caller: Editor, connector_id: UUID, answer_id: UUID) -> None:
    """Read once more now what nobody understood."""
    wiring = app_of(request).wiring
    make_due(wiring.store, caller.org_id, connector_id, answer_id, caller.actor)
    read_arrived(wiring, caller.org_id, connector_id, feared=False)


@router.delete("/{connector_id}/answers/{answer_id}", status_code=204, response_class=Response, responses=answers(404))
def put_answer_aside(request: Request, caller: Editor, connector_id: UUID, answer_id: UUID) -> None:
    """Let an answer be that nobody understood: it is told no more, and its content is deleted."""
    put_aside(app_of(request).store, caller.org_id, connector_id, answer_id, caller.actor)
