"""What the demo shows: a live bar per state on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from orderflow.entrypoints.cli.output import plural, safe
from orderflow.entrypoints.demo.accounts import Account

_STAGES = {
    "pushing": ("PUSHING",),
    "with the ERP": ("PUSHED",),
    "confirmed": ("CONFIRMED",),
    "refused": ("ERROR",),
}
BETWEEN_LINES = 1.0
"""Seconds between two plain lines at least."""


class Screen:
    """Tells a person what happens, on `console`."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = safe(console or Console(highlight=False))
        self._started = time.monotonic()

    def say(self, sentence: str) -> None:
        """Print one step, and when it was."""
        moment = f"{time.monotonic() - self._started:6.1f} s  "
        self.console.print(Text.assemble((moment, "dim"), sentence), soft_wrap=True)

    @contextmanager
    def live(self, total: int) -> Iterator[Callable[[Mapping[str, int]], None]]:
        """Give a function that shows how many of `total` orders are in which state."""
        if not self.console.is_terminal:
            yield self._lines()
            return
        bars = Progress(TextColumn("{task.description:>13}"), BarColumn(40), MofNCompleteColumn())
        tasks = {stage: bars.add_task(stage, total=total) for stage in _STAGES}

        def show(counts: Mapping[str, int]) -> None:
            for stage, count in _by_stage(counts).items():
                bars.update(tasks[stage], completed=count)

        with Live(bars, console=self.console, refresh_per_second=10):
            yield show

    def sum_up(self, account: Account) -> None:
        """Print the end: the counts, the odd ones, and what is missing."""
        came = f"{plural(account.orders, 'order')}, {plural(account.takes, 'take')} by the ERP"
        self.say(f"{came}, the last one answered after {account.seconds:.1f} s")
        if account.receipts:
            self.say(f"{plural(account.receipts, 'signed receipt')} kept as proof")
        table = Table("state", "orders", box=None, pad_edge=False, header_style="bold")
        for outcome, count in sorted(account.counts.items()):
            table.add_row(outcome, str(count))
        self.console.print(table)
        for number, outcome, reason in account.odd:
            self.console.print(Text(f"  {number}  {outcome}  {reason}"), soft_wrap=True)
        if not account.missing:
            self.console.print("Every order is accounted for, and none came twice.", style="green")
            return
        self.console.print(f"Not accounted for ({len(account.missing)}):", style="bold red")
        for complaint in account.missing[:50]:
            self.console.print(Text(f"  {complaint}"), soft_wrap=True)

    def _lines(self) -> Callable[[Mapping[str, int]], None]:
        shown: dict[str, int] = {}
        at = 0.0

        def show(counts: Mapping[str, int]) -> None:
            nonlocal shown, at
            now = _by_stage(counts)
            if now != shown and time.monotonic() - at >= BETWEEN_LINES:
                shown, at = now, time.monotonic()
                self.say(", ".join(f"{count} {stage}" for stage, count in now.items()))

        return show


def _by_stage(counts: Mapping[str, int]) -> dict[str, int]:
    return {stage: sum(counts.get(status, 0) for status in statuses) for stage, statuses in _STAGES.items()}
