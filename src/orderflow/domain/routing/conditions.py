"""How a rule asks: conditions on a field, joined by `all`, `any` and `not`.

A condition on a field that is empty is false, whichever its operator, except `is_empty`; `not` turns any answer round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orderflow.domain.routing.fields import Field, FieldKind


class Operator(StrEnum):
    """How a field is compared with a condition's value."""

    EQUAL = "="
    NOT_EQUAL = "!="
    IN = "in"
    NOT_IN = "not_in"
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    BETWEEN = "between"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    CONTAINS = "contains"
    IS_EMPTY = "is_empty"
    IS_NOT_EMPTY = "is_not_empty"


_O = Operator
_ANY_KIND = (_O.EQUAL, _O.NOT_EQUAL, _O.IN, _O.NOT_IN, _O.BETWEEN, _O.IS_EMPTY, _O.IS_NOT_EMPTY)
_IN_ORDER = (_O.LESS, _O.AT_MOST, _O.MORE, _O.AT_LEAST)
OPERATORS: dict[FieldKind, tuple[Operator, ...]] = {
    FieldKind.TEXT: (*_ANY_KIND, _O.STARTS_WITH, _O.ENDS_WITH, _O.CONTAINS),
    FieldKind.NUMBER: (*_ANY_KIND, *_IN_ORDER),
    FieldKind.DATE: (*_ANY_KIND, *_IN_ORDER),
}
"""`between` includes both ends; on text it is for codes of digits, which it compares as numbers."""

WITHOUT_VALUE = (_O.IS_EMPTY, _O.IS_NOT_EMPTY)
LISTS = (_O.IN, _O.NOT_IN)


class Of(StrEnum):
    """How many of an order's lines have to fit; an order without lines fits neither."""

    ANY = "any"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition.

    Attributes:
        lines: Of a field of lines: how many of them have to fit.
        values: As they are compared: one, both ends of `between`, the members of a list, or none.
        place: Where it stands, as `rules[0].when.all[2]`.
    """

    field: Field
    operator: Operator
    values: tuple[Any, ...]
    lines: Of | None
    place: str


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which `all` have to fit, or `any`. Of none, all fit."""

    all: bool
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """What must not fit."""

    part: Node


Node = Condition | Group | Not


def conditions_in(node: Node) -> Iterator[Condition]:
    """Yield every condition, as they are written."""
    match node:
        case Condition():
            yield node
        case Group():
            for part in node.parts:
                yield from conditions_in(part)
        case Not():
            yield from conditions_in(node.part)


def as_number(code: str) -> int | None:
    """Return a code of digits as a number; None if it is none."""
    return int(code) if code.isascii() and code.isdigit() else None


def fits(condition: Condition, value: Any) -> bool:
    """Return whether one value fits, as `Field.fact` gives it, or of lines one of those."""
    if condition.operator is Operator.IS_EMPTY:
        return value is None
    if value is None:
        return False
    if condition.operator is Operator.IS_NOT_EMPTY:
        return True
    return _compared(condition, value)


def _compared(condition: Condition, value: Any) -> bool:  # one line for each operator
    first = condition.values[0]
    match condition.operator:
        case Operator.EQUAL:
            return bool(value == first)
        case Operator.NOT_EQUAL:
            return bool(value != first)
        case Operator.IN:
            return value in condition.values
        case Operator.NOT_IN:
            return value not in condition.values
        case Operator.LESS:
            return bool(value < first)
        case Operator.AT_MOST:
            return bool(value <= first)
        case Operator.MORE:
            return bool(value > first)
        case Operator.AT_LEAST:
            return bool(value >= first)
        case Operator.STARTS_WITH:
            return bool(value.startswith(first))
        case Operator.ENDS_WITH:
            return bool(value.endswith(first))
        case Operator.CONTAINS:
            return first in value
    return _between(condition, value)


def _between(condition: Condition, value: Any) -> bool:
    if condition.field.kind is FieldKind.TEXT:
        value = as_number(value)
    low, high = condition.values
    return value is not None and bool(low <= value <= high)
