"""The OpenAPI document: what FastAPI cannot know by itself is added here."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI

from orderflow.entrypoints.api.bodies import BODIES
from orderflow.entrypoints.api.permissions import Permission, allowed

_INTRODUCTION = """
Carries approved sales orders into ERPs, once and only once.

Sign in at `/api/v1/auth/login` and send the token as `Authorization: Bearer …`, or make an API key and send that the
same way or as `X-API-Key`. Send `X-Request-ID` to find all that a request caused; every answer carries one.

Every error has the shape `{"error": {"code", "message", "details", "request_id"}}`.

| permission | roles |
|---|---|
"""
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token from /auth/login, or an API key"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def introduction() -> str:
    """Return the document's description, with the table of permissions."""
    return _INTRODUCTION + permission_table()


def permission_table() -> str:
    """Return the rows of the table of permissions, in Markdown."""
    return "\n".join(f"| {permission.value} | {allowed(permission)} |" for permission in Permission)


def _schemas_of_bodies() -> dict[str, Any]:
    """Return the schemas of what routes read by themselves, and of their parts."""
    structs = sorted(BODIES, key=lambda struct: struct.__name__)
    _, schemas = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    return {name: _with_numbers(schema) for name, schema in schemas.items()}


def _with_numbers(schema: Any) -> Any:
    """Return a schema whose decimals are numbers: so they are best sent, though text is taken too."""
    match schema:
        case {"type": "string", "format": "decimal", **others}:
            return {**others, "type": "number"}
        case dict():
            return {name: _with_numbers(inner) for name, inner in schema.items()}
        case list():
            return [_with_numbers(inner) for inner in schema]
    return schema


def describe(api: FastAPI) -> None:
    """Make `api.openapi()` complete."""
    api.description = introduction()
    make = api.openapi

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            document = make()
            document.setdefault("components", {})["securitySchemes"] = _SECURITY
            document["components"]["schemas"] |= _schemas_of_bodies()
            api.openapi_schema = document
        return api.openapi_schema

    api.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI's documentation gives
