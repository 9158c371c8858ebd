"""`orderflow needs`: what needs a person now."""

from __future__ import annotations

from typing import Any

import typer

from orderflow.entrypoints.cli.options import AsCsv, AsJson, Org
from orderflow.entrypoints.cli.output import print_json, print_list
from orderflow.entrypoints.cli.workplace import in_organization


def add_to(app: typer.Typer) -> None:
    """Hang this command into the tree."""
    app.command(epilog="Example: orderflow needs  (then: orderflow retry --error-code CODE)")(needs)


def needs(org: Org = None, json: AsJson = False, csv: AsCsv = False) -> None:
    """List what needs a person, the most urgent first: failures by their reason, doubt, answers, connections."""
    with in_organization(org) as place, place.reading() as reading:
        found = reading.needs()
    if json:
        print_json(found)
        return
    columns = {"kind": "what", "orders": "orders", "customers": "customers", "about": "about", "noted": "noted"}
    print_list([_row(need) for need in found["items"]], columns, csv=csv, empty="Nothing needs you now.")


def _row(need: dict[str, Any]) -> dict[str, Any]:
    causes = "; ".join(one["message"] for one in need["texts"] if one["message"])
    more = need["causes"] - len(need["texts"])
    about = [need["connection_name"] or need["code"], causes + (f" and {more} more" if more > 0 else "")]
    return need | {"about": ": ".join(part for part in about if part) or None, "noted": _noted(need["mark"])}


def _noted(mark: dict[str, Any] | None) -> str | None:
    if mark is None:
        return None
    until = f"put off until {mark['snoozed_until'].astimezone():%Y-%m-%d %H:%M}" if mark["snoozed_until"] else None
    return "; ".join(part for part in (mark["assigned_to"], mark["note"], until) if part) or None
