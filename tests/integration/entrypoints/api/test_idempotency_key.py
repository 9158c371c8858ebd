"""A request that is sent again with the same key is done once, and answered with the first answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import text

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.entrypoints.api import once
from orderflow.entrypoints.api.fast import requests
from orderflow.entrypoints.api.once import Once
from orderflow.flow.delivery.push_batch import push_batch
from orderflow.flow.order.accept import accept_orders
from orderflow.storage.work.kept_answers import LONGEST_PART
from tests.integration.entrypoints.api.conftest import Tenant
from tests.waiting import wait_until

NAMELESS = {
    "currency": "EUR",
    "customer": {"erp_customer_number": "4711"},
    "lines": [{"line_no": 1, "internal_sku": "A", "qty": 1, "uom": "PCE"}],
}
"""An order without a number: nothing but the key tells that it is the same one."""

JSONL = "\n".join(json.dumps(order) for order in (NAMELESS, {"lines": 1}, NAMELESS))


def post(acme: Tenant, key: str | None = "k-1", order: Any = NAMELESS, role: Role = Role.ADMIN) -> Response:
    return acme.call("POST", "/draft-orders", role, json=order, headers={"Idempotency-Key": key} if key else {})


def bring(acme: Tenant, content: Any = JSONL, key: str = "k-1") -> Response:
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": key}
    return acme.call("POST", "/draft-orders/import", content=content, headers=headers)


def orders(acme: Tenant) -> int:
    return len(acme.call("GET", "/draft-orders?limit=200").json()["items"])


def do(app: App, statement: str) -> None:
    with app.database.system() as connection:
        connection.execute(text(statement))


def test_the_first_answer_comes_again(acme: Tenant) -> None:
    first, again = post(acme), post(acme)
    assert (again.status_code, again.json(), again.headers["etag"]) == (201, first.json(), first.headers["etag"])
    assert again.headers["content-type"] == "application/json"
    assert orders(acme) == 1
    acme.call("POST", f"/draft-orders/{first.json()['id']}/approve")
    assert post(acme).json() == first.json()


def test_another_request_with_the_same_key_is_refused(acme: Tenant) -> None:
    post(acme)
    for refused in (
        post(acme, order=NAMELESS | {"notes": "x"}),
        acme.call("POST", "/draft-orders?on_duplicate=new", json=NAMELESS, headers={"Idempotency-Key": "k-1"}),
        bring(acme),
    ):
        assert refused.status_code == 422
        assert refused.json()["error"]["details"]["reason"] == "IDEMPOTENCY_KEY_REUSED"
    assert orders(acme) == 1


def test_each_caller_has_keys_of_their_own(acme: Tenant, make_tenant: Callable[[str], Tenant]) -> None:
    other = make_tenant("other")
    assert post(acme).json()["id"] != post(acme, role=Role.OPS).json()["id"]
    assert post(other).status_code == 201
    assert (orders(acme), orders(other)) == (2, 1)


def test_what_was_refused_may_be_corrected_and_sent_with_its_key(acme: Tenant) -> None:
    assert post(acme, order={"lines": 1}).status_code == 422
    assert post(acme).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "ü".encode("latin-1").decode("latin-1"), "k" * 201])
def test_a_key_is_visible_ascii(acme: Tenant, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode("latin-1")}
    sent = acme.client.post(
        "/api/v1/draft-orders",
        json=NAMELESS,
        headers={**headers, b"Authorization": f"Bearer {acme.keys[Role.ADMIN]}".encode()},
    )
    assert sent.status_code == 422
    assert sent.json()["error"]["details"]["fields"][0]["field"] == "Idempotency-Key"


def test_of_many_at_once_one_is_done(acme: Tenant) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(acme), range(16)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    for answer in answers:
        if answer.status_code == 409:
            assert answer.headers["retry-after"] == "2"
            assert answer.json()["error"]["details"]["reason"] == "REQUEST_UNDER_WAY"
    assert post(acme).status_code == 201
    assert orders(acme) == 1


def test_an_order_is_kept_with_its_answer_even_if_the_server_dies_between(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any) -> None:
        raise OSError("the power went out")

    monkeypatch.setattr(Once, "keep", dies)
    assert post(acme).status_code == 500
    assert post(acme).status_code == 201
    assert orders(acme) == 1


def test_so_is_what_became_of_a_doubt_and_every_other_change_in_one_transaction(
    acme: Tenant, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: Any) -> None:
        raise OSError("the power went out")

    mock = acme.call("POST", "/connectors/mock", json={"config": {"mode": "in_doubt"}, "in_doubt": "hold"}).json()["id"]
    order_id = post(acme, key=None).json()["id"]
    for step in ("approve", "push"):
        acme.call("POST", f"/draft-orders/{order_id}/{step}").raise_for_status()
    push_batch(app.wiring, acme.org_id, UUID(mock))
    export = acme.call("GET", f"/draft-orders/{order_id}").json()["latest_export"]["id"]
    for path, body in (
        (f"/exports/{export}/resolve", {"as": "send_again"}),
        (f"/draft-orders/{order_id}/holds", {"reason": "Anna looks"}),
        ("/draft-orders/cancel", {"external_order_number": "PO-9", "reason": "by telephone"}),
    ):
        request: dict[str, Any] = {"json": body, "headers": {"Idempotency-Key": path.rpartition("/")[2]}}
        with monkeypatch.context() as patch:
            patch.setattr(Once, "keep", dies)
            assert acme.call("POST", path, **request).status_code == 500
        do(app, "UPDATE kept_answer SET busy_until = now() - interval '1 second' WHERE busy_until IS NOT NULL")
        if "resolve" in path:  # sent again, and in doubt again
            push_batch(app.wiring, acme.org_id, UUID(mock))
        answer = acme.call("POST", path, **request)
        assert answer.is_success, answer.text
    shown = acme.call("GET", f"/draft-orders/{order_id}").json()
    assert (shown["latest_export"]["held_at"] is not None, len(shown["holds"]), shown["attempts"]) == (True, 1, 2)


def test_a_request_that_died_makes_room_after_a_while(acme: Tenant, app: App) -> None:
    post(acme)
    do(app, "DELETE FROM kept_answer_part")
    do(app, "UPDATE kept_answer SET status = NULL, busy_until = now() + interval '1 minute'")
    assert post(acme).status_code == 409
    do(app, "UPDATE kept_answer SET busy_until = now() - interval '1 second'")
    assert post(acme).status_code == 201
    assert orders(acme) == 2


def test_after_a_day_a_key_means_nothing_any_more_and_is_pruned(acme: Tenant, app: App) -> None:
    post(acme)
    do(app, "UPDATE kept_answer SET created_at = now() - interval '25 hours'")
    post(acme, key="k-2")
    list(app.prune())
    with app.database.transaction(acme.org_id) as connection:
        assert connection.execute(text("SELECT key FROM kept_answer")).scalars().all() == ["k-2"]
    assert post(acme).status_code == 201
    assert orders(acme) == 3


def test_other_changes_are_done_once_too(acme: Tenant) -> None:
    order_id = post(acme, key=None).json()["id"]
    sent = [
        acme.call("POST", f"/draft-orders/{order_id}/{step}", json=body, headers={"Idempotency-Key": step})
        for step, body in (
            ("approve", None),
            ("approve", None),
            ("reject", {"reason": "x"}),
            ("reject", {"reason": "x"}),
        )
    ]
    assert [answer.status_code for answer in sent] == [200] * 4
    assert [answer.json()["status"] for answer in sent] == ["APPROVED", "APPROVED", "REJECTED", "REJECTED"]


def test_an_import_is_done_once_and_its_answer_can_be_read_later(acme: Tenant) -> None:
    first, again = bring(acme), bring(acme)
    assert again.text == first.text
    later = acme.call("GET", "/draft-orders/import/k-1")
    assert (later.status_code, later.text) == (200, first.text)
    for answer in (again, later):
        assert answer.headers["x-orders-accepted"] == "2"
        assert answer.headers["content-type"] == first.headers["content-type"]
        assert answer.headers["x-import-id"] == first.headers["x-import-id"]
    assert orders(acme) == 2
    assert bring(acme, JSONL + "\n{}").status_code == 422
    for nothing in (
        acme.call("GET", "/draft-orders/import/k-2"),
        acme.call("GET", "/draft-orders/import/k-1", Role.OPS),
    ):
        assert nothing.status_code == 404
    post(acme, key="k-3")
    assert acme.call("GET", "/draft-orders/import/k-3").status_code == 404


def test_a_long_answer_is_kept_whole(acme: Tenant) -> None:
    file = "{}\n" * 4_000
    first = bring(acme, file)
    assert len(first.content) > 3 * LONGEST_PART
    assert acme.call("GET", "/draft-orders/import/k-1").content == first.content


def test_an_import_under_way_or_broken_off_says_so(acme: Tenant, app: App) -> None:
    bring(acme)
    do(app, "UPDATE kept_answer SET status = NULL, headers = NULL, busy_until = now() + interval '1 minute'")
    for busy in (bring(acme), acme.call("GET", "/draft-orders/import/k-1")):
        assert (busy.status_code, busy.headers["retry-after"]) == (409, "2")
    do(app, "UPDATE kept_answer SET busy_until = now() - interval '1 second'")
    broken = acme.call("GET", "/draft-orders/import/k-1")
    assert (broken.status_code, broken.json()["error"]["details"]["reason"]) == (409, "IMPORT_BROKEN_OFF")
    assert bring(acme).status_code == 200


LINE = json.dumps(NAMELESS).encode()


def test_an_import_whose_orders_come_slowly_is_under_way(
    acme: Tenant, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "SIGN_SECONDS", 0.0)

    def reason() -> str:
        later = acme.call("GET", "/draft-orders/import/k-1").json()
        return str(later["error"]["details"]["reason"])

    def slowly() -> Iterator[bytes]:
        yield LINE[:10]
        wait_until(lambda: reason() == "REQUEST_UNDER_WAY")
        do(app, "UPDATE kept_answer SET busy_until = now() - interval '1 second'")
        yield LINE[10:20]
        wait_until(lambda: reason() == "REQUEST_UNDER_WAY")
        yield LINE[20:]

    assert bring(acme, slowly()).headers["x-orders-accepted"] == "1"


def test_an_import_whose_place_another_one_took_goes_no_further(
    acme: Tenant, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(once, "SIGN_SECONDS", 0.0)

    def is_taken() -> bool:
        do(app, "UPDATE kept_answer SET busy_until = now() - interval '1 second'")
        return bring(acme).status_code == 200

    def slowly() -> Iterator[bytes]:
        yield LINE[:10]
        wait_until(lambda: acme.call("GET", "/draft-orders/import/k-1").status_code == 409)
        wait_until(is_taken)
        yield LINE[10:]

    late = bring(acme, slowly())
    assert (late.status_code, late.json()["error"]["details"]["reason"]) == (409, "REQUEST_UNDER_WAY")
    assert orders(acme) == 2, "those of the other one"
    assert bring(acme).status_code == 200


def test_an_order_whose_place_another_request_took_is_not_stored(
    acme: Tenant, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(*given: Any) -> Any:
        do(app, "DELETE FROM kept_answer")
        return accept_orders(*given)

    with monkeypatch.context() as patch:
        patch.setattr(requests, "accept_orders", slowly)
        late = post(acme)
    assert (late.status_code, late.headers["retry-after"]) == (409, "2")
    assert late.json()["error"]["details"]["reason"] == "REQUEST_UNDER_WAY"
    assert orders(acme) == 0
    assert post(acme).status_code == 201
    assert orders(acme) == 1


def test_an_import_that_was_cut_is_answered_for_what_came(acme: Tenant, app: App) -> None:
    app.settings.max_import_bytes = len(JSONL) - 20
    cut = bring(acme, iter([JSONL[:-40].encode(), JSONL[-40:].encode()]))
    assert json.loads(cut.text.splitlines()[-1])["error"]["code"] == "BODY_TOO_LARGE"
    assert acme.call("GET", "/draft-orders/import/k-1").text == cut.text


def test_nothing_is_kept_where_secrets_are_answered(acme: Tenant, app: App) -> None:
    headers = {"Idempotency-Key": "k-1"}
    acme.call("POST", "/api-keys", json={"name": "shop", "role": "OPS"}, headers=headers).raise_for_status()
    with app.database.transaction(acme.org_id) as connection:
        assert connection.execute(text("SELECT count(*) FROM kept_answer")).scalar_one() == 0
