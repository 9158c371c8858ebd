"""What an answer of an HTTP API would mean for an order, before it ever comes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import ExportResult
from orderflow.domain.errors import (
    BusyError,
    ConnectorError,
    InDoubtError,
    InputError,
    NeedsAttentionError,
    RejectedError,
    UnavailableError,
)
from orderflow.domain.orders import DraftOrder
from orderflow.flow.delivery.connector_fault import connector_fault
from orderflow.flow.ports import Wiring
from orderflow.flow.setup.try_config import completed

_STATUS = re.compile(rb"\A(?:HTTP/[\d.]+[ \t]+)?(\d{3})(?:[ \t][^\r\n]*)?(?:\r?\n|\Z)")
_END_OF_HEAD = re.compile(rb"(?:\A|\n)\r?\n")
_VERDICTS = (
    (RejectedError, "REFUSED"),
    (InDoubtError, "IN_DOUBT"),
    (BusyError, "BUSY"),
    (NeedsAttentionError, "NEEDS_ATTENTION"),
    (UnavailableError, "UNAVAILABLE"),
)


@dataclass(frozen=True, slots=True)
class Pasted:
    """An answer as somebody saved or pasted it."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer would mean.

    Attributes:
        verdict: DELIVERED, REFUSED, IN_DOUBT, BUSY, NEEDS_ATTENTION, UNAVAILABLE or RETRIED.
        erp_order_id: The number found in it.
        code, message, hint: What would be shown of it, unless it would be delivered.
    """

    verdict: str
    erp_order_id: str | None = None
    code: str | None = None
    message: str | None = None
    hint: str | None = None


def pasted(text: bytes) -> Pasted:
    """Return an answer as `curl -i` prints it: a line with the status, headers, an empty line, the body.

    Without a line with a status, all of it is the body of a 200.

    Raises:
        InputError: Its headers are none.
    """
    found = _STATUS.match(text)
    if found is None:
        return Pasted(200, {}, text)
    rest = text[found.end() :]
    end = _END_OF_HEAD.search(rest)
    head, body = (rest[: end.start()], rest[end.end() :]) if end else (rest, b"")
    if found[1].startswith(b"1") and body:  # "100 Continue", as curl shows it before the answer
        return pasted(body)
    return Pasted(int(found[1]), dict(map(_header, filter(None, head.decode("latin-1").splitlines()))), body)


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise InputError(
            f"{line[:50]!r} is no header of an answer.", hint="Between headers and body there is an empty line."
        )
    return name.strip(), value.strip()


def understand(
    connector: ERPConnectorPort, connector_type: str, order: DraftOrder, config: dict[str, Any], answer: Pasted
) -> ExportResult:
    """Return what an answer would mean for an order.

    Raises:
        ConnectorError: What would follow if it is no delivery.
        InputError: The connector reads no HTTP answers.
    """
    try:
        return connector.understand(order, config, answer.status, answer.headers, answer.body)
    except (ConnectorError, InputError):
        raise
    except Exception as error:  # noqa: BLE001  # a third party's connector may raise anything
        raise connector_fault(connector_type, error) from None


def meaning(
    wiring: Wiring,
    org_id: UUID,
    connector_type: str,
    config: dict[str, Any],
    order: DraftOrder,
    answer: Pasted,
    connection_id: UUID | None = None,
) -> Meaning:
    """Return what an answer would mean, read by a configuration that need not be saved. Raises as `preview_config`."""
    connector, config, _ = completed(wiring, org_id, connector_type, config, connection_id)
    try:
        result = understand(connector, connector_type, order, config, answer)
    except ConnectorError as error:
        verdict = next((verdict for kind, verdict in _VERDICTS if isinstance(error, kind)), "RETRIED")
        return Meaning(verdict, None, error.code, error.message, error.hint)
    return Meaning("DELIVERED", result.erp_order_id)
