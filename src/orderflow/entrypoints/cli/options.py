"""Options that many commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from orderflow.domain.states import AttemptStatus, ERPExportStatus, OrderStatus

Org = Annotated[
    str | None,
    typer.Option("--org", envvar="ORDERFLOW_ORG", metavar="SLUG", help="The organization; not needed if there is one."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV for spreadsheets.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many to show, newest first.")]
_Status = typer.Option("--status", case_sensitive=False, help="Only these; may be repeated.")
OrderStatuses = Annotated[list[OrderStatus] | None, _Status]
ExportStatuses = Annotated[list[ERPExportStatus] | None, _Status]
AttemptStatuses = Annotated[list[AttemptStatus] | None, _Status]
_ORDERS = typer.Argument(metavar="ORDER…", help="Ids, or the orders' own numbers.")
Orders = Annotated[list[str] | None, _ORDERS]
NamedOrders = Annotated[list[str], _ORDERS]
Search = Annotated[str | None, typer.Option("--search", help="Only those with this in a number or a customer's name.")]
ErrorCode = Annotated[str | None, typer.Option("--error-code", metavar="CODE", help="Only those in ERROR for this.")]
ConnectionName = Annotated[str, typer.Argument(metavar="CONNECTION", help="Its id, its name, or its type.")]
