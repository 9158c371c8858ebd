"""States have one word, one colour and one meaning each, wherever people see them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orderflow.domain.states import AttemptStatus, ERPExportStatus, OrderStatus
from orderflow.domain.vocabulary import ATTEMPTS, DELIVERIES, ORDERS
from orderflow.entrypoints.cli.output import cell

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "frontend/src/shared/states.tsx").read_text("utf-8")
DOCS = (ROOT / "docs/states.md").read_text("utf-8")


def _on_the_page(table: str) -> dict[str, tuple[str, str]]:
    """Return colour and meaning of each state; the meaning is a text of the catalogue, or was before there was one."""
    (found,) = re.findall(rf"const {table}: .*?= {{\n(.*?)\n}};", PAGE, re.DOTALL)
    rows = re.findall(r"(\w+): \[\"(\w+)\", (?:t`|\")([^`\"]+)[`\"]", found)
    return {state: (color, meaning) for state, color, meaning in rows}


def test_every_state_has_its_row() -> None:
    assert list(ORDERS) == list(OrderStatus)
    assert set(DELIVERIES) == set(ERPExportStatus)
    assert set(ATTEMPTS) == set(AttemptStatus)


def test_the_page_shows_them_so() -> None:
    assert _on_the_page("ORDER") == {state.value: tuple(shown) for state, shown in ORDERS.items()}
    assert _on_the_page("ATTEMPT") == {state.value: tuple(shown) for state, shown in ATTEMPTS.items()}
    for delivery, order in DELIVERIES.items():
        assert f'{delivery}: "{order}"' in PAGE


def test_the_docs_list_them_so() -> None:
    rows = [tuple(cell.strip() for cell in row.split("|")) for row in re.findall(r"^\| `(.+) \|$", DOCS, re.MULTILINE)]
    deliveries = {order: delivery for delivery, order in DELIVERIES.items()}
    wanted = [
        (f"{state}`", shown.color, f"`{deliveries[state]}`" if state in deliveries else "", shown.meaning)
        for state, shown in ORDERS.items()
    ]
    assert rows[: len(wanted)] == wanted
    assert rows[len(wanted) :] == [(f"{state}`", shown.color, shown.meaning) for state, shown in ATTEMPTS.items()]


@pytest.mark.parametrize(("state", "style"), [("CONFIRMED", "green"), ("ACKED", "green"), ("APPROVED", "blue")])
def test_the_command_line_colours_them_so(state: str, style: str) -> None:
    assert cell(state).style == style
