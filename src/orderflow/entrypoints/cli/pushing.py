"""`orderflow push`, `retry`, `withdraw`, `move`, `reroute`, `acks`: an order's delivery, asked for and watched."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from orderflow.domain.bulk import BulkAction, BulkOutcome
from orderflow.domain.errors import InputError, NotFoundError
from orderflow.domain.states import ARRIVED
from orderflow.entrypoints.cli.bulk import WENT, Done, Refused, do_to, named_or_found, new_job
from orderflow.entrypoints.cli.options import AsJson, ErrorCode, NamedOrders, Orders, Org, Search
from orderflow.entrypoints.cli.outcomes import do_and_tell, finish, tell
from orderflow.entrypoints.cli.output import err, out, plural, print_json, print_table, progress
from orderflow.entrypoints.cli.workplace import Workplace, caller, in_organization
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.answers.read_again import read_again
from orderflow.flow.ports import BulkJob

if TYPE_CHECKING:
    from orderflow.storage.views.chosen import Chosen
    from orderflow.storage.views.problem import Problem

acks = typer.Typer(help="The ERP's answers.", no_args_is_help=True)

Connection = Annotated[
    str | None, typer.Option("--connection", help="Where to: id, name or type; else by the rules, or the default.")
]
NotBefore = Annotated[
    str | None,
    typer.Option(
        "--not-before",
        metavar="TIME",
        help="Let them wait until then, with its zone: 2026-12-01T08:00+01:00. Opening hours count too.",
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help="Deliver in this process too, and wait until it is done.")]
Timeout = Annotated[float, typer.Option("--timeout", min=1, help="Seconds that --wait waits at most.")]


def add_to(app: typer.Typer) -> None:
    """Hang these commands into the tree."""
    app.command(epilog="Example: orderflow push PO-12345 --wait, or: orderflow push --all-approved")(push)
    app.command(epilog="Example: orderflow retry PO-12345, or: orderflow retry --failed")(retry)
    app.command(epilog="Example: orderflow withdraw PO-12345")(withdraw)
    app.command(epilog='Example: orderflow move --at "SAP old" --to "SAP new"')(move)
    app.command(epilog="Example: orderflow reroute --all-waiting")(reroute)
    app.add_typer(acks, name="acks")


def push(
    orders: Orders = None,
    all_approved: Annotated[bool, typer.Option("--all-approved", help="Every order that is APPROVED.")] = False,
    search: Search = None,
    connection: Connection = None,
    not_before: NotBefore = None,
    wait: Wait = False,
    timeout: Timeout = 60,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Ask for orders to be delivered. A worker does it; returns at once unless --wait is given."""
    with in_organization(org) as place:
        given = {"--all-approved": all_approved, "--search": search}
        chosen = named_or_found(place, BulkAction.PUSH, orders, given)
        job = _push_job(place, BulkAction.PUSH, connection, not_before)
        _request(place, job, chosen, timeout if wait else None, json=json)


def retry(
    orders: Orders = None,
    failed: Annotated[bool, typer.Option("--failed", help="Every order that is in ERROR.")] = False,
    error_code: ErrorCode = None,
    search: Search = None,
    connection: Connection = None,
    not_before: NotBefore = None,
    wait: Wait = False,
    timeout: Timeout = 60,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Ask again for orders whose delivery failed or that the ERP refused."""
    with in_organization(org) as place:
        given = {"--failed": failed, "--error-code": error_code, "--search": search}
        chosen = named_or_found(place, BulkAction.RETRY, orders, given)
        job = _push_job(place, BulkAction.RETRY, connection, not_before)
        _request(place, job, chosen, timeout if wait else None, json=json)


def withdraw(
    orders: NamedOrders,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Take back pushes of which no attempt has begun; the orders are APPROVED again."""
    do_and_tell(orders, new_job(BulkAction.WITHDRAW), "Withdrawing", "withdrawn", org=org, json=json)


def move(
    to: Annotated[str, typer.Option("--to", metavar="CONNECTION", help="Where they are to go: id, name or type.")],
    orders: Orders = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="CONNECTION", help="Every order that waits for this connection.")
    ] = None,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Let orders that wait for one connection go over another: those of which surely nothing was sent."""
    with in_organization(org) as place:
        chosen = named_or_found(place, BulkAction.MOVE, orders, {"--at": at})
        target = place.connection_id(to)
        job = new_job(BulkAction.MOVE, connection_id=target)
        finish("moved", do_to(place, job, chosen, "Moving", hidden=json), json=json)


def reroute(
    orders: Orders = None,
    all_waiting: Annotated[
        bool, typer.Option("--all-waiting", help="Every order that waits for a route, or on its way and unsent.")
    ] = False,
    at: Annotated[
        str | None, typer.Option("--at", metavar="CONNECTION", help="Every order that waits for this connection.")
    ] = None,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Send orders that wait where the rules say now; also those whose connection was named."""
    with in_organization(org) as place:
        chosen = named_or_found(place, BulkAction.REROUTE, orders, {"--all-waiting": all_waiting, "--at": at})
        done = do_to(place, new_job(BulkAction.REROUTE), chosen, "Re-routing", hidden=json)
        try:
            finish("re-routed", done, json=json)
        finally:
            _tell_waiting(done)


@acks.command(epilog="Example: orderflow acks poll, or: orderflow acks poll SAP --json")
def poll(
    connection: Annotated[str | None, typer.Argument(help="Id, name or type; else every connection.")] = None,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Read the answers that lie ready now, instead of waiting for the next poll."""
    with in_organization(org) as place:
        with place.reading() as reading:
            ids = [found.id for found in reading.connections()]
        if connection is not None:
            ids = [place.connection_id(connection)]
        counts = {found: poll_acks(place.wiring, place.org_id, found) for found in ids}
        with place.reading() as reading:
            errors = {found.id: found.poll_error for found in reading.connections() if found.id in counts}
    _tell_polls(counts, errors, json=json)
    if any(error and error.code != "ACKS_UNMATCHED" for error in errors.values()):
        raise typer.Exit(1)


@acks.command("read-again", epilog="Example: orderflow acks read-again PO-12345")
def read_again_(
    order: Annotated[str, typer.Argument(help="Its id, or its own number.")], org: Org = None, json: AsJson = False
) -> None:
    """Read an order's answer again that could not be read, once the file or what was wrong is mended."""
    with in_organization(org) as place:
        with place.reading() as reading:
            found = reading.order(place.order_ids([order])[0])
        if not found["exports"]:
            raise NotFoundError("This order was never pushed, so it has no answer.")
        about = (found["unreadable_answer"] or {}).get("export_id") or found["exports"][0]["id"]
        export = read_again(place.wiring, place.org_id, about, caller())
    reason = export.unreadable["reason"] if export.unreadable else None
    if json:
        print_json({"export_id": export.id, "status": export.status, "unreadable": reason})
    else:
        out().print(f"It still cannot be read: {reason}" if reason else f"Read: {export.status}", markup=False)
    if reason:
        raise typer.Exit(1)


def _push_job(place: Workplace, action: BulkAction, connection: str | None, not_before: str | None) -> BulkJob:
    target = place.connection_id(connection) if connection else None
    return new_job(action, connection_id=target, not_before=_moment(not_before))


def _moment(written: str | None) -> datetime | None:
    try:
        return None if written is None else datetime.fromisoformat(written)
    except ValueError:
        raise InputError(
            f"--not-before {written!r} is no time.", hint="Write it with its zone: 2026-12-01T08:00+01:00"
        ) from None


def _request(place: Workplace, job: BulkJob, chosen: Chosen, timeout: float | None, *, json: bool) -> None:
    done = do_to(place, job, chosen, "Pushing", hidden=json)
    if timeout is None:
        try:
            finish("pushed", done, json=json)
        finally:
            _tell_waiting(done)
        return
    asked = _asked(place, done)
    exports = _delivered(place, asked[BulkOutcome.DONE], timeout, hidden=json)
    waiting = asked[BulkOutcome.WAITING]
    _tell_deliveries(exports, waiting, done.refused, json=json)
    _tell_waiting(done)
    if done.refused or waiting or any(row["status"] not in ARRIVED for row in exports):
        raise typer.Exit(1)


def _asked(place: Workplace, done: Done) -> dict[BulkOutcome, list[UUID]]:
    """Return the orders by what became of the request: one that waits for a route has no delivery of it."""
    from orderflow.storage.views.bulk_jobs import ResultFilter  # with it comes SQLAlchemy, too slow for `--help`

    with place.reading() as reading:
        results = reading.bulk_results(ResultFilter(done.job_id), done.progress.total)
    return {outcome: [result.order_id for result in results if result.outcome == outcome] for outcome in WENT}


def _tell_waiting(done: Done) -> None:
    """Say how many of the orders no rule sends anywhere yet."""
    waiting = done.progress.counts.get(BulkOutcome.WAITING, 0)
    if waiting:
        err().print(f"{plural(waiting, 'order')} of these wait for a route: see `orderflow routes test ORDER`.")


def _delivered(place: Workplace, ids: list[UUID], timeout: float, *, hidden: bool) -> list[dict[str, Any]]:
    """Run an engine while any of the orders is under way, for `timeout` seconds at most; returns their exports."""
    from orderflow.engine.threads import Engine

    engine = Engine(place.app)
    engine.start()
    try:
        deadline = time.monotonic() + timeout
        with progress("Delivering", len(ids), hidden=hidden) as bar:
            while (left := _under_way(place, ids)) and time.monotonic() < deadline:
                bar.update(bar.task_ids[0], completed=len(ids) - left)
                time.sleep(0.05)
            bar.update(bar.task_ids[0], completed=len(ids) - left)
    finally:
        engine.stop()
    from orderflow.storage.views.deliveries import ExportFilter

    with place.reading() as reading:
        return [row for order_id in ids for row in reading.exports(ExportFilter(order_id=order_id), 1)]


def _under_way(place: Workplace, ids: list[UUID]) -> int:
    with place.reading() as reading:
        return reading.under_way(ids)


def _tell_deliveries(exports: list[dict[str, Any]], waiting: list[UUID], refused: Refused, *, json: bool) -> None:
    if json:
        errors = [{"order_id": order_id, **error.as_json()} for order_id, error in refused]
        print_json({"exports": exports, "waiting": waiting, "errors": errors})
        return
    counts = Counter(str(row["status"]) for row in exports) + Counter({"waiting for a route": len(waiting)})
    out().print(", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "Nothing was pushed.")
    late = [row for row in exports if row["status"] not in ARRIVED]
    columns = {"external_order_number": "number", "status": "status", "reason": "because", "id": "export"}
    if late:
        print_table(late, columns, empty="")
    tell(refused)


def _tell_polls(counts: dict[UUID, Counter[str]], errors: dict[UUID, Problem | None], *, json: bool) -> None:
    if json:
        print_json([{"connection_id": one, "counts": found, "error": errors[one]} for one, found in counts.items()])
        return
    for connection_id, found in counts.items():
        verdicts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(found.items()))
        out().print(f"{connection_id}: {verdicts or 'no answers'}", markup=False)
        if error := errors[connection_id]:
            out().print(f"  {error.message} [{error.code}]", markup=False)
    if not counts:
        out().print(f"{plural(0, 'connection')}: there is nothing to poll.")
