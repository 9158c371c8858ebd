"""`orderflow orders`: import, list, show, approve, reject, confirm."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from orderflow.domain.bulk import BulkAction
from orderflow.domain.errors import InputError
from orderflow.domain.order_keys import OnDuplicate
from orderflow.domain.orders import ADJUSTMENTS, HEADER, TEXTS_BY_NAME, Customer, DraftOrder
from orderflow.entrypoints.cli.bulk import do_to, named_or_found, new_job
from orderflow.entrypoints.cli.importing import import_orders
from orderflow.entrypoints.cli.options import AsCsv, AsJson, Limit, NamedOrders, Orders, OrderStatuses, Org, Search
from orderflow.entrypoints.cli.outcomes import do_and_tell, finish
from orderflow.entrypoints.cli.output import (
    NONE_FIT,
    err,
    out,
    plural,
    print_facts,
    print_json,
    print_list,
    print_table,
)
from orderflow.entrypoints.cli.recalling import tell_recall_outlook
from orderflow.entrypoints.cli.workplace import caller, in_organization
from orderflow.entrypoints.confirming import confirm_each, read_pairs
from orderflow.flow.delivery.change import confirm_change, discard_change
from orderflow.flow.delivery.recall import confirm_recall, end_recall
from orderflow.flow.order.cancel import cancel_before
from orderflow.flow.order.prioritize import prioritize as give_head_start
from orderflow.flow.ports import Actor, Work

OneOrder = Annotated[str, typer.Argument(metavar="ORDER", help="Its id, or its own number.")]
app = typer.Typer(help="Bring orders in, look at them, approve or reject them.", no_args_is_help=True)


@app.command("import", epilog="Example: orderflow orders import orders.jsonl --approve --push")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON Lines, or one JSON object or array; - for stdin.")],
    approve: Annotated[bool, typer.Option("--approve", help="Approve those that are READY.")] = False,
    push: Annotated[bool, typer.Option("--push", help="Request the delivery of those too; implies --approve.")] = False,
    on_duplicate: Annotated[
        OnDuplicate,
        typer.Option(
            help="An order whose customer has one of the same number here: refuse it if it says something else, "
            "revise the one that is here, or deliver a new one beside it."
        ),
    ] = OnDuplicate.REFUSE,
    duplicates: Annotated[bool, typer.Option("--duplicates", help="The same as --on-duplicate new.")] = False,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Bring orders in from a file. Bad lines are reported by number; the good ones are kept.

    May be stopped and run again: an order that is here already and says the same is not brought in twice; with
    --approve or --push, what was begun with it is finished.
    Exits with 1 if any line was bad, or if an order could not be approved or pushed.
    """
    if file != "-" and not Path(file).is_file():
        raise InputError(f"There is no file {file!r}.", hint="Check the path; - reads from stdin.")
    with in_organization(org) as place:
        wanted = OnDuplicate.NEW if duplicates else on_duplicate
        report = import_orders(place, file, approve=approve or push, push=push, quiet=json, on_duplicate=wanted)
    if json:
        print_json(report.as_json())
    else:
        report.tell()
    if report.faults:
        raise typer.Exit(1)


@app.command("list", epilog="Example: orderflow orders list --status ERROR --status NEEDS_REVIEW")
def list_(
    status: OrderStatuses = None,
    search: Annotated[str | None, typer.Option(help="Part of a number or of the customer's name.")] = None,
    unreadable_answer: Annotated[
        bool, typer.Option("--unreadable-answer", help="Only those whose answer from the ERP could not be read.")
    ] = False,
    on_hold: Annotated[bool, typer.Option("--on-hold", help="Only those that somebody has a hold on.")] = False,
    differs: Annotated[
        bool, typer.Option("--differs", help="Only those confirmed otherwise than ordered, which nobody accepted.")
    ] = False,
    limit: Limit = 50,
    org: Org = None,
    json: AsJson = False,
    csv: AsCsv = False,
) -> None:
    """List orders, newest first."""
    from orderflow.storage.views.orders import OrderFilter  # with it comes SQLAlchemy, too slow for `--help`

    wanted = OrderFilter(
        status or (),
        search,
        unreadable=unreadable_answer or None,
        differs=differs or None,
        on_hold=on_hold or None,
    )
    with in_organization(org) as place, place.reading() as reading:
        rows = reading.orders(wanted, limit)
    if json:
        print_json(rows)
        return
    columns = {"external_order_number": "number", "status": "status", "customer_name": "customer"}
    columns |= {"erp_order_id": "ERP number", "confirmation": "confirmed", "on_hold": "on hold"}
    columns |= {"waits_for": "waits for", "waits_until": "until", "created_at": "since", "error_json": "error"}
    print_list(
        rows,
        columns | {"id": "id"},
        csv=csv,
        empty=NONE_FIT
        if status or search or unreadable_answer or differs or on_hold
        else "No orders. Bring some in: orderflow orders import FILE",
    )


@app.command(epilog="Example: orderflow orders show PO-12345")
def show(
    order: Annotated[str, typer.Argument(help="Its id, or its own number.")], org: Org = None, json: AsJson = False
) -> None:
    """Show one order: its lines, where it went, every attempt, and its history."""
    with in_organization(org) as place:
        order_id = place.order_ids([order])[0]
        with place.reading() as reading:
            found = reading.order(order_id)
        found["missing"] = found["missing"] if found["status"] == "NEEDS_REVIEW" else []
    if json:
        print_json(found)
    else:
        _print_order(found)


@app.command(epilog="Example: orderflow orders revision PO-12345 2")
def revision(
    order: Annotated[str, typer.Argument(help="Its id, or its own number.")],
    number: Annotated[int, typer.Argument(min=1, help="Of the revision; `orders show` lists them.")],
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Show what was approved once: the whole order that deliveries are made from, and what that approval changed."""
    with in_organization(org) as place:
        order_id = place.order_ids([order])[0]
        with place.reading() as reading:
            found = reading.revision(order_id, number)
    if json:
        print_json(found)
    else:
        _print_revision(found)


@app.command(epilog="Example: orderflow orders approve PO-12345 PO-12346, or: orderflow orders approve --all-ready")
def approve(
    orders: Orders = None,
    all_ready: Annotated[bool, typer.Option("--all-ready", help="Every order that is READY.")] = False,
    search: Search = None,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Approve orders, so that they can be pushed."""
    with in_organization(org) as place:
        chosen = named_or_found(place, BulkAction.APPROVE, orders, {"--all-ready": all_ready, "--search": search})
        finish("approved", do_to(place, new_job(BulkAction.APPROVE), chosen, "Approving", hidden=json), json=json)


@app.command(epilog='Example: orderflow orders reject PO-12345 --reason "ordered twice"')
def reject(
    orders: NamedOrders,
    reason: Annotated[str | None, typer.Option(help="For the audit log.")] = None,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Reject orders for good."""
    job = new_job(BulkAction.REJECT, reason=reason)
    do_and_tell(orders, job, "Rejecting", "rejected", org=org, json=json)


@app.command("accept-differences", epilog="Example: orderflow orders accept-differences PO-12345")
def accept_differences_(
    orders: NamedOrders,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Accept what the ERP confirmed otherwise than it was ordered; `orders show` tells what that is."""
    job = new_job(BulkAction.ACCEPT_DIFFERENCES)
    do_and_tell(orders, job, "Accepting", "accepted", org=org, json=json)


@app.command(epilog='Example: orderflow orders hold PO-12345 --reason "address is being checked"')
def hold(
    orders: NamedOrders,
    reason: Annotated[str, typer.Option(help="Why they are not to be delivered yet.")],
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Keep orders from being delivered until they are released. They may be approved and pushed, and wait then."""
    job = new_job(BulkAction.HOLD, reason=reason)
    do_and_tell(orders, job, "Holding", "on hold", org=org, json=json)


@app.command(epilog='Example: orderflow orders recall --since 10:00 --reason "wrong prices" --dry-run')
def recall(
    orders: Orders = None,
    reason: Annotated[str | None, typer.Option(help="Why; an ERP that reads recalls is told.")] = None,
    all_sent: Annotated[bool, typer.Option("--all-sent", help="Every order that was pushed.")] = False,
    since: Annotated[str | None, typer.Option(help="Those that came in since: 10:00 is today's.")] = None,
    route: Annotated[str | None, typer.Option(help="Those that the routing rule of this name sent.")] = None,
    at: Annotated[str | None, typer.Option(help="Those at this connector.")] = None,
    search: Search = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would become of how many of them.")
    ] = False,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Ask the ERP to give orders back; what was not sent yet is withdrawn. `orders show` tells what the ERP answers."""
    given = {"--all-sent": all_sent, "--since": since, "--route": route, "--at": at, "--search": search}
    with in_organization(org) as place:
        chosen = named_or_found(place, BulkAction.RECALL, orders, given)
        if dry_run:
            tell_recall_outlook(place, chosen, json=json)
        elif reason is None:
            raise InputError("Say why they are recalled: --reason.", hint="Or see what would come of it: --dry-run.")
        else:
            job = new_job(BulkAction.RECALL, reason=reason)
            finish("asked for, or withdrawn", do_to(place, job, chosen, "Recalling", hidden=json), json=json)


@app.command(epilog='Example: orderflow orders cancel PO-12345 --customer 4711 --reason "cancelled by telephone"')
def cancel(
    number: Annotated[str, typer.Argument(help="The number that the order will come with.")],
    reason: Annotated[str, typer.Option(help="Why it is not to be delivered.")],
    customer: Annotated[str | None, typer.Option(help="Number of its customer in the ERP.")] = None,
    source: Annotated[str | None, typer.Option(help="Where it will come from, as it says itself.")] = None,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Cancel an order that has not come yet: when it comes, it is on hold. What is here is rejected, or recalled."""
    order = DraftOrder(external_order_number=number, source=source, customer=Customer(customer))
    with in_organization(org) as place, place.app.store.work(place.org_id) as work:
        made = cancel_before(work, order, reason, caller())
    if json:
        print_json({"id": str(made)})
    else:
        out().print(f"{number} is cancelled; should it come, it is on hold.", markup=False)


@app.command(epilog="Example: orderflow orders confirm PO-12345 SO-778, or: orderflow orders confirm --file so.csv")
def confirm(
    order: Annotated[str | None, typer.Argument(metavar="ORDER", help="Its id, or its own number.")] = None,
    erp_number: Annotated[str | None, typer.Argument(metavar="NUMBER", help="That it has in the ERP.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="CSV: in each line an order and its number there."),
    ] = None,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Say that the ERP has orders, under which numbers: for an ERP that never answers.

    Each of a file is confirmed for itself. Exits with 1 if any was refused.
    """
    if (file is None) == (order is None or erp_number is None):
        raise InputError("Name an order and its number in the ERP, or a file of them.", hint="See the example.")
    named = [(order or "", erp_number or "")] if file is None else list(read_pairs(file.read_text("utf-8-sig")))
    with in_organization(org) as place:
        confirmed = list(confirm_each(place.app.store, place.org_id, named, caller()))
    refused = [one for one in confirmed if one.error]
    if json:
        print_json({"confirmed": len(confirmed) - len(refused), "errors": refused})
    else:
        out().print(f"{plural(len(confirmed) - len(refused), 'order')} confirmed.")
        for one in refused:
            told = one.error
            err().print(f"refused {one.order}: {told and told.message} → {told and told.hint}", markup=False)
    if refused:
        raise typer.Exit(1)


@app.command("confirm-recall", epilog="Example: orderflow orders confirm-recall PO-12345")
def confirm_recall_(order: OneOrder, org: Org = None, json: AsJson = False) -> None:
    """Say that an order is cancelled in the ERP, because its people did so."""
    _decide(order, org, confirm_recall, json=json)


@app.command("end-recall", epilog="Example: orderflow orders end-recall PO-12345")
def end_recall_(order: OneOrder, org: Org = None, json: AsJson = False) -> None:
    """Say that the ERP keeps an order that is being recalled."""
    _decide(order, org, end_recall, json=json)


@app.command("discard-change", epilog="Example: orderflow orders discard-change PO-12345")
def discard_change_(order: OneOrder, org: Org = None, json: AsJson = False) -> None:
    """Let an order that was changed after it was sent say again what its ERP has."""
    _decide(order, org, discard_change, json=json)


@app.command("confirm-change", epilog="Example: orderflow orders confirm-change PO-12345")
def confirm_change_(order: OneOrder, org: Org = None, json: AsJson = False) -> None:
    """Say that an order whose change failed is changed in the ERP, because its people did so."""
    _decide(order, org, confirm_change, json=json)


def _decide(order: str, org: str | None, step: Callable[[Work, UUID, Actor], None], *, json: bool) -> None:
    with in_organization(org) as place:
        order_id = place.order_ids([order])[0]
        with place.app.store.work(place.org_id) as work:
            step(work, order_id, caller())
            status = work.orders.lock_status(order_id)
    if json:
        print_json({"id": str(order_id), "status": status})
    else:
        out().print(f"The order is {status} now.")


@app.command(epilog="Example: orderflow orders release PO-12345")
def release(
    orders: NamedOrders,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Release all holds on orders, whoever placed them; those that were pushed go out."""
    do_and_tell(orders, new_job(BulkAction.RELEASE), "Releasing", "released", org=org, json=json)


@app.command(epilog="Example: orderflow orders prioritize PO-12345 --minutes 60")
def prioritize(
    orders: NamedOrders,
    minutes: Annotated[int, typer.Option(help="Head start in the queue of deliveries; 0 takes it back.")],
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Let orders go out as if they had been pushed so many minutes earlier; all of those named, or none."""
    with in_organization(org) as place:
        ids = place.order_ids(orders)
        with place.app.store.work(place.org_id) as work:
            for order_id in sorted(set(ids)):
                give_head_start(work, order_id, minutes, caller())
    if json:
        print_json({"prioritized": len(set(ids)), "minutes": minutes})
    else:
        out().print(f"{plural(len(set(ids)), 'order')} prioritized.")


def _print_order(order: dict[str, Any]) -> None:
    shown = ["id", "status", "erp_customer_number", "customer_name", *HEADER, *TEXTS_BY_NAME, *ADJUSTMENTS]
    shown += ["approved_by", "approved_at", "erp_order_id", "confirmation", "error_json"]
    print_facts({name: order[name] for name in shown if order[name] != []})
    for reason in order["missing"]:
        out().print(f"  - {reason}", markup=False)
    columns = {"line_no": "line", "internal_sku": "SKU", "qty": "qty", "uom": "uom", "unit_price": "price"}
    few = {"gtin": "GTIN", "buyer_article_number": "buyer's", "seller_article_number": "seller's"}
    columns |= {name: title for name, title in few.items() if any(line[name] for line in order["lines"])}
    columns |= {"product_description": "description"}
    _section("Lines", order["lines"], columns)
    _print_confirmed(order["confirmed"])
    columns = {"filename": "file", "connector_type": "to", "status": "status", "sent_at": "sent"}
    columns |= {"answered_at": "answered", "reason": "waits for"}
    _section("Exports", order["exports"], columns)
    _section("Holds", order["holds"], {"reason": "on hold because", "placed_by": "who", "placed_at": "since"})
    columns = {"attempt_no": "attempt", "status": "status", "latency_ms": "ms", "error_message": "error"}
    _section("Attempts", order["attempts"], columns)
    columns = {"revision": "revision", "made_at": "approved", "made_by": "who", "changed": "changed"}
    _section("Revisions", order["revisions"], columns)
    columns = {"created_at": "when", "action": "what", "actor": "who", "after": "after"}
    _section("History", order["history"], columns)


def _print_confirmed(confirmed: dict[str, Any] | None) -> None:
    if confirmed is None:
        return
    by = f", accepted by {confirmed['accepted_by']}" if confirmed["accepted_by"] else ""
    columns = {"line_no": "line", "field": "what", "ordered": "ordered", "confirmed": "confirmed"}
    _section(f"Confirmed {confirmed['confirmation']}{by}", confirmed["differences"], columns)


def _print_revision(revision: dict[str, Any]) -> None:
    order = revision["order"] or {}
    head = {name: value for name, value in order.items() if name != "lines"}
    print_facts({name: revision[name] for name in ("revision", "made_at", "made_by", "sha256")} | head)
    columns = {"line_no": "line", "internal_sku": "SKU", "qty": "qty", "uom": "uom", "unit_price": "price"}
    _section("Lines", order.get("lines", []), columns | {"description": "description"})
    changes = [change | {"field": ".".join(change["path"])} for change in revision["changes"] or ()]
    _section("Changes", changes, {"field": "field", "before": "before", "after": "after"})


def _section(title: str, rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    if rows:
        out().print(f"\n[bold]{title}[/]")
        print_table(rows, columns, empty="")
