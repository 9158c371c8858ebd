"""Tells a person which rule takes an order, and why: every condition of each rule, with what the order has there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orderflow.domain.orders import DraftOrder
from orderflow.domain.routing.conditions import Condition, Group, Node, Not, Of, conditions_in, fits
from orderflow.domain.routing.router import shown
from orderflow.domain.routing.rules import Rule


@dataclass(frozen=True, slots=True)
class TracedCondition:
    """One condition of a rule, and the order.

    Attributes:
        place: Where it stands, as `rules[0].when.all[2]`.
        found: The order's value, as it came; of lines the first ones; None: it is empty.
        fits: By itself: a `not` around it is not counted in.
    """

    place: str
    field: str
    operator: str
    lines: str | None
    found: str | list[str] | None
    fits: bool


@dataclass(frozen=True, slots=True)
class TracedRule:
    """One rule and the order. `takes`: it is the first that fits."""

    number: int
    name: str
    fits: bool
    takes: bool
    conditions: list[TracedCondition]


def trace(rules: Sequence[Rule], order: DraftOrder) -> list[TracedRule]:
    """Return what each rule makes of the order."""
    return list(_traced(rules, order))


def _traced(rules: Sequence[Rule], order: DraftOrder) -> Iterator[TracedRule]:
    taken = False
    for number, rule in enumerate(rules):
        fitting = _fits(rule.when, order)
        conditions = [_condition(one, order) for one in conditions_in(rule.when)]
        yield TracedRule(number, rule.name, fitting, fitting and not taken, conditions)
        taken = taken or fitting


def _condition(condition: Condition, order: DraftOrder) -> TracedCondition:
    found = shown(condition.field, order)
    lines = condition.lines and condition.lines.value
    fitting = _fits(condition, order)
    return TracedCondition(condition.place, condition.field.name, condition.operator.value, lines, found, fitting)


def _fits(node: Node, order: DraftOrder) -> bool:
    match node:
        case Not():
            return not _fits(node.part, order)
        case Group():
            answers = [_fits(part, order) for part in node.parts]
            return all(answers) if node.all else any(answers)
    fact = node.field.fact(order)
    if node.lines is None:
        return fits(node, fact)
    answers = [fits(node, value) for value in fact]
    return any(answers) if node.lines is Of.ANY else bool(answers) and all(answers)
