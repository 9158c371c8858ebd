"""`orderflow doctor`: do the books agree, and what is safe to put right."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from orderflow.entrypoints.cli.options import AsJson
from orderflow.entrypoints.cli.output import err, out, plural, print_json, print_table
from orderflow.entrypoints.cli.workplace import opened

if TYPE_CHECKING:
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
    json: AsJson = False,
) -> None:
    """Compare orders, deliveries, log and documents of all organizations; exits with 1 if something is left to do."""
    from orderflow.flow import doctor as steps
    from orderflow.storage.system.doctor import SqlBookKeeping

    with opened() as app:
        keeping = SqlBookKeeping(app.database)
        found = steps.after_restore(keeping) if after_restore else steps.examine(keeping, app.documents, repair=repair)
    if json:
        print_json([asdict(finding) for finding in found])
    else:
        _tell(found)
    if any(not finding.repaired for finding in found):
        raise typer.Exit(1)


def _tell(found: list[Finding]) -> None:
    columns = {"code": "what", "organization": "organization", "order_id": "order", "message": "", "repaired": "done"}
    print_table([asdict(finding) for finding in found], columns, empty="Nothing to report: all books agree.")
    counts = Counter(finding.code for finding in found if not finding.repaired)
    for code, count in counts.most_common():
        err().print(f"{plural(count, 'case')} of {code} left; see docs/reliability.md.")
    if found and not counts:
        out().print("All of it is done.")
