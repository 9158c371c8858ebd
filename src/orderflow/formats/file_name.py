"""File names by a pattern with fields in it: plain, visible, of one delivery, and safe on every file system."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from orderflow.domain.delivery import Delivery
from orderflow.domain.orders import DraftOrder

PARTS = {"draft_order_id": 36, "external_order_number": 60, "customer_number": 60, "timestamp": 16, "export": 32}
"""What a pattern may name, and the most characters that it becomes."""

LONGEST_NAME = 200
"""Bytes; file systems take 255, of which a temporary name and an answer's name need their share."""

_PART = re.compile(r"\{([^{}]*)\}")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}$")
_EXECUTED = re.compile(
    "bat|cgi|class|cmd|com|conf|desktop|dll|exe|hta|html?|inf|ini|jar|jsp?|lnk|php|pl|ps1|pth|pyc?|rb|reg|scr|service|sh|"
    "so|svg|timer|url|vb[es]|wsf|xhtml"
)
_TEMPORARY = re.compile("te?mp|(file)?part|partial|crdownload|swp|bak|lock|writing")
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d)(\.|$)", re.IGNORECASE)
"""Source: https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file"""


def check_pattern(pattern: str) -> str:
    """Return a pattern that makes good names only. Raises ValueError."""
    named = _PART.findall(pattern)
    unknown = [part for part in named if part not in PARTS]
    if unknown:
        raise ValueError(f"there is no part {{{unknown[0]}}}; there are {', '.join(PARTS)}")
    if "export" not in named:
        raise ValueError("must hold {export}: without it, two deliveries of one order have the same name")
    if not re.fullmatch(r"[A-Za-z0-9._-]*", _PART.sub("", pattern)) or pattern.startswith("."):
        raise ValueError("may hold letters, digits, . _ - and parts in braces, and must not begin as hidden files do")
    _check_extension(pattern)
    longest = len(_PART.sub("", pattern)) + sum(PARTS[part] for part in named)
    if longest > LONGEST_NAME:
        raise ValueError(f"makes names of up to {longest} characters; {LONGEST_NAME} is the most")
    return pattern


def _check_extension(pattern: str) -> None:
    found = _EXTENSION.search(pattern)
    if found is None:
        raise ValueError("must end in an extension of its own, as .csv")
    extension = found[0][1:].lower()
    if _TEMPORARY.fullmatch(extension):
        raise ValueError(f"must not end as temporary files do, in .{extension}")
    if _EXECUTED.fullmatch(extension):
        raise ValueError(f"must not end in .{extension}, which other programs act on; as .csv or .txt")


def made_name(pattern: str, order: DraftOrder, delivery: Delivery) -> str:
    """Return the name of this delivery's file; what an order's fields bring cannot hide or disguise it."""
    parts = _parts(order, delivery)
    name = _PART.sub(lambda part: parts[part[1]], pattern)
    if pattern.startswith("{"):
        name = name.lstrip("._-")  # receivers skip what begins so
    return f"order_{name}" if _RESERVED.match(name) else name


def _parts(order: DraftOrder, delivery: Delivery) -> Mapping[str, str]:
    values: dict[str, Any] = {
        "draft_order_id": order.id,
        "external_order_number": order.external_order_number,
        "customer_number": order.customer.erp_customer_number if order.customer else None,
        "timestamp": delivery.requested_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"),
        "export": delivery.export_id.hex,
    }
    return {part: re.sub(r"[^A-Za-z0-9._-]", "_", str(value or ""))[: PARTS[part]] for part, value in values.items()}
