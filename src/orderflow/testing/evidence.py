"""What the conformance suite looks at: errors, documents, and the places where a secret might show."""

from __future__ import annotations

import io
import json
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import structlog

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    NeedsAttentionError,
    RejectedError,
    TransientError,
    UnavailableError,
)
from orderflow.flow.setup.mask import secret_fields

SORTS = (TransientError, UnavailableError, NeedsAttentionError, RejectedError, InDoubtError)
SHORTEST_SECRET = 4
"""Characters; a shorter one is found by chance."""


def secrets_of(connector: ERPConnectorPort, config: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the names and values of the secrets in a configuration, at any depth."""
    secret = secret_fields(connector)
    named = [(name, str(value)) for name, value in _settings(config) if name in secret and value]
    return [(name, value) for name, value in named if len(value) >= SHORTEST_SECRET]


def _settings(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for inner_name, inner in value.items():
            yield from _settings(inner, inner_name)
    elif isinstance(value, list):
        for inner in value:
            yield from _settings(inner, name)
    else:
        yield name, value


def fields_of(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name and schema of every field of a configuration's JSON Schema, at any depth."""
    for part in (schema, *schema.get("$defs", {}).values()):
        yield from part.get("properties", {}).items()


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect what is logged in the block at any level, warned of, or printed; the caller may add to the list."""
    shown: list[str] = []
    printed = io.StringIO()
    handler = _Keep(shown)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with (
            structlog.testing.capture_logs() as entries,
            warnings.catch_warnings(record=True) as warned,
            redirect_stdout(printed),
            redirect_stderr(printed),
        ):
            warnings.simplefilter("always")
            yield shown
        shown += [*map(repr, entries), *(str(one.message) for one in warned), printed.getvalue()]
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


class _Keep(logging.Handler):
    def __init__(self, shown: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._shown = shown

    def emit(self, record: logging.LogRecord) -> None:
        self._shown.append(self.format(record))


def check_error(error: ConnectorError) -> None:
    """Fail unless an error says what follows, to a program and to a person."""
    assert isinstance(error, SORTS), f"{type(error).__name__} does not say what follows"
    assert error.message.strip(), "the error has no message"
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+", error.code), "the error's code must be LIKE_THIS"
    assert error.hint.strip(), "the error has no hint"
    json.dumps(error.details)


def holds(content: bytes, text: str) -> bool:
    """Return whether a document holds a text, plain or as JSON, CSV or XML write it."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    forms = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], text.replace('"', '""')}
    forms |= {escaped, escaped.replace('"', "&quot;")}
    for encoding in ("utf-8", "cp1252", "iso8859-15"):
        try:
            written = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if any(form in written for form in forms):
            return True
    return False
