"""Options that many commands have."""

from __future__ import annotations

from typing import Annotated

import typer

Org = Annotated[
    str | None,
    typer.Option("--org", envvar="ORDERFLOW_ORG", metavar="SLUG", help="The organization; not needed if there is one."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many to show, newest first.")]
Statuses = Annotated[list[str] | None, typer.Option("--status", metavar="STATUS", help="Only these; may be repeated.")]
Orders = Annotated[list[str] | None, typer.Argument(metavar="ORDER…", help="Ids, or the orders' own numbers.")]
ConnectionName = Annotated[str, typer.Argument(metavar="CONNECTION", help="Its id, its name, or its type.")]
