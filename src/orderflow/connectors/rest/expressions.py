"""JMESPath expressions over answers: what they pick, and whether "nothing" is what the answer says or what it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orderflow.domain.errors import InDoubtError
from orderflow.formats.expressions import ExpressionError, compiled, search


def pick(expression: str, value: Any) -> Any:
    """Return what an expression picks from `value`; None if it does not apply.

    Raises:
        InDoubtError: It costs more than it may, or meets several values of one name: nobody knows what it picks.
    """
    try:
        return search(expression, value)
    except ExpressionError as error:
        raise InDoubtError(
            str(error),
            code="ANSWER_UNREADABLE",
            hint="Look in the ERP whether the order is there, then resolve it. Simplify the expression in the "
            "connection, or have the API give each name once.",
        ) from None


def clearly_nothing(expression: str, value: Any) -> bool:
    """Return whether `value` has the place where the expression looks, and there is nothing in it.

    `items[0].id` of `{"items": []}` is clearly nothing; of `{"message": "overloaded"}` it says nothing.
    """
    return _is_empty(compiled(expression), value)


def _is_empty(node: dict[str, Any], value: Any) -> bool:
    kind, children = node["type"], node["children"]
    if kind == "or_expression":
        return any(_is_empty(child, value) for child in children)
    if kind in ("field", "subexpression"):
        names = _fields(node)
        return _is_empty_way(children, value) if names is None else _has_empty_place(names, value)
    if kind in ("index_expression", "projection", "filter_projection", "flatten", "pipe", "value_projection"):
        return _is_empty_list(node, value)
    return _has_places(node, value)  # a comparison, a function: it has decided, if it had something to decide on


def _is_empty_way(steps: list[dict[str, Any]], value: Any) -> bool:
    """Return whether a path as `data.orders.nodes[0].id` ends in nothing at one of its steps."""
    for step in steps:
        if step["type"] != "field":
            return _is_empty(step, value)
        if not isinstance(value, dict) or step["value"] not in value:
            return False
        value = value[step["value"]]
        if value in (None, "", [], {}):
            return True
    return False


_PICKS = ("index_expression", "projection", "filter_projection", "flatten", "pipe", "value_projection", "slice")


def clearly_false(expression: str, value: Any) -> bool:
    """Return whether an expression that is false says so of something.

    `total > `0`` is false of `{"total": 0}`, and of `{"message": "overloaded"}` too, which says nothing.
    """
    node = compiled(expression)
    picks = node["type"] in ("field", "subexpression", *_PICKS)  # the answer itself says false
    return picks or _has_places(node, value)


def _has_places(node: dict[str, Any], value: Any) -> bool:
    """Return whether `value` has the places that an expression decides on."""
    kind, children = node["type"], node["children"]
    if kind == "literal":
        return True
    if kind in ("current", "identity"):
        return isinstance(value, dict | list | bool)
    if kind in ("field", "subexpression") and (names := _fields(node)) is not None:
        return _at(names, value) is not None
    if kind in ("subexpression", *_PICKS):  # what is picked from a list depends on what is in it
        return _has_places(children[0], value)
    if kind == "or_expression":
        return any(_has_places(child, value) for child in children if child["type"] != "literal")
    return all(_has_places(child, value) for child in children)


def names_in(expression: str) -> frozenset[str]:
    """Return the names of the fields that an expression looks at; none of an empty one."""
    return frozenset(_names(compiled(expression))) if expression else frozenset()


def _names(node: dict[str, Any]) -> Iterator[str]:
    if node["type"] == "field":
        yield node["value"]
    for child in node["children"]:
        yield from _names(child)


def _at(names: list[str], value: Any) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _fields(node: dict[str, Any]) -> list[str] | None:
    """Return the names of a path such as `data.order.number`; None if it is something else."""
    if node["type"] == "field":
        return [node["value"]]
    parts = [_fields(child) for child in node["children"]] if node["type"] == "subexpression" else [None]
    return None if None in parts else [name for part in parts for name in part or ()]


def _has_empty_place(names: list[str], value: Any) -> bool:
    for name in names:
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
        if value in (None, "", [], {}):
            return True
    return value is False


def _is_empty_list(node: dict[str, Any], value: Any) -> bool:
    """Return whether the list that is picked from is there, and empty, or filtered to nothing."""
    filtered = False
    while node["type"] not in ("field", "identity", "current"):
        if node["type"] == "subexpression" and _fields(node) is not None:
            break
        filtered = filtered or node["type"] == "filter_projection"
        if not node["children"]:
            return False
        node = node["children"][0]
    names = _fields(node) if node["type"] in ("field", "subexpression") else []
    for name in names or ():
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return value is None or (isinstance(value, list | dict) and (filtered or not value))
