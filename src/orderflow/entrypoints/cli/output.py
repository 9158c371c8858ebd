"""What commands print: tables for people, JSON with stable keys for scripts. Only results go to stdout."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from orderflow.domain.text import visible
from orderflow.domain.vocabulary import ATTEMPTS, DELIVERIES, ORDERS
from orderflow.entrypoints.csv_lines import csv_line

_encode = msgspec.json.Encoder(decimal_format="number", uuid_format="canonical").encode
_STYLES: dict[str, str] = {
    "ACTIVE": "green",
    "CLOSED": "green",
    "DELIVERED": "green",
    "TESTED": "green",
    "TEST_FAILED": "red",
    "UNTESTED": "yellow",
    "PAUSED": "red",
    "OPEN": "yellow",
}
_TERMINAL = {"gray": "dim", "indigo": "blue", "violet": "magenta", "orange": "dark_orange"}
"""A terminal's name of a colour, where it is another."""
_STYLES |= {state: _TERMINAL.get(color, color) for state, (color, _) in (ORDERS | ATTEMPTS).items()}
_STYLES |= {delivery: _STYLES[order] for delivery, order in DELIVERIES.items()}
_ACTS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
NONE_FIT = "None fits what was asked for."


def out() -> Console:
    """Return the console for results."""
    return safe(Console(highlight=False))


def err() -> Console:
    """Return the console for progress and remarks."""
    return safe(Console(stderr=True, highlight=False, soft_wrap=True))


def safe(console: Console) -> Console:
    """Have a console write out what would act on the terminal: much of what is printed was written by others."""
    console.push_render_hook(_WriteOut())
    return console


class _WriteOut(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_WrittenOut(renderable) for renderable in renderables]


class _WrittenOut:
    def __init__(self, inner: ConsoleRenderable) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for part in console.render(self._inner, options):
            yield part if part.control else Segment(visible(part.text, lines=True), part.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._inner)


def print_json(value: Any) -> None:
    """Print one JSON document. What would act on a terminal stands in it as JSON writes it by its number."""
    text = msgspec.json.format(_encode(value), indent=2).decode()
    print(_ACTS.sub(lambda found: f"\\u{ord(found[0]):04x}", text))  # noqa: T201  # this is the command's result


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


def print_told(head: Sequence[Any], text: str) -> None:
    """Print what something is about in one line, and below it, indented, what is said of it, as wide as the terminal.

    Args:
        head: What is empty is left out.
    """
    console = _as_wide_as_its_reader()
    console.print(Text("  ").join(cell(one) for one in head if one))
    if text:
        console.print(Padding(cell(text), (0, 0, 0, 2), expand=False))


def print_list(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, empty: str, csv: bool = False) -> None:
    """Print rows one a line, as wide as the terminal: what does not fit is cut, and marked by …; `id` goes first.

    Where no terminal reads it, nothing is cut.

    Args:
        columns: Key of the row → heading, what tells a row first. Those in which no row says anything are left out.
        empty: What to say if there are no rows.
        csv: Print everything as CSV instead, under the keys, with no formula for a spreadsheet.
    """
    if csv:
        print(csv_line(columns), end="")  # noqa: T201  # this is the command's result
        for row in rows:
            print(csv_line(_cell_of_csv(row.get(key)) for key in columns), end="")  # noqa: T201  # as above
        return
    if not rows:
        err().print(empty)
        return
    console = _as_wide_as_its_reader()
    cells = {key: [cell(row.get(key)) for row in rows] for key in columns if _says_something(rows, key)}
    wide = {key: max(len(columns[key]), *(text.cell_len for text in of_key)) for key, of_key in cells.items()}
    if "id" in cells and sum(wide.values()) + len(wide) * _GAP > console.width:
        del cells["id"]
    table = Table(header_style="bold", box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    for number, key in enumerate(cells):
        least = min(wide[key], _TELLS) if number < 2 else None
        table.add_column(columns[key], no_wrap=True, overflow="ellipsis", min_width=least)
    for line in zip(*cells.values(), strict=True):
        table.add_row(*line)
    console.print(table)


def _as_wide_as_its_reader() -> Console:
    console = out()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _UNCUT
    return console


_UNCUT = 100_000
_GAP = 1
_TELLS = 18
"""Characters that the first two columns have at least: they tell which row it is, and how it is."""


def _says_something(rows: Sequence[Mapping[str, Any]], key: str) -> bool:
    return any(row.get(key) or row.get(key) == 0 for row in rows)


def _cell_of_csv(value: Any) -> str | None:
    match value:
        case None:
            return None
        case datetime():
            return value.isoformat()
        case _:
            return cell(value).plain


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
            return Text(visible(str(message)))
        case dict() | list():
            return Text(visible(_encode(value).decode()))
        case _:
            return Text(visible(str(value), lines=True), _STYLES.get(str(value), ""))


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
