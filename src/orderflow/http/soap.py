"""SOAP over HTTP: one envelope for each call, and what its fault means for an order.

    an answer                                  what the envelope's body holds
    a fault of the sender (Client, Sender)     it refuses what was sent                     RejectedError
    a fault of security (wsse, or so called)   it does not let us in                        NeedsAttentionError
    a fault of the envelope (VersionMismatch)  it did nothing, and never will so            NeedsAttentionError
    any other fault                            it may be done, if the call changes a thing  InDoubtError
                                               else                                         UnavailableError
    no envelope                                by its status, as of any answer; in one of 2xx it is lost

Source: SOAP 1.1, sections 4 and 6; SOAP 1.2 part 1, section 5, and part 2, section 7; WS-Security 1.1.1, section 12.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from lxml import etree

from orderflow.documents.xml import read_xml
from orderflow.domain.answer_files import UnfinishedError
from orderflow.domain.answer_files import UnreadableError as UnreadableXmlError
from orderflow.domain.errors import ConnectorError, InDoubtError, NeedsAttentionError, RejectedError, UnavailableError
from orderflow.http.answer import Answer
from orderflow.http.client import HttpClient
from orderflow.http.sorting import BUSY, IN_ITS_WORDS, error_of

Version = Literal["1.1", "1.2"]

ENVELOPES: dict[Version, str] = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_NOT_LET_IN = re.compile(r"authenti|authoriz|authoris|unauthor|accessdenied|loginfail", re.IGNORECASE)
_SENDER = ("Client", "Sender")
_ENVELOPE = ("VersionMismatch", "MustUnderstand", "DataEncodingUnknown")
_BY_STATUS = frozenset({401, 403, 405, 407, 415, 502, 503, 504}) | BUSY
"""Statuses that speak for whoever stands before the service, whatever the body says."""


def envelope(body: etree._Element, header: Iterable[etree._Element] = (), version: Version = "1.1") -> bytes:
    """Return an envelope as it is sent, in UTF-8.

    Args:
        body: The one element that the call is.
        header: What its head holds, as a WS-Security token.
    """
    space = ENVELOPES[version]
    root = etree.Element(f"{{{space}}}Envelope", nsmap={"soap": space})
    head = list(header)
    if head:
        etree.SubElement(root, f"{{{space}}}Header").extend(head)
    etree.SubElement(root, f"{{{space}}}Body").append(body)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def headers_of(action: str = "", version: Version = "1.1") -> dict[str, str]:
    """Return the headers that go with an envelope.

    Args:
        action: What the service's description (WSDL) calls `soapAction`.
    """
    if version == "1.1":
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"', "Accept": "text/xml"}
    named = f'; action="{action}"' if action else ""
    return {"Content-Type": f"application/soap+xml; charset=utf-8{named}", "Accept": "application/soap+xml"}


def soap_call(
    client: HttpClient,
    url: str,
    content: bytes,
    action: str = "",
    *,
    version: Version = "1.1",
    changes: bool = True,
    timeout: float | None = None,
) -> etree._Element:
    """Send an envelope and return the element that answers it; it is sent once.

    Args:
        content: As `envelope` makes it.
        changes: The call changes something, so that a lost answer leaves in doubt what was done.
        timeout: As of `HttpClient.send`.

    Raises:
        ConnectorError: As the module says, and as `HttpClient.send`.
    """
    answer = client.send(
        "POST", url, headers=headers_of(action, version), content=content, changes=changes, timeout=timeout
    )
    return body_of(answer, client.name, changes=changes)


def body_of(answer: Answer, name: str, *, changes: bool = True) -> etree._Element:
    """Return the element in an answer's envelope.

    Args:
        name: What the service is called in messages.
        changes: As of `soap_call`.

    Raises:
        ConnectorError: As the module says.
    """
    if answer.status in _BY_STATUS:
        raise error_of(answer, name, changes=changes)
    root = _root(answer)
    bodies = [] if root is None else root.findall("{*}Body")
    if root is None or len(bodies) != 1 or etree.QName(root).localname != "Envelope":
        raise _no_envelope(answer, name, changes=changes)
    (body,) = bodies
    fault = body.find("{*}Fault")
    if fault is not None:
        raise _fault(fault, answer, name, changes=changes)
    if not answer.ok:
        raise error_of(answer, name, changes=changes)
    found = next(iter(body), None)
    if found is None:
        raise _lost(f"{name} answered with an empty envelope", changes=changes)
    return found


def _root(answer: Answer) -> etree._Element | None:
    if answer.broken is not None:
        return None
    try:
        return read_xml(answer.content)
    except (UnreadableXmlError, UnfinishedError):
        return None


def _no_envelope(answer: Answer, name: str, *, changes: bool) -> ConnectorError:
    if not answer.ok:
        return error_of(answer, name, changes=changes)
    return _lost(f"{name} answered with {answer.broken or 'something else'} instead of an envelope", changes=changes)


def _lost(what: str, *, changes: bool) -> ConnectorError:
    if changes:
        return InDoubtError(f"{what}; whether it took the order is unknown.", code="ANSWER_UNREADABLE")
    return UnavailableError(f"{what}.")


def _fault(fault: etree._Element, answer: Answer, name: str, *, changes: bool) -> ConnectorError:
    space, code = _code(fault)
    if space == _SECURITY or _NOT_LET_IN.search(code):
        return NeedsAttentionError(
            f"{name} does not accept our sign-in ({code}): {answer.words}",
            code="AUTH_FAILED",
            hint="Correct the sign-in in the connection, then test it.",
        )
    if code in _ENVELOPE:
        return NeedsAttentionError(
            f"{name} does not understand our envelope ({code}): {answer.words}",
            code="WRONG_REQUEST",
            hint="Check the URL, and which version of SOAP the service speaks.",
        )
    if code.partition(".")[0] in _SENDER and changes:
        return RejectedError(answer.words, code="TARGET_REJECTED", hint=IN_ITS_WORDS, details={"fault": code})
    if changes:
        return InDoubtError(
            f"{name} failed ({code}), perhaps after it took the order: {answer.words}", code="SERVER_ERROR"
        )
    return UnavailableError(f"{name} does not answer as it should ({code}): {answer.words}")


def _code(fault: etree._Element) -> tuple[str, str]:
    """Return the namespace and the name of a fault's code; of one of SOAP 1.2 the innermost that is known."""
    found = [fault.find("faultcode"), *fault.iterfind("{*}Code//{*}Value")]
    codes = [_qualified(element) for element in found if element is not None and element.text]
    return next((code for code in codes if code[0] == _SECURITY), codes[0] if codes else ("", "no code"))


def _qualified(element: etree._Element) -> tuple[str, str]:
    prefix, colon, name = (element.text or "").strip().rpartition(":")
    return (element.nsmap.get(prefix if colon else None) or "", name[:100])
