"""One shape for every error: `{"error": {"code", "message", "details", "request_id"}}`.

`code` is one of the eight below and says what kind of answer it is; the precise code is in `details.reason`, what to
do next in `details.hint`, and for input that cannot be used each field and what is wrong with it in `details.fields`.

    401 AUTH_REQUIRED     no token or key, or one that is not valid any more
    403 FORBIDDEN         the caller's role does not allow it
    404 NOT_FOUND         no such thing in the caller's organization (405: no such method there)
    409 CONFLICT          the thing is not in a state that allows it
    422 VALIDATION_ERROR  the input cannot be used (413: it is too large; 408: it came too slowly)
    429 RATE_LIMITED      too many attempts, or too much at once; `Retry-After` says when to come back
    400 DEPENDENCY_ERROR  an ERP that was tested does not answer as it should (503: our own database does not)
    500 INTERNAL_ERROR    our fault; the log has it under the request's id
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from orderflow.domain.errors import (
    ConnectorError,
    EncryptionError,
    InputError,
    NotFoundError,
    ObjectStoreError,
    OrderFlowError,
    StaleVersionError,
    StateError,
)
from orderflow.entrypoints.api.body_limit import BodyTooLargeError, BodyTooSlowError
from orderflow.entrypoints.api.decimals import as_text
from orderflow.entrypoints.api.headers import share_headers
from orderflow.entrypoints.api.languages import language, told
from orderflow.entrypoints.api.methods import is_no_method_of, methods_at
from orderflow.flow.people.sign_in import AuthRequiredError, RateLimitedError
from orderflow.postgres.errors import DatabaseError
from orderflow.storage.work.kept_answers import LOST

log = structlog.get_logger(__name__)
_encode = msgspec.json.Encoder(enc_hook=str, decimal_format="number").encode
_encode_as_text = msgspec.json.Encoder(enc_hook=str, decimal_format="string").encode


NO_OBJECT = "object_wanted"
"""Pydantic's kind of a problem: something else stands where an object is wanted."""

MOST_PROBLEMS = 20
"""Of one body, that an answer tells."""

LONGEST_NAME, LONGEST_MESSAGE = 200, 500
"""Characters of each."""


class ForbiddenError(OrderFlowError):
    """The caller is known, but may not do this."""

    code = "ROLE_NOT_ALLOWED"
    hint = "Ask an administrator of your organization for a role that may."


class UnderWayError(StateError):
    """Another request with the same `Idempotency-Key` has not been answered yet."""

    code = "REQUEST_UNDER_WAY"
    hint = "Send it again in 2 seconds: then it gets the answer of the first one."
    default_message = "A request with this Idempotency-Key is under way."


_KINDS: tuple[tuple[type[OrderFlowError], int, str], ...] = (
    (AuthRequiredError, 401, "AUTH_REQUIRED"),
    (BodyTooSlowError, 408, "VALIDATION_ERROR"),
    (BodyTooLargeError, 413, "VALIDATION_ERROR"),
    (ForbiddenError, 403, "FORBIDDEN"),
    (RateLimitedError, 429, "RATE_LIMITED"),
    (NotFoundError, 404, "NOT_FOUND"),
    (StateError, 409, "CONFLICT"),
    (EncryptionError, 409, "CONFLICT"),
    (InputError, 422, "VALIDATION_ERROR"),
    (ConnectorError, 400, "DEPENDENCY_ERROR"),
    (DatabaseError, 503, "DEPENDENCY_ERROR"),
    (ObjectStoreError, 503, "DEPENDENCY_ERROR"),
)
_BY_STATUS = {401: "AUTH_REQUIRED", 403: "FORBIDDEN", 404: "NOT_FOUND", 405: "NOT_FOUND", 409: "CONFLICT"} | {
    429: "RATE_LIMITED",
    503: "DEPENDENCY_ERROR",
}


Code = Literal[
    "AUTH_REQUIRED",
    "FORBIDDEN",
    "NOT_FOUND",
    "CONFLICT",
    "VALIDATION_ERROR",
    "RATE_LIMITED",
    "DEPENDENCY_ERROR",
    "INTERNAL_ERROR",
]


class ErrorBody(BaseModel):
    """What went wrong."""

    code: Code = Field(description="Which kind it is, see the status", examples=["CONFLICT"])
    message: str = Field(description="One sentence for a person")
    details: dict[str, Any] = Field(description="`reason` (precise code), `hint`, `fields`, and further facts")
    request_id: str = Field(description="Ties the answer to log lines, audit rows and push-log rows")


class ErrorAnswer(BaseModel):
    """The one shape of every error."""

    error: ErrorBody


_EXAMPLES: dict[int, tuple[str, str, dict[str, Any]]] = {
    400: (
        "DEPENDENCY_ERROR",
        "The server's host key is not known.",
        {"reason": "HOST_KEY_UNKNOWN", "hint": "Compare the fingerprint, then accept it.", "fingerprint": "SHA256:…"},
    ),
    401: ("AUTH_REQUIRED", "Sign in first.", {"reason": "NO_CREDENTIALS", "hint": "Send a token or an API key."}),
    403: ("FORBIDDEN", "The role VIEWER may not do this.", {"reason": "ROLE_NOT_ALLOWED", "hint": "Ask an ADMIN."}),
    404: (
        "NOT_FOUND",
        "There is no such order in this organization.",
        {"reason": "NOT_FOUND", "hint": "Check the id."},
    ),
    405: ("NOT_FOUND", "Method Not Allowed", {"reason": "METHOD_NOT_ALLOWED", "hint": "See the header Allow."}),
    409: (
        "CONFLICT",
        "The order is PUSHED already.",
        {"reason": "CONFLICT", "hint": "It is delivered once; see its exports."},
    ),
    408: (
        "VALIDATION_ERROR",
        "The body came too slowly, or not at all.",
        {"reason": "BODY_TOO_SLOW", "hint": "Send it again over a faster connection, or in smaller parts."},
    ),
    413: (
        "VALIDATION_ERROR",
        "The body is larger than the 262,144 bytes that are taken here.",
        {"reason": "BODY_TOO_LARGE", "hint": "Send less at a time."},
    ),
    422: (
        "VALIDATION_ERROR",
        "Some fields cannot be used: lines[0].qty.",
        {
            "reason": "VALIDATION_ERROR",
            "fields": [{"field": "lines[0].qty", "message": "must be greater than 0"}],
        },
    ),
    429: (
        "RATE_LIMITED",
        "Too many imports are under way at once.",
        {"reason": "TOO_MANY_AT_ONCE", "hint": "Wait 2 seconds, then try again.", "work": "IMPORT", "at_once": 4},
    ),
    500: ("INTERNAL_ERROR", "Something went wrong on our side.", {"reason": "INTERNAL_ERROR", "hint": "See the log."}),
    503: (
        "DEPENDENCY_ERROR",
        "The database cannot be reached.",
        {"reason": "DATABASE_UNAVAILABLE"},
    ),
}


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses=` of a route that may answer with these errors, each with an example."""
    return {status: _documented(status) for status in statuses}


def _documented(status: int) -> dict[str, Any]:
    code, message, details = _EXAMPLES[status]
    example = {"error": {"code": code, "message": message, "details": details, "request_id": "0190c0de-0001"}}
    return {"model": ErrorAnswer, "description": code, "content": {"application/json": {"example": example}}}


def error_answer(
    status: int,
    code: str,
    message: str,
    details: dict[str, Any],
    request_id: str,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer for an error."""
    message, details = told(message, details)
    headers = {**(headers or {}), "Content-Language": language.get()} if "english" in details else headers
    body = {"error": {"code": code, "message": message, "details": details, "request_id": request_id}}
    encode = _encode_as_text if as_text.get() else _encode
    return Response(encode(body), status, headers=headers, media_type="application/json")


def internal_error(request_id: str) -> Response:
    """Return the answer for a fault of ours: nothing of it shows."""
    details = {"reason": "INTERNAL_ERROR", "hint": "The log has it under this request_id; nothing was half-written."}
    return error_answer(500, "INTERNAL_ERROR", "Something went wrong on our side.", details, request_id)


def handle_errors(app: FastAPI) -> None:
    """Give every error that a route may raise its answer; what remains is for the outermost middleware."""
    app.add_exception_handler(OrderFlowError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(exc.IntegrityError, _clash)
    app.add_exception_handler(exc.DataError, _unstorable)


def request_id_of(request: Request) -> str:
    """Return the id under which this request's log lines and rows are found."""
    return str(getattr(request.state, "request_id", ""))


async def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, OrderFlowError)
    status, code = next(((status, code) for kind, status, code in _KINDS if isinstance(error, kind)), (500, ""))
    if status == 500:
        raise error
    details = {**error.details, "reason": error.code, "hint": error.hint}
    return error_answer(status, code, error.message, details, request_id_of(request), _headers(error))


def _headers(error: OrderFlowError) -> dict[str, str]:
    if isinstance(error, StaleVersionError):
        return {"ETag": f'"{error.details["version"]}"'}
    if isinstance(error, AuthRequiredError):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, RateLimitedError):
        return {"Retry-After": str(error.retry_after)} | _share(error)
    if isinstance(error, UnderWayError):
        return {"Retry-After": "2"}
    return {"Retry-After": "5"} if isinstance(error, DatabaseError) else {}


def _share(error: RateLimitedError) -> dict[str, str]:
    if "work" not in error.details:
        return {}
    return share_headers(error.details["work"], error.details["at_once"], 0)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if is_no_method_of(request):
        return _no_such_method(request)
    problems = error.errors()
    fields = field_errors(problems)
    names = ", ".join(dict.fromkeys(field["field"] for field in fields))
    details = {"reason": "VALIDATION_ERROR", "hint": InputError.hint, "fields": fields}
    more = f", and {len(problems) - len(fields)} more" if len(problems) > len(fields) else ""
    message = f"Some fields cannot be used: {names}{more}."
    return error_answer(422, "VALIDATION_ERROR", message, details, request_id_of(request))


def field_errors(problems: Sequence[Any]) -> list[dict[str, str]]:
    """Return pydantic's problems as `{"field", "message"}`, without the input: it may hold a secret."""
    return [
        {"field": _field(problem["loc"])[:LONGEST_NAME], "message": _message(problem)[:LONGEST_MESSAGE]}
        for problem in problems[:MOST_PROBLEMS]
    ]


def _message(problem: Any) -> str:
    if problem["loc"] == ("body",) and problem["type"] in {"model_attributes_type", "model_type", NO_OBJECT}:
        return "must be a JSON object, sent with Content-Type: application/json"
    return str(problem["msg"]).removeprefix("Value error, ")


def _field(place: Sequence[Any]) -> str:
    inner = place[1:] if place[0] in {"body", "query", "path", "header"} else place
    parts = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in inner)
    return parts.removeprefix(".") or str(place[0])


async def _plain(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return _no_such_method(request)
    status = 422 if error.status_code == 400 else error.status_code  # 400: a body that FastAPI could not parse at all
    code = _BY_STATUS.get(status, "VALIDATION_ERROR")
    details = {"reason": code, "hint": "See /api/v1/openapi.json for what is there and what it takes."}
    return error_answer(status, code, str(error.detail), details, request_id_of(request), error.headers)


def _no_such_method(request: Request) -> Response:
    allowed = {"Allow": ", ".join(methods_at(request))}
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=allowed)
    details = {"reason": "METHOD_NOT_ALLOWED", "hint": "The header Allow names those that are there."}
    return error_answer(405, "NOT_FOUND", "Method Not Allowed", details, request_id_of(request), allowed)


async def _clash(request: Request, error: Exception) -> Response:
    if _constraint(error) == LOST:
        return await _known(request, UnderWayError())
    log.info("a constraint refused a change", constraint=_constraint(error))
    details = {"reason": "CHANGED_MEANWHILE", "hint": "Look at its present state, then try again."}
    message = "Something else changed at the same moment, or the same thing is there already."
    return error_answer(409, "CONFLICT", message, details, request_id_of(request))


def _constraint(error: Exception) -> str | None:
    diagnosis = getattr(getattr(error, "orig", None), "diag", None)
    return getattr(diagnosis, "constraint_name", None)


async def _unstorable(request: Request, _error: Exception) -> Response:
    details = {"reason": "VALUE_NOT_STORABLE", "hint": "Remove NUL characters, and keep numbers and dates in range."}
    message = "A value cannot be stored: it is out of range, or holds a character that no database keeps."
    return error_answer(422, "VALIDATION_ERROR", message, details, request_id_of(request))
