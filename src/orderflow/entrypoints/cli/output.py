"""What commands print: tables for people, JSON with stable keys for scripts. Only results go to stdout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

_encode = msgspec.json.Encoder(decimal_format="number", uuid_format="canonical").encode
_STYLES = {
    "CONFIRMED": "green",
    "ACKED": "green",
    "SUCCESS": "green",
    "ACTIVE": "green",
    "CLOSED": "green",
    "PUSHED": "cyan",
    "SENT": "cyan",
    "ERROR": "red",
    "FAILED": "red",
    "PAUSED": "red",
    "OPEN": "yellow",
    "PUSHING": "yellow",
    "RETRYING": "yellow",
    "NEEDS_REVIEW": "yellow",
}
NONE_FIT = "None fits what was asked for."


def out() -> Console:
    """Return the console for results."""
    return Console(highlight=False)


def err() -> Console:
    """Return the console for progress and remarks."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    print(msgspec.json.format(_encode(value), indent=2).decode())  # noqa: T201  # this is the command's result


def print_table(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], *, empty: str) -> None:
    """Print rows as a table.

    Args:
        columns: Key of the row → heading.
        empty: What to say if there are no rows.
    """
    table = Table(header_style="bold", box=None, pad_edge=False)
    for key, heading in columns.items():
        table.add_column(heading, no_wrap=key == "id", overflow="fold")
    for row in rows:
        table.add_row(*(cell(row.get(key)) for key in columns))
    if table.row_count:
        out().print(table)
    else:
        err().print(empty)


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print names and values, one per line; what is None is left out."""
    grid = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        if value is not None:
            grid.add_row(Text(name, "bold"), cell(value))
    out().print(grid)


def cell(value: Any) -> Text:
    """Return `value` as a person reads it; no text of others is taken for markup."""
    match value:
        case None:
            return Text("-", "dim")
        case bool():
            return Text("yes" if value else "no")
        case datetime():
            return Text(value.astimezone().strftime("%Y-%m-%d %H:%M:%S"))
        case date():
            return Text(value.isoformat())
        case {"message": message}:
            return Text(str(message))
        case dict() | list():
            return Text(_encode(value).decode())
        case _:
            return Text(str(value), _STYLES.get(str(value), ""))


def progress(description: str, total: int | None, *, hidden: bool = False) -> Progress:
    """Return a progress bar on stderr, with one task added; silent if stderr is no terminal."""
    console = err()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=hidden or not console.is_terminal,
    )
    bar.add_task(description, total=total)
    return bar


def plural(count: int, singular: str, several: str | None = None) -> str:
    """Return `1 order` or `2 orders`."""
    return f"{count} {singular if count == 1 else several or singular + 's'}"


def listed(names: Sequence[Any], most: int = 5) -> str:
    """Return the first names and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(str(name) for name in names[:most]) + more
