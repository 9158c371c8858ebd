"""The rows of the table: one figure of ours, the peers' from the same run, and the target."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Args:
        row: what is measured, in words, the same in every run: results are merged by it.
        ours: the median of our figures, in `unit`.
        unit: of all figures of this row: "orders/s", "ms", "µs", "MB", …
        peers: figures of programs measured in the same run, interleaved with ours, by name.
        target: what is to be reached, in words.
        reached: whether it is; None where there is no target.
        note: what a reader must know to trust the figure: counts, spread, what was left out.
    """

    row: str
    ours: float
    unit: str
    peers: dict[str, float] = field(default_factory=dict)
    target: str = ""
    reached: bool | None = None
    note: str = ""

    @property
    def rising(self) -> bool:
        """Whether more is better."""
        return self.unit.endswith("/s")

    def ratio(self, peer: str) -> float:
        """How many times better than `peer` we are; above 1 is better, whatever the unit."""
        other = self.peers[peer]
        return self.ours / other if self.rising else other / self.ours


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
    """Return all that was measured as a table for docs/performance.md."""
    lines = ["| what | ours | peers | times better | target | reached |", "|---|---|---|---|---|---|"]
    for row in (Row(**known) for known in json.loads(path.read_text())):
        peers = "<br>".join(f"{name}: {figure:,.4g}" for name, figure in row.peers.items())
        times = "<br>".join(f"{row.ratio(name):,.3g}" for name in row.peers)
        reached = {True: "yes", False: "**no**", None: ""}[row.reached]
        lines.append(f"| {row.row} | {row.ours:,.4g} {row.unit} | {peers} | {times} | {row.target} | {reached} |")
    return "\n".join(lines)


def save(rows: list[Row], path: Path = RESULTS) -> None:
    """Write the rows as JSON; rows that this run did not measure stay as they were."""
    known = {row["row"]: row for row in json.loads(path.read_text())} if path.exists() else {}
    known |= {row.row: vars(row) for row in rows}
    path.write_text(json.dumps(list(known.values()), indent=2, ensure_ascii=False) + "\n")
