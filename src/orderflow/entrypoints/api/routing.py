"""Routes that know their caller before they read a body, keep numbers exact, and document their errors."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from decimal import Decimal, InvalidOperation
from inspect import iscoroutinefunction
from typing import Any, TypeVar, get_type_hints
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from orderflow.entrypoints.api.authentication import authorize
from orderflow.entrypoints.api.body_limit import limited
from orderflow.entrypoints.api.deps import Require, app_of
from orderflow.entrypoints.api.errors import answers
from orderflow.entrypoints.api.permissions import Permission, allowed
from orderflow.entrypoints.api.versions import tag

Model = TypeVar("Model", bound=BaseModel)
STREAMS = "x-streams"
"""`openapi_extra={STREAMS: True}` on a route that reads its body piece by piece: the larger limit applies."""


MOST_DIGITS = 4_000
"""Of a whole number."""


class ExactRequest(Request):
    """A request whose JSON numbers do not become floats: 123456789012345.678 stays that."""

    async def json(self) -> Any:
        """Return the parsed body. Raises `json.JSONDecodeError`, whatever keeps it from being JSON (RFC 8259)."""
        try:
            text = (await self.body()).decode("utf-8-sig")
            return json.loads(text, parse_float=Decimal, parse_int=_whole_number, parse_constant=_refuse)
        except UnicodeDecodeError as error:
            raise json.JSONDecodeError("byte that is not UTF-8", "", error.start) from None
        except InvalidOperation:
            raise json.JSONDecodeError("a number is out of any range", "", 0) from None
        except RecursionError:
            raise json.JSONDecodeError("nested too deeply", "", 0) from None


def _refuse(constant: str) -> Any:
    raise json.JSONDecodeError(f"JSON has no {constant}", "", 0)


def _whole_number(digits: str) -> int:
    if len(digits) > MOST_DIGITS:  # Python's own limit is a plain ValueError
        raise json.JSONDecodeError(f"a number has more than {MOST_DIGITS} digits", "", 0)
    return int(digits)


def sends_json(request: Request) -> bool:
    """Tell whether the request says that its body is JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


async def validated_body(request: Request, model: type[Model]) -> Model:
    """Return the body of a route that reads it itself, as FastAPI would.

    Raises:
        RequestValidationError: It is not JSON, or not what `model` takes.
    """
    try:
        value = await request.json() if sends_json(request) else None
        return model.model_validate(value)
    except json.JSONDecodeError as error:
        problem = {"type": "json_invalid", "loc": ("body", error.pos), "ctx": {"error": error.msg}}
        raise RequestValidationError([problem]) from None
    except ValidationError as error:
        raise RequestValidationError([{**e, "loc": ("body", *e["loc"])} for e in error.errors()]) from None


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the `openapi_extra=` of such a route; `model` must be the body of another route too."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


class ApiRoute(APIRoute):
    """Checks the caller's role first; its description and its documented errors follow from the permission."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.permission = permission_of(endpoint)
        guarded = answers(401, 403) if self.permission else {}
        options["responses"] = guarded | answers(413, 422, 500, 503) | (options.get("responses") or {})
        super().__init__(path, endpoint, **options)
        if self.permission:
            self.description += f"\n\nFor {allowed(self.permission)}."
            self.openapi_extra = {"security": [{"bearer": []}, {"apiKey": []}]} | (self.openapi_extra or {})

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the check in front."""
        handle = super().get_route_handler()
        endpoint, permission = self.endpoint, self.permission
        streams = STREAMS in (self.openapi_extra or {})
        takes_little = permission is not None and iscoroutinefunction(endpoint) and _path_is_all_uuids(self.dependant)

        async def checked(request: Request) -> Response:
            if permission:
                request.state.caller = await authorize(request, permission)
            settings = app_of(request).settings
            receive = limited(request, settings.max_import_bytes if streams else settings.max_body_bytes)
            exact = ExactRequest(request.scope, receive)
            if takes_little and (given := _only_ids(self.dependant, exact)) is not None:
                answer: Response = await endpoint(request=exact, caller=request.state.caller, **given)
            else:
                answer = await handle(exact)
            if (version := getattr(request.state, "version", None)) is not None:
                answer.headers["ETag"] = tag(version)
            return answer

        return checked


def _sends_a_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _path_is_all_uuids(dependant: Dependant) -> bool:
    return all(param.field_info.annotation is UUID for param in dependant.path_params)


def _only_ids(dependant: Dependant, request: Request) -> dict[str, UUID] | None:
    """Return the arguments of an endpoint that is given nothing but ids in its path; None if there is more to read.

    FastAPI's own way to them takes a third of the time of a short request, most of it for what was not sent.
    """
    if dependant.query_params or (dependant.body_params and _sends_a_body(request)):
        return None
    if any(param.alias in request.headers for param in dependant.header_params):
        return None
    try:
        return {name: UUID(value) for name, value in request.path_params.items()}
    except ValueError:
        return None


class ApiRouter(APIRouter):
    """A router of such routes; an operation's id is its function's name.

    Args:
        prefix: Path below `/api/v1`, with its slash; empty for none.
        tag: Heading in the documentation.
    """

    def __init__(self, prefix: str, tag: str) -> None:
        super().__init__(
            prefix=prefix,
            tags=[tag],
            route_class=ApiRoute,
            generate_unique_id_function=lambda route: route.name,
        )


def permission_of(endpoint: Callable[..., Any]) -> Permission | None:
    """Return the permission that an endpoint requires of its caller; None if anybody may call it."""
    for hint in get_type_hints(endpoint, include_extras=True).values():
        for extra in getattr(hint, "__metadata__", ()):
            dependency = getattr(extra, "dependency", None)
            if isinstance(dependency, Require):
                return dependency.permission
    return None
