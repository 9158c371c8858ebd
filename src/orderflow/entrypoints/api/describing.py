"""The OpenAPI document is made complete: every field says what it is, and every answer has an example."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orderflow.entrypoints.api.glossary import EXAMPLES, WORDS

Schema = dict[str, Any]
_OF_FORMAT = {
    "date": "2025-12-01",
    "date-time": "2025-12-01T09:30:00Z",
    "uuid": "0190c0de-7c1a-7000-8000-000000000001",
    "decimal": "1.5",
}
_DEEPEST = 8
"""Objects within each other in an example; what is deeper is left out where it may be."""


def complete(document: Schema) -> None:
    """Give fields their words, and answers their examples."""
    schemas: dict[str, Schema] = document["components"]["schemas"]
    for name, schema in schemas.items():
        for field, of_field in schema.get("properties", {}).items():
            schema["properties"][field] = _without_titles(_with_words(name, field, of_field))
    for operation in operations(document):
        for answer in operation["responses"].values():
            content = answer.get("content", {}).get("application/json", {})
            if content.get("schema") and not {"example", "examples"} & content.keys():
                content["example"] = Examples(schemas).of(content["schema"])


def operations(document: Schema) -> Iterator[Schema]:
    """Yield every operation of a document."""
    for path in document["paths"].values():
        yield from path.values()


def _with_words(schema: str, field: str, of_field: Schema) -> Schema:
    """Return a field that says what it is: what one of its kinds says of itself, it says as a whole."""
    if "description" in of_field:
        return of_field
    kinds = of_field.get("anyOf", ())
    own = next((kind.pop("description") for kind in kinds if "description" in kind), None)
    words = own or WORDS.get(f"{schema}.{field}") or WORDS.get(field)
    return {**of_field, "description": words} if words else of_field


def for_generators(document: Schema) -> Schema:
    """Return a document from which generators make clients as they are meant.

    A body that may be left out is not null besides, and what is null when it is left out has no default: some would
    send a marker of their own, and others would ask for every field.
    """
    for operation in operations(document):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            match content.get("schema"):
                case {"anyOf": [kind, {"type": "null"}]}:
                    content["schema"] = kind
    plain: Schema = _without_null_defaults(document)
    return plain


def _without_null_defaults(node: Any) -> Any:
    match node:
        case dict():
            said = {name: _without_null_defaults(inner) for name, inner in node.items()}
            return {name: inner for name, inner in said.items() if not (name == "default" and inner is None)}
        case list():
            return [_without_null_defaults(inner) for inner in node]
    return node


def _without_titles(of_field: Any) -> Any:
    """Return a field without labels for forms: generators would name types by them, and several have the same."""
    match of_field:
        case {"properties": dict(inner), **others}:
            fields = {name: _without_titles(one) for name, one in inner.items()}
            return {**_without_titles(others), "properties": fields}
        case dict():
            return {
                name: _without_titles(one) if isinstance(one, dict | list) else one
                for name, one in of_field.items()
                if not (name == "title" and isinstance(one, str))
            }
        case list():
            return [_without_titles(one) for one in of_field]
    return of_field


class Examples:
    """Makes examples of schemas.

    Args:
        schemas: Those that are referred to, by name.
    """

    def __init__(self, schemas: dict[str, Schema]) -> None:
        self._schemas = schemas

    def of(self, schema: Schema, name: str = "", depth: int = 0) -> Any:
        """Return what fits a schema; `name` is that of its field."""
        match schema:
            case {"examples": [first, *_]} | {"example": first} | {"const": first} | {"enum": [first, *_]}:
                return first
            case {"$ref": ref}:
                return self.of(self._schemas[ref.rpartition("/")[2]], name, depth)
            case {"anyOf": kinds} | {"oneOf": kinds}:
                return self._first_of(kinds, name, depth)
            case {"type": "object"}:
                return self._object(schema, depth)
            case {"type": "array", "items": items} if depth < _DEEPEST:
                return [self.of(items, name, depth + 1)]
            case {"type": "array"}:
                return []
        return _plain(schema, name)

    def _first_of(self, kinds: list[Schema], name: str, depth: int) -> Any:
        worth = [kind for kind in kinds if kind.get("type") != "null"]
        return self.of(worth[0], name, depth) if worth and depth < _DEEPEST else None

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        return {name: self.of(field, name, depth + 1) for name, field in schema.get("properties", {}).items()}


def _plain(schema: Schema, name: str) -> Any:
    kind = schema.get("type")
    known = EXAMPLES.get(name)
    if kind == "string":
        return known if isinstance(known, str) else _OF_FORMAT.get(schema.get("format", ""), "…")
    if kind == "integer":
        return known if isinstance(known, int) else int(schema.get("minimum", 0))
    if kind == "number":
        return known if isinstance(known, int | float) else 1.5
    return {"boolean": False, "null": None}.get(str(kind), {})
