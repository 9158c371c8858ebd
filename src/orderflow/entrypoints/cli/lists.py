"""`orderflow exports` and `orderflow push-log`: what went where, attempt by attempt."""

from __future__ import annotations

from typing import Annotated

import typer

from orderflow.entrypoints.cli.options import AsCsv, AsJson, AttemptStatuses, ExportStatuses, Limit, Org
from orderflow.entrypoints.cli.output import NONE_FIT, print_json, print_list
from orderflow.entrypoints.cli.workplace import in_organization

exports = typer.Typer(help="Deliveries: one order to one connection.", no_args_is_help=True)

OrderOption = Annotated[str | None, typer.Option("--order", help="Only of this order: its id, or its own number.")]


def add_to(app: typer.Typer) -> None:
    """Hang these commands into the tree."""
    app.add_typer(exports, name="exports")
    app.command("push-log", epilog="Example: orderflow push-log --order PO-12345")(push_log)


@exports.command("list", epilog="Example: orderflow exports list --status SENT --json")
def list_exports(
    status: ExportStatuses = None,
    order: OrderOption = None,
    limit: Limit = 50,
    org: Org = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """List deliveries, newest first."""
    from orderflow.storage.views.deliveries import ExportFilter  # with it comes SQLAlchemy, too slow for `--help`

    with in_organization(org) as place:
        order_id = place.order_ids([order])[0] if order else None
        with place.reading() as reading:
            rows = reading.exports(ExportFilter(status or (), order_id=order_id), limit)
    if json:
        print_json(rows)
        return
    columns = {"external_order_number": "number", "status": "status", "connector_type": "to"}
    columns |= {"erp_order_id": "ERP number", "reason": "waits for"}
    columns |= {"sent_at": "sent", "answered_at": "answered", "filename": "file"}
    print_list(
        rows,
        columns,
        csv=csv,
        empty=NONE_FIT if status or order else "No deliveries. Ask for some: orderflow push --all-approved",
    )


def push_log(
    status: AttemptStatuses = None,
    order: OrderOption = None,
    limit: Limit = 50,
    org: Org = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """List delivery attempts, newest first."""
    from orderflow.storage.views.deliveries import AttemptFilter  # as above

    with in_organization(org) as place:
        order_id = place.order_ids([order])[0] if order else None
        with place.reading() as reading:
            rows = reading.attempts(AttemptFilter(status or (), order_id=order_id), limit)
    if json:
        print_json(rows)
        return
    columns = {"external_order_number": "number", "status": "status", "attempt_no": "attempt"}
    columns |= {"created_at": "when", "connector_type": "to", "latency_ms": "ms", "error_message": "error"}
    print_list(rows, columns, csv=csv, empty=NONE_FIT if status or order else "No attempts yet.")
