"""What has to be true after a history: nothing twice, nothing lost, and all books agree."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from orderflow.domain.delivery import Delivery
from orderflow.domain.states import (
    ARRIVED,
    CONTENT_KINDS,
    FITTING,
    AttemptStatus,
    ERPExportStatus,
    ExportStep,
    Kind,
    OrderStatus,
)
from orderflow.flow.delivery.recall import RECALLED
from orderflow.testing.simulation.erps import NOBODYS
from orderflow.testing.store_in_memory.tables import ExportRow, OrderRow

if TYPE_CHECKING:
    from orderflow.testing.simulation.world import World

_ON_ITS_WAY = tuple(FITTING.values())


def violations(world: World) -> list[str]:
    """Return what is wrong, one sentence each; an empty list is a history without fault."""
    found = [*world.wrongs]
    if any(attempt.export_id not in world.tables.exports for attempt in world.tables.attempts.values()):
        found.append("a delivery that was tried is gone from the books")
    for row in world.tables.orders.values():
        found += [f"Order {row.content.id.hex[:4]}: {wrong}" for wrong in _of_order(world, row)]
    return found


def _of_order(world: World, row: OrderRow) -> Iterator[str]:
    order_id = row.content.id
    exports = world.tables.exports_of(order_id)
    taken, refused = world.books.taken[order_id], world.books.refused[order_id]
    books = world.books
    allowed = 1 + len(refused) + world.sends_allowed[order_id] + len(books.given_back[order_id])
    if len(taken) > allowed and not _chose_to_resend(world, exports):
        yield f"taken {len(taken)} times ({', '.join(taken)})"
    if row.status in {FITTING[status] for status in ARRIVED} and not world.books.arrived[order_id]:
        yield f"lost: it is {row.status}, and nothing of it ever arrived"
    deliveries = [export for export in reversed(exports) if export.kind in CONTENT_KINDS]
    sent = next((export for export in deliveries if export.kind is Kind.ORDER and export.filename), None)
    deciding = deliveries
    if row.status is not OrderStatus.ERROR:  # a change that failed, and was discarded, decides nothing
        deciding = [one for one in deliveries if one.follows is None or one.status is not ERPExportStatus.FAILED]
    latest = next(iter(deciding), None)
    yield from _of_recall(world, row, sent)
    yield from _of_changes(world, row, exports, latest)
    claims_nothing_arrived = not any(
        export.begun_at or export.staged_at or export.answered_at or export.status in ARRIVED for export in deliveries
    )
    ended_without = row.status not in _ON_ITS_WAY or latest is None or latest.status is ERPExportStatus.FAILED
    nobody_said_no = not refused and not world.sends_allowed[order_id]  # a person saw nothing there, and said so
    if taken and nobody_said_no and ended_without and claims_nothing_arrived:
        yield f"it is {row.status}, and the books do not know that the ERP took it"
    if latest is not None and row.status in _ON_ITS_WAY and row.status is not FITTING[latest.status]:
        yield f"the order is {row.status}, its delivery {latest.status}"
    if latest is not None and latest.status in ARRIVED and row.status in _ON_ITS_WAY:
        erp = world.erp_of(latest)
        # Who saw nothing at one ERP, and had it moved to the other, may find it at the first and confirm it by hand.
        by_hand = row.erp_order_id_source == "hand" and world.sends_allowed[order_id]
        fits = {one.content_of(row.content) for one in (world.erps.values() if by_hand else [erp])}
        if world.books.contents.get(erp.key_of(latest), erp.content_of(row.content)) not in fits:
            yield "its ERP took another content than the order has"
    for export in exports:
        yield from _of_export(world, export)


def _of_changes(world: World, row: OrderRow, exports: list[ExportRow], latest: ExportRow | None) -> Iterator[str]:
    books, order_id = world.books, row.content.id
    changed = books.changed[order_id]
    if len(changed) > len(set(changed)) + world.sends_allowed[order_id] and not _chose_to_resend(world, exports):
        yield f"changed twice by one delivery ({', '.join(changed)})"
    if order_id in books.early:
        yield "its change came before it"
    if row.status is OrderStatus.REJECTED and books.has(order_id) and any(one.status in ARRIVED for one in exports):
        yield "it is REJECTED, and its ERP stands by it"
    key = world.erp_of(latest).key_of(latest) if latest else ""
    stands = row.status in (FITTING[status] for status in ARRIVED) and key in books.contents
    a_person_erred = bool(world.sends_allowed[order_id])  # who saw nothing there, and said so
    last = books.last.get(order_id, key)
    its_erp_denied = last in books.refused[order_id]  # it took it, and said that it did not
    if stands and not a_person_erred and not its_erp_denied and last != key:
        yield f"its ERP took {last} after {key}, which is the last that was asked for"


def _of_recall(world: World, row: OrderRow, latest: ExportRow | None) -> Iterator[str]:
    given_back = world.books.given_back[row.content.id]
    if row.status is OrderStatus.RECALLING:
        yield "nobody ever said whether it was given back"
    key = world.erp_of(latest).key_of(latest) if latest else ""
    if row.status is OrderStatus.RECALLED and key not in given_back:
        yield "it is RECALLED, and its ERP stands by it"
    # Who had it sent a second time, having seen nothing there, sees the first one when the second was given back.
    the_other_is_there = row.content.id in world.seen_there and world.books.has(row.content.id)
    if row.status in (FITTING[status] for status in ARRIVED) and key in given_back and not the_other_is_there:
        yield f"lost: it is {row.status}, and its ERP gave it back"


def _chose_to_resend(world: World, exports: list[ExportRow]) -> bool:
    """Return whether a connection says that what is in doubt is sent again: then a second lorry is its owner's."""
    return any(world.tables.connections[export.connection_id].in_doubt == "resend" for export in exports)


def _is_what_was_approved(world: World, export: ExportRow, number: int) -> bool:
    """Return whether the document that was stored is the one of its revision.

    A worker that slept may have stored over it what it built before the order was moved: an attempt finds that out, and
    sends nothing.
    """
    order = world.tables.revisions[export.draft_order_id, number].order(OrderStatus.APPROVED, None)
    order.delivery = Delivery(export.id, export.created_at)
    stored = world.store.documents.contents[export.storage_key or ""]
    overwritten = hashlib.sha256(stored).hexdigest() != export.document_sha256
    return overwritten or stored == world.erp_of(export).render(order, {}).content


def _of_export(world: World, export: ExportRow) -> Iterator[str]:
    name = f"delivery {export.id.hex[:4]}"
    if export.document_sha256 and export.revision and not _is_what_was_approved(world, export, export.revision):
        yield f"{name} is not what was approved"
    if export.status is ERPExportStatus.PENDING:
        yield f"{name} never came to its end (held: {export.held_at is not None})"
        return
    answered = any(export.filename in erp.answered for erp in world.dropzones())
    if answered and export.status not in ExportStep.ANSWER.change.ends:
        yield f"{name} was answered, and nobody knows"
    erp = world.erp_of(export)
    said = erp.said[erp.key_of(export)]
    ours = export.kind is Kind.RECALL or (export.error_json or {}).get("code") == RECALLED["code"]
    if export.answered_at and not export.confirmed_by and not ours and export.status.value not in said:
        yield f"{name} is {export.status}, and its ERP never said so"
    if export.erp_order_id == NOBODYS:
        yield f"{name} took an answer for its own that was not"
    gave_up = (export.error_json or {}).get("code") == "GAVE_UP"
    there = erp.key_of(export) in world.books.arrived[export.draft_order_id]
    if gave_up and there and not world.sends_allowed[export.draft_order_id]:
        yield f"{name} was given up, and had arrived"
    attempts = world.tables.attempts_of(export.id)
    if any(attempt.status is AttemptStatus.PENDING for attempt in attempts):
        yield f"{name} has ended, and an attempt of it is open"
    succeeded = any(attempt.status is AttemptStatus.SUCCESS for attempt in attempts)
    if export.status is ERPExportStatus.SENT and not export.inferred and not succeeded:
        yield f"{name} was sent, and no attempt succeeded"
    if export.lease_token is not None:
        yield f"{name} has ended, and a lease is left"
    numbers = sorted(attempt.attempt_no for attempt in attempts)
    if len(set(numbers)) != len(numbers):
        yield f"{name} has two attempts of one number"
