"""OData, written and read."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from orderflow.http import Answer, UnreadableError, odata, read_answer

ID = UUID("0199f3f1-6a7e-7cc3-98c4-dc0c0c07398f")
MOMENT = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)


def answer(value: Any) -> Answer:
    return read_answer(200, {"Content-Type": "application/json"}, json.dumps(value).encode())


@pytest.mark.parametrize(
    ("value", "in_2", "in_4"),
    [
        ("O'Neil & Co", "'O''Neil & Co'", "'O''Neil & Co'"),
        (True, "true", "true"),
        (12, "12", "12"),
        (None, "null", "null"),
        (Decimal("12.50"), "12.50M", "12.50"),
        (Decimal("1E+3"), "1000M", "1000"),
        (date(2026, 1, 5), "datetime'2026-01-05T00:00:00'", "2026-01-05"),
        (MOMENT, "datetimeoffset'2026-01-05T08:30:00Z'", "2026-01-05T08:30:00Z"),
        (ID, f"guid'{ID}'", str(ID)),
    ],
)
def test_a_value_is_written_as_its_version_has_it(value, in_2, in_4):
    assert odata.literal(value, 2) == in_2
    assert odata.literal(value, 4) == in_4


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), datetime(2026, 1, 5)])  # noqa: DTZ001  # the fault
def test_what_is_no_value_is_refused(value):
    with pytest.raises(ValueError, match="must"):
        odata.literal(value)


def test_nothing_gets_out_of_a_key_or_a_filter():
    assert odata.key("a/b' or '1'='1") == "('a%2Fb''%20or%20''1''%3D''1')"
    assert odata.key(SalesOrder="1", SalesOrderItem="10") == "(SalesOrder='1',SalesOrderItem='10')"
    assert odata.equal(2, Name="x' or 1 eq 1", Amount=Decimal(1)) == "Name eq 'x'' or 1 eq 1' and Amount eq 1M"
    assert odata.any_of("Name", ["a", "b'"]) == "(Name eq 'a' or Name eq 'b''')"
    assert odata.query({"$filter": "a eq 'b+&#'", "$top": 5, "$skip": None, "$select": ["x", "y"]}) == (
        "$filter=a%20eq%20%27b%2B%26%23%27&$top=5&$select=x%2Cy"
    )
    with pytest.raises(ValueError, match="needs a value"):
        odata.any_of("Name", [])


def test_an_entity_with_all_that_belongs_to_it_stays_exact():
    entity = {"Price": Decimal("98765432109876.5432"), "On": date(2031, 7, 17), "to_Item": [{"Id": ID, "Ok": True}]}
    assert odata.encode(entity, 2) == (
        b'{"Price":"98765432109876.5432","On":"/Date(1942012800000)/","to_Item":[{"Id":"%b","Ok":true}]}'
        % str(ID).encode()
    )
    assert odata.encode({"Price": Decimal("98765432109876.5432"), "On": date(2031, 7, 17)}) == (
        b'{"Price":98765432109876.5432,"On":"2031-07-17"}'
    )
    assert odata.encode({"At": MOMENT}, 2) == b'{"At":"/Date(1767601800000+0000)/"}'
    with pytest.raises(TypeError, match="float"):
        odata.encode({"Price": 1.5})


def test_days_and_numbers_are_read_exactly():
    assert odata.day_of("/Date(1942012800000)/") == odata.day_of("2031-07-17") == date(2031, 7, 17)
    assert odata.day_of("/Date(-86400000)/") == date(1969, 12, 31)
    assert odata.day_of("") is None
    assert odata.number_of(None) is None
    assert odata.number_of("12.500") == Decimal("12.5")
    for read, value in ((odata.day_of, "soon"), (odata.day_of, "/Date(999999999999999)/"), (odata.number_of, "x")):
        with pytest.raises(UnreadableError):
            read(value)
    with pytest.raises(UnreadableError):
        odata.number_of("Infinity")


@pytest.mark.parametrize(
    "value", [None, [], {}, {"items": []}, {"d": {}}, {"d": None}, {"d": {"results": [1]}}, {"error": {"code": "x"}}]
)
def test_what_is_no_list_is_never_an_empty_one(value):
    with pytest.raises(UnreadableError):
        odata.page_in(answer(value))


def test_pages_are_read_to_the_end_on_the_same_server_and_not_for_ever():
    there: dict[str, Any] = {
        "https://erp.example/s/A?$top=1": {"d": {"results": [{"n": 1}], "__next": "A?$skiptoken=1"}},
        "https://erp.example/s/A?$skiptoken=1": {"value": [{"n": 2}], "@odata.nextLink": "A?$skiptoken=2"},
        "https://erp.example/s/A?$skiptoken=2": {"d": [{"n": 3}]},
        "https://erp.example/s/B": {"value": [], "@odata.nextLink": "B"},
        "https://erp.example/s/C": {"value": [], "@odata.nextLink": "https://other.example/s/C"},
    }
    rows = odata.pages("https://erp.example/s/A?$top=1", lambda url: answer(there[url]))
    assert [row["n"] for row in rows] == [1, 2, 3]
    for name in "BC":
        with pytest.raises(UnreadableError):
            list(odata.pages(f"https://erp.example/s/{name}", lambda url: answer(there[url])))


def test_a_service_without_next_pages_is_asked_on_until_it_gives_fewer():
    first = "https://erp.example/s/A?$top=2"
    there = {first: [1, 2], f"{first}&$skip=2": [3, 4], f"{first}&$skip=4": [5]}
    rows = odata.pages(first, lambda url: answer({"d": {"results": [{"n": n} for n in there[url]]}}), by=2)
    assert [row["n"] for row in rows] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("limit", ["MOST_PAGES", "MOST_BYTES", "LONGEST_READ"])
def test_a_service_that_always_gives_more_comes_to_an_end(monkeypatch, limit):
    monkeypatch.setattr(odata, limit, 0 if limit == "LONGEST_READ" else 100)
    endless = odata.pages("https://erp.example/s/A?$top=1", lambda _: answer({"value": [{"n": 1}]}), by=1)
    with pytest.raises(UnreadableError):
        list(endless)


def test_an_entity_and_its_version_are_read():
    there = odata.entity_in(answer({"d": {"__metadata": {"etag": 'W/"1"'}, "N": "1"}}))
    assert there["N"] == "1"
    assert odata.etag_of(there) == 'W/"1"'
    assert odata.etag_of({"@odata.etag": 'W/"2"'}) == 'W/"2"'
    assert odata.etag_of({}) is None
    nothing: list[Any] = [[], {"error": {"message": "no"}}, {"d": []}]
    for value in nothing:
        with pytest.raises(UnreadableError):
            odata.entity_in(answer(value))


def test_what_an_error_says_is_told_once_with_its_code_and_severity():
    in_2 = {
        "code": "VP/199",
        "message": {"lang": "en", "value": "Sold-to party  unknown"},
        "innererror": {
            "errordetails": [
                {"code": "VP/199", "message": "Sold-to party unknown", "severity": "error"},
                {"code": "V1/555", "message": "Fill in the plant", "severity": "warning", "target": "Plant"},
            ]
        },
    }
    first, second = odata.messages_in(answer({"error": in_2}))
    assert (first.text, first.code) == ("Sold-to party unknown", "VP/199")
    assert (second.text, second.severity, second.target) == ("Fill in the plant", "warning", "Plant")
    in_4 = {"code": "x", "message": "No", "details": [{"message": "Really"}, "odd", {"message": 5}]}
    assert [message.text for message in odata.messages_in(answer({"error": in_4}))] == ["No", "Really"]
    assert odata.messages_in(answer({"error": "no"})) == odata.messages_in(Answer(500)) == []
