"""Every error code that the source can raise is explained on the page that people look it up on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/troubleshooting.md").read_text("utf-8")
CODE = re.compile(r"[A-Z]{4,}|[A-Z]+(_[A-Z]+)+")
NOT_FOR_PEOPLE = {"entrypoints/demo/erp.py", "testing"}
"""The demo's ERP speaks as an ERP would; the servers for connector authors fail in their tests only."""


def codes_in(tree: ast.Module) -> Iterator[str]:
    """Yield what is given as `code`: to a call, by a class, in a dictionary, or to a function that takes it first."""
    builders = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.args.args and node.args.args[0].arg == "code"
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=func, args=args, keywords=keywords):
                values = [keyword.value for keyword in keywords if keyword.arg == "code"]
                values += args[:1] if isinstance(func, ast.Name) and func.id in builders else []
            case ast.Assign(targets=[ast.Name(id="code")], value=value):
                values = [value]
            case ast.AnnAssign(target=ast.Name(id="code"), value=ast.expr() as value):
                values = [value]
            case ast.Dict(keys=keys, values=all_values):
                pairs = zip(keys, all_values, strict=True)
                values = [
                    value for key, value in pairs if isinstance(key, ast.Constant) and key.value in ("code", "reason")
                ]
            case _:
                continue
        yield from (text for value in values for text in _texts(value))


def _texts(value: ast.expr) -> Iterator[str]:
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield node.value


def test_every_error_code_is_explained() -> None:
    source = ROOT / "src/orderflow"
    missing = {}
    for path in source.rglob("*.py"):
        name = path.relative_to(source).as_posix()
        if name not in NOT_FOR_PEOPLE and name.split("/")[0] not in NOT_FOR_PEOPLE:
            for code in codes_in(ast.parse(path.read_text("utf-8"))):
                if f"`{code}`" not in PAGE:
                    missing[code] = name
    assert missing == {}
