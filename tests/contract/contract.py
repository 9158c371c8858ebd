"""What a client of the HTTP API relies on, out of its OpenAPI document, and what of it a change would break.

Programs rely on operations, parameters, fields and their types; not on words, examples, limits, or on an enumeration
ending where it does. docs/api.md says it as the policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

RELEASED = Path(__file__).with_name("released.json")
"""The contract of the last release: `python -m tests.contract` writes it when one is made."""

Document = dict[str, Any]
Contract = dict[str, Any]


def contract_of(document: Document) -> Contract:
    """Return what clients rely on, in a form that is compared."""
    document = _without_names_of_values(document)
    operations = {
        f"{method.upper()} {path}": _operation(operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    schemas = {name: _fields(schema) for name, schema in document["components"]["schemas"].items()}
    return {"operations": operations, "schemas": schemas}


def _without_names_of_values(document: Document) -> Document:
    """Return the document with enumerations and other single values where they are used: their names say nothing."""
    schemas = document["components"]["schemas"]
    values = {f"#/components/schemas/{name}": one for name, one in schemas.items() if one.get("type") != "object"}

    def used(node: Any) -> Any:
        if isinstance(node, dict):
            value = values.get(node.get("$ref", ""))
            return value or {name: used(inner) for name, inner in node.items()}
        return [used(inner) for inner in node] if isinstance(node, list) else node

    resolved: Document = used(document)
    return resolved


def _operation(operation: Document) -> Contract:
    parameters = operation.get("parameters", ())
    named = {f"{one['in']} {one['name']}": [bool(one.get("required")), _types(one["schema"])] for one in parameters}
    answers = {status: _content(answer) for status, answer in operation["responses"].items()}
    body = operation.get("requestBody", {})
    return {
        "id": operation["operationId"],
        "parameters": named,
        "body": [bool(body.get("required")), _content(body)],
        "answers": answers,
    }


def _content(part: Document) -> dict[str, list[str]]:
    return {media_type: _types(content.get("schema", {})) for media_type, content in part.get("content", {}).items()}


def _fields(schema: Document) -> Contract:
    required = set(schema.get("required", ()))
    return {name: [name in required, _types(field)] for name, field in schema.get("properties", {}).items()}


def _types(schema: Document) -> list[str]:
    """Return of which kinds a value may be, as `["null", "number"]` or `["array of Line"]`."""
    if "$ref" in schema:
        return [schema["$ref"].rpartition("/")[2]]
    if kinds := schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf"):
        return sorted({kind for one in kinds for kind in _types(one)})
    if schema.get("type") == "array":
        return [f"array of {' or '.join(_types(schema.get('items', {}))) or 'anything'}"]
    return [str(schema.get("type", "anything"))]


def broken(before: Contract, after: Contract) -> Iterator[str]:
    """Yield what a client made for `before` would stumble over in `after`."""
    for name, operation in before["operations"].items():
        there = after["operations"].get(name)
        schemas = before["schemas"], after["schemas"]
        yield from _broken_operation(name, operation, there, *schemas) if there else [f"{name} is gone"]
    sent, answered = _used(before, "body"), _used(before, "answers")
    for name in sorted(sent | answered):
        fields, there = before["schemas"].get(name, {}), after["schemas"].get(name)
        if there is None:
            yield f"{name} is gone"
            continue
        yield from _broken_fields(name, fields, there, sent=name in sent, answered=name in answered)


def _broken_operation(name: str, before: Contract, after: Contract, were: Contract, are: Contract) -> Iterator[str]:
    if before["id"] != after["id"]:
        yield f"{name} is called {after['id']}, and was {before['id']}"
    yield from _broken_fields(name, before["parameters"], after["parameters"], sent=True, answered=False)
    if after["body"][0] and not before["body"][0]:
        yield f"{name} needs a body"
    for media_type, kinds in before["body"][1].items():
        if not set(kinds) <= set(after["body"][1].get(media_type, ())):
            yield f"{name} takes {media_type} no more, or otherwise"
    for status, answer in before["answers"].items():
        if status < "300" and status not in after["answers"]:
            yield f"{name} answers {status} no more"
        for media_type, kinds in answer.items() if status in after["answers"] else ():
            now = after["answers"][status].get(media_type)
            if now is None or not all(_stands_for(kind, kinds, were, are) for kind in now):
                yield f"{name} answers {status} {media_type} otherwise: {now}, and was {kinds}"


def _stands_for(kind: str, kinds: Sequence[str], were: Contract, are: Contract) -> bool:
    """Return whether an answer is of one of the kinds that it was, or has all that one of them had."""
    if kind in kinds:
        return True
    had = [were[one] for one in kinds if one in were and kind in are]
    return any(not list(_broken_fields(kind, one, are[kind], sent=False, answered=True)) for one in had)


def _broken_fields(place: str, before: Contract, after: Contract, *, sent: bool, answered: bool) -> Iterator[str]:
    for name, (required, kinds) in before.items():
        if name not in after:
            yield f"{place}: {name} is gone"
            continue
        now_required, now = after[name]
        if sent and now_required and not required:
            yield f"{place}: {name} is required"
        if sent and not set(kinds) <= set(now):
            yield f"{place}: {name} takes {now}, and took {kinds}"
        if answered and not set(now) <= set(kinds) and not _has_more_kinds_of_entries(kinds, now):
            yield f"{place}: {name} may be {now}, and was {kinds}"
        if answered and required and not now_required:
            yield f"{place}: {name} may be left out"
    if sent:
        yield from (f"{place}: {name} is new and required" for name in after.keys() - before.keys() if after[name][0])


def _has_more_kinds_of_entries(before: list[str], now: list[str]) -> bool:
    """Return whether a list whose entries are of several kinds, as a timeline's, may have others besides."""
    [was, *others], [there, *more] = before, now
    several = was.startswith("array of ") and " or " in was
    return several and others == more and set(_named([was])) <= set(_named([there]))


def _used(contract: Contract, where: str) -> set[str]:
    """Return the schemas that requests, or answers, are made of."""
    parts = [operation[where] for operation in contract["operations"].values()]
    found: set[str] = set()
    looked_at = {name for part in parts for name in _named(part)}
    while looked_at:
        found |= looked_at
        fields = [field for name in looked_at for field in contract["schemas"].get(name, {}).values()]
        looked_at = {name for field in fields for name in _named(field)} - found
    return {name for name in found if name in contract["schemas"]}


def _named(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield from part.removeprefix("array of ").split(" or ")
    elif isinstance(part, dict | list):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _named(inner)


def released() -> Contract:
    """Return the contract of the last release."""
    found: Contract = json.loads(RELEASED.read_text("utf-8"))
    return found
