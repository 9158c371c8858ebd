"""REST_JSON: any HTTP API that takes an order per request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from orderflow.channels.http.session import HttpSession, check_lease
from orderflow.channels.zone.arrived import read_arrived
from orderflow.connectors.one_by_one import OneByOneConnector
from orderflow.connectors.reading import JSON_ANSWERS
from orderflow.connectors.rest.after import check_done, kinds_of, was_done
from orderflow.connectors.rest.answers import found_number, order_number
from orderflow.connectors.rest.config import RestJsonConfig
from orderflow.connectors.rest.confirmation import acks_of
from orderflow.connectors.rest.opened import Opened
from orderflow.connectors.rest.request import body_of, find_request, idempotency_key, request_of
from orderflow.connectors.rest.trial import try_out
from orderflow.domain.connector_port import Preview
from orderflow.domain.delivery import Ack, Arrived, Document, ExportResult, Waiting, WaitingExport
from orderflow.domain.errors import ConnectorError, InDoubtError, PerhapsThereError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.http import Answer, read_answer


class RestJsonConnector(OneByOneConnector):
    """Sends each order to an HTTP API as a configuration describes it."""

    connector_type: ClassVar[str] = "REST_JSON"
    display_name: ClassVar[str] = "REST API (HTTP, JSON)"
    config_model: ClassVar[type[BaseModel]] = RestJsonConfig
    capabilities: ClassVar[frozenset[str]] = frozenset({"find", "acks"})

    def open_session(self, settings: RestJsonConfig) -> Opened:
        """Return connections to the API, and room for its access token."""
        return Opened(settings, HttpSession(settings.of_channel))

    def kinds(self, config: dict[str, Any]) -> frozenset[Kind]:
        """Return orders, and changes and recalls as far as the configuration says where they go."""
        with self.session(config) as opened:
            return kinds_of(opened.config)

    def render(self, draft_order: DraftOrder, config: dict[str, Any]) -> Document:
        """Return the request's body. Raises RejectedError, ConfigError."""
        with self.session(config) as opened:
            return body_of(draft_order, opened.config)

    def preview(self, draft_order: DraftOrder, config: dict[str, Any]) -> Preview:
        """Return the request without the credentials that go with it."""
        document = self.document(draft_order, config)
        with self.session(config) as opened:
            request = request_of(draft_order, opened.config, document)
        return Preview(document, f"{request.method} {request.url}", request.headers)

    def export(self, draft_order: DraftOrder, config: dict[str, Any]) -> ExportResult:
        """Create the order in the API, change it there or have it taken back.

        Raises:
            ConnectorError: As `orderflow.connectors.rest.answers` sorts them.
        """
        document = self.document(draft_order, config)
        with self.session(config) as opened:
            check_lease(draft_order.delivery.may_start())
            request = request_of(draft_order, opened.config, document)
            answer = opened.session.send(request)
            return self._understood(draft_order, config, opened, answer)

    def understand(
        self, draft_order: DraftOrder, config: dict[str, Any], status: int, headers: Mapping[str, str], body: bytes
    ) -> ExportResult:
        """Return what an answer to a create would mean for the order. Raises as `export` does; sends nothing."""
        answer = read_answer(status, headers, body)
        with self.session(config) as opened:
            if answer.status in opened.config.duplicate_statuses:
                return _result(draft_order, None, status=answer.status, inferred=True)
            number = order_number(answer, opened.config, opened.session.redactor)
        return _result(draft_order, number, status=answer.status)

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
        with self.session(config) as opened:
            if opened.config.find_url is None:
                return super().find(draft_order, config)
            if draft_order.delivery.kind is not Kind.ORDER:
                done = was_done(draft_order, opened)
                return None if done is None else _done(draft_order, inferred=True, **done)
            answer = opened.session.ask(find_request(draft_order, opened.config))
            there, number = found_number(answer, opened.config, opened.session.redactor)
        return _result(draft_order, number, status=answer.status) if there else None

    def expects_acks(self, config: dict[str, Any]) -> bool:
        """Return whether the API is asked for its confirmation."""
        return bool(config.get("status_url"))

    def poll_acks(self, config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
        """Ask for the status of every order that waits. Raises UnavailableError, NeedsAttentionError."""
        with self.session(config) as opened:
            yield from acks_of(opened, waiting)

    def takes_answers(self, config: dict[str, Any]) -> bool:
        """Return True: as JSON, in the fields of an answer file."""
        return True

    def read_arrived(
        self, arrived: Sequence[Arrived], config: dict[str, Any], waiting: Waiting | Iterable[WaitingExport]
    ) -> Iterator[Ack]:
        """Read answers that the API sent by itself."""
        return read_arrived(arrived, Waiting.of(waiting), JSON_ANSWERS)

    def answer_secret(self, config: dict[str, Any]) -> str | None:
        """Return the secret of the form."""
        with self.session(config) as opened:
            secret = opened.config.answer_secret
        return secret.get_secret_value() if secret else None

    def try_out(self, session: Opened) -> dict[str, Any]:
        """Reach the API, be let in, and see whether orders may be created. Raises ConnectorError."""
        return try_out(session)

    def _understood(self, order: DraftOrder, config: dict[str, Any], opened: Opened, answer: Answer) -> ExportResult:
        if order.delivery.kind is not Kind.ORDER:
            return _done(order, status=answer.status, erp_order_id=check_done(order, opened, answer))
        if answer.status in opened.config.duplicate_statuses:
            return self._known_already(order, config, answer)
        sent_before = order.delivery.last_begun_at is not None
        number = order_number(answer, opened.config, opened.session.redactor, sent_before=sent_before)
        return _result(order, number, status=answer.status)

    def _known_already(self, order: DraftOrder, config: dict[str, Any], answer: Answer) -> ExportResult:
        """The API says that it has the order; which one, only a question can tell.

        Raises:
            InDoubtError: It does not find it, so that it may have another order of the same number.
        """
        if not self.can_find(config):
            return _result(order, None, status=answer.status, inferred=True)
        try:
            found = self.find(order, config)
        except ConnectorError as error:
            raise InDoubtError(f"The API knows the order already, it says, but {error.message}") from None
        if found is None:
            raise PerhapsThereError(
                f"The API says that it knows the order already (status {answer.status}), but does not find it: it may "
                "have another one of the same number.",
            )
        found.inferred = True
        return found


def _done(
    order: DraftOrder, *, status: int, erp_order_id: str | None, inferred: bool = False, not_shown: bool = False
) -> ExportResult:
    result = _result(order, erp_order_id, status=status, inferred=inferred)
    result.not_shown = not_shown
    result.given_back = order.delivery.kind is Kind.RECALL
    return result


def _result(order: DraftOrder, number: str | None, *, status: int, inferred: bool = False) -> ExportResult:
    metadata: dict[str, Any] = {"status": status, "idempotency_key": idempotency_key(order.delivery)}
    if number:
        metadata["erp_order_id"] = number
    return ExportResult(True, order.delivery.export_id, connector_metadata=metadata, inferred=inferred)
