"""Reads rules as a person wrote them, and tells what is wrong with them, each fault with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from orderflow.domain.faults import Faults, quoted
from orderflow.domain.routing.conditions import (
    LISTS,
    OPERATORS,
    WITHOUT_VALUE,
    Condition,
    Group,
    Node,
    Not,
    Of,
    Operator,
    as_number,
    conditions_in,
)
from orderflow.domain.routing.fields import Field, FieldKind, field_named, folded
from orderflow.domain.text import name_for_people

MOST_RULES = 500
MOST_CONDITIONS = 100
"""Of one rule."""

MOST_VALUES = 1_000
"""Of one condition."""

MOST_VALUES_IN_ALL = 50_000
LONGEST_VALUE = 200
"""Characters."""

DEEPEST = 5
"""Groups within groups."""

_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,10})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: which orders it is for, and where they go.

    Attributes:
        fallback_id: Where they go while that connection delivers nothing; None: they wait for it.
    """

    name: str
    when: Node
    connection_id: UUID
    fallback_id: UUID | None = None


def read_rules(given: Sequence[Any], known: Collection[UUID] | None = None) -> list[Rule]:
    """Return the rules that a list of JSON objects means.

    Args:
        known: The ids of the connections there are; None: whether they are there is not looked at.

    Raises:
        InputError: Something is wrong with them; `details.fields` names each place and what is wrong there.
    """
    faults = Faults()
    if len(given) > MOST_RULES:
        faults.add("rules", f"are more than {MOST_RULES}")
        given = ()
    rules = [_rule(one, f"rules[{number}]", known, faults) for number, one in enumerate(given)]
    _compare_names([rule for rule in rules if rule], faults)
    values = sum(len(condition.values) for rule in rules if rule for condition in conditions_in(rule.when))
    if values > MOST_VALUES_IN_ALL:
        faults.add("rules", f"hold {values} values, more than {MOST_VALUES_IN_ALL}")
    faults.refuse("rules", "RULES_UNUSABLE")
    return [rule for rule in rules if rule]


def rules_naming(rules: Sequence[Rule], connection_id: UUID) -> list[str]:
    """Return the names of the rules that lead to a connection."""
    return [rule.name for rule in rules if connection_id in (rule.connection_id, rule.fallback_id)]


def _compare_names(rules: Sequence[Rule], faults: Faults) -> None:
    seen: set[str] = set()
    for number, rule in enumerate(rules):
        if rule.name.lower() in seen:
            faults.add(f"rules[{number}].name", "is the name of an earlier rule too")
        seen.add(rule.name.lower())


def _rule(given: Any, place: str, known: Collection[UUID] | None, faults: Faults) -> Rule | None:
    if not faults.has_only(given, place, ("name", "when", "connection_id", "fallback_id")):
        return None
    name = _name(given.get("name"), f"{place}.name", faults)
    when = _node(given.get("when"), f"{place}.when", 1, faults)
    connection = _connection(given.get("connection_id"), f"{place}.connection_id", known, faults)
    fallback = None
    if given.get("fallback_id") is not None:
        fallback = _connection(given["fallback_id"], f"{place}.fallback_id", known, faults)
        if fallback and fallback == connection:
            faults.add(f"{place}.fallback_id", "is the connection itself")
    count = sum(1 for _ in conditions_in(when)) if when else 0
    if count > MOST_CONDITIONS:
        faults.add(f"{place}.when", f"has {count} conditions, more than {MOST_CONDITIONS}")
    return Rule(name, when, connection, fallback) if name and when and connection else None


def _name(given: Any, place: str, faults: Faults) -> str | None:
    try:
        return name_for_people(given if isinstance(given, str) else "")
    except ValueError as error:
        faults.add(place, str(error))
        return None


def _connection(given: Any, place: str, known: Collection[UUID] | None, faults: Faults) -> UUID | None:
    try:
        found = given if isinstance(given, UUID) else UUID(given)
    except (ValueError, TypeError, AttributeError):
        faults.add(place, "is not the id of a connection")
        return None
    if known is not None and found not in known:
        faults.add(place, f"names no connection: {found} is not there, or was deleted")
    return found


def _node(given: Any, place: str, depth: int, faults: Faults) -> Node | None:
    if depth > DEEPEST:
        faults.add(place, f"has more than {DEEPEST} groups within each other")
    elif not isinstance(given, Mapping):
        faults.add(place, 'must be a condition, or {"all": […]}, {"any": […]} or {"not": …}')
    elif "all" in given or "any" in given:
        return _group(given, place, depth, faults)
    elif "not" in given:
        if faults.has_only(given, place, ("not",)):
            part = _node(given["not"], f"{place}.not", depth + 1, faults)
            return Not(part) if part else None
    else:
        return _condition(given, place, faults)
    return None


def _group(given: Mapping[str, Any], place: str, depth: int, faults: Faults) -> Group | None:
    how = "all" if "all" in given else "any"
    parts = given[how]
    if not faults.has_only(given, place, (how,)):
        return None
    if not isinstance(parts, list):
        faults.add(f"{place}.{how}", "must be a list")
        return None
    if how == "any" and not parts:
        faults.add(f"{place}.any", "is empty, so that no order can fit")
        return None
    if len(parts) > MOST_CONDITIONS:
        faults.add(f"{place}.{how}", f"has {len(parts)} conditions, more than {MOST_CONDITIONS}")
        return None
    nodes = [_node(part, f"{place}.{how}[{number}]", depth + 1, faults) for number, part in enumerate(parts)]
    return Group(how == "all", tuple(node for node in nodes if node))


def _condition(given: Mapping[str, Any], place: str, faults: Faults) -> Condition | None:
    if not faults.has_only(given, place, ("field", "operator", "value", "lines")):
        return None
    asked = field_named(given["field"]) if isinstance(given.get("field"), str) else None
    if asked is None:
        faults.add(f"{place}.field", f"is no field of an order: {quoted(given.get('field'))}")
        return None
    allowed = OPERATORS[asked.kind]
    operator = next((one for one in allowed if one == given.get("operator")), None)
    if operator is None:
        faults.add(f"{place}.operator", f"must be one of {', '.join(allowed)} for a {asked.kind}")
        return None
    values = _values(asked, operator, given.get("value"), f"{place}.value", faults)
    lines = _lines(asked, given.get("lines"), f"{place}.lines", faults)
    return None if values is None else Condition(asked, operator, values, lines, place)


def _lines(asked: Field, given: Any, place: str, faults: Faults) -> Of | None:
    if not asked.of_lines:
        if given is not None:
            faults.add(place, f"says nothing: {asked.name} is no field of lines")
        return None
    if given is None:
        return Of.ANY
    if given not in tuple(Of):
        faults.add(place, "must be any or all")
        return None
    return Of(given)


def _values(asked: Field, operator: Operator, given: Any, place: str, faults: Faults) -> tuple[Any, ...] | None:
    if operator in WITHOUT_VALUE:
        if given is not None:
            faults.add(place, f"says nothing: {operator} takes none")
        return ()
    if operator in LISTS or operator is Operator.BETWEEN:
        return _several(asked, operator, given, place, faults)
    value = _value(_READ[asked.kind, False], given, place, faults)
    return None if value is None else (value,)


def _several(asked: Field, operator: Operator, given: Any, place: str, faults: Faults) -> tuple[Any, ...] | None:
    between = operator is Operator.BETWEEN
    if not isinstance(given, list) or (between and len(given) != 2):  # both ends
        faults.add(place, "must be [from, to]" if between else "must be a list")
        return None
    if not 1 <= len(given) <= MOST_VALUES:
        faults.add(place, f"must hold 1 to {MOST_VALUES} values")
        return None
    read = _READ[asked.kind, between]
    values = [_value(read, one, f"{place}[{number}]", faults) for number, one in enumerate(given)]
    if any(value is None for value in values):
        return None
    if between and values[0] > values[1]:
        faults.add(place, "ends before it begins, so that nothing can fit")
        return None
    return tuple(values)


def _value(read: Callable[[str], Any], given: Any, place: str, faults: Faults) -> Any:
    text = str(given) if isinstance(given, str | int | Decimal) and not isinstance(given, bool) else None
    if text is None:
        faults.add(place, "must be a text, a number or a date, as a text")
        return None
    if len(text) > LONGEST_VALUE:
        faults.add(place, f"is longer than {LONGEST_VALUE} characters")
        return None
    try:
        return read(text)
    except ValueError as error:
        faults.add(place, str(error))
        return None


def _text(given: str) -> str:
    if (text := folded(given)) is None:
        raise ValueError("must not be blank; is_empty asks for that")
    return text


def _number(given: str) -> Decimal:
    if not _NUMBER.fullmatch(given.strip()):
        raise ValueError("must be a number, such as 1250.50")
    try:
        return Decimal(given.strip())
    except InvalidOperation:
        raise ValueError("must be a number, such as 1250.50") from None


def _date(given: str) -> date:
    if not _DATE.fullmatch(given.strip()):
        raise ValueError("must be a date, such as 2026-01-31")
    try:
        return date.fromisoformat(given.strip())
    except ValueError:
        raise ValueError("must be a date, such as 2026-01-31") from None


def _digits(given: str) -> int:
    if (number := as_number(given.strip())) is None:
        raise ValueError("must be digits only: of text, between compares codes of digits")
    return number


_READ: dict[tuple[FieldKind, bool], Callable[[str], Any]] = {
    (FieldKind.TEXT, False): _text,
    (FieldKind.TEXT, True): _digits,
    (FieldKind.NUMBER, False): _number,
    (FieldKind.NUMBER, True): _number,
    (FieldKind.DATE, False): _date,
    (FieldKind.DATE, True): _date,
}
"""By the kind of the field, and whether the operator is `between`."""
