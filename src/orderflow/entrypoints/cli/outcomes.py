"""How a command that did something to many orders says how it went."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NoReturn

import typer
from rich.text import Text

from orderflow.domain.errors import OrderFlowError
from orderflow.entrypoints.cli.failures import exit_code
from orderflow.entrypoints.cli.output import err, listed, out, plural, print_json, progress
from orderflow.flow.order.bulk import Outcome

MOST_SHOWN = 20


def finish(what: str, outcomes: Iterable[Outcome], total: int, *, json: bool) -> None:
    """Carry out `outcomes` under a progress bar, and tell what came of each; exits if some were refused.

    Raises:
        typer.Exit: With the code of the refusal if all were refused for one reason, else 1.
    """
    refused = gather(what, outcomes, total, hidden=json)
    if json:
        errors = [{"order_id": order_id, **error.as_json()} for order_id, error in refused]
        print_json({what: total - len(refused), "errors": errors})
    else:
        out().print(f"{plural(total - len(refused), 'order')} {what}.")
        tell(refused)
    if refused:
        _leave(refused, total)


def gather(what: str, outcomes: Iterable[Outcome], total: int, *, hidden: bool) -> list[tuple[object, OrderFlowError]]:
    """Carry out `outcomes` under a progress bar; returns those that were refused."""
    refused: list[tuple[object, OrderFlowError]] = []
    with progress(what.capitalize(), total, hidden=hidden or total < 2) as bar:
        for order_id, error in outcomes:
            bar.advance(bar.task_ids[0])
            if error is not None:
                refused.append((order_id, error))
    return refused


def tell(refused: list[tuple[object, OrderFlowError]]) -> None:
    """Say which orders were refused, why, and what to do; once where it is the same for several."""
    orders: dict[tuple[str, str, str], list[object]] = defaultdict(list)
    for order_id, error in refused:
        orders[error.message, error.code, error.hint].append(order_id)
    for (message, code, hint), ids in list(orders.items())[:MOST_SHOWN]:
        err().print(Text.assemble(("refused ", "red"), f"{listed(ids)}: {message} [{code}] → {hint}"))
    if len(orders) > MOST_SHOWN:
        err().print(f"… and {len(orders) - MOST_SHOWN} more reasons; --json lists them all.")


def _leave(refused: list[tuple[object, OrderFlowError]], total: int) -> NoReturn:
    codes = {exit_code(error) for _, error in refused}
    raise typer.Exit(codes.pop() if len(refused) == total and len(codes) == 1 else 1)
