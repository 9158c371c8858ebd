"""SAP's function modules: orders are made, looked for, read and changed.

A BAPI's order is only kept once BAPI_TRANSACTION_COMMIT was called in the same session, which SAP keeps for whoever
sends its cookie along. What is known after each step:

    the order's call is lost               nothing is kept without a commit; doubt all the same, and looked for
    SAP keeps no session                   a commit would be another session's: nothing is kept, a person sees to it
    the commit is lost, or says no         doubt: it is looked for
    committed, and SAP does not show it    doubt: the commit was perhaps another server's

Sources: "BAPI User Guide: Transaction Model for Developing BAPIs", "BAPI_SALESORDER_GETLIST",
"BAPI_SALESORDER_GETSTATUS", "Stateless/Stateful Communication" (Internet Communication Framework), help.sap.com.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from lxml import etree

from orderflow.connectors.sap.answers import refusal
from orderflow.connectors.sap.rfc.config import CREATE, SapRfcConfig
from orderflow.connectors.sap.rfc.messages import messages_in, refusal_in, told_beside
from orderflow.connectors.sap.rfc.tables import as_kept, call, reference_of
from orderflow.connectors.sap.rfc.values import Structure, table, value_of
from orderflow.domain.errors import ConnectorError, InDoubtError, NeedsAttentionError, UnavailableError
from orderflow.domain.orders import DraftOrder
from orderflow.http import Answer, HttpClient, envelope, sign_in_of, tls_of
from orderflow.http.soap import body_of, headers_of

LONGEST_ANSWER = 8 * 1024 * 1024
"""Bytes: of an order with 500 lines some hundreds of kilobytes."""

SESSION = "sap-contextid"
"""The cookie of a session that SAP keeps."""

CHANGE = "BAPI_SALESORDER_CHANGE"
OPEN, CLOSE = "?sap-sessioncmd=open", "?sap-sessioncmd=close"
UNKNOWN = ("V1/302", "V1/555")
"""Messages that say that there is no such sales document, or that it was archived."""

SHORT_NUMBER = 20
"""Characters of a purchase order number that SAP gives in any case (`PURCH_NO`)."""

_COOKIE = re.compile(r"\s*([^=;\s]+)=([^;]*)")
_NO_AUTHORITY = re.compile(r"RFC_NO_AUTHORITY|no RFC authorization|not authorized", re.IGNORECASE)
_NO_FUNCTION = re.compile(r"FUNCTION_NOT_FOUND|FU_NOT_FOUND", re.IGNORECASE)


Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Made:
    """An order that SAP made, and what it said beside it."""

    number: str
    messages: list[str]


class SapFunctions:
    """One SAP system's function modules, for all threads."""

    def __init__(self, config: SapRfcConfig) -> None:
        self.config = config
        self._cookies: deque[str] = deque(maxlen=16)
        self._client = HttpClient(
            "SAP",
            timeout=config.timeout,
            connect_timeout=config.connect_timeout,
            tls=tls_of(config),
            most_bytes=LONGEST_ANSWER,
            connections=config.max_in_flight,
            sign_in=sign_in_of(config),
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def got(self) -> list[str]:
        """Return access tokens, and the cookies of sessions that SAP gave lately: secrets, to be hidden."""
        return [*self._client.got(), *self._cookies]

    def create(self, content: bytes, may_go_on: Callable[[], None]) -> Made:
        """Make the order, and commit it.

        Args:
            may_go_on: Raises if the order may not be committed any more.

        Raises:
            ConnectorError: As the module and `messages` say; InDoubtError: it may be there.
        """
        if self.config.commit == "by_function":
            return _made(_structure(self._sent(content)))
        made = self._committed(content, _made, may_go_on)
        self._check_there(made.number)
        return made

    def change(self, number: str, parameters: Structure, may_go_on: Callable[[], None]) -> list[str]:
        """Change an order by BAPI_SALESORDER_CHANGE, and commit it; returns what SAP says beside it.

        Args:
            may_go_on: As of `create`.

        Raises:
            ConnectorError: As `create`; whether SAP shows the change is left to the caller.
        """
        given = {"SALESDOCUMENT": number.zfill(10), **parameters, "RETURN": []}
        content = envelope(call(CHANGE, {name: given[name] for name in sorted(given)}))
        return self._committed(content, _changed, may_go_on)

    def _committed(self, content: bytes, read: Callable[[Structure], Read], may_go_on: Callable[[], None]) -> Read:
        """Call what is kept by a commit only, and commit it, in one session."""
        answer = self._client.send("POST", self.config.endpoint + OPEN, headers=self._headers, content=content)
        session = _session_in(answer)
        if session:
            self._cookies.append(session.partition("=")[2])
        try:
            told = read(_structure(_answered(answer)))
            if not session:
                raise no_session()
            may_go_on()
        except ConnectorError:
            self._end(session, "BAPI_TRANSACTION_ROLLBACK")
            raise
        try:
            self._commit(session)
        finally:
            self._end(session, "RFC_PING")
        return told

    def find(self, order: DraftOrder, export_id: UUID) -> list[str]:
        """Return the numbers of the orders that may be this delivery's; none: SAP clearly has none.

        Raises:
            ConnectorError: There was no clear answer.
        """
        number = reference_of(order, export_id, self.config)
        customer = (order.customer.erp_customer_number if order.customer else "") or ""
        told = self.ask(
            "BAPI_SALESORDER_GETLIST",
            {
                "CUSTOMER_NUMBER": as_kept(customer, 10, self.config),
                "SALES_ORGANIZATION": self.config.sales_organization,
                "PURCHASE_ORDER_NUMBER": number,
                "SALES_ORDERS": [],
            },
        )
        if "SALES_ORDERS" not in told:
            raise UnavailableError("Is the order there? SAP gave no list of orders.", code="FIND_FAILED")
        if wrong := [message for message in messages_in(told) if message.is_wrong]:
            raise UnavailableError(f"Is the order there? SAP says: {wrong[0].told}.", code="FIND_FAILED")
        listed = table(told, "SALES_ORDERS")
        ours = [row for row in listed if _names(row, number)]
        if not ours and any(_may_name(row, number) for row in listed):
            raise UnavailableError(
                "Is the order there? SAP lists orders without the whole of their purchase order number.",
                code="FIND_FAILED",
            )
        return list(dict.fromkeys(str(row.get("SD_DOC") or "") for row in ours if row.get("SD_DOC")))

    def status(self, number: str) -> list[Structure] | None:
        """Return what SAP tells of an order's items; None: there is no such order.

        Raises:
            ConnectorError: There was no clear answer.
        """
        told = self.ask("BAPI_SALESORDER_GETSTATUS", {"SALESDOCUMENT": number.zfill(10), "STATUSINFO": []})
        if rows := table(told, "STATUSINFO"):
            return rows
        wrong = [message for message in messages_in(told) if message.is_wrong]
        if wrong and all(message.code in UNKNOWN for message in wrong):
            return None
        words = wrong[0].told if wrong else "nothing"
        raise UnavailableError(f"How does the order fare? SAP says: {words}.", code="FIND_FAILED")

    def ask(self, function: str, parameters: Structure) -> Structure:
        """Call a function module that changes nothing. Raises ConnectorError."""
        content = envelope(call(function, parameters | {"RETURN": []}))
        return _structure(self._sent(content, changes=False), changes=False)

    def try_session(self) -> None:
        """See to it that SAP keeps a session and lets us call the BAPI, in a test run that is not committed.

        Raises:
            ConnectorError: It does not.
        """
        content = envelope(call(CREATE, {"ORDER_HEADER_IN": {}, "TESTRUN": "X", "ORDER_PARTNERS": [], "RETURN": []}))
        answer = self._client.send("POST", self.config.endpoint + OPEN, headers=self._headers, content=content,
                                   changes=False)  # fmt: skip
        session = _session_in(answer)
        try:
            _answered(answer, changes=False)
        finally:
            self._end(session, "BAPI_TRANSACTION_ROLLBACK")
        if not session:
            raise no_session()

    @property
    def _headers(self) -> dict[str, str]:
        return headers_of() | self.config.logon

    def _sent(self, content: bytes, session: str = "", command: str = "", *, changes: bool = True) -> etree._Element:
        headers = self._headers | ({"Cookie": session} if session else {})
        answer = self._client.send("POST", self.config.endpoint + command, headers=headers, content=content,
                                   changes=changes)  # fmt: skip
        return _answered(answer, changes=changes)

    def _commit(self, session: str) -> None:
        """Commit what was done in a session. Raises InDoubtError: nobody knows whether that was done."""
        content = envelope(call("BAPI_TRANSACTION_COMMIT", {"WAIT": "X"}))
        try:
            told = _structure(self._sent(content, session))
        except ConnectorError as error:
            raise InDoubtError(f"Whether SAP has kept the order is unknown: {error.message}", code=error.code,
                               rests_for=error.rests_for) from None  # fmt: skip
        if refused := refusal_in(messages_in(told)):
            raise InDoubtError(f"SAP may not have kept the order. {refused.message}", code="ANSWER_LOST")

    def _end(self, session: str, function: str) -> None:
        """Have SAP give up a session; if it does not hear of it, it does so after some minutes."""
        if session:
            with suppress(ConnectorError):
                self._sent(envelope(call(function, {})), session, CLOSE, changes=False)

    def _check_there(self, number: str) -> None:
        try:
            rows = self.status(number)
        except ConnectorError as error:
            raise InDoubtError(f"Whether SAP has kept the order {number} is unknown: {error.message}") from None
        if rows is None:
            raise InDoubtError(
                f"SAP has committed the order {number}, it says, but does not show it.",
                hint="What stands between OrderFlow and SAP must keep a session (cookie sap-contextid) to one server.",
            )


def no_session() -> NeedsAttentionError:
    """Return the error of an SAP that does not keep what was done until it is committed."""
    return NeedsAttentionError(
        "SAP keeps no session between two calls (no cookie sap-contextid), so that nothing could be committed.",
        code="SESSION_MISSING",
        hint="Make the service stateful; or have a function module of your own make and commit the order "
        "('Commit: by_function'). Then test the connection.",
    )


def _answered(answer: Answer, *, changes: bool = True) -> etree._Element:
    """Return what answers a call. Raises ConnectorError, as `orderflow.http.soap`, and as SAP's own faults say."""
    if answer.status in (401, 403, 404):
        error = refusal(answer)
        if answer.status == 404:
            error = NeedsAttentionError(error.message, code="SERVICE_MISSING", hint=_SERVICE)
        raise error
    if "Fault>" in answer.text and (
        (no_authority := _NO_AUTHORITY.search(answer.text)) or _NO_FUNCTION.search(answer.text)
    ):
        code, what, hint = _NOT_ALLOWED if no_authority else _NOT_THERE
        raise NeedsAttentionError(f"SAP {what}: {answer.words}", code=code, hint=hint)
    return body_of(answer, "SAP", changes=changes)


_SERVICE = "Activate the SOAP service for function modules (SICF), or correct address and service; then test."
_NOT_ALLOWED = (
    "PERMISSION_DENIED",
    "does not let our user call the function module",
    "Give the user S_RFC for the function groups 2032 and BAPT; then test the connection.",
)
_NOT_THERE = ("FUNCTION_UNKNOWN", "has no such function module", "Correct it in the connection, then test it.")


def _structure(found: etree._Element, *, changes: bool = True) -> Structure:
    value = value_of(found)
    if isinstance(value, dict):
        return value
    if not changes:
        raise UnavailableError("SAP gave an answer without parameters.", code="FIND_FAILED")
    raise InDoubtError("SAP gave an answer without parameters; whether it took the order is unknown.",
                       code="ANSWER_UNREADABLE")  # fmt: skip


def _made(told: Structure) -> Made:
    """Return what the order's call made. Raises RejectedError, TransientError; InDoubtError: it tells no number."""
    messages = messages_in(told)
    if refused := refusal_in(messages):
        raise refused
    number = told.get("SALESDOCUMENT")
    if not isinstance(number, str) or not number.strip():
        words = "; ".join(message.told for message in messages[:3]) or "nothing"
        raise InDoubtError(f"SAP gave no number of the order, and says: {words}.", code="ANSWER_UNREADABLE")
    return Made(number.strip()[:10], told_beside(messages))


def _changed(told: Structure) -> list[str]:
    """Return what SAP says beside a change. Raises RejectedError, TransientError; InDoubtError: it says nothing."""
    messages = messages_in(told)
    if refused := refusal_in(messages):
        raise refused
    if "RETURN" not in told:
        raise InDoubtError("SAP does not say whether it changed the order.", code="ANSWER_UNREADABLE")
    return told_beside(messages)


def _session_in(answer: Answer) -> str:
    """Return the cookies of the session that SAP keeps, as they are sent back; empty: it keeps none."""
    found = [_COOKIE.match(line) for line in answer.headers.get_list("Set-Cookie")]
    cookies = {one[1]: one[2] for one in found if one}
    if not cookies.get(SESSION):
        return ""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _names(row: Structure, number: str) -> bool:
    """Return whether an order surely has this purchase order number."""
    return str(row.get("PURCH_NO_C") or "").strip().casefold() == number.casefold()


def _may_name(row: Structure, number: str) -> bool:
    """Return whether an order may have it: SAP gives all of 35 characters (`PURCH_NO_C`), or the first 20 of them."""
    given = str(row.get("PURCH_NO_C") or row.get("PURCH_NO") or "").strip().casefold()
    return not given or (len(given) >= SHORT_NUMBER and number.casefold().startswith(given))
