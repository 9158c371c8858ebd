"""Polling: each order that waits is asked about by its URL until the API confirms or refuses it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from orderflow.connectors.rest.answers import as_text, error_of, pick, read, readable, words
from orderflow.connectors.rest.auth import send_signed
from orderflow.connectors.rest.config import RestJsonConfig
from orderflow.connectors.rest.request import status_request
from orderflow.connectors.rest.session import Answer, Session
from orderflow.domain.delivery import Ack, Waiting, WaitingExport
from orderflow.domain.errors import InDoubtError, RejectedError, UnavailableError

AT_ONCE = 200
"""Orders asked about before the answers are handed on."""


def acks_of(session: Session, waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
    """Yield the answers there are; an order that is not decided yet, or not known yet, waits for the next round.

    Raises:
        UnavailableError: The API does not answer.
        NeedsAttentionError: It does not let us in.
    """
    exports = iter(Waiting.of(waiting))
    with ThreadPoolExecutor(session.config.max_in_flight, "rest-json-status") as pool:
        while some := list(islice(exports, AT_ONCE)):
            for ack in pool.map(lambda export: _ask(session, export), some):
                if ack is not None:
                    yield ack


def _ask(session: Session, export: WaitingExport) -> Ack | None:
    try:
        request = status_request(export, session.config)
    except RejectedError:
        return None  # the URL needs the ERP's number, and the ERP has not given one yet
    try:
        answer = send_signed(session, request, f"status-{export.export_id}")
    except InDoubtError as error:
        raise UnavailableError(error.message) from None
    if answer.status in (401, 403):
        raise error_of(answer, session.config)
    if answer.status >= 500 or answer.status == 429:
        raise UnavailableError(f"The API does not say how orders fare (status {answer.status}).")
    return _ack(answer, export, session.config, request.url)


def _ack(answer: Answer, export: WaitingExport, config: RestJsonConfig, url: str) -> Ack | None:
    if not 200 <= answer.status < 300 or not readable(answer):
        return None
    value = read(answer)
    status = as_text(pick(config.status or "", value))
    number = as_text(pick(config.status_number, value)) if config.status_number else ""
    ack = Ack(export.reference, "ACKED", export.export_id, number or export.erp_reference, source=url)
    if status in config.confirmed:
        return ack
    if status in config.refused:
        ack.status, ack.error_code, ack.message = "FAILED", status, words(value, config)
        return ack
    return None
