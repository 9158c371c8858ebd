"""The rows of the table: one figure of ours, the peers' from the same run, and the target."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results.json"

UNKNOWN_SPREAD = 0.25
"""A share; of a figure whose runs were not kept, such as one in a hundred of many requests."""

LEAST_SPREAD = 0.05
"""A share; three runs that happen to agree do not make a machine of shared cores so steady."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        row: what is measured, in words, the same in every run.
        ours: the median of our figures, in `unit`.
        unit: of all figures of this row: "orders/s", "ms", "µs", "MB", …
        peers: figures of programs measured in the same run, interleaved with ours, by name.
        target: what is to be reached, in words.
        reached: whether it is; None where there is no target.
        note: what a reader must know to trust the figure: counts, what was left out.
        spread: how far from its median the farthest run lay, as a share of it, by peer; ours as "ours".
        code: the commit that was measured; with a `+`, changes beside it.
        full: whether it is of `make bench-full`, whose sizes are others.
    """

    row: str
    ours: float
    unit: str
    peers: dict[str, float] = field(default_factory=dict)
    target: str = ""
    reached: bool | None = None
    note: str = ""
    spread: Mapping[str, float] = field(default_factory=dict)
    code: str = ""
    full: bool = False

    @property
    def rising(self) -> bool:
        """Whether more is better."""
        return self.unit.endswith("/s")

    def ratio(self, peer: str) -> float:
        """How many times better than `peer` we are; above 1 is better, whatever the unit."""
        other = self.peers[peer]
        return self.ours / other if self.rising else other / self.ours


Key = tuple[str, bool]
"""A row's name, and whether it is of the full sizes: results are merged, and compared, by both."""

Recorded = Mapping[Key, Row]


@dataclass(frozen=True)
class Change:
    """How a row stands beside the one that was recorded.

    Args:
        row: its name.
        times: how many times better it is; below 1 is worse. Where both have peers in common it is what we are to
            them that is compared, since a slower machine is slower for all.
        noise: a share; what lies within it says nothing.
    """

    row: str
    times: float
    noise: float

    @property
    def moved(self) -> bool:
        """Whether it changed by more than its runs differ among themselves."""
        return max(self.times, 1 / self.times) > 1 + self.noise


def change(before: Row, now: Row) -> Change:
    """Hold a row against the recorded one of the same name."""
    peers = [name for name in now.peers if name in before.peers]
    if peers:
        times = median(now.ratio(name) / before.ratio(name) for name in peers)
    else:
        times = now.ours / before.ours if now.rising else before.ours / now.ours
    return Change(now.row, times, _noise(before, peers) + _noise(now, peers))


def _noise(row: Row, peers: Sequence[str]) -> float:
    spreads = {name: max(row.spread.get(name, UNKNOWN_SPREAD), LEAST_SPREAD) for name in ("ours", *peers)}
    return spreads["ours"] + (median(spreads[name] for name in peers) if peers else 0)


def compare(before: Recorded, rows: Sequence[Row]) -> list[str]:
    """Say in a line each which rows moved beyond noise, the worst first, and how many did not."""
    pairs = [(before[_key(row)], row) for row in rows if _key(row) in before]
    changes = sorted((change(*pair) for pair in pairs), key=lambda found: found.times)
    moved = [found for found in changes if found.moved]
    lines = [
        f"{found.row}: {found.times:.2f} times what was recorded; up to {1 + found.noise:.2f} is noise"
        for found in moved
    ]
    new = [f"{row.row}: not recorded before" for row in rows if _key(row) not in before]
    return [*lines, *new, f"{len(changes) - len(moved)} of {len(changes)} rows did not move beyond noise."]


def states(rows: Iterable[Row]) -> str:
    """Say how many rows were measured at which commit: a table is to be trusted as a whole if there is one."""
    counted = Counter(row.code or "a commit that was not noted" for row in rows)
    return ", ".join(f"{code} ({count} rows)" for code, count in counted.most_common())


def recorded(path: Path = RESULTS) -> dict[Key, Row]:
    """Return the recorded results."""
    return {_key(row): row for row in (Row(**known) for known in json.loads(path.read_text()))} if path.exists() else {}


def _key(row: Row) -> Key:
    return row.row, row.full


def show(rows: list[Row]) -> None:
    """Print the table."""
    table = Table(title="OrderFlow Connect and its peers, medians of interleaved runs")
    for column in ("what", "ours", "peers", "we are … times better", "target", "reached"):
        table.add_column(column)
    for row in rows:
        table.add_row(
            row.row + (f"\n[dim]{row.note}[/dim]" if row.note else ""),
            f"{row.ours:,.4g} {row.unit}",
            "\n".join(f"{name}: {figure:,.4g}" for name, figure in row.peers.items()),
            "\n".join(f"{row.ratio(name):,.3g}" for name in row.peers),
            row.target,
            {True: "[green]yes", False: "[red]no", None: ""}[row.reached],
        )
    Console(width=None if Console().is_terminal else 180).print(table)


def markdown(path: Path = RESULTS) -> str:
    """Return all that was measured as a table for docs/performance.md; of a row in both sizes the full one."""
    lines = ["| what | ours | peers | times better | target | reached |", "|---|---|---|---|---|---|"]
    known = recorded(path)
    for row in known.values():
        if not row.full and (row.row, True) in known:
            continue
        peers = "<br>".join(f"{name}: {figure:,.4g}" for name, figure in row.peers.items())
        times = "<br>".join(f"{row.ratio(name):,.3g}" for name in row.peers)
        reached = {True: "yes", False: "**no**", None: ""}[row.reached]
        lines.append(f"| {row.row} | {row.ours:,.4g} {row.unit} | {peers} | {times} | {row.target} | {reached} |")
    return "\n".join(lines)


def save(rows: list[Row], path: Path = RESULTS) -> None:
    """Write the rows as JSON; rows that this run did not measure stay as they were."""
    known = recorded(path) | {_key(row): row for row in rows}
    path.write_text(json.dumps([vars(row) for row in known.values()], indent=2, ensure_ascii=False) + "\n")
