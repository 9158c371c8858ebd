"""The states and their changes are listed once: what writes, asks and draws is made from the table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from orderflow.domain.states import AttemptStatus, ERPExportStatus, ExportStep, OrderAction, OrderStatus
from orderflow.storage.tables.states import among, becomes, fitting, in_doubt, may

SOURCES = Path(__file__).parents[4] / "src/orderflow"
STATES = {*OrderStatus, *ERPExportStatus, *AttemptStatus}
WRITES = ("storage/work", "storage/tables/models", "storage/system/doctor.py", "storage/system/retention.py")


def python_files() -> Iterator[tuple[str, ast.Module]]:
    for path in SOURCES.rglob("*.py"):
        if "migrations" not in path.parts and path != SOURCES / "domain/states.py":
            yield str(path.relative_to(SOURCES)), ast.parse(path.read_text("utf-8"))


def texts(module: ast.Module) -> Iterator[str]:
    return (node.value for node in ast.walk(module) if isinstance(node, ast.Constant) and isinstance(node.value, str))


def test_one_state_is_compared_as_indexes_compare_it_and_several_are_listed() -> None:
    assert may(ExportStep.WORK, "e.status") == "e.status = 'PENDING'"
    assert may(ExportStep.ANSWER) == "status IN ('PENDING', 'SENT', 'FAILED')"
    assert becomes(OrderAction.PUSH) == "'PUSHING'"
    assert among(["a"]) == "status = 'a'"
    assert "WHEN 'SENT' THEN 'PUSHED'" in fitting("e.status")
    assert in_doubt("e").startswith("e.status IN ('PENDING', 'FAILED')")


def test_no_statement_lists_states() -> None:
    listed = re.compile(rf"'({'|'.join(STATES)})',\s*'({'|'.join(STATES)})'")
    found = [(name, text) for name, module in python_files() for text in texts(module) if listed.search(text)]
    assert not found


def test_no_statement_that_writes_names_a_state() -> None:
    named = re.compile(rf"'({'|'.join(STATES)})'")
    writing = [module for name, module in python_files() if name.startswith(WRITES)]
    assert len(writing) > 10
    assert not [text for module in writing for text in texts(module) if named.search(text)]


def test_no_step_lists_states_of_an_order_or_an_export() -> None:
    found = [
        f"{name}:{node.lineno}"
        for name, module in python_files()
        for node in ast.walk(module)
        if isinstance(node, ast.Tuple | ast.Set | ast.List) and len(node.elts) > 1 and all(map(_is_state, node.elts))
    ]
    assert not found


def _is_state(node: ast.expr) -> bool:
    of = node.value.id if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else None
    return of in ("OrderStatus", "ERPExportStatus", "AttemptStatus")
