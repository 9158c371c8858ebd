"""What can be known of a configuration's templates when it is saved: each is tried on a sample order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import msgspec

from orderflow.domain.errors import RejectedError
from orderflow.formats.order_fields import order_fields, sample_order
from orderflow.formats.template.filters import as_json, in_form, in_header, in_url, in_xml
from orderflow.formats.template.templates import Template

ORDER_FIELDS = order_fields(sample_order())
BODY_WRITERS: dict[str, Callable[[Any], str]] = {"json": as_json, "xml": in_xml, "form": in_form}
STATUS_FIELDS = {"erp_order_id": "SO-1", "reference": "sales_order_1.json", "export_id": "4", "draft_order_id": "1"}
_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*(.*)")
_OURS = {
    "authorization",
    "connection",
    "content-length",
    "host",
    "idempotency-key",
    "transfer-encoding",
}

template = lru_cache(maxsize=1_024)(Template)
"""`Template`, compiled once per text."""


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of a URL, or of a template whose host is fixed.

    Raises:
        ValueError: It is no http(s) URL, names a user, or leaves the host to a template.
    """
    fixed = url.strip().split("{", 1)[0]
    parts = urlsplit(fixed)
    if parts.scheme not in ("http", "https") or not parts.hostname or any(ord(char) <= 32 for char in fixed):
        raise ValueError("must begin with https:// and a host")
    if "{" in url and not parts.path.startswith("/"):
        raise ValueError("must name its host itself, and a / after it, before any template")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user or a password; use the sign-in")
    return parts.scheme, parts.hostname.lower(), parts.port or (443 if parts.scheme == "https" else 80)


def header_lines(text: str) -> list[tuple[str, str]]:
    """Return the names and templates of a configuration's headers.

    Raises:
        ValueError: A line is no header, or one that OrderFlow sets itself.
    """
    headers = []
    for line in filter(None, map(str.strip, text.splitlines())):
        found = _HEADER.fullmatch(line)
        if found is None:
            raise ValueError("every line must be as 'Name: value'")
        if found[1].lower() in _OURS:
            raise ValueError(f"{found[1]} is set by OrderFlow itself")
        headers.append((found[1], found[2]))
    return headers


def check_url(text: str, fields: Mapping[str, Any]) -> str:
    """Return a URL, or a template of one, that makes sense with `fields`.

    Raises:
        ValueError: It cannot be compiled or filled, or leaves its host open.
    """
    url = text.strip()
    origin_of(url)
    _fill(url, in_url, fields)
    return url


def check_headers(text: str) -> str:
    """Return the headers' templates as they are. Raises ValueError: one is none, or cannot be filled."""
    for name, value in header_lines(text):
        try:
            _fill(value, in_header, ORDER_FIELDS)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return text


def check_body(text: str, body_format: str) -> str:
    """Return the body's template as it is. Raises ValueError: it makes no body, or no JSON, of a sample order."""
    made = _fill(text, BODY_WRITERS[body_format], ORDER_FIELDS)
    if body_format == "json":
        _check_json(made)
    return text


def _fill(source: str, write: Callable[[Any], str], fields: Mapping[str, Any]) -> str:
    try:
        return template(source, write).render(fields)
    except RejectedError as error:
        raise ValueError(error.message.rstrip(".").replace("this order", "a sample order")) from None


def _check_json(text: str) -> None:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise ValueError(
            f"does not make JSON of a sample order: {error}. A field brings its own quotes: leave yours out"
        ) from None
