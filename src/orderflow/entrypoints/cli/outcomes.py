"""How a command that did something to many orders says how it went."""

from __future__ import annotations

from collections import defaultdict
from typing import NoReturn

import typer
from rich.text import Text

from orderflow.entrypoints.cli.bulk import Done, Refused, do_to_named
from orderflow.entrypoints.cli.failures import exit_code
from orderflow.entrypoints.cli.output import err, listed, out, plural, print_json
from orderflow.entrypoints.cli.workplace import in_organization
from orderflow.flow.ports import BulkJob

MOST_SHOWN = 20


def do_and_tell(orders: list[str], job: BulkJob, doing: str, done: str, *, org: str | None, json: bool) -> None:
    """Do something to the orders named, and say how it went.

    Args:
        doing: What is done, for the bar: `Rejecting`.
        done: What they are then: `rejected`.

    Raises:
        OrderFlowError: There is no such order, or several; as `do_to_named`.
        typer.Exit: As `finish`.
    """
    with in_organization(org) as place:
        finish(done, do_to_named(place, job, place.order_ids(orders), doing, hidden=json), json=json)


def finish(what: str, done: Done, *, json: bool) -> None:
    """Tell what came of a bulk job; exits if some orders were refused.

    Raises:
        typer.Exit: With the code of the refusal if all were refused for one reason, else 1.
    """
    total, count = done.progress.total, done.went
    if json:
        errors = [{"order_id": order_id, **error.as_json()} for order_id, error in done.refused]
        print_json({what: count, "errors": errors, "job_id": done.job_id})
    else:
        out().print(f"{plural(count, 'order')} {what}.")
        tell(done.refused)
        if done.progress.left:
            err().print(f"The job was cancelled; {plural(done.progress.left, 'order')} are left as they were.")
    if total > count:
        _leave(done.refused, total)


def tell(refused: Refused) -> None:
    """Say which orders were refused, why, and what to do; once where it is the same for several."""
    orders: dict[tuple[str, str, str], list[object]] = defaultdict(list)
    for order_id, error in refused:
        orders[error.message, error.code, error.hint].append(order_id)
    for (message, code, hint), ids in list(orders.items())[:MOST_SHOWN]:
        err().print(Text.assemble(("refused ", "red"), f"{listed(ids)}: {message} [{code}] → {hint}"))
    if len(orders) > MOST_SHOWN:
        err().print(f"… and {len(orders) - MOST_SHOWN} more reasons; --json lists them all.")


def _leave(refused: Refused, total: int) -> NoReturn:
    codes = {exit_code(error) for _, error in refused}
    raise typer.Exit(codes.pop() if len(refused) == total and len(codes) == 1 else 1)
