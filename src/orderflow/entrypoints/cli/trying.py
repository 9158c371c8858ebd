"""`orderflow connectors try`: what a connector would send for an order, and then sending it; without a database."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import ConnectorError, InputError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.text import visible
from orderflow.entrypoints.cli.connection_config import gather_config
from orderflow.entrypoints.cli.connector_types import known_type
from orderflow.entrypoints.cli.options import AsJson
from orderflow.entrypoints.cli.output import out, print_facts, print_json
from orderflow.flow.delivery.connector_fault import connector_fault
from orderflow.flow.order.reading_files import read_orders
from orderflow.flow.setup.connections import check_config
from orderflow.flow.setup.preview import Shown, show
from orderflow.flow.setup.understand import pasted, understand

app = typer.Typer(help="Connectors, tried without a database.", no_args_is_help=True)


def add_to(root: typer.Typer) -> None:
    """Hang this command into the tree."""
    root.add_typer(app, name="connectors")


@app.command(
    "try", epilog="Example: orderflow connectors try REST_JSON --config shop.json --order order.json --dry-run"
)
def try_order(
    connector_type: Annotated[str, typer.Argument(metavar="TYPE", help="See: orderflow connector-types")],
    order: Annotated[Path, typer.Option("--order", metavar="FILE", help="An order as JSON; the first, if several.")],
    config: Annotated[str | None, typer.Option("--config", metavar="FILE", help="The configuration as JSON.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="One setting.")] = None,
    secret: Annotated[list[str] | None, typer.Option("--secret", metavar="FIELD", help="Asked for; or =@FILE.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be sent.")] = False,
    answer: Annotated[
        str | None,
        typer.Option("--answer", metavar="FILE", help="What this answer (as of curl -i) would mean; sends nothing."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Show the exact document or request that a connector makes of an order, then send it. Needs no database.

    With --answer nothing is sent: it shows what that answer of an HTTP API would mean for the order.
    """
    connector = known_type(connector_type)
    given = gather_config(connector, config, settings or [], secret or [])
    check_config(connector, given)
    tried = _order(order)
    shown = show(connector, connector_type, tried, given)
    if not json:
        _print(shown)
    result = None
    if answer is not None:
        result = understand(connector, connector_type, tried, given, pasted(_text(answer)))
    elif not dry_run:
        result = _send(connector, connector_type, tried, given)
    if json:
        print_json({**dataclasses.asdict(shown), "result": result})
    elif result is not None:
        out().print("Sent." if answer is None else "The order would be delivered.")
        print_facts(({"erp_order_id": result.erp_order_id} if result.erp_order_id else {}) | result.connector_metadata)


def _text(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputError(
            f"{file} cannot be read: {error.strerror}.", hint="Check the path given to --answer."
        ) from None


def _order(file: Path) -> DraftOrder:
    try:
        lines = file.open("rb")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", hint="Check the path given to --order.") from None
    with lines:
        for _, found in read_orders(lines):
            if isinstance(found, InputError):
                raise found
            found.org_slug = "try"
            return found
    raise InputError(f"{file} holds no order.", hint="Give a file as `orderflow orders import` takes it.")


def _send(connector: ERPConnectorPort, connector_type: str, order: DraftOrder, config: dict[str, Any]) -> ExportResult:
    try:
        result = connector.export(order, config)
    except ConnectorError:
        raise
    except Exception as error:  # noqa: BLE001  # a third party's connector may raise anything
        raise connector_fault(connector_type, error) from None
    if not result.success:
        raise ConnectorError(result.error_message)
    return result


def _print(shown: Shown) -> None:
    if shown.destination:
        out().print(shown.destination, markup=False, highlight=False, soft_wrap=True)
    facts = {"file": shown.file_name, "type": shown.media_type, "bytes": shown.size, "encoding": shown.encoding}
    for name, value in (facts | shown.headers).items():
        out().print(f"{name}: {value}", markup=False, highlight=False, soft_wrap=True)
    # Not by rich, which would drop the carriage returns; an escape sequence in an order must not reach a terminal.
    lines = shown.text.split("\r\n")
    typer.echo("\n" + "\r\n".join(visible(line, lines=True) for line in lines))
