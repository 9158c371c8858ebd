"""`orderflow webhooks`: where events are sent, and what became of each attempt."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from orderflow.domain.events import EventKind
from orderflow.entrypoints.cli.options import AsJson, Limit, Org
from orderflow.entrypoints.cli.output import out, plural, print_facts, print_json, print_table
from orderflow.entrypoints.cli.workplace import caller, in_organization
from orderflow.flow.setup import webhooks as steps

app = typer.Typer(help="Programs that are told what happens; see docs/events.md.", no_args_is_help=True)
WebhookId = Annotated[UUID, typer.Argument(metavar="WEBHOOK", help="Its id; see `webhooks list`.")]
Kinds = Annotated[
    list[EventKind] | None,
    typer.Option("--kind", metavar="KIND", help="Only these; may be repeated. Without it all, as order.confirmed."),
]


@app.command("list", epilog="Example: orderflow webhooks list")
def list_(org: Org = None, json: AsJson = False) -> None:
    """List all webhooks with how they do."""
    with in_organization(org) as place, place.reading() as reading:
        rows = reading.webhooks()
    if json:
        print_json(rows)
        return
    columns = {
        "id": "id",
        "name": "name",
        "url": "url",
        "status": "status",
        "waiting": "wait",
        "failing_since": "failing",
    }
    print_table(rows, columns, empty="There is none yet. See: orderflow webhooks add --help")


@app.command(epilog="Example: orderflow webhooks add https://shop.example/hooks --kind order.confirmed")
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where events are posted.")],
    kind: Kinds = None,
    name: Annotated[str | None, typer.Option(help="For people.")] = None,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Have events sent to an address, from now on. The secret that signs them is shown this once."""
    with in_organization(org) as place:
        app_, refusal = place.app, place.wiring.refusal
        endpoint_id, secret = steps.add_webhook(app_.store, refusal, place.org_id, caller(), url, kind or (), name)
    _show_secret(endpoint_id, secret, json=json)


@app.command(epilog="Example: orderflow webhooks rotate 0199c0de-0000-7000-8000-000000000001")
def rotate(
    webhook: WebhookId,
    overlap_hours: Annotated[
        float, typer.Option(min=0, max=steps.LONGEST_OVERLAP_HOURS, help="For so long both secrets sign.")
    ] = steps.OVERLAP_HOURS,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Make another secret, and show it this once. For a while the one before signs, too."""
    with in_organization(org) as place:
        secret = steps.rotate_secret(place.app.store, place.org_id, webhook, caller(), overlap_hours)
    _show_secret(webhook, secret, json=json)


@app.command(epilog="Example: orderflow webhooks enable 0199c0de-0000-7000-8000-000000000001")
def enable(webhook: WebhookId, org: Org = None) -> None:
    """Send to it again: it goes on where it stopped."""
    _switch(webhook, org, on=True)
    out().print(f"{webhook} is enabled.")


@app.command(epilog="Example: orderflow webhooks disable 0199c0de-0000-7000-8000-000000000001")
def disable(webhook: WebhookId, org: Org = None) -> None:
    """Send nothing to it until it is enabled."""
    _switch(webhook, org, on=False)
    out().print(f"{webhook} is disabled. What happens meanwhile waits for it as long as events are kept.")


@app.command(epilog="Example: orderflow webhooks remove 0199c0de-0000-7000-8000-000000000001")
def remove(webhook: WebhookId, org: Org = None) -> None:
    """Send nothing to it any more, and delete its log."""
    with in_organization(org) as place:
        steps.remove_webhook(place.app.store, place.org_id, webhook, caller())
    out().print(f"{webhook} is removed.")


@app.command(epilog="Example: orderflow webhooks log 0199c0de-0000-7000-8000-000000000001 --failed")
def log(
    webhook: WebhookId,
    failed: Annotated[bool, typer.Option("--failed", help="Only attempts that failed.")] = False,
    limit: Limit = 50,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """List attempts at sending events to it, newest first."""
    with in_organization(org) as place, place.reading() as reading:
        rows = reading.webhook_attempts(webhook, limit, failed=failed or None)
    if json:
        print_json(rows)
        return
    told = [row | {"problem": (row["error"] or {}).get("message")} for row in rows]
    columns = {"created_at": "when", "number": "event", "kind": "kind", "attempt": "attempt", "status": "status"}
    print_table(told, columns | {"ms": "ms", "problem": "problem"}, empty="Nothing was sent there yet.")


@app.command(epilog="Example: orderflow webhooks replay 0199c0de-0000-7000-8000-000000000001 --after 1041")
def replay(
    webhook: WebhookId,
    number: Annotated[
        list[int] | None, typer.Option("--number", min=1, help="Just this event; may be repeated.")
    ] = None,
    after: Annotated[int | None, typer.Option(min=0, help="All events after this one.")] = None,
    until: Annotated[int | None, typer.Option(min=1, help="With --after: the last one.")] = None,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Send events to it again, the oldest first, 10,000 at most."""
    with in_organization(org) as place:
        count = steps.replay(place.app.store, place.org_id, webhook, caller(), number or (), after, until)
    print_json({"events": count}) if json else out().print(f"{plural(count, 'event')} will be sent again.")


def add_to(root: typer.Typer) -> None:
    """Hang these commands into the tree."""
    root.add_typer(app, name="webhooks")


def _switch(webhook: UUID, org: str | None, *, on: bool) -> None:
    with in_organization(org) as place:
        steps.edit_webhook(place.app.store, place.wiring.refusal, place.org_id, webhook, caller(), {"enabled": on})


def _show_secret(endpoint_id: UUID, secret: str, *, json: bool) -> None:
    shown = {"id": endpoint_id, "secret": secret}
    print_json(shown) if json else print_facts(shown)
