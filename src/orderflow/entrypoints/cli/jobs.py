"""`orderflow jobs`: what is done to many orders, how far it is, and what became of each."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import typer

from orderflow.domain.bulk import BulkOutcome, BulkStatus
from orderflow.entrypoints.cli.bulk import watch
from orderflow.entrypoints.cli.options import AsCsv, AsJson, Limit, Org
from orderflow.entrypoints.cli.output import (
    NONE_FIT,
    out,
    plural,
    print_facts,
    print_json,
    print_list,
    print_table,
    print_told,
)
from orderflow.entrypoints.cli.workplace import caller, in_organization
from orderflow.flow.order.bulk import cancel as cancel_job

app = typer.Typer(help="Bulk jobs: one action on many orders.", no_args_is_help=True)

JobId = Annotated[UUID, typer.Argument(metavar="JOB", help="Its id; see `jobs list`.")]
COUNTS = {"total": "orders", "done": "done", "waiting": "wait", "refused": "refused", "left": "left"}


@app.command("list", epilog="Example: orderflow jobs list --status RUNNING")
def list_(
    status: Annotated[BulkStatus | None, typer.Option(case_sensitive=False, help="Only these.")] = None,
    limit: Limit = 50,
    org: Org = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """List bulk jobs, newest first."""
    with in_organization(org) as place, place.reading() as reading:
        rows = reading.bulk_jobs(status, limit)
    if json:
        print_json(rows)
        return
    columns = {"action": "what", "status": "status", **COUNTS}
    empty = NONE_FIT if status else "Nothing was done to many orders yet. See: orderflow push --all-approved"
    print_list(rows, columns | {"requested_by": "who", "created_at": "since", "id": "id"}, csv=csv, empty=empty)


@app.command(epilog="Example: orderflow jobs show 0199c0de-0000-7000-8000-000000000001")
def show(job: JobId, org: Org = None, json: AsJson = False) -> None:
    """Show how far a job is, and why orders were refused."""
    with in_organization(org) as place, place.reading() as reading:
        found = reading.bulk_job(job)
    print_json(found) if json else _print(found)


@app.command("watch", epilog="Example: orderflow jobs watch 0199c0de-0000-7000-8000-000000000001")
def watch_(job: JobId, org: Org = None, json: AsJson = False) -> None:
    """Work at a job too, and show its progress until it has ended."""
    with in_organization(org) as place:
        with place.reading() as reading:
            found = reading.bulk_job(job)
        watch(place, job, str(found["action"]).capitalize(), found["total"], hidden=json)
        with place.reading() as reading:
            found = reading.bulk_job(job)
    print_json(found) if json else _print(found)


@app.command(epilog="Example: orderflow jobs results 0199c0de-0000-7000-8000-000000000001 --outcome REFUSED")
def results(
    job: JobId,
    outcome: Annotated[BulkOutcome | None, typer.Option(case_sensitive=False, help="Only these.")] = None,
    limit: Limit = 50,
    org: Org = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """List what became of each order of a job, the oldest order first."""
    from orderflow.storage.views.bulk_jobs import ResultFilter  # with it comes SQLAlchemy, too slow for `--help`
    from orderflow.storage.views.view import plain

    with in_organization(org) as place, place.reading() as reading:
        reading.bulk_job(job)
        rows = [plain(one) for one in reading.bulk_results(ResultFilter(job, outcome), limit)]
    if json:
        print_json(rows)
        return
    columns = {"external_order_number": "number", "outcome": "outcome", "order_status": "is"}
    print_list(rows, columns | {"error": "because", "order_id": "order"}, csv=csv, empty=NONE_FIT)


@app.command(epilog="Example: orderflow jobs cancel 0199c0de-0000-7000-8000-000000000001")
def cancel(job: JobId, org: Org = None, json: AsJson = False) -> None:
    """End a job after the orders that it has in hand. What it did stays; the rest is left as it is."""
    with in_organization(org) as place:
        with place.app.store.work(place.org_id) as work:
            cancel_job(work, job, caller())
        with place.reading() as reading:
            found = reading.bulk_job(job)
    print_json(found) if json else _print(found)


def _print(job: dict[str, Any]) -> None:
    shown = ("id", "action", "status", "connection_name", "requested_by", "created_at", "ended_at", "cancelled_by")
    print_facts({name: job[name] for name in shown} | {name: job[key] for key, name in COUNTS.items()})
    if job["order_states"]:
        out().print("\n[bold]Now[/]")
        rows = [{"status": status, "orders": orders} for status, orders in sorted(job["order_states"].items())]
        print_table(rows, {"status": "state", "orders": "orders"}, empty="")
    if job["reasons"]:
        out().print("\n[bold]Refused[/]")
        for reason in job["reasons"]:
            print_told((plural(reason["orders"], "order"), reason["code"]), f"{reason['message']}\n{reason['hint']}")
