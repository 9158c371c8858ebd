"""Routes that know their caller before they read a body, and document their errors."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import is_dataclass
from functools import partial, wraps
from inspect import iscoroutinefunction
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from orderflow.domain.errors import InputError
from orderflow.entrypoints.api import page_cookie
from orderflow.entrypoints.api.authentication import authorize
from orderflow.entrypoints.api.bodies import ExactRequest
from orderflow.entrypoints.api.body_limit import ANONYMOUS, LARGE, announces_much, limited, usually
from orderflow.entrypoints.api.compression import READ_ALOUD, compressed
from orderflow.entrypoints.api.computing import Computing, metering
from orderflow.entrypoints.api.decimals import note_preference, tell_preference
from orderflow.entrypoints.api.deps import Caller, Require, app_of, client_of
from orderflow.entrypoints.api.errors import LONGEST_NAME, MOST_PROBLEMS, answers
from orderflow.entrypoints.api.headers import add_headers, note_share
from orderflow.entrypoints.api.languages import OURS, language, tell_in
from orderflow.entrypoints.api.once import HEADER, PARAMETER, answered_once, check_one_key, once_of
from orderflow.entrypoints.api.permissions import Permission, allowed
from orderflow.entrypoints.api.schemas import JSON
from orderflow.entrypoints.api.versions import noted
from orderflow.entrypoints.api.work import Work, Workload, work_of
from orderflow.postgres.errors import DatabaseBusyError
from orderflow.settings import Settings

MORE_TIMES = 3
"""A request is tried whose transaction met another one."""

BASE = "/api/v1"
REPEATABLE = tuple(f"{BASE}/{what}" for what in ("draft-orders", "exports", "bulk-jobs"))
"""Where a POST may be sent again with its `Idempotency-Key`. What others are sent and answer may hold secrets, of which
nothing is kept."""

STREAMS = "x-streams"
"""`openapi_extra={STREAMS: True}` on a route that reads its body piece by piece: the larger limit applies."""


class ApiRoute(APIRoute):
    """Checks the caller's role first; its description and its documented errors follow from the permission."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.permission = permission_of(endpoint)
        self.compresses = "GET" in (options.get("methods") or ()) and path.startswith(READ_ALOUD)
        self.once = "POST" in (options.get("methods") or ()) and path.startswith(REPEATABLE)
        endpoint = _encoding_views(endpoint, options.get("status_code") or 200)
        guarded = answers(401, 403) if self.permission else {}
        options["responses"] = guarded | answers(408, 413, 422, 429, 500, 503) | (options.get("responses") or {})
        super().__init__(path, endpoint if iscoroutinefunction(endpoint) else metering(endpoint), **options)
        if self.permission:
            self.description += f"\n\nFor {allowed(self.permission)}."
            self.openapi_extra = {"security": [{"bearer": []}, {"apiKey": []}]} | (self.openapi_extra or {})
        self.once = self.once and not any(param.alias == HEADER for param in self.dependant.header_params)
        self.work = work_of(endpoint)
        self.says_little = _says_little(self)
        headers = {HEADER, "Prefer", "Transfer-Encoding", *(param.alias for param in self.dependant.header_params)}
        self.says_more = frozenset(name.lower().encode() for name in headers)
        if self.once:
            extra = self.openapi_extra or {}
            self.openapi_extra = extra | {"parameters": [*extra.get("parameters", []), PARAMETER]}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with the check in front."""
        handle = super().get_route_handler()
        endpoint, permission = self.endpoint, self.permission
        streams = STREAMS in (self.openapi_extra or {})
        for_partners = (self.openapi_extra or {}).get("security") == []  # an ERP's addresses may say what it likes

        async def checked(request: Request) -> Response:
            if "prefer" in request.headers:
                note_preference(request)
            if permission:
                request.state.caller = await authorize(request, permission)
            if request.scope["query_string"] and not for_partners:
                refuse_unknown(request, self.dependant)
                refuse_repeated(request, self.dependant)
            if HEADER in request.headers:
                check_one_key(request)
            settings = app_of(request).settings
            receive = limited(request, _most(self, settings))
            exact = ExactRequest(request.scope, receive)
            async with AsyncExitStack() as shares:
                if permission:
                    computing: Computing = request.app.state.computing
                    await shares.enter_async_context(computing.turn(request.state.caller.org_id))
                await _take_shares(shares, request, endpoint, streams=streams)
                if not streams and _sends_a_body(request):
                    await exact.read(parse_it=self.body_field is not None)
                takes_part = partial(_once_more_if_busy, partial(handle, exact), times=0 if streams else MORE_TIMES)
                once = once_of(request) if self.once and not streams and HEADER in request.headers else None
                answer = await (answered_once(exact, exact.raw, once, takes_part) if once else takes_part())
                if language.get() != OURS:
                    tell_in(answer, language.get())
                if self.compresses:
                    answer = await compressed(request, answer)
            if "prefer" in request.headers:
                tell_preference(answer)
            return _completed(request, answer)

        return checked

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of this route: one of the many that say little past FastAPI, any other by it."""
        given = _only_ids(scope, self) if self.says_little else None
        if given is None:
            await super().handle(scope, receive, send)
        else:
            answer = await self._answered_shortly(ExactRequest(scope, receive), given)
            await answer(scope, receive, send)

    async def _answered_shortly(self, request: ExactRequest, given: dict[str, UUID]) -> Response:
        """Return the answer to a request that has no parameters but ids, and no body but one that is read as it is.

        All that `get_route_handler` puts before an endpoint is here too, but the way through FastAPI.
        """
        assert self.permission is not None  # as `says_little` says
        assert self.work is not None
        caller = noted(request)["caller"] = await authorize(request, self.permission)
        state = request.app.state
        computing: Computing = state.computing
        share = state.workload.shares[self.work]
        async with computing.turn(caller.org_id), share.taken(caller.org_id):
            note_share(request, self.work.name, share.each, share.left(caller.org_id))
            if _sends_a_body(request):
                request = ExactRequest(request.scope, limited(request, _most(self, app_of(request).settings)))
                await request.read(parse_it=False)
            answer = await _once_more_if_busy(
                partial(self.endpoint, request=request, caller=caller, **given), times=MORE_TIMES
            )
        return _completed(request, answer)


def _encoding_views(endpoint: Callable[..., Any], status: int) -> Callable[..., Any]:
    """Return an endpoint whose view goes out as it is: it was checked when it was read, and is encoded once."""
    if iscoroutinefunction(endpoint) or not is_dataclass(get_type_hints(endpoint).get("return")):
        return endpoint

    @wraps(endpoint)
    def encoded(*arguments: Any, **named: Any) -> Response:
        view = endpoint(*arguments, **named)
        return view if isinstance(view, Response) else JSON(view, status)

    return encoded


async def _once_more_if_busy(step: Callable[[], Awaitable[Response]], times: int) -> Response:
    """Return what a step answers; one whose transaction PostgreSQL ended is taken again, as nothing of it was kept.

    Transactions lock in one order, so that they need not wait for each other in a circle. This is for where one does.
    """
    for tried in range(times):
        try:
            return await step()
        except DatabaseBusyError:
            await asyncio.sleep(random.uniform(0, 0.02 * 2**tried))  # noqa: S311  # so that two do not meet again
    return await step()


def _most(route: ApiRoute, settings: Settings) -> int:
    """Return how many bytes a request of this route may send."""
    extra = route.openapi_extra or {}
    if STREAMS in extra:
        return settings.max_import_bytes
    if route.permission is None:
        return min(ANONYMOUS, settings.max_body_bytes)
    return settings.max_body_bytes if "requestBody" in extra else min(usually(route.endpoint), settings.max_body_bytes)


async def _take_shares(
    shares: AsyncExitStack, request: Request, endpoint: Callable[..., Any], *, streams: bool
) -> None:
    """Take what a request needs of the shares of its organization, or of its address where nobody is signed in."""
    workload: Workload = request.app.state.workload
    caller: Caller | None = getattr(request.state, "caller", None)
    party = caller.org_id if caller else client_of(request)
    if announces_much(request) and not streams:
        await shares.enter_async_context(workload.shares[Work.LARGE_BODY].taken(party))
    work = work_of(endpoint) or (None if iscoroutinefunction(endpoint) else Work.REQUEST)
    if work:
        share = workload.shares[work]
        await shares.enter_async_context(share.taken(party))
        note_share(request, work.name, share.each, share.left(party))


def _completed(request: Request, answer: Response) -> Response:
    """Return an answer with all that belongs to it beside its body."""
    if answer.status_code == 201 and "location" not in answer.headers:  # what has no address of its own is found there
        noted(request).setdefault("location", request.scope["path"])
    add_headers(request, answer)
    if token := noted(request).get("session_token"):
        page_cookie.slide(request, answer, token)
    return answer


def _says_little(route: ApiRoute) -> bool:
    """Return whether many requests of a route have nothing for FastAPI to read: it runs in the event loop."""
    uuids = all(param.field_info.annotation is UUID for param in route.dependant.path_params)
    return uuids and route.permission is not None and route.work is not None and iscoroutinefunction(route.endpoint)


def _only_ids(scope: Scope, route: ApiRoute) -> dict[str, UUID] | None:
    """Return the arguments of an endpoint from the path alone; None if there is more to read.

    FastAPI's own way to them takes a third of the time of a short request, most of it for what was not sent.
    """
    most = 0 if route.dependant.body_params else LARGE
    if scope["method"] != "POST" or scope["query_string"]:
        return None
    for name, value in scope["headers"]:
        if name in route.says_more or (name == b"content-length" and not (value.isdigit() and int(value) <= most)):
            return None
    try:
        return {name: UUID(value) for name, value in scope["path_params"].items()}
    except ValueError:
        return None


def _sends_a_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


class ApiRouter(APIRouter):
    """A router of such routes; an operation's id is its function's name.

    Args:
        prefix: Path below `base`, with its slash; empty for none.
        tag: Heading in the documentation.
    """

    def __init__(self, prefix: str, tag: str, base: str = BASE) -> None:
        super().__init__(
            prefix=f"{base}{prefix}",
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


def refuse_unknown(request: Request, dependant: Dependant) -> None:
    """Raise InputError for query parameters that the route does not take, and name those that it does.

    One that is misspelt would change what is answered.
    """
    if not request.scope["query_string"]:
        return
    known = dict(_taken(dependant))
    unknown = [name for name in dict.fromkeys(request.query_params) if name not in known]
    if not unknown:
        return
    taken = f"there are {', '.join(known)}" if known else "there are none"
    fields = [{"field": name[:LONGEST_NAME], "message": f"is no parameter here; {taken}"} for name in unknown]
    shown = ", ".join(field["field"] for field in fields[:5])
    raise InputError(
        f"Some query parameters are not known here: {shown}.",
        code="UNKNOWN_PARAMETER",
        hint="Correct or leave out what is not known; nothing was done.",
        details={"fields": fields[:MOST_PROBLEMS]},
    )


def refuse_repeated(request: Request, dependant: Dependant) -> None:
    """Raise InputError for query parameters with one value that are given several times.

    FastAPI would take the last of them, and a proxy or a client's author may have meant the first.
    """
    given = [name for name, _ in request.query_params.multi_items()]
    if len(given) == len(request.query_params):
        return
    many = {name for name, annotation in _taken(dependant) if _takes_many(annotation)}
    fields = [
        {"field": name, "message": "is given twice"}
        for name, times in Counter(given).items()
        if times > 1 and name not in many
    ]
    if fields:
        shown = ", ".join(field["field"] for field in fields[:5])
        raise InputError(
            f"Some query parameters are given several times, and have one value: {shown}.",
            code="REPEATED_PARAMETER",
            hint="Give each once; nothing was done.",
            details={"fields": fields[:MOST_PROBLEMS]},
        )


def _takes_many(annotation: Any) -> bool:
    """Return whether a parameter of this type is a list of values."""
    origin = get_origin(annotation) or annotation
    if isinstance(origin, type) and issubclass(origin, list | tuple | set | frozenset | Sequence):
        return not issubclass(origin, str | bytes)
    return any(map(_takes_many, get_args(annotation)))


def _taken(dependant: Dependant) -> Iterator[tuple[str, Any]]:
    """Yield the query parameters that a route takes, itself or by what it depends on, each with its type."""
    yield from ((param.alias, param.field_info.annotation) for param in dependant.query_params)
    for needed in dependant.dependencies:
        yield from _taken(needed)
