"""What follows an order that the API has: it is changed, or taken back. Each answer is read by the rules of an order's.

Two things differ. An answer of 204 says that it was done and holds nothing else (RFC 9110, section 15.3.5), so that
nothing is missed in it; one of 202 to a recall says that it was not done yet (section 15.3.3). And whether it was done,
where the answer was lost, is seen in the order itself: by the find URL.
"""

from __future__ import annotations

from typing import Any

from orderflow.connectors.rest.answers import as_number, found_number, order_number, read
from orderflow.connectors.rest.config import RestJsonConfig
from orderflow.connectors.rest.expressions import pick
from orderflow.connectors.rest.opened import Opened
from orderflow.connectors.rest.request import find_request, idempotency_key
from orderflow.domain.errors import InDoubtError, TransientError
from orderflow.domain.orders import DraftOrder
from orderflow.domain.states import Kind
from orderflow.http import Answer, UnreadableError
from orderflow.http.words import as_text

NO_CONTENT, ACCEPTED = 204, 202


def kinds_of(config: RestJsonConfig) -> frozenset[Kind]:
    """Return what this API can be asked."""
    asked = {Kind.ORDER: config.url, Kind.CHANGE: config.change_url, Kind.RECALL: config.recall_url}
    return frozenset(kind for kind, url in asked.items() if url)


def check_done(order: DraftOrder, opened: Opened, answer: Answer) -> str | None:
    """Make sure that an answer says that the order was changed or taken back; returns the order's number.

    Raises:
        ConnectorError: It does not, sorted as that to a new order.
    """
    delivery, config = order.delivery, opened.config
    known = delivery.sent.erp_order_id if delivery.sent else None
    if answer.status == NO_CONTENT:
        return known
    if answer.status == ACCEPTED and delivery.kind is Kind.RECALL:
        raise InDoubtError(
            "The API will see to it that the order is taken back (status 202), and has not done it yet.",
            code="NOT_YET_TAKEN_BACK",
            hint="Nothing to do where the connection says how the API is asked ('Status'). Else look in the "
            "ERP, then confirm the recall, or end it.",
        )
    if answer.headers.get("Content-Type", "").lower().startswith(("text/html", "application/xhtml")):
        raise InDoubtError(
            f"The API answered {answer.status} with a web page: whether it was done cannot be read from that.",
            code="ANSWER_UNREADABLE",
        )
    ours = config.model_copy(update={"order_number": None})  # which they need not give again
    sent_before = delivery.last_begun_at is not None
    order_number(answer, ours, opened.session.redactor, sent_before=sent_before)
    return _number_in(answer, opened) or known


def was_done(order: DraftOrder, opened: Opened) -> dict[str, Any] | None:
    """Ask whether an order was changed or taken back whose answer was lost; None: it clearly was not.

    Returns:
        How: `status`, `erp_order_id`, and `not_shown` where the API does not show the order any more.

    Raises:
        ConnectorError: There was no clear answer.
    """
    config, delivery = opened.config, order.delivery
    if config.find_url is None or (delivery.kind is Kind.CHANGE and config.last_change is None):
        raise InDoubtError(f"This connection does not say how the API is asked whether a {delivery.kind} was made.")
    answer = opened.session.ask(find_request(order, config))
    there, number = found_number(answer, config, opened.session.redactor)
    facts = _facts(order, answer, number)
    if delivery.kind is Kind.CHANGE:
        if not there:
            raise _unclear("it does not find the order that is to be changed")
        return facts if _was_last(order, opened, answer) else None
    if not there:
        return facts | {"not_shown": True}
    return facts if _was_taken_back(opened, answer) else None


def _was_last(order: DraftOrder, opened: Opened, answer: Answer) -> bool:
    expression, value = opened.config.last_change or "", _value_of(opened, answer)
    last = as_number(pick(expression, value))
    if last is None and not _names_none(expression, value):
        raise _unclear("its answer does not name the last change")
    return last in (idempotency_key(order.delivery), order.delivery.reference)


def _names_none(expression: str, value: Any) -> bool:
    """Return whether the place where an expression looks is there, and empty."""
    group, _, name = expression.rpartition(".")
    within = pick(group, value) if group else value
    return isinstance(within, dict) and name in within and within[name] in (None, "")


def _was_taken_back(opened: Opened, answer: Answer) -> bool:
    config = opened.config
    status = as_text(pick(config.recall_status, _value_of(opened, answer))).strip() if config.recall_status else ""
    if not status:
        raise _unclear("it shows the order, and not how that stands")
    return status in config.recalled


def _value_of(opened: Opened, answer: Answer) -> Any:
    return read(answer, opened.session.redactor)


def _number_in(answer: Answer, opened: Opened) -> str | None:
    expression = opened.config.order_number
    try:
        return as_number(pick(expression, _value_of(opened, answer))) if expression and not answer.empty else None
    except UnreadableError:
        return None


def _facts(order: DraftOrder, answer: Answer, number: str | None) -> dict[str, Any]:
    known = number or (order.delivery.sent.erp_order_id if order.delivery.sent else None)
    return {"status": answer.status, "erp_order_id": known}


def _unclear(why: str) -> TransientError:
    return TransientError(f"The API does not clearly say whether it was done: {why}.", code="FIND_FAILED")
