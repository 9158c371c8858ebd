"""`orderflow prune` and `orderflow orders forget`: what is kept no longer."""

from __future__ import annotations

from typing import Annotated

import typer

from orderflow.entrypoints.cli.options import AsJson, Org
from orderflow.entrypoints.cli.output import out, plural, print_json, progress
from orderflow.entrypoints.cli.workplace import caller, in_organization, opened


def add_to(root: typer.Typer, orders: typer.Typer) -> None:
    """Hang these commands into the tree."""
    root.command(epilog="Example: orderflow prune --days 365")(prune)
    orders.command(epilog="Example: orderflow orders forget PO-12345")(forget)


def prune(
    days: Annotated[
        int | None, typer.Option(min=1, help="Keep this many days; ORDERFLOW_RETENTION_DAYS by default.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Delete what ended long ago: CONFIRMED, REJECTED, RECALLED orders with all that is theirs, the audit log, events.

    Goes in small steps while all else goes on; may be stopped and run again at any time. Unfinished orders stay.
    """
    from orderflow.storage.system.retention import Pruned
    from orderflow.storage.system.retention import prune as prune_all

    done = Pruned()
    with opened() as app, progress("Pruning", None, hidden=json) as bar:
        kept, events_kept = days or app.settings.retention_days, app.settings.event_retention_days
        for done in prune_all(app.database, app.documents, kept, event_days=events_kept):
            bar.update(bar.task_ids[0], completed=done.orders + done.audit_rows + done.events)
    if json:
        print_json(
            {"orders": done.orders, "documents": done.documents, "audit_rows": done.audit_rows, "events": done.events}
        )
    else:
        rest = f"{plural(done.audit_rows, 'audit row')} and {plural(done.events, 'event')}"
        out().print(f"Deleted {plural(done.orders, 'order')}, {rest}.")


def forget(order: Annotated[str, typer.Argument(help="Its id or its number.")], org: Org = None) -> None:
    """Delete one order's personal data: names, addresses, notes, what was logged of it, and its documents.

    The order itself stays, with its lines and its numbers, so that the books still add up. It must have ended.
    """
    from orderflow.storage.system.retention import forget as forget_order

    with in_organization(org) as place:
        (order_id,) = place.order_ids([order])
        forget_order(place.app.store, place.app.documents, place.org_id, order_id, caller())
    out().print(f"The personal data of order {order_id} is gone.")
