"""A test that tells the truth: is the API there, does it let us in, may we create orders?"""

from __future__ import annotations

from typing import Any

from orderflow.channels.http.trial import NOT_LET_IN, check_method, check_place
from orderflow.connectors.rest.answers import MISSING, found_number, read, status_error, words
from orderflow.connectors.rest.expressions import pick
from orderflow.connectors.rest.opened import Opened
from orderflow.connectors.rest.request import find_request
from orderflow.domain.errors import NeedsAttentionError, TransientError, UnavailableError
from orderflow.domain.ids import new_id
from orderflow.formats.order_fields import sample_order
from orderflow.formats.template.filters import in_url
from orderflow.formats.template.texts import template
from orderflow.http import Answer, Outgoing, UnreadableError

PATIENCE = 8.0
"""Seconds for each of a test's three requests, whatever a delivery may take: a person waits, and so does a probe."""


def try_out(opened: Opened) -> dict[str, Any]:
    """Ask the API, creating nothing; returns what is proven: `{"reached", "signed_in", "may_create", "note"}`.

    Without a `test_url` the create URL itself is asked for its methods (OPTIONS), which proves less, and says so.

    Raises:
        ConnectorError: Orders could not be delivered now.
    """
    opened = Opened(opened.config, opened.session.hurried(PATIENCE))
    opened.session.sign_in()
    proven = _read_test_url(opened) if opened.config.test_url else _ask_for_methods(opened)
    open_still = _CANNOT_ASK if not opened.config.idempotent else ""
    if opened.config.find_url:
        open_still = _look_for_what_is_not_there(opened)
    if open_still:
        proven["note"] = f"{proven.get('note', '')} {open_still}".strip()
    return proven


_CANNOT_ASK = (
    "Without a find URL or an idempotency key nobody can ask whether an order arrived whose answer is lost: it is then "
    "held for a person."
)


def _read_test_url(opened: Opened) -> dict[str, Any]:
    config = opened.config
    answer = _ask(opened, Outgoing("GET", template(config.test_url or "", in_url).render({}), {}))
    _refuse_bad(opened, answer)
    if not 200 <= answer.status < 300:
        raise NeedsAttentionError(f"The test URL answers with status {answer.status}.", code="WRONG_URL")
    if config.test_passes is None:
        return {"reached": True, "signed_in": True, "may_create": None, "note": _NOT_ASKED}
    try:
        value = read(answer, opened.session.redactor)
    except UnreadableError:
        raise NeedsAttentionError("The test URL gives no JSON.", code="WRONG_URL") from None
    if not pick(config.test_passes, value):
        raise NeedsAttentionError(
            f"The API says that orders may not be created: {words(answer, config, opened.session.redactor)}",
            code="PERMISSION_DENIED",
            hint="Have the account given that right, then test again.",
        )
    return {"reached": True, "signed_in": True, "may_create": True}


_NOT_ASKED = "The test URL could be read. Say when it passes (test_passes) to see that orders may be created."


def _look_for_what_is_not_there(opened: Opened) -> str:
    """An API that finds everything would have orders taken for delivered that never were.

    Returns:
        What is left open: whether it is the API that answers 404; empty if nothing is.
    """
    config, order = opened.config, sample_order()
    order.id, order.delivery = new_id(), None
    order.external_order_number = f"TEST-{order.id.hex[-12:]}"
    answer = _ask(opened, find_request(order, config))
    by_status = answer.status in MISSING and config.not_there_when is None
    try:
        there, number = found_number(answer, config, opened.session.redactor)
    except TransientError as error:
        if by_status and not config.not_there_statuses:
            return _NOBODY_KNOWS_WHOSE
        raise NeedsAttentionError(
            f"The find URL gives no clear answer about an order that was never sent: {error.message}",
            code="WRONG_FIND",
            hint="Have found name the place where the number would be, as items[0].id, and 'Not there when' how the "
            "API says that there is none.",
        ) from None
    if there:
        raise NeedsAttentionError(
            f"The find URL finds an order that was never sent: {(number or 'it gives no number')[:100]}.",
            code="WRONG_FIND",
            hint="Have find_url ask for one order, as by {{ delivery.export_id }}, and found pick its number only.",
        )
    return _WHOEVER_ANSWERS_SO.format(status=answer.status) if by_status else ""


_NOBODY_KNOWS_WHOSE = (
    "The find URL answers 404 about an order that was never sent. A gateway or a wrong path answers so too, so that it "
    "does not count, and an order whose answer is lost is held for a person. Say under 'Not there when' how the API "
    "itself says that it does not have an order, as code == 'ORDER_NOT_FOUND'."
)
_WHOEVER_ANSWERS_SO = (
    "Status {status} of the find URL counts as 'not there', whoever gives it: a gateway's would have an order sent "
    "twice. 'Not there when' has only the API's own words count."
)


def _ask_for_methods(opened: Opened) -> dict[str, Any]:
    config = opened.config
    fixed, template_follows, _ = config.url.partition("{")
    url = fixed.rsplit("/", 1)[0] + "/" if template_follows else config.url
    answer = _ask(opened, Outgoing("OPTIONS", url, {}))
    _refuse_bad(opened, answer)
    if url == config.url:
        check_method(answer, config.method)
    signed_in = config.auth in ("oauth2", "session") or None
    note = "The API was reached. Give a test URL to see that it lets us in and orders may be created."
    return {"reached": True, "signed_in": signed_in, "may_create": None, "note": note}


def _ask(opened: Opened, outgoing: Outgoing) -> Answer:
    answer = opened.session.ask(outgoing)
    check_place(answer, opened.session.redactor)
    return answer


def _refuse_bad(opened: Opened, answer: Answer) -> None:
    if answer.status in NOT_LET_IN:
        raise status_error(answer, opened.config, opened.session.redactor)
    if answer.status >= 500:
        said = words(answer, opened.config, opened.session.redactor)
        raise UnavailableError(f"The API fails (status {answer.status}): {said}")
