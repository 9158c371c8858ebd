"""`orderflow connections hours`: when a connection may send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orderflow.domain.errors import InputError
from orderflow.entrypoints.cli.json_file import read_json
from orderflow.entrypoints.cli.options import AsJson, ConnectionName, Org
from orderflow.entrypoints.cli.output import out, print_json, print_table
from orderflow.entrypoints.cli.workplace import Workplace, caller, in_organization

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from orderflow.domain.opening_hours.outlook import Day

HELP = """When a connection may send: weekly hours in a time zone, less public holidays and closed days.

While it is closed, orders wait for it and none is given up; answers are read and probes made.
"""
app = typer.Typer(help=HELP, no_args_is_help=True)
Zone = Annotated[str | None, typer.Option("--zone", metavar="ZONE", help="Of the hours: Europe/Berlin.")]
Open = Annotated[
    list[str] | None,
    typer.Option(
        "--open",
        metavar="'DAYS HOURS'",
        help="When it is open, once for each kind of day: 'mon-thu 08:00-12:00,13:00-17:00'. The whole day is "
        "00:00-24:00; hours that pass midnight are 22:00-06:00+1.",
    ),
]
Holidays = Annotated[
    str | None,
    typer.Option("--holidays", metavar="COUNTRY[-PART]", help="Closed on public holidays: of DE, or DE-BY."),
]
Closed = Annotated[
    list[str] | None, typer.Option("--closed", metavar="DATE", help="Closed on this day too: 2026-12-24.")
]
File = Annotated[
    str | None,
    typer.Option("--file", metavar="FILE", help="All of it as JSON, as `hours show --json` prints it; - for stdin."),
]


@app.command(epilog="Example: orderflow connections hours show SAP")
def show(connection: ConnectionName, org: Org = None, json: AsJson = False) -> None:
    """Show when a connection is open, and what that means for the next days, in its own time zone."""
    with in_organization(org) as place:
        _tell(place, place.connection_id(connection), json=json)


@app.command(
    "set",
    epilog="Example: orderflow connections hours set SAP --zone Europe/Berlin --open 'mon-fri 08:00-17:00' "
    "--holidays DE-BY --closed 2026-12-24",
)
def set_(
    connection: ConnectionName,
    zone: Zone = None,
    open_: Open = None,
    holidays: Holidays = None,
    closed: Closed = None,
    file: File = None,
    org: Org = None,
    json: AsJson = False,
) -> None:
    """Put these hours in the place of those there are. They count at once, also for orders that wait."""
    parts = (zone, open_, holidays, closed)
    if (file is None) == (parts == (None, None, None, None)):
        raise InputError("Give either --file, or --zone and --open.", hint="orderflow connections hours set --help")
    given = read_json(file) if file is not None else dict(_from_options(zone, open_ or [], holidays, closed or []))
    _save(connection, given, org, json=json)


@app.command(epilog="Example: orderflow connections hours clear SAP")
def clear(connection: ConnectionName, org: Org = None, json: AsJson = False) -> None:
    """Open a connection at all hours. What waited for its hours goes out now."""
    _save(connection, None, org, json=json)


def _save(connection: str, given: Mapping[str, Any] | None, org: str | None, *, json: bool) -> None:
    from orderflow.flow.setup.connections import edit_connection

    with in_organization(org) as place:
        found = place.connection_id(connection)
        edit_connection(place.wiring, place.org_id, found, None, caller(), options={"opening_hours": given})
        _tell(place, found, json=json)


def _tell(place: Workplace, connection_id: UUID, *, json: bool) -> None:
    """Print the hours as they are stored, and what they mean."""
    from orderflow.domain.opening_hours.outlook import outlook
    from orderflow.domain.opening_hours.written import as_written, read_hours

    with place.app.store.work(place.org_id) as work:
        given, now = work.connections.opening_hours(connection_id)
    hours = None if given is None else read_hours(given)
    if json:
        print_json(hours and as_written(hours))
        return
    if hours is None:
        out().print("It is open at all hours.")
        return
    meant = outlook(hours, now)
    until = f" until {meant.changes_at:%a %Y-%m-%d %H:%M}" if meant.changes_at else ""
    out().print(f"{'Open' if meant.open_now else 'Closed'} now{until}. Times are those of {hours.zone.key}.")
    columns = {"day": "day", "open": "open", "why": ""}
    print_table(map(_row, meant.days), columns, empty="")


def _row(day: Day) -> dict[str, Any]:
    spans = ", ".join(f"{one.begins_at:%H:%M}-{_end(day, one.ends_at)}" for one in day.open)
    return {"day": f"{day.date:%a %Y-%m-%d}", "open": spans or "closed", "why": day.closed_because or ""}


def _end(day: Day, moment: datetime) -> str:
    return "24:00" if moment.date() > day.date else f"{moment:%H:%M}"


def _from_options(
    zone: str | None, spans: Sequence[str], holidays: str | None, closed: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    yield "time_zone", zone
    yield "weekly", _weekly(spans)
    if holidays is not None:
        country, _, part = holidays.partition("-")
        yield "holidays", {"country": country} | ({"subdivision": part} if part else {})
    if closed:
        yield "closed_days", list(closed)


def _weekly(given: Sequence[str]) -> dict[str, list[str]]:
    weekly: dict[str, list[str]] = {}
    for one in given:
        days, _, spans = one.strip().partition(" ")
        for day in _days(days, one):
            weekly.setdefault(day, []).extend(spans.replace(" ", "").split(","))
    return weekly


def _days(written: str, whole: str) -> Iterator[str]:
    """Yield the days of `mon-fri` or `mon,wed`; a week goes on after Sunday."""
    from orderflow.domain.opening_hours.written import WEEKDAYS

    for part in written.lower().split(","):
        first, _, last = part.partition("-")
        if first not in WEEKDAYS or (last or first) not in WEEKDAYS:
            known = ", ".join(WEEKDAYS)
            raise InputError(f"--open {whole!r} begins with no days.", hint=f"Days are {known}, as mon-fri or sat,sun.")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        yield from (WEEKDAYS[(start + number) % 7] for number in range((end - start) % 7 + 1))
