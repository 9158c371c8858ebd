"""What an ERP confirms line by line, from the file that it leaves to what a person sees of it and accepts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orderflow.bootstrap import App
from orderflow.domain.access import Role
from orderflow.flow.answers.poll import poll_acks
from orderflow.flow.delivery.push_batch import push_batch

ORDER = {
    "external_order_number": "PO-1",
    "currency": "EUR",
    "requested_delivery_date": "2026-02-01",
    "customer": {"erp_customer_number": "4711"},
    "lines": [
        {"line_no": 1, "internal_sku": "A", "qty": 10, "uom": "M", "unit_price": 1.23},
        {"line_no": 2, "internal_sku": "B", "qty": 5, "uom": "PCE", "unit_price": 0.1},
    ],
}
CHANGED: list[dict[str, Any]] = [
    {"line_no": 1, "status": "changed", "qty": 8, "schedules": [{"date": "2026-02-08"}]},
    {"line_no": 2, "status": "accepted", "unit_price": 0.1000001},
]
Answer = Callable[..., dict[str, Any]]


@pytest.fixture
def answered(acme: Any, app: App, tmp_path: Path) -> Answer:
    """Deliver an order to a folder, and have the ERP answer it there; returns the order as the API shows it then."""
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
    config = {"mode": "filesystem", "export_path": str(tmp_path / "in"), "ack_path": str(tmp_path / "out")}
    zone = acme.call("POST", "/connectors/dropzone-json-v1", json={"config": config}).json()["id"]
    order = acme.call("POST", "/draft-orders", json=ORDER).json()["id"]
    acme.call("POST", f"/draft-orders/{order}/approve")
    acme.call("POST", f"/draft-orders/{order}/push")
    push_batch(app.wiring, acme.org_id, zone)
    (file,) = (tmp_path / "in").glob("*.json")

    def answer(**fields: Any) -> dict[str, Any]:
        written = {"status": "ACKED", "answer_version": 2, "erp_order_id": "SO-1", **fields}
        (tmp_path / "out" / f"ack_{file.name}").write_text(json.dumps(written), "utf-8")
        poll_acks(app.wiring, acme.org_id, zone)
        return acme.call("GET", f"/draft-orders/{order}").json()  # type: ignore[no-any-return]  # of JSON

    return answer


def test_what_differs_is_shown_beside_what_was_ordered(answered: Answer) -> None:
    order = answered(lines=CHANGED)
    confirmed = order["confirmed"]
    assert (order["status"], order["erp_order_id"]) == ("CONFIRMED", "SO-1")
    assert (order["confirmation"], confirmed["confirmation"], order["differs"]) == ("PARTIAL", "PARTIAL", True)
    assert confirmed["differences"] == [
        {"line_no": 1, "field": "qty", "ordered": "10", "confirmed": "8"},
        {"line_no": 1, "field": "delivery_date", "ordered": "2026-02-01", "confirmed": "2026-02-08"},
        {"line_no": 2, "field": "unit_price", "ordered": "0.1", "confirmed": "0.1000001"},
    ]
    first, second = confirmed["lines"]
    assert (first["qty"], first["schedules"]) == (8, [{"date": "2026-02-08", "qty": None}])
    assert (second["qty"], second["unit_price"]) == (5, 0.1000001)
    assert [line["qty"] for line in order["lines"]] == [10, 5], "what was ordered stays"


def test_a_person_accepts_what_they_looked_at_and_nothing_else(acme: Any, answered: Answer) -> None:
    looked_at = answered(lines=CHANGED)
    path = f"/draft-orders/{looked_at['id']}"
    assert "accept_differences" in looked_at["actions"]
    later = answered(lines=[{"line_no": 2, "status": "rejected"}])
    stale = acme.call("POST", f"{path}/accept-differences", headers={"If-Match": f'"{looked_at["version"]}"'})
    assert stale.json()["error"]["details"]["reason"] == "STALE_VERSION"
    assert acme.call("POST", f"{path}/accept-differences", Role.VIEWER).status_code == 403
    done = acme.call("POST", f"{path}/accept-differences", headers={"If-Match": f'"{later["version"]}"'})
    assert (done.status_code, done.json()["version"]) == (200, later["version"] + 1)
    order = acme.call("GET", path).json()
    assert (order["differs"], order["confirmed"]["accepted_by"] is not None) == (False, True)
    assert "accept_differences" not in order["actions"]
    assert acme.call("POST", f"{path}/accept-differences").status_code == 409
    actions = [event.get("action") for event in acme.call("GET", f"{path}/timeline").json()["items"]]
    assert "DIFFERENCES_ACCEPTED" in actions
    assert answered(lines=CHANGED)["differs"], "another answer has to be accepted anew"


def test_orders_that_differ_are_found(acme: Any, answered: Answer) -> None:
    order = answered(lines=CHANGED)["id"]

    def found(differs: str) -> list[str]:
        return [one["id"] for one in acme.call("GET", f"/draft-orders?differs={differs}").json()["items"]]

    assert (found("true"), found("false")) == ([order], [])
    acme.call("POST", f"/draft-orders/{order}/accept-differences")
    assert (found("true"), found("false")) == ([], [order])


def test_lines_without_version_2_change_nothing_of_what_an_answer_means(answered: Answer) -> None:
    order = answered(lines=CHANGED, answer_version=1)
    assert (order["status"], order["confirmation"], order["confirmed"]) == ("CONFIRMED", None, None)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"lines": [{"line_no": 9, "status": "accepted"}]}, "line 9, which the order does not have"),
        ({"lines": [{"line_no": 1, "status": "accepted", "qty": 11}]}, "confirms 11 of line 1, but 10 were ordered"),
        ({"lines": [{"line_no": 1, "status": "accepted"}], "currency": "USD"}, "in USD, but EUR was ordered"),
        ({"lines": [{"line_no": 1, "status": "accepted"}], "revision": 2}, "revision 1 was sent"),
        ({"lines": [{"line_no": 1, "status": "accepted", "quantity": 1}]}, "unknown field `quantity`"),
    ],
)
def test_an_answer_that_cannot_be_meant_is_told_and_put_away(
    answered: Answer, tmp_path: Path, fields: dict[str, Any], why: str
) -> None:
    order = answered(**fields)
    assert (order["status"], order["confirmation"]) == ("PUSHED", None)
    assert why in order["unreadable_answer"]["reason"]
    (reason,) = (tmp_path / "out" / "error").glob("*.reason.txt")
    assert why in reason.read_text("utf-8")
    better = answered(other_lines="as_ordered")
    assert (better["status"], better["confirmation"]) == ("CONFIRMED", "AS_ORDERED")
    assert better["unreadable_answer"] is None


def test_half_of_the_lines_are_confirmed_and_the_others_told_until_they_are(answered: Answer) -> None:
    order = answered(lines=[{"line_no": 1, "status": "accepted"}])
    assert order["confirmation"] == "PARTIAL"
    unanswered = {"line_no": 2, "field": "status", "ordered": None, "confirmed": "unanswered"}
    assert order["confirmed"]["differences"] == [unanswered]
    order = answered(lines=[{"line_no": 2, "status": "accepted"}])
    assert (order["confirmation"], order["differs"]) == ("AS_ORDERED", False)
