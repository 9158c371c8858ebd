"""SOAP: one envelope for each call, faults in the service's own words, and nothing is sent twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from lxml import etree

from orderflow.domain.errors import ConnectorError, InDoubtError, NeedsAttentionError, RejectedError, UnavailableError
from orderflow.http import HttpClient, envelope, soap_call
from orderflow.testing.http_server import (
    DROP_AFTER,
    HTML,
    NOTHING,
    RESET_MID_ANSWER,
    Fault,
    MisbehavingHTTPServer,
    Received,
    status,
)

ACTION = "urn:orders:create"
SOAP_11, SOAP_12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"


def order() -> etree._Element:
    made = etree.Element("{urn:orders}Create")
    etree.SubElement(made, "Note").text = "Müller & <Söhne>"
    return made


def enveloped(inside: str, space: str = SOAP_11) -> bytes:
    return f'<e:Envelope xmlns:e="{space}"><e:Body>{inside}</e:Body></e:Envelope>'.encode()


def fault(code: str, words: str = "Customer 4711 is locked", status_: int = 500, **more: str) -> Fault:
    spaces = " ".join(f'xmlns:{name}="{value}"' for name, value in more.items())
    inside = f"<e:Fault {spaces}><faultcode>{code}</faultcode><faultstring>{words}</faultstring></e:Fault>"
    return Fault(status=status_, content=enveloped(inside))


def fault_12(code: str, inner: str = "", words: str = "Customer 4711 is locked") -> Fault:
    sub = f"<e:Subcode><e:Value>{inner}</e:Value></e:Subcode>" if inner else ""
    inside = (
        f'<e:Fault xmlns:w="{WSSE}"><e:Code><e:Value>{code}</e:Value>{sub}</e:Code>'
        f'<e:Reason><e:Text xml:lang="en">{words}</e:Text></e:Reason></e:Fault>'
    )
    return Fault(status=400, content=enveloped(inside, SOAP_12))


TWO_BODIES = enveloped("<n:Created xmlns:n='urn:orders'/></e:Body><e:Body><e:Fault/>")
"""Of which only the second says that it failed."""


@pytest.fixture
def server() -> Iterator[MisbehavingHTTPServer]:
    def take(request: Received) -> tuple[int, Mapping[str, str], bytes]:
        running.taken.append(request.content)
        return 200, {"Content-Type": "text/xml"}, enveloped("<n:Created xmlns:n='urn:orders'><Id>SO-1</Id></n:Created>")

    with MisbehavingHTTPServer(routes={"POST /soap": take}) as running:
        yield running


@pytest.fixture
def client() -> Iterator[HttpClient]:
    made = HttpClient("The ERP", timeout=5)
    yield made
    made.close()


def test_a_call_is_one_envelope(server: MisbehavingHTTPServer, client: HttpClient) -> None:
    answer = soap_call(client, f"{server.url}/soap", envelope(order()), ACTION)
    assert answer.findtext("Id") == "SO-1"
    (request,) = server.received
    assert request.headers["SOAPAction"] == f'"{ACTION}"'
    assert request.headers["Content-Type"] == "text/xml; charset=utf-8"
    sent = etree.fromstring(request.content)
    assert sent.tag == f"{{{SOAP_11}}}Envelope"
    assert sent.findtext(".//Note") == "Müller & <Söhne>"


def test_version_1_2_names_the_action_in_its_type(server: MisbehavingHTTPServer, client: HttpClient) -> None:
    head = etree.Element(f"{{{WSSE}}}Security")
    soap_call(client, f"{server.url}/soap", envelope(order(), [head], "1.2"), ACTION, version="1.2")
    (request,) = server.received
    assert request.headers["Content-Type"] == f'application/soap+xml; charset=utf-8; action="{ACTION}"'
    sent = etree.fromstring(request.content)
    assert sent.find(f"{{{SOAP_12}}}Header/{{{WSSE}}}Security") is not None


@pytest.mark.parametrize(
    ("given", "sort", "said"),
    [
        (fault("e:Client"), RejectedError, "^Customer 4711 is locked$"),
        (fault("e:Client.Order.Locked"), RejectedError, "locked"),
        (fault("e:Client", status_=200), RejectedError, "locked"),
        (fault_12("e:Sender"), RejectedError, "locked"),
        (fault("e:Client.Authentication", "who are you"), NeedsAttentionError, "who are you"),
        (fault("e:Server.AccessDenied", "who are you"), NeedsAttentionError, "our sign-in"),
        (fault("e:Server"), InDoubtError, r"failed \(Server\).*locked"),
        (fault_12("e:Receiver"), InDoubtError, "locked"),
        (fault("locked"), InDoubtError, "locked"),
        (fault("w:FailedAuthentication", "who are you", w=WSSE), NeedsAttentionError, "who are you"),
        (fault_12("e:Sender", "w:FailedAuthentication"), NeedsAttentionError, "our sign-in"),
        (fault("e:VersionMismatch"), NeedsAttentionError, "our envelope"),
        (status(401), NeedsAttentionError, "our sign-in"),
        (status(404), RejectedError, "no"),
        (status(500), InDoubtError, "failed"),
        (status(503), InDoubtError, "not available"),
        (DROP_AFTER, InDoubtError, "broke the connection off"),
        (RESET_MID_ANSWER, InDoubtError, "half an answer instead of an envelope"),
        (HTML, InDoubtError, "instead of an envelope"),
        (NOTHING, InDoubtError, "instead of an envelope"),
        (Fault(content=enveloped("")), InDoubtError, "empty envelope"),
        (Fault(content=TWO_BODIES), InDoubtError, "instead of an envelope"),
        (Fault(content=b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + enveloped("<a>&a;</a>")), InDoubtError, "instead of"),
        (Fault(content=b"<Envelope/>"), InDoubtError, "instead of an envelope"),
    ],
)
def test_what_goes_wrong_is_sorted_by_what_follows(
    server: MisbehavingHTTPServer, client: HttpClient, given: Fault, sort: type[ConnectorError], said: str
) -> None:
    server.misbehave(given)
    with pytest.raises(ConnectorError, match=said) as raised:
        soap_call(client, f"{server.url}/soap", envelope(order()), ACTION)
    assert type(raised.value) is sort
    assert len(server.received) == 1


@pytest.mark.parametrize("given", [fault("e:Client"), fault("e:Server"), HTML, NOTHING, status(500), DROP_AFTER])
def test_a_question_without_an_answer_is_asked_again(
    server: MisbehavingHTTPServer, client: HttpClient, given: Fault
) -> None:
    server.misbehave(given)
    with pytest.raises(UnavailableError):
        soap_call(client, f"{server.url}/soap", envelope(order()), changes=False)
