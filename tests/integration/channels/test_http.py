"""HTTP as a channel, against servers that misbehave: each document is taken once, and what is not known is doubt."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import Message
from typing import Any

import pytest

from orderflow.channels.channel import Parcel, Session
from orderflow.channels.http.channel import HttpChannel
from orderflow.channels.http.settings import HttpSettings
from orderflow.domain.delivery import Delivery, Document, ExportResult, Lease
from orderflow.domain.errors import ConnectorError, NeedsAttentionError
from orderflow.domain.ids import new_id
from orderflow.testing.http_server import (
    DRIPPING,
    DROP_AFTER,
    DROP_BEFORE,
    NOTHING,
    TOO_MANY,
    UNAUTHORIZED,
    Fault,
    MisbehavingHTTPServer,
    Received,
    redirect,
    status,
)

Open = Callable[..., Session]


@pytest.fixture
def server() -> Iterator[MisbehavingHTTPServer]:
    with MisbehavingHTTPServer(client=("us", "s3cret")) as running:
        yield running


@pytest.fixture
def to(server: MisbehavingHTTPServer) -> Iterator[Callable[..., Session]]:
    opened: list[Session] = []

    def to(**more: Any) -> Session:
        oauth = {"auth": "oauth2", "token_url": f"{server.url}/token", "client_id": "us", "client_secret": "s3cret"}
        given = {"url": f"{server.url}/orders", "plain_http": True, "timeout": 2, "headers": "X-Plant: 7"} | oauth
        channel = HttpChannel()
        session = channel.open(HttpSettings.model_validate(given | more))
        assert isinstance(session, Session)
        opened.append(session)
        return session

    yield to
    for session in opened:
        session.close()


def parcel(number: int = 1, lease: Lease | None = None) -> Parcel:
    document = Document(f"order_{number}.edi", b'{"number": %d}' % number, "application/EDIFACT", "edifact")
    return Parcel(new_id(), document, Delivery(new_id(), datetime.now(UTC), document=document, lease=lease))


def deliver(session: Session, *parcels: Parcel) -> list[ExportResult | ConnectorError]:
    outcomes = dict(session.deliver(parcels))
    return [outcomes[item.order_id] for item in parcels]


def test_a_document_is_signed_as_the_api_s_description_has_it(to: Open) -> None:
    def signed(request: Received) -> bool:
        text = f"{request.method}{request.target}{request.headers['X-Date']}".encode() + request.content
        return request.headers["X-Hub-Signature-256"] == "sha256=" + hmac.digest(b"s3cret", text, "sha256").hex()

    said = {"signature_secret": "s3cret", "signature_of": "{method}{target}{header.X-Date}{body}"}
    headers = {"X-Hub-Signature-256": "sha256={signature}", "X-Date": "{date}"}
    with MisbehavingHTTPServer(admits=signed) as server:
        where = {"auth": "signature", "url": f"{server.url}/orders?plant=7", "signature_headers": headers}
        (taken,) = deliver(to(**where, **said), parcel())
        assert isinstance(taken, ExportResult)
        (refused,) = deliver(to(**where, **said | {"signature_secret": "an0ther"}), parcel())
        assert isinstance(refused, NeedsAttentionError)


def test_a_document_is_a_request_with_its_own_type_and_key(server: MisbehavingHTTPServer, to: Open) -> None:
    item = parcel()
    (result,) = deliver(to(), item)
    assert isinstance(result, ExportResult)
    assert result.success
    (request,) = [request for request in server.received if request.path == "/orders"]
    assert request.content == item.document.content
    assert (request.method, request.headers["Content-Type"], request.headers["X-Plant"]) == (
        "POST",
        "application/EDIFACT",
        "7",
    )
    assert request.headers["Idempotency-Key"] == str(item.delivery.export_id)
    assert request.headers["Content-Disposition"] == 'attachment; filename="order_1.edi"'
    assert result.received, "a 2xx is a receipt"


def test_the_key_goes_into_the_header_that_the_api_reads(server: MisbehavingHTTPServer, to: Open) -> None:
    item, session = parcel(), to(idempotent=True, idempotency_header="X-Request-Key")
    deliver(session, item)
    request = next(request for request in server.received if request.path == "/orders")
    assert request.headers["X-Request-Key"] == str(item.delivery.export_id)
    assert "Idempotency-Key" not in request.headers
    assert session.idempotent


@pytest.mark.parametrize("name", ['a"b.json', "größe.json", "a\\b.json", "a;b c.json"])
def test_any_name_is_one_header(server: MisbehavingHTTPServer, to: Open, name: str) -> None:
    item = parcel()
    item.document.filename = name
    deliver(to(), item)
    request = next(request for request in server.received if request.path == "/orders")
    found = Message()
    found["Content-Disposition"] = request.headers["Content-Disposition"]
    assert found.get_filename() == name


@pytest.mark.parametrize(
    ("fault", "code", "taken"),
    [
        (DROP_BEFORE, "ANSWER_LOST", 0),
        (DROP_AFTER, "ANSWER_LOST", 1),
        (status(422, "customer locked"), "TARGET_REJECTED", 0),
        (status(500, takes=True), "SERVER_ERROR", 1),
        (TOO_MANY, "TARGET_BUSY", 0),
        (redirect("/elsewhere"), "REDIRECT", 0),
        (Fault(takes=True, content=b'{"success": false, "message": "no such article"}'), "TARGET_REJECTED", 1),
        (NOTHING, None, 1),
        (DRIPPING, "ANSWER_LOST", 1),
    ],
)
def test_what_became_of_it_is_told_and_it_is_sent_once(
    server: MisbehavingHTTPServer, to: Open, fault: Fault, code: str | None, taken: int
) -> None:
    server.misbehave(fault)
    (outcome,) = deliver(to(), parcel())
    assert (outcome.code if isinstance(outcome, ConnectorError) else None) == code
    assert len(server.taken) == taken
    assert len([request for request in server.received if request.path == "/orders"]) == 1


def test_an_access_token_that_is_refused_is_fetched_anew_once(server: MisbehavingHTTPServer, to: Open) -> None:
    session = to()
    assert not isinstance(deliver(session, parcel(1))[0], ConnectorError)
    server.misbehave(UNAUTHORIZED)
    assert not isinstance(deliver(session, parcel(2))[0], ConnectorError)
    assert len(server.taken) == 2


def test_once_the_target_is_away_the_others_are_not_tried(server: MisbehavingHTTPServer, to: Open) -> None:
    server.misbehave(*[UNAUTHORIZED] * 4, method="POST")
    session = to(auth="bearer", token="t0k", max_in_flight=1)  # no secret
    outcomes = deliver(session, *[parcel(number) for number in range(5)])
    assert [outcome.code for outcome in outcomes if isinstance(outcome, ConnectorError)] == ["AUTH_FAILED"] * 5
    assert len(server.received) == 1


def test_nothing_begins_with_too_little_lease(server: MisbehavingHTTPServer, to: Open) -> None:
    lease = Lease(new_id(), 60)
    lease.revoke()
    (outcome,) = deliver(to(), parcel(lease=lease))
    assert isinstance(outcome, ConnectorError)
    assert outcome.code == "LEASE_ENDING"
    assert not server.received


def test_a_test_signs_in_and_creates_nothing(server: MisbehavingHTTPServer, to: Open) -> None:
    steps: list[str] = []
    to().test(steps)
    assert steps == ["API: reached"]
    assert [request.method for request in server.received] == ["POST", "OPTIONS"]
    assert not server.taken


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (status(404), "WRONG_URL"),
        (status(403), "PERMISSION_DENIED"),
        (redirect("http://10.1.2.3/"), "REDIRECT_ELSEWHERE"),
    ],
)
def test_a_test_tells_what_would_go_wrong(server: MisbehavingHTTPServer, to: Open, fault: Fault, code: str) -> None:
    server.misbehave(fault, method="OPTIONS")
    with pytest.raises(ConnectorError) as raised:
        to().test([])
    assert raised.value.code == code
