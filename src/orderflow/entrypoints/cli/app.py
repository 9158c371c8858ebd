"""The tree of commands. What they do is in the modules beside this one, loaded with the first command."""

from __future__ import annotations

import faulthandler
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

import orderflow
from orderflow.entrypoints.cli import (
    arrived,
    as2,
    config,
    connections,
    connector_types,
    database,
    demo,
    doctor,
    jobs,
    keys,
    lists,
    needs,
    new_connector,
    orders,
    pushing,
    retention,
    routes,
    rules,
    running,
    trying,
    users,
    webhooks,
)
from orderflow.entrypoints.cli.failures import EXIT_CODES, report

app = typer.Typer(
    name="orderflow",
    help="Carries approved sales orders from OrderFlow into ERPs, once and only once.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
demo.add_to(app)
running.add_to(app)
pushing.add_to(app)
needs.add_to(app)
lists.add_to(app)
config.add_to(app)
keys.add_to(app)
doctor.add_to(app)
connections.add_to(app)
arrived.add_to(connections.app, pushing.acks)
connector_types.add_to(app)
trying.add_to(app)
routes.add_to(app)
rules.add_to(app)
users.add_to(app)
webhooks.add_to(app)
retention.add_to(app, orders.app)
new_connector.add_to(app)
app.add_typer(orders.app, name="orders")
app.add_typer(jobs.app, name="jobs")
app.add_typer(as2.as2, name="as2")
app.add_typer(database.db, name="db")
app.add_typer(database.org, name="org")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(orderflow.__version__)  # noqa: T201  # plain for use in scripts
        raise typer.Exit


@app.callback()
def _start(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    from orderflow.engine.logs import configure_logs

    configure_logs("WARNING")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: the one place where any error becomes a sentence and an exit code."""
    command = typer.main.get_command(app)
    faulthandler.enable(sys.__stderr__ or 2)  # a process that a signal ends says where it was
    try:
        command.main(list(arguments) if arguments is not None else None, prog_name="orderflow")
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # no traceback reaches a user
        sys.exit(report(error))
