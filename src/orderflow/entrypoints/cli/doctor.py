"""`orderflow doctor`: do the books agree, and what is safe to put right."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from orderflow.domain.errors import OrderFlowError
from orderflow.entrypoints.cli.failures import report
from orderflow.entrypoints.cli.options import AsJson
from orderflow.entrypoints.cli.output import err, out, plural, print_json, print_told
from orderflow.entrypoints.cli.workplace import opened

if TYPE_CHECKING:
    from orderflow.bootstrap import App
    from orderflow.flow.doctor import Finding


def add_to(app: typer.Typer) -> None:
    """Hang this command into the tree."""
    app.command(epilog="Example: orderflow doctor --repair")(doctor)


def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Put right what is safe to put right.")] = False,
    after_restore: Annotated[
        bool,
        typer.Option(
            "--after-restore",
            help="Hold every delivery that may have gone out after the backup was made. Run it before any worker.",
        ),
    ] = False,
    after_failover: Annotated[
        bool,
        typer.Option(
            "--after-failover",
            help="Hold every delivery that may have gone out in commits that the promoted replica lacks. "
            "Run it before any worker.",
        ),
    ] = False,
    json: AsJson = False,
) -> None:
    """Compare orders, deliveries, log and documents of all organizations, and look whether everything is at work.

    Exits with 0 if all is well, with 1 if something is left to do, and with 2 if it could not look.
    """
    try:
        found = _look(repair=repair, after_restore=after_restore, after_failover=after_failover)
    except OrderFlowError as error:
        report(error)
        raise typer.Exit(2) from None
    if json:
        print_json([asdict(finding) for finding in found])
    else:
        _tell(found)
    if any(not finding.repaired and not finding.remark for finding in found):
        raise typer.Exit(1)


def _look(*, repair: bool, after_restore: bool, after_failover: bool) -> list[Finding]:
    from orderflow.flow import doctor as steps
    from orderflow.storage.system.doctor import SqlBookKeeping

    with opened() as app:
        settings = app.settings
        keeping = SqlBookKeeping(
            app.database,
            longest_wait=max(3_600.0, settings.retry_cap_seconds) * 1.25,
            longest_poll=max(900.0, 2 * settings.ack_poll_seconds),
        )
        if after_restore:
            return steps.after_restore(keeping)
        if after_failover:
            return steps.after_failover(keeping)
        found = steps.in_trouble(app.processes, datetime.now(UTC))
        found += steps.document_store(app.documents.check)
        found += steps.ended_recalls(keeping, app.store, repair=repair)
        return found + steps.examine(keeping, app.documents, repair=repair) + _beyond_the_lists(app)


def _beyond_the_lists(app: App) -> list[Finding]:
    from orderflow.entrypoints.cli.reading import reading_in
    from orderflow.flow.doctor import Finding
    from orderflow.flow.setup.places import beyond_the_lists

    found = []
    for slug, org_id in app.system.organizations().items():
        with reading_in(app.database, org_id) as reading:
            ids = [connection.id for connection in reading.connections()]
        for connection_id, place in beyond_the_lists(app.wiring, org_id, ids):
            message = (
                f"The connection {connection_id} leads to the {place.kind} {place.name}, where connections of the API "
                f"may not: it goes on, for the operator set it up, and is checked once it is to lead elsewhere."
            )
            found.append(Finding("CONNECTION_BEYOND_LISTS", slug, message, remark=True))
    return found


def _tell(found: list[Finding]) -> None:
    if not found:
        err().print("Nothing to report: all books agree.")
    for finding in found:
        order = f"\norder {finding.order_id}" if finding.order_id else ""
        done = "done" if finding.repaired else ""
        print_told((finding.code, finding.organization, done), finding.message + order)
    counts = Counter(finding.code for finding in found if not finding.repaired and not finding.remark)
    for code, count in counts.most_common():
        err().print(f"{plural(count, 'case')} of {code} left; see docs/reliability.md.")
    if any(finding.repaired for finding in found) and not counts:
        out().print("All of it is done.")
