"""REST_JSON: any HTTP API that takes an order per request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel

from orderflow.connectors.base import BaseConnector
from orderflow.connectors.rest.answers import found_number, order_number
from orderflow.connectors.rest.auth import send_signed, sent_secrets
from orderflow.connectors.rest.config import RestJsonConfig
from orderflow.connectors.rest.confirmation import acks_of
from orderflow.connectors.rest.request import body_of, create_request, find_request, idempotency_key
from orderflow.connectors.rest.session import Answer, Session, Sessions
from orderflow.connectors.rest.trial import try_out
from orderflow.domain.delivery import Ack, Document, ExportResult, TestResult, Waiting, WaitingExport
from orderflow.domain.errors import (
    ConnectorError,
    InDoubtError,
    LeaseEndingError,
    NeedsAttentionError,
    TransientError,
    UnavailableError,
)
from orderflow.domain.orders import DraftOrder
from orderflow.domain.ports import Preview


class RestJsonConnector(BaseConnector):
    """Sends each order to an HTTP API as a configuration describes it."""

    connector_type: ClassVar[str] = "REST_JSON"
    display_name: ClassVar[str] = "REST API (HTTP, JSON)"
    config_model: ClassVar[type[BaseModel]] = RestJsonConfig
    capabilities: ClassVar[frozenset[str]] = frozenset({"find", "acks"})

    def __init__(self) -> None:
        self._sessions = Sessions()

    def render(self, draft_order: DraftOrder, config: dict[str, Any]) -> Document:
        """Return the request's body. Raises RejectedError, ConfigError."""
        with self._session(config) as session:
            return body_of(draft_order, session.config)

    def preview(self, draft_order: DraftOrder, config: dict[str, Any]) -> Preview:
        """Return the request without the credentials that go with it."""
        document = self.document(draft_order, config)
        with self._session(config) as session:
            request = create_request(draft_order, session.config, document.content)
        return Preview(document, f"{request.method} {request.url}", request.headers)

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Create the order in the API. Raises ConnectorError as DESIGN §7.6 sorts them."""
        document = self.document(draft_order, config)
        with self._session(config) as session:
            if not draft_order.delivery.may_start():
                raise LeaseEndingError("Too little of the lease is left to begin with this order.")
            request = create_request(draft_order, session.config, document.content)
            answer = send_signed(session, request, idempotency_key(draft_order.delivery))
            if answer.status in session.config.duplicate_statuses:
                return self._known_already(draft_order, config, answer)
            return _result(draft_order, order_number(answer, session.config), status=answer.status)

    def export_many(
        self, draft_orders: Sequence[DraftOrder], config: dict[str, Any]
    ) -> Iterator[tuple[UUID, ExportResult | ConnectorError]]:
        """Create orders, `max_in_flight` at a time; once the target is found down, the rest are not tried."""
        try:
            with self._session(config) as session:
                at_once = session.config.max_in_flight
        except ConnectorError as error:
            yield from ((order.id, error) for order in draft_orders)
            return
        lane = _Lane(self, config)
        with ThreadPoolExecutor(at_once, "rest-json") as pool:
            futures = {pool.submit(lane.outcome, order): order.id for order in draft_orders}
            try:
                yield from ((futures[done], done.result()) for done in as_completed(futures))
            finally:
                _cancel(futures)

    def can_find(self, config: dict[str, Any]) -> bool:
        """Return whether there is an address to ask at."""
        return bool(config.get("find_url"))

    def commits_within(self, config: dict[str, Any]) -> float:
        """Return 60 seconds: longer than servers and the proxies before them take over one request."""
        return 60.0

    def idempotent(self, config: dict[str, Any]) -> bool:
        """Return whether the API honours the idempotency key."""
        return bool(config.get("idempotent"))

    def find(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult | None:
        """Ask the API.

        Raises:
            InDoubtError: The configuration gives no way to know.
            ConnectorError: The question got no clear answer; it is asked again later.
        """
        with self._session(config) as session:
            if session.config.find_url is None:
                return super().find(draft_order, config)
            try:
                answer = send_signed(session, find_request(draft_order, session.config), _question(draft_order))
                number = found_number(answer, session.config)
            except InDoubtError as error:  # nothing was sent that could double an order: just ask again
                raise TransientError(f"Is the order there? {error.message}", code="FIND_FAILED") from None
            return _result(draft_order, number, status=answer.status) if number else None

    def expects_acks(self, config: dict[str, Any]) -> bool:
        """Tell whether the API is asked for its confirmation."""
        return bool(config.get("status_url"))

    def poll_acks(self, config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
        """Ask for the status of every order that waits. Raises UnavailableError, NeedsAttentionError."""
        with self._session(config) as session:
            for ack in acks_of(session, waiting):
                ack.message = _hidden(ack.message, session) if ack.message else ack.message
                yield ack

    def test_connection(self, config: dict[str, Any]) -> TestResult:
        """Reach the API, be let in, and see whether orders may be created; `details` say what was proven."""
        details: dict[str, Any] = {}
        with self.measure_latency("test") as timer:
            try:
                with self._session(config) as session:
                    details = try_out(session)
                error = None
            except ConnectorError as problem:
                error = problem
        if error is None:
            return self.build_test_result(True, None, timer.latency_ms, details)
        result = self.failed_test(error, timer.latency_ms)
        result.details["needs_attention"] = isinstance(error, NeedsAttentionError)
        return result

    def close(self) -> None:
        """Close all connections that are not in use."""
        self._sessions.close()

    def _known_already(self, order: DraftOrder, config: dict[str, Any], answer: Answer) -> ExportResult:
        """The API has the order: by an earlier attempt of this delivery."""
        found = self.find(order, config) if config.get("find_url") else None
        if found is None:
            found = _result(order, None, status=answer.status)
        found.inferred = True
        return found

    @contextmanager
    def _session(self, config: dict[str, Any]) -> Iterator[Session]:
        with self._sessions.use(config) as session:
            try:
                yield session
            except ConnectorError as error:
                error.message = _hidden(error.message, session)
                error.args = (error.message,)
                raise


class _Lane:
    """Delivers orders of one batch until one of them shows that none will get through."""

    def __init__(self, connector: RestJsonConnector, config: dict[str, Any]) -> None:
        self._connector, self._config = connector, config
        self._shut: ConnectorError | None = None

    def outcome(self, order: DraftOrder) -> ExportResult | ConnectorError:
        if self._shut is not None:
            return self._shut
        try:
            return self._connector.export(order, self._config)
        except (UnavailableError, NeedsAttentionError) as error:
            self._shut = error
            return error
        except ConnectorError as error:
            return error


def _cancel(futures: Iterable[Future[Any]]) -> None:
    for future in futures:
        future.cancel()


def _result(order: DraftOrder, number: str | None, *, status: int) -> ExportResult:
    metadata: dict[str, Any] = {"status": status, "idempotency_key": idempotency_key(order.delivery)}
    if number:
        metadata["erp_order_id"] = number
    return ExportResult(success=True, export_id=order.delivery.export_id, connector_metadata=metadata)


def _question(order: DraftOrder) -> str:
    return f"find-{order.delivery.export_id}"


def _hidden(text: str, session: Session) -> str:
    """A target may repeat what we sent it, also the password."""
    for secret in sent_secrets(session):
        text = text.replace(secret, "********")
    return text
