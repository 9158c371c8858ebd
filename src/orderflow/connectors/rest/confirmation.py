"""Polling: each order that waits is asked about by its URL until the API confirms or refuses it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from orderflow.connectors.rest.answers import as_number, read, status_error, words
from orderflow.connectors.rest.expressions import pick
from orderflow.connectors.rest.opened import Opened
from orderflow.connectors.rest.request import status_request
from orderflow.domain.delivery import Ack, Waiting, WaitingExport
from orderflow.domain.errors import InDoubtError, RejectedError, UnavailableError
from orderflow.domain.states import Kind
from orderflow.http import Answer, UnreadableError
from orderflow.http.words import as_text
from orderflow.net.deadline import Deadline

AT_ONCE = 200
"""Orders asked about before the answers are handed on."""

WITHIN = 90.0
"""Seconds for one round, however slowly the API answers; the next round asks about the rest."""


def acks_of(opened: Opened, waiting: Waiting | Iterable[WaitingExport]) -> Iterator[Ack]:
    """Yield the answers there are; an order that is not decided yet, or not known yet, waits for the next round.

    Raises:
        UnavailableError: The API does not answer.
        NeedsAttentionError: It does not let us in.
    """
    exports, deadline = iter(Waiting.of(waiting)), Deadline(WITHIN)
    pool = ThreadPoolExecutor(opened.config.max_in_flight, "rest-json-status")
    try:
        while not deadline.passed and (some := list(islice(exports, AT_ONCE))):
            random.shuffle(some)  # no order waits for ever behind others that take all the time
            for ack in pool.map(lambda export: _ask(opened, export, deadline), some):
                if ack is not None:
                    yield ack
    finally:
        pool.shutdown(cancel_futures=True)


def _ask(opened: Opened, export: WaitingExport, deadline: Deadline) -> Ack | None:
    if deadline.passed or export.kind is Kind.RECALL:  # whose answer a status would not be
        return None
    try:
        request = status_request(export, opened.config)
    except RejectedError:
        return None  # the URL needs the ERP's number, and the ERP has not given one yet
    answer = opened.session.ask(request)
    if answer.status in (401, 403, 429):
        raise status_error(answer, opened.config, opened.session.redactor)
    if answer.status >= 500:
        raise UnavailableError(f"The API does not say how orders fare (status {answer.status}).")
    return _ack(answer, export, opened, request.url)


def _ack(answer: Answer, export: WaitingExport, opened: Opened, url: str) -> Ack | None:
    config = opened.config
    try:
        value = read(answer, opened.session.redactor) if answer.ok else None
        status = as_text(pick(config.status or "", value)).strip()
        number = as_number(pick(config.status_number, value)) if config.status_number else None
    except (UnreadableError, InDoubtError):  # nobody can say what it says: the others are asked about all the same
        return None
    ack = Ack(export.reference, "ACKED", export.export_id, number or export.erp_reference, source=url)
    if status in config.confirmed:
        return ack
    if status in config.refused:
        ack.status, ack.error_code, ack.message = "FAILED", status, words(answer, config, opened.session.redactor)
        return ack
    return None
