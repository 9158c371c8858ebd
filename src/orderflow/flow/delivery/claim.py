"""A worker takes a batch of due exports of one connection, and makes sure that their documents are stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from orderflow.domain import clock
from orderflow.domain.delivery import Delivery, Document, Lease, media_type_of
from orderflow.domain.errors import (
    ByRecallError,
    ChangedSinceError,
    ChangeUnsupportedError,
    ConnectorError,
    DocumentChangedError,
    KindUnsupportedError,
    ObjectStoreError,
)
from orderflow.domain.ids import new_id
from orderflow.domain.states import Kind
from orderflow.flow.delivery.change import recalls_to_change
from orderflow.flow.delivery.connector_fault import connector_fault
from orderflow.flow.fault_points import reached
from orderflow.flow.ports import Attempt, Batch, Crew, OpenTarget, Wiring, Work

STORE_DOWN_DELAY = 5.0
"""Seconds until exports are due again whose documents could not be stored."""


def claim(wiring: Wiring, to: OpenTarget, limit: int) -> Batch:
    """Take up to `limit` due exports under a fresh lease, with their documents built and stored.

    The batch is empty if nothing is due. An export whose document cannot be built carries its error as its
    outcome already.

    Raises:
        ObjectStoreError: The store is away; see `begin_attempts`.
    """
    asked_at = clock.monotonic()
    lease = Lease(new_id(), wiring.lease_seconds)
    org_id = to.target.org_id
    with wiring.store.work(org_id) as work:
        attempts = _take(work, to, lease, wiring, limit)
    lease.extend(asked_at, wiring.lease_seconds)
    batch = Batch(to, lease, attempts)
    if not attempts:
        return batch
    reached("claimed")
    with wiring.keeper.keep(org_id, lease):
        begin_attempts(wiring, batch)
    return batch


def _take(work: Work, to: OpenTarget, lease: Lease, wiring: Wiring, limit: int) -> list[Attempt]:
    """Lease exports within the connection's lanes, its sessions and its orders per minute."""
    target, connection_id = to.target, to.target.connection_id
    if not work.exports.take_lane(connection_id, lease, wiring.lease_seconds, wiring.lanes, crew_of(wiring, to)):
        return []
    if target.orders_per_minute is not None:
        limit = work.exports.may_take(connection_id, limit)
    attempts = work.exports.lease(connection_id, lease, wiring.lease_seconds, limit, numbered=to.numbered)
    if target.orders_per_minute is not None:
        work.exports.note_taken(connection_id, len(attempts))
    if not attempts:
        work.exports.leave_lane(connection_id, lease)
    return attempts


def crew_of(wiring: Wiring, to: OpenTarget) -> Crew | None:
    """Return who signs in, where the target's sessions are counted."""
    return None if to.processes is None else Crew(wiring.process, to.processes)


def begin_attempts(wiring: Wiring, batch: Batch) -> None:
    """Build what was never built, fetch what was, and begin an attempt for each export of the batch.

    Exports whose lease is lost leave the batch.

    Raises:
        ObjectStoreError: The store is away. Nothing began: the exports are given back, with this as what they wait for.
    """
    _refuse_kinds(batch)
    try:
        _fetch(wiring, [attempt for attempt in batch.attempts if attempt.stored])
        _build(wiring, batch, [attempt for attempt in batch.attempts if not (attempt.stored or attempt.outcome)])
    except ObjectStoreError as error:
        with wiring.store.work(batch.to.target.org_id) as work:
            export_ids = [attempt.export_id for attempt in batch.attempts]
            work.exports.release(batch.lease, export_ids, STORE_DOWN_DELAY, error.as_json())
            work.exports.leave_lane(batch.to.target.connection_id, batch.lease)
        raise
    _note_checks(batch)
    reached("stored")
    with wiring.store.work(batch.to.target.org_id) as work:
        work.exports.begin(batch)
        if not batch.attempts:  # all leases were lost: there is nothing to settle, which gives the lane back
            work.exports.leave_lane(batch.to.target.connection_id, batch.lease)


def _fetch(wiring: Wiring, attempts: Sequence[Attempt]) -> None:
    for attempt in attempts:
        if attempt.storage_key is None or attempt.filename is None:
            raise ObjectStoreError("An export lacks the key of its stored document.")
        content = wiring.documents.get(attempt.storage_key)
        if hashlib.sha256(content).hexdigest() != attempt.document_sha256:
            attempt.outcome = DocumentChangedError()
        attempt.order.delivery.document = _as_it_was_stored(attempt, attempt.filename, content)


def _as_it_was_stored(attempt: Attempt, filename: str, content: bytes) -> Document:
    return Document(filename, content, attempt.media_type or media_type_of(filename), attempt.format_version or "")


def _refuse_kinds(batch: Batch) -> None:
    """Refuse what the ERP is not to be asked, also by a document that is stored: it may be taken for an order."""
    for attempt in batch.attempts:
        delivery = attempt.order.delivery
        if attempt.outcome or delivery.staged_path:
            continue
        if attempt.superseded and not delivery.in_doubt:
            attempt.outcome = ChangedSinceError()
        else:
            attempt.outcome = _unsupported(batch.to, delivery)


def _unsupported(to: OpenTarget, delivery: Delivery) -> ConnectorError | None:
    if delivery.kind is Kind.CHANGE and delivery.kind not in to.kinds:
        return ByRecallError() if recalls_to_change(to) and not delivery.in_doubt else ChangeUnsupportedError()
    if delivery.kind not in to.kinds:
        return KindUnsupportedError(f"This connection cannot ask its ERP for a {delivery.kind}.")
    taken_back = delivery.kind is Kind.RECALL and delivery.in_doubt  # or a document would have been staged
    if taken_back and to.stages and not delivery.at_once(to.takes_back):
        return KindUnsupportedError(
            "The order may have been taken back already, and this connection cannot say whether it was.",
            hint="Look in the ERP whether it has the order, then confirm the recall, or end it.",
        )
    return None


def _note_checks(batch: Batch) -> None:
    """Have it noted what receipts have to name, before a process sends what it may die of."""
    attempts = [one for one in batch.attempts if one.outcome is None and one.order.delivery.document is not None]
    try:
        checks = batch.to.connector.receipt_checks([one.order for one in attempts], batch.to.target.config)
    except ConnectorError:  # which the delivery meets, too
        return
    except Exception as error:  # noqa: BLE001  # as below
        connector_fault(batch.to.target.connector_type, error)  # it is logged; the delivery goes on without
        return
    for attempt in attempts:
        attempt.check = checks.get(attempt.order.id)


def _build(wiring: Wiring, batch: Batch, attempts: Sequence[Attempt]) -> None:
    items = []
    for attempt in attempts:
        try:
            document = batch.to.connector.render(attempt.order, batch.to.target.config)
        except ConnectorError as error:
            attempt.outcome = error
            continue
        except Exception as error:  # noqa: BLE001  # a third party's connector may raise anything, the engine goes on
            attempt.outcome = connector_fault(batch.to.target.connector_type, error)
            continue
        attempt.order.delivery.document = document
        attempt.filename = document.filename
        attempt.media_type, attempt.format_version = document.media_type, document.format_version
        attempt.storage_key = f"exports/{batch.to.target.org_id}/{document.filename}"
        attempt.document_sha256 = hashlib.sha256(document.content).hexdigest()
        items.append((attempt.storage_key, document.content))
    wiring.documents.put_many(items)
