"""Which methods an address knows: for `Allow`, `OPTIONS`, and what is asked in a way that there is not (RFC 9110)."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import FastAPI
from starlette.requests import Request
from starlette.routing import Route


def methods_at(request: Request) -> list[str]:
    """Return what may be sent to a request's address; nothing if no route is there."""
    exact = list(_exactly_at(request))
    routes = exact or [route for route in _routes(request) if route.path_regex.match(request.url.path)]
    methods = {method for route in routes for method in route.methods or ()}
    if not methods:
        return []
    return sorted(methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set()))


def is_no_method_of(request: Request) -> bool:
    """Return whether an address that stands as it is among the routes does not know the request's method.

    `GET /draft-orders/import` is no order of the id `import`.
    """
    exact = list(_exactly_at(request))
    return bool(exact) and all(request.method not in (route.methods or ()) for route in exact)


def _exactly_at(request: Request) -> Iterator[Route]:
    return (route for route in _routes(request) if route.path == request.url.path)


def _routes(request: Request) -> Iterator[Route]:
    api: FastAPI = request.app
    return (route for route in api.router.routes if isinstance(route, Route))
