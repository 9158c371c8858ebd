"""The OpenAPI document: what FastAPI cannot know by itself is added here."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Annotated, Any, Literal

import msgspec
from fastapi import FastAPI, Query, Response

from orderflow.entrypoints.api.bodies import BODIES
from orderflow.entrypoints.api.decimals import as_numbers_or_text, as_text_only
from orderflow.entrypoints.api.describing import complete, for_generators
from orderflow.entrypoints.api.permissions import Permission, allowed
from orderflow.entrypoints.api.routing import ApiRouter

Decimals = Literal["number", "string"]

_INTRODUCTION = """
Carries approved sales orders into ERPs, once and only once.

Sign in at `/api/v1/auth/login` and send the token as `Authorization: Bearer …`, or make an API key and send that the
same way or as `X-API-Key`. Send `X-Request-ID` to find all that a request caused; every answer carries one.

Every error has the shape `{"error": {"code", "message", "details", "request_id"}}`.

Decimals are exact, as JSON numbers; with `Prefer: decimals=string` they are text, for clients that read numbers as
binary floats. `/api/v1/openapi.json?decimals=string` is this document for such a client. Both are taken in any case.

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
    """Return the schemas of what routes read by themselves, and of their parts; their decimals are text."""
    structs = sorted(BODIES, key=lambda struct: struct.__name__)
    _, schemas = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    return dict(schemas)


class Described:
    """The document of one application, made when it is first asked for.

    Args:
        make: Returns what FastAPI makes of the routes.
        base_path: Below which they are reached.
    """

    def __init__(self, make: Callable[[], dict[str, Any]], base_path: str = "") -> None:
        self._make = make
        self._server = {"url": base_path or "/", "description": "Where this document came from"}
        self._encoded: dict[Decimals, bytes] = {}

    def document(self, decimals: Decimals = "number") -> dict[str, Any]:
        """Return the document, with what FastAPI cannot know, its decimals as they go out and come in."""
        document, bodies = deepcopy(self._make()), _schemas_of_bodies()
        document["servers"] = [self._server]
        document.setdefault("components", {})["securitySchemes"] = _SECURITY
        if decimals == "string":
            document = as_text_only(document)
        else:
            bodies = as_numbers_or_text(bodies)
        document["components"]["schemas"] |= bodies
        complete(document)
        return for_generators(document) if decimals == "string" else document

    def encoded(self, decimals: Decimals) -> bytes:
        """Return the document as JSON."""
        if decimals not in self._encoded:
            self._encoded[decimals] = json.dumps(self.document(decimals), ensure_ascii=False).encode()
        return self._encoded[decimals]


def describe(api: FastAPI, base_path: str = "") -> None:
    """Make `api.openapi()` complete, and serve it; with decimals as text for generators of clients.

    Args:
        base_path: Below which the operations are reached.
    """
    api.description = introduction()
    described = api.state.described = Described(api.openapi, base_path)

    async def get_openapi(
        decimals: Annotated[Decimals, Query(description="How decimals go, as `Prefer: decimals=…` asks")] = "number",
    ) -> Response:
        return Response(described.encoded(decimals), media_type="application/json")

    router = ApiRouter("", "Operation")
    router.get("/openapi.json", response_class=Response, include_in_schema=False)(get_openapi)
    api.router.routes.extend(router.routes)
    api.openapi = described.document  # type: ignore[method-assign]  # the way that FastAPI's documentation gives
