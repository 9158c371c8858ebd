"""What is wrong with rules is told with its place, and what can never matter before it surprises anybody."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from orderflow.domain.errors import InputError
from orderflow.domain.routing.hints import hints
from orderflow.domain.routing.rules import MOST_CONDITIONS, MOST_RULES, read_rules

HERE, THERE = UUID(int=1), UUID(int=2)
GERMANY = {"field": "ship_to.country", "operator": "=", "value": "DE"}


def rule(when: Any, name: str = "R", **changes: Any) -> dict[str, Any]:
    return {"name": name, "when": when, "connection_id": str(HERE), **changes}


def faults(*given: Any) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as caught:
        read_rules(given, [HERE, THERE])
    assert caught.value.code == "RULES_UNUSABLE"
    return [(one["field"], one["message"]) for one in caught.value.details["fields"]]


def condition(field: str, operator: str, *value: Any, **more: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, **({"value": value[0]} if value else {}), **more}


def test_good_rules_are_read() -> None:
    first, second = read_rules([rule({"all": []}), rule(GERMANY, "S", fallback_id=str(THERE))], [HERE, THERE])
    assert (first.name, first.connection_id, first.fallback_id) == ("R", HERE, None)
    assert second.fallback_id == THERE


@pytest.mark.parametrize(
    ("given", "place", "says"),
    [
        (rule(GERMANY, connection_id=str(UUID(int=3))), "connection_id", "names no connection"),
        (rule(GERMANY, connection_id="SAP"), "connection_id", "is not the id"),
        (rule(GERMANY, fallback_id=str(HERE)), "fallback_id", "is the connection itself"),
        (rule(GERMANY, fallback_id=str(UUID(int=3))), "fallback_id", "names no connection"),
        (rule(GERMANY, name=" "), "name", "must not be blank"),
        (rule(GERMANY, color="red"), "color", "is not known here"),
        (rule(None), "when", "must be a condition"),
        (rule({"any": []}), "when.any", "no order can fit"),
        (rule({"all": [GERMANY, 5]}), "when.all[1]", "must be a condition"),
        (rule({"all": [], "any": [GERMANY]}), "when.any", "is not known here"),
        (rule(condition("ship_to.country!", "=", "DE")), "when.field", "is no field of an order: 'ship_to.country!'"),
        (rule({"not": condition("order.colour", "=", "red")}), "when.not.field", "is no field"),
        (rule(condition("order.currency", "<", "EUR")), "when.operator", "for a text"),
        (rule(condition("totals.amount", "contains", "1")), "when.operator", "for a number"),
        (rule(condition("totals.amount", ">", "many")), "when.value", "must be a number"),
        (rule(condition("totals.amount", ">", "NaN")), "when.value", "must be a number"),
        (rule(condition("totals.amount", ">", "١٢")), "when.value", "must be a number"),
        (rule(condition("totals.amount", ">", True)), "when.value", "must be a text"),
        (rule(condition("totals.amount", ">")), "when.value", "must be a text"),
        (rule(condition("order.order_date", "=", "2026-02-30")), "when.value", "must be a date"),
        (rule(condition("order.order_date", "=", "31.01.2026")), "when.value", "must be a date"),
        (rule(condition("order.currency", "=", "  ")), "when.value", "must not be blank"),
        (rule(condition("order.currency", "=", ["EUR"])), "when.value", "must be a text"),
        (rule(condition("order.currency", "in", "EUR")), "when.value", "must be a list"),
        (rule(condition("order.currency", "in", [])), "when.value", "must hold 1 to"),
        (rule(condition("order.currency", "in", ["EUR", ""])), "when.value[1]", "must not be blank"),
        (rule(condition("totals.amount", "between", ["5"])), "when.value", "must be [from, to]"),
        (rule(condition("totals.amount", "between", ["5", "1"])), "when.value", "ends before it begins"),
        (rule(condition("customer.erp_customer_number", "between", ["A", "B"])), "when.value[0]", "digits only"),
        (rule(condition("order.currency", "is_empty", "EUR")), "when.value", "says nothing"),
        (rule(condition("order.currency", "=", "EUR", lines="any")), "when.lines", "says nothing"),
        (rule(condition("lines.qty", ">", 5, lines="most")), "when.lines", "must be any or all"),
        (rule(condition("order.currency", "=", "x" * 201)), "when.value", "is longer"),
        (rule({"all": [GERMANY] * (MOST_CONDITIONS + 1)}), "when.all", "has 101 conditions"),
        (rule({"all": [{"all": [GERMANY] * 60}, {"all": [GERMANY] * 60}]}), "when", "has 120 conditions"),
        (rule({"not": {"not": {"not": {"not": {"not": GERMANY}}}}}), "when.not.not.not.not.not", "more than 5 groups"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(given: Any, place: str, says: str) -> None:
    ((where, message), *_) = faults(rule(GERMANY, "first"), given)
    assert where == f"rules[1].{place}"
    assert says in message


def test_all_faults_are_told_at_once_and_too_many_rules_are_one() -> None:
    assert [place for place, _ in faults(rule(5), rule(6, "S"), "x")] == ["rules[0].when", "rules[1].when", "rules[2]"]
    assert faults(rule(GERMANY), rule(GERMANY, "r")) == [("rules[1].name", "is the name of an earlier rule too")]
    assert faults(*[rule(GERMANY)] * (MOST_RULES + 1)) == [("rules", f"are more than {MOST_RULES}")]


def hidden(*whens: Any) -> list[tuple[int, int | None]]:
    found = hints(read_rules([rule(when, f"R{number}") for number, when in enumerate(whens)]))
    return [(one.number, one.hidden_by) for one in found]


NUMBER, AMOUNT = "customer.erp_customer_number", "totals.amount"


def test_rules_that_no_order_can_fit_are_told() -> None:
    french = condition("ship_to.country", "in", ["FR", "BE"])
    low, high = condition(AMOUNT, "<", 100), condition(AMOUNT, ">=", 100)
    codes = [condition(NUMBER, "between", ["1", "9"]), condition(NUMBER, "=", "10")]
    assert hidden({"all": [GERMANY, french]}) == [(0, None)]
    assert hidden({"all": [low, {"all": [high]}]}) == [(0, None)]
    assert hidden({"any": [{"all": [low, high]}, {"all": codes}]}) == [(0, None)]
    assert hidden({"any": [GERMANY, french]}) == []
    assert hidden({"all": [condition(AMOUNT, "<=", 100), high]}) == []


def test_rules_that_an_earlier_one_hides_are_told() -> None:
    both = condition("ship_to.country", "in", ["de", "AT"])
    narrow = {"all": [GERMANY, condition("order.notes", "contains", "express")]}
    assert hidden(both, narrow) == [(1, 0)]
    assert hidden(narrow, both) == []
    assert hidden({"all": []}, GERMANY) == [(1, 0)]
    assert hidden(condition(AMOUNT, ">", 5), condition(AMOUNT, "between", [6, 9])) == [(1, 0)]
    assert hidden(condition(AMOUNT, ">", 5), condition(AMOUNT, "between", [5, 9])) == []
    assert hidden(condition(AMOUNT, "between", [1, 9]), condition(AMOUNT, "in", ["1.0", "9"])) == [(1, 0)]
    assert hidden({"any": [GERMANY, both]}, {"any": [GERMANY, {"all": [both, GERMANY]}]}) == [(1, 0)]
    assert hidden(condition("lines.uom", "=", "M"), condition("lines.uom", "=", "M")) == [], (
        "of lines it is not decided"
    )
    assert hidden({"not": GERMANY}, {"not": GERMANY}) == [], "nor of what must not be"
