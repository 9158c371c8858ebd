"""Connectors: how the organization's ERPs are reached."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response

from orderflow.domain.charsets import known_charset
from orderflow.domain.errors import EncryptionError
from orderflow.domain.ids import new_id
from orderflow.entrypoints.api.body_limit import up_to
from orderflow.entrypoints.api.connector_schemas import (
    AnswerMeaning,
    AnswerToRead,
    ConfigToPreview,
    ConfigToTest,
    Connector,
    ConnectorChange,
    Connectors,
    ConnectorSettings,
    Enabling,
    Health,
    HostKey,
    NewConnector,
    OpeningHours,
    Options,
    Preview,
    Sample,
    SampleRead,
    TestPassed,
    TypedConfigToTest,
)
from orderflow.entrypoints.api.deps import Caller, app_of, require
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.headers import note_location
from orderflow.entrypoints.api.languages import language, told_text
from orderflow.entrypoints.api.permissions import Permission
from orderflow.entrypoints.api.proofs import TestProofs
from orderflow.entrypoints.api.rendering import Rendering
from orderflow.entrypoints.api.routing import BASE, ApiRouter
from orderflow.entrypoints.api.versions import CONDITIONAL, editing, note_version
from orderflow.entrypoints.api.work import Work, slow
from orderflow.flow.ports import Wiring
from orderflow.flow.setup import connections as steps
from orderflow.flow.setup.host_key import accept_host_key as pin_host_key
from orderflow.flow.setup.mask import masked
from orderflow.flow.setup.preview import preview_config
from orderflow.flow.setup.probe import test_connection
from orderflow.flow.setup.proof import proof_of, prove
from orderflow.flow.setup.try_config import completed, failure, try_config
from orderflow.flow.setup.understand import Pasted, meaning
from orderflow.formats.order_fields import sample_order
from orderflow.formats.samples import beginning_of
from orderflow.storage.store import SqlWork
from orderflow.storage.views.connections import ConnectionView, all_connections, one_connection
from orderflow.storage.views.view import plain

Reader = Annotated[Caller, Depends(require(Permission.READ))]
Editor = Annotated[Caller, Depends(require(Permission.CONNECTORS_EDIT))]
Tester = Annotated[Caller, Depends(require(Permission.CONNECTORS_TEST))]
OPTIONS = set(Options.model_fields)
router = ApiRouter("/connectors", "Connectors")


@router.get("")
def list_connectors(request: Request, caller: Reader) -> Connectors:
    """List all connectors with their health."""
    app = app_of(request)
    with app.store.work(caller.org_id) as work:
        return Connectors(items=[_shown(request, work, one) for one in all_connections(work.view)])


@router.post("", status_code=201, responses=answers(400, 409))
@slow(Work.TEST)
def create_connector(request: Request, caller: Editor, body: NewConnector) -> Connector:
    """Add a connector. The first ACTIVE one becomes the default; of each type one without a name may be ACTIVE."""
    return create(request, caller, body.connector_type, body)


@router.post("/test", responses=answers(400, 404, 409))
@slow(Work.TEST)
def test_connector_config(request: Request, caller: Tester, body: TypedConfigToTest) -> TestPassed:
    """Test a configuration without saving it."""
    return try_it(request, caller, body.connector_type, body)


@router.post("/preview", responses=answers(400, 404, 409))
@slow(Work.TEST)
def preview_connector_config(request: Request, caller: Tester, body: ConfigToPreview) -> Preview:
    """Show what a configuration would send for an order, without saving or sending anything."""
    order = sample_order() if body.order_id is None else body.order_id
    shown = preview_config(app_of(request).wiring, caller.org_id, body.connector_type, body.config, order, body.id)
    return Preview.model_validate(shown)


@router.post("/answer", responses=answers(400, 404, 409))
@slow(Work.TEST)
def read_answer_with_config(request: Request, caller: Tester, body: AnswerToRead) -> AnswerMeaning:
    """Show what an answer of an HTTP API would mean for an order, without saving or sending anything."""
    headers = {name: value for name, value in body.headers.items() if name.lower() != "content-encoding"}
    charset = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    answer = Pasted(body.status, headers, _as_sent(body.body, charset))
    wiring = app_of(request).wiring
    meant = meaning(wiring, caller.org_id, body.connector_type, body.config, sample_order(), answer, body.id)
    return AnswerMeaning.model_validate(meant)


@router.post("/from-sample", responses=answers(400))
@slow(Work.TEST)
@up_to(1_500_000)
def read_connector_sample(_caller: Editor, body: Sample) -> SampleRead:
    """Read a file as the ERP wants it, and make settings of it to begin with. Nothing is saved."""
    return SampleRead.model_validate(beginning_of(body.content, body.connector_type))


@router.get("/{connector_id}", responses=answers(404))
def get_connector(request: Request, caller: Reader, connector_id: UUID) -> Connector:
    """Read one connector with its health."""
    return _read(request, caller, connector_id)


@router.patch("/{connector_id}", responses=answers(400, 404, 409), openapi_extra=CONDITIONAL)
@slow(Work.TEST)
def update_connector(request: Request, caller: Editor, connector_id: UUID, body: ConnectorChange) -> Connector:
    """Change a connector. With a new configuration, deliveries that waited for a correction go on."""
    options = body.model_dump(include=OPTIONS, exclude_unset=True)
    with _editing(request, caller, connector_id) as (wiring, answer):
        tested = _passed_in_the_form(request, wiring, caller, connector_id, body)
        if body.test_on_save and not tested:
            _test_before_saving(wiring, caller, connector_id, body)
        steps.edit_connection(
            wiring,
            caller.org_id,
            connector_id,
            body.config,
            caller.actor,
            options=options,
            tested=tested or body.test_on_save,
        )
    return answer.made


@router.delete(
    "/{connector_id}",
    status_code=204,
    response_class=Response,
    responses=answers(404, 409),
    openapi_extra=CONDITIONAL,
)
def delete_connector(request: Request, caller: Editor, connector_id: UUID) -> None:
    """Delete a connector; refused while deliveries wait for it.

    If one ACTIVE connector is left, that is the default. Deliveries made over it keep its type and name; its
    configuration is gone, and answers that the ERP still owes are not read any more.
    """
    with _editing(request, caller, connector_id, answers=False) as (wiring, _):
        steps.delete_connection(wiring, caller.org_id, connector_id, caller.actor)


@router.post("/{connector_id}/enable", responses=answers(404, 409), openapi_extra=CONDITIONAL)
@slow(Work.TEST)
def enable_connector(request: Request, caller: Editor, connector_id: UUID, body: Enabling | None = None) -> Connector:
    """Let a connector deliver. It becomes the default if there is none.

    One that neither a test nor a delivery has proved is tested first; if that fails, 409 TEST_FAILED.
    """
    with _editing(request, caller, connector_id) as (wiring, answer):
        if not (body and body.untested):
            prove(wiring, caller.org_id, connector_id, caller.actor)
        steps.enable_connection(wiring, caller.org_id, connector_id, caller.actor)
    return answer.made


@router.post("/{connector_id}/disable", responses=answers(404, 409), openapi_extra=CONDITIONAL)
def disable_connector(request: Request, caller: Editor, connector_id: UUID) -> Connector:
    """Stop a connector. Its deliveries wait, and the ERP's answers are still read.

    If one ACTIVE connector is left, that is the default; of several none becomes it by itself.
    """
    with _editing(request, caller, connector_id) as (wiring, answer):
        steps.disable_connection(wiring, caller.org_id, connector_id, caller.actor)
    return answer.made


@router.post("/{connector_id}/default", responses=answers(404, 409), openapi_extra=CONDITIONAL)
def make_connector_default(request: Request, caller: Editor, connector_id: UUID) -> Connector:
    """Let pushes that name no connector go to this one."""
    with _editing(request, caller, connector_id) as (wiring, answer):
        steps.make_default(wiring, caller.org_id, connector_id, caller.actor)
    return answer.made


@router.post("/{connector_id}/test", responses=answers(400, 404, 409))
@slow(Work.TEST)
def test_connector(request: Request, caller: Tester, connector_id: UUID) -> TestPassed:
    """Test a connector as it is stored. If the test passes, its waiting deliveries go on."""
    result = test_connection(app_of(request).wiring, caller.org_id, connector_id, caller.actor)
    if not result.success:
        raise failure(result)
    return TestPassed(latency_ms=result.latency_ms, details=result.details)


@router.post(
    "/{connector_id}/accept-host-key",
    response_model=Connector,
    responses=answers(400, 404, 409),
    openapi_extra=CONDITIONAL,
)
@slow(Work.TEST)
def accept_host_key(request: Request, caller: Editor, connector_id: UUID, body: HostKey) -> Connector:
    """Trust the host key that a failed test has shown, once a person has compared its fingerprint."""
    with _editing(request, caller, connector_id) as (wiring, answer):
        pin_host_key(wiring, caller.org_id, connector_id, body.fingerprint, caller.actor, host_key=body.host_key)
    return answer.made


def create(request: Request, caller: Caller, connector_type: str, body: ConnectorSettings) -> Connector:
    """Store a new connector and return it, tested first if that is wanted."""
    wiring = app_of(request).wiring
    tested = _proofs(request).holds(body.test_proof, caller.org_id, connector_type, body.config)
    if body.test_on_save and not tested:
        result = try_config(wiring, caller.org_id, connector_type, body.config, caller.actor)
        if not result.success:
            raise failure(result)
    connection_id = new_id()
    answer = _answer(request, connection_id)
    steps.add_connection(
        replace(wiring, store=answer.within(app_of(request).store)),
        caller.org_id,
        connector_type,
        body.config,
        caller.actor,
        name=body.name,
        options=body.model_dump(include=OPTIONS - {"name"}),
        enabled=body.status == "ACTIVE",
        tested=tested or body.test_on_save,
        connection_id=connection_id,
    )
    note_location(request, f"{BASE}/connectors/{connection_id}")
    return answer.made


def try_it(request: Request, caller: Caller, connector_type: str, body: ConfigToTest) -> TestPassed:
    """Test a configuration that is not saved."""
    wiring = app_of(request).wiring
    result = try_config(wiring, caller.org_id, connector_type, body.config, caller.actor, body.id)
    if not result.success:
        raise failure(result)
    _, tested, _ = completed(wiring, caller.org_id, connector_type, body.config, body.id)
    proof = _proofs(request).issue(caller.org_id, connector_type, tested)
    return TestPassed(latency_ms=result.latency_ms, details=result.details, proof=proof)


def _proofs(request: Request) -> TestProofs:
    return TestProofs(app_of(request).settings.token_secret())


def _passed_in_the_form(
    request: Request, wiring: Wiring, caller: Caller, connection_id: UUID, body: ConnectorChange
) -> bool:
    if body.config is None or body.test_proof is None:
        return False
    with wiring.store.work(caller.org_id) as work:
        kind = work.connections.type_of(connection_id)
    _, config, _ = completed(wiring, caller.org_id, kind, body.config, connection_id)
    return _proofs(request).holds(body.test_proof, caller.org_id, kind, config)


def _test_before_saving(wiring: Wiring, caller: Caller, connection_id: UUID, body: ConnectorChange) -> None:
    with wiring.store.work(caller.org_id) as work:
        kind = work.connections.type_of(connection_id)
        config = work.connections.open(connection_id).config if body.config is None else body.config
    result = try_config(wiring, caller.org_id, kind, config, caller.actor, connection_id)
    if not result.success:
        raise failure(result)


@contextmanager
def _editing(
    request: Request, caller: Caller, connection_id: UUID, *, answers: bool = True
) -> Iterator[tuple[Wiring, Rendering[Connector]]]:
    """Give the wiring for one edit of a connector, as `versions.editing` gives a store, and what is answered."""
    app = app_of(request)

    def current() -> dict[str, Any]:
        return _read(request, caller, connection_id).model_dump(mode="json")

    answer = _answer(request, connection_id)
    with editing(request, app.store, lambda work: work.connections.version(connection_id), current) as store:
        yield replace(app.wiring, store=answer.within(store) if answers else store), answer


def _answer(request: Request, connection_id: UUID) -> Rendering[Connector]:
    return Rendering(request, lambda work: _one(request, work, connection_id))


def _read(request: Request, caller: Caller, connection_id: UUID) -> Connector:
    with app_of(request).store.work(caller.org_id) as work:
        return _one(request, work, connection_id)


def _one(request: Request, work: SqlWork, connection_id: UUID) -> Connector:
    found = one_connection(work.view, connection_id)
    note_version(request, found.version)
    return _shown(request, work, found)


def _shown(request: Request, work: SqlWork, connection: ConnectionView) -> Connector:
    try:
        connector = app_of(request).wiring.connector(connection.connector_type)
    except ValueError:  # not installed here any more
        connector = None
    try:
        config = masked(connector, work.connections.open(connection.id).config)
        takes_answers = connector is not None and connector.takes_answers(config)
    except EncryptionError:
        config, takes_answers = None, False
    display_name = connector.display_name if connector else ""
    return Connector(
        id=connection.id,
        connector_type=connection.connector_type,
        display_name=told_text(display_name, language.get()) or connection.connector_type,
        name=connection.name,
        status=connection.status,
        is_default=connection.is_default,
        config=config,
        config_readable=config is not None,
        in_doubt=connection.in_doubt,
        change_by_recall=connection.change_by_recall,
        commit_within=connection.commit_within,
        give_up_after=connection.give_up_after,
        answer_within=connection.answer_within,
        received_within=connection.received_within,
        understood_within=connection.understood_within,
        opening_hours=connection.opening_hours and OpeningHours(**connection.opening_hours),
        orders_per_minute=connection.orders_per_minute,
        last_test_at=connection.last_test_at,
        delivered_at=connection.delivered_at,
        takes_answers=takes_answers,
        answer_token_prefix=connection.answer_token_prefix,
        answer_token_at=connection.answer_token_at,
        certificate_ends_at=connection.certificate_ends_at,
        created_at=connection.created_at,
        updated_at=connection.updated_at,
        version=connection.version,
        health=health(connection),
    )


def health(connection: ConnectionView) -> Health:
    """Return how a connection does."""
    return Health(
        proof=proof_of(plain(connection)),
        test_error=connection.test_error,
        state=connection.breaker_state,
        since=connection.breaker_since,
        rests_until=connection.rests_until,
        closed=connection.closed,
        opens_at=connection.opens_at,
        closes_at=connection.closes_at,
        error=connection.breaker_error,
        waiting=connection.waiting,
        oldest_waiting_at=connection.oldest_waiting_at,
        unanswered=connection.unanswered,
        oldest_unanswered_at=connection.oldest_unanswered_at,
        poll_error=connection.poll_error,
        next_poll_at=connection.next_poll_at,
    )


def _as_sent(body: str, content_type: str) -> bytes:
    """Return a pasted body as its server would have sent it: in the charset that it declares."""
    found = re.search(r"charset=[\"']?([\w.-]+)", content_type, re.IGNORECASE)
    try:
        return body.encode((found and known_charset(found[1])) or "utf-8")
    except UnicodeEncodeError:
        return body.encode("utf-8", "replace")
