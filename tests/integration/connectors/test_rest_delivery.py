"""REST_JSON on a real database against real HTTP servers that misbehave: no order twice, none lost."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from orderflow.connectors.rest import RestJsonConnector, trial
from orderflow.domain.errors import InDoubtError, NeedsAttentionError, RejectedError, UnavailableError
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.ports import Actor
from orderflow.flow.setup.connections import add_connection
from orderflow.flow.setup.probe import test_connection as check_connection
from orderflow.http import sign_in, tokens
from orderflow.testing.engine import an_order
from orderflow.testing.http_server import (
    DROP_AFTER,
    DROP_BEFORE,
    ERROR_INSIDE,
    HALF_JSON,
    HTML,
    HUGE,
    NOTHING,
    RESET_MID_ANSWER,
    TOO_MANY,
    UNAUTHORIZED,
    Fault,
    MisbehavingHTTPServer,
    delayed,
    redirect,
    status,
)

ACTOR = Actor("test")
FAULTS = {
    "dropped before": DROP_BEFORE,
    "dropped after": DROP_AFTER,
    "reset": RESET_MID_ANSWER,
    "half": HALF_JSON,
    "html": HTML,
    "nothing": NOTHING,
    "10 MB": HUGE,
    "late": delayed(1.5),
    "500 after taking": status(500, takes=True),
    "502 before taking": status(502),
    "503": status(503, Retry_After="0"),
    "429": TOO_MANY,
    "redirect here": redirect("/orders", 303),
}


@pytest.fixture
def connector():
    made = RestJsonConnector()
    yield made
    made.close()


@pytest.fixture
def connect(installation, connector):
    installation.connectors["REST_JSON"] = connector

    def add(config, **options):
        wiring, org_id = installation.wiring, installation.org_id
        at_once = {"commit_within": 0} | options  # what the servers here have not taken by now they never will
        return add_connection(wiring, org_id, "REST_JSON", config, ACTOR, options=at_once, enabled=True)

    return add


def to(server, **more):
    return {"url": f"{server.url}/orders", "plain_http": True, "order_number": "id", "timeout": 1} | more


def deliver(installation, connection_id):
    """Work until nothing is left to do, without waiting for the times of retries and rests."""
    for _ in range(8):
        installation.make_all_due()
        installation.do("UPDATE erp_connection SET breaker_state = 'CLOSED', rests_until = NULL")
        installation.do("UPDATE erp_export SET last_begun_at = last_begun_at - interval '1 hour'")
        installation.work_off(connection_id)


WAYS: dict[str, tuple[bool, Callable[[Any], dict[str, Any]]]] = {
    "key": (True, lambda server: {"idempotent": True}),
    "find": (
        False,
        lambda server: {
            "find_url": f"{server.url}/orders?reference={{{{ delivery.export_id }}}}",
            "found": "items[0].id",
        },
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fault", FAULTS)
def test_each_order_is_there_once_whatever_goes_wrong(installation, connect, way, fault):
    idempotent, how = WAYS[way]
    with MisbehavingHTTPServer(idempotent=idempotent) as server:
        connection_id = connect(to(server, **how(server)))
        server.misbehave(*[FAULTS[fault]] * 2)
        orders = installation.pushed(5)
        deliver(installation, connection_id)
        assert {installation.order(order_id)["status"] for order_id in orders} == {"CONFIRMED"}
        assert Counter(order["draft_order_id"] for order in server.taken) == Counter(map(str, orders))


def test_all_of_it_at_once(installation, connect):
    with MisbehavingHTTPServer(idempotent=False) as server:
        connection_id = connect(to(server, max_in_flight=8, **WAYS["find"][1](server)))
        server.misbehave(*FAULTS.values())
        server.misbehave(*[status(500), HTML, DROP_AFTER, NOTHING] * 2, method="GET")
        orders = installation.pushed(60)
        deliver(installation, connection_id)
        assert Counter(installation.order(order_id)["status"] for order_id in orders) == {"CONFIRMED": 60}
        assert Counter(order["draft_order_id"] for order in server.taken) == Counter(map(str, orders))


def test_an_order_that_is_shown_just_before_the_time_to_commit_is_over_is_there_once(installation, connect):
    with MisbehavingHTTPServer(idempotent=False, shows_after=2) as server:
        connection_id = connect(to(server, **WAYS["find"][1](server)), commit_within=3)
        server.misbehave(DROP_AFTER)
        (order_id,) = installation.pushed()
        while installation.order(order_id)["status"] == "PUSHING":  # asked all the time, much more often than is due
            installation.make_all_due()
            installation.work_off(connection_id)
        assert installation.order(order_id)["status"] == "CONFIRMED"
        assert installation.export(order_id)["inferred"]
        assert len(server.taken) == 1
        assert [request.method for request in server.received][:3] == ["POST", "GET", "GET"]


def test_an_order_that_is_not_shown_in_the_time_to_commit_is_sent_again_then(installation, connect):
    with MisbehavingHTTPServer(idempotent=False) as server:
        connection_id = connect(to(server, **WAYS["find"][1](server)), commit_within=1)
        server.misbehave(DROP_BEFORE)
        (order_id,) = installation.pushed()
        started = time.monotonic()
        while installation.order(order_id)["status"] == "PUSHING":
            installation.make_all_due()
            installation.work_off(connection_id)
        assert time.monotonic() - started >= 1
        assert (installation.order(order_id)["status"], len(server.taken)) == ("CONFIRMED", 1)


def test_a_refused_order_goes_to_error_with_the_targets_words_and_the_rest_go_on(installation, connect):
    with MisbehavingHTTPServer() as server:
        connection_id = connect(to(server, idempotent=True, max_in_flight=1))
        server.misbehave(ERROR_INSIDE, status(422, "SKU INT-999 is unknown"))
        orders = installation.pushed(4)
        installation.work_off(connection_id)
        found = [installation.order(order_id) for order_id in orders]
        assert Counter(order["status"] for order in found) == {"ERROR": 2, "CONFIRMED": 2}
        said = {order["error_json"]["message"] for order in found if order["error_json"]}
        assert said == {"Customer 4711 is locked", "SKU INT-999 is unknown"}
        assert all(order["error_json"]["hint"] for order in found if order["error_json"])
        assert len(server.taken) == 2


@pytest.mark.parametrize("fault", [UNAUTHORIZED, status(403), status(415), status(405)])
def test_what_only_a_person_can_mend_pauses_the_connection_and_nothing_is_lost(installation, connect, fault):
    with MisbehavingHTTPServer() as server:
        connection_id = connect(to(server, idempotent=True, max_in_flight=1, test_url=f"{server.url}/ping"))
        server.misbehave(fault)
        orders = installation.pushed(3)
        installation.work_off(connection_id)
        (row,) = installation.rows("SELECT breaker_state, breaker_error FROM erp_connection")
        assert row["breaker_state"] == "PAUSED"
        assert server.taken == []
        assert check_connection(installation.wiring, installation.org_id, connection_id, ACTOR).success
        deliver(installation, connection_id)
        assert {installation.order(order_id)["status"] for order_id in orders} == {"CONFIRMED"}
        assert len(server.taken) == 3


def test_a_server_that_is_down_opens_the_breaker_and_spends_nothing(installation, connect):
    with MisbehavingHTTPServer() as server:
        gone = server.url
    connection_id = connect({"url": f"{gone}/orders", "plain_http": True})
    (order_id,) = installation.pushed()
    installation.work_off(connection_id)
    (row,) = installation.rows("SELECT breaker_state FROM erp_connection")
    assert row["breaker_state"] == "OPEN"
    assert (installation.order(order_id)["status"], installation.export(order_id)["attempts_spent"]) == ("PUSHING", 0)


def test_the_wait_that_the_target_asks_for_is_kept(installation, connect):
    installation.retrying(max_attempts=4, base=0.0)
    with MisbehavingHTTPServer() as server:
        connection_id = connect(to(server))
        server.misbehave(status(429, Retry_After="100"))
        installation.pushed()
        installation.work_off(connection_id)
        (order_id,) = installation.pushed()
        installation.make_all_due()
        installation.work_off(connection_id)
        assert len(server.received) == 1
        assert (server.taken, installation.export(order_id)["attempts_spent"]) == ([], 0)


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("target", ["/orders", "https://evil.example/orders", ""])
def test_a_redirect_is_never_followed_by_an_order(connector, code, target):
    with MisbehavingHTTPServer() as server:
        server.misbehave(redirect(target, code))
        with pytest.raises(InDoubtError, match="redirect"):
            connector.export(an_order(), to(server))
        assert len(server.received) == 1


def test_a_key_in_every_attempt_the_same(installation, connect):
    with MisbehavingHTTPServer() as server:
        connection_id = connect(to(server, idempotent=True))
        server.misbehave(DROP_AFTER, status(500), TOO_MANY)
        (order_id,) = installation.pushed()
        deliver(installation, connection_id)
        keys = [request.headers["Idempotency-Key"] for request in server.received]
        assert keys == [str(installation.export(order_id)["id"])] * 4


def test_an_order_that_is_known_already_is_delivered(installation, connect):
    with MisbehavingHTTPServer(idempotent=False) as server:
        connection_id = connect(to(server, duplicate_statuses=[409]), in_doubt="resend")
        server.misbehave(DROP_AFTER, status(409, "exists"))
        (order_id,) = installation.pushed()
        deliver(installation, connection_id)
        assert installation.order(order_id)["status"] == "PUSHED"
        assert installation.export(order_id)["inferred"]
        assert len(server.taken) == 1


def test_a_gateways_404_has_no_order_sent_twice(installation, connect):
    gateway = status(404, "no Route matched with those values")
    with MisbehavingHTTPServer(idempotent=False) as server:
        connection_id = connect(to(server, **WAYS["find"][1](server)))
        server.misbehave(DROP_AFTER)
        server.misbehave(*[gateway] * 40, method="GET")
        (order_id,) = installation.pushed()
        deliver(installation, connection_id)
        assert len(server.taken) == 1
        assert installation.order(order_id)["status"] == "PUSHING"
        error = installation.export(order_id)["error_json"]
        assert (error["code"], "'Not there when'" in error["message"]) == ("FIND_FAILED", True)
        server.recover()
        deliver(installation, connection_id)
        assert (len(server.taken), installation.order(order_id)["status"]) == (1, "CONFIRMED")


def test_an_order_that_is_refused_as_taken_is_held_and_not_in_error(installation, connect):
    server = MisbehavingHTTPServer(
        idempotent=False,
        refuses=lambda order: "Nummer bereits vergeben" if order in server.taken else None,
    )
    with server:
        another = f"{server.url}/orders?reference={{{{ order.external_order_number }}}}"
        connection_id = connect(to(server, find_url=another, found="items[0].id"))
        server.misbehave(DROP_AFTER)
        (order_id,) = installation.pushed()
        deliver(installation, connection_id)
        assert (len(server.taken), installation.order(order_id)["status"]) == (1, "PUSHING")
        export = installation.export(order_id)
        assert export["held_at"] is not None
        assert (export["error_json"]["code"], "vergeben" in export["error_json"]["message"]) == ("PERHAPS_THERE", True)
        assert sum(request.method == "POST" for request in server.received) == 2


@pytest.mark.parametrize(
    ("how", "note"),
    [
        ({}, "Say under 'Not there when' how the API itself says"),
        ({"not_there_statuses": [404]}, "Status 404 of the find URL counts as 'not there', whoever gives it"),
        ({"not_there_when": "message == 'no such order'"}, None),
    ],
)
def test_a_test_tells_whose_404_counts(connector, how, note):
    with MisbehavingHTTPServer() as server:
        server.misbehave(Fault(headers={"Allow": "POST"}, content=b""), method="OPTIONS")
        server.misbehave(status(404, "no such order"), method="GET")
        result = connector.test_connection(to(server, **WAYS["find"][1](server), **how))
        assert result.success
        told = result.details.get("note", "")
        assert note in told if note else "404" not in told


def test_orders_are_asked_about_until_they_are_confirmed(installation, connect):
    with MisbehavingHTTPServer() as server:
        settings: dict[str, Any] = {"status_url": f"{server.url}/orders/{{{{ erp_order_id }}}}", "status": "status"}
        settings |= {"confirmed": ["booked"], "refused": ["cancelled"], "status_number": "id"}
        connection_id = connect(to(server, **settings))
        orders = installation.pushed(3)
        installation.work_off(connection_id)
        assert {installation.order(order_id)["status"] for order_id in orders} == {"PUSHED"}

        def poll():
            installation.do("UPDATE erp_connection SET next_poll_at = now()")
            return dict(poll_acks(installation.wiring, installation.org_id, connection_id))

        assert poll() == {}
        server.order_status = "booked"
        assert poll() == {"acknowledge": 3}
        order = installation.order(orders[0])
        assert (order["status"], order["erp_order_id_source"]) == ("CONFIRMED", "erp")
        assert poll() == {}


def late():
    time.sleep(1.5)
    return JSONResponse({"order": {"number": "too late"}})


def cut_short():
    return StreamingResponse(iter([b'{"order": {']), headers={"Content-Length": "100"})


AFTER_TAKING = [
    late,
    cut_short,
    lambda: HTMLResponse("<html><body>Please sign in</body></html>"),
    lambda: Response(b'{"order": {"number": "SO', media_type="application/json"),
    lambda: Response(b"", 201),
    lambda: Response(status_code=204),
    lambda: Response(b'"' + b"9" * 10_000_000 + b'"', media_type="application/json"),
    lambda: JSONResponse({"ok": True}),
    lambda: JSONResponse({"detail": "oops"}, 500),
    lambda: HTMLResponse("<h1>Bad Gateway</h1>", 502),
    lambda: RedirectResponse("/v1/sales-orders/SO-1", 303),
]
BEFORE_TAKING = [
    lambda: HTMLResponse("<h1>Bad Gateway</h1>", 502),
    lambda: JSONResponse({"detail": "slow down"}, 429, {"Retry-After": "0"}),
    lambda: JSONResponse({"detail": "back at noon"}, 503, {"Retry-After": "Fri, 01 Jan 2027 12:00:00 GMT"}),
    lambda: RedirectResponse("/v1/sales-orders", 307),
]


@pytest.mark.parametrize("oauth", [False, True])
def test_a_shop_of_another_make(installation, connect, open_shop, shop_config, oauth):
    shop = open_shop(oauth=oauth, taking=AFTER_TAKING * 2, refusing=BEFORE_TAKING * 2)
    connection_id = connect(shop_config(shop))
    result = check_connection(installation.wiring, installation.org_id, connection_id, ACTOR)
    assert result.success, result
    assert result.details["may_create"] is True
    orders = installation.pushed(30)
    deliver(installation, connection_id)
    assert (shop.taking, shop.refusing) == ([], [])
    shop.tokens.clear()
    orders += installation.pushed(10)
    deliver(installation, connection_id)
    exports = {str(installation.export(order_id)["id"]) for order_id in orders}
    assert {installation.order(order_id)["status"] for order_id in orders} == {"CONFIRMED"}
    assert Counter(order["reference"] for order in shop.orders) == Counter(exports)
    numbers = {installation.order(order_id)["erp_order_id"] for order_id in orders}
    assert numbers == {order["number"] for order in shop.orders}
    assert shop.granted == (2 if oauth else 0)


def test_a_token_that_has_ended_is_fetched_anew_once(connector, open_shop, shop_config):
    shop = open_shop(oauth=True)
    config = shop_config(shop)
    assert connector.export(an_order(), config).success
    shop.tokens.clear()
    assert connector.export(an_order(), config).success
    assert (shop.granted, len(shop.orders)) == (2, 2)


def test_a_token_is_kept_and_renewed_before_it_ends(connector, open_shop, shop_config, monkeypatch):
    shop = open_shop(oauth=True, lifetime=3_600)
    config = shop_config(shop)
    assert all(connector.export(an_order(), config).success for _ in range(3))
    assert shop.granted == 1
    almost_over = SimpleNamespace(monotonic=lambda: time.monotonic() + 3_599, time=time.time)
    for module in (sign_in, tokens):
        monkeypatch.setattr(module, "time", almost_over)
    assert connector.export(an_order(), config).success
    assert (shop.granted, len(shop.orders)) == (2, 4)


def test_connections_are_kept_for_the_next_orders(connector):
    with MisbehavingHTTPServer() as server:
        config = to(server, max_in_flight=3)
        for _ in range(2):
            outcomes = connector.export_many([an_order() for _ in range(20)], config)
            assert all(outcome.success for _, outcome in outcomes)
        assert len(server.taken) == 40
        assert server.connections <= 3


def test_batches_of_one_connection_share_its_requests_under_way(connector):
    with MisbehavingHTTPServer() as server, ThreadPoolExecutor(3) as lanes:
        server.misbehave(*[delayed(0.02)] * 30)
        config = to(server, max_in_flight=2)
        batches = [[an_order() for _ in range(10)] for _ in range(3)]
        outcomes = lanes.map(lambda orders: list(connector.export_many(orders, config)), batches)
        assert all(outcome.success for batch in outcomes for _, outcome in batch)
        assert (len(server.taken), server.connections) == (30, 2)


def test_a_client_that_the_token_server_refuses_needs_a_person(connector, open_shop, shop_config):
    shop = open_shop(oauth=True)
    config = shop_config(shop) | {"client_secret": "wr0ng-secret"}
    with pytest.raises(NeedsAttentionError, match="gives no access token") as refused:
        connector.export(an_order(), config)
    assert "wr0ng-secret" not in str(refused.value.as_json())
    assert not connector.test_connection(config).success
    assert shop.orders == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"test_passes": "contains(scopes, 'admin')"}, "PERMISSION_DENIED"),
        ({"found": "length(hits) == `0`"}, "WRONG_FIND"),
        ({"find_url": "/v1/me?reference={{ delivery.export_id }}", "found": "scopes[0]"}, "WRONG_FIND"),
        ({"find_url": "/token?reference={{ delivery.export_id }}"}, "WRONG_REQUEST"),
        ({"test_url": "/v1/nothing"}, "WRONG_URL"),
        ({"test_url": None, "test_passes": None, "url": "/v1/nothing"}, "WRONG_URL"),
    ],
)
def test_a_test_tells_what_is_wrong(connector, open_shop, shop_config, change, code):
    shop = open_shop()
    full = {name: f"{shop.url}{value}" if str(value).startswith("/") else value for name, value in change.items()}
    result = connector.test_connection(shop_config(shop) | full)
    assert (result.success, result.details["code"]) == (False, code)
    assert result.details["needs_attention"] is True


def test_the_methods_that_a_url_allows_are_believed_unless_it_refused_to_tell(connector, open_shop, shop_config):
    with MisbehavingHTTPServer() as server:
        server.misbehave(Fault(headers={"Allow": "GET, PUT"}, content=b""), method="OPTIONS")
        result = connector.test_connection(to(server))
        assert result.details["code"] == "WRONG_REQUEST"
        server.misbehave(Fault(headers={"Allow": "GET, post"}, content=b""), method="OPTIONS")
        assert connector.test_connection(to(server)).success
    result = connector.test_connection(shop_config(open_shop()) | {"test_url": None, "test_passes": None})
    assert (result.success, result.details["may_create"]) == (True, None)
    assert "Give a test URL" in result.details["note"]


def test_a_test_does_not_wait_as_long_as_a_delivery(connector, monkeypatch):
    monkeypatch.setattr(trial, "PATIENCE", 0.2)
    with MisbehavingHTTPServer() as server:
        server.misbehave(delayed(1.0), method="GET")
        config = to(server, timeout=300, test_url=f"{server.url}/ping")
        started = time.monotonic()
        result = connector.test_connection(config)
        assert time.monotonic() - started < 0.9
        assert "no answer in time" in result.error_message
        assert connector.test_connection(config).success


def test_a_preview_is_the_request_without_what_signs_it(connector, open_shop, shop_config):
    shop = open_shop(oauth=True)
    order = an_order()
    preview = connector.preview(order, shop_config(shop))
    assert preview.destination == f"POST {shop.url}/v1/sales-orders"
    assert preview.headers["Idempotency-Key"] == str(order.delivery.export_id)
    assert json.loads(preview.document.content)["customer"] == "4711"
    assert "Authorization" not in preview.headers
    assert (shop.granted, shop.orders) == (0, [])


@pytest.mark.parametrize(
    "config",
    [{"auth": "bearer", "token": "s3cret t/ken"}, {"auth": "basic", "username": "u", "password": "s3cret t/ken"}],
)
def test_what_a_target_repeats_of_our_secrets_is_hidden(connector, config):
    with MisbehavingHTTPServer() as server:
        for repeated in ("s3cret t/ken", "s3cret%20t%2Fken", "dTpzM2NyZXQgdC9rZW4="):
            server.misbehave(status(422, f"you sent {repeated}, why?"))
            with pytest.raises(RejectedError, match="you sent") as refused:
                connector.export(an_order(), to(server, **config))
            told = f"{refused.value} {refused.value.as_json()}"
            assert repeated not in told or (repeated.endswith("=") and config["auth"] == "bearer")


def test_one_that_hangs_before_it_accepts_is_down(connector):
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = {"url": f"http://127.0.0.1:{listener.getsockname()[1]}/orders", "plain_http": True}
        with pytest.raises(UnavailableError):
            connector.export(an_order(), config)
