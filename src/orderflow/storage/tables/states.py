"""The tables of `domain.states` as SQL: guards, constraints and conditions of indexes are made from them here."""

from __future__ import annotations

from collections.abc import Iterable

from orderflow.domain.answer_details import Confirmation, Level
from orderflow.domain.states import (
    CONTENT_KINDS,
    FITTING,
    IN_DOUBT,
    AttemptStep,
    ERPExportStatus,
    ExportStep,
    Kind,
    OrderStatus,
    OrderStep,
)


def quoted(state: str) -> str:
    """Return SQL for a state."""
    return f"'{state}'"


def listed(states: Iterable[str]) -> str:
    """Return SQL for a list of states, in the order given."""
    return f"({', '.join(map(quoted, states))})"


def among(states: Iterable[str], column: str = "status") -> str:
    """Return SQL for: the column is one of the states. One state is compared with `=`, as indexes' conditions are."""
    one, *more = states
    return f"{column} IN {listed((one, *more))}" if more else f"{column} = {quoted(one)}"


def may(step: OrderStep | ExportStep | AttemptStep, column: str = "status") -> str:
    """Return SQL for: the step may be taken from the state in the column, whatever is known of the delivery."""
    return among(step.change.starts, column)


def becomes(step: OrderStep | ExportStep | AttemptStep) -> str:
    """Return SQL for the one state that the step leads to."""
    return quoted(step.change.end)


def fitting(export_status: str) -> str:
    """Return SQL for where an order stands whose newest export is in the state that `export_status` gives."""
    cases = " ".join(f"WHEN {quoted(export)} THEN {quoted(order)}" for export, order in FITTING.items())
    return f"CASE {export_status} {cases} END"


def is_order(table: str = "erp_export") -> str:
    """Return SQL for: this export asks the ERP to take the order, not to change it or to give it back."""
    return f"{table}.kind = {quoted(Kind.ORDER)}"


def tells_order(table: str = "erp_export") -> str:
    """Return SQL for: this export tells the ERP what the order says, by asking it to take the order or to change it."""
    return among(CONTENT_KINDS, f"{table}.kind")


def changed_since(table: str) -> str:
    """Return SQL for: a change of the order was asked for after this export, and was not discarded since."""
    newer = f"n.draft_order_id = {table}.draft_order_id AND n.created_at > {table}.created_at AND n.follows IS NOT NULL"
    counts = f"(n.status <> {quoted(ERPExportStatus.FAILED)} OR d.status = {quoted(OrderStatus.ERROR)})"
    return f"""EXISTS (
        SELECT FROM erp_export n JOIN draft_order d ON d.id = n.draft_order_id WHERE {newer} AND {counts})"""


def undecided(table: str) -> str:
    """Return SQL for: what follows this export waits, since nobody knows yet whether it arrived, or was given back."""
    perhaps_there = f"{table}.status = {quoted(ERPExportStatus.PENDING)} OR ({in_doubt(table)})"
    not_given_back = f"{table}.status <> {quoted(ERPExportStatus.ACKED)}"
    return f"CASE WHEN {table}.kind = {quoted(Kind.RECALL)} THEN {not_given_back} ELSE {perhaps_there} END"


def given_back(table: str) -> str:
    """Return SQL for: a recall has undone this export since, and it is none of those that waited for that one."""
    order = f"draft_order_id = {table}.draft_order_id"
    return f"""EXISTS (
        SELECT FROM (
            SELECT id, created_at FROM erp_export
            WHERE {order} AND kind = {quoted(Kind.RECALL)} AND status = {quoted(ERPExportStatus.ACKED)}
            ORDER BY created_at DESC LIMIT 1) undone
        WHERE undone.created_at > {table}.created_at AND {table}.id NOT IN (
            WITH RECURSIVE later AS (
                SELECT undone.id
                UNION SELECT n.id FROM erp_export n JOIN later ON n.follows = later.id WHERE n.{order}
            ) SELECT id FROM later))"""  # noqa: S608  # built from constants


def unsent(table: str = "erp_export") -> str:
    """Return SQL for: nothing of this export was sent that may have arrived."""
    return f"{table}.begun_at IS NULL AND {table}.staged_at IS NULL AND {table}.held_at IS NULL"


def perhaps_sent_at(table: str = "erp_export") -> str:
    """Return SQL for: when this export was last sent, as far as that may be (`flow.ports.Export.perhaps_sent_at`).

    What is staged is published by every attempt, and one that died may have done so until its lease ended. What was
    written last, not what is latest: the clock may have been put back between.
    """
    published = f"CASE WHEN {table}.staged_at IS NOT NULL THEN {table}.lease_until END"
    return f"COALESCE({published}, {table}.last_begun_at, {table}.staged_at, {table}.begun_at, {table}.held_at)"


def differs(table: str = "draft_order") -> str:
    """Return SQL for: the ERP confirmed this order otherwise than it was ordered, and nobody accepted that."""
    otherwise = among((Confirmation.CHANGED, Confirmation.PARTIAL), f"{table}.confirmation")
    return f"{otherwise} AND {table}.differences_accepted_at IS NULL"


_UNREACHED = {
    Level.RECEIVED: "{e}.received_at IS NULL",
    Level.UNDERSTOOD: "{e}.understood_at IS NULL",
    Level.ANSWERED: "{e}.answered_at IS NULL",
}
WITHIN = {level: f"{'answer' if level is Level.ANSWERED else level}_within" for level in Level}
"""The column of a connection that says within how many seconds its ERP should get that far."""


_OPEN_SINCE = """
    (SELECT COALESCE(sum(extract(epoch FROM upper(t) - lower(t))), 0)
     FROM unnest(c.open_times * tstzmultirange(tstzrange(LEAST(e.sent_at, now()), now()))) AS t)
"""


def overdue(level: Level) -> str:
    """Return SQL for: this export `e`, of the connection `c`, should be known to have got that far by now.

    Hours in which the connection is closed do not count, as far as they are kept.
    """
    late = f"e.sent_at < now() - make_interval(secs => c.{WITHIN[level]})"
    in_hours = f"(c.open_times IS NULL OR e.sent_at < lower(c.open_times) OR {_OPEN_SINCE} > c.{WITHIN[level]})"
    unreached = _UNREACHED[level].format(e="e")
    return f"(e.status = {quoted(ERPExportStatus.SENT)} AND {unreached} AND {late} AND {in_hours})"


def in_doubt(table: str = "erp_export") -> str:
    """Return SQL for: this export may have arrived, and nobody knows (`flow.ports.Export.in_doubt`)."""
    undecided = among(IN_DOUBT, f"{table}.status")
    return f"{undecided} AND {table}.answered_at IS NULL AND NOT ({unsent(table)})"


def on_hold(order_id: str) -> str:
    """Return SQL for: a person has a hold on this order.

    Not `EXISTS`, which a planner may answer by reading all holds there are.
    """
    return f"((SELECT true FROM order_hold h WHERE h.draft_order_id = {order_id} LIMIT 1) IS NOT NULL)"  # noqa: S608  # names of columns
