"""How the suite calls a connector, and what it makes of the outcome."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from orderflow.domain.connector_port import ERPConnectorPort
from orderflow.domain.delivery import ExportResult, Lease, Waiting, WaitingExport
from orderflow.domain.errors import ConnectorError
from orderflow.domain.ids import new_id
from orderflow.domain.orders import DraftOrder
from orderflow.domain.redaction import HIDDEN
from orderflow.domain.states import Kind
from orderflow.testing.engine import MemoryEngine, an_order
from orderflow.testing.evidence import check_error, secrets_of
from orderflow.testing.http_server import Fault, MisbehavingHTTPServer

CHANGING = ("POST", "PUT", "PATCH", "DELETE")


def ask_for(engine: MemoryEngine, order: DraftOrder, kind: Kind) -> None:
    """Ask for a change of an order that was delivered, one more of its first line, or for its recall."""
    if kind is Kind.RECALL:
        engine.recall(order)
        return
    first, *others = order.lines
    engine.change(order, lines=[replace(first, qty=(first.qty or Decimal(0)) + 1), *others])


class Together(Lease):
    """A lease whose holders begin all at the same moment, each with its document at hand."""

    def __init__(self, barrier: threading.Barrier) -> None:
        super().__init__(new_id(), 600.0)
        self._barrier = barrier

    def may_start(self) -> bool:
        """Wait for the others, once; then yes."""
        with contextlib.suppress(threading.BrokenBarrierError):  # one that never asks has the others wait in vain
            self._barrier.wait(2.0)
        return True


def push(
    connector: ERPConnectorPort, config: dict[str, Any], server: MisbehavingHTTPServer, faults: dict[str, list[Fault]]
) -> tuple[DraftOrder, MemoryEngine]:
    """Return an order that waits for its delivery, in an engine, over a server that will misbehave so."""
    order, engine = an_order(), MemoryEngine(connector, config)
    for kind, some in faults.items():
        server.misbehave(*some, method=kind)
    engine.push(order)
    return order, engine


def with_document(connector: ERPConnectorPort, order: DraftOrder, config: dict[str, Any]) -> DraftOrder:
    """Return an order with its document at hand, as in a delivery."""
    order.delivery.document = connector.render(order, config)
    return order


def settle(engine: MemoryEngine) -> None:
    """Deliver all that can be delivered."""
    for _ in range(3):
        engine.run()
        engine.test()  # as a probe does where the server was away


def outcome_of(connector: ERPConnectorPort, order: DraftOrder, config: dict[str, Any]) -> ExportResult | ConnectorError:
    """Return what became of an order. Raises AssertionError: the connector raised instead of telling."""
    try:
        return dict(connector.export_many([order], config))[order.id]
    except Exception as error:
        raise AssertionError(f"export_many raised {type(error).__name__}; it has to yield an outcome") from error


def soon_of(
    connector: ERPConnectorPort, order: DraftOrder, config: dict[str, Any], seconds: float
) -> ExportResult | ConnectorError:
    """Return what became of an order. Raises AssertionError: it did not end in time, or the connector raised."""
    outcome = within(seconds, lambda order, config: outcome_of(connector, order, config), order, config)
    assert outcome is not STILL_AT_IT, f"the call did not end within {seconds:.0f} s"
    if isinstance(outcome, AssertionError):
        raise outcome
    made: ExportResult | ConnectorError = outcome
    return made


def error_of(connector: ERPConnectorPort, config: dict[str, Any], seconds: float = 60.0) -> ConnectorError:
    """Return the error of an order that cannot be delivered. Raises AssertionError: there is none in that time."""
    outcome = soon_of(connector, an_order(), config, seconds)
    assert isinstance(outcome, ConnectorError), "what went wrong passes for a delivery"
    check_error(outcome)
    return outcome


def quietly(call: Callable[..., Any], order: DraftOrder, config: dict[str, Any]) -> None:
    """Call, whatever comes of it."""
    with contextlib.suppress(Exception):  # whatever it says: what counts is where it went, and that it ended
        call(order, config)


STILL_AT_IT = object()


def within(seconds: float, call: Callable[..., Any], order: DraftOrder | None, config: dict[str, Any]) -> Any:
    """Return what a call returned or raised, or that it did not end."""
    outcomes: list[Any] = []
    thread = threading.Thread(target=lambda: outcomes.append(answer_of(call, order, config)), daemon=True)
    thread.start()
    thread.join(seconds)
    return outcomes[0] if outcomes else STILL_AT_IT


def answer_of(call: Callable[..., Any], order: DraftOrder | None, config: dict[str, Any]) -> Any:
    """Return what a call returned or raised."""
    try:
        return call(order, config)
    except Exception as error:  # noqa: BLE001  # an author's code; the caller looks at it
        return error


def asked(server: MisbehavingHTTPServer, kind: str) -> int:
    """Return how many requests of a kind came."""
    return sum(server.kind_of(request) == kind for request in server.received)


def shows_no_secret(
    connector: ERPConnectorPort, server: MisbehavingHTTPServer, config: dict[str, Any], text: str
) -> None:
    """Fail if a text shows a secret or a token."""
    assert HIDDEN not in text, "the connector shows a secret; OrderFlow has hidden it"
    for name, secret in secrets_of(connector, config):
        assert secret not in text, f"the secret {name} is shown"
    assert not any(token in text for token in server.tokens), "an access token is shown"


def secrets_in(connector: ERPConnectorPort, server: MisbehavingHTTPServer, config: dict[str, Any]) -> list[str]:
    """Return the secrets of a configuration, and the tokens that were got with them."""
    return [*(secret for _, secret in secrets_of(connector, config)), *server.tokens]


def forget_tokens(connector: ERPConnectorPort, server: MisbehavingHTTPServer) -> None:
    """Have the connector fetch a token for its next request: its sessions are closed, and those it may hold end."""
    server.end_tokens()
    close = getattr(connector, "close", None)
    if close is not None:
        close()


def number_of(result: ExportResult) -> str | None:
    """Return the order's number in the ERP."""
    found = result.erp_order_id or result.connector_metadata.get("erp_order_id")
    return str(found) if found else None


def waiting_since(sent_at: datetime | None) -> WaitingExport:
    """Return an export that the ERP does not know, and that was sent then; None if that is not known."""
    return WaitingExport(export_id=new_id(), draft_order_id=new_id(), reference=f"{new_id()}.json", sent_at=sent_at)


def expects(connector: ERPConnectorPort, config: dict[str, Any]) -> bool:
    """Return whether a connector asks for answers by itself."""
    return connector.expects_acks(config) and type(connector).poll_acks is not ERPConnectorPort.poll_acks


def acks_of(connector: ERPConnectorPort, config: dict[str, Any], waiting: list[WaitingExport]) -> list[Any]:
    """Return the answers to what waits; none where nobody could be asked."""
    try:
        return list(connector.poll_acks(config, Waiting.of(waiting)))
    except ConnectorError:
        return []  # it could not ask
