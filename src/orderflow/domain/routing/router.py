"""Decides where an order goes: the first rule that fits. Rules are prepared once and asked often.

Most rules ask whether one field has one of some values, or is in a range. Such a condition is not asked rule by rule:
of each field that rules ask like this, one look says which rules are still in question (a bit for each rule), and only
those are asked.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orderflow.domain.orders import DraftOrder
from orderflow.domain.routing.conditions import (
    Condition,
    Group,
    Node,
    Not,
    Of,
    Operator,
    as_number,
    conditions_in,
    fits,
)
from orderflow.domain.routing.fields import Field, FieldKind, field_named
from orderflow.domain.routing.ranges import RANGES, Ranges, joined
from orderflow.domain.routing.rules import Rule

SHOWN_LINES = 10
"""Of the lines of an order, that many values are kept with a decision."""


class Facts(dict[str, Any]):
    """What is known of one order, by the name of the field; read when it is first asked for."""

    def __init__(self, order: DraftOrder) -> None:
        super().__init__()
        self.order = order

    def __missing__(self, name: str) -> Any:
        asked = field_named(name)
        if asked is None:
            raise KeyError(name)
        value = self[name] = asked.fact(self.order)
        return value


Test = Callable[[Facts], bool]
_LISTED = (Operator.EQUAL, Operator.IN)


@dataclass(frozen=True, slots=True)
class Decision:
    """The rule that fits, where it stands (from 0), and what of the order it looked at."""

    rule: Rule
    number: int
    facts: dict[str, str | list[str] | None]


class Router:
    """The rules of one organization, ready to be asked."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._tests = [_test(rule.when) for rule in rules]
        self._every = (1 << len(rules)) - 1
        self._looks = list(_looks(rules, self._every))

    def decide(self, order: DraftOrder) -> Decision | None:
        """Return the first rule that fits; None if none does."""
        facts = Facts(order)
        in_question = self._every
        for name, look in self._looks:
            in_question &= look(facts[name])
        while in_question:
            number = (in_question & -in_question).bit_length() - 1
            if self._tests[number](facts):
                rule = self.rules[number]
                return Decision(rule, number, shown_facts(rule.when, order))
            in_question &= in_question - 1
        return None


def shown_facts(when: Node, order: DraftOrder) -> dict[str, str | list[str] | None]:
    """Return the values that conditions ask for, as they came."""
    return {condition.field.name: shown(condition.field, order) for condition in conditions_in(when)}


def shown(asked: Field, order: DraftOrder) -> str | list[str] | None:
    """Return a field's value as text, as it came; of lines the first `SHOWN_LINES`."""
    value = asked.read(order)
    if asked.of_lines:
        return ["" if one is None else str(one) for one in value[:SHOWN_LINES]]
    return None if value is None else str(value)


Look = Callable[[Any], int]
"""Returns the rules that are still in question where a field has this value."""


def _looks(rules: Sequence[Rule], every: int) -> Iterator[tuple[str, Look]]:
    """Yield the fields that are looked at, and what each look leaves."""
    demanded: dict[tuple[str, bool], dict[int, list[Condition]]] = defaultdict(lambda: defaultdict(list))
    for number, rule in enumerate(rules):
        for condition in _demanded(rule.when):
            demanded[condition.field.name, condition.operator in RANGES][number].append(condition)
    for (name, ranges), by_rule in demanded.items():
        otherwise = every & ~sum(1 << number for number in by_rule)
        yield name, (_look_at_ranges if ranges else _look_at_values)(by_rule, otherwise)


def _look_at_values(by_rule: Mapping[int, Sequence[Condition]], otherwise: int) -> Look:
    by_value: dict[Any, int] = {}
    for number, conditions in by_rule.items():
        for value in set.intersection(*(set(condition.values) for condition in conditions)):
            by_value[value] = by_value.get(value, otherwise) | 1 << number
    return lambda value: by_value.get(value, otherwise)


def _look_at_ranges(by_rule: Mapping[int, Sequence[Condition]], otherwise: int) -> Look:
    ranges = Ranges({number: joined(conditions) for number, conditions in by_rule.items()})
    codes = any(condition.field.kind is FieldKind.TEXT for conditions in by_rule.values() for condition in conditions)

    def look(value: Any) -> int:
        if codes and value is not None:
            value = as_number(value)
        return otherwise if value is None else otherwise | ranges.holding(value)

    return look


def _demanded(when: Node) -> Iterator[Condition]:
    """Yield the conditions without which a rule cannot fit, as far as a look can answer them."""
    parts = when.parts if isinstance(when, Group) and when.all else (when,)
    for part in parts:
        if isinstance(part, Condition) and part.lines is None and part.operator in (*_LISTED, *RANGES):
            yield part


def _test(node: Node) -> Test:
    match node:
        case Condition():
            return _test_of_lines(node) if node.lines else _test_of_one(node)
        case Not():
            part = _test(node.part)
            return lambda facts: not part(facts)
    parts = [_test(one) for one in node.parts]
    if len(parts) == 1:
        return parts[0]
    join = all if node.all else any
    return lambda facts: join([part(facts) for part in parts])


def _test_of_one(condition: Condition) -> Test:
    name = condition.field.name
    if condition.operator in _LISTED:
        members = frozenset(condition.values)
        return lambda facts: facts[name] in members
    if condition.operator not in _QUICK:
        return lambda facts: fits(condition, facts[name])
    compare, first = _QUICK[condition.operator], condition.values[0]
    return lambda facts: (value := facts[name]) is not None and compare(value, first)


_QUICK: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.NOT_EQUAL: operator.ne,
    Operator.STARTS_WITH: str.startswith,
    Operator.ENDS_WITH: str.endswith,
    Operator.CONTAINS: operator.contains,
}
"""What `fits` does, without asking for the operator each time."""


def _test_of_lines(condition: Condition) -> Test:
    name, members = condition.field.name, frozenset(condition.values)
    listed, of_any = condition.operator in _LISTED, condition.lines is Of.ANY
    if listed and of_any:
        return lambda facts: not members.isdisjoint(facts[name])
    if listed:
        return lambda facts: bool(facts[name]) and members.issuperset(facts[name])
    if of_any:
        return lambda facts: any(fits(condition, value) for value in facts[name])
    return lambda facts: bool(facts[name]) and all(fits(condition, value) for value in facts[name])
