"""What our code says to people, collected from its source: every text that reads like a sentence or a part of one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

_FORMATTED = re.compile(r"\{(?:|status|target\.\w+(?::g)?|words|name|what|answer|[0-9]|found|place)\}")
"""Places of texts that `str.format` fills; other braces are shown to people as they are."""

_LIKE_A_SENTENCE = re.compile(
    r"\b(?:a|an|and|are|as|at|be|been|before|but|by|can|cannot|does|for|from|gave|has|have|holds|in|is|it|its|may|must|"
    r"needs|no|none|not|of|off|on|only|or|other|our|that|the|they|this|to|too|us|was|we|which|with|without|you)\b",
    re.IGNORECASE,
)
_NOT_SAID = {"Field", "Literal", "compile", "debug", "error", "exception", "getLogger", "info", "text", "warning"}
"""Calls whose texts are of forms, of logs, or SQL."""

_OF_PROGRAMMERS = {
    "AssertionError",
    "AttributeError",
    "LookupError",
    "NotImplementedError",
    "RuntimeError",
    "TypeError",
}


def templates_in(path: Path) -> set[str]:
    """Return every text of a source file or of those in a folder, likewise."""
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return {text for file in files for text in _texts(ast.parse(file.read_text("utf-8")))}


def said_in(path: Path) -> set[str]:
    """Return those of them that read like a sentence, or like a part of one."""
    return {text for text in templates_in(path) if _reads_like_one(text)}


def _reads_like_one(text: str) -> bool:
    plain = re.sub(r"\{[0-9]\}", "", text)
    if "\r" in text or " " not in text.strip() or not re.search("[A-Za-z]{2,}", plain):
        return False
    whole = text.endswith(".") and re.match(r"[A-Z{].*[a-z]{3,}", text) is not None
    return whole or _LIKE_A_SENTENCE.search(plain) is not None


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield _numbered(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield _template(node)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                yield from _texts(part.value)
    elif not (isinstance(node, ast.Call) and _name(node.func) in _NOT_SAID | _OF_PROGRAMMERS):
        for child in ast.iter_child_nodes(node):
            if not _is_docstring(child):
                yield from _texts(child)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _template(node: ast.JoinedStr) -> str:
    places = iter(range(len(node.values)))
    return "".join(str(part.value) if isinstance(part, ast.Constant) else f"{{{next(places)}}}" for part in node.values)


def _numbered(text: str) -> str:
    places = iter(range(text.count("{")))
    return _FORMATTED.sub(lambda _: f"{{{next(places)}}}", text)
