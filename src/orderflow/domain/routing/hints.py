"""Tells of rules that can never take an order: none fits them, or an earlier rule takes all that do.

Decided is what follows from `=`, `in` and ranges (`between`, `<`, `<=`, `>`, `>=`) of the same field, one of which an
order has, joined by `all`, or by `any` at the top. All else a rule asks may only leave it fewer orders, so what is told
is always so; that several earlier rules together leave nothing, or that a `not` does, is not found.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from orderflow.domain.routing.conditions import Condition, Group, Node, Operator, fits
from orderflow.domain.routing.ranges import RANGES, joined
from orderflow.domain.routing.rules import Rule


@dataclass(frozen=True, slots=True)
class Hint:
    """One rule that takes no order. `hidden_by`: where the rule stands that takes them all; None: none fits it."""

    number: int
    name: str
    hidden_by: int | None
    message: str


def hints(rules: Sequence[Rule]) -> list[Hint]:
    """Return what is wrong with rules by themselves, in their order."""
    return list(_hints(rules))


def _hints(rules: Sequence[Rule]) -> Iterator[Hint]:
    earlier: list[tuple[int, list[_Case]]] = []
    for number, rule in enumerate(rules):
        cases = [case for case in _cases(rule.when) if not case.impossible]
        if not cases:
            yield Hint(
                number, rule.name, None, f"No order can fit the rule {rule.name!r}: its conditions exclude each other."
            )
            continue
        for other, theirs in earlier:
            if all(any(taken.covers(case) for taken in theirs) for case in cases):
                message = (
                    f"The rule {rule.name!r} takes no order: {rules[other].name!r}, before it, takes all that fit it."
                )
                yield Hint(number, rule.name, other, message)
                break
        earlier.append((number, [case for case in cases if case.exact]))


@dataclass(frozen=True, slots=True)
class _Case:
    """What has to be so of single fields; `exact`: and nothing else has to be."""

    conditions: dict[str, list[Condition]]
    exact: bool

    @property
    def impossible(self) -> bool:
        return any(_none_fits(conditions) for conditions in self.conditions.values())

    def covers(self, other: _Case) -> bool:
        """Return whether all that fits `other` surely fits this one."""
        return all(
            name in other.conditions and all(_follows(condition, other.conditions[name]) for condition in conditions)
            for name, conditions in self.conditions.items()
        )


def _cases(when: Node) -> list[_Case]:
    """Return the ways in which a rule may fit, each with at least the conditions that it has then."""
    if isinstance(when, Group) and not when.all:
        return [_case(part) for part in when.parts]
    return [_case(when)]


def _case(node: Node) -> _Case:
    conditions: dict[str, list[Condition]] = {}
    exact = True
    for part in _joined(node):
        if isinstance(part, Condition) and part.lines is None and part.operator in _DECIDED:
            conditions.setdefault(part.field.name, []).append(part)
        else:
            exact = False
    return _Case(conditions, exact)


def _joined(node: Node) -> Iterator[Node]:
    if isinstance(node, Group) and node.all:
        for part in node.parts:
            yield from _joined(part)
    else:
        yield node


_LISTED = (Operator.EQUAL, Operator.IN)
_DECIDED = (*_LISTED, *RANGES)


def _none_fits(conditions: Sequence[Condition]) -> bool:
    """Return whether no value fits all of these conditions of one field."""
    listed = _members(conditions)
    return not listed if listed is not None else joined(conditions).empty


def _follows(condition: Condition, known: Sequence[Condition]) -> bool:
    """Return whether what fits `known` surely fits this condition of the same field."""
    listed = _members(known)
    if listed is not None:
        return all(fits(condition, value) for value in listed)
    return condition.operator in RANGES and joined(known).within(joined([condition]))


def _members(conditions: Sequence[Condition]) -> list[Any] | None:
    """Return the values that fit all of the conditions; None if none of them lists values."""
    first = next((condition for condition in conditions if condition.operator in _LISTED), None)
    if first is None:
        return None
    return [value for value in first.values if all(fits(condition, value) for condition in conditions)]
